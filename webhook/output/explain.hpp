// A decision in words, for a person at a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/decide/decide.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

/// `path: from → to`, strings without their quotes; what is not there is "nothing".
[[nodiscard]] std::string describe(const decide::AppliedChange& change);

/// What an explanation adds to the decision.
struct Surroundings {
  std::string source;                 ///< the file
  std::vector<std::string> problems;  ///< one line each, with its place
  std::vector<std::string> warnings;
  Style style = Style::Plain;
};

/// `Job research/train`; generateName stands for a name that is yet to be made.
[[nodiscard]] std::string describe(const admission::Review& review);

/// A note on what is decided: the estimate and where each number came from, each change with its reason, warnings,
/// problems, verdict. Ends with a line break.
[[nodiscard]] std::string explain(const admission::Review& review, const decide::Decision& decision,
                                  const Surroundings& surroundings);

}  // namespace plimsoll::webhook
