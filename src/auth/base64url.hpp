// Base64 as tokens and JWKS files have it: the URL alphabet without padding (RFC 7515, appendix C).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::auth {

/// Nothing for padding, white space, any other character, an impossible length, or unused bits that are set: each byte
/// sequence has one encoding, so that a token cannot be varied without breaking it.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace plimsoll::auth
