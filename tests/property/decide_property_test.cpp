// What must hold for every object, tried on many: generated from a seed, plausible and hostile in equal measure.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <span>
#include <string>

#include "decide/reviews.hpp"
#include "plimsoll/workload/effective_requests.hpp"

namespace plimsoll {
namespace {

using decide::Decision;

constexpr std::uint32_t kObjects = 10'000;

constexpr std::string_view kPolicies[] = {
    "",
    R"(
resources: {authored: raise, cpu: {request: 1, limit: 2}, memory: {request: 0.8, limit: 1.5, min: 64Mi, max: 64Gi, round: 16Mi}}
gpu: {require: true, models: [{name: T4, memory: 15Gi, nodeLabels: {g: [t4]}}, {name: A100, memory: 40Gi, nodeLabels: {g: [a, b]}}]}
tolerations: [{when: {gpu: '>0'}, add: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]}, {add: [{key: batch, operator: Exists}]}]
priority: {defaultClass: normal, bands: [{class: minutes, when: {duration: '<=5m'}, bound: 3}, {class: hours, when: {duration: '<=3h'}}, {class: long}]}
runtime: {podDeadline: {factor: 3, floor: 15m}}
nodeAffinity: [{when: {duration: '<=3h'}, prefer: [{key: spot, exists: true}], require: [{key: zone, in: [b]}, {key: pool, in: [p, q]}]}]
placement: [{when: {memory: '>=4Gi'}, spread: {over: host, how: required, upTo: 2}}, {spread: {over: zone, how: topology}}]
lists: template
onInvalidEstimate: {created: warn}
)",
    R"(
resources: {margin: {medium: 2}, memory: {limit: none}}
gpu: {resource: amd.com/gpu, models: [{name: T4, memory: 15Gi, nodeLabels: {g: [t4]}}]}
priority: {bands: [{class: urgent, when: {slack: '<1h'}}, {class: rest}]}
placement: [{spread: {over: host}}]
onUnknownKey: warn
onInvalidEstimate: {created: warn}
)",
    R"(
resources: {authored: replace, replace: {factor: 1.5, confidence: low}, cpu: {limit: 1}}
onInvalidEstimate: {created: warn}
)",
    R"(
gpu:
  dialects: [{when: {gpu: '>1'}, dialect: kai}, {when: {gpuMemory: '>0'}, dialect: mig}]
  mig: {profiles: [1g.5gb, 3g.20gb]}
  memoryLabel: nvidia.com/gpu.memory
  companions: [{resource: rdma/hca, perGpu: 1}, {resource: hugepages-2Mi, perGpu: 2Gi}]
  cudaLabel: cuda
  keepCpuPodsOff: {label: nvidia.com/gpu.present}
onInvalidEstimate: {created: warn}
)",
    R"(
gpu:
  require: true
  dialects: [{when: {gpu: '>1'}, dialect: hami}, {when: {gpuMemory: '>0'}, dialect: koordinator}]
  dialect: dra
  dra: {claimTemplates: [{name: one}, {name: one-large, memory: 40Gi}]}
  cudaLabel: cuda
  keepCpuPodsOff: {label: nvidia.com/gpu.present, require: true}
onInvalidEstimate: {created: warn}
)",
    R"(
gpu: {dialect: dra, dra: {claimTemplates: [{name: any, memory: 80Gi}]}}
onInvalidEstimate: {created: warn}
)",
    R"(
gpu:
  dialects: [{when: {gpu: '>1'}, dialect: volcano-vgpu}]
  dialect: kai
  split: true
  models: [{name: T4, memory: 4Gi, resource: nvidia.com/t4}, {name: A100, memory: 6Gi, nodeLabels: {g: [a]}}]
onInvalidEstimate: {created: warn}
)",
    R"(
schedulers: [volcano]
queues: {kueue: [{when: {duration: '>1h'}, queue: batch}], volcano: [{queue: v, gang: true}]}
disruption: {protectFrom: [cluster-autoscaler, karpenter]}
runtime: {podDeadline: {factor: 3, floor: 15m}, jobDeadline: {pending: 1h}}
tolerations: [{when: {interruptible: true}, add: [{key: spot, operator: Exists}]}]
onInvalidEstimate: {created: warn}
)",
    R"(
queues: {kueue: [{when: {labels: {team: a}}, queue: a}, {queue: rest}]}
disruption: {protectFrom: [karpenter], when: {labels: {kueue.x-k8s.io/queue-name: '*'}}}
runtime: {jobDeadline: {factor: 1, pending: 0s}}
onInvalidEstimate: {created: warn}
)",
};

// One source of choices. Distributions of the standard library differ between implementations; this does not.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& pick(const T (&from)[N]) {
    return from[below(N)];
  }

 private:
  std::mt19937 engine_;
};

constexpr std::string_view kQuantities[] = {"1",   "2",     "500m",   "100m", "4",   "8",    "64", "1Gi",
                                            "4Gi", "512Mi", "1024Mi", "10Gi", "1e9", "0",    "-1", "1.5",
                                            "33m", "7777",  "12Ei",   "1n",   "0.1", "100Gi"};
constexpr std::string_view kResources[] = {
    "cpu",           "memory",   "ephemeral-storage",         "nvidia.com/gpu",   "amd.com/gpu", "example.com/odd",
    "hugepages-2Mi", "rdma/hca", "koordinator.sh/gpu-memory", "nvidia.com/gpumem"};
constexpr std::string_view kNames[] = {"main", "side", "istio-proxy", "init", "labels", "x\u202Ey"};
constexpr std::string_view kKeys[] = {"cpu",          "memory",      "ephemeral-storage", "gpu",       "gpu-memory",
                                      "duration",     "deadline",    "confidence",        "container", "family",
                                      "gpu-model",    "memory.main", "cpu.side",          "gpu.init",  "memory.late",
                                      "memroy",       "strange",     "containers",        "cuda",      "extended",
                                      "interruptible"};
constexpr std::string_view kValues[] = {"1",
                                        "2",
                                        "4Gi",
                                        "512Mi",
                                        "90m",
                                        "4m",
                                        "+6h",
                                        "+1m",
                                        "2026-06-01T00:00:00Z",
                                        "9999-12-31T23:59:59Z",
                                        "low",
                                        "high",
                                        "main",
                                        "side",
                                        "*",
                                        "T4",
                                        "A100,T4",
                                        "0",
                                        "-1",
                                        "",
                                        "90",
                                        "0.5",
                                        "12GiB",
                                        "\u202E",
                                        "1e3",
                                        R"({"main":{"memory":"2Gi","cpu":"1"}})",
                                        "{"};

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : dice_(seed) {}

  std::string_view kind() const { return kind_; }

  std::string object() {
    kind_ = dice_.one_in(2) ? "Pod" : "Job";
    w_.begin_object();
    unknown();
    if (kind_ == "Pod") {
      pod();
    } else {
      metadata("metadata");
      w_.key("spec").begin_object();
      unknown();
      job_spec();
      w_.key("template").begin_object();
      unknown();
      pod();
      w_.end_object().end_object();
    }
    w_.end_object();
    return std::move(w_).take();
  }

  /// An object of one of the kinds that have their templates elsewhere, in one place or several.
  std::string object_of(const config::KindRule& rule) {
    kind_ = rule.kind;
    std::vector<std::vector<std::string>> patterns;
    for (const std::string& pattern : rule.templates) patterns.push_back(json::Pointer(pattern).tokens());
    w_.begin_object().member("apiVersion", rule.group + "/v1").member("kind", rule.kind);
    unknown();
    metadata("metadata");
    way_to_templates({patterns.begin(), patterns.end()});
    w_.end_object();
    return std::move(w_).take();
  }

 private:
  using Ways = std::vector<std::span<const std::string>>;

  /// The members of an object through which `ways` lead.
  void way_to_templates(const Ways& ways) {
    std::map<std::string, Ways> onward;
    for (const auto way : ways) onward[way.front()].push_back(way.subspan(1));
    for (const auto& [token, rest] : onward) {
      if (dice_.one_in(20)) continue;  // somebody forgot it
      w_.key(token);
      place(rest);
    }
  }
  void place(const Ways& ways) {
    if (ways.front().empty()) {
      if (dice_.one_in(40)) {
        w_.value("no template");
        return;
      }
      w_.begin_object();
      unknown();
      pod();
      w_.end_object();
    } else if (ways.front().front() == "*") {
      const bool is_list = dice_.one_in(2);
      is_list ? w_.begin_array() : w_.begin_object();
      for (std::size_t n = dice_.below(4); n > 0; --n) {
        if (!is_list) w_.key("role/" + std::to_string(n));
        place({ways.front().subspan(1)});
      }
      is_list ? w_.end_array() : w_.end_object();
    } else {
      w_.begin_object();
      unknown();
      if (dice_.one_in(4)) metadata("metadata");
      if (dice_.one_in(4)) w_.member("completions", static_cast<int>(dice_.below(9)));
      way_to_templates(ways);
      w_.end_object();
    }
  }

  // A field that this program has never heard of. Every one is another.
  void unknown() {
    if (dice_.one_in(3)) return;
    const std::string n = std::to_string(++unknown_);
    w_.key("newField" + n)
        .begin_object()
        .member("deep", "survivor-" + n)
        .key("list")
        .begin_array()
        .value(1)
        .null()
        .end_array()
        .end_object();
  }

  void job_spec() {
    if (dice_.one_in(3)) w_.member("completions", static_cast<int>(dice_.below(20)));
    if (dice_.one_in(3)) w_.member("parallelism", static_cast<int>(dice_.below(6)));
    if (dice_.one_in(4)) w_.member("backoffLimit", static_cast<int>(dice_.below(4)));
    if (dice_.one_in(8)) w_.member("backoffLimitPerIndex", static_cast<int>(dice_.below(3)));
    if (dice_.one_in(6)) w_.member("activeDeadlineSeconds", static_cast<int>(dice_.below(2000)));
    constexpr std::string_view kSuspend[] = {"null", "true", "false", "false", R"("true")"};
    if (dice_.one_in(2)) w_.key("suspend").raw(dice_.pick(kSuspend));
  }

  void annotations() {
    w_.key("annotations");
    if (dice_.one_in(20)) {
      w_.null();
      return;
    }
    w_.begin_object();
    std::set<std::string> used;
    for (std::size_t n = dice_.below(6); n > 0; --n) {
      const std::string key = "estimate.plimsoll.dev/" + std::string(dice_.pick(kKeys));
      if (!used.insert(key).second) continue;
      w_.member(key, dice_.one_in(3) ? dice_.pick(kValues) : plausible(key));
    }
    if (dice_.one_in(3)) w_.member("plimsoll.dev/decision", marker());
    if (dice_.one_in(4)) {
      w_.member("kubernetes.io/limit-ranger",
                "LimitRanger plugin set: " + std::string(dice_.pick(kResources)) + ", memory request for container " +
                    std::string(dice_.pick(kNames)) +
                    "; cpu, memory limit for container main; cpu limit for init container init");
    }
    if (dice_.one_in(10)) w_.member("kubectl.kubernetes.io/default-container", dice_.pick(kNames));
    if (dice_.one_in(10)) w_.member("foreign.example.com/a", "b");
    if (dice_.one_in(10)) w_.member("gpu-memory", dice_.pick(kQuantities));
    constexpr std::string_view kOthers[] = {"scheduling.volcano.sh/group-min-member",
                                            "scheduling.volcano.sh/queue-name", "scheduling.k8s.io/group-name",
                                            "karpenter.sh/do-not-disrupt", "kueue.x-k8s.io/queue-name"};
    if (dice_.one_in(6)) w_.member(dice_.pick(kOthers), dice_.one_in(2) ? "4" : "true");
    w_.end_object();
  }

  std::string_view plausible(std::string_view key) {
    const auto is = [&](std::string_view name) { return key.substr(22).starts_with(name); };
    if (is("cuda")) return ">=12.4";
    if (is("extended")) return dice_.one_in(2) ? "rdma/hca=1" : "rdma/hca=2,hugepages-2Mi=4Gi";
    if (is("cpu")) return dice_.one_in(2) ? "2" : "250m";
    if (is("gpu-memory")) return "10Gi";
    if (is("gpu-model")) return "A100";
    if (is("gpu")) return "1";
    if (is("duration")) return dice_.one_in(2) ? "4m" : "2h";
    if (is("deadline")) return "+6h";
    if (is("confidence")) return "low";
    if (is("interruptible")) return dice_.one_in(2) ? "true" : "10m";
    if (is("container")) return dice_.one_in(3) ? "*" : "main";
    return "2Gi";
  }

  std::string marker() {
    if (dice_.one_in(5)) return R"({"v":1,"set":{)";
    json::Writer m;
    m.begin_object()
        .member("v", static_cast<int>(1 + (dice_.one_in(10) ? 1 : 0)))
        .member("policy", "p")
        .member("estimate", "e");
    if (dice_.one_in(2)) m.member("container", dice_.pick(kNames));
    if (dice_.one_in(3)) m.member("at", "2025-01-01T00:00:00Z").member("deadline", dice_.pick(kValues));
    for (const char* slots : {"set", "was"}) {
      m.key(slots).begin_object();
      std::set<std::string> used;
      for (std::size_t n = dice_.below(5); n > 0; --n) {
        std::string slot = std::string(dice_.pick(kNames)) + (dice_.one_in(2) ? ".requests." : ".limits.") +
                           std::string(dice_.pick(kResources));
        constexpr std::string_view kSlots[] = {"priorityClassName",
                                               "activeDeadlineSeconds",
                                               "nodeSelector.zone",
                                               "labels.plimsoll.dev/family",
                                               "tolerations",
                                               "nodeAffinity.required",
                                               "nodeAffinity.preferred",
                                               "podAntiAffinity.required",
                                               "topologySpreadConstraints",
                                               "resourceClaims",
                                               "main.claims",
                                               "*.requests.memory",
                                               "*.limits.cpu",
                                               "annotations.gpu-memory",
                                               "annotations.estimate.plimsoll.dev/memory",
                                               "annotations.karpenter.sh/do-not-disrupt",
                                               "annotations.scheduling.volcano.sh/queue-name",
                                               "schedulerName",
                                               "job.suspend",
                                               "job.activeDeadlineSeconds",
                                               "job.template",
                                               "objectLabels.kueue.x-k8s.io/queue-name",
                                               "objectLabels.team",
                                               "objectAnnotations.scheduling.volcano.sh/group-min-member",
                                               "objectAnnotations.estimate.plimsoll.dev/memory",
                                               "nonsense"};
        if (dice_.one_in(2)) slot = dice_.pick(kSlots);
        if (!used.insert(slot).second) continue;
        constexpr std::string_view kTexts[] = {R"("1")",
                                               R"("4Gi")",
                                               R"("8")",
                                               "900",
                                               R"("minutes")",
                                               R"("b")",
                                               R"([{"key":"batch","operator":"Exists"}])",
                                               R"([{"name":"g"}])",
                                               R"([{"name":"g","resourceClaimTemplateName":"one"}])",
                                               R"([{"key":"zone","operator":"In","values":["b"]}])",
                                               "null",
                                               R"({"a":[]})",
                                               "[]",
                                               "-1",
                                               "true",
                                               R"("-5")"};
        m.key(slot).raw(dice_.pick(kTexts));
      }
      m.end_object();
    }
    m.end_object();
    return std::move(m).take();
  }

  void metadata(std::string_view key) {
    if (dice_.one_in(30)) return;
    w_.key(key).begin_object();
    unknown();
    if (!dice_.one_in(4)) w_.member("name", "n");
    if (dice_.one_in(6)) {
      constexpr std::string_view kOwners[] = {"Job", "CronJob", "ReplicaSet", "Node", "JobSet"};
      w_.key("ownerReferences")
          .begin_array()
          .begin_object()
          .member("apiVersion", "batch/v1")
          .member("kind", dice_.pick(kOwners));
      w_.member("name", "owner").member("controller", true).end_object().end_array();
    }
    if (dice_.one_in(4)) {
      w_.key("labels").begin_object().member("team", "a");
      if (dice_.one_in(3)) w_.member("plimsoll.dev/family", "mine");
      if (dice_.one_in(5)) w_.member("kueue.x-k8s.io/queue-name", dice_.one_in(2) ? "b" : "");
      if (dice_.one_in(8)) w_.member("ray.io/cluster", "c");
      w_.end_object();
    }
    annotations();
    w_.end_object();
  }

  void amounts(std::string_view side) {
    w_.key(side);
    if (dice_.one_in(15)) {
      w_.null();
      return;
    }
    w_.begin_object();
    std::set<std::string_view> used;
    for (std::size_t n = dice_.below(4); n > 0; --n) {
      const std::string_view resource = dice_.pick(kResources);
      if (!used.insert(resource).second) continue;
      w_.key(resource);
      if (dice_.one_in(10)) {
        w_.value(static_cast<int>(dice_.below(5)));
      } else {
        w_.value(dice_.pick(kQuantities));
      }
    }
    w_.end_object();
  }

  void containers(std::string_view list, std::size_t most) {
    w_.key(list).begin_array();
    const std::size_t count = dice_.below(most + 1);
    const std::size_t first = dice_.below(std::size(kNames));
    for (std::size_t i = 0; i < count; ++i) {
      w_.begin_object().member("name", list == "containers" ? kNames[(first + i) % 3]
                                       : i == 0             ? "init"
                                                            : kNames[4 + i % 2]);
      unknown();
      if (list == "initContainers" && dice_.one_in(2)) w_.member("restartPolicy", "Always");
      if (dice_.one_in(5)) w_.key("args").begin_array().value(dice_.one_in(2) ? "-Xmx3g" : "-Xmx").end_array();
      if (dice_.one_in(5))
        w_.key("volumeMounts").begin_array().begin_object().member("name", "shm").end_object().end_array();
      if (!dice_.one_in(3)) {
        w_.key("resources").begin_object();
        unknown();
        if (dice_.one_in(2)) amounts("requests");
        if (dice_.one_in(2)) amounts("limits");
        if (dice_.one_in(25))
          w_.key("claims").begin_array().begin_object().member("name", "g").end_object().end_array();
        w_.end_object();
      }
      w_.end_object();
    }
    w_.end_array();
  }

  void affinity() {
    w_.key("affinity");
    if (dice_.one_in(6)) {
      w_.null();
      return;
    }
    w_.begin_object();
    unknown();
    constexpr std::string_view kTerms[] = {
        "null",
        "{}",
        R"({"nodeSelectorTerms":[]})",
        R"({"nodeSelectorTerms":[{}]})",
        R"({"nodeSelectorTerms":[{"matchExpressions":[]}]})",
        R"({"nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]},{"newField":"survivor-term","matchFields":[{"key":"f","operator":"In","values":["v"]}]}]})",
        R"({"nodeSelectorTerms":[{"matchExpressions":[{"values":["b"],"operator":"In","key":"zone"}]},{},{"matchExpressions":null}]})"};
    constexpr std::string_view kPreferred[] = {
        "null", "[]", R"([{"weight":50,"preference":{"matchExpressions":[{"key":"spot","operator":"Exists"}]}}])",
        R"([{"weight":1,"preference":{}}])"};
    if (!dice_.one_in(4)) {
      w_.key("nodeAffinity").begin_object();
      if (dice_.one_in(2)) w_.key("requiredDuringSchedulingIgnoredDuringExecution").raw(dice_.pick(kTerms));
      if (dice_.one_in(2)) w_.key("preferredDuringSchedulingIgnoredDuringExecution").raw(dice_.pick(kPreferred));
      w_.end_object();
    }
    if (dice_.one_in(3))
      w_.key("podAntiAffinity")
          .raw(dice_.one_in(2) ? "{}"
                               : R"({"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"host"}]})");
    w_.end_object();
  }

  void pod() {
    metadata("metadata");
    w_.key("spec").begin_object();
    unknown();
    constexpr std::string_view kRestart[] = {"Never", "OnFailure", "Always"};
    if (!dice_.one_in(4)) w_.member("restartPolicy", dice_.pick(kRestart));
    if (dice_.one_in(25)) {
      w_.key("resourceClaims").raw(dice_.one_in(2) ? R"([{"name":"g","resourceClaimTemplateName":"one"}])" : "[]");
    }
    containers("containers", 3);
    if (dice_.one_in(3)) containers("initContainers", 3);
    constexpr std::string_view kSchedulers[] = {"volcano", "default-scheduler", "kai-scheduler", "", "b"};
    if (dice_.one_in(3)) w_.member("schedulerName", dice_.pick(kSchedulers));
    constexpr std::string_view kClasses[] = {"minutes", "hours", "normal", "mine", ""};
    if (dice_.one_in(3)) w_.member("priorityClassName", dice_.pick(kClasses));
    if (dice_.one_in(4)) w_.member("priority", static_cast<int>(dice_.below(9)));
    if (dice_.one_in(6)) w_.member("preemptionPolicy", "Never");
    if (dice_.one_in(6)) w_.member("activeDeadlineSeconds", static_cast<int>(dice_.below(2000)) - 1);
    constexpr std::string_view kTolerations[] = {
        "null", "[]", R"([{"key":"batch","operator":"Exists"}])", R"([{"operator":"Exists"}])",
        R"([{"key":"nvidia.com/gpu","operator":"Exists","effect":"NoSchedule","newField":"survivor-t"}])"};
    if (dice_.one_in(3)) w_.key("tolerations").raw(dice_.pick(kTolerations));
    if (dice_.one_in(5))
      w_.key("topologySpreadConstraints").raw(dice_.one_in(2) ? "[]" : R"([{"maxSkew":3,"topologyKey":"zone"}])");
    constexpr std::string_view kSelectors[] = {"null", "{}", R"({"zone":"a"})", R"({"zone":"b"})", R"({"g":"t4"})"};
    if (dice_.one_in(3)) w_.key("nodeSelector").raw(dice_.pick(kSelectors));
    if (dice_.one_in(3)) affinity();
    if (dice_.one_in(4)) w_.key("volumes").raw(R"([{"name":"shm","emptyDir":{"medium":"Memory","sizeLimit":"2Gi"}}])");
    constexpr std::string_view kOfThePod[] = {R"({"requests":{"cpu":"2","memory":"1Gi"}})",
                                              R"({"limits":{"cpu":"2","memory":"16Gi"}})",
                                              R"({"requests":{"memory":"1Gi"},"limits":{"memory":"2Gi","cpu":"64"}})"};
    if (dice_.one_in(20)) w_.key("resources").raw(dice_.pick(kOfThePod));
    if (dice_.one_in(25)) w_.key("resourceClaims").raw(R"([{"name":"g"}])");
    w_.end_object();
  }

  Dice dice_;
  json::Writer w_;
  std::string_view kind_;
  int unknown_ = 0;
};

// Every text that nobody but the author can have put there.
void collect_survivors(json::View view, std::multiset<std::string>& out) {
  if (const auto text = view.text(); text && text->starts_with("survivor-")) out.emplace(*text);
  for (const json::Member& member : view.members()) collect_survivors(member.value, out);
  for (const json::View element : view.elements()) collect_survivors(element, out);
}
std::multiset<std::string> survivors(json::View view) {
  std::multiset<std::string> found;
  collect_survivors(view, found);
  return found;
}

bool exceeds(const workload::Container& container, std::string_view resource) {
  const auto request = container.present(workload::Side::Request, resource);
  const auto limit = container.present(workload::Side::Limit, resource);
  return request && limit && *request > *limit;
}

// Containers whose request is above the limit, where it was not so before.
std::string overcommitted(const workload::Workload& before, const workload::Workload& after) {
  for (std::size_t i = 0; i < after.containers.size(); ++i) {
    for (const workload::Amount& amount : after.containers[i].amounts) {
      if (exceeds(after.containers[i], amount.resource) && !exceeds(before.containers[i], amount.resource)) {
        return std::string(after.containers[i].name) + " " + std::string(amount.resource);
      }
    }
  }
  return "";
}

// The views of an object of any kind, by the way to its templates: those that are there and are any.
std::vector<workload::Workload> view_all(std::string_view kind, json::View object) {
  std::vector<workload::Workload> views;
  if (kind == "Pod" || (kind == "Job" && !object["apiVersion"])) {
    if (auto whole = workload::view_workload(kind == "Pod" ? workload::Kind::Pod : workload::Kind::Job, object)) {
      views.push_back(std::move(*whole));
    }
    return views;
  }
  for (const config::KindRule& rule : config::built_in_kinds()) {
    if (object["apiVersion"].text() != rule.group + "/v1" || rule.kind != kind) continue;
    for (const std::string& pattern : rule.templates) {
      for (const json::Pointer& at : workload::find_templates(object, pattern)) {
        if (auto one = workload::view_template(object, at, workload::Seen::AsObject)) views.push_back(std::move(*one));
      }
    }
  }
  return views;
}

// Whoever only looks changes nothing, and stands in no update's way.
void check_validation(std::string_view kind, const std::string& object, const decide::Snapshot& world) {
  for (const std::string_view operation : {"CREATE", "UPDATE"}) {
    const auto review =
        given::review_of_json(kind, object, {.operation = operation, .route = admission::Route::Validate});
    const Decision decision = decide::decide(review, world, given::kNow);
    if (decision.patch.empty() && decision.verdict != decide::Verdict::Mutated &&
        decision.verdict != decide::Verdict::Failed &&
        (operation == "CREATE" || decision.verdict != decide::Verdict::Rejected)) {
      continue;
    }
    FAIL("validating " << operation << " ends " << to_text(decision.verdict) << "\n" << object);
  }
}

// Decides `object` and holds the decision to its promises; the decision, and the object after it.
struct Outcome {
  Decision decision;
  std::string after;
};
Outcome decide_and_check(std::string_view kind_name, const std::string& object, const decide::Snapshot& world,
                         const decide::Snapshot& other) {
  const auto review = given::review_of_json(kind_name, object);
  Decision decision = decide::decide(review, world, given::kNow);
  const auto require = [&](bool holds, std::string_view what) {
    if (holds) return;
    FAIL(what << "\nverdict " << to_text(decision.verdict) << " " << decision.message << "\n"
              << object << "\n"
              << patch::write_patch(decision.patch));
  };
  require(decision.verdict != decide::Verdict::Failed, "failed");
  require(decision.patch.empty() == (decision.verdict != decide::Verdict::Mutated), "a patch and its verdict differ");
  for (const std::string& warning : decision.warnings) {
    require(warning.find("\u202E") == std::string::npos, "unescaped text in a warning");
  }
  const auto same = given::review_of_json(kind_name, object);
  const Decision twin = decide::decide(same, world, given::kNow);
  require(encode_answer(make_answer(review, decision)) == encode_answer(make_answer(same, twin)), "bytes differ");
  if (decision.patch.empty()) return {std::move(decision), object};

  const auto applied = patch::apply(review.object, decision.patch);
  require(applied.has_value(), "the patch does not apply");
  require(survivors(review.object) == survivors(applied->root()), "an unknown field was lost");
  const auto before = view_all(kind_name, review.object);
  const auto after = view_all(kind_name, applied->root());
  require(after.size() == before.size() && !after.empty(), "the result is malformed");
  for (std::size_t i = 0; i < after.size(); ++i) {
    require(overcommitted(before[i], after[i]).empty(), "a request exceeds its limit");
  }

  std::string text = json::write(applied->root());
  const auto again = given::review_of_json(kind_name, text);
  const TimePoint later = given::kNow + std::chrono::hours(1);
  require(decide::decide(again, world, given::kNow).patch.empty(), "not idempotent");
  require(decide::decide(again, world, later).patch.empty(), "not idempotent an hour later");
  // What was not decided may be decided by another policy.
  const bool all_decided =
      std::ranges::all_of(after, [](const workload::Workload& one) { return one.marker.has_value(); });
  if (all_decided) require(decide::decide(again, other, later).patch.empty(), "not idempotent under another policy");
  return {std::move(decision), std::move(text)};
}

TEST_CASE("every decision keeps what is promised of all of them") {
  std::vector<decide::Snapshot> worlds;
  for (const std::string_view fields : kPolicies) worlds.push_back(given::world(fields));
  std::map<std::string_view, int> verdicts;
  int re_created = 0;
  for (std::uint32_t seed = 0; seed < kObjects; ++seed) {
    INFO("seed " << seed);
    Generator generator(seed);
    const std::string object = generator.object();
    const decide::Snapshot& world = worlds[seed % worlds.size()];
    const decide::Snapshot& other = worlds[(seed + 1) % worlds.size()];
    Outcome outcome = decide_and_check(generator.kind(), object, world, other);
    ++verdicts[to_text(outcome.decision.verdict)];
    if (seed % 8 == 0) check_validation(generator.kind(), object, world);

    // As if the result were exported, its estimate edited, and created again under another policy.
    const std::string& hash = outcome.decision.estimate.hash;
    const std::size_t at = hash.empty() ? std::string::npos : outcome.after.find(hash);
    if (at == std::string::npos) continue;
    outcome.after.replace(at, hash.size(), "edited");
    decide_and_check(generator.kind(), outcome.after, other, world);
    ++re_created;
  }
  // The generator must reach what it is for.
  CHECK(verdicts["Mutated"] > 3000);
  CHECK(verdicts["Rejected"] > 300);
  CHECK(verdicts["Unchanged"] > 30);
  CHECK(verdicts["Skipped"] > 300);
  CHECK(re_created > 3000);
}

TEST_CASE("what is estimated of a whole pod is what the scheduler counts, unless a warning says otherwise") {
  const decide::Snapshot worlds[] = {given::world(""), given::world("resources: {authored: raise}"),
                                     given::world("resources: {authored: replace, cpu: {limit: 2, round: 100m}}")};
  int exact = 0;
  int told = 0;
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    INFO("seed " << seed);
    Dice dice(seed);
    json::Writer w;
    const auto container = [&](const std::string& name, bool may_stay) {
      w.begin_object().member("name", name);
      if (may_stay && dice.one_in(2)) w.member("restartPolicy", "Always");
      constexpr std::string_view kAmounts[] = {R"({"requests":{"cpu":"1"}})", R"({"limits":{"cpu":"700m"}})",
                                               R"({"requests":{"cpu":"3"},"limits":{"cpu":"5"}})",
                                               R"({"requests":{"cpu":"9"}})"};
      if (dice.one_in(3)) w.key("resources").raw(dice.pick(kAmounts));
      w.end_object();
    };
    w.begin_object().key("metadata").begin_object().key("annotations").begin_object();
    w.member("estimate.plimsoll.dev/container", "*").member("estimate.plimsoll.dev/cpu", "8");
    if (dice.one_in(4)) w.member("estimate.plimsoll.dev/cpu.a0", "1500m");
    w.end_object().end_object().key("spec").begin_object();
    if (dice.one_in(8)) w.key("resources").raw(R"({"limits":{"cpu":"16"}})");
    w.key("containers").begin_array();
    for (std::size_t i = 0, n = 1 + dice.below(3); i < n; ++i) container("a" + std::to_string(i), false);
    w.end_array().key("initContainers").begin_array();
    for (std::size_t i = 0, n = dice.below(4); i < n; ++i) container("i" + std::to_string(i), true);
    w.end_array().end_object().end_object();
    const decide::Snapshot& world = worlds[seed % std::size(worlds)];
    const std::string object = std::move(w).take();
    const Outcome outcome = decide_and_check("Pod", object, world, world);
    const bool is_told = std::ranges::any_of(outcome.decision.warnings, [](const std::string& warning) {
      return warning.find("together") != std::string::npos;
    });
    const auto after = json::Document::parse(outcome.after);
    const auto workload = workload::view_workload(workload::Kind::Pod, after->root());
    const auto needs = workload::effective_requests(*workload);
    const auto cpu = std::ranges::find(needs, "cpu", &workload::Need::resource);
    INFO(outcome.after);
    REQUIRE(cpu != needs.end());
    const bool is_exact = cpu->quantity == *parse_quantity("8");
    // The limit of the whole pod, alone, is its request, and its author's.
    const bool is_pods = object.find(R"({"limits":{"cpu":"16"}})") != std::string::npos;
    if (!is_told && !is_pods) CHECK(is_exact);
    exact += is_exact ? 1 : 0;
    told += is_told ? 1 : 0;
  }
  CHECK(exact > 800);
  CHECK(told > 100);
}

TEST_CASE("the same is promised of every kind, whatever stands between the object and its templates") {
  std::vector<decide::Snapshot> worlds;
  for (const std::string_view fields : kPolicies) {
    worlds.push_back(given::world(std::string(fields) + (worlds.size() == 1 ? "decideAt: pod\n" : "")));
  }
  std::vector<config::KindRule> rules = config::built_in_kinds();
  std::erase_if(rules, [](const config::KindRule& rule) { return rule.templates.empty() || rule.group == "batch"; });
  std::map<std::string_view, int> verdicts;
  std::set<std::string_view> mutated;
  int several = 0;
  for (std::uint32_t seed = 0; seed < kObjects; ++seed) {
    INFO("seed " << seed);
    Generator generator(seed);
    const config::KindRule& rule = rules[seed % rules.size()];
    const std::string object = generator.object_of(rule);
    const decide::Snapshot& world = worlds[seed % worlds.size()];
    const Outcome outcome = decide_and_check(rule.kind, object, world, worlds[(seed + 1) % worlds.size()]);
    check_validation(rule.kind, object, world);
    ++verdicts[to_text(outcome.decision.verdict)];
    if (outcome.decision.verdict == decide::Verdict::Mutated) {
      mutated.insert(rule.kind);
      CHECK(rule.level == config::Level::Object);
    }
    if (!outcome.decision.further.empty()) ++several;
  }
  CHECK(verdicts["Mutated"] > 1000);
  CHECK(verdicts["Rejected"] > 300);
  CHECK(verdicts["Unchanged"] > 300);
  CHECK(verdicts["Skipped"] > 300);
  CHECK(several > 2000);
  CHECK(mutated ==
        std::set<std::string_view>{"JobSet", "PyTorchJob", "TFJob", "MPIJob", "RayCluster", "RayJob", "Job"});
}

}  // namespace
}  // namespace plimsoll
