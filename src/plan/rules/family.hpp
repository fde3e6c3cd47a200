#pragma once

#include <string>
#include <string_view>

namespace plimsoll::plan::rules {

/// The label value for a family: a readable slug of at most 54 characters, and 8 hexadecimal digits that keep families
/// apart whose slugs are alike.
[[nodiscard]] std::string family_label(std::string_view family);

}  // namespace plimsoll::plan::rules
