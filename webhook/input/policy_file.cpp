#include "webhook/input/policy_file.hpp"

#include <fmt/format.h>

#include "plimsoll/base/text.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

template <class T>
std::string describe(std::string_view resource, const config::Sizing<T>& sizing) {
  std::string range;
  if (sizing.max < T::max()) range = fmt::format(" ({} to {})", to_text(sizing.min), to_text(sizing.max));
  return fmt::format("{} is requested at {} x the estimate{}, {}", resource, to_text(sizing.request), range,
                     sizing.limit ? fmt::format("limited at {} x", to_text(*sizing.limit)) : "not limited");
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + to_display(word);
  return text;
}

std::string count(std::size_t number, std::string_view thing) {
  return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

std::string describe_gpu(const config::Gpu& gpu) {
  std::vector<std::string> models;
  for (const config::GpuModel& model : gpu.models) models.push_back(model.name);
  std::string text = fmt::format("{}, at most {} a pod", to_display(gpu.resource), to_text(gpu.max_per_pod));
  if (gpu.dialect != config::Dialect::DevicePlugin || !gpu.dialects.empty()) {
    text += fmt::format(", asked for as {}{}", config::to_text(gpu.dialect),
                        gpu.dialects.empty() ? "" : " unless a condition says otherwise");
  }
  if (models.empty()) return text;
  return text + fmt::format(", model {} of {}", gpu.require ? "required" : "preferred", join(models));
}

std::string describe(const config::Settings& settings) {
  const config::Resources& resources = settings.resources;
  std::string text = settings.mode == config::Mode::Enforce  ? "Enforced"
                     : settings.mode == config::Mode::Shadow ? "In shadow"
                                                             : "Disabled";
  if (settings.canary_percent)
    text += fmt::format(" for {} of 100 families, the others in shadow", *settings.canary_percent);
  text += fmt::format("; what an author wrote is {}. {}; {}, with a margin of {} ({} when sure, {} when not).",
                      resources.authored == config::Authored::Keep ? "kept" : "raised to the estimate",
                      describe("cpu", resources.cpu), describe("memory", resources.memory),
                      to_text(resources.margin.medium), to_text(resources.margin.high), to_text(resources.margin.low));
  text += fmt::format(" GPUs: {}.", describe_gpu(settings.gpu));
  std::vector<std::string> bands;
  for (const config::Band& band : settings.priority.bands) bands.push_back(band.priority_class);
  text += bands.empty() ? " No priority bands" : fmt::format(" Priority: {}", join(bands));
  text += fmt::format(
      "; {}, {}, {}; {}.", count(settings.tolerations.size(), "toleration rule"),
      count(settings.node_affinity.size(), "node affinity rule"), count(settings.placement.size(), "placement rule"),
      settings.pod_deadline ? fmt::format("pod deadline {} x the duration, at least {}",
                                          to_text(settings.pod_deadline->factor), to_text(settings.pod_deadline->floor))
                            : "no pod deadline");
  if (const auto& deadline = settings.job_deadline) {
    text += fmt::format(" Jobs are stopped after {} x the duration of their rounds and retries, and {} more.",
                        to_text(deadline->factor), to_text(deadline->pending));
  }
  std::vector<std::string> queues;
  for (const config::Queue& queue : settings.queues.kueue) queues.push_back(queue.name);
  if (!queues.empty()) text += fmt::format(" Kueue queues: {}.", join(queues));
  queues.clear();
  for (const config::VolcanoQueue& queue : settings.queues.volcano) queues.push_back(queue.queue.name);
  if (!queues.empty()) text += fmt::format(" Volcano queues: {}.", join(queues));
  if (!settings.disruption.protect_from.empty()) {
    text += fmt::format(" What runs for at most {} and is not interruptible is not evicted.",
                        to_text(settings.disruption.up_to));
  }
  return text;
}

}  // namespace

Result<config::Policy, std::vector<std::string>> parse_policy_file(const std::string& path, std::string_view text) {
  Result<config::Policy, config::Problems> policy = config::parse_policy(text);
  if (policy) return std::move(*policy);
  std::vector<std::string> lines;
  for (const config::Problem& problem : policy.error()) {
    lines.push_back(display_name(path) + ":" + config::to_text(problem));
  }
  return Unexpected{std::move(lines)};
}

Result<config::Policy, std::vector<std::string>> load_policy(const std::string& path) {
  const Result<std::string> text = load_file(path);
  if (!text) return Unexpected{std::vector{display_name(path) + ": " + text.error().message}};
  return parse_policy_file(path, *text);
}

std::string summarise(const config::Policy& policy) {
  std::string text = describe(policy.base);
  for (const config::Policy::Override& part : policy.namespaces) {
    text += fmt::format(" Other rules hold in {}.", join(part.names));
  }
  return text + fmt::format(" Estimates are called {}…; {} {} never touched. Revision {}.", to_display(policy.prefix),
                            join(policy.skip_namespaces), policy.skip_namespaces.size() == 1 ? "is" : "are",
                            policy.revision);
}

}  // namespace plimsoll::webhook
