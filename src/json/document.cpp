// The wall around RapidJSON 1.1: parsing, and reading what was parsed.
//
// RapidJSON's fast path (recursive, in place, no validation of text) is used, and what it lets pass is caught around
// it: nesting by counting in the handler, before the parser recurses; text by one look at the bytes beforehand (NUL,
// which would end the document early; malformed UTF-8; a low surrogate that stands alone); numbers by converting them
// here, because RapidJSON's own conversion is off in the last bits, and may overflow to infinity or overflow an int on
// the way.
#include "plimsoll/json/document.hpp"

#include <rapidjson/document.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "access.hpp"
#include "plimsoll/base/text.hpp"
#include "tokens.hpp"
#include "utf8.hpp"
#include "value.hpp"

namespace plimsoll::json {
namespace {

using Field = Value::Member;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// Builds the tree as RapidJSON's own Document does, but counts levels and reads numbers itself.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  explicit Builder(rapidjson::Document& document) : document_(document) {}

  enum class Refusal { None, TooDeep, NumberOutOfRange };
  [[nodiscard]] Refusal refusal() const { return refusal_; }

  bool Null() { return document_.Null(); }
  bool Bool(bool truth) { return document_.Bool(truth); }
  bool Key(const char* text, rapidjson::SizeType length, bool) { return document_.Key(text, length, false); }
  bool String(const char* text, rapidjson::SizeType length, bool) { return document_.String(text, length, false); }
  bool StartObject() { return is_shallow_enough() && document_.StartObject(); }
  bool StartArray() { return is_shallow_enough() && document_.StartArray(); }
  bool EndObject(rapidjson::SizeType members) {
    --depth_;
    return document_.EndObject(members);
  }
  bool EndArray(rapidjson::SizeType elements) {
    --depth_;
    return document_.EndArray(elements);
  }

  // The grammar was checked by the parser; `text` is the whole number.
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    const char* const end = text + length;
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text, end, whole); read.ec == std::errc() && read.ptr == end) {
      return document_.Int64(whole);
    }
    std::uint64_t large = 0;
    if (const auto read = std::from_chars(text, end, large); read.ec == std::errc() && read.ptr == end) {
      return document_.Uint64(large);
    }
    double number = 0;
    if (std::from_chars(text, end, number).ec != std::errc()) {
      refusal_ = Refusal::NumberOutOfRange;
      return false;
    }
    return document_.Double(number);
  }

 private:
  bool is_shallow_enough() {
    if (++depth_ <= kMaxDepth) return true;
    refusal_ = Refusal::TooDeep;
    return false;
  }

  rapidjson::Document& document_;
  std::size_t depth_ = 0;
  Refusal refusal_ = Refusal::None;
};

std::optional<unsigned> parse_hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (read.ptr != text.data() + 4) return std::nullopt;
  return value;
}

// Where an escaped low surrogate stands without a high one before it; npos when nowhere. RapidJSON misses only this
// half: it refuses a high surrogate without its low one, and every malformed escape.
std::size_t find_lone_low_surrogate(std::string_view bytes) {
  bool is_after_high = false;
  for (std::size_t at = bytes.find('\\'); at != std::string_view::npos; at = bytes.find('\\', at)) {
    const std::string_view escape = bytes.substr(at);
    if (escape.size() < 2 || escape[1] != 'u') {
      at += 2;
      if (at > bytes.size()) break;
      is_after_high = false;
      continue;
    }
    const unsigned unit = parse_hex4(escape.substr(2)).value_or(0);
    if (unit >= 0xDC00 && unit <= 0xDFFF && !is_after_high) return at;
    is_after_high = unit >= 0xD800 && unit <= 0xDBFF && escape.substr(6, 2) == "\\u";
    at += std::min<std::size_t>(escape.size(), 6);
  }
  return std::string_view::npos;
}

std::string_view to_text(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
      return "there is no value";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something follows the value";
    case rapidjson::kParseErrorValueInvalid:
      return "no value can begin here";
    case rapidjson::kParseErrorObjectMissName:
      return "a member's name in double quotes is missing";
    case rapidjson::kParseErrorObjectMissColon:
      return "a colon is missing after a member's name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "a comma or } is missing after a member";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "a comma or ] is missing after an element";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
      return "\\u needs four hexadecimal digits";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "half of a surrogate pair";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "an unknown escape, or a control character that should be escaped";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string is not closed";
    case rapidjson::kParseErrorNumberTooBig:
      return "a number is too large";
    case rapidjson::kParseErrorNumberMissFraction:
      return "a digit is missing after the decimal point";
    case rapidjson::kParseErrorNumberMissExponent:
      return "a digit is missing in the exponent";
    default:
      return "malformed";
  }
}

Unexpected<Error> refuse(std::string_view bytes, std::size_t offset, std::string_view why) {
  constexpr std::size_t kShown = 16;
  offset = std::min(offset, bytes.size());
  std::string message = "not JSON: ";
  message += why;
  message += offset == bytes.size() ? ", at the end" : ", at " + quoted(bytes.substr(offset), kShown);
  return fail(ErrorCode::Invalid, std::move(message), "byte " + std::to_string(offset));
}

}  // namespace

// The address of the bytes and of the root must not change when a Document moves.
struct Document::State {
  explicit State(std::string text) : bytes(std::move(text)), pool(pool_chunk(bytes.size()), &heap) {}

  // A tree is about as large as its text. Small reviews are served by one allocation, large ones by few.
  static std::size_t pool_chunk(std::size_t size) { return std::clamp<std::size_t>(size * 2, 256, 262'144); }

  std::string bytes;
  rapidjson::CrtAllocator heap;  // stateless; RapidJSON would allocate one
  rapidjson::MemoryPoolAllocator<> pool;
  Value root;
};

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string bytes) {
  // RapidJSON counts in 32 bits.
  if (bytes.size() > std::numeric_limits<rapidjson::SizeType>::max()) {
    return fail(ErrorCode::TooLarge, "JSON of more than 4 GiB");
  }
  if (const std::size_t nul = bytes.find('\0'); nul != std::string::npos) return refuse(bytes, nul, "a NUL byte");
  if (const std::size_t valid = utf8_valid_prefix(bytes); valid != bytes.size()) {
    return refuse(bytes, valid, "malformed UTF-8");
  }
  if (const std::size_t lone = find_lone_low_surrogate(bytes); lone != std::string_view::npos) {
    return refuse(bytes, lone, "half of a surrogate pair");
  }

  auto state = std::make_unique<State>(std::move(bytes));
  // It grows; most texts beside the request's own are a few words.
  const std::size_t stack_bytes = std::clamp<std::size_t>(state->bytes.size() * 2, 256, 4096);
  rapidjson::Document document(&state->pool, stack_bytes, &state->heap);
  Builder builder(document);
  rapidjson::ParseResult outcome;
  auto generate = [&](rapidjson::Document&) {
    rapidjson::InsituStringStream stream(state->bytes.data());
    rapidjson::Reader reader;
    outcome = reader.Parse<rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag>(stream, builder);
    return !outcome.IsError();
  };
  document.Populate(generate);

  if (outcome.IsError()) {
    switch (builder.refusal()) {
      case Builder::Refusal::TooDeep:
        return fail(ErrorCode::TooLarge, "JSON nested deeper than " + std::to_string(kMaxDepth) + " levels",
                    "byte " + std::to_string(outcome.Offset()));
      case Builder::Refusal::NumberOutOfRange:
        return refuse(state->bytes, outcome.Offset(), "a number is out of a double's range");
      case Builder::Refusal::None:
        return refuse(state->bytes, outcome.Offset(), to_text(outcome.Code()));
    }
  }
  state->root = static_cast<Value&&>(document);
  return Document(std::move(state));
}

View Document::root() const& {
  return state_ ? Access::view(&state_->root) : View();
}

Kind View::kind() const {
  if (node_ == nullptr) return Kind::Missing;
  switch (value_of(*this).GetType()) {
    case rapidjson::kNullType:
      return Kind::Null;
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return Kind::Bool;
    case rapidjson::kObjectType:
      return Kind::Object;
    case rapidjson::kArrayType:
      return Kind::Array;
    case rapidjson::kStringType:
      return Kind::String;
    case rapidjson::kNumberType:
      return Kind::Number;
  }
  return Kind::Missing;
}

View View::operator[](std::string_view key) const {
  if (!is_object()) return {};
  const Value& object = value_of(*this);
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    if (text_of(member->name) == key) return View(&member->value);
  }
  return {};
}

View View::operator[](std::size_t index) const {
  if (index >= size() || !is_array()) return {};
  return View(&value_of(*this)[static_cast<rapidjson::SizeType>(index)]);
}

View View::at(const Pointer& pointer) const {
  View here = *this;
  for (TokenReader reader(pointer.text()); here && !reader.is_at_end();) {
    const std::string_view token = reader.next();
    if (here.is_array()) {
      const std::optional<std::size_t> index = parse_index(token);
      here = index ? here[*index] : View();
    } else {
      here = here[token];
    }
  }
  return here;
}

std::size_t View::size() const {
  if (is_object()) return value_of(*this).MemberCount();
  if (is_array()) return value_of(*this).Size();
  return 0;
}

std::optional<std::string_view> View::text() const {
  if (node_ == nullptr || !value_of(*this).IsString()) return std::nullopt;
  return text_of(value_of(*this));
}

std::optional<std::int64_t> View::integer() const {
  if (node_ == nullptr || !value_of(*this).IsInt64()) return std::nullopt;
  return value_of(*this).GetInt64();
}

std::optional<double> View::number() const {
  if (node_ == nullptr || !value_of(*this).IsNumber()) return std::nullopt;
  return value_of(*this).GetDouble();
}

std::optional<bool> View::boolean() const {
  if (node_ == nullptr || !value_of(*this).IsBool()) return std::nullopt;
  return value_of(*this).GetBool();
}

View::Range<View::MemberIterator> View::members() const {
  if (!is_object() || size() == 0) return {MemberIterator(nullptr), MemberIterator(nullptr)};
  const Field* const first = &*value_of(*this).MemberBegin();
  return {MemberIterator(first), MemberIterator(first + size())};
}

View::Range<View::ElementIterator> View::elements() const {
  if (!is_array() || size() == 0) return {ElementIterator(nullptr), ElementIterator(nullptr)};
  const Value* const first = value_of(*this).Begin();
  return {ElementIterator(first), ElementIterator(first + size())};
}

Member View::MemberIterator::operator*() const {
  const Field& field = *static_cast<const Field*>(at_);
  return {text_of(field.name), View(&field.value)};
}

View::MemberIterator& View::MemberIterator::operator++() {
  at_ = static_cast<const Field*>(at_) + 1;
  return *this;
}

View View::ElementIterator::operator*() const {
  return View(at_);
}

View::ElementIterator& View::ElementIterator::operator++() {
  at_ = static_cast<const Value*>(at_) + 1;
  return *this;
}

namespace {

bool are_same_number(const Value& a, const Value& b) {
  if (a.IsInt64() && b.IsInt64()) return a.GetInt64() == b.GetInt64();
  if (a.IsUint64() && b.IsUint64()) return a.GetUint64() == b.GetUint64();
  if (!a.IsDouble() && !b.IsDouble()) return false;
  // A long double holds every 64-bit integer and every double exactly.
  const auto exact = [](const Value& value) {
    if (value.IsDouble()) return static_cast<long double>(value.GetDouble());
    if (value.IsInt64()) return static_cast<long double>(value.GetInt64());
    return static_cast<long double>(value.GetUint64());
  };
  const long double left = exact(a);
  const long double right = exact(b);
  return left <= right && left >= right;
}

// Sorted, so that a hostile object costs n log n and not n².
bool are_same_unordered(View::Range<View::MemberIterator> a, View::Range<View::MemberIterator> b) {
  std::vector<Member> left(a.begin(), a.end());
  std::vector<Member> right(b.begin(), b.end());
  const auto by_key = [](const Member& x, const Member& y) { return x.key < y.key; };
  std::stable_sort(left.begin(), left.end(), by_key);
  std::stable_sort(right.begin(), right.end(), by_key);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Member& x, const Member& y) { return x.key == y.key && x.value == y.value; });
}

// Requires: as many members in `b` as in `a`.
bool are_same_members(View::Range<View::MemberIterator> a, View::Range<View::MemberIterator> b) {
  while (a.first != a.last) {
    const Member left = *a.first;
    const Member right = *b.first;
    if (left.key != right.key) return are_same_unordered(a, b);
    if (!(left.value == right.value)) return false;
    ++a.first;
    ++b.first;
  }
  return true;
}

}  // namespace

bool operator==(View a, View b) {
  if (a.kind() != b.kind() || a.size() != b.size()) return false;
  switch (a.kind()) {
    case Kind::Missing:
    case Kind::Null:
      return true;
    case Kind::Bool:
      return a.boolean() == b.boolean();
    case Kind::Number:
      return are_same_number(value_of(a), value_of(b));
    case Kind::String:
      return a.text() == b.text();
    case Kind::Array:
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!(a[i] == b[i])) return false;
      }
      return true;
    case Kind::Object:
      return are_same_members(a.members(), b.members());
  }
  return false;
}

void append_number(std::string& text, View view) {
  const Value& value = value_of(view);
  char buffer[32];
  char* const end = std::end(buffer);
  if (value.IsInt64()) {
    text.append(buffer, std::to_chars(buffer, end, value.GetInt64()).ptr);
  } else if (value.IsUint64()) {
    text.append(buffer, std::to_chars(buffer, end, value.GetUint64()).ptr);
  } else {
    const std::string_view shortest(buffer, std::to_chars(buffer, end, value.GetDouble()).ptr);
    text += shortest;
    // Else it would read back as an integer.
    if (shortest.find_first_of(".e") == std::string_view::npos) text += ".0";
  }
}

}  // namespace plimsoll::json
