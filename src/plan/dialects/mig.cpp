// MIG with the device plugin's strategy `mixed`: each profile is an extended resource, nvidia.com/mig-3g.20gb.
//
// The smallest profile that the cluster has and that holds `gpu-memory` is asked for, as many as GPUs were estimated: a
// process sees one instance, so several never hold one larger thing. What no profile holds gets a whole GPU where the
// policy lists models. A GPU without `gpu-memory` is a whole one.
//
// Sources: NVIDIA/k8s-device-plugin v0.20.0, README and internal/lm/mig-strategy.go (a `+` becomes a dot); what a
// profile holds: config::usable_memory.
#include <fmt/format.h>

#include <algorithm>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

constexpr std::string_view kPrefix = "nvidia.com/mig-";

std::string resource_of(const config::MigProfile& profile) {
  std::string name = profile.name;
  std::ranges::replace(name, '+', '.');
  return std::string(kPrefix) + name;
}

std::string list(const config::Gpu& policy) {
  std::string text;
  for (const config::MigProfile& profile : policy.mig_profiles) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", profile.name, to_text(profile.memory));
  }
  return text;
}

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  if (!ask.memory) return fit_whole(ask, policy);
  const config::MigProfile* best = nullptr;
  for (const config::MigProfile& profile : policy.mig_profiles) {
    if (profile.memory < *ask.memory) continue;
    if (best == nullptr || profile.memory < best->memory) best = &profile;
  }
  if (best == nullptr) {
    const std::string profiles = list(policy);
    if (policy.models.empty()) {
      return fail(ErrorCode::Invalid, fmt::format("is more than any MIG profile of the policy has: {}", profiles));
    }
    auto whole = fit_whole(ask, policy);
    if (whole) return whole;
    return fail(ErrorCode::Invalid, fmt::format("{}; of MIG: {}", whole.error().message, profiles));
  }
  GpuShape shape;
  if (!ask.models.empty()) {
    PLIMSOLL_TRY(share, fit_share(ask, policy));
    shape = std::move(share);
  }
  shape.amounts.push_back(
      {resource_of(*best), to_text(ask.count),
       fmt::format("{} ({}) is the smallest MIG profile that holds {}{}", best->name, to_text(best->memory),
                   to_text(*ask.memory), name_waste(best->memory, *ask.memory))});
  return shape;
}

std::optional<Bytes> authored_memory(const workload::Workload&, const workload::Container& container,
                                     const config::Gpu& policy) {
  for (const workload::Amount& amount : container.amounts) {
    if (!amount.authored || !amount.resource.starts_with(kPrefix)) continue;
    std::string profile(amount.resource.substr(kPrefix.size()));
    if (profile.ends_with(".me")) profile.resize(profile.size() - 3);
    for (const config::MigProfile& known : policy.mig_profiles) {
      if (resource_of(known) == amount.resource) return known.memory;
    }
    return config::usable_memory(profile);
  }
  return std::nullopt;
}

}  // namespace

const Dialect mig{fit, authored_memory};

}  // namespace plimsoll::plan::dialects
