// Device plugins: whole GPUs of an extended resource, and the model by the labels of nodes.
//
// The smallest listed model whose memory holds `gpu-memory` is asked for by the labels that the operator gave it, and
// by its own resource where it has one; `gpu-memory` takes no margin, because the sizes of cards are steps, not a
// scale. Without models a label with the memory itself may be compared. A GPU that is time-sliced has no more memory
// for being called several: its nodes are left out.
//
// Sources: NVIDIA/k8s-device-plugin v0.20.0, README and docs/gpu-feature-discovery; the READMEs of
// ROCm/k8s-device-plugin and intel/intel-device-plugins-for-kubernetes.
#include <fmt/format.h>

#include <algorithm>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

using Models = std::vector<const config::GpuModel*>;

constexpr std::string_view kMemoryLabel = "nvidia.com/gpu.memory";
constexpr std::string_view kSharingLabel = "nvidia.com/gpu.sharing-strategy";

Models candidates(const GpuAsk& ask, const config::Gpu& policy) {
  Models models;
  for (const std::string& name : ask.models) {
    for (const config::GpuModel& model : policy.models) {
      if (model.name == name) models.push_back(&model);
    }
  }
  if (!ask.models.empty()) return models;
  for (const config::GpuModel& model : policy.models) models.push_back(&model);
  return models;
}

std::string list(const Models& models) {
  std::string text;
  for (const config::GpuModel* model : models) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", model->name, to_text(model->memory));
  }
  return text;
}

GpuShape count(GpuCount gpus, const std::string& resource, std::string reason) {
  GpuShape shape;
  shape.amounts.push_back({resource, to_text(gpus), std::move(reason)});
  shape.whole = gpus;
  return shape;
}

GpuShape of_model(GpuCount gpus, const config::GpuModel& model, const config::Gpu& policy, std::string reason) {
  GpuShape shape = count(gpus, model.resource.empty() ? policy.resource : model.resource, std::move(reason));
  for (const auto& [key, values] : model.node_labels) shape.nodes.push_back({key, "In", values});
  return shape;
}

std::string why(const GpuAsk& ask, const config::GpuModel& model) {
  if (!ask.node_memory) {
    return fmt::format("{} is {}", model.name, ask.models.empty() ? "the first that the policy lists" : "acceptable");
  }
  const std::string needed = to_text(*ask.node_memory);
  if (!ask.models.empty()) return fmt::format("{} is acceptable and holds {}", model.name, needed);
  return fmt::format("{} ({}) is the smallest GPU that holds {}", model.name, to_text(model.memory), needed);
}

// Cards report a little less than they are called: an 80 GB H100 has 81559 MiB, not 81920. So one that lacks a
// hundredth still holds it. Labels are compared as integers, and strictly.
GpuShape by_label(const GpuAsk& ask, const config::Gpu& policy, GpuShape shape) {
  const Bytes least = ask.node_memory->scaled(Ratio::from_thousandths(990));
  shape.nodes.push_back({policy.memory_label, "Gt", {std::to_string(to_mebibytes(least) - 1)}});
  if (policy.require && policy.memory_label == kMemoryLabel) {
    shape.nodes.push_back({std::string(kSharingLabel), "NotIn", {"mps", "time-slicing"}});
  }
  shape.node_reason =
      fmt::format("the label says at least {}Mi, {} less a hundredth", to_mebibytes(least), to_text(*ask.node_memory));
  return shape;
}

GpuCount needed_together(Int128 memory, const config::GpuModel& model) {
  const Int128 gpus = (memory + model.memory.count() - 1) / model.memory.count();
  return GpuCount(static_cast<std::int64_t>(std::min(gpus, Int128{GpuCount::max().count()})));
}

// Of acceptable models the first that will do, of all others the one of which the fewest will.
std::optional<GpuShape> split(const GpuAsk& ask, const config::Gpu& policy, const Models& models) {
  if (!policy.split || !ask.is_alone || !ask.memory) return std::nullopt;
  const Int128 memory = Int128{ask.memory->count()} * ask.count.count();
  const config::GpuModel* best = nullptr;
  for (const config::GpuModel* model : models) {
    if (needed_together(memory, *model) > policy.max_per_pod) continue;
    if (best == nullptr || (ask.models.empty() && needed_together(memory, *model) < needed_together(memory, *best))) {
      best = model;
    }
  }
  if (best == nullptr) return std::nullopt;
  const GpuCount gpus = needed_together(memory, *best);
  std::string reason =
      fmt::format("{} x {} ({}) hold {} x {} together{}", to_text(gpus), best->name, to_text(best->memory),
                  to_text(ask.count), to_text(*ask.memory),
                  name_waste(Bytes(best->memory.count() * gpus.count()), Bytes(static_cast<std::int64_t>(memory))));
  GpuShape shape = of_model(gpus, *best, policy, reason);
  shape.node_reason = std::move(reason);
  return shape;
}

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  const Models models = candidates(ask, policy);
  std::string estimate = fmt::format("estimate {}", to_text(ask.count));
  if (models.empty()) {
    GpuShape shape = count(ask.count, policy.resource, std::move(estimate));
    return ask.node_memory && !policy.memory_label.empty() ? by_label(ask, policy, std::move(shape)) : shape;
  }
  const bool has_own_names = std::ranges::all_of(models, [](const auto* model) { return !model->resource.empty(); });
  if (ask.models.empty() && !ask.node_memory && !has_own_names) {
    return count(ask.count, policy.resource, std::move(estimate));
  }
  for (const config::GpuModel* model : models) {
    if (ask.node_memory && model->memory < *ask.node_memory) continue;
    GpuShape shape = of_model(ask.count, *model, policy, std::move(estimate));
    shape.node_reason = why(ask, *model);
    if (!model->resource.empty()) shape.amounts.front().reason += ": " + shape.node_reason;
    return shape;
  }
  if (auto several = split(ask, policy, models)) return std::move(*several);
  return fail(ErrorCode::Invalid,
              fmt::format("is more than any {} has: {}{}",
                          ask.models.empty() ? "GPU of the policy" : "acceptable GPU of the policy", list(models),
                          policy.split ? fmt::format(", at most {} together", to_text(policy.max_per_pod)) : ""));
}

}  // namespace

const Dialect device_plugin{fit, nullptr};

}  // namespace plimsoll::plan::dialects
