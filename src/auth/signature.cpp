#include "signature.hpp"

#include <openssl/err.h>
#include <jwt/algorithm.hpp>

#include <exception>

namespace plimsoll::auth {
namespace {

template <class Hasher>
bool verify(std::string_view signed_text, std::string_view signature, const Key& key) {
  const auto view = [](std::string_view text) { return jwt::string_view(text.data(), text.size()); };
  return jwt::PEMSign<Hasher>::verify(view(key.pem), view(signed_text), view(signature)).first;
}

bool verify(std::string_view signed_text, std::string_view signature, Algorithm algorithm, const Key& key) {
  switch (algorithm) {
    case Algorithm::RS256:
      return verify<jwt::algo::RS256>(signed_text, signature, key);
    case Algorithm::RS384:
      return verify<jwt::algo::RS384>(signed_text, signature, key);
    case Algorithm::RS512:
      return verify<jwt::algo::RS512>(signed_text, signature, key);
    case Algorithm::ES256:
      return verify<jwt::algo::ES256>(signed_text, signature, key);
    case Algorithm::ES384:
      return verify<jwt::algo::ES384>(signed_text, signature, key);
    case Algorithm::ES512:
      return verify<jwt::algo::ES512>(signed_text, signature, key);
  }
  return false;
}

}  // namespace

bool is_signed(std::string_view signed_text, std::string_view signature, Algorithm algorithm, const Key& key) {
  bool is_right = false;
  try {
    is_right = verify(signed_text, signature, algorithm, key);
  } catch (const std::exception&) {
    // Out of memory is all that it speaks of. What cannot be checked is not signed.
  }
  // A wrong signature leaves its reasons on this thread's queue, which is the TLS connections' too.
  ERR_clear_error();
  return is_right;
}

}  // namespace plimsoll::auth
