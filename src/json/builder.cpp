// Values in a pool of their own, never changed once they are made; that is what lets others share them.
#include "plimsoll/json/builder.hpp"

#include <rapidjson/document.h>

#include <vector>

#include "access.hpp"
#include "value.hpp"

namespace plimsoll::json {

struct Builder::State {
  // Most patches fit into one allocation.
  static constexpr std::size_t kChunkBytes = 16384;

  rapidjson::CrtAllocator heap;
  Pool pool{kChunkBytes, &heap};

  View keep(const Value& value) { return Access::view(new (pool.Malloc(sizeof(Value))) Value(share(value))); }
  Value make_text(std::string_view content) {
    return {content.data(), static_cast<rapidjson::SizeType>(content.size()), pool};
  }
};

Builder::Builder() : state_(std::make_unique<State>()) {}
Builder::Builder(Builder&&) noexcept = default;
Builder& Builder::operator=(Builder&&) noexcept = default;
Builder::~Builder() = default;

View Builder::text(std::string_view content) {
  return state_->keep(state_->make_text(content));
}

View Builder::boolean(bool truth) {
  return state_->keep(Value(truth));
}

View Builder::integer(std::int64_t number) {
  return state_->keep(Value(number));
}

View Builder::object(std::span<const Member> members) {
  Value object(rapidjson::kObjectType);
  for (const Member& member : members) {
    if (!member.value) continue;
    Value key = state_->make_text(member.key);
    Value value = share(value_of(member.value));
    object.AddMember(key, value, state_->pool);
  }
  return state_->keep(object);
}

View Builder::array(std::span<const View> elements) {
  Value array(rapidjson::kArrayType);
  array.Reserve(static_cast<rapidjson::SizeType>(elements.size()), state_->pool);
  for (const View element : elements) {
    Value value = share(value_of(element));
    array.PushBack(value, state_->pool);
  }
  return state_->keep(array);
}

View Builder::copy(View value) {
  switch (value.kind()) {
    case Kind::String:
      return text(*value.text());
    case Kind::Array: {
      std::vector<View> elements;
      for (const View element : value.elements()) elements.push_back(copy(element));
      return array(elements);
    }
    case Kind::Object: {
      std::vector<Member> members;
      for (const Member& member : value.members()) members.push_back({member.key, copy(member.value)});
      return object(members);
    }
    default:
      return value ? state_->keep(value_of(value)) : View();
  }
}

}  // namespace plimsoll::json
