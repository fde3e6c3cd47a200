// HAMi: nvidia.com/gpu counts shares, nvidia.com/gpumem says the memory of each in MiB.
//
// A share without memory is a whole GPU. nvidia.com/gpucores, the compute of a share in percent, is the author's alone:
// no estimate says it. So is nvidia.com/gpumem-percentage, which depends on the card that is found.
//
// Sources: Project-HAMi/HAMi v2, docs/config.md (resourceCountName, resourceMemoryName) and examples/nvidia.
#include <fmt/format.h>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

constexpr std::string_view kMemory = "nvidia.com/gpumem";

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  if (!ask.memory) return fit_whole(ask, policy);
  PLIMSOLL_TRY(shape, fit_share(ask, policy));
  const std::string count = to_text(ask.count);
  shape.amounts.push_back({policy.resource, count, fmt::format("estimate {}", count)});
  shape.amounts.push_back({std::string(kMemory), std::to_string(to_mebibytes(*ask.memory)),
                           fmt::format("estimate {} on each, in MiB", to_text(*ask.memory))});
  return shape;
}

std::optional<Bytes> authored_memory(const workload::Workload&, const workload::Container& container,
                                     const config::Gpu&) {
  return authored_mebibytes(container, kMemory);
}

}  // namespace

const Dialect hami{fit, authored_memory};

}  // namespace plimsoll::plan::dialects
