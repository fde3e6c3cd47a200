// Tolerations that the policy adds, such as for the taint of GPU nodes; never one that is covered already.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"

namespace plimsoll::plan::rules {
namespace {

// Whether `there` tolerates every taint that `wanted` tolerates. An empty key with Exists tolerates all, an empty
// effect every effect. Source: k8s.io/api/core/v1 Toleration.ToleratesTaint.
bool covers(const workload::Toleration& there, const config::Toleration& wanted) {
  if (!there.effect.empty() && there.effect != wanted.effect) return false;
  if (there.op == "Exists") return there.key.empty() || there.key == wanted.key;
  const bool equal = there.op.empty() || there.op == "Equal";
  return equal && wanted.op == "Equal" && there.key == wanted.key && there.value == wanted.value;
}

std::string describe(const config::Toleration& t) {
  std::string text = t.key.empty() ? "every taint" : t.key;
  if (t.op == "Equal") text += "=" + t.value;
  if (!t.effect.empty()) text += ":" + t.effect;
  return text;
}

}  // namespace

void tolerations(const Input& input, Outcome& out) {
  std::vector<workload::Toleration> there = input.workload.authored_tolerations();
  for (const config::TolerationRule& rule : input.settings.tolerations) {
    if (!holds(rule.when, input)) continue;
    for (const config::Toleration& wanted : rule.add) {
      if (std::ranges::any_of(there, [&](const workload::Toleration& t) { return covers(t, wanted); })) continue;
      if (!may_extend(input, "tolerations", "tolerations", "the toleration of " + describe(wanted), out)) continue;
      there.push_back({wanted.key, wanted.op, wanted.value, wanted.effect});
      out.changes.push_back({AddToleration{wanted}, {}, fmt::format("policy: {}", describe(wanted))});
    }
  }
}

}  // namespace plimsoll::plan::rules
