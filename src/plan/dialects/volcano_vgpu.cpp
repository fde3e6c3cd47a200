// Volcano's vGPU: volcano.sh/vgpu-number counts shares, volcano.sh/vgpu-memory says the memory of each in MiB.
//
// A share without memory is a whole GPU, called the same. The device plugin's gpuMemoryFactor is taken to be 1, as it
// comes. volcano.sh/vgpu-cores is the author's alone.
//
// Sources: volcano v1.15, docs/user-guide/how_to_use_vgpu.md; volcano-vgpu-device-plugin v1.11, its default
// configuration.
#include <fmt/format.h>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

constexpr std::string_view kNumber = "volcano.sh/vgpu-number";
constexpr std::string_view kMemory = "volcano.sh/vgpu-memory";

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  if (!ask.memory) {
    PLIMSOLL_TRY(whole, fit_whole(ask, policy));
    whole.amounts.front().resource = kNumber;
    return whole;
  }
  PLIMSOLL_TRY(shape, fit_share(ask, policy));
  const std::string count = to_text(ask.count);
  shape.amounts.push_back({std::string(kNumber), count, fmt::format("estimate {}", count)});
  shape.amounts.push_back({std::string(kMemory), std::to_string(to_mebibytes(*ask.memory)),
                           fmt::format("estimate {} on each, in MiB", to_text(*ask.memory))});
  return shape;
}

std::optional<Bytes> authored_memory(const workload::Workload&, const workload::Container& container,
                                     const config::Gpu&) {
  return authored_mebibytes(container, kMemory);
}

}  // namespace

const Dialect volcano_vgpu{fit, authored_memory};

}  // namespace plimsoll::plan::dialects
