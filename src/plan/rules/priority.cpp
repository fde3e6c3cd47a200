// The PriorityClass of the first band that matches.
//
// A short duration costs nothing to claim, so a band may be bound: its jobs get a deadline of so many times the claim,
// and where no deadline can be set the band does not match.

#include <fmt/format.h>

#include <limits>

#include "../rule.hpp"

namespace plimsoll::plan {
namespace {

std::optional<std::int64_t> authored_deadline(const workload::Workload& workload) {
  const auto text = workload.authored_json("activeDeadlineSeconds", workload.pod_spec["activeDeadlineSeconds"]);
  if (!text) return std::nullopt;
  const auto quantity = parse_quantity(*text);
  return quantity ? std::optional(quantity->value()) : std::nullopt;
}

}  // namespace

BandChoice choose_band(const Input& input) {
  for (const config::Band& band : input.settings.priority.bands) {
    if (!holds(band.when, input)) continue;
    BandChoice choice{&band, std::nullopt};
    if (!band.bound) return choice;
    if (!input.estimate.duration || input.workload.restart_policy() == "Always") continue;
    choice.deadline_seconds =
        std::min<std::int64_t>(input.estimate.duration->value.scaled(*band.bound).seconds_rounded_up(),
                               std::numeric_limits<std::int32_t>::max());
    if (const auto authored = authored_deadline(input.workload); authored && *authored > *choice.deadline_seconds)
      continue;
    return choice;
  }
  return {};
}

namespace rules {

void priority(const Input& input, Outcome& out) {
  if (input.band.band == nullptr) return;
  const workload::Workload& workload = input.workload;
  const std::string& target = input.band.band->priority_class;
  const auto authored = workload.authored_json("priorityClassName", workload.pod_spec["priorityClassName"]);
  // At a Pod the Priority plugin has already filled in the cluster's default class.
  const bool is_default = workload.kind == workload::Kind::Pod && !input.settings.priority.default_class.empty() &&
                          authored && *authored == '"' + input.settings.priority.default_class + '"';
  if (authored && !is_default && *authored != "\"\"") {
    if (*authored != '"' + target + '"') {
      out.warnings.push_back(fmt::format("priority class {} is kept; the estimate is in band {}", *authored, target));
    }
    return;
  }
  if (workload.kind != workload::Kind::Pod && workload.pod_spec["priority"].integer()) {
    out.warnings.push_back(
        fmt::format("no priority class: the template sets spec.priority, which {} would contradict", target));
    return;
  }
  if (!workload.pod_spec["schedulingGroup"].is_null() && workload.pod_spec["schedulingGroup"] &&
      workload.kind == workload::Kind::Pod) {
    out.warnings.emplace_back("no priority class: the pod's scheduling group took its own from the Job");
    return;
  }
  std::string reason = "the first band that matches";
  if (input.estimate.duration) reason += fmt::format(" duration {}", to_text(input.estimate.duration->value));
  out.changes.push_back({SetPriorityClass{target}, {}, std::move(reason)});
}

}  // namespace rules
}  // namespace plimsoll::plan
