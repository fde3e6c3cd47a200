// What a policy says twice, or never: conditions that cannot hold, and entries of a first-match list that an earlier
// one takes everything from.
//
// All that is found is surely so; what cannot be told from the policy alone is passed over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/config/policy.hpp"
#include "reader.hpp"

namespace plimsoll::config {

/// Whether the glob `wide` matches all that the glob `narrow` does.
[[nodiscard]] bool covers_glob(std::string_view wide, std::string_view narrow);

/// Whether `wide` holds wherever `narrow` does, whatever the object.
[[nodiscard]] bool covers(const Condition& wide, const Condition& narrow);

/// Refuses each comparison of `condition` that no amount satisfies.
void refuse_impossible(const Value& value, const Condition& condition);

/// Why no node can satisfy both; nothing where one may.
[[nodiscard]] std::optional<std::string> find_contradiction(const NodeRequirement& a, const NodeRequirement& b);

/// One entry of a list of which the first that holds counts.
struct Entry {
  const Condition* when = nullptr;
  std::string name;     ///< as a message calls it
  bool is_sure = true;  ///< false: it may be passed over although its condition holds
};
/// Refuses the items of `list` that are never reached.
void refuse_unreached(const Value& list, const std::vector<Entry>& entries);

/// Refuses the names of overrides that are never used. `names[i]` is what override `i` of `list` matches.
void refuse_unused_names(const Value& list, const std::vector<std::vector<std::string>>& names,
                         const std::vector<std::string>& skipped);

}  // namespace plimsoll::config
