#include "base64url.hpp"

#include <cstdint>

namespace plimsoll::auth {
namespace {

int to_sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '-') return 62;
  return c == '_' ? 63 : -1;
}

}  // namespace

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  int bits = 0;
  for (const char c : text) {
    const int sextet = to_sextet(c);
    if (sextet < 0) return std::nullopt;
    pending = pending << 6 | static_cast<std::uint32_t>(sextet);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(pending >> bits & 0xFF);
    pending &= (1U << bits) - 1;
  }
  // Six bits left over are a character that means nothing.
  if (bits == 6 || pending != 0) return std::nullopt;
  return bytes;
}

}  // namespace plimsoll::auth
