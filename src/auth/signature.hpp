// The signature of a token, and nothing else of it: the only use that is made of cpp-jwt.
//
// cpp-jwt 1.4 would take a token without `exp`, throws at an `aud` that is a list and at headers of unusual types, and
// reads the clock; so header and claims are read elsewhere.
#pragma once

#include <string_view>

#include "plimsoll/auth/keys.hpp"

namespace plimsoll::auth {

/// Whether `signature` is that of `signed_text` by `key`.
/// Requires: `signature` is base64url; the key fits the algorithm.
[[nodiscard]] bool is_signed(std::string_view signed_text, std::string_view signature, Algorithm algorithm,
                             const Key& key);

}  // namespace plimsoll::auth
