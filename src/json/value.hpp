// RapidJSON's values, as the files of this module share them.
#pragma once

#include <rapidjson/document.h>

#include <cstring>

#include "access.hpp"

namespace plimsoll::json {

using Value = rapidjson::Value;
using Pool = rapidjson::MemoryPoolAllocator<>;

inline const Value& value_of(View view) {
  return *static_cast<const Value*>(Access::node(view));
}

/// The same value with the same children, which must not be changed through it. RapidJSON, too, moves values by their
/// bytes, and frees nothing but the whole pool.
inline Value share(const Value& value) {
  Value shared;
  std::memcpy(static_cast<void*>(&shared), static_cast<const void*>(&value), sizeof(Value));
  return shared;
}

}  // namespace plimsoll::json
