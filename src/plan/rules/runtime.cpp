// The pod's deadline: a job that runs far beyond its estimate is stuck, and a bound band is paid for with one.
//
// Only activeDeadlineSeconds of the pod, whose clock starts on the node; never where pods are restarted for ever.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "../rule.hpp"

namespace plimsoll::plan::rules {

void runtime(const Input& input, Outcome& out) {
  const workload::Workload& workload = input.workload;
  if (!input.estimate.duration || workload.restart_policy() == "Always") return;
  const Duration duration = input.estimate.duration->value;
  std::optional<std::int64_t> seconds;
  std::string reason;
  if (const auto& policy = input.settings.pod_deadline) {
    const Duration scaled = duration.scaled(policy->factor);
    seconds = std::max(scaled, policy->floor).seconds_rounded_up();
    reason = scaled < policy->floor ? fmt::format("at least {}", to_text(policy->floor))
                                    : fmt::format("estimate {} x {}", to_text(duration), to_text(policy->factor));
  }
  if (const auto bound = input.band.deadline_seconds; bound && (!seconds || *bound < *seconds)) {
    seconds = bound;
    reason = fmt::format("band {} is bound to {} x {}", input.band.band->priority_class, to_text(duration),
                         to_text(*input.band.band->bound));
  }
  if (!seconds) return;
  if (workload.authored("activeDeadlineSeconds", workload.pod_spec["activeDeadlineSeconds"])) return;
  // A Pod's deadline is at most 2^31-1 (pkg/apis/core/validation).
  seconds = std::min<std::int64_t>(*seconds, std::numeric_limits<std::int32_t>::max());
  out.changes.push_back({SetPodDeadline{*seconds}, {}, std::move(reason)});
}

}  // namespace plimsoll::plan::rules
