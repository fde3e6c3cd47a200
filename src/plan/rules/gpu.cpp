// GPUs: how many, and on which model.
//
// Device plugins count whole GPUs, with request and limit equal. The smallest listed model whose memory holds
// `gpu-memory` is asked for by the labels that the operator gave it; `gpu-memory` takes no margin, because the sizes of
// cards are steps, not a scale.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan {
namespace {

using estimate::Origin;

const config::GpuModel* find_model(const config::Settings& settings, std::string_view name) {
  const auto found =
      std::ranges::find_if(settings.gpu.models, [&](const config::GpuModel& m) { return m.name == name; });
  return found == settings.gpu.models.end() ? nullptr : &*found;
}

void choose_model(const estimate::Estimate& estimate, const config::Settings& settings, GpuChoice& choice) {
  const auto& gpu_memory = estimate.containers[*choice.container].gpu_memory;
  const auto holds_it = [&](const config::GpuModel& model) { return !gpu_memory || model.memory >= gpu_memory->value; };
  if (!estimate.gpu_models.empty()) {
    for (const std::string& name : estimate.gpu_models) {
      const config::GpuModel* model = find_model(settings, name);
      if (model == nullptr || !holds_it(*model)) continue;
      choice.model = model;
      choice.reason = gpu_memory ? fmt::format("{} is acceptable and holds {}", model->name, to_text(gpu_memory->value))
                                 : fmt::format("{} is acceptable", model->name);
      return;
    }
    choice.warnings.push_back(
        fmt::format("no acceptable GPU model holds {}: no model is asked for", to_text(gpu_memory->value)));
    return;
  }
  if (!gpu_memory || settings.gpu.models.empty()) return;
  for (const config::GpuModel& model : settings.gpu.models) {
    if (!holds_it(model)) continue;
    choice.model = &model;
    choice.reason = fmt::format("{} ({}) is the smallest GPU that holds {}", model.name, to_text(model.memory),
                                to_text(gpu_memory->value));
    return;
  }
  choice.warnings.push_back(
      fmt::format("no GPU model of the policy holds {}: no model is asked for", to_text(gpu_memory->value)));
}

}  // namespace

GpuChoice choose_gpu(const workload::Workload& workload, const estimate::Estimate& estimate,
                     const config::Settings& settings) {
  GpuChoice choice;
  for (std::size_t i = 0; i < estimate.containers.size(); ++i) {
    const auto& gpu = estimate.containers[i].gpu;
    if (!gpu || gpu->value == GpuCount(0)) continue;
    choice.count += gpu->value;
    if (!choice.container) choice.container = i;
  }
  choice.is_claimed = workload.has_device_claims();
  if (choice.is_claimed) {
    if (choice.container) choice.warnings.emplace_back("GPUs are left alone: the pod claims devices (DRA)");
    return choice;
  }
  if (choice.container) choose_model(estimate, settings, choice);
  return choice;
}

namespace rules {

void gpu(const Input& input, Outcome& out) {
  std::ranges::copy(input.gpu.warnings, std::back_inserter(out.warnings));
  if (input.gpu.is_claimed) return;
  for (std::size_t i = 0; i < input.workload.containers.size() && !input.foreign_sizing; ++i) {
    const workload::Container& container = input.workload.containers[i];
    const auto& estimate = input.estimate.containers[i].gpu;
    if (!estimate || estimate->origin.source != Origin::Source::Annotation) continue;

    // A GPU resource that the author wrote, of whatever plugin, is the author's choice of dialect too.
    const auto written = std::ranges::find_if(container.amounts, [](const workload::Amount& amount) {
      return amount.authored && workload::is_gpu_resource(amount.resource);
    });
    if (written != container.amounts.end()) {
      if (*written->authored != Quantity::from_units(estimate->value.count(), Quantity::Format::DecimalSI)) {
        out.warnings.push_back(fmt::format("container {} asks for {} {}, the estimate says {}: kept",
                                           to_display(container.name), to_text(*written->authored), written->resource,
                                           to_text(estimate->value)));
      }
      continue;
    }
    if (estimate->value == GpuCount(0)) continue;
    const std::string& resource = input.settings.gpu.resource;
    const std::string count = to_text(estimate->value);
    out.changes.push_back(
        {SetAmount{i, workload::Side::Request, resource, count}, {}, fmt::format("estimate {}", count)});
    out.changes.push_back({SetAmount{i, workload::Side::Limit, resource, count}, {}, "equal to the request"});
  }
  if (input.gpu.model == nullptr) return;
  for (const auto& [key, values] : input.gpu.model->node_labels) {
    const config::NodeRequirement requirement{key, "In", values};
    if (input.settings.gpu.require) {
      require_node(input, requirement, input.gpu.reason, out);
    } else {
      prefer_node(input, requirement, 100, input.gpu.reason, out);
    }
  }
}

}  // namespace rules
}  // namespace plimsoll::plan
