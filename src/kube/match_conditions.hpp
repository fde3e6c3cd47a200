// CEL: which objects the API server sends.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/config/policy.hpp"

namespace plimsoll::kube {

/// All must hold for an object to be sent.
struct MatchCondition {
  std::string name;
  std::string expression;
};

enum class Kind { Job, Pod };

[[nodiscard]] std::vector<MatchCondition> make_match_conditions(const config::Policy& policy, Kind kind);

/// The names of all conditions that make_match_conditions() may give, and so ours.
inline constexpr std::array<std::string_view, 4> kConditionNames{"has-estimate", "is-no-mirror-pod", "has-no-node-yet",
                                                                 "is-not-decided-at-its-job"};

/// `text` as a CEL string literal, whatever is in it.
[[nodiscard]] std::string to_cel_string(std::string_view text);

}  // namespace plimsoll::kube
