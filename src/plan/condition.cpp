// Conditions: what a policy may ask about an object.

#include <algorithm>

#include "plimsoll/base/text.hpp"
#include "plimsoll/workload/effective_requests.hpp"
#include "rule.hpp"

namespace plimsoll::plan {
namespace {

// Source: pkg/apis/core/v1/defaults.go, SetDefaults_PodSpec.
constexpr std::string_view kDefaultScheduler = "default-scheduler";

template <class T>
bool all_hold(const std::vector<config::Comparison<T>>& comparisons, const std::optional<T>& value) {
  if (comparisons.empty()) return true;
  return value && std::ranges::all_of(comparisons, [&](const auto& comparison) { return comparison.holds(*value); });
}

bool matches_any(const std::vector<std::string>& globs, std::string_view text) {
  return std::ranges::any_of(globs, [&](const std::string& glob) { return matches_glob(glob, text); });
}

bool matches_creator(const config::Condition& condition, const workload::Workload& workload, const Creator& creator) {
  if (condition.users.empty() && condition.groups.empty()) return true;
  // A controller creates for somebody else; its name says nothing about who asked.
  if (workload.controller) return false;
  if (!condition.users.empty() && !matches_any(condition.users, creator.user)) return false;
  return condition.groups.empty() || std::ranges::any_of(creator.groups, [&](std::string_view group) {
           return matches_any(condition.groups, group);
         });
}

// What the pod asks for: as is said of all of it, else what its containers have at one time.
template <class T, class Field>
std::optional<T> pod_total(const workload::Workload& workload, const estimate::Estimate& estimate, Field field) {
  if (const auto& whole = field(estimate.pod)) return whole->value;
  const auto is_known = [&](const estimate::ContainerEstimate& e) { return field(e).has_value(); };
  if (std::ranges::none_of(estimate.containers, is_known)) return std::nullopt;
  return workload::most_at_once<T>(workload.containers, [&](std::size_t i) {
    const auto& sized = field(estimate.containers[i]);
    return sized ? sized->value : T{};
  });
}

}  // namespace

Subject make_subject(const workload::Workload& workload, const estimate::Estimate& estimate) {
  Subject subject;
  if (estimate.duration) subject.duration = estimate.duration->value;
  subject.slack = estimate.slack;
  using E = estimate::ContainerEstimate;
  subject.cpu = pod_total<MilliCpu>(
      workload, estimate, [](const E& e) -> const auto& { return e.cpu; });
  subject.memory = pod_total<Bytes>(
      workload, estimate, [](const E& e) -> const auto& { return e.memory; });
  // No GPU said and none asked for is known to be none.
  subject.gpu = pod_total<GpuCount>(
                    workload, estimate, [](const E& e) -> const auto& { return e.gpu; })
                    .value_or(GpuCount(0));
  for (const E& e : estimate.containers) {
    if (e.gpu_memory) subject.gpu_memory = std::max(subject.gpu_memory.value_or(Bytes{}), e.gpu_memory->value);
  }
  return subject;
}

bool holds(const config::Condition& condition, const Subject& subject, const workload::Workload& workload,
           const estimate::Estimate& estimate, const Creator& creator) {
  if (!all_hold(condition.duration, subject.duration) || !all_hold(condition.slack, subject.slack) ||
      !all_hold(condition.cpu, subject.cpu) || !all_hold(condition.memory, subject.memory) ||
      !all_hold(condition.gpu, subject.gpu) || !all_hold(condition.gpu_memory, subject.gpu_memory)) {
    return false;
  }
  if (condition.interruptible && *condition.interruptible != estimate.is_interruptible()) return false;
  if (!condition.confidence.empty() &&
      std::ranges::find(condition.confidence, estimate.confidence) == condition.confidence.end()) {
    return false;
  }
  if (!condition.kinds.empty() && !matches_any(condition.kinds, workload.kind_name)) return false;
  if (!condition.namespaces.empty() && !matches_any(condition.namespaces, workload.name_space)) return false;
  if (!condition.schedulers.empty() &&
      !matches_any(condition.schedulers, workload.scheduler().value_or(kDefaultScheduler))) {
    return false;
  }
  for (const auto& [key, values] : condition.labels) {
    const auto value = workload.label(key);
    if (!value || !matches_any(values, *value)) return false;
  }
  return matches_creator(condition, workload, creator);
}

}  // namespace plimsoll::plan
