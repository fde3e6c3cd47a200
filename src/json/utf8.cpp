#include "utf8.hpp"

#include <cstdint>
#include <cstring>

namespace plimsoll::json {
namespace {

// Whether the 64 bytes are ASCII. The constant count is what lets the compiler use vectors at -O2.
bool is_ascii_block(const char* bytes) {
  unsigned char seen = 0;
  for (std::size_t i = 0; i < 64; ++i) seen = static_cast<unsigned char>(seen | static_cast<unsigned char>(bytes[i]));
  return seen < 0x80;
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  // The second byte's range is what shuts out overlong forms, surrogates and what lies beyond Unicode.
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
  }
  return length;
}

std::size_t utf8_valid_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 64 && is_ascii_block(text.data() + at)) {
      at += 64;
      continue;
    }
    // Past the end of this block's worth of characters, then try whole blocks again.
    for (const std::size_t stop = at + 64; at < stop && at < text.size();) {
      const std::size_t length = utf8_length(text.substr(at));
      if (length == 0) return at;
      at += length;
    }
  }
  return at;
}

}  // namespace plimsoll::json
