#include "plimsoll/config/policy.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "plimsoll/base/text.hpp"
#include "plimsoll/digest/digest.hpp"

namespace plimsoll::config {
namespace {

using namespace std::chrono_literals;

std::string load(const std::string& path) {
  std::ifstream file(PLIMSOLL_SOURCE_DIR "/" + path);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The policy of `fields`, to which apiVersion and kind are added.
Policy parse(std::string_view fields) {
  auto policy = parse_policy("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n" + std::string(fields));
  if (!policy.has_value()) FAIL(to_text(policy.error().front()));
  return std::move(policy).value();
}

Condition parse_condition(const std::string& text) {
  return parse("requireEstimate: " + text + "\n").base.require_estimate.value();
}

TEST_CASE("a document that says nothing is the default policy") {
  Policy policy = parse("");
  CHECK(policy.revision == digest::short_hash("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n"));
  policy.revision = default_policy().revision;
  CHECK(policy == default_policy());

  const Settings& base = default_policy().base;
  CHECK(default_policy().revision == "default");
  CHECK(default_policy().namespaces.empty());
  CHECK(base.priority.bands.empty());
  CHECK(base.placement.empty());
  CHECK(base.node_affinity.empty());
  CHECK(base.gpu.models.empty());
  CHECK_FALSE(base.pod_deadline.has_value());
  CHECK_FALSE(base.require_estimate.has_value());
  REQUIRE(base.tolerations.size() == 1);
  CHECK(base.tolerations[0].when == parse_condition("{gpu: \">0\"}"));
  CHECK(base.tolerations[0].add ==
        std::vector<Toleration>{
            {.key = "nvidia.com/gpu", .op = "Exists", .value = "", .effect = "NoSchedule", .seconds = {}}});
}

TEST_CASE("a field without a value keeps its default") {
  Policy policy = parse("mode:\nresources:\ngpu: {models: , maxPerPod: ~}\ntolerations: null\nnamespaces:\n");
  policy.revision = "default";
  CHECK(policy == default_policy());
  CHECK(parse("tolerations: []\n").base.tolerations.empty());
}

TEST_CASE("the shipped policy is clean, and differs from the default only where it says so") {
  const auto parsed = parse_policy(load("manifests/policy.yaml"));
  if (!parsed.has_value()) FAIL(to_text(parsed.error().front()));
  const Settings& base = parsed->base;
  const Policy plain = default_policy();

  CHECK(parsed->prefix == plain.prefix);
  CHECK(parsed->skip_namespaces == plain.skip_namespaces);
  CHECK(parsed->job_controllers == plain.job_controllers);
  Settings without_examples = base;
  without_examples.gpu.models.clear();
  without_examples.priority.bands.clear();
  without_examples.pod_deadline.reset();
  without_examples.placement.clear();
  CHECK(without_examples == plain.base);

  REQUIRE(base.priority.bands.size() == 3);
  CHECK(base.priority.bands[0].priority_class == "plimsoll-minutes");
  CHECK(base.priority.bands[0].bound == Ratio::from_thousandths(3000));
  CHECK(base.priority.bands[1].priority_class == "plimsoll-hours");
  CHECK(base.priority.bands[2].priority_class == "plimsoll-long");
  CHECK(base.priority.bands[2].when.always_holds());
  CHECK(base.pod_deadline == PodDeadline{Ratio::from_thousandths(3000), Duration(15min)});
  CHECK(parsed->settings_for("ml-vision").resources.memory.max == Bytes(1LL << 40));
  CHECK(parsed->settings_for("web") == base);
}

TEST_CASE("every field reaches its place") {
  const Policy policy = parse(R"(
prefix: e.example.com/
skipNamespaces: [a]
jobControllers: [b]
mode: disabled
onError: deny
onInvalidEstimate: {created: warn, controlled: reject}
onUnknownKey: warn
onImpossibleDeadline: reject
sidecars: [s]
lists: template
resources:
  authored: raise
  margin: {high: 1, medium: "1.5", low: 2.125}
  cpu: {request: 0.5, limit: 2, min: 1m, max: 8, round: 100m}
  memory: {request: 1, limit: none, min: 0, max: "1073741824", round: 4Ki}
gpu:
  dialect: device-plugin
  resource: amd.com/gpu
  maxPerPod: "4"
  require: true
  models: [{name: MI300X, memory: 191Gi, nodeLabels: {amd.com/gpu.product-name: MI300X, tier: [1, "true"]}}]
tolerations:
- add:
  - {operator: Exists}
  - {key: a, value: "", effect: NoExecute, tolerationSeconds: 0}
priority:
  authored: keep
  defaultClass: standard
  bands: [{class: fast, value: -5, preemptionPolicy: PreemptLowerPriority, when: {slack: "<0s"}, bound: 1.5}]
runtime: {podDeadline: {factor: 2}}
nodeAffinity:
- prefer: [{key: a, notIn: [x, y1]}, {key: b, exists: true, weight: 1}]
  require: [{key: c, gt: -5}, {key: d, lt: "40960"}, {key: e, doesNotExist: true}, {key: f, in: x}]
placement:
- spread: {over: topology.kubernetes.io/zone, how: topology}
)");
  const Settings& base = policy.base;
  CHECK(policy.prefix == "e.example.com/");
  CHECK(policy.skip_namespaces == std::vector<std::string>{"a"});
  CHECK(policy.job_controllers == std::vector<std::string>{"b"});
  CHECK(base.mode == Mode::Disabled);
  CHECK(base.on_error == OnError::Deny);
  CHECK(base.estimates == Estimates{OnInvalid::Warn, OnInvalid::Reject, OnInvalid::Warn, OnInvalid::Reject, {"s"}});
  CHECK(base.lists == Lists::Template);
  CHECK(base.resources.authored == Authored::Raise);
  CHECK(base.resources.margin.of(Confidence::High) == Ratio::from_thousandths(1000));
  CHECK(base.resources.margin.of(Confidence::Medium) == Ratio::from_thousandths(1500));
  CHECK(base.resources.margin.of(Confidence::Low) == Ratio::from_thousandths(2125));
  CHECK(base.resources.cpu == Sizing<MilliCpu>{Ratio::from_thousandths(500), Ratio::from_thousandths(2000), MilliCpu(1),
                                               MilliCpu(8000), MilliCpu(100)});
  CHECK(base.resources.memory ==
        Sizing<Bytes>{Ratio::from_thousandths(1000), std::nullopt, Bytes(0), Bytes(1 << 30), Bytes(4096)});
  CHECK(base.resources.ephemeral_storage == Resources{}.ephemeral_storage);
  CHECK(base.gpu.resource == "amd.com/gpu");
  CHECK(base.gpu.max_per_pod == GpuCount(4));
  CHECK(base.gpu.require);
  CHECK(base.gpu.models ==
        std::vector<GpuModel>{
            {"MI300X", Bytes(191LL << 30), {{"amd.com/gpu.product-name", {"MI300X"}}, {"tier", {"1", "true"}}}}});
  CHECK(base.tolerations ==
        std::vector<TolerationRule>{{{}, {{"", "Exists", "", "", {}}, {"a", "Equal", "", "NoExecute", 0}}}});
  Condition late;
  late.slack = {{Comparison<Duration>::Op::Less, Duration()}};
  CHECK(base.priority ==
        Priority{"standard", {{"fast", late, Ratio::from_thousandths(1500), -5, "PreemptLowerPriority"}}});
  CHECK(base.pod_deadline == PodDeadline{Ratio::from_thousandths(2000), Duration(15min)});
  CHECK(base.node_affinity ==
        std::vector<NodeAffinityRule>{
            {{},
             {{{"a", "NotIn", {"x", "y1"}}, 50}, {{"b", "Exists", {}}, 1}},
             {{"c", "Gt", {"-5"}}, {"d", "Lt", {"40960"}}, {"e", "DoesNotExist", {}}, {"f", "In", {"x"}}}}});
  CHECK(base.placement ==
        std::vector<PlacementRule>{{{}, "topology.kubernetes.io/zone", PlacementRule::How::Topology}});
}

TEST_CASE("requireEstimate is never, always, or a condition") {
  CHECK_FALSE(parse("requireEstimate: false\n").base.require_estimate.has_value());
  CHECK(parse("requireEstimate: true\n").base.require_estimate == Condition{});
  CHECK(parse("requireEstimate: {kind: Job}\n").base.require_estimate->kinds == std::vector<std::string>{"Job"});
}

TEST_CASE("a condition is read into comparisons and names") {
  using Op = Comparison<Duration>::Op;
  struct Case {
    std::string text;
    std::vector<Comparison<Duration>> want;
  };
  const Case cases[] = {
      {"<5m", {{Op::Less, Duration(5min)}}},
      {"<=5m", {{Op::LessOrEqual, Duration(5min)}}},
      {"=5m", {{Op::Equal, Duration(5min)}}},
      {"==5m", {{Op::Equal, Duration(5min)}}},
      {"5m", {{Op::Equal, Duration(5min)}}},
      {"!=5m", {{Op::NotEqual, Duration(5min)}}},
      {">=5m", {{Op::GreaterOrEqual, Duration(5min)}}},
      {">5m", {{Op::Greater, Duration(5min)}}},
      {" >= 1h ,<3h", {{Op::GreaterOrEqual, Duration(1h)}, {Op::Less, Duration(3h)}}},
      {"<1d", {{Op::Less, Duration(24h)}}},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(parse_condition("{duration: \"" + c.text + "\"}").duration == c.want);
  }

  const Condition all = parse_condition(R"({slack: "<-1h", cpu: ">=1500m", memory: ">=32Gi", gpu: 2, gpuMemory: "<80G",
    confidence: [low, high], kind: [Job, "P*"], namespace: "ml-*", user: "system:*", groups: [a, b],
    labels: {app: "train-*", example.com/team: [x, z]}})");
  CHECK(all.slack == std::vector<Comparison<Duration>>{{Op::Less, Duration(-1h)}});
  CHECK(all.cpu == std::vector<Comparison<MilliCpu>>{{Comparison<MilliCpu>::Op::GreaterOrEqual, MilliCpu(1500)}});
  CHECK(all.memory == std::vector<Comparison<Bytes>>{{Comparison<Bytes>::Op::GreaterOrEqual, Bytes(32LL << 30)}});
  CHECK(all.gpu == std::vector<Comparison<GpuCount>>{{Comparison<GpuCount>::Op::Equal, GpuCount(2)}});
  CHECK(all.gpu_memory == std::vector<Comparison<Bytes>>{{Comparison<Bytes>::Op::Less, Bytes(80'000'000'000)}});
  CHECK(all.confidence == std::vector<Confidence>{Confidence::Low, Confidence::High});
  CHECK(all.kinds == std::vector<std::string>{"Job", "P*"});
  CHECK(all.namespaces == std::vector<std::string>{"ml-*"});
  CHECK(all.users == std::vector<std::string>{"system:*"});
  CHECK(all.groups == std::vector<std::string>{"a", "b"});
  CHECK(all.labels ==
        std::map<std::string, std::vector<std::string>>{{"app", {"train-*"}}, {"example.com/team", {"x", "z"}}});
  CHECK_FALSE(all.always_holds());
  CHECK(parse_condition("{}").always_holds());
}

TEST_CASE("a comparison holds as its sign says") {
  using Op = Comparison<GpuCount>::Op;
  struct Case {
    Op op;
    bool below, at, above;
  };
  const Case cases[] = {
      {Op::Less, true, false, false},    {Op::LessOrEqual, true, true, false}, {Op::Equal, false, true, false},
      {Op::NotEqual, true, false, true}, {Op::Greater, false, false, true},    {Op::GreaterOrEqual, false, true, true},
  };
  for (const Case& c : cases) {
    const Comparison<GpuCount> comparison{c.op, GpuCount(2)};
    CHECK(comparison.holds(GpuCount(1)) == c.below);
    CHECK(comparison.holds(GpuCount(2)) == c.at);
    CHECK(comparison.holds(GpuCount(3)) == c.above);
  }
}

TEST_CASE("an override is laid over the base: maps key by key, lists replaced, null back to the default") {
  const Policy policy = parse(R"(
mode: disabled
resources: {memory: {min: 64Mi, max: 1Gi}, cpu: {max: 8}}
priority: {bands: [{class: a, when: {gpu: 1}}, {class: b}]}
runtime: {podDeadline: {factor: 5}}
requireEstimate: {gpu: ">0"}
namespaces:
- match: {names: [research, "ml-*"]}
  policy:
    mode: enforce
    resources: {memory: {max: 2Gi}}
    priority: {bands: [{class: c}]}
    runtime: {podDeadline: {floor: 1h}}
    requireEstimate: {memory: ">1Gi"}
- match: {names: late}
  policy: {mode: enforce}
- match: {names: ["?"]}
  policy: {resources: , runtime: {podDeadline: }, requireEstimate: false, tolerations: []}
)");
  REQUIRE(policy.namespaces.size() == 3);
  const Settings& research = policy.settings_for("research");
  CHECK(research.mode == Mode::Enforce);
  CHECK(research.resources.memory.min == Bytes(64 << 20));
  CHECK(research.resources.memory.max == Bytes(2LL << 30));
  CHECK(research.resources.cpu.max == MilliCpu(8000));
  CHECK(research.priority.bands == std::vector<Band>{{"c", {}, {}}});
  CHECK(research.pod_deadline == PodDeadline{Ratio::from_thousandths(5000), Duration(1h)});
  CHECK(research.require_estimate->gpu.size() == 1);
  CHECK(research.require_estimate->memory.size() == 1);
  CHECK(research.tolerations == default_policy().base.tolerations);

  const Settings& back = policy.settings_for("x");
  CHECK(back.mode == Mode::Disabled);
  CHECK(back.resources == Resources{});
  CHECK(back.priority == policy.base.priority);
  CHECK(back.tolerations.empty());
  CHECK_FALSE(back.pod_deadline.has_value());
  CHECK_FALSE(back.require_estimate.has_value());
}

TEST_CASE("a namespace has the settings of the first override that names it") {
  const Policy policy = parse(R"(
namespaces:
- {match: {names: [research, "ml-*"]}, policy: {gpu: {maxPerPod: 1}}}
- {match: {names: ["*-late", "?b", ab-c]}, policy: {gpu: {maxPerPod: 2}}}
- {match: {names: [late, "ab-?", "*a*"]}, policy: {gpu: {maxPerPod: 3}}}
- {match: {names: "*"}, policy: {gpu: {maxPerPod: 4}}}
)");
  struct Case {
    std::string_view name;
    std::int64_t want;
  };
  const Case cases[] = {{"research", 1}, {"ml-late", 1},     {"ml-", 1},   {"ml", 4},   {"ab", 2},   {"", 4},
                        {"ab-c", 2},     {"researchers", 3}, {"-late", 2}, {"late", 3}, {"ab-d", 3}, {"b", 4}};
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(policy.settings_for(c.name).gpu.max_per_pod == GpuCount(c.want));
  }
  CHECK(default_policy().settings_for("research") == default_policy().base);
}

TEST_CASE("among many lists of globs the first that matches is found") {
  GlobIndex index;
  std::vector<std::vector<std::string>> lists;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i * 7 % 300);
    lists.push_back({"team-" + n, n + "?", "t*-" + n, "a" + n + "*"});
    if (i == 150) lists.push_back({"*9", "te?m-1*"});
    if (i == 299) lists.push_back({"*"});
  }
  for (const auto& list : lists) index.add(list);
  for (const char* start : {"team-", "teem-1", "t-x-", "a", "", "12", "zz"}) {
    for (std::size_t i = 0; i < 400; i += 3) {
      const std::string name = start + std::to_string(i);
      std::size_t want = 0;
      const auto matches = [&](const std::string& glob) { return matches_glob(glob, name); };
      while (std::none_of(lists[want].begin(), lists[want].end(), matches)) ++want;
      INFO(name);
      CHECK(index.find(name) == want);
    }
  }
  CHECK_FALSE(GlobIndex().find("a").has_value());
  GlobIndex one;
  one.add({"a*"});
  CHECK_FALSE(one.find("").has_value());
  CHECK(one.find("a") == std::size_t{0});
}

TEST_CASE("equal texts have equal revisions, others have others") {
  CHECK(parse("mode: enforce\n").revision == parse("mode: enforce\n").revision);
  CHECK(parse("mode: enforce\n").revision != parse("mode: disabled\n").revision);
}

TEST_CASE("a policy says how a cluster is asked for GPUs") {
  const Gpu gpu = parse(R"(gpu:
  dialect: dra
  dialects: [{when: {scheduler: "kai-*"}, dialect: kai}, {when: {gpuMemory: "<=20Gi"}, dialect: mig}]
  mig: {profiles: [1g.5gb, 1g.10gb+me, {name: 7g.80gb, memory: 79Gi}]}
  dra: {claimTemplates: [{name: one}, {name: eight, gpus: 8, memory: 80Gi}]}
  models: [{name: T4, memory: 15Gi, resource: nvidia.com/t4}]
  split: true
  companions: [{resource: rdma/hca, perGpu: 1}, {resource: hugepages-2Mi, perGpu: 2Gi}]
  cudaLabel: nvidia.com/cuda.runtime-version
  keepCpuPodsOff: {label: nvidia.com/gpu.present, require: true}
)")
                      .base.gpu;
  CHECK(gpu.dialect == Dialect::Dra);
  REQUIRE(gpu.dialects.size() == 2);
  CHECK(gpu.dialects[0].when.schedulers == std::vector<std::string>{"kai-*"});
  CHECK(to_text(gpu.dialects[0].dialect) == "kai");
  CHECK(to_text(gpu.dialects[1].dialect) == "mig");
  CHECK(gpu.mig_profiles == std::vector<MigProfile>{{"1g.5gb", Bytes(4480LL << 20)},
                                                    {"1g.10gb+me", Bytes(8960LL << 20)},
                                                    {"7g.80gb", Bytes(79LL << 30)}});
  CHECK(gpu.claim_templates ==
        std::vector<ClaimTemplate>{{"one", GpuCount(1), std::nullopt}, {"eight", GpuCount(8), Bytes(80LL << 30)}});
  CHECK(gpu.companions ==
        std::vector<Companion>{{"rdma/hca", Quantity::from_units(1, Quantity::Format::DecimalSI)},
                               {"hugepages-2Mi", Quantity::from_units(2LL << 30, Quantity::Format::BinarySI)}});
  CHECK(gpu.split);
  CHECK(gpu.cuda_label == "nvidia.com/cuda.runtime-version");
  CHECK(gpu.keep_cpu_pods_off == KeepOff{"nvidia.com/gpu.present", true});
  CHECK(gpu.offers("nvidia.com/gpu"));
  CHECK(gpu.offers("nvidia.com/t4"));
  CHECK_FALSE(gpu.offers("nvidia.com/a100"));
}

TEST_CASE("a MIG profile has less than its name says") {
  // What nvidia-smi mig -lgip shows, in MiB: an A100 of 40 GB, an H100 of 80 GB, an H200.
  struct Case {
    std::string_view profile;
    std::int64_t has;
  };
  for (const Case& c : {Case{"1g.5gb", 4864}, Case{"1g.10gb", 9984}, Case{"1g.10gb+me", 9984}, Case{"3g.40gb", 40448},
                        Case{"7g.80gb", 81152}, Case{"1g.18gb", 16384}}) {
    INFO(c.profile);
    const auto memory = usable_memory(c.profile);
    REQUIRE(memory.has_value());
    CHECK(*memory <= Bytes(c.has << 20));
    CHECK(*memory > Bytes(c.has << 20).scaled(Ratio::from_thousandths(850)));
  }
  for (const std::string_view text : {"", "1g", "5gb", "1g.gb", "1g.-5gb", "1g.0gb", "1g.5gbx", "1g.99999gb"}) {
    INFO(text);
    CHECK_FALSE(usable_memory(text).has_value());
  }
}

TEST_CASE("profiles of schedulers, and who stays together") {
  const Settings settings = parse(R"(
schedulers: [plimsoll-pack]
schedulerProfiles: [{when: {duration: "<=1h"}, use: plimsoll-pack}]
placement:
- {when: {gpu: ">=8"}, together: {over: zone}}
- {spread: {over: host, how: required, upTo: 12}}
)")
                                .base;
  REQUIRE(settings.scheduler_profiles.size() == 1);
  CHECK(settings.scheduler_profiles[0].scheduler == "plimsoll-pack");
  CHECK(settings.scheduler_profiles[0].when.duration.size() == 1);
  REQUIRE(settings.placement.size() == 2);
  CHECK(settings.placement[0].how == PlacementRule::How::Together);
  CHECK(settings.placement[0].over == "zone");
  CHECK(settings.placement[1].how == PlacementRule::How::Required);
  CHECK(settings.placement[1].up_to == 12);
}

TEST_CASE("queues, deadlines of Jobs and what is spared") {
  const Settings settings = parse(R"(
schedulers: [volcano]
queues:
  kueue: [{when: {gpu: ">0"}, queue: gpu}, {queue: batch.all}]
  volcano: [{when: {interruptible: false}, queue: batch, gang: true}]
disruption: {protectFrom: [karpenter, cluster-autoscaler], upTo: 90m, when: {namespace: ml}}
runtime: {jobDeadline: {pending: 1h}}
)")
                                .base;
  CHECK(settings.schedulers == std::vector<std::string>{"volcano"});
  CHECK(settings.queues.kueue ==
        std::vector<Queue>{{parse_condition("{gpu: \">0\"}"), "gpu"}, {Condition{}, "batch.all"}});
  CHECK(settings.queues.volcano ==
        std::vector<VolcanoQueue>{{{parse_condition("{interruptible: false}"), "batch"}, true}});
  CHECK(settings.disruption == Disruption{{Evictor::Karpenter, Evictor::ClusterAutoscaler},
                                          parse_condition("{namespace: ml}"),
                                          Duration(90min)});
  CHECK(settings.job_deadline == JobDeadline{.pending = Duration(1h)});
  CHECK(default_policy().base.disruption.up_to == Duration(24h));
  CHECK_FALSE(default_policy().base.job_deadline.has_value());
}

TEST_CASE("an override ends queues and protection, and keeps the rest of a deadline") {
  const Policy policy = parse(R"(
queues: {kueue: [{queue: batch}], volcano: [{queue: batch}]}
disruption: {protectFrom: [karpenter], upTo: 2h}
runtime: {jobDeadline: {pending: 1h}}
namespaces:
- match: {names: [quiet]}
  policy: {queues: {kueue: []}, disruption: {protectFrom: []}, runtime: {jobDeadline: {factor: 2}}}
)");
  const Settings& quiet = policy.settings_for("quiet");
  CHECK(quiet.queues.kueue.empty());
  CHECK(quiet.queues.volcano.size() == 1);
  CHECK(quiet.disruption.protect_from.empty());
  CHECK(quiet.job_deadline == JobDeadline{Ratio::from_thousandths(2000), Duration(1h)});
}

TEST_CASE("the documentation has a row for every field, and none for another") {
  const std::string text = load("docs/policy.md");
  const std::vector<std::string> paths = field_paths();
  REQUIRE(paths.size() > 50);
  for (const std::string& path : paths) {
    INFO(path);
    const bool is_row =
        text.find("\n| `" + path + "`") != std::string::npos || text.find(", `" + path + "` |") != std::string::npos;
    CHECK(is_row);
  }
  for (std::size_t row = text.find("\n| `"); row != std::string::npos; row = text.find("\n| `", row + 1)) {
    const std::string_view name = std::string_view(text).substr(row + 4, text.find('`', row + 4) - row - 4);
    INFO(name);
    CHECK(std::find(paths.begin(), paths.end(), name) != paths.end());
  }
}

TEST_CASE("every built-in kind is documented with the place where it is decided") {
  const std::string text = load("docs/kinds.md");
  for (const KindRule& rule : built_in_kinds()) {
    INFO(rule.kind);
    const std::string place = rule.level == Level::Object ? "the object" : rule.level == Level::None ? "nowhere" : "";
    CHECK(text.find("\n| " + rule.kind + " `" + rule.group + "` | " + place) != std::string::npos);
  }
}

TEST_CASE("a policy's kinds stand beside the built-in ones, or in their place") {
  const auto policy = parse_policy(R"(apiVersion: plimsoll.dev/v1alpha1
kind: Policy
kinds:
- {group: example.com, kind: Policy, templates: /spec/template, level: object}
- {group: example.com, kind: Bus, level: pod}
- {group: jobset.x-k8s.io, kind: JobSet, level: pod}
)");
  REQUIRE(policy.has_value());
  CHECK(policy->kinds.size() == built_in_kinds().size() + 2);
  CHECK(policy->find_kind("example.com", "Policy")->resource == "policies");
  CHECK(policy->find_kind("example.com", "Bus")->resource == "buses");
  const KindRule* set = policy->find_kind("jobset.x-k8s.io", "JobSet");
  REQUIRE(set != nullptr);
  CHECK(set->level == Level::Pod);
  CHECK(set->templates == std::vector<std::string>{"/spec/replicatedJobs/*/template/spec/template"});
  CHECK(policy->find_kind("", "Pod") == nullptr);
  CHECK(policy->find_kind("example.com", "JobSet") == nullptr);
}

TEST_CASE("the shipped policy names every field but the rarest") {
  // A reader looks for the words: the last part of each path stands somewhere, as a field or in a comment.
  const std::string text = load("manifests/policy.yaml");
  for (const std::string& path : field_paths()) {
    const std::string name = path.substr(path.rfind('.') + 1);
    const std::string_view rare[] = {"value", "tolerationSeconds", "exists", "doesNotExist", "gt", "lt"};
    if (std::find(std::begin(rare), std::end(rare), name) != std::end(rare)) continue;
    INFO(path);
    CHECK(text.find(name) != std::string::npos);
  }
}

}  // namespace
}  // namespace plimsoll::config
