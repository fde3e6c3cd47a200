#include "plimsoll/json/writer.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "access.hpp"
#include "utf8.hpp"

namespace plimsoll::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes that stand for themselves inside a literal; a table, because every byte written passes here.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x7F; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

// The high bits of those of eight bytes that are not plain. A byte below n, where none has its high bit, borrows it
// from n's difference; zero is below one. What is borrowed from later bytes may mark them too, never earlier ones.
// Source: https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord
std::uint64_t special_bits(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  const std::uint64_t controls = word - 0x20 * kOnes;
  const std::uint64_t quotes = (word ^ '"' * kOnes) - kOnes;
  const std::uint64_t backslashes = (word ^ '\\' * kOnes) - kOnes;
  const std::uint64_t beyond_tilde = word + kOnes;
  return (word | controls | quotes | backslashes | beyond_tilde) & kHigh;
}

std::size_t plain_prefix(std::string_view text) {
  std::size_t length = 0;
  for (; length + 8 <= text.size(); length += 8) {
    const std::uint64_t special = special_bits(text.data() + length);
    if (special == 0) continue;
    if constexpr (std::endian::native != std::endian::little) break;
    return length + static_cast<std::size_t>(std::countr_zero(special)) / 8;
  }
  while (length < text.size() && kPlain[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4U];
      out += kHex[static_cast<unsigned char>(c) & 0xFU];
  }
}

// What stands at the front of `text` and is not plain ASCII; returns how many bytes that was.
std::size_t append_special(std::string& out, std::string_view text) {
  if (static_cast<unsigned char>(text[0]) < 0x80) {
    append_escape(out, text[0]);
    return 1;
  }
  const std::size_t length = utf8_length(text);
  const std::string_view character = text.substr(0, length);
  if (length == 0) {
    out += kReplacement;
    return 1;
  }
  // Line and paragraph separator end a line in what reads JSON as JavaScript, and in logs.
  if (character == "\u2028") {
    out += "\\u2028";
  } else if (character == "\u2029") {
    out += "\\u2029";
  } else {
    out += character;
  }
  return length;
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
  out += '"';
}

// Recursion is bounded by kMaxDepth, which holds for every Document and Tree.
class ViewWriter {
 public:
  enum class Layout { Compact, Pretty };
  ViewWriter(std::string& out, Layout layout) : out_(out), layout_(layout) {}

  void append(View view) {
    switch (view.kind()) {
      case Kind::Missing:
      case Kind::Null:
        out_ += "null";
        return;
      case Kind::Bool:
        out_ += *view.boolean() ? "true" : "false";
        return;
      case Kind::Number:
        append_number(out_, view);
        return;
      case Kind::String:
        append_string(out_, *view.text());
        return;
      case Kind::Array:
        append_array(view);
        return;
      case Kind::Object:
        append_object(view);
        return;
    }
  }

 private:
  void append_array(View view) {
    out_ += '[';
    ++level_;
    bool is_first = true;
    for (const View element : view.elements()) {
      begin_item(is_first);
      is_first = false;
      append(element);
    }
    --level_;
    if (!is_first) break_line();
    out_ += ']';
  }

  void append_object(View view) {
    out_ += '{';
    ++level_;
    bool is_first = true;
    for (const Member member : view.members()) {
      begin_item(is_first);
      is_first = false;
      append_string(out_, member.key);
      out_ += layout_ == Layout::Pretty ? ": " : ":";
      append(member.value);
    }
    --level_;
    if (!is_first) break_line();
    out_ += '}';
  }

  void begin_item(bool is_first) {
    if (!is_first) out_ += ',';
    break_line();
  }

  void break_line() {
    if (layout_ == Layout::Compact) return;
    out_ += '\n';
    out_.append(2 * level_, ' ');
  }

  std::string& out_;
  Layout layout_;
  std::size_t level_ = 0;
};

}  // namespace

std::string write(View view) {
  std::string text;
  if (view.size() > 0) text.reserve(128);
  ViewWriter(text, ViewWriter::Layout::Compact).append(view);
  return text;
}

std::string write_pretty(View view) {
  std::string text;
  ViewWriter(text, ViewWriter::Layout::Pretty).append(view);
  text += '\n';
  return text;
}

std::string to_json_string(std::string_view text) {
  std::string literal;
  literal.reserve(text.size() + text.size() / 4 + 2);
  append_string(literal, text);
  return literal;
}

// No value ends in one of these, so the last byte tells whether a comma is due; no stack is needed.
void Writer::separate() {
  if (text_.empty()) return;
  const char last = text_.back();
  if (last != '{' && last != '[' && last != ':' && last != ',') text_ += ',';
}

Writer& Writer::begin_object() {
  separate();
  text_ += '{';
  return *this;
}

Writer& Writer::end_object() {
  text_ += '}';
  return *this;
}

Writer& Writer::begin_array() {
  separate();
  text_ += '[';
  return *this;
}

Writer& Writer::end_array() {
  text_ += ']';
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_string(text_, name);
  text_ += ':';
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  append_string(text_, text);
  return *this;
}

Writer& Writer::append_integer(std::int64_t number) {
  separate();
  std::array<char, 24> digits{};
  text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  return *this;
}

Writer& Writer::append_truth(bool truth) {
  return raw(truth ? "true" : "false");
}

Writer& Writer::null() {
  return raw("null");
}

Writer& Writer::value(View view) {
  separate();
  ViewWriter(text_, ViewWriter::Layout::Compact).append(view);
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

}  // namespace plimsoll::json
