// Where the pod may or should run: requirements and preferences on node labels.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan {
namespace {

constexpr std::string_view kRequiredNodes = "nodeAffinity.required";

std::string describe(const config::NodeRequirement& requirement) {
  if (requirement.values.empty()) return fmt::format("{} {}", requirement.key, requirement.op);
  return fmt::format("{} {} {}", requirement.key, requirement.op, fmt::join(requirement.values, ", "));
}

}  // namespace

bool may_extend(const Input& input, std::string_view slot, std::string_view field, std::string_view addition,
                Outcome& out) {
  if (input.settings.lists == config::Lists::Template || input.workload.kind == workload::Kind::Pod) return true;
  const json::View list = input.workload.pod_spec.at(json::Pointer("/" + std::string(field)));
  std::size_t authored = input.workload.authored_elements(slot, list);
  if (slot == kRequiredNodes) {
    // Ours are the expressions; a term is its author's when it holds anything else.
    authored = 0;
    for (const json::View term : list.elements()) {
      const json::View expressions = term["matchExpressions"];
      const bool is_ours = expressions.size() > 0 && term["matchFields"].size() == 0 &&
                           input.workload.authored_elements(slot, expressions) == 0;
      if (!is_ours) ++authored;
    }
  }
  if (authored == 0) return true;
  out.warnings.push_back(fmt::format("{}: the author's list is kept; not added: {}", slot, addition));
  return false;
}

namespace {

// Server-side apply holds nodeSelector for one value (x-kubernetes-map-type: atomic), so that in a Job's template an
// addition to its author's map would meet the same fate as one to a list. A key that is there already is looked at all
// the same.
bool may_extend_node_selector(const Input& input, const config::NodeRequirement& requirement) {
  const json::View present = input.workload.pod_spec["nodeSelector"];
  if (input.settings.lists == config::Lists::Template || input.workload.kind == workload::Kind::Pod) return true;
  if (input.workload.authored("nodeSelector." + requirement.key, present[requirement.key])) return true;
  for (const json::Member& member : present.members()) {
    if (input.workload.authored("nodeSelector." + std::string(member.key), member.value)) return false;
  }
  return true;
}

}  // namespace

void require_node(const Input& input, const config::NodeRequirement& requirement, std::string reason, Outcome& out) {
  const workload::Workload& workload = input.workload;
  if (requirement.op == "In" && requirement.values.size() == 1 && may_extend_node_selector(input, requirement)) {
    const std::string slot = "nodeSelector." + requirement.key;
    const json::View authored = workload.authored(slot, workload.pod_spec["nodeSelector"][requirement.key]);
    if (!authored) {
      out.changes.push_back({AddNodeSelector{requirement.key, requirement.values.front()}, {}, std::move(reason)});
    } else if (authored.text() != requirement.values.front()) {
      out.warnings.push_back(fmt::format("nodeSelector {}: {} is kept; wanted: {}", requirement.key,
                                         to_display(json::write(authored)), requirement.values.front()));
    }
    return;
  }
  if (!may_extend(input, kRequiredNodes,
                  "affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms",
                  describe(requirement), out)) {
    return;
  }
  out.changes.push_back({RequireNode{requirement}, {}, std::move(reason)});
}

void prefer_node(const Input& input, const config::NodeRequirement& requirement, std::int64_t weight,
                 std::string reason, Outcome& out) {
  if (!may_extend(input, "nodeAffinity.preferred",
                  "affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution", describe(requirement),
                  out)) {
    return;
  }
  out.changes.push_back({PreferNode{requirement, weight}, {}, std::move(reason)});
}

std::optional<std::string_view> find_foreign_sizing(const workload::Workload& workload) {
  // What an operator derives its flags from is the object, which is sized before it looks.
  if (workload.kind == workload::Kind::Other) return std::nullopt;
  // Sources: KubeRay ray-operator/controllers/ray/utils/constant.go, Spark's and Flink's Kubernetes integrations,
  // trinodb/charts charts/trino/templates/_helpers.tpl.
  if (workload.label("ray.io/is-ray-node") || workload.label("ray.io/cluster"))
    return "Ray derives its own limits from them";
  if (workload.label("spark-role")) return "Spark derives its heap from them";
  if (workload.label("type") == "flink-native-kubernetes" || workload.label("type") == "flink-standalone-kubernetes")
    return "Flink derives its heap from them";
  if (workload.label("app.kubernetes.io/name") == "trino")
    return "Trino's heap and query limits are of its own configuration";
  return std::nullopt;
}

namespace rules {

void affinity(const Input& input, Outcome& out) {
  for (const config::NodeAffinityRule& rule : input.settings.node_affinity) {
    if (!holds(rule.when, input)) continue;
    for (const config::NodeRequirement& requirement : rule.require) {
      require_node(input, requirement, "policy: " + describe(requirement), out);
    }
    for (const config::NodeAffinityRule::Preference& preference : rule.prefer) {
      prefer_node(input, preference.requirement, preference.weight, "policy: " + describe(preference.requirement), out);
    }
  }
}

}  // namespace rules
}  // namespace plimsoll::plan
