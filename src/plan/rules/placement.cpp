// Keeping the pods of one family apart.
//
// The label that the terms select on is our own: the labels of a Job's controller are put into the template only after
// admission (pkg/registry/batch/job/strategy.go generateSelector).

#include <fmt/format.h>

#include "../rule.hpp"
#include "family.hpp"

namespace plimsoll::plan::rules {

void placement(const Input& input, Outcome& out) {
  for (const config::PlacementRule& rule : input.settings.placement) {
    if (!holds(rule.when, input)) continue;
    const std::string family = family_label(input.estimate.family);
    const std::string reason = fmt::format("policy: family {} spreads over {}", family, rule.over);
    std::string_view slot = "podAntiAffinity.preferred";
    std::string_view field = "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution";
    Edit edit = AddPodAntiAffinity{rule.over, family, AddPodAntiAffinity::Strength::Preferred};
    if (rule.how == config::PlacementRule::How::Required) {
      slot = "podAntiAffinity.required";
      field = "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
      edit = AddPodAntiAffinity{rule.over, family, AddPodAntiAffinity::Strength::Required};
    } else if (rule.how == config::PlacementRule::How::Topology) {
      slot = field = "topologySpreadConstraints";
      edit = AddTopologySpread{rule.over, family};
    }
    if (!may_extend(input, slot, field, "spread over " + rule.over, out)) continue;
    out.changes.push_back({SetLabel{std::string(kFamilyLabel), family}, {}, "the spread selects on it"});
    out.changes.push_back({std::move(edit), {}, reason});
    return;  // the first match wins: two spreads would fight
  }
}

}  // namespace plimsoll::plan::rules
