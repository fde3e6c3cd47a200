// The PriorityClass of the first band that matches.
//
// A short duration costs nothing to claim, so a band may be bound: its jobs get a deadline of so many times the claim,
// and where no deadline can be set the band does not match.

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan {
namespace {

std::optional<std::int64_t> authored_deadline(const workload::Workload& workload) {
  return workload.authored("activeDeadlineSeconds", workload.pod_spec["activeDeadlineSeconds"]).integer();
}

// Why the pod cannot have the class `target`; nothing when it can, or has it.
std::string why_kept(const Input& input, const std::string& target) {
  const workload::Workload& workload = input.workload;
  const json::View authored = workload.authored("priorityClassName", workload.pod_spec["priorityClassName"]);
  if (authored.text() == target) return {};
  // Volcano's Job has a class of its own, which a template's would overrule.
  const json::View of_object = workload.object["spec"]["priorityClassName"];
  if (workload.kind == workload::Kind::Other && !of_object.text().value_or("").empty()) {
    return fmt::format("priority class {} of the {} is kept; the estimate is in band {}",
                       to_display(json::write(of_object)), to_display(workload.kind_name), target);
  }
  const bool is_pod = workload.kind == workload::Kind::Pod;
  // At a Pod the Priority plugin has already filled in the cluster's default class.
  const std::string& default_class = input.settings.priority.default_class;
  const bool is_default = is_pod && !default_class.empty() && authored.text() == default_class;
  if (authored && !is_default && authored.text() != "") {
    return fmt::format("priority class {} is kept; the estimate is in band {}", to_display(json::write(authored)),
                       target);
  }
  for (const char* field : {"priority", "preemptionPolicy"}) {
    const json::View computed = workload.pod_spec[field];
    if (is_pod || !computed || computed.is_null()) continue;
    // At a Pod both are the plugin's; in a template they are the author's, and his Pods would be refused beside it.
    return fmt::format("no priority class: the template sets spec.{}, which {} would contradict", field, target);
  }
  const json::View group = workload.pod_spec["schedulingGroup"];
  if (is_pod && group && !group.is_null()) {
    return "no priority class: the pod's scheduling group took its own from the Job";
  }
  return {};
}

// Whether the band is for those who are short of time, and time has run out: what is lost already must not push others
// aside. A band for the late alone (`slack: "<0s"`) is another matter.
bool comes_too_late(const config::Condition& when, const std::optional<Duration>& slack) {
  if (when.slack.empty() || !slack || *slack >= Duration{}) return false;
  return std::ranges::all_of(when.slack, [](const auto& comparison) { return comparison.holds(Duration{}); });
}

}  // namespace

BandChoice choose_band(const Input& input) {
  for (const config::Band& band : input.settings.priority.bands) {
    if (!holds(band.when, input) || comes_too_late(band.when, input.subject.slack)) continue;
    BandChoice choice{.band = &band, .deadline_seconds = {}, .kept = why_kept(input, band.priority_class)};
    if (!band.bound) return choice;
    if (!input.estimate.duration || input.workload.restart_policy() == "Always") continue;
    const std::int64_t seconds =
        std::min<std::int64_t>(input.estimate.duration->value.scaled(*band.bound).seconds_rounded_up(),
                               std::numeric_limits<std::int32_t>::max());
    if (const auto authored = authored_deadline(input.workload); authored && *authored > seconds) continue;
    // Who does not get the class does not pay for it.
    if (choice.kept.empty()) choice.deadline_seconds = seconds;
    return choice;
  }
  return {};
}

namespace rules {

void priority(const Input& input, Outcome& out) {
  if (input.band.band == nullptr) return;
  if (!input.band.kept.empty()) {
    out.warnings.push_back(input.band.kept);
    return;
  }
  const workload::Workload& workload = input.workload;
  const std::string& target = input.band.band->priority_class;
  const json::View present = workload.pod_spec["priorityClassName"];
  if (workload.authored("priorityClassName", present).text() == target) return;
  std::string reason = "the first band that matches";
  if (input.estimate.duration) reason += fmt::format(" duration {}", to_text(input.estimate.duration->value));
  const config::Band& band = *input.band.band;
  out.changes.push_back({SetPriorityClass{target, band.value, band.preemption_policy}, {}, std::move(reason)});
}

}  // namespace rules
}  // namespace plimsoll::plan
