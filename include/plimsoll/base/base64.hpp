// Base64 (RFC 4648, section 4): the standard alphabet with padding, as JSON carries bytes in Kubernetes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// What Go's encoding/json reads into a []byte.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// The bytes; nothing for what is no base64. Line breaks are no part of it.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace plimsoll
