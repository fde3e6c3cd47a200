// Who empties nodes to save them is asked to spare a pod that would lose its work, and that ends by itself before long.

#include <fmt/format.h>

#include "../rule.hpp"

namespace plimsoll::plan::rules {
namespace {

SetPodAnnotation protection_from(config::Evictor evictor) {
  switch (evictor) {
    case config::Evictor::ClusterAutoscaler:
      return {std::string(workload::kSafeToEvict), "false"};
    case config::Evictor::Karpenter:
      return {std::string(workload::kDoNotDisrupt), "true"};
  }
  return {};
}

}  // namespace

void disruption(const Input& input, Outcome& out) {
  const config::Disruption& policy = input.settings.disruption;
  const auto& duration = input.estimate.duration;
  // Pods that are restarted for ever would keep their nodes for ever.
  if (!duration || duration->value > policy.up_to || input.workload.restart_policy() == "Always") return;
  if (input.estimate.is_interruptible() || policy.protect_from.empty() || !holds(policy.when, input)) return;
  for (const config::Evictor evictor : policy.protect_from) {
    SetPodAnnotation protection = protection_from(evictor);
    if (input.workload.authored_annotation(protection.key)) continue;
    out.changes.push_back(
        {std::move(protection), {}, fmt::format("{} of work, not interruptible", to_text(duration->value))});
  }
}

}  // namespace plimsoll::plan::rules
