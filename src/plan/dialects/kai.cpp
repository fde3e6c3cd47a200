// KAI: a share of a GPU is asked for by annotations of the pod, whole GPUs by the device plugin's resource.
//
// `gpu-memory` is in MiB, of each of `gpu-fraction-num-devices` GPUs, for the pod's first container or the one that
// `gpu-fraction-container-name` names. There is one set of annotations for a pod: where several containers ask for
// GPUs, each gets whole ones.
//
// Sources: NVIDIA/KAI-Scheduler v0.9, pkg/common/constants/constants.go and docs/gpu-sharing/README.md.
#include <fmt/format.h>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  if (!ask.memory || !ask.is_alone) return fit_whole(ask, policy);
  PLIMSOLL_TRY(shape, fit_share(ask, policy));
  shape.annotations.push_back({"gpu-memory", std::to_string(to_mebibytes(*ask.memory)),
                               fmt::format("estimate {} on each GPU, in MiB", to_text(*ask.memory))});
  if (ask.count > GpuCount(1)) {
    const std::string count = to_text(ask.count);
    shape.annotations.push_back({"gpu-fraction-num-devices", count, fmt::format("estimate {}", count)});
  }
  if (!ask.is_first) {
    shape.annotations.push_back(
        {"gpu-fraction-container-name", std::string(ask.container), "the container that asks for it"});
  }
  return shape;
}

std::optional<Bytes> authored_memory(const workload::Workload& workload, const workload::Container&,
                                     const config::Gpu&) {
  const auto text = workload.authored_annotation("gpu-memory");
  const auto quantity = text ? parse_quantity(*text) : Result<Quantity>(Quantity());
  if (!text || !quantity || quantity->nanos() < 0 || quantity->value() > Bytes::max().count() >> 20)
    return std::nullopt;
  return Bytes(quantity->value() << 20U);
}

}  // namespace

const Dialect kai{fit, authored_memory};

}  // namespace plimsoll::plan::dialects
