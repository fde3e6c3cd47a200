// Dynamic Resource Allocation: a claim from a template that the operator keeps in the namespaces of its users.
//
// The smallest template with as many GPUs as were estimated, each of which holds `gpu-memory`, is referenced: one claim
// of the pod, used by the container that asks. One whose memory the policy does not say holds nothing in particular.
// There is one claim for a pod: what several containers ask for is refused. Pods that claim something themselves are
// left alone long before.
//
// Source: k8s.io/api/resource/v1 (Kubernetes 1.34), k8s.io/api/core/v1 PodResourceClaim and ResourceClaim.
#include <fmt/format.h>

#include "../dialects.hpp"

namespace plimsoll::plan::dialects {
namespace {

std::string list(const config::Gpu& policy) {
  std::string text;
  for (const config::ClaimTemplate& one : policy.claim_templates) {
    text += fmt::format("{}{} ({}{})", text.empty() ? "" : ", ", one.name, to_text(one.gpus),
                        one.memory ? fmt::format(" x {}", to_text(*one.memory)) : "");
  }
  return text;
}

Result<GpuShape> fit(const GpuAsk& ask, const config::Gpu& policy) {
  if (!ask.is_alone) return fail(ErrorCode::Invalid, "is of one of several containers: one claim serves only one");
  const config::ClaimTemplate* best = nullptr;
  for (const config::ClaimTemplate& one : policy.claim_templates) {
    if (one.gpus != ask.count) continue;
    if (ask.memory && (!one.memory || *one.memory < *ask.memory)) continue;
    if (best == nullptr || (one.memory && best->memory && *one.memory < *best->memory)) best = &one;
  }
  const std::string asked =
      fmt::format("{}{}", to_text(ask.count), ask.memory ? fmt::format(" x {}", to_text(*ask.memory)) : "");
  if (best == nullptr) {
    return fail(ErrorCode::Invalid,
                fmt::format("finds no claim template for {} in the policy: {}", asked, list(policy)));
  }
  GpuShape shape;
  shape.claim_template = best->name;
  shape.whole = ask.count;
  shape.claim_reason = fmt::format("the smallest claim template for {}", asked);
  if (best->memory && ask.memory) shape.claim_reason += name_waste(*best->memory, *ask.memory);
  return shape;
}

}  // namespace

const Dialect dra{fit, nullptr};

}  // namespace plimsoll::plan::dialects
