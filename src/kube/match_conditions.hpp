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

/// What a webhook is for.
enum class Kind {
  Job,
  Object,  ///< any other kind whose pod templates are decided at the object
  Pod,
  Validated,  ///< the kinds that are looked at when they are submitted
};

/// Whether objects of `rule` are sent to the webhook for `kind`.
[[nodiscard]] bool is_sent(const config::KindRule& rule, Kind kind);

[[nodiscard]] std::vector<MatchCondition> make_match_conditions(const config::Policy& policy, Kind kind);

/// The names of all conditions that make_match_conditions() may give, and so ours.
inline constexpr std::array<std::string_view, 5> kConditionNames{"has-estimate", "is-no-mirror-pod", "has-no-node-yet",
                                                                 "is-not-decided-at-its-job", "has-no-controller"};

/// `text` as a CEL string literal, whatever is in it.
[[nodiscard]] std::string to_cel_string(std::string_view text);

}  // namespace plimsoll::kube
