// Which nodes suit: a driver that runs the image's CUDA, and none with GPUs for pods that need none.
//
// "12.4 or newer" is no conjunction of comparisons of two numbers. But the versions before it in its own generation are
// few, so: a generation of at least 12, and none of 12.0 to 12.3.
//
// Source: NVIDIA/k8s-device-plugin v0.20.0, docs/gpu-feature-discovery (nvidia.com/cuda.runtime-version.{major,full}).

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"

namespace plimsoll::plan::rules {
namespace {

void require_cuda(const Input& input, const estimate::CudaVersion& version, Outcome& out) {
  const std::string& label = input.settings.gpu.cuda_label;
  const std::string reason = fmt::format("the image needs CUDA {}", to_text(version));
  require_node(input, {label + ".major", "Gt", {std::to_string(version.major - 1)}}, reason, out);
  if (version.minor == 0) return;
  std::vector<std::string> older;
  for (std::int64_t minor = 0; minor < version.minor; ++minor) {
    older.push_back(fmt::format("{}.{}", version.major, minor));
  }
  require_node(input, {label + ".full", "NotIn", std::move(older)}, reason, out);
}

bool asks_for_gpus(const Input& input) {
  if (input.subject.gpu.value_or(GpuCount()) > GpuCount(0) || input.gpu.is_claimed || input.gpu.is_annotated)
    return true;
  return std::ranges::any_of(input.workload.containers, [&](const workload::Container& container) {
    return std::ranges::any_of(container.amounts, [&](const workload::Amount& amount) {
      return amount.authored &&
             (workload::is_gpu_resource(amount.resource) || input.settings.gpu.offers(amount.resource));
    });
  });
}

}  // namespace

void gpu_nodes(const Input& input, Outcome& out) {
  const config::Gpu& policy = input.settings.gpu;
  if (asks_for_gpus(input)) {
    if (input.estimate.cuda && !policy.cuda_label.empty()) require_cuda(input, input.estimate.cuda->value, out);
    return;
  }
  if (!policy.keep_cpu_pods_off) return;
  const config::NodeRequirement no_gpus{policy.keep_cpu_pods_off->label, "DoesNotExist", {}};
  const std::string reason = "policy: pods without GPUs leave nodes with GPUs to others";
  if (policy.keep_cpu_pods_off->require) {
    require_node(input, no_gpus, reason, out);
  } else {
    prefer_node(input, no_gpus, 100, reason, out);
  }
}

}  // namespace plimsoll::plan::rules
