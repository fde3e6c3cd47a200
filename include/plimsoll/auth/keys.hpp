// The public keys with which the signatures of tokens are checked.
//
// Keys are a value, made of a file's bytes in one step, so that a changed file replaces all of them or none. A key that
// cannot be used here is left out with a note, because an issuer's JWKS file is not written for us alone; a file of
// which nothing is left is an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"

namespace plimsoll::auth {

/// The signatures that count: RSA PKCS #1 and ECDSA, each with SHA-2. Nothing symmetric, and not "none".
/// Source: RFC 7518, section 3.1
enum class Algorithm { RS256, RS384, RS512, ES256, ES384, ES512 };

/// The algorithm of this name, spelt exactly so.
[[nodiscard]] std::optional<Algorithm> parse_algorithm(std::string_view name);

/// A public key that may have signed a token.
struct Key {
  enum class Type { Rsa, P256, P384, P521 };

  std::string id;  ///< `kid`; empty: for tokens of any
  Type type = Type::Rsa;
  std::optional<Algorithm> algorithm;  ///< the only one it is for, where its `alg` says so
  std::string pem;                     ///< as SubjectPublicKeyInfo

  /// Whether a signature of this algorithm can be its.
  [[nodiscard]] bool fits(Algorithm used) const;

  bool operator==(const Key&) const = default;
};

struct Keys {
  std::vector<Key> keys;
  std::vector<std::string> notes;  ///< which ones were left out, and why

  bool operator==(const Keys&) const = default;
};

/// Reads a JWKS document (RFC 7517), or PEM: public keys and certificates, of which only the key counts. `name` is what
/// errors call the text.
///
/// Errors: neither of the two, more than 64 keys, or none that can be used, with all reasons.
[[nodiscard]] Result<Keys> parse_keys(std::string text, std::string_view name);

}  // namespace plimsoll::auth
