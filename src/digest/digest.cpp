#include "plimsoll/digest/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>

#include "plimsoll/base/contract.hpp"

namespace plimsoll::digest {
namespace {

// Fetched once: since OpenSSL 3, EVP_sha256() looks its implementation up again, under a lock, in every call. Never
// freed, so that no order of destruction at exit can matter.
const EVP_MD* implementation() {
  static const EVP_MD* const kFetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PLIMSOLL_ASSERT(kFetched != nullptr);
  return kFetched;
}

std::string hexadecimal(const std::uint8_t* bytes, std::size_t count) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0xFU];
  }
  return text;
}

std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
  std::array<std::uint8_t, 32> hash{};
  // Fails only when memory runs out.
  const int hashed = EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, implementation(), nullptr);
  PLIMSOLL_ASSERT(hashed == 1);
  return hash;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  const auto hash = sha256(bytes);
  return hexadecimal(hash.data(), hash.size());
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  std::array<std::uint8_t, 32> hash{};
  PLIMSOLL_ASSERT(key.size() <= std::size_t{1} << 20);  // OpenSSL counts a key in an int
  const std::uint8_t* made =
      HMAC(implementation(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data(), nullptr);
  PLIMSOLL_ASSERT(made != nullptr);
  return hexadecimal(hash.data(), hash.size());
}

std::string short_hash(std::string_view bytes) {
  const auto hash = sha256(bytes);
  return hexadecimal(hash.data(), 4);
}

}  // namespace plimsoll::digest
