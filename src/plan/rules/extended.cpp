// Other resources: those of other device plugins, and huge pages. Kubernetes does not overcommit them, so request and
// limit are one number. What the author wrote himself stays.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan {
namespace {

using workload::Container;
using workload::Side;

// Huge pages alone are refused. Source: pkg/apis/core/validation/validation.go, validateResourceRequirements.
bool has_cpu_or_memory(const Input& input, std::size_t index) {
  const Container& container = input.workload.containers[index];
  const estimate::ContainerEstimate& estimate = input.estimate.containers[index];
  const auto is_there = [&](const auto& sized, std::string_view resource) {
    const bool is_written = std::ranges::any_of(
        container.amounts, [&](const workload::Amount& a) { return a.authored && a.resource == resource; });
    const bool is_estimated = sized && sized->origin.source == estimate::Origin::Source::Annotation;
    return is_written || (is_estimated && !input.workload.has_pod_level(resource));
  };
  return is_there(estimate.cpu, "cpu") || is_there(estimate.memory, "memory");
}

void ask_for_extended(const Input& input, std::size_t container, const std::string& resource, const Quantity& quantity,
                      std::string reason, Outcome& out) {
  const Container& there = input.workload.containers[container];
  for (const workload::Amount& amount : there.amounts) {
    if (!amount.authored || amount.resource != resource) continue;
    if (*amount.authored != quantity) {
      out.warnings.push_back(fmt::format("container {} asks for {} {}, not {}: kept", to_display(there.name),
                                         to_text(*amount.authored), resource, to_text(quantity)));
    }
    return;
  }
  if (resource.starts_with("hugepages-") && !has_cpu_or_memory(input, container)) {
    out.warnings.push_back(
        fmt::format("no {}: container {} must ask for cpu or memory too", resource, to_display(there.name)));
    return;
  }
  ask_for(container, resource, to_text(quantity), std::move(reason), out);
}

void ask_for_companions(const Input& input, std::size_t container, GpuCount gpus, Outcome& out) {
  if (gpus == GpuCount(0)) return;
  for (const config::Companion& companion : input.settings.gpu.companions) {
    const bool is_estimated = input.estimate.container == container &&
                              std::ranges::find(input.estimate.extended, companion.resource,
                                                &estimate::Extended::resource) != input.estimate.extended.end();
    if (is_estimated) continue;
    const Quantity all = Quantity::from_nanos(companion.per_gpu.nanos() * gpus.count(), companion.per_gpu.format());
    ask_for_extended(input, container, companion.resource, all,
                     fmt::format("policy: {} for each of {} GPUs", to_text(companion.per_gpu), to_text(gpus)), out);
  }
}

}  // namespace

void ask_for(std::size_t container, const std::string& resource, std::string quantity, std::string reason,
             Outcome& out) {
  out.changes.push_back({SetAmount{container, Side::Request, resource, quantity}, {}, std::move(reason)});
  out.changes.push_back({SetAmount{container, Side::Limit, resource, std::move(quantity)}, {}, "equal to the request"});
}

namespace rules {

void extended(const Input& input, Outcome& out) {
  if (input.foreign_sizing) return;
  for (const GpuChoice::Part& part : input.gpu.parts) {
    if (!part.is_authored) ask_for_companions(input, part.container, part.shape.whole, out);
  }
  if (!input.estimate.container) return;
  for (const estimate::Extended& one : input.estimate.extended) {
    ask_for_extended(input, *input.estimate.container, one.resource, one.quantity, "estimate " + to_text(one.quantity),
                     out);
  }
}

}  // namespace rules
}  // namespace plimsoll::plan
