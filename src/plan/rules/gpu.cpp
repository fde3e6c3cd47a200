// GPUs: how many, of how much memory, and on which nodes, in the dialect of the cluster.
//
// What the author wrote himself, in whatever dialect, is his choice of it: it is kept, and a warning says where it
// contradicts his estimate.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "../dialects.hpp"
#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan {
namespace {

using estimate::Origin;
using workload::Container;

bool has_gpus(const estimate::ContainerEstimate& estimate) {
  return estimate.gpu && estimate.gpu->value > GpuCount(0);
}

/// The GPUs that the author of `container` asks for himself; null when he asks for none.
const workload::Amount* find_authored(const Container& container, const config::Gpu& policy) {
  const workload::Amount* found = nullptr;
  for (const workload::Amount& amount : container.amounts) {
    if (!amount.authored || !(workload::is_gpu_resource(amount.resource) || policy.offers(amount.resource))) continue;
    if (found == nullptr || workload::counts_gpus(amount.resource)) found = &amount;
  }
  return found;
}

/// Whether the author asks for a share of a GPU in annotations of the pod.
bool has_authored_share(const workload::Workload& workload) {
  return std::ranges::any_of(workload::kGpuAnnotations,
                             [&](std::string_view key) { return workload.authored_annotation(key).has_value(); });
}

config::Dialect choose_dialect(const Input& input) {
  const config::Gpu& policy = input.settings.gpu;
  const auto rule =
      std::ranges::find_if(policy.dialects, [&](const config::DialectRule& r) { return holds(r.when, input); });
  return rule == policy.dialects.end() ? policy.dialect : rule->dialect;
}

/// The memory on each GPU that the author of `container` asks for himself, in whatever dialect.
std::optional<Bytes> find_authored_memory(const workload::Workload& workload, const Container& container,
                                          const config::Gpu& policy) {
  for (const Dialect* dialect : all_dialects()) {
    if (dialect->authored_memory == nullptr) continue;
    if (const auto memory = dialect->authored_memory(workload, container, policy)) return memory;
  }
  return std::nullopt;
}

void warn_of_conflict(const Container& container, const workload::Amount* written,
                      const estimate::ContainerEstimate& estimate, const workload::Workload& workload,
                      const config::Gpu& policy, std::vector<std::string>& warnings) {
  const std::string name = to_display(container.name);
  const bool counts = written != nullptr && workload::counts_gpus(written->resource);
  if (counts && *written->authored != Quantity::from_units(estimate.gpu->value.count(), Quantity::Format::DecimalSI)) {
    warnings.push_back(fmt::format("container {} asks for {} {}, the estimate says {}: kept", name,
                                   to_text(*written->authored), written->resource, to_text(estimate.gpu->value)));
  }
  if (!estimate.gpu_memory) return;
  const std::optional<Bytes> memory = find_authored_memory(workload, container, policy);
  if (!memory || *memory >= estimate.gpu_memory->value) return;
  warnings.push_back(fmt::format("container {} asks for {} on each GPU, the estimate says {}: kept", name,
                                 to_text(*memory), to_text(estimate.gpu_memory->value)));
}

}  // namespace

GpuChoice choose_gpu(const Input& input) {
  GpuChoice choice;
  const std::vector<estimate::ContainerEstimate>& estimates = input.estimate.containers;
  const auto askers = std::ranges::count_if(estimates, has_gpus);
  choice.is_claimed = input.workload.has_device_claims();
  choice.is_annotated = has_authored_share(input.workload);
  if (askers == 0) return choice;
  if (choice.is_claimed) {
    choice.warnings.emplace_back("GPUs are left alone: the pod claims devices (DRA)");
    return choice;
  }
  if (choice.is_annotated) return choice;
  const config::Gpu& policy = input.settings.gpu;
  const Dialect& dialect = find_dialect(choose_dialect(input));
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    if (!has_gpus(estimates[i])) continue;
    const auto& memory = estimates[i].gpu_memory;
    const GpuAsk ask{.count = estimates[i].gpu->value,
                     .memory = memory ? std::optional(memory->value) : std::nullopt,
                     .node_memory = input.subject.gpu_memory,
                     .models = input.estimate.gpu_models,
                     .is_alone = askers == 1,
                     .container = input.workload.containers[i].name,
                     .is_first = i == 0};
    // Where the author counts whole GPUs, the model can still follow; what he says in other words says it all.
    const workload::Amount* written = find_authored(input.workload.containers[i], policy);
    const bool says_all =
        written != nullptr && (!policy.offers(written->resource) ||
                               find_authored_memory(input.workload, input.workload.containers[i], policy));
    if (says_all) continue;
    Result<GpuShape> shape = (written != nullptr ? dialects::device_plugin : dialect).fit(ask, policy);
    if (shape) {
      choice.parts.push_back({i, written != nullptr, std::move(*shape)});
    } else if (written != nullptr) {
      choice.warnings.push_back(fmt::format("container {}: gpu-memory {} {}",
                                            to_display(input.workload.containers[i].name),
                                            to_text(ask.node_memory.value_or(Bytes())), shape.error().message));
    } else {
      choice.misfits.push_back({i, std::move(shape).error().message});
    }
  }
  return choice;
}

namespace {

/// What the claim on GPUs is called in the pod.
constexpr const char* kClaim = "gpus";

}  // namespace

namespace rules {

void gpu(const Input& input, Outcome& out) {
  std::ranges::copy(input.gpu.warnings, std::back_inserter(out.warnings));
  if (input.gpu.is_claimed) return;
  for (std::size_t i = 0; i < input.workload.containers.size() && !input.foreign_sizing; ++i) {
    const estimate::ContainerEstimate& estimate = input.estimate.containers[i];
    if (!estimate.gpu || estimate.gpu->origin.source != Origin::Source::Annotation) continue;
    const Container& container = input.workload.containers[i];
    const workload::Amount* written = find_authored(container, input.settings.gpu);
    if (written != nullptr || input.gpu.is_annotated) {
      warn_of_conflict(container, written, estimate, input.workload, input.settings.gpu, out.warnings);
      continue;
    }
    const auto part = std::ranges::find(input.gpu.parts, i, &GpuChoice::Part::container);
    if (part == input.gpu.parts.end()) continue;
    const GpuShape& shape = part->shape;
    for (const GpuShape::Amount& amount : shape.amounts) {
      ask_for(i, amount.resource, amount.quantity, amount.reason, out);
    }
    for (const GpuShape::Annotation& annotation : shape.annotations) {
      out.changes.push_back({SetPodAnnotation{annotation.key, annotation.value}, {}, annotation.reason});
    }
    if (!shape.claim_template.empty()) {
      out.changes.push_back({AddResourceClaim{kClaim, shape.claim_template}, {}, shape.claim_reason});
      out.changes.push_back({UseResourceClaim{i, kClaim}, {}, "its GPUs are claimed by the pod"});
    }
  }
  const auto with_nodes =
      std::ranges::find_if(input.gpu.parts, [](const GpuChoice::Part& part) { return !part.shape.nodes.empty(); });
  if (with_nodes == input.gpu.parts.end()) return;
  for (const config::NodeRequirement& requirement : with_nodes->shape.nodes) {
    if (input.settings.gpu.require) {
      require_node(input, requirement, with_nodes->shape.node_reason, out);
    } else {
      prefer_node(input, requirement, 100, with_nodes->shape.node_reason, out);
    }
  }
}

}  // namespace rules
}  // namespace plimsoll::plan
