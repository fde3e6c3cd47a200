// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll::json {

/// Bytes of the well-formed character that `text` begins with; 0 when there is none.
[[nodiscard]] std::size_t utf8_length(std::string_view text);

/// Where the first byte that is not part of well-formed UTF-8 stands; text.size() when all is well.
[[nodiscard]] std::size_t utf8_valid_prefix(std::string_view text);

}  // namespace plimsoll::json
