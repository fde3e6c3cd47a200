// A copy that can be changed, under the rules of gopkg.in/evanphx/json-patch.v4 v4.13.0.
//
// Where that library departs from RFC 6902 it is followed, since it decides what happens to our patches: `replace` of a
// missing member adds it, indexes may be negative (-1 is the last element, for `add` the end), have a sign and leading
// zeros.
//
// Source: https://github.com/evanphx/json-patch/blob/v4.13.0/patch.go
#include "plimsoll/json/tree.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "access.hpp"
#include "plimsoll/base/text.hpp"
#include "tokens.hpp"
#include "value.hpp"

namespace plimsoll::json {
namespace {

constexpr std::size_t kPathShown = 256;

std::string_view describe(const Value& value) {
  switch (value.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return "a boolean";
    case rapidjson::kObjectType:
      return "an object";
    case rapidjson::kArrayType:
      return "an array";
    case rapidjson::kStringType:
      return "a string";
    case rapidjson::kNumberType:
      return "a number";
  }
  return "nothing";
}

bool is_container(const Value& value) {
  return value.IsObject() || value.IsArray();
}

// Identifies the list of children of `container`, wherever the container itself is moved; null when it has none.
const void* children_of(const Value& container) {
  if (container.IsObject()) return container.MemberCount() > 0 ? &*container.MemberBegin() : nullptr;
  return container.Begin();
}

// Gives `container` its own list of children, which it shared; theirs are shared now.
void unshare(Value& container, Pool& pool) {
  Value own(container.GetType());
  if (container.IsObject()) {
    for (auto member = container.MemberBegin(); member != container.MemberEnd(); ++member) {
      own.AddMember(share(member->name), share(member->value), pool);
    }
  } else {
    own.Reserve(container.Size() + 1, pool);
    for (const Value& element : container.GetArray()) own.PushBack(share(element), pool);
  }
  container = own;
}

// Where among the members of `object` the one called `key` stands.
std::optional<rapidjson::SizeType> find_member(const Value& object, std::string_view key) {
  const auto first = object.MemberBegin();
  for (rapidjson::SizeType i = 0; i < object.MemberCount(); ++i) {
    if (std::string_view(first[i].name.GetString(), first[i].name.GetStringLength()) == key) return i;
  }
  return std::nullopt;
}

// What strconv.Atoi makes of `token`.
std::optional<std::int64_t> parse_signed_index(std::string_view token) {
  if (!token.empty() && token[0] == '+') {
    token.remove_prefix(1);
    if (!token.empty() && token[0] == '-') return std::nullopt;
  }
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (failure != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return number;
}

// The place that `token` names among `count` of them, counted from the end when negative.
std::optional<rapidjson::SizeType> to_place(std::string_view token, rapidjson::SizeType count) {
  const std::optional<std::int64_t> number = parse_signed_index(token);
  const auto places = static_cast<std::int64_t>(count);
  if (!number || *number >= places || *number < -places) return std::nullopt;
  return static_cast<rapidjson::SizeType>(*number < 0 ? *number + places : *number);
}

// Whether `value` nests at most `levels` deep.
bool fits(const Value& value, std::size_t levels) {
  if (!is_container(value)) return true;
  if (levels == 0) return false;
  if (value.IsArray()) {
    return std::all_of(value.Begin(), value.End(), [&](const Value& element) { return fits(element, levels - 1); });
  }
  return std::all_of(value.MemberBegin(), value.MemberEnd(),
                     [&](const Value::Member& member) { return fits(member.value, levels - 1); });
}

Unexpected<Error> refuse(const Pointer& at, std::string message) {
  return fail(ErrorCode::Invalid, std::move(message), at.text());
}

Unexpected<Error> refuse_index(const Pointer& at, std::string_view token, const Value& array) {
  if (!parse_signed_index(token)) return refuse(at, quoted(token) + " is no array index");
  return refuse(at, "index " + std::string(token) + " is outside an array of " + std::to_string(array.Size()));
}

// `view` as a value of a tree, below `depth` containers.
Result<Value> take(const Pointer& at, std::size_t depth, View view) {
  if (!view) return Value();
  if (!fits(value_of(view), kMaxDepth - std::min(depth, kMaxDepth))) {
    return fail(ErrorCode::TooLarge, "JSON nested deeper than " + std::to_string(kMaxDepth) + " levels", at.text());
  }
  return share(value_of(view));
}

// The container that holds, or would hold, the value at a pointer.
struct Place {
  Value* parent;
  std::string token;
  std::size_t depth;  // containers above and including the parent
};

}  // namespace

struct Tree::State {
  // Larger than what most patches touch, so that one allocation holds it.
  static constexpr std::size_t kChunkBytes = 16384;

  rapidjson::CrtAllocator heap;
  Pool pool{kChunkBytes, &heap};
  Value root;
  // Lists of children that are no longer the source's.
  std::vector<const void*> unshared;

  Result<Place> find_place(const Pointer& at);

  bool is_own(const Value& container) const {
    return std::find(unshared.rbegin(), unshared.rend(), children_of(container)) != unshared.rend();
  }
  void own(const Value& container) {
    if (!is_own(container)) unshared.push_back(children_of(container));
  }

  void set_member(Value& object, std::string_view key, Value& value) {
    if (const auto member = find_member(object, key)) {
      object.MemberBegin()[*member].value = value;
      return;
    }
    Value name(key.data(), static_cast<rapidjson::SizeType>(key.size()), pool);
    object.AddMember(name, value, pool);
    own(object);
  }

  void insert(Value& array, rapidjson::SizeType index, Value& value) {
    array.PushBack(value, pool);
    own(array);
    for (rapidjson::SizeType i = array.Size() - 1; i > index; --i) array[i].Swap(array[i - 1]);
  }
};

// The containers on the way are unshared, so that the source stays as it is.
Result<Place> Tree::State::find_place(const Pointer& at) {
  TokenReader reader(at.text());
  if (reader.is_at_end()) return refuse(at, "the whole document can only be replaced");
  Value* parent = &root;
  std::size_t walked = 0;
  for (std::size_t depth = 1;; ++depth) {
    if (!is_container(*parent)) {
      return refuse(at, quoted(std::string_view(at.text()).substr(0, walked), kPathShown) + " is " +
                            std::string(describe(*parent)) + " and has no members");
    }
    if (!is_own(*parent)) {
      unshare(*parent, pool);
      own(*parent);
    }
    const std::string_view token = reader.next();
    if (reader.is_at_end()) return Place{parent, std::string(token), depth};

    walked = at.text().size() - reader.left();
    Value* child = nullptr;
    if (parent->IsObject()) {
      if (const auto member = find_member(*parent, token)) child = &parent->MemberBegin()[*member].value;
    } else if (const auto index = to_place(token, parent->Size())) {
      child = &(*parent)[*index];
    }
    if (child == nullptr) {
      return refuse(at, quoted(std::string_view(at.text()).substr(0, walked), kPathShown) + " does not exist");
    }
    parent = child;
  }
}

Tree::Tree(View source) : state_(std::make_unique<State>()) {
  if (source) state_->root = share(value_of(source));
}
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

View Tree::root() const& {
  return state_ ? Access::view(&state_->root) : View();
}

Result<void> Tree::add(const Pointer& at, View value) {
  PLIMSOLL_TRY(place, state_->find_place(at));
  PLIMSOLL_TRY(added, take(at, place.depth, value));
  Value& parent = *place.parent;
  if (parent.IsObject()) {
    state_->set_member(parent, place.token, added);
    return {};
  }
  const auto index = place.token == "-" ? parent.Size() : to_place(place.token, parent.Size() + 1);
  if (!index) return refuse_index(at, place.token, parent);
  state_->insert(parent, *index, added);
  return {};
}

Result<void> Tree::remove(const Pointer& at) {
  PLIMSOLL_TRY(place, state_->find_place(at));
  Value& parent = *place.parent;
  if (parent.IsObject()) {
    const auto member = find_member(parent, place.token);
    if (!member) return refuse(at, "there is no member " + quoted(place.token) + " to remove");
    parent.EraseMember(parent.MemberBegin() + *member);
    return {};
  }
  const auto index = to_place(place.token, parent.Size());
  if (!index) return refuse_index(at, place.token, parent);
  parent.Erase(parent.Begin() + *index);
  return {};
}

Result<void> Tree::replace(const Pointer& at, View value) {
  if (at.text().empty()) {
    if (!value.is_object() && !value.is_array()) {
      return refuse(at, "the whole document can only be replaced by an object or an array");
    }
    state_->root = share(value_of(value));
    return {};
  }
  PLIMSOLL_TRY(place, state_->find_place(at));
  // Only of an array's elements does it ask more than `add`: that there is one.
  if (place.parent->IsObject()) return add(at, value);
  PLIMSOLL_TRY(added, take(at, place.depth, value));
  const auto index = to_place(place.token, place.parent->Size());
  if (!index) return refuse_index(at, place.token, *place.parent);
  (*place.parent)[*index] = added;
  return {};
}

}  // namespace plimsoll::json
