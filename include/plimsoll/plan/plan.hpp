// From estimate and policy to changes with reasons.
//
// Each rule is a pure function in its own file under src/plan/rules/; none sees another's output, so their order only
// fixes the order of the explanation. After this step nothing about JSON is known, only Kubernetes' concepts.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/estimate/estimate.hpp"
#include "plimsoll/plan/change.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::plan {

/// Who sent the object.
struct Creator {
  std::string_view user;
  std::span<const std::string_view> groups;
};

struct Plan {
  std::vector<Change> changes;
  /// What a rule could not do or found odd, for the object's author.
  std::vector<std::string> warnings;
};

/// The names of all rules: every Change::rule is one of them.
[[nodiscard]] std::vector<std::string_view> rule_names();

/// Plans all changes for `workload`.
/// Threads: safe.
[[nodiscard]] Plan make_plan(const workload::Workload& workload, const estimate::Estimate& estimate,
                             const config::Settings& settings, const Creator& creator);

/// Plans only the sizes of containers for which `wanted` holds: those that appeared after the object was decided.
[[nodiscard]] Plan make_plan_for_containers(const workload::Workload& workload, const estimate::Estimate& estimate,
                                            const config::Settings& settings, const Creator& creator,
                                            const std::vector<bool>& wanted);

/// Weighs the GPUs that were estimated against those of the policy: what no shape of it holds becomes a problem, and
/// its field absent.
void weigh_gpus(const workload::Workload& workload, const config::Settings& settings, const Creator& creator,
                estimate::Reading& reading);

/// Whether `condition` holds for the object.
[[nodiscard]] bool holds(const config::Condition& condition, const workload::Workload& workload,
                         const estimate::Estimate& estimate, const Creator& creator);

/// For the Pod of a decided Job: raises what LimitRanger put below our requests, which the API server would refuse for
/// ever.
[[nodiscard]] Plan make_limit_repair(const workload::Workload& workload);

}  // namespace plimsoll::plan
