// Every rule by what it plans: policy fields, annotations (without the prefix) and a pod spec in, changes and warnings
// out.
#include <catch2/catch.hpp>
#include <variant>

#include "given.hpp"
#include "plimsoll/plan/plan.hpp"

namespace plimsoll::plan {
namespace {

using workload::Kind;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::string describe(const config::NodeRequirement& r) {
  return r.key + " " + r.op + " " + join(r.values);
}

std::string describe(const Change& change, const workload::Workload& workload) {
  return std::visit(
      Overloaded{
          [&](const SetAmount& c) {
            return std::string(workload.containers[c.container].name) +
                   (c.side == workload::Side::Request ? ".requests." : ".limits.") + c.resource + "=" + c.quantity;
          },
          [](const SetPodAmount& c) {
            return (c.side == workload::Side::Request ? "pod.requests." : "pod.limits.") + c.resource + "=" +
                   c.quantity;
          },
          [](const SetPriorityClass& c) { return "class=" + c.name; },
          [](const AddToleration& c) {
            return "tolerate " + c.toleration.key + " " + c.toleration.op + " " + c.toleration.value + ":" +
                   c.toleration.effect;
          },
          [](const AddNodeSelector& c) { return "select " + c.key + "=" + c.value; },
          [](const RequireNode& c) { return "require " + describe(c.requirement); },
          [](const PreferNode& c) { return "prefer " + describe(c.requirement) + "*" + std::to_string(c.weight); },
          [](const AddPodAffinity& c) { return "together " + c.topology_key + " " + c.family; },
          [](const AddPodAntiAffinity& c) {
            return (c.strength == AddPodAntiAffinity::Strength::Required ? "apart! " : "apart ") + c.topology_key +
                   " " + c.family;
          },
          [](const AddTopologySpread& c) { return "spread " + c.topology_key + " " + c.family; },
          [](const SetPodDeadline& c) { return "deadline=" + std::to_string(c.seconds); },
          [](const SetLabel& c) { return "label " + c.key + "=" + c.value; },
          [](const SetScheduler& c) { return "scheduler=" + c.name; },
          [](const SetJobDeadline& c) { return "job-deadline=" + std::to_string(c.seconds); },
          [](const SuspendJob&) { return std::string("suspend"); },
          [](const SetJobLabel& c) { return "job-label " + c.key + "=" + c.value; },
          [](const SetJobAnnotation& c) { return "job-annotation " + c.key + "=" + c.value; },
          [](const SetPodAnnotation& c) { return "annotation " + c.key + "=" + c.value; },
          [](const AddResourceClaim& c) { return "claim " + c.name + " from " + c.claim_template; },
          [&](const UseResourceClaim& c) {
            return std::string(workload.containers[c.container].name) + " uses " + c.name;
          },
      },
      change.edit);
}

struct Case {
  std::string_view name;
  std::string_view policy;
  std::string_view annotations;
  std::string_view spec;
  std::vector<std::string> want;
  std::vector<std::string> warns = {};  // a part of each
  Kind kind = Kind::Pod;
  std::string_view metadata = "";  // of the pod
  std::string_view job_metadata = "";
  std::string_view job_spec = "";
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.name);
    std::string annotations;
    std::string_view rest = c.annotations;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const std::size_t equals = rest.find('=');
      annotations += "estimate.plimsoll.dev/" + std::string(rest.substr(0, equals)) + ": '" +
                     std::string(rest.substr(equals + 1, end - equals - 1)) + "', ";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const std::string pod =
        "{metadata: {name: p, " + std::string(c.metadata) +
        (c.metadata.find("annotations:") == std::string_view::npos ? "annotations: {" + annotations + "}" : "") +
        "}, spec: " + std::string(c.spec) + "}";
    const std::string yaml = c.kind == Kind::Pod ? pod
                                                 : "metadata: {name: p, " + std::string(c.job_metadata) + "}\nspec: {" +
                                                       std::string(c.job_spec) + " template: " + pod + "}";
    const auto object = given::object(c.kind, yaml);
    const config::Policy policy = given::policy(c.policy);
    auto reading = estimate::read_estimate(object.workload, policy, policy.base, given::time("2026-01-01T00:00:00Z"));
    for (const auto& problem : reading.problems) FAIL(estimate::to_text(problem));
    weigh_gpus(object.workload, policy.base, {}, reading);
    Plan plan = make_plan(object.workload, reading.estimate, policy.base, {});
    for (const auto& problem : reading.problems) plan.warnings.push_back(problem.message);
    std::vector<std::string> changes;
    for (const Change& change : plan.changes) {
      changes.push_back(describe(change, object.workload));
      CHECK_FALSE(change.reason.empty());
      CHECK_FALSE(change.rule.empty());
    }
    CHECK(changes == c.want);
    std::string warnings;
    for (const std::string& warning : plan.warnings) warnings += warning + "\n";
    INFO(warnings);
    REQUIRE(plan.warnings.size() == c.warns.size());
    for (std::size_t i = 0; i < c.warns.size(); ++i) CHECK_THAT(plan.warnings[i], Catch::Contains(c.warns[i]));
  }
}

constexpr std::string_view kRaise = "resources: {authored: raise}";

TEST_CASE("sizes that are missing are filled in") {
  check({
      {"memory takes the margin, on both sides",
       "",
       "memory=4Gi",
       "{containers: [{name: a}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi"}},
      {"cpu takes none and gets no limit", "", "cpu=8", "{containers: [{name: a}]}", {"a.requests.cpu=8"}},
      {"storage like memory",
       "",
       "ephemeral-storage=20Gi",
       "{containers: [{name: a}]}",
       {"a.requests.ephemeral-storage=25Gi", "a.limits.ephemeral-storage=25Gi"}},
      {"low confidence widens",
       "",
       "memory=4Gi confidence=low",
       "{containers: [{name: a}]}",
       {"a.requests.memory=6Gi", "a.limits.memory=6Gi"}},
      {"high confidence narrows, rounded up to a mebibyte",
       "",
       "memory=4Gi confidence=high",
       "{containers: [{name: a}]}",
       {"a.requests.memory=4506Mi", "a.limits.memory=4506Mi"}},
      {"factors",
       "resources: {cpu: {request: 0.5, limit: 2}, memory: {request: 0.5, limit: 2}}",
       "cpu=4 memory=4Gi",
       "{containers: [{name: a}]}",
       {"a.requests.cpu=2", "a.limits.cpu=8", "a.requests.memory=2560Mi", "a.limits.memory=10Gi"}},
      {"no memory limit",
       "resources: {memory: {limit: none}}",
       "memory=4Gi",
       "{containers: [{name: a}]}",
       {"a.requests.memory=5Gi"}},
      {"min",
       "resources: {memory: {min: 1Gi}, cpu: {min: 100m}}",
       "memory=64Mi cpu=1m",
       "{containers: [{name: a}]}",
       {"a.requests.cpu=100m", "a.requests.memory=1Gi", "a.limits.memory=1Gi"}},
      {"cpu is held at the maximum",
       "",
       "cpu=100",
       "{containers: [{name: a}]}",
       {"a.requests.cpu=64"},
       {"cpu of container a is held at the policy's maximum 64"}},
      {"the margin is cut at the maximum",
       "",
       "memory=500Gi",
       "{containers: [{name: a}]}",
       {"a.requests.memory=512Gi", "a.limits.memory=512Gi"},
       {"held at the policy's maximum 512Gi"}},
      {"round",
       "resources: {memory: {round: 1Gi}, cpu: {round: 500m}}",
       "memory=1Gi cpu=1100m",
       "{containers: [{name: a}]}",
       {"a.requests.cpu=1500m", "a.requests.memory=2Gi", "a.limits.memory=2Gi"}},
      {"heap and volumes are the floor",
       "",
       "memory=1Gi",
       "{containers: [{name: a, args: [-Xmx6g]}]}",
       {"a.requests.memory=6Gi", "a.limits.memory=6Gi"}},
      {"a floor that is not needed",
       "",
       "memory=8Gi",
       "{containers: [{name: a, args: [-Xmx6g]}]}",
       {"a.requests.memory=10Gi", "a.limits.memory=10Gi"}},
      {"each named container its own",
       "",
       "memory.a=4Gi memory.i=1Gi",
       "{containers: [{name: a}, {name: b}], initContainers: [{name: i}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi", "i.requests.memory=1280Mi", "i.limits.memory=1280Mi"}},
      {"in a Job's template too",
       "",
       "memory=4Gi",
       "{containers: [{name: a}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi"},
       {},
       Kind::Job},
      {"what is only declared is not written back",
       "",
       "duration=1h",
       "{containers: [{name: a, resources: {requests: {memory: 1Gi}}}]}",
       {}},
  });
}

TEST_CASE("sizes that the author wrote are kept") {
  check({
      {"request, and only the limit is added",
       "",
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 5Gi}}}]}",
       {"a.limits.memory=5Gi"}},
      {"a greater request carries the limit with it",
       "",
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 8Gi}}}]}",
       {"a.limits.memory=8Gi"}},
      {"a request below the estimate stands, with a warning",
       "",
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 1Gi}}}]}",
       {"a.limits.memory=5Gi"},
       {"memory request 1Gi of container a is below the estimate 4Gi"}},
      {"a limit below the estimate stands, with a warning",
       "",
       "memory=4Gi",
       "{containers: [{name: a, resources: {limits: {memory: 2Gi}}}]}",
       {},
       {"memory limit 2Gi of container a is below the estimate 4Gi"}},
      {"of both the limit is named, as it kills",
       "",
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 1Gi}, limits: {memory: 2Gi}}}]}",
       {},
       {"memory limit 2Gi"}},
      {"a limit stands for the request that will be its copy",
       "",
       "memory=4Gi",
       "{containers: [{name: a, resources: {limits: {memory: 8Gi}}}]}",
       {},
       {},
       Kind::Job},
      {"a request above its limit is not ours to mend",
       "",
       "cpu=1",
       "{containers: [{name: a, resources: {requests: {cpu: 4}, limits: {cpu: 2}}}]}",
       {}},
      {"a cpu limit",
       "",
       "cpu=4",
       "{containers: [{name: a, resources: {limits: {cpu: 2}}}]}",
       {},
       {"cpu limit 2 of container a is below the estimate 4"}},
  });
}

TEST_CASE("sizes that the author wrote are raised, never lowered") {
  check({
      {"request and limit together",
       kRaise,
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 1Gi}, limits: {memory: 2Gi}}}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi"}},
      {"a limit that suffices stays",
       kRaise,
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 1Gi}, limits: {memory: 16Gi}}}]}",
       {"a.requests.memory=5Gi"}},
      {"both suffice",
       kRaise,
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 8Gi}, limits: {memory: 16Gi}}}]}",
       {}},
      {"only a limit: the request stays its copy",
       kRaise,
       "memory=4Gi",
       "{containers: [{name: a, resources: {limits: {memory: 2Gi}}}]}",
       {"a.limits.memory=5Gi"}},
      {"only a request",
       kRaise,
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 2Gi}}}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi"}},
      {"a cpu limit rises with the request though none would be written",
       kRaise,
       "cpu=4",
       "{containers: [{name: a, resources: {requests: {cpu: 1}, limits: {cpu: 2}}}]}",
       {"a.requests.cpu=4", "a.limits.cpu=4"}},
      {"the limit's factor",
       "resources: {authored: raise, memory: {limit: 2}}",
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {memory: 6Gi}, limits: {memory: 6Gi}}}, {name: istio-proxy}]}",
       {"a.limits.memory=10Gi"}},
  });
}

TEST_CASE("a Guaranteed pod stays Guaranteed and its whole cpus whole") {
  check({
      {"kept", "", "cpu=4 memory=4Gi", "{containers: [{name: a, resources: {limits: {cpu: 4, memory: 8Gi}}}]}", {}},
      {"raised on both sides",
       kRaise,
       "cpu=2500m memory=4Gi",
       "{containers: [{name: a, resources: {requests: {cpu: 2, memory: 1Gi}, limits: {cpu: 2, memory: 1Gi}}}]}",
       {"a.requests.cpu=3", "a.limits.cpu=3", "a.requests.memory=5Gi", "a.limits.memory=5Gi"}},
      {"a fraction may stay a fraction",
       kRaise,
       "cpu=2200m",
       "{containers: [{name: a, resources: {limits: {cpu: 1500m, memory: 1Gi}}}]}",
       {"a.limits.cpu=2200m"}},
      {"the limit's factor gives way",
       "resources: {authored: raise, memory: {limit: 2}}",
       "memory=4Gi",
       "{containers: [{name: a, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi"}},
      {"storage has no part in it",
       "resources: {ephemeral-storage: {limit: 2}}",
       "ephemeral-storage=4Gi",
       "{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
       {"a.requests.ephemeral-storage=5Gi", "a.limits.ephemeral-storage=10Gi"}},
  });
}

TEST_CASE("what LimitRanger filled in is replaced, request and limit together") {
  constexpr std::string_view kCpuAndMemory =
      "annotations: {kubernetes.io/limit-ranger: 'LimitRanger plugin set: cpu, memory request for container a; cpu, "
      "memory "
      "limit for container a', estimate.plimsoll.dev/memory: 4Gi, estimate.plimsoll.dev/cpu: '4'}";
  constexpr std::string_view kRequestOnly =
      "annotations: {kubernetes.io/limit-ranger: 'LimitRanger plugin set: memory request for container a', "
      "estimate.plimsoll.dev/memory: 4Gi}";
  check({
      {"below",
       "",
       "",
       "{containers: [{name: a, resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 1, memory: 256Mi}}}]}",
       {"a.requests.cpu=4", "a.limits.cpu=4", "a.requests.memory=5Gi", "a.limits.memory=5Gi"},
       {},
       Kind::Pod,
       kCpuAndMemory},
      {"a default cpu limit that suffices stays",
       "",
       "",
       "{containers: [{name: a, resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 6, memory: 64Gi}}}]}",
       {"a.requests.cpu=4", "a.requests.memory=5Gi", "a.limits.memory=5Gi"},
       {},
       Kind::Pod,
       kCpuAndMemory},
      {"only a request",
       "",
       "",
       "{containers: [{name: a, resources: {requests: {memory: 128Mi}}}]}",
       {"a.requests.memory=5Gi", "a.limits.memory=5Gi"},
       {},
       Kind::Pod,
       kRequestOnly},
      {"a forged annotation may name what is not there",
       "",
       "",
       "{containers: [{name: a}]}",
       {"a.requests.cpu=4", "a.requests.memory=5Gi", "a.limits.memory=5Gi"},
       {},
       Kind::Pod,
       kCpuAndMemory},
      {"in a Job's template the annotation says nothing",
       "",
       "",
       "{containers: [{name: a, resources: {requests: {memory: 8Gi}}}]}",
       {"a.limits.memory=8Gi"},
       {},
       Kind::Job,
       kRequestOnly},
  });
}

TEST_CASE("sizes that belong to another system are left alone") {
  check({
      {"Ray",
       "",
       "memory=4Gi duration=1h",
       "{containers: [{name: a}]}",
       {},
       {"Ray derives"},
       Kind::Pod,
       "labels: {ray.io/cluster: c}, "},
      {"Spark",
       "",
       "memory=4Gi gpu=1",
       "{containers: [{name: a}]}",
       {"tolerate nvidia.com/gpu Exists :NoSchedule"},
       {"Spark derives"},
       Kind::Pod,
       "labels: {spark-role: executor}, "},
      {"Flink",
       "",
       "cpu=4",
       "{containers: [{name: a}]}",
       {},
       {"Flink derives"},
       Kind::Pod,
       "labels: {type: flink-native-kubernetes}, "},
      {"sizes of the whole pod",
       "",
       "memory=4Gi cpu=2",
       "{resources: {limits: {memory: 8Gi}}, containers: [{name: a}]}",
       {"a.requests.cpu=2"},
       {"memory is left alone: spec.resources sets it for the whole pod"}},
  });
}

constexpr std::string_view kGpus =
    "{models: [{name: T4, memory: 15Gi, nodeLabels: {product: [t4]}}, "
    "{name: A100, memory: 40Gi, nodeLabels: {product: [a100-sxm, a100-pcie]}}]";

TEST_CASE("GPUs are written on both sides, and the smallest model that holds the memory is asked for") {
  const std::string tolerate = "tolerate nvidia.com/gpu Exists :NoSchedule";
  const std::string preferred = "gpu: " + std::string(kGpus) + "}";
  const std::string required = "gpu: " + std::string(kGpus) + ", require: true}";
  check({
      {"count",
       "",
       "gpu=4",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=4", "a.limits.nvidia.com/gpu=4", tolerate}},
      {"none", "", "gpu=0", "{containers: [{name: a}]}", {}},
      {"another plugin",
       "gpu: {resource: amd.com/gpu}",
       "gpu=1",
       "{containers: [{name: a}]}",
       {"a.requests.amd.com/gpu=1", "a.limits.amd.com/gpu=1", "tolerate amd.com/gpu Exists :NoSchedule"}},
      {"Intel",
       "gpu: {resource: gpu.intel.com/i915}\ntolerations: []",
       "gpu=1",
       "{containers: [{name: a}]}",
       {"a.requests.gpu.intel.com/i915=1", "a.limits.gpu.intel.com/i915=1"}},
      {"the author's count stands",
       "",
       "gpu=2",
       "{containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}",
       {tolerate},
       {"container a asks for 1 nvidia.com/gpu, the estimate says 2: kept"}},
      {"the author's plugin stands",
       "",
       "gpu=1",
       "{containers: [{name: a, resources: {limits: {amd.com/gpu: 1}}}]}",
       {tolerate}},
      {"the author's GPUs are tolerated without an annotation for them",
       "",
       "duration=1h",
       "{containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}",
       {tolerate}},
      {"DRA pod claims",
       "",
       "gpu=1",
       "{resourceClaims: [{name: g}], containers: [{name: a}]}",
       {tolerate},
       {"GPUs are left alone: the pod claims devices (DRA)"}},
      {"small",
       preferred,
       "gpu=1 gpu-memory=15Gi",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "prefer product In t4*100", tolerate}},
      {"gpu-memory takes no margin",
       preferred,
       "gpu=1 gpu-memory=40Gi confidence=low",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "prefer product In a100-sxm,a100-pcie*100",
        tolerate}},
      {"too large for all",
       preferred,
       "gpu=1 gpu-memory=41Gi",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", tolerate},
       {"is more than any GPU of the policy has: T4 (15Gi), A100 (40Gi)"}},
      {"required, one label: the selector",
       required,
       "gpu=1 gpu-memory=1Gi",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "select product=t4", tolerate}},
      {"required, one of several: the terms",
       required,
       "gpu=1 gpu-memory=16Gi",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "require product In a100-sxm,a100-pcie", tolerate}},
      {"best acceptable",
       preferred,
       "gpu=1 gpu-model=A100,T4",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "prefer product In a100-sxm,a100-pcie*100",
        tolerate}},
      {"best acceptable that holds",
       preferred,
       "gpu=1 gpu-model=T4,A100 gpu-memory=20Gi",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "prefer product In a100-sxm,a100-pcie*100",
        tolerate}},
      {"none acceptable holds",
       preferred,
       "gpu=1 gpu-model=T4 gpu-memory=20Gi",
       "{containers: [{name: a}]}",
       {"a.requests.nvidia.com/gpu=1", "a.limits.nvidia.com/gpu=1", "prefer product In t4*100", tolerate},
       {"is more than any acceptable GPU of the policy has: T4 (15Gi)"}},
  });
}

TEST_CASE("the first band that matches gives the class") {
  constexpr std::string_view kBands =
      "priority: {defaultClass: normal, bands: [{class: minutes, when: {duration: '<=5m'}, bound: 3}, "
      "{class: hours, when: {duration: '<=3h'}}, {class: long}]}";
  const std::string with_deadline = std::string(kBands) + "\nruntime: {podDeadline: {factor: 2, floor: 1m}}";
  check({
      {"bound, with its deadline",
       kBands,
       "duration=4m",
       "{restartPolicy: Never, containers: [{name: a}]}",
       {"class=minutes", "deadline=720"}},
      {"bound cannot be kept where pods restart for ever",
       kBands,
       "duration=4m",
       "{containers: [{name: a}]}",
       {"class=hours"}},
      {"bound fits a deadline of the author's",
       kBands,
       "duration=4m",
       "{restartPolicy: Never, activeDeadlineSeconds: 600, containers: [{name: a}]}",
       {"class=minutes"}},
      {"bound does not fit a longer one",
       kBands,
       "duration=4m",
       "{restartPolicy: Never, activeDeadlineSeconds: 900, containers: [{name: a}]}",
       {"class=hours"}},
      {"the policy's shorter deadline wins",
       with_deadline,
       "duration=4m",
       "{restartPolicy: Never, containers: [{name: a}]}",
       {"class=minutes", "deadline=480"}},
      {"second", kBands, "duration=2h", "{containers: [{name: a}]}", {"class=hours"}},
      {"unknown duration: the catch-all", kBands, "confidence=low", "{containers: [{name: a}]}", {"class=long"}},
      {"the author's class stands, and who does not get the band owes no deadline",
       kBands,
       "duration=4m",
       "{restartPolicy: Never, priorityClassName: mine, containers: [{name: a}]}",
       {},
       {"priority class \"mine\" is kept; the estimate is in band minutes"}},
      {"the author's class is the band's",
       kBands,
       "duration=4m",
       "{restartPolicy: Never, priorityClassName: minutes, containers: [{name: a}]}",
       {"deadline=720"}},
      {"the cluster's default at a Pod is nobody's choice",
       kBands,
       "duration=2h",
       "{priorityClassName: normal, priority: 7, containers: [{name: a}]}",
       {"class=hours"}},
      {"in a template it is the author's",
       kBands,
       "duration=2h",
       "{priorityClassName: normal, containers: [{name: a}]}",
       {},
       {"\"normal\" is kept"},
       Kind::Job},
      {"an empty class is none",
       kBands,
       "duration=2h",
       "{priorityClassName: '', containers: [{name: a}]}",
       {"class=hours"}},
      {"a template's priority would contradict",
       kBands,
       "duration=2h",
       "{priority: 5, containers: [{name: a}]}",
       {},
       {"the template sets spec.priority"},
       Kind::Job},
      {"a template's preemptionPolicy too",
       kBands,
       "duration=2h",
       "{preemptionPolicy: PreemptLowerPriority, containers: [{name: a}]}",
       {},
       {"the template sets spec.preemptionPolicy"},
       Kind::Job},
      {"a scheduling group",
       kBands,
       "duration=2h",
       "{schedulingGroup: {podGroupName: g}, containers: [{name: a}]}",
       {},
       {"scheduling group"}},
      {"slack never raises once negative",
       "priority: {bands: [{class: urgent, when: {slack: '<1h, >=0s'}}, {class: rest}]}",
       "duration=2h deadline=+1h",
       "{containers: [{name: a}]}",
       {"class=rest"}},
  });
}

TEST_CASE("tolerations are added unless they are covered") {
  constexpr std::string_view kPolicy =
      "tolerations: [{add: [{key: gpu, operator: Exists, effect: NoSchedule}, {key: pool, value: batch, effect: "
      "NoSchedule}]}]";
  const std::string gpu = "tolerate gpu Exists :NoSchedule";
  const std::string pool = "tolerate pool Equal batch:NoSchedule";
  const std::string twice = std::string(kPolicy) + "\nlists: template";
  check({
      {"none there", kPolicy, "cpu=1", "{containers: [{name: a}]}", {"a.requests.cpu=1", gpu, pool}},
      {"the same there",
       kPolicy,
       "duration=1h",
       "{tolerations: [{key: gpu, operator: Exists, effect: NoSchedule}, {key: pool, value: batch, effect: "
       "NoSchedule}], "
       "containers: [{name: a}]}",
       {}},
      {"every effect covers one",
       kPolicy,
       "duration=1h",
       "{tolerations: [{key: gpu, operator: Exists}], containers: [{name: a}]}",
       {pool}},
      {"another effect does not",
       kPolicy,
       "duration=1h",
       "{tolerations: [{key: gpu, operator: Exists, effect: NoExecute}], containers: [{name: a}]}",
       {gpu, pool}},
      {"every taint covers all",
       kPolicy,
       "duration=1h",
       "{tolerations: [{operator: Exists}], containers: [{name: a}]}",
       {}},
      {"one value does not cover Exists",
       kPolicy,
       "duration=1h",
       "{tolerations: [{key: gpu, operator: Equal, value: x, effect: NoSchedule}], containers: [{name: a}]}",
       {gpu, pool}},
      {"another value",
       kPolicy,
       "duration=1h",
       "{tolerations: [{key: pool, value: web, effect: NoSchedule}, {key: gpu, operator: Exists, effect: NoSchedule}], "
       "containers: [{name: a}]}",
       {pool}},
      {"twice in the policy",
       "tolerations: [{add: [{key: gpu, operator: Exists}, {key: gpu, operator: Exists, effect: NoSchedule}]}]",
       "duration=1h",
       "{containers: [{name: a}]}",
       {"tolerate gpu Exists :"}},
      {"a Job's list is its author's",
       kPolicy,
       "duration=1h",
       "{tolerations: [{key: x}], containers: [{name: a}]}",
       {},
       {"tolerations: the author's list is kept; not added: the toleration of gpu:NoSchedule", "pool=batch:NoSchedule"},
       Kind::Job},
      {"unless the policy says otherwise",
       twice,
       "duration=1h",
       "{tolerations: [{key: x}], containers: [{name: a}]}",
       {gpu, pool},
       {},
       Kind::Job},
      {"an empty list is free",
       kPolicy,
       "duration=1h",
       "{tolerations: [], containers: [{name: a}]}",
       {gpu, pool},
       {},
       Kind::Job},
  });
}

TEST_CASE("a required label goes to the selector where its key is free, else to the terms") {
  constexpr std::string_view kOne = "nodeAffinity: [{require: [{key: zone, in: [b]}]}]";
  constexpr std::string_view kTwo = "nodeAffinity: [{require: [{key: zone, in: [b, c]}]}]";
  constexpr std::string_view kPrefer = "nodeAffinity: [{prefer: [{key: spot, exists: true, weight: 7}]}]";
  constexpr std::string_view kTerms =
      "{containers: [{name: a}], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
      "{nodeSelectorTerms: [{matchExpressions: [{key: k, operator: Exists}]}]}}}}";
  check({
      {"free", kOne, "duration=1h", "{containers: [{name: a}]}", {"select zone=b"}},
      {"beside another of the author's, which server-side apply holds for one value",
       kOne,
       "duration=1h",
       "{nodeSelector: {disk: ssd}, containers: [{name: a}]}",
       {"require zone In b"},
       {},
       Kind::Job},
      {"the same", kOne, "duration=1h", "{nodeSelector: {zone: b}, containers: [{name: a}]}", {}},
      {"taken",
       kOne,
       "duration=1h",
       "{nodeSelector: {zone: a}, containers: [{name: a}]}",
       {},
       {"nodeSelector zone: \"a\" is kept; wanted: b"}},
      {"several values", kTwo, "duration=1h", "{containers: [{name: a}]}", {"require zone In b,c"}},
      {"a Job's terms are its author's",
       kTwo,
       "duration=1h",
       kTerms,
       {},
       {"nodeAffinity.required: the author's list is kept"},
       Kind::Job},
      {"a Pod's are added to", kTwo, "duration=1h", kTerms, {"require zone In b,c"}},
      {"a preference", kPrefer, "duration=1h", "{containers: [{name: a}]}", {"prefer spot Exists *7"}},
      {"a condition that does not hold",
       "nodeAffinity: [{when: {duration: '>2h'}, require: [{key: zone, in: [b]}]}]",
       "duration=1h",
       "{containers: [{name: a}]}",
       {}},
  });
}

TEST_CASE("pods of a family are kept apart, as the first matching rule says") {
  const std::string label = "label plimsoll.dev/family=p-148de9c5";
  check({
      {"preferred",
       "placement: [{spread: {over: host}}]",
       "duration=1h",
       "{containers: [{name: a}]}",
       {label, "apart host p-148de9c5"}},
      {"required",
       "placement: [{spread: {over: host, how: required, upTo: 1}}]",
       "duration=1h",
       "{containers: [{name: a}]}",
       {label, "apart! host p-148de9c5"}},
      {"topology",
       "placement: [{spread: {over: zone, how: topology}}]",
       "duration=1h",
       "{containers: [{name: a}]}",
       {label, "spread zone p-148de9c5"}},
      {"the first",
       "placement: [{when: {memory: '>=1Gi'}, spread: {over: host}}, {spread: {over: zone}}]",
       "duration=1h",
       "{containers: [{name: a}]}",
       {label, "apart zone p-148de9c5"}},
      {"a Job's list is its author's",
       "placement: [{spread: {over: zone, how: topology}}]",
       "duration=1h",
       "{containers: [{name: a}], topologySpreadConstraints: [{maxSkew: 2}]}",
       {},
       {"topologySpreadConstraints: the author's list is kept; not added: spread over zone"},
       Kind::Job},
  });
}

TEST_CASE("a family label is a valid label value, and tells long and odd names apart") {
  std::vector<std::string> seen;
  for (const std::string& name : {std::string("nightly"), std::string("Nightly Report!"), std::string(300, 'x'),
                                  std::string(301, 'x'), std::string("---"), std::string("日本"), std::string()}) {
    const auto object = given::pod("metadata: {annotations: {estimate.plimsoll.dev/family: '" + name +
                                   "'}}\nspec: {containers: [{name: a}]}");
    const config::Policy policy = given::policy("placement: [{spread: {over: host}}]");
    const auto reading = estimate::read_estimate(object.workload, policy, policy.base, {});
    const Plan plan = make_plan(object.workload, reading.estimate, policy.base, {});
    REQUIRE(plan.changes.size() == 2);
    const std::string value = std::get<SetLabel>(plan.changes[0].edit).value;
    INFO(value);
    CHECK(value.size() <= 63);
    CHECK(value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
    CHECK(std::isalnum(static_cast<unsigned char>(value.front())));
    CHECK(std::isalnum(static_cast<unsigned char>(value.back())));
    CHECK(std::find(seen.begin(), seen.end(), value) == seen.end());
    seen.push_back(value);
  }
}

TEST_CASE("the pod deadline is the estimate times a factor, where pods end") {
  constexpr std::string_view kPolicy = "runtime: {podDeadline: {factor: 3, floor: 15m}}";
  check({
      {"factor", kPolicy, "duration=2h", "{restartPolicy: OnFailure, containers: [{name: a}]}", {"deadline=21600"}},
      {"floor", kPolicy, "duration=1m", "{restartPolicy: Never, containers: [{name: a}]}", {"deadline=900"}},
      {"rounded up to a second",
       kPolicy,
       "duration=20m100ms",
       "{restartPolicy: Never, containers: [{name: a}]}",
       {"deadline=3601"}},
      {"never with Always", kPolicy, "duration=2h", "{restartPolicy: Always, containers: [{name: a}]}", {}},
      {"Always is the default", kPolicy, "duration=2h", "{containers: [{name: a}]}", {}},
      {"the author's stands",
       kPolicy,
       "duration=2h",
       "{restartPolicy: Never, activeDeadlineSeconds: 60, containers: [{name: a}]}",
       {}},
      {"null is none",
       kPolicy,
       "duration=2h",
       "{restartPolicy: Never, activeDeadlineSeconds: null, containers: [{name: a}]}",
       {"deadline=21600"}},
      {"at most what a Pod takes",
       kPolicy,
       "duration=100000d",
       "{restartPolicy: Never, containers: [{name: a}]}",
       {"deadline=2147483647"}},
      {"no duration", kPolicy, "confidence=low", "{restartPolicy: Never, containers: [{name: a}]}", {}},
      {"no policy", "", "duration=2h", "{restartPolicy: Never, containers: [{name: a}]}", {}},
  });
}

constexpr std::string_view kEnding = "{restartPolicy: Never, containers: [{name: a}]}";

// What is planned of a Job with `metadata` and `spec`, each `key: value, ` in YAML.
Case of_job(std::string_view name, std::string_view policy, std::string_view annotations, std::string_view metadata,
            std::string_view spec, std::vector<std::string> want, std::vector<std::string> warns = {},
            std::string_view pod_spec = kEnding) {
  return {name, policy, annotations, pod_spec, std::move(want), std::move(warns), Kind::Job, "", metadata, spec};
}

TEST_CASE("a Job's deadline counts rounds, retries and the wait for nodes") {
  constexpr std::string_view kPolicy = "runtime: {jobDeadline: {factor: 2, pending: 10m}}";
  constexpr std::string_view kWithPods =
      "runtime: {jobDeadline: {factor: 2, pending: 0s}, podDeadline: {factor: 3, floor: 15m}}";
  check({
      of_job("one pod and the API's six retries", kPolicy, "duration=1h", "", "", {"job-deadline=51000"}),
      of_job("no retry", kPolicy, "duration=1h", "", "backoffLimit: 0,", {"job-deadline=7800"}),
      of_job("rounds", kPolicy, "duration=1h", "", "backoffLimit: 1, completions: 10, parallelism: 4,",
             {"job-deadline=29400"}),  // (3 + 1) x 2h + 10m
      of_job("retries of each index", kPolicy, "duration=1h", "",
             "backoffLimitPerIndex: 1, completions: 10, parallelism: 5,",
             {"job-deadline=29400"}),  // (2 + 2) x 2h + 10m
      of_job("retries of each index and of all", kPolicy, "duration=1h", "",
             "backoffLimitPerIndex: 5, backoffLimit: 1, completions: 2, parallelism: 2,", {"job-deadline=15000"}),
      of_job("as the API server writes the absence of a limit", kPolicy, "duration=1h", "",
             "backoffLimitPerIndex: 0, backoffLimit: 2147483647, completions: 2, parallelism: 2,",
             {"job-deadline=7800"}),
      of_job("a work queue has one round", kPolicy, "duration=1h", "", "backoffLimit: 0, parallelism: 8,",
             {"job-deadline=7800"}),
      of_job("never below the pods' own", kWithPods, "duration=1m", "", "backoffLimit: 0, completions: 2,",
             {"deadline=900", "job-deadline=1800"}),
      of_job("nor below their author's", kPolicy, "duration=1h", "", "backoffLimit: 0,", {"job-deadline=86600"}, {},
             "{restartPolicy: Never, activeDeadlineSeconds: 86000, containers: [{name: a}]}"),
      of_job("the author's stands, though shorter", kPolicy, "duration=1h", "", "activeDeadlineSeconds: 60,", {}),
      of_job("null is none", kPolicy, "duration=1h", "", "activeDeadlineSeconds: null, backoffLimit: 0,",
             {"job-deadline=7800"}),
      of_job("what is longer than can be said is none", kPolicy, "duration=20000d", "", "backoffLimit: 0,", {}),
      of_job("retries without end are none", kPolicy, "duration=1h", "", "backoffLimit: 2147483647,", {}),
      of_job("of the total duration", kPolicy, "total-duration=3h", "",
             "backoffLimit: 0, completions: 3, parallelism: 1,", {"job-deadline=22200"}),
      of_job("no duration", kPolicy, "confidence=low", "", "", {}),
      of_job("no policy", "", "duration=1h", "", "", {}),
      {"not of a Pod", kPolicy, "duration=1h", kEnding, {}},
  });
}

TEST_CASE("in Kueue a Job has a maximum execution time in the place of a deadline") {
  constexpr std::string_view kPolicy = "runtime: {jobDeadline: {factor: 2, pending: 10m}}";
  const std::string with_queue = std::string(kPolicy) + "\nqueues: {kueue: [{queue: batch}]}";
  const std::string label = "job-label kueue.x-k8s.io/max-exec-time-seconds=";
  const std::string queue = "job-label kueue.x-k8s.io/queue-name=batch";
  check({
      of_job("in its author's queue: waiting there does not count", kPolicy, "duration=1h",
             "labels: {kueue.x-k8s.io/queue-name: mine}", "backoffLimit: 0,", {label + "7200"}),
      of_job("in ours", with_queue, "duration=1h", "", "backoffLimit: 0,", {label + "7200", queue, "suspend"}),
      of_job("an empty name is no queue", kPolicy, "duration=1h", "labels: {kueue.x-k8s.io/queue-name: ''}",
             "backoffLimit: 0,", {"job-deadline=7800"}),
      of_job("its author's stands", kPolicy, "duration=1h",
             "labels: {kueue.x-k8s.io/queue-name: mine, kueue.x-k8s.io/max-exec-time-seconds: '60'}", "", {}),
      of_job("nor beside a deadline of its author", kPolicy, "duration=1h", "labels: {kueue.x-k8s.io/queue-name: mine}",
             "activeDeadlineSeconds: 60,", {}),
      of_job("with fewer pods side by side there are more rounds", kPolicy, "duration=1h",
             "labels: {kueue.x-k8s.io/queue-name: mine}, annotations: {kueue.x-k8s.io/job-min-parallelism: '2'}",
             "backoffLimit: 0, completions: 8, parallelism: 8,", {label + "28800"}),
      of_job("nonsense there is nothing", kPolicy, "duration=1h",
             "labels: {kueue.x-k8s.io/queue-name: mine}, annotations: {kueue.x-k8s.io/job-min-parallelism: '-2'}",
             "backoffLimit: 0, completions: 8, parallelism: 8,", {label + "7200"}),
  });
}

TEST_CASE("a Job waits in the first Kueue queue that matches, unless its author said otherwise") {
  constexpr std::string_view kPolicy = "queues: {kueue: [{when: {gpu: '>0'}, queue: gpu}, {queue: batch}]}";
  const std::string queue = "job-label kueue.x-k8s.io/queue-name=";
  check({
      of_job("the first that matches", kPolicy, "duration=1h", "", "", {queue + "batch", "suspend"}),
      of_job("as the API server sends a Job that says nothing", kPolicy, "duration=1h", "labels: null",
             "suspend: false,", {queue + "batch", "suspend"}),
      of_job("the author's queue stands", kPolicy, "duration=1h", "labels: {kueue.x-k8s.io/queue-name: mine}", "", {}),
      of_job("as older versions of Kueue read it, too", kPolicy, "duration=1h",
             "annotations: {kueue.x-k8s.io/queue-name: mine}", "", {}),
      of_job("his that is held back stays so", kPolicy, "duration=1h", "labels: {kueue.x-k8s.io/queue-name: mine}",
             "suspend: true,", {"suspend"}),
      of_job("an author who holds his Job back is not overruled", kPolicy, "duration=1h", "", "suspend: true,", {},
             {"suspend: true is kept; not queued in batch"}),
      of_job("a Job of a CronJob", kPolicy, "duration=1h",
             "ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: c, controller: true}]", "",
             {queue + "batch", "suspend"}),
      of_job("a Job of somebody who starts it himself", kPolicy, "duration=1h",
             "ownerReferences: [{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, name: s, controller: true}]", "",
             {}),
      of_job("nothing matches", "queues: {kueue: [{when: {gpu: '>0'}, queue: gpu}]}", "duration=1h", "", "", {}),
      {"Kueue's own hook gates Pods: they are left alone", kPolicy, "duration=1h", kEnding, {}},
  });
}

TEST_CASE("Volcano's queue is for the pods of its scheduler") {
  constexpr std::string_view kQueues =
      "queues: {volcano: [{when: {duration: '<=1h'}, queue: short}, {queue: batch, gang: true}]}";
  const std::string policy = "schedulers: [volcano]\n" + std::string(kQueues);
  const std::string queue = "annotation scheduling.volcano.sh/queue-name=";
  const std::string gang = "job-annotation scheduling.volcano.sh/group-min-member=";
  constexpr std::string_view kVolcano = "{restartPolicy: Never, schedulerName: volcano, containers: [{name: a}]}";
  check({
      {"scheduler and queue", policy, "duration=1h", kEnding, {"scheduler=volcano", queue + "short"}},
      {"of its author's choice only the queue", std::string_view(kQueues), "duration=1h", kVolcano, {queue + "short"}},
      {"as the API server sends a Pod that says nothing",
       policy,
       "duration=1h",
       "{restartPolicy: Never, schedulerName: default-scheduler, containers: [{name: a}]}",
       {"scheduler=volcano", queue + "short"}},
      {"another scheduler knows no such queue",
       policy,
       "duration=1h",
       "{restartPolicy: Never, schedulerName: kai-scheduler, containers: [{name: a}]}",
       {}},
      {"a scheduler that the policy does not list is not written", kQueues, "duration=1h", kEnding, {}},
      of_job("pods side by side start together", policy, "duration=2h", "", "parallelism: 4, completions: 8,",
             {"scheduler=volcano", queue + "batch", gang + "4"}),
      of_job("no more than there are", policy, "duration=2h", "", "parallelism: 4, completions: 3,",
             {"scheduler=volcano", queue + "batch", gang + "3"}),
      of_job("one pod is no gang", policy, "duration=2h", "", "parallelism: 1, completions: 3,",
             {"scheduler=volcano", queue + "batch"}),
      of_job("the author's minimum stands", policy, "duration=2h",
             "annotations: {scheduling.volcano.sh/group-min-member: '2'}", "parallelism: 4,",
             {"scheduler=volcano", queue + "batch"}),
      of_job("not every queue is for gangs", policy, "duration=1h", "", "parallelism: 4,",
             {"scheduler=volcano", queue + "short"}),
      {"the author's queue stands",
       policy,
       "",
       kVolcano,
       {},
       {"scheduling.volcano.sh/queue-name: \"mine\" is kept; wanted: batch"},
       Kind::Pod,
       "annotations: {scheduling.volcano.sh/queue-name: mine, estimate.plimsoll.dev/duration: 2h}"},
      {"the same queue is not worth a word",
       policy,
       "",
       kVolcano,
       {},
       {},
       Kind::Pod,
       "annotations: {scheduling.volcano.sh/queue-name: batch, estimate.plimsoll.dev/duration: 2h}"},
      {"a pod group has a queue of its own",
       policy,
       "",
       kVolcano,
       {},
       {},
       Kind::Pod,
       "annotations: {scheduling.k8s.io/group-name: g, estimate.plimsoll.dev/duration: 2h}"},
  });
}

TEST_CASE("work that would be lost is kept from eviction, if it ends in time") {
  constexpr std::string_view kPolicy = "disruption: {protectFrom: [cluster-autoscaler, karpenter], upTo: 6h}";
  const std::string autoscaler = "annotation cluster-autoscaler.kubernetes.io/safe-to-evict=false";
  const std::string karpenter = "annotation karpenter.sh/do-not-disrupt=true";
  check({
      {"both are asked", kPolicy, "duration=6h", kEnding, {autoscaler, karpenter}},
      of_job("at the Job's template", kPolicy, "duration=6h", "", "", {autoscaler, karpenter}),
      {"who says no is believed", kPolicy, "duration=6h interruptible=false", kEnding, {autoscaler, karpenter}},
      {"who may be stopped is not spared", kPolicy, "duration=6h interruptible=true", kEnding, {}},
      {"nor who saves his work", kPolicy, "duration=6h interruptible=10m", kEnding, {}},
      {"nor who takes too long", kPolicy, "duration=6h1s", kEnding, {}},
      {"nor who does not say how long", kPolicy, "confidence=low", kEnding, {}},
      {"nor who never ends", kPolicy, "duration=6h", "{restartPolicy: Always, containers: [{name: a}]}", {}},
      {"a day at the most", "disruption: {protectFrom: [karpenter]}", "duration=24h", kEnding, {karpenter}},
      {"and no longer", "disruption: {protectFrom: [karpenter]}", "duration=1d1s", kEnding, {}},
      {"whoever the policy names",
       "disruption: {protectFrom: [cluster-autoscaler]}",
       "duration=1h",
       kEnding,
       {autoscaler}},
      {"where the condition holds",
       "disruption: {protectFrom: [karpenter], when: {duration: '>=1h'}}",
       "duration=59m",
       kEnding,
       {}},
      {"the author's word stands",
       kPolicy,
       "",
       kEnding,
       {karpenter},
       {},
       Kind::Pod,
       "annotations: {cluster-autoscaler.kubernetes.io/safe-to-evict: 'true', estimate.plimsoll.dev/duration: 1h}"},
  });
}

TEST_CASE("short work that may be stopped goes to nodes that may go away") {
  constexpr std::string_view kPolicy = R"(
tolerations: [{when: {interruptible: true, duration: '<=1h'}, add: [{key: spot, operator: Exists, effect: NoSchedule}]}]
nodeAffinity: [{when: {interruptible: true, duration: '<=1h'}, prefer: [{key: karpenter.sh/capacity-type, in: [spot]}]}]
)";
  const std::vector<std::string> spot = {"tolerate spot Exists :NoSchedule",
                                         "prefer karpenter.sh/capacity-type In spot*50"};
  check({
      {"short, and may be stopped", kPolicy, "duration=1h interruptible=true", kEnding, spot},
      {"or saves its work", kPolicy, "duration=1h interruptible=5m", kEnding, spot},
      {"too long", kPolicy, "duration=2h interruptible=true", kEnding, {}},
      {"may not", kPolicy, "duration=1h interruptible=false", kEnding, {}},
      {"does not say", kPolicy, "duration=1h", kEnding, {}},
  });
}

TEST_CASE("a condition asks about the whole pod, and what is not known never holds") {
  struct Condition {
    std::string_view condition;
    bool want;
  };
  const Condition cases[] = {
      {"{}", true},
      {"{duration: '<=2h'}", true},
      {"{duration: '>=1h, <2h'}", false},
      {"{duration: '!=2h'}", false},
      {"{slack: '>=4h'}", true},
      {"{slack: '<4h'}", false},
      {"{cpu: '3'}", true},  // 2 + 1 of the sidecar
      {"{cpu: '>3'}", false},
      {"{memory: '8Gi'}", true},  // the init container beside the sidecar is the height
      {"{gpu: '0'}", true},
      {"{gpu: '>0'}", false},
      {"{gpuMemory: '>=0'}", false},
      {"{interruptible: false}", true},  // what is not said is not so
      {"{interruptible: true}", false},
      {"{confidence: medium}", true},
      {"{confidence: [low, high]}", false},
      {"{kind: Job}", true},
      {"{kind: Pod}", false},
      {"{namespace: 'team-*'}", true},
      {"{namespace: [ml]}", false},
      {"{labels: {team: [a, 'b*']}}", true},
      {"{labels: {team: c}}", false},
      {"{labels: {absent: '*'}}", false},
      {"{user: ada}", true},
      {"{user: bob}", false},
      {"{groups: [admins, dev]}", true},
      {"{groups: admins}", false},
      {"{user: ada, groups: admins}", false},
  };
  const auto yaml = [](std::string_view owner) {
    return "metadata: {name: j, " + std::string(owner) + R"(labels: {team: bee}}
spec:
  template:
    metadata:
      annotations: {estimate.plimsoll.dev/duration: 2h, estimate.plimsoll.dev/deadline: "+6h", estimate.plimsoll.dev/cpu.a: "2",
        estimate.plimsoll.dev/cpu.s: "1", estimate.plimsoll.dev/memory.a: 3Gi, estimate.plimsoll.dev/memory.s: 1Gi,
        estimate.plimsoll.dev/memory.i: 7Gi}
    spec: {containers: [{name: a}], initContainers: [{name: s, restartPolicy: Always}, {name: i}]}
)";
  };
  auto object = given::job(yaml(""));
  object.workload.name_space = "team-x";
  const config::Policy defaults = given::policy("");
  const auto reading =
      estimate::read_estimate(object.workload, defaults, defaults.base, given::time("2026-01-01T00:00:00Z"));
  const std::vector<std::string_view> groups = {"dev", "system:authenticated"};
  const Creator ada{.user = "ada", .groups = groups};
  for (const Condition& c : cases) {
    INFO(c.condition);
    const config::Policy policy = given::policy("requireEstimate: " + std::string(c.condition));
    CHECK(holds(*policy.base.require_estimate, object.workload, reading.estimate, ada) == c.want);
  }

  // A controller creates for somebody else.
  const auto owned = given::job(yaml("ownerReferences: [{kind: CronJob, name: c, controller: true}], "));
  const config::Policy by_user = given::policy("requireEstimate: {user: '*'}");
  CHECK_FALSE(holds(*by_user.base.require_estimate, owned.workload, reading.estimate, ada));
}

TEST_CASE("a LimitRange default below the request of a decided Job's Pod is lifted to it") {
  const auto object = given::pod(R"(
metadata:
  annotations:
    plimsoll.dev/decision: '{"v":1,"policy":"p","estimate":"e","set":{"a.requests.cpu":"4"}}'
    kubernetes.io/limit-ranger: "LimitRanger plugin set: cpu, ephemeral-storage limit for container a; cpu request for container b; cpu limit for container c"
spec:
  containers:
  - {name: c, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}
  - {name: a, resources: {requests: {cpu: "4", memory: 8Gi, ephemeral-storage: 1Gi}, limits: {cpu: 1, memory: 4Gi, ephemeral-storage: 2Gi}}}
  - {name: b, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}
)");
  const Plan plan = make_limit_repair(object.workload);
  REQUIRE(plan.changes.size() == 1);  // memory, b's limit and c's request are the author's
  CHECK(describe(plan.changes[0], object.workload) == "a.limits.cpu=4");
}

TEST_CASE("only containers that joined later are sized, and only they") {
  const auto object = given::pod(
      "metadata: {annotations: {estimate.plimsoll.dev/memory.a: 4Gi, estimate.plimsoll.dev/memory.s: 1Gi}}\n"
      "spec: {containers: [{name: a}, {name: s}]}");
  const config::Policy policy = given::policy("priority: {bands: [{class: c}]}");
  const auto reading = estimate::read_estimate(object.workload, policy, policy.base, {});
  const Plan plan = make_plan_for_containers(object.workload, reading.estimate, policy.base, {}, {false, true});
  REQUIRE(plan.changes.size() == 2);
  CHECK(describe(plan.changes[0], object.workload) == "s.requests.memory=1280Mi");
  CHECK(describe(plan.changes[1], object.workload) == "s.limits.memory=1280Mi");
}

}  // namespace
}  // namespace plimsoll::plan
