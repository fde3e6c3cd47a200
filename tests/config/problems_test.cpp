// Bad policies: what is wrong is said at its line and column, with what is allowed and what was probably meant, all at
// once.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/config/policy.hpp"

namespace plimsoll::config {
namespace {

using Lines = std::vector<std::string>;

struct Case {
  std::string_view text;
  Lines want;
};

Lines problems_of(std::string_view text) {
  const auto policy = parse_policy(text);
  if (policy.has_value()) return {};
  Lines lines;
  for (const Problem& problem : policy.error()) lines.push_back(to_text(problem));
  return lines;
}

const std::string kUnknownAtTheRoot =
    "unknown field; known here: apiVersion, kind, prefix, skipNamespaces, jobControllers, kinds, mode, canary, "
    "onError, decideAt, "
    "requireEstimate, "
    "onInvalidEstimate, onUnknownKey, onImpossibleDeadline, sidecars, resources, gpu, tolerations, lists, priority, "
    "runtime, schedulers, schedulerProfiles, queues, disruption, nodeAffinity, "
    "placement, namespaces";

TEST_CASE("a bad field is reported with its place, what is allowed and what was meant") {
  // The lines are counted from `apiVersion` and `kind`, which stand before each of these.
  const std::string head = "apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n";
  const Case cases[] = {
      {"modee: enforce", {"3:1: modee: unknown field; did you mean \"mode\"?"}},
      {"gpu: {max_per_pod: 3}", {"3:7: gpu.max_per_pod: unknown field; did you mean \"maxPerPod\"?"}},
      {"canary: {percent: 101}", {"3:19: canary.percent: must be a whole number from 0 to 100, not \"101\""}},
      {"canary: {}", {"3:9: canary: missing field \"percent\""}},
      {"mode: off",
       {"3:7: mode: must be enforce, shadow or disabled, not off (a boolean to YAML); did you mean \"disabled\"?"}},
      {"mode: on",
       {"3:7: mode: must be enforce, shadow or disabled, not on (a boolean to YAML); did you mean \"enforce\"?"}},
      {R"(mode: "off")", {"3:7: mode: must be enforce, shadow or disabled, not \"off\""}},
      {"mode: [enforce]", {"3:7: mode: must be enforce, shadow or disabled, not a list"}},
      {"mode: enforced",
       {"3:7: mode: must be enforce, shadow or disabled, not \"enforced\"; did you mean \"enforce\"?"}},
      {R"(mode: enforce
mode: disabled)",
       {"4:1: the key \"mode\" is here a second time; it was first set at line 3, column 1"}},
      {"onError: Deny", {"3:10: onError: must be allow or deny, not \"Deny\"; did you mean \"deny\"?"}},
      {"onInvalidEstimate: reject", {"3:20: onInvalidEstimate: must be a map of created, controlled, not \"reject\""}},
      {"onInvalidEstimate: {create: reject}",
       {"3:21: onInvalidEstimate.create: unknown field; did you mean \"created\"?"}},
      {"onInvalidEstimate: {created: ignore}",
       {"3:30: onInvalidEstimate.created: must be reject or warn, not \"ignore\""}},
      {"onUnknownKey: yes",
       {"3:15: onUnknownKey: must be reject or warn, not yes (a boolean to YAML; quoted it is a text)"}},
      {"prefix: estimate.plimsoll.dev",
       {"3:9: prefix: must be a DNS name and '/', such as estimate.example.com/ (never plimsoll.dev/), not "
        "\"estimate.plimsoll.dev\""}},
      {"prefix: Estimate.Example.com/",
       {"3:9: prefix: must be a DNS name and '/', such as estimate.example.com/ (never plimsoll.dev/), not "
        "\"Estimate.Example.com/\""}},
      {"prefix: plimsoll.dev/",
       {"3:9: prefix: must be a DNS name and '/', such as estimate.example.com/ (never plimsoll.dev/), not "
        "\"plimsoll.dev/\""}},
      {"sidecars: istio-proxy", {"3:11: sidecars: must be a list, not \"istio-proxy\""}},
      {R"(sidecars: [istio-proxy, "", Istio_Proxy])",
       {"3:25: sidecars[1]: must be a container (lower-case letters, digits, '-'), not \"\"",
        "3:29: sidecars[2]: must be a container (lower-case letters, digits, '-'), not \"Istio_Proxy\""}},
      {"skipNamespaces: [kube-*]",
       {"3:18: skipNamespaces[0]: must be a namespace (lower-case letters, digits, '-'), not \"kube-*\""}},
      {R"(jobControllers: [""])", {"3:18: jobControllers[0]: must be a text that is not empty, not \"\""}},
      {"jobControllers: {a: b}", {"3:17: jobControllers: must be a list, not a map"}},
      {R"(requireEstimate: "true")",
       {"3:18: requireEstimate: must be true, false (without quotes) or a condition, not \"true\""}},
      {R"(requireEstimate: {gpus: ">0"})", {"3:19: requireEstimate.gpus: unknown field; did you mean \"gpu\"?"}},
      {R"(resources:
  authored: replaced)",
       {"4:13: resources.authored: must be keep, raise or replace, not \"replaced\"; did you mean \"replace\"?"}},
      {"resources: {replace: {factor: 3}}", {"3:22: resources.replace: is of no use without authored: replace"}},
      {"resources: {authored: replace, replace: {factor: 0.5}}",
       {"3:50: resources.replace.factor: must be 1 or more, not \"0.5\""}},
      {"resources: {authored: replace, replace: {confidence: sure}}",
       {"3:54: resources.replace.confidence: must be low, medium or high, not \"sure\""}},
      {"resources: {authored: replace, replace: {faktor: 2}}",
       {"3:42: resources.replace.faktor: unknown field; did you mean \"factor\"?"}},
      {"resources: {authored: replace, replace: 2}",
       {"3:41: resources.replace: must be a map of factor, confidence, not \"2\""}},
      {"resources: {authored: replace, replace: {factor: 3}}\nnamespaces:\n"
       "- {match: {names: a}, policy: {resources: {authored: keep}}}",
       {}},
      {R"(resources:
  memroy: {max: 1Ti})",
       {"4:3: resources.memroy: unknown field; did you mean \"memory\"?"}},
      {"resources: 5",
       {"3:12: resources: must be a map of authored, replace, margin, cpu, memory, ephemeral-storage, not \"5\""}},
      {"resources: [cpu]",
       {"3:12: resources: must be a map of authored, replace, margin, cpu, memory, ephemeral-storage, not a list"}},
      {R"(resources:
  margin: {high: 0.9})",
       {"4:18: resources.margin.high: must be 1 or more, not \"0.9\""}},
      {R"(resources:
  margin: {high: 15%, medium: 0, low: -1})",
       {"4:18: resources.margin.high: \"15%\" is not a factor; write a decimal number with at most three decimals, "
        "such as \"1.25\"",
        "4:31: resources.margin.medium: must be above 0 and at most 100, not \"0\"",
        "4:39: resources.margin.low: \"-1\" is not a factor; write a decimal number with at most three decimals, such "
        "as \"1.25\""}},
      {R"(resources:
  margin: {low: 150})",
       {"4:17: resources.margin.low: must be above 0 and at most 100, not \"150\""}},
      {R"(resources:
  cpu: {request: 0})",
       {"4:18: resources.cpu.request: must be above 0 and at most 100, not \"0\""}},
      {R"(resources:
  cpu: {request: 1.23456})",
       {"4:18: resources.cpu.request: \"1.23456\" is not a factor; write a decimal number with at most three decimals, "
        "such as \"1.25\""}},
      {R"(resources:
  cpu: {limit: never})",
       {"4:16: resources.cpu.limit: \"never\" is not a factor; write a decimal number with at most three decimals, "
        "such as \"1.25\", or none"}},
      {R"(resources:
  cpu: {max: 4000})",
       {"4:14: resources.cpu.max: \"4000\" is 4000 cores; did you mean \"4000m\"?"}},
      {R"(resources:
  cpu: {max: 0})",
       {"4:14: resources.cpu.max: must be more than 0"}},
      {R"(resources:
  cpu: {min: 0.0001})",
       {"4:14: resources.cpu.min: \"0.0001\" is less than 1m, a thousandth of a core"}},
      {R"(resources:
  cpu: {min: -1})",
       {"4:14: resources.cpu.min: cpu is -1; it cannot be negative"}},
      {R"(resources:
  cpu: {max: 010})",
       {"4:14: resources.cpu.max: 010 is another number to YAML than it looks: write it as a plain decimal, or quote "
        "it"}},
      {R"(resources:
  cpu: {max: 0x40})",
       {"4:14: resources.cpu.max: 0x40 is another number to YAML than it looks: write it as a plain decimal, or quote "
        "it"}},
      {R"(resources:
  cpu: {max: no})",
       {"4:14: resources.cpu.max: must be a number of cpus such as 500m or 2, not no (a boolean to YAML; quoted it is "
        "a text)"}},
      {R"(resources:
  cpu: {max: two})",
       {"4:14: resources.cpu.max: \"two\" is not a quantity: it does not start with a number; write a number with one "
        "of the suffixes m k M G T P E Ki Mi Gi Ti Pi Ei or none, such as \"500m\", \"2\" or \"12Gi\""}},
      {R"(resources:
  memory:
    min: 2Gi
    max: 1Gi)",
       {"6:10: resources.memory.max: min 2Gi is more than max 1Gi"}},
      {R"(resources:
  memory: {max: 16Mi})",
       {"4:17: resources.memory.max: min 32Mi is more than max 16Mi"}},
      {R"(resources:
  memory:
    limit: 1
    request: 1.5)",
       {"6:14: resources.memory.request: limit 1 is less than request 1.5"}},
      {R"(resources:
  memory: {request: 2})",
       {"4:21: resources.memory.request: limit 1 is less than request 2"}},
      {R"(resources:
  memory: {max: 512GiB})",
       {"4:17: resources.memory.max: \"512GiB\" is not a quantity: unknown suffix \"GiB\"; did you mean \"512Gi\"?"}},
      {R"(resources:
  memory: {max: 512})",
       {"4:17: resources.memory.max: \"512\" is 512 bytes; did you mean \"512Gi\"?"}},
      {R"(resources:
  memory: {min: 512m})",
       {"4:17: resources.memory.min: \"512m\" is thousandths of a byte; did you mean \"512Mi\"?"}},
      {R"(resources:
  memory: {max: [1Gi]})",
       {"4:17: resources.memory.max: must be a size such as 512Mi, not a list"}},
      {R"(resources:
  ephemeral-storage: {max: lots})",
       {"4:28: resources.ephemeral-storage.max: \"lots\" is not a quantity: it does not start with a number; write a "
        "number with one of the suffixes m k M G T P E Ki Mi Gi Ti Pi Ei or none, such as \"500m\", \"2\" or "
        "\"12Gi\""}},
      {R"(resources:
  ephemeralStorage: {max: 1Ti})",
       {"4:3: resources.ephemeralStorage: unknown field; did you mean \"ephemeral-storage\"?"}},
      {"gpu: {dialect: migs}",
       {"3:16: gpu.dialect: must be device-plugin, mig, hami, koordinator, volcano-vgpu, kai or dra, not \"migs\"; did "
        "you mean \"mig\"?"}},
      {"gpu: {dialect: mig}", {"3:16: gpu.dialect: mig needs gpu.mig.profiles, which is not there"}},
      {"gpu:\n  dialects:\n  - {dialect: dra}\n  - {dialect: hami}",
       {"5:15: gpu.dialects[0].dialect: dra needs gpu.dra.claimTemplates, which is not there",
        "6:5: gpu.dialects[1]: is never reached: dialects[0] (dra) takes everything"}},
      {"gpu: {mig: {profiles: [3g.2gb, {name: 1g.5gb+me}, 7]}}",
       {"3:24: gpu.mig.profiles[0]: must be a MIG profile such as 3g.20gb or 1g.10gb+me, not \"3g.2gb\"; did you mean "
        "\"3g.20gb\"?",
        "3:32: gpu.mig.profiles[1]: missing field \"memory\"",
        "3:51: gpu.mig.profiles[2]: must be a MIG profile such as 3g.20gb or 1g.10gb+me, not \"7\""}},
      {"gpu: {mig: {profiles: [{name: 7g.80gb, memory: 81Gi}, {name: 7g.40gb, memory: 40Gi}]}}",
       {"3:48: gpu.mig.profiles[0].memory: 81Gi is more than the name 7g.80gb says"}},
      {R"(gpu:
  memoryLabel: nvidia.com/gpu.memory
  models:
  - {name: T4, memory: 15Gi, nodeLabels: {gpu: [t4]}})",
       {"6:3: gpu.models: memoryLabel stands instead of models, not beside them"}},
      {"gpu: {split: true}", {"3:14: gpu.split: needs models: it is not known how much memory several GPUs have"}},
      {R"(gpu:
  models:
  - {name: T4, memory: 15Gi, nodeLabels: {nvidia.com/gpu.product: [Tesla-T4, Tesla-T4-SHARED]}})",
       {"5:42: gpu.models[0].nodeLabels: names a shared product (-SHARED): who shares a GPU does not have its memory"}},
      {"gpu: {companions: [{resource: hca, perGpu: 0.5}, {resource: hugepages-2Mi, perGpu: 1Gi}]}",
       {"3:31: gpu.companions[0].resource: must be an extended resource such as rdma/hca, or hugepages-<size>, not "
        "\"hca\"",
        "3:44: gpu.companions[0].perGpu: must be whole and more than 0, not \"0.5\""}},
      {"gpu: {dra: {claimTemplates: [{name: One, gpus: 0}]}}",
       {"3:37: gpu.dra.claimTemplates[0].name: must be a ResourceClaimTemplate (lower-case letters, digits, '-', '.'), "
        "not \"One\"",
        "3:48: gpu.dra.claimTemplates[0].gpus: must be a whole number from 1 to 1024, not \"0\""}},
      {"gpu: {keepCpuPodsOff: {require: true}}", {"3:23: gpu.keepCpuPodsOff: missing field \"label\""}},
      {"gpu: {resource: gpu}",
       {"3:17: gpu.resource: must be an extended resource with its domain, such as nvidia.com/gpu, not \"gpu\""}},
      {"gpu: {resource: kubernetes.io/gpu}",
       {"3:17: gpu.resource: must be an extended resource with its domain, such as nvidia.com/gpu, not "
        "\"kubernetes.io/gpu\""}},
      {"gpu: {resource: requests.nvidia.com/gpu}",
       {"3:17: gpu.resource: must be an extended resource with its domain, such as nvidia.com/gpu, not "
        "\"requests.nvidia.com/gpu\""}},
      {"gpu: {maxPerPod: 0}", {"3:18: gpu.maxPerPod: must be a whole number from 1 to 1024, not \"0\""}},
      {"gpu: {maxPerPod: 1.5}", {"3:18: gpu.maxPerPod: must be a whole number from 1 to 1024, not \"1.5\""}},
      {R"(gpu: {require: "yes"})", {"3:16: gpu.require: must be true or false (without quotes), not \"yes\""}},
      {R"(gpu:
  models:
  - {name: A100, memory: 40Gi, nodeLabels: {gpu: [a100]}}
  - {name: T4, memory: 15Gi, nodeLabels: {gpu: [t4]}})",
       {"6:24: gpu.models[1].memory: 15Gi is less than the 40Gi of the model before it: the smallest comes first"}},
      {R"(gpu:
  models:
  - {name: T4, memory: 15Gi, nodeLabels: {gpu: [t4]}}
  - {name: T4, memory: 16Gi, nodeLabels: {gpu: [t4]}})",
       {"6:12: gpu.models[1].name: there is another model \"T4\""}},
      {R"(gpu:
  models:
  - {memory: 15Gi})",
       {"5:5: gpu.models[0]: missing field \"name\"", "5:5: gpu.models[0]: missing field \"nodeLabels\""}},
      {R"(gpu:
  models:
  - {name: T4, memory: 0, nodeLabels: {}})",
       {"5:24: gpu.models[0].memory: must be more than 0",
        "5:39: gpu.models[0].nodeLabels: must name at least one label"}},
      {R"(gpu:
  models:
  - {name: "T4,A10", memory: 15, nodeLabels: {"bad key": [x], gpu: [], product: "", count: [1], ok: [true]}})",
       {"5:12: gpu.models[0].name: must be a model (1 to 63 letters, digits, '-', '_', '.'), not \"T4,A10\"",
        "5:30: gpu.models[0].memory: \"15\" is 15 bytes; did you mean \"15Gi\"?",
        "5:47: gpu.models[0].nodeLabels[bad key]: must be a label key such as example.com/name, not \"bad key\"",
        "5:68: gpu.models[0].nodeLabels.gpu: must name at least one",
        "5:81: gpu.models[0].nodeLabels.product: must be a label value (1 to 63 letters, digits, '-', '_', '.'), not "
        "\"\"",
        "5:102: gpu.models[0].nodeLabels.ok[0]: must be a label value (1 to 63 letters, digits, '-', '_', '.'), not "
        "true (a boolean to YAML; quoted it is a text)"}},
      {R"(gpu:
  models:
    T4: {memory: 15Gi})",
       {"5:5: gpu.models: must be a list, not a map"}},
      {R"(tolerations:
- when: {gpu: ">0"})",
       {"4:3: tolerations[0]: missing field \"add\""}},
      {R"(tolerations:
- add: [])",
       {"4:8: tolerations[0].add: must hold at least one toleration"}},
      {R"(tolerations:
- add:
  - {key: nvidia.com/gpu, operator: Exists, value: present}
  - {operator: Equal, value: x}
  - {key: a, operator: exist}
  - {key: a, effect: NoExecutes}
  - {key: a, effect: NoSchedule, tolerationSeconds: 5}
  - {key: a, effect: NoExecute, tolerationSeconds: -1}
  - {key: "a b", value: "x y"}
  - {key: a, value: true}
  - "nvidia.com/gpu")",
       {"5:52: tolerations[0].add[0].value: operator Exists takes no value",
        "6:16: tolerations[0].add[1].operator: only operator Exists may go without a key",
        "7:24: tolerations[0].add[2].operator: must be Equal or Exists, not \"exist\"; did you mean \"Exists\"?",
        "8:22: tolerations[0].add[3].effect: must be NoSchedule, PreferNoSchedule or NoExecute, not \"NoExecutes\"; "
        "did you mean \"NoExecute\"?",
        "9:53: tolerations[0].add[4].tolerationSeconds: tolerationSeconds needs effect NoExecute",
        "10:52: tolerations[0].add[5].tolerationSeconds: must be a whole number, 0 or more, not \"-1\"",
        "11:11: tolerations[0].add[6].key: must be a label key such as example.com/name, not \"a b\"",
        "11:25: tolerations[0].add[6].value: must be a label value (at most 63 letters, digits, '-', '_', '.'), not "
        "\"x y\"",
        "12:21: tolerations[0].add[7].value: must be a label value (at most 63 letters, digits, '-', '_', '.'), not "
        "true (a boolean to YAML; quoted it is a text)",
        "13:5: tolerations[0].add[8]: must be a map of key, operator, value, effect, tolerationSeconds, not "
        "\"nvidia.com/gpu\""}},
      {"lists: pod", {"3:8: lists: must be warn or template, not \"pod\""}},
      {"priority: {authored: raise}", {"3:22: priority.authored: must be keep, not \"raise\""}},
      {"priority: {defaultClass: Standard}",
       {"3:26: priority.defaultClass: must be a PriorityClass (lower-case letters, digits, '-', '.'; never system-*), "
        "not \"Standard\""}},
      {R"(priority:
  bands:
  - {class: system-node-critical})",
       {"5:13: priority.bands[0].class: must be a PriorityClass (lower-case letters, digits, '-', '.'; never "
        "system-*), not \"system-node-critical\""}},
      {R"(priority:
  bands:
  - {when: {duration: "<=5m"}})",
       {"5:5: priority.bands[0]: missing field \"class\""}},
      {R"(priority:
  bands:
  - {class: all, when: {}}
  - {class: late, when: {duration: "<=5m"}}
  - {class: later})",
       {"6:5: priority.bands[1]: is never reached: band 0 (all) takes everything",
        "7:5: priority.bands[2]: is never reached: band 0 (all) takes everything"}},
      {R"(priority:
  bands:
  - {class: a, value: 3000}
  - {class: b, preemptionPolicy: Never}
  - {class: c, value: 1000000001, preemptionPolicy: never})",
       {"5:5: priority.bands[0]: value and preemptionPolicy are written together, as the PriorityClass says them",
        "6:5: priority.bands[1]: value and preemptionPolicy are written together, as the PriorityClass says them",
        "7:23: priority.bands[2].value: must be a whole number from -2147483648 to 1000000000, not \"1000000001\"",
        "7:53: priority.bands[2].preemptionPolicy: must be PreemptLowerPriority or Never, not \"never\"; did you mean "
        "\"Never\"?"}},
      {R"(priority:
  bands:
  - {class: a, bound: 0.5})",
       {"5:23: priority.bands[0].bound: must be 1 or more, not \"0.5\""}},
      {R"(priority:
  bands:
  - {class: a, when: {duration: "<=5"}}
  - {class: a, when: {duration: "=<5m"}}
  - {class: a, when: {duration: "<="}}
  - {class: a, when: {duration: ">=1h,"}}
  - {class: a, when: {duration: "<-5m"}}
  - {class: a, when: {duration: "about 5m"}}
  - {class: a, when: {duration: ["<5m"]}}
  - {class: a, when: {memory: ">=32"}}
  - {class: a, when: {memory: "32m"}}
  - {class: a, when: {cpu: ">4000"}}
  - {class: a, when: {gpu: ">=0.5"}}
  - {class: a, when: {gpu: "-1"}}
  - {class: a, when: {gpuMemory: "<80GB"}}
  - {class: a, when: {slack: "<1 hour"}})",
       {"5:33: priority.bands[0].when.duration: \"5\" is not a duration: it has no unit; did you mean \"5m\"?",
        "6:33: priority.bands[1].when.duration: \"=<5m\" is no comparison; write <, <=, =, !=, >= or > before a "
        "duration such as 90m, and commas between several",
        "7:33: priority.bands[2].when.duration: \"<=\" compares with nothing: it needs a duration such as 90m",
        "8:33: priority.bands[3].when.duration: \"\" compares with nothing: it needs a duration such as 90m",
        "9:33: priority.bands[4].when.duration: must not be negative",
        "10:33: priority.bands[5].when.duration: \"about 5m\" is not a duration: white space is not allowed; write "
        "numbers with the units d, h, m, s, ms, us or ns, such as \"90m\", \"1h30m\" or \"1d12h\"",
        "11:33: priority.bands[6].when.duration: must be a comparison with a duration such as 90m, not a list",
        "12:31: priority.bands[7].when.memory: \"32\" is 32 bytes; did you mean \"32Gi\"?",
        "13:31: priority.bands[8].when.memory: \"32m\" is thousandths of a byte; did you mean \"32Mi\"?",
        "14:28: priority.bands[9].when.cpu: \"4000\" is 4000 cores; did you mean \"4000m\"?",
        "15:28: priority.bands[10].when.gpu: the number of GPUs is 500m; it must be a whole number",
        "16:28: priority.bands[11].when.gpu: the number of GPUs is -1; it cannot be negative",
        "17:34: priority.bands[12].when.gpuMemory: \"80GB\" is not a quantity: unknown suffix \"GB\"; did you mean "
        "\"80G\" or \"80Gi\"?",
        "18:30: priority.bands[13].when.slack: \"1 hour\" is not a duration: white space is not allowed; did you mean "
        "\"1h\"?"}},
      {R"(priority:
  bands:
  - {class: a, when: {confidence: hihg}}
  - {class: a, when: {confidence: []}}
  - {class: a, when: {kind: job}}
  - {class: a, when: {kind: [Job, Deployment]}}
  - {class: a, when: {namespace: [""]}}
  - {class: a, when: {namespace: Team_A}}
  - {class: a, when: {user: ""}}
  - {class: a, when: {groups: {a: b}}}
  - {class: a, when: {labels: [app]}}
  - {class: a, when: {labels: {"-x": v, app: [""], team: }}}
  - {class: a, when: {preemptible: true}}
  - {class: a, when: true}
  - {class: a, when: {interruptible: "true"}})",
       {"5:35: priority.bands[0].when.confidence: must be low, medium or high, not \"hihg\"; did you mean \"high\"?",
        "6:35: priority.bands[1].when.confidence: must name at least one",
        "7:29: priority.bands[2].when.kind: must be Job, Pod, JobSet, another kind that is decided at the object, or a "
        "glob that matches one, not \"job\"",
        "8:35: priority.bands[3].when.kind[1]: must be Job, Pod, JobSet, another kind that is decided at the object, "
        "or a glob that matches one, not \"Deployment\"",
        "9:35: priority.bands[4].when.namespace[0]: must be a namespace or a glob (lower-case letters, digits, '-', "
        "'*', '?'), not \"\"",
        "10:34: priority.bands[5].when.namespace: must be a namespace or a glob (lower-case letters, digits, '-', '*', "
        "'?'), not \"Team_A\"",
        "11:29: priority.bands[6].when.user: must be a name or a glob (not empty), not \"\"",
        "12:31: priority.bands[7].when.groups: must be a list, not a map",
        "13:31: priority.bands[8].when.labels: must be a map from labels to values, not a list",
        "14:32: priority.bands[9].when.labels.-x: must be a label key such as example.com/name, not \"-x\"",
        "14:47: priority.bands[9].when.labels.app[0]: must be a name or a glob (not empty), not \"\"",
        "14:52: priority.bands[9].when.labels.team: must be a name or a glob (not empty), not null",
        "15:23: priority.bands[10].when.preemptible: unknown field; known here: duration, slack, cpu, memory, gpu, "
        "gpuMemory, interruptible, confidence, kind, namespace, scheduler, user, groups, labels",
        "16:22: priority.bands[11].when: must be a map of duration, slack, cpu, memory, gpu, gpuMemory, "
        "interruptible, confidence, kind, namespace, scheduler, user, groups, labels, not true (a boolean to YAML; "
        "quoted it is a text)",
        "17:38: priority.bands[12].when.interruptible: must be true or false (without quotes), not \"true\""}},
      {"runtime: {podDeadline: none}", {"3:24: runtime.podDeadline: must be a map of factor, floor, not \"none\""}},
      {"runtime: {podDeadline: {factor: 0.5, floor: 500ms}}",
       {"3:33: runtime.podDeadline.factor: must be 1 or more, not \"0.5\"",
        "3:45: runtime.podDeadline.floor: must be from 1s to 2147483647s, not \"500ms\""}},
      {"runtime: {podDeadline: {factor: 3, floor: 30000d}}",
       {"3:43: runtime.podDeadline.floor: must be from 1s to 2147483647s, not \"30000d\""}},
      {"runtime: {podDeadline: {floor: 15}}",
       {"3:32: runtime.podDeadline.floor: \"15\" is not a duration: it has no unit; did you mean \"15m\"?"}},
      {"runtime: {jobDeadlin: {factor: 3}}",
       {"3:11: runtime.jobDeadlin: unknown field; did you mean \"jobDeadline\"?"}},
      {"runtime: {jobDeadline: {factor: 0.5}}",
       {"3:24: runtime.jobDeadline: missing field \"pending\"",
        "3:33: runtime.jobDeadline.factor: must be 1 or more, not \"0.5\""}},
      {"runtime: {jobDeadline: {pending: -1h}}",
       {"3:34: runtime.jobDeadline.pending: must be from 0s to 365d, not \"-1h\""}},
      {"runtime: {jobDeadline: {pending: 366d}}",
       {"3:34: runtime.jobDeadline.pending: must be from 0s to 365d, not \"366d\""}},
      {"schedulers: [default-scheduler, Volcano]",
       {"3:14: schedulers[0]: must be a scheduler (lower-case letters, digits, '-', '.'; not default-scheduler), not "
        "\"default-scheduler\"",
        "3:33: schedulers[1]: must be a scheduler (lower-case letters, digits, '-', '.'; not default-scheduler), not "
        "\"Volcano\""}},
      {R"(schedulers: [plimsoll-pack]
schedulerProfiles:
- {when: {duration: "<=1h"}, use: plimsoll-pack}
- {use: plimsoll-spread}
)",
       {"6:3: schedulerProfiles[1]: uses \"plimsoll-spread\", which schedulers does not list: pods of a scheduler that "
        "is "
        "not there wait forever"}},
      {"schedulerProfiles: [{when: {}}, {use: Pack}]",
       {"3:21: schedulerProfiles[0]: missing field \"use\"",
        "3:39: schedulerProfiles[1].use: must be a scheduler (lower-case letters, digits, '-', '.'; not "
        "default-scheduler), not \"Pack\""}},
      {R"(schedulers: [volcano]
namespaces:
- match: {names: [ml]}
  policy: {schedulerProfiles: [{use: plimsoll-pack}]}
)",
       {"6:32: namespaces[0].policy.schedulerProfiles[0]: uses \"plimsoll-pack\", which schedulers does not list: pods "
        "of "
        "a scheduler that is not there wait forever"}},
      {R"(placement:
- when: {gpu: ">0"}
- {spread: {over: zone}, together: {over: zone}}
- {spread: {over: zone, how: required}}
- {spread: {over: zone, upTo: 4}}
- {spread: {over: zone, how: required, upTo: 0}}
- {together: {over: "a b"}}
)",
       {"4:3: placement[0]: needs one of: spread, together", "5:3: placement[1]: needs one of: spread, together",
        "6:12: placement[2].spread: how: required needs upTo: how many pods there are places for; one more would wait "
        "forever",
        "7:31: placement[3].spread.upTo: is for how: required; anything else keeps no pod waiting",
        "8:46: placement[4].spread.upTo: must be a whole number from 1 to 5000, not \"0\"",
        "9:21: placement[5].together.over: must be a label key such as example.com/name, not \"a b\""}},
      {"schedulers: volcano", {"3:13: schedulers: must be a list, not \"volcano\""}},
      {R"(queues:
  kueue:
  - {when: {gpu: ">0"}}
  - {queue: GPU}
  - {queue: batch, gang: true}
  volcano:
  - {queue: batch, gang: "yes"})",
       {"5:5: queues.kueue[0]: missing field \"queue\"",
        "6:13: queues.kueue[1].queue: must be a queue (at most 63 lower-case letters, digits, '-', '.'), not \"GPU\"",
        "7:20: queues.kueue[2].gang: unknown field; known here: when, queue",
        "9:26: queues.volcano[0].gang: must be true or false (without quotes), not \"yes\""}},
      {R"(queues:
  kueue: [{queue: a}, {when: {gpu: ">0"}, queue: b}, {queue: c}]
  volcano: [{when: {}, queue: a, gang: true}, {queue: b}])",
       {"4:23: queues.kueue[1]: is never reached: kueue[0] takes everything",
        "4:54: queues.kueue[2]: is never reached: kueue[0] takes everything",
        "5:47: queues.volcano[1]: is never reached: volcano[0] takes everything"}},
      {R"(queues:
  kueue:
  - {when: {kind: Pod}, queue: a}
  - {when: {kind: [Pod, "J*"]}, queue: b}
  volcano: [{when: {kind: Pod}, queue: a}])",
       {"5:12: queues.kueue[0].when: never holds: only Jobs are put into Kueue's queues"}},
      {"disruption: {protectFrom: [karpenter], when: {interruptible: true}}",
       {"3:46: disruption.when: never holds: what is interruptible is not protected"}},
      {"queues: {slurm: []}", {"3:10: queues.slurm: unknown field; known here: kueue, volcano"}},
      {"disruption: {upTo: 1h}", {"3:13: disruption: missing field \"protectFrom\""}},
      {"disruption: {protectFrom: [karpenter, descheduler]}",
       {"3:39: disruption.protectFrom[1]: must be cluster-autoscaler or karpenter, not \"descheduler\""}},
      {"disruption: {protectFrom: [karpenter], upTo: 25h}",
       {"3:46: disruption.upTo: must be more than 0s and at most 24h, not \"25h\""}},
      {"disruption: {protectFrom: [karpenter], upTo: 0s}",
       {"3:46: disruption.upTo: must be more than 0s and at most 24h, not \"0s\""}},
      {"disruption: {protectFrom: [karpenter], when: {interruptible: no}}", {}},
      {R"(nodeAffinity:
- when: {duration: "<=1h"})",
       {"4:3: nodeAffinity[0]: must prefer or require something"}},
      {R"(nodeAffinity:
- prefer:
  - {key: a, in: [x], weight: 0}
  - {key: a, in: [x], weight: 101}
  - {key: a, in: [x], notIn: [z]}
  - {key: a}
  - {in: [x]}
  - {key: a, exists: false}
  - {key: a, exists: "true"}
  - {key: a, gt: 1.5}
  - {key: a, lt: many}
  - {key: a, in: []}
  - {key: "a//b", exists: true}
  require:
  - {key: a, in: ["x y"]}
  - {key: a, in: [x], weight: 5})",
       {"5:31: nodeAffinity[0].prefer[0].weight: must be a whole number from 1 to 100, not \"0\"",
        "6:31: nodeAffinity[0].prefer[1].weight: must be a whole number from 1 to 100, not \"101\"",
        "7:5: nodeAffinity[0].prefer[2]: needs exactly one of in, notIn, exists, doesNotExist, gt or lt",
        "8:5: nodeAffinity[0].prefer[3]: needs exactly one of in, notIn, exists, doesNotExist, gt or lt",
        "9:5: nodeAffinity[0].prefer[4]: missing field \"key\"",
        "10:22: nodeAffinity[0].prefer[5].exists: can only be true: exists and doesNotExist are each other's opposite",
        "11:22: nodeAffinity[0].prefer[6].exists: must be true or false (without quotes), not \"true\"",
        "12:18: nodeAffinity[0].prefer[7].gt: must be a whole number, not \"1.5\"",
        "13:18: nodeAffinity[0].prefer[8].lt: must be a whole number, not \"many\"",
        "14:18: nodeAffinity[0].prefer[9].in: must name at least one",
        "15:11: nodeAffinity[0].prefer[10].key: must be a label key such as example.com/name, not \"a//b\"",
        "17:19: nodeAffinity[0].require[0].in[0]: must be a label value (at most 63 letters, digits, '-', '_', '.'), "
        "not \"x y\"",
        "18:23: nodeAffinity[0].require[1].weight: unknown field; known here: key, in, notIn, exists, doesNotExist, "
        "gt, lt"}},
      {R"(placement:
- spread: {over: "bad host", how: sometimes}
- when: {memory: ">=32Gi"}
- spread: {how: preferred}
- spread: preferred)",
       {"4:18: placement[0].spread.over: must be a label key such as example.com/name, not \"bad host\"",
        "4:35: placement[0].spread.how: must be preferred, required or topology, not \"sometimes\"",
        "5:3: placement[1]: needs one of: spread, together", "6:11: placement[2].spread: missing field \"over\"",
        "7:11: placement[3].spread: must be a map of over, how, upTo, not \"preferred\""}},
      {R"(namespaces:
- match: {names: []}
  policy: {}
- match: {}
  policy: {}
- policy: {}
- match: {names: [a]}
- match: {names: [""]}
  policy: {mode: off}
- match: {names: [a], labels: {a: b}}
  policy: [a])",
       {"4:18: namespaces[0].match.names: must name at least one", "6:10: namespaces[1].match: missing field \"names\"",
        "8:3: namespaces[2]: missing field \"match\"", "9:3: namespaces[3]: missing field \"policy\"",
        "10:19: namespaces[4].match.names[0]: must be a namespace or a glob (lower-case letters, digits, '-', '*', "
        "'?'), not \"\"",
        "11:18: namespaces[4].policy.mode: must be enforce, shadow or disabled, not off (a boolean to YAML); did you "
        "mean "
        "\"disabled\"?",
        "12:23: namespaces[5].match.labels: unknown field; known here: names",
        "13:11: namespaces[5].policy: must be a map of mode, canary, onError, decideAt, requireEstimate, "
        "onInvalidEstimate, "
        "onUnknownKey, onImpossibleDeadline, sidecars, resources, gpu, tolerations, lists, priority, runtime, "
        "schedulers, schedulerProfiles, queues, disruption, "
        "nodeAffinity, placement, not a "
        "list"}},
      {R"(namespaces:
- match: {names: [a]}
  policy:
    prefix: a.b/
    skipNamespaces: []
    namespaces: []
    apiVersion: v1
    resuorces: {}
    resources: {memory: {max: 16Mi}})",
       {"6:5: namespaces[0].policy.prefix: holds for the whole cluster and cannot differ between namespaces",
        "7:5: namespaces[0].policy.skipNamespaces: holds for the whole cluster and cannot differ between namespaces",
        "8:5: namespaces[0].policy.namespaces: holds for the whole cluster and cannot differ between namespaces",
        "9:5: namespaces[0].policy.apiVersion: holds for the whole cluster and cannot differ between namespaces",
        "10:5: namespaces[0].policy.resuorces: unknown field; did you mean \"resources\"?",
        "11:31: namespaces[0].policy.resources.memory.max: min 32Mi is more than max 16Mi"}},
      {R"(resources: {memory: {min: 1Gi, mox: 3}}
namespaces:
- match: {names: [a]}
  policy: {resources: {memory: {max: 512Mi}}}
- match: {names: [b]}
  policy: {resources: {memory: {limit: 0.5}, cpu: 4}})",
       {"3:32: resources.memory.mox: unknown field; did you mean \"max\"?",
        "6:38: namespaces[0].policy.resources.memory.max: min 1Gi is more than max 512Mi",
        "8:40: namespaces[1].policy.resources.memory.limit: limit 0.5 is less than request 1",
        "8:51: namespaces[1].policy.resources.cpu: must be a map of request, limit, min, max, round, not \"4\""}},
      {R"(shadow: {}
learning: {}
budgets: {}
queue: {})",
       {"3:1: shadow: " + kUnknownAtTheRoot, "4:1: learning: " + kUnknownAtTheRoot,
        "5:1: budgets: " + kUnknownAtTheRoot, "6:1: queue: unknown field; did you mean \"queues\"?"}},
      {R"(priority:
  bands: {class: a})",
       {"4:10: priority.bands: must be a list, not a map"}},
      {"lists: [warn, template]", {"3:8: lists: must be warn or template, not a list"}},
      {"mode: 1", {"3:7: mode: must be enforce, shadow or disabled, not \"1\""}},
      {R"(onError: null
mode: ~
gpu: true)",
       {"5:6: gpu: must be a map of dialect, dialects, resource, maxPerPod, require, models, memoryLabel, split, mig, "
        "dra, companions, cudaLabel, keepCpuPodsOff, not true (a boolean to YAML; quoted "
        "it is a text)"}},
      {"sidecars: [[istio-proxy]]",
       {"3:12: sidecars[0]: must be a container (lower-case letters, digits, '-'), not a list"}},
      {R"(lists: "\e[31mred\u202e and a text that goes on and on and on and on for far more than sixty-four characters")",
       {"3:8: lists: must be warn or template, not \"\\u{1b}[31mred\\u{202e} and a text that goes on and on and on and "
        "on for far m…\""}},
      {R"("\e[31m": x)", {"3:1: [\\u{1b}[31m]: " + kUnknownAtTheRoot}},
      {R"(tolerations:
- add:
  - key: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
  - {key: a, value: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
  - {key: Example.com/a}
  - {key: example.com/}
  - {key: ".example.com/a"}
  - {key: a.example.com-/a}
  - {key: -a})",
       {"5:10: tolerations[0].add[0].key: must be a label key such as example.com/name, not "
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        "6:21: tolerations[0].add[1].value: must be a label value (at most 63 letters, digits, '-', '_', '.'), not "
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
        "7:11: tolerations[0].add[2].key: must be a label key such as example.com/name, not \"Example.com/a\"",
        "8:11: tolerations[0].add[3].key: must be a label key such as example.com/name, not \"example.com/\"",
        "9:11: tolerations[0].add[4].key: must be a label key such as example.com/name, not \".example.com/a\"",
        "10:11: tolerations[0].add[5].key: must be a label key such as example.com/name, not \"a.example.com-/a\"",
        "11:11: tolerations[0].add[6].key: must be a label key such as example.com/name, not \"-a\""}},
      {R"(resources:
  margin: {high: 1,25})",
       {"4:20: resources.margin.25: unknown field; known here: high, medium, low"}},
      {"runtime: {podDeadline: {factor: 101, floor: -15m}}",
       {"3:33: runtime.podDeadline.factor: must be above 0 and at most 100, not \"101\"",
        "3:45: runtime.podDeadline.floor: must be from 1s to 2147483647s, not \"-15m\""}},
      {R"(tolerations:
- &same {add: []}
- *same)",
       {"4:15: tolerations[0].add: must hold at least one toleration"}},
      {R"(onInvalidEstimate: {created: rejct}
gpu: {models: [{name: T4}]}
namespaces:
- match: {names: [a]}
  policy: {onInvalidEstimate: {controlled: reject}}
- match: {names: [b]}
  policy: {onInvalidEstimate: {controlled: deny}, gpu: {require: maybe}})",
       {"3:30: onInvalidEstimate.created: must be reject or warn, not \"rejct\"; did you mean \"reject\"?",
        "4:16: gpu.models[0]: missing field \"memory\"", "4:16: gpu.models[0]: missing field \"nodeLabels\"",
        "9:44: namespaces[1].policy.onInvalidEstimate.controlled: must be reject or warn, not \"deny\"",
        "9:66: namespaces[1].policy.gpu.require: must be true or false (without quotes), not \"maybe\""}},
      {R"(resources: {memory: {max: 1Gi}}
namespaces:
- match: {names: [a]}
  policy: {resources: {memory: {min: 2Gi}}})",
       {"6:38: namespaces[0].policy.resources.memory.min: min 2Gi is more than max 1Gi"}},
      {"namespaces: {research: {mode: disabled}}", {"3:13: namespaces: must be a list, not a map"}},
      {R"(requireEstimate: {memory: ">=32", duration: ">1h"})",
       {"3:27: requireEstimate.memory: \"32\" is 32 bytes; did you mean \"32Gi\"?"}},
      {R"(gpu:
  resource: nvidia.com/
  models: [])",
       {"4:13: gpu.resource: must be an extended resource with its domain, such as nvidia.com/gpu, not "
        "\"nvidia.com/\""}},
      {R"(nodeAffinity:
- require: [{key: gpu.memory, gt: "010"}, {key: gpu.memory, lt: 99999999999999999999}])",
       {"4:65: nodeAffinity[0].require[1].lt: must be a whole number, not \"99999999999999999999\""}},
      {"decideAt: Pod", {"3:11: decideAt: must be job or pod, not \"Pod\"; did you mean \"pod\"?"}},
      {R"(kinds:
- {group: example.com, kind: Training, templates: spec.template, level: object}
- {group: example.com, kind: Fleet, templates: [/spec/a~2, /], level: objct}
- {group: example.com, kind: fleet, level: pod, tempaltes: /spec/template}
- {group: example.com, kind: Once, level: pod}
- {group: example.com, kind: Once, level: none}
- {group: example.com, kind: Bare, level: object}
- {group: batch, kind: Job, level: pod}
- {group: batch, kind: CronJob, level: object}
- {kind: Pod, level: none}
- {group: ray.io, kind: RayCluster, level: pod, resource: Ray}
- {group: ray.io})",
       {"4:51: kinds[0].templates: must be a JSON Pointer such as /spec/template or /spec/tasks/*/template, not "
        "\"spec.template\"; did you mean \"/spec/template\"?",
        "5:49: kinds[1].templates[0]: must be a JSON Pointer such as /spec/template or /spec/tasks/*/template, not "
        "\"/spec/a~2\"",
        "5:60: kinds[1].templates[1]: must be a JSON Pointer such as /spec/template or /spec/tasks/*/template, not "
        "\"/\"",
        "5:71: kinds[1].level: must be object, pod or none, not \"objct\"; did you mean \"object\"?",
        "6:30: kinds[2].kind: must be a kind such as JobSet, not \"fleet\"",
        "6:49: kinds[2].tempaltes: unknown field; did you mean \"templates\"?",
        "8:30: kinds[4].kind: \"Once\" of \"example.com\" is here a second time",
        "9:43: kinds[5].level: an object is decided in its pod templates: say where, in templates",
        "10:24: kinds[6].kind: say decideAt: where Jobs are decided is known",
        "11:24: kinds[7].kind: each Job that a CronJob makes is decided",
        "12:10: kinds[8].kind: a Pod is decided when it comes",
        "13:59: kinds[9].resource: must be a resource such as jobsets (lower-case letters, digits, '-'), not \"Ray\"",
        "14:3: kinds[10]: missing field \"kind\"", "14:3: kinds[10]: missing field \"level\""}},
      {"priority: {bands: [{class: a, when: {}, bound: 2}, {class: b, when: {}}, {class: c}]}",
       {"3:74: priority.bands[2]: is never reached: band 1 (b) takes everything"}},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(problems_of(head + std::string(c.text) + '\n') == c.want);
  }
}

TEST_CASE("a file that is no policy at all is reported too") {
  const Case cases[] = {
      {"", {"the policy is empty: it must at least say apiVersion: plimsoll.dev/v1alpha1 and kind: Policy"}},
      {"# only a comment\n",
       {"the policy is empty: it must at least say apiVersion: plimsoll.dev/v1alpha1 and kind: Policy"}},
      {"{}\n", {"1:1: missing field \"apiVersion\"", "1:1: missing field \"kind\""}},
      {"- a\n",
       {"1:1: must be a map of apiVersion, kind, prefix, skipNamespaces, jobControllers, kinds, mode, canary, onError, "
        "decideAt, "
        "requireEstimate, onInvalidEstimate, onUnknownKey, onImpossibleDeadline, sidecars, resources, gpu, "
        "tolerations, lists, priority, "
        "runtime, schedulers, schedulerProfiles, queues, disruption, nodeAffinity, placement, namespaces, not a list"}},
      {"hello\n",
       {"1:1: must be a map of apiVersion, kind, prefix, skipNamespaces, jobControllers, kinds, mode, canary, onError, "
        "decideAt, "
        "requireEstimate, onInvalidEstimate, onUnknownKey, onImpossibleDeadline, sidecars, resources, gpu, "
        "tolerations, lists, priority, "
        "runtime, schedulers, schedulerProfiles, queues, disruption, nodeAffinity, placement, namespaces, not "
        "\"hello\""}},
      {"apiVersion: plimsoll.dev/v1alpha1\nkind:\n", {"1:1: missing field \"kind\""}},
      {"apiVersion: plimsoll.dev/v1\nkind: Policies\n",
       {"1:13: apiVersion: must be plimsoll.dev/v1alpha1, not \"plimsoll.dev/v1\"",
        "2:7: kind: must be Policy, not \"Policies\""}},
      {"kind: Policy\n---\nkind: Policy\n---\n- a\n",
       {"1:1: missing field \"apiVersion\"", "3:1: another document starts here: a file holds one policy",
        "5:1: another document starts here: a file holds one policy"}},
      {"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nmode: [\n", {"4:1: a [ is not closed by ]"}},
      {"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\ngpu: *models\n",
       {"3:6: the alias refers to an anchor that is not defined before it"}},
      {"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n  mode: enforce\n",
       {"3:7: a \": \" cannot stand here: put the text in quotes, or check the indentation"}},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(problems_of(c.text) == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::config
