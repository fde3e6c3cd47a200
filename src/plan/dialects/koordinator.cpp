// Koordinator: koordinator.sh/gpu.shared counts shares, koordinator.sh/gpu-memory is the memory of all of them
// together.
//
// Its scheduler divides the memory by the count. A share without memory is a whole GPU, which Koordinator takes by the
// device plugin's name. koordinator.sh/gpu-core and gpu-memory-ratio, percentages of a card, are the author's alone:
// what they come to depends on the card that is found.
//
// Sources: koordinator v1.8, apis/extension/resource.go and pkg/scheduler/plugins/deviceshare/utils.go (which
// combinations are valid); docs/user-manuals/device-scheduling-gpu-share-with-hami.
#include <fmt/format.h>

#include <algorithm>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

constexpr std::string_view kShared = "koordinator.sh/gpu.shared";
constexpr std::string_view kMemory = "koordinator.sh/gpu-memory";

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  if (!ask.memory) return fit_whole(ask, policy);
  PLIMSOLL_TRY(shape, fit_share(ask, policy));
  const std::string count = to_text(ask.count);
  Bytes total;
  for (std::int64_t i = 0; i < ask.count.count(); ++i) total += *ask.memory;
  shape.amounts.push_back({std::string(kShared), count, fmt::format("estimate {}", count)});
  shape.amounts.push_back(
      {std::string(kMemory), to_text(total), fmt::format("estimate {} on each of {}", to_text(*ask.memory), count)});
  return shape;
}

std::optional<Bytes> authored_memory(const workload::Workload&, const workload::Container& container,
                                     const config::Gpu&) {
  const auto memory = authored_amount(container, kMemory);
  if (!memory || memory->nanos() < 0) return std::nullopt;
  const auto shares = authored_amount(container, kShared);
  return Bytes(memory->value() / std::max<std::int64_t>(shares ? shares->value() : 1, 1));
}

}  // namespace

const Dialect koordinator{fit, authored_memory};

}  // namespace plimsoll::plan::dialects
