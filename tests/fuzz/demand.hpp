// What a fuzzer finds wrong it says by ending the process, as a sanitizer does.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace plimsoll::fuzz {

/// Ends the process with `what` unless it `holds`.
inline void demand(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

inline std::string to_string(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace plimsoll::fuzz
