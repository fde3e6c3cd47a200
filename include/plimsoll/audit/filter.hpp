// Which entries of a log are meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/audit/entry.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"

namespace plimsoll::audit {

enum class DryRuns { Included, Excluded, Only };

/// An entry is meant when it has one of each list that is not empty. Words are patterns with `*` and `?`.
struct Filter {
  std::vector<std::string> namespaces = {};
  std::vector<std::string> kinds = {};  ///< these, verdicts, rules and reasons: in upper or lower case
  std::vector<std::string> verdicts = {};
  std::vector<std::string> reasons = {};  ///< of the verdict, or of one of the problems
  std::vector<std::string> rules = {};    ///< of one of the changes
  std::vector<std::string> names = {};    ///< of the object, or what its name is made from
  std::vector<std::string> owners = {};
  std::vector<std::string> users = {};
  std::vector<std::string> callers = {};
  std::vector<std::string> uids = {};
  std::optional<TimePoint> since = {};  ///< not before
  std::optional<TimePoint> until = {};  ///< before
  DryRuns dry_runs = DryRuns::Included;
};

[[nodiscard]] bool matches(const Filter& filter, const Entry& entry);

/// An instant as people name it: RFC 3339, or how long before `now` it was, such as `2h`. Errors: ErrorCode::Invalid.
[[nodiscard]] Result<TimePoint> parse_instant(std::string_view text, TimePoint now);

}  // namespace plimsoll::audit
