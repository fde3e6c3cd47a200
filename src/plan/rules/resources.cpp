// Requests and limits from the estimate.
//
// The target is the estimate, with the policy's margin on memory and storage, rounded and kept within the policy's
// range. What the author wrote is kept, raised or replaced (settle.hpp). Whatever comes out, a request never exceeds
// its limit. What is said of the whole pod comes after what is said of single containers (whole_pod.cpp).

#include <fmt/format.h>

#include <algorithm>

#include "plimsoll/base/text.hpp"
#include "sizing.hpp"

namespace plimsoll::plan::rules {
namespace {

using estimate::ContainerEstimate;
using estimate::Origin;
using workload::Container;
using workload::Side;

// Sizes one container by its own estimate. Returns what the scheduler will count of it.
template <class T>
std::optional<T> size(const Input& input, std::size_t index, const Case<T>& c, Outcome& out) {
  const Container& container = input.workload.containers[index];
  if (has_negative(container.amounts, c.resource)) return std::nullopt;
  const Pair<T> written = written_in<T>(container, c.resource);
  const Target<T> target = make_target(input, c, out);
  const config::Authored treatment = treatment_of(input, written, *target.pair.request);
  const Pair<T> settled = bring_to(input, index, c.resource, c.sizing, target, treatment, out);
  warn_of_conflict(written, settled, c, out);
  warn_if_lowered(written, settled, c, c.whose, out);
  return settled.counted();
}

// A resource with its part of an estimate and of the policy.
template <class T>
struct Sizes {
  std::string_view resource;
  std::optional<estimate::Sized<T>> ContainerEstimate::*field;
  const config::Sizing<T>& sizing;
  std::optional<Ratio> margin;
  std::vector<std::optional<T>> own = {};  // what the scheduler will count of the containers with an estimate
};

template <class T>
void size_container(const Input& input, std::size_t index, Sizes<T>& sizes, Outcome& out) {
  const auto& sized = input.estimate.containers[index].*sizes.field;
  sizes.own.resize(input.workload.containers.size());
  if (!sized || sized->origin.source != Origin::Source::Annotation) return;
  if (input.workload.has_pod_level(sizes.resource)) {
    out.warnings.push_back(fmt::format("{} is left alone: spec.resources sets it for the whole pod", sizes.resource));
    return;
  }
  const Container& container = input.workload.containers[index];
  T floor{};
  if constexpr (std::is_same_v<T, Bytes>) {
    if (sizes.resource == "memory") floor = memory_floor(input.workload, container);
  }
  const Case<T> c{sizes.resource, "container " + to_display(container.name), *sized, sizes.sizing, sizes.margin, floor};
  sizes.own[index] = size(input, index, c, out);
}

template <class T>
void size_pod(const Input& input, const Sizes<T>& sizes, Outcome& out) {
  const auto& sized = input.estimate.pod.*sizes.field;
  if (!sized) return;
  size_whole_pod<T>(input, {sizes.resource, "the pod", *sized, sizes.sizing, sizes.margin, {}}, sizes.own, out);
}

}  // namespace

void resources(const Input& input, Outcome& out) {
  const config::Resources& policy = input.settings.resources;
  const Ratio margin = policy.margin.of(input.estimate.confidence);
  if (const auto why = input.foreign_sizing) {
    out.warnings.push_back(fmt::format("resources are left alone: {}", *why));
    return;
  }
  Sizes<MilliCpu> cpu{"cpu", &ContainerEstimate::cpu, policy.cpu, std::nullopt};
  Sizes<Bytes> memory{"memory", &ContainerEstimate::memory, policy.memory, margin};
  Sizes<Bytes> storage{"ephemeral-storage", &ContainerEstimate::ephemeral_storage, policy.ephemeral_storage, margin};
  for (std::size_t i = 0; i < input.workload.containers.size(); ++i) {
    if (!input.wanted_containers.empty() && !input.wanted_containers[i]) continue;
    size_container(input, i, cpu, out);
    size_container(input, i, memory, out);
    size_container(input, i, storage, out);
  }
  // Who joins a pod that was divided already gets what is said of him alone.
  if (!input.wanted_containers.empty()) return;
  size_pod(input, cpu, out);
  size_pod(input, memory, out);
  size_pod(input, storage, out);
}

}  // namespace plimsoll::plan::rules

namespace plimsoll::plan {

Plan make_limit_repair(const workload::Workload& workload) {
  Plan plan;
  for (std::size_t i = 0; i < workload.containers.size(); ++i) {
    const workload::Container& container = workload.containers[i];
    for (const workload::Container::Defaulted& defaulted : container.defaulted) {
      if (defaulted.side != workload::Side::Limit) continue;
      const auto limit = container.present(workload::Side::Limit, defaulted.resource);
      const auto request = container.present(workload::Side::Request, defaulted.resource);
      if (!limit || !request || *request <= *limit) continue;
      // With an author's own request the limit is at odds whether Plimsoll is there or not.
      if (container.authored(workload::Side::Request, defaulted.resource)) continue;
      plan.changes.push_back({SetAmount{i, workload::Side::Limit, std::string(defaulted.resource), to_text(*request)},
                              "resources", fmt::format("LimitRange default {} is below the request", to_text(*limit))});
    }
  }
  return plan;
}

}  // namespace plimsoll::plan
