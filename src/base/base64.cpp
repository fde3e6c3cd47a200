#include "plimsoll/base/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace plimsoll {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The characters of each twelve bits: every patch passes here, and two at a time is twice as fast.
constexpr auto kPairs = [] {
  std::array<char, 2 * 4096> pairs{};
  for (std::size_t bits = 0; bits < 4096; ++bits) {
    pairs[2 * bits] = kAlphabet[bits >> 6U];
    pairs[2 * bits + 1] = kAlphabet[bits & 0x3FU];
  }
  return pairs;
}();

}  // namespace

std::string encode_base64(std::string_view bytes) {
  const char* const pairs = kPairs.data();
  const char* const in = bytes.data();
  const auto byte = [in](std::size_t i) -> std::uint32_t { return static_cast<unsigned char>(in[i]); };
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  char* out = text.data();
  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3, out += 4) {
    const std::uint32_t group = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
    std::memcpy(out, pairs + std::size_t{2} * (group >> 12U), 2);
    std::memcpy(out + 2, pairs + std::size_t{2} * (group & 0xFFFU), 2);
  }
  if (at == bytes.size()) return text;
  // One or two bytes are left; the padding stands there already.
  const bool two = at + 2 == bytes.size();
  const std::uint32_t group = byte(at) << 16U | (two ? byte(at + 1) << 8U : 0U);
  out[0] = kAlphabet[group >> 18U];
  out[1] = kAlphabet[(group >> 12U) & 0x3FU];
  if (two) out[2] = kAlphabet[(group >> 6U) & 0x3FU];
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t sextet = kAlphabet.find(c);
    if (sextet == std::string_view::npos) return std::nullopt;
    buffer = buffer << 6U | static_cast<std::uint32_t>(sextet);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(buffer >> static_cast<unsigned>(bits) & 0xFFU);
  }
  return bytes;
}

}  // namespace plimsoll
