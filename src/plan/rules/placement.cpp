// Where the pods of one family stand to each other: apart, or together.
//
// The label that the terms select on is our own: the labels of a Job's controller are put into the template only after
// admission (pkg/registry/batch/job/strategy.go generateSelector).

#include <fmt/format.h>

#include "../rule.hpp"
#include "family.hpp"

namespace plimsoll::plan::rules {
namespace {

using config::PlacementRule;
using How = PlacementRule::How;

struct Wanted {
  std::string_view slot;
  std::string_view field;
  Edit edit;
};

Wanted make_wanted(const PlacementRule& rule, const workload::Workload& workload, const std::string& family) {
  using Strength = AddPodAntiAffinity::Strength;
  switch (rule.how) {
    case How::Together:
      return {"podAffinity.preferred", "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution",
              AddPodAffinity{rule.over, family}};
    case How::Topology:
      return {"topologySpreadConstraints", "topologySpreadConstraints", AddTopologySpread{rule.over, family}};
    case How::Required:
      if (workload.side_by_side() > rule.up_to) break;
      return {"podAntiAffinity.required", "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution",
              AddPodAntiAffinity{rule.over, family, Strength::Required}};
    case How::Preferred:
      break;
  }
  return {"podAntiAffinity.preferred", "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution",
          AddPodAntiAffinity{rule.over, family, Strength::Preferred}};
}

struct Words {
  std::string_view addition;
  std::string_view reason;
  std::string_view selected;
};
constexpr Words kApart{"spread over", "spreads over", "the spread selects on it"};
constexpr Words kTogether{"stay together by", "stays together by", "the affinity selects on it"};

}  // namespace

void placement(const Input& input, Outcome& out) {
  for (const PlacementRule& rule : input.settings.placement) {
    if (!holds(rule.when, input)) continue;
    const workload::Workload& workload = input.workload;
    // Who runs alone has nobody to be with.
    if (rule.how == How::Together && workload.job_spec && workload.side_by_side() <= 1) return;
    const Words& words = rule.how == How::Together ? kTogether : kApart;
    const std::string family = family_label(input.estimate.family);
    Wanted wanted = make_wanted(rule, workload, family);
    if (!may_extend(input, wanted.slot, wanted.field, fmt::format("{} {}", words.addition, rule.over), out)) return;
    out.changes.push_back({SetLabel{std::string(kFamilyLabel), family}, {}, std::string(words.selected)});
    out.changes.push_back(
        {std::move(wanted.edit), {}, fmt::format("policy: family {} {} {}", family, words.reason, rule.over)});
    return;  // the first match wins: two would fight
  }
}

}  // namespace plimsoll::plan::rules
