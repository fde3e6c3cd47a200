// What was probably meant, as a tail for an error message.
#pragma once

#include <string>
#include <vector>

namespace plimsoll {

/// `; did you mean "a" or "b"?`, or `otherwise` when there is no candidate.
[[nodiscard]] std::string did_you_mean(const std::vector<std::string>& candidates, std::string otherwise);

/// `text` without white space and underscores, which people put between number and unit or between thousands.
[[nodiscard]] std::string without_gaps(std::string text);

/// `text` with a decimal comma turned into a point, and commas between groups of three digits removed.
[[nodiscard]] std::string without_commas(std::string text);

}  // namespace plimsoll
