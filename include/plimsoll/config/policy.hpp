// The policy: what the operator wants done with estimates.
//
// One YAML document becomes one immutable value. Every field has a default, and the defaults alone change only what
// cannot break a cluster that has nothing installed. The text is validated completely: all problems at once, each with
// line, column and the nearest name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/duration.hpp"
#include "plimsoll/units/quantity.hpp"

namespace plimsoll::config {

/// What is done with a decision. In order: of two that apply the lower counts.
enum class Mode {
  Disabled,  ///< none is made
  Shadow,    ///< it is made and told, and nothing is changed or refused
  Enforce
};
/// What a request is answered when Plimsoll itself fails.
enum class OnError { Allow, Deny };
/// What becomes of an object whose estimate is bad.
enum class OnInvalid { Reject, Warn };
/// What happens to a size that the author wrote himself.
enum class Authored { Keep, Raise, Replace };
/// Whether a list that the author wrote in a Job's template may get an addition (see docs/policy.md: kubectl apply).
enum class Lists { Warn, Template };
enum class Confidence { Low, Medium, High };
/// "low", "medium", "high".
[[nodiscard]] std::string_view to_text(Confidence confidence);
/// How a cluster wants to be asked for GPUs.
enum class Dialect {
#define PLIMSOLL_DIALECT(enumerator, file, name) enumerator,
#include "plimsoll/config/dialects.def"
#undef PLIMSOLL_DIALECT
};
/// "device-plugin" ...: as a policy names it.
[[nodiscard]] std::string_view to_text(Dialect dialect);

/// Where the pods of a kind are decided.
enum class Level {
  Object,  ///< when the object is created, in its pod templates
  Pod,     ///< when its Pods come, or the objects that it makes; the object itself is left as it is
  None,    ///< nowhere
};
/// Where what `Level::Object` decides at the object is decided after all.
enum class DecideAt { Job, Pod };

/// Where the pod templates stand in a kind.
struct KindRule {
  std::string group;  ///< "" for the core group
  std::string kind;
  /// What it is called in a path of the API: `jobsets`.
  std::string resource;
  Level level = Level::Pod;
  /// JSON Pointers, in which `*` stands for every element of a list and every member of a map.
  std::vector<std::string> templates = {};
  bool operator==(const KindRule&) const = default;
};

/// Those of kinds.def.
[[nodiscard]] const std::vector<KindRule>& built_in_kinds();

/// One comparison of a condition, such as `<=5m`.
template <class T>
struct Comparison {
  enum class Op { Less, LessOrEqual, Equal, NotEqual, GreaterOrEqual, Greater };
  Op op = Op::Equal;
  T operand;

  [[nodiscard]] bool holds(const T& value) const {
    switch (op) {
      case Op::Less:
        return value < operand;
      case Op::LessOrEqual:
        return value <= operand;
      case Op::Equal:
        return value == operand;
      case Op::NotEqual:
        return value != operand;
      case Op::GreaterOrEqual:
        return value >= operand;
      case Op::Greater:
        return value > operand;
    }
    return false;
  }
  bool operator==(const Comparison&) const = default;
};

/// A small table of what must hold, all of it; an empty table always holds. What is not known never holds.
struct Condition {
  /// Of the whole pod. Several comparisons (">=1h, <3h") must all hold.
  std::vector<Comparison<Duration>> duration;
  std::vector<Comparison<Duration>> slack;
  std::vector<Comparison<MilliCpu>> cpu;
  std::vector<Comparison<Bytes>> memory;
  std::vector<Comparison<GpuCount>> gpu;
  /// On each GPU.
  std::vector<Comparison<Bytes>> gpu_memory;
  /// What is not said to be interruptible is not.
  std::optional<bool> interruptible;
  /// One of these; empty: any. Names are globs.
  std::vector<Confidence> confidence;
  std::vector<std::string> kinds;
  std::vector<std::string> namespaces;
  /// Of the pod; the API's default-scheduler where it names none.
  std::vector<std::string> schedulers;
  /// The direct creator; never matches an object that a controller made.
  std::vector<std::string> users;
  std::vector<std::string> groups;
  /// Labels of the object that must be there, each with one of the values (globs).
  std::map<std::string, std::vector<std::string>> labels;

  /// Whether nothing is asked at all.
  [[nodiscard]] bool always_holds() const { return *this == Condition{}; }
  bool operator==(const Condition&) const = default;
};

/// How one resource is sized: factors on the estimate (after the margin, where one applies).
template <class T>
struct Sizing {
  Ratio request = Ratio::from_thousandths(1000);
  /// Absent: no limit is written.
  std::optional<Ratio> limit;
  T min{};
  T max = T::max();
  /// Sizes are rounded up to a multiple of this; zero: not rounded.
  T round{};
  bool operator==(const Sizing&) const = default;
};

struct Margins {
  Ratio high = Ratio::from_thousandths(1100);
  Ratio medium = Ratio::from_thousandths(1250);
  Ratio low = Ratio::from_thousandths(1500);
  [[nodiscard]] Ratio of(Confidence confidence) const {
    return confidence == Confidence::High ? high : confidence == Confidence::Low ? low : medium;
  }
  bool operator==(const Margins&) const = default;
};

/// What Authored::Replace is held to: an estimate that says little, or nearly the same, is no reason to overrule
/// anybody.
struct Replacing {
  /// At least so many times more or less than the estimate asks for.
  Ratio factor = Ratio::from_thousandths(2000);
  /// The least.
  Confidence confidence = Confidence::Medium;
  bool operator==(const Replacing&) const = default;
};

struct Resources {
  Authored authored = Authored::Keep;
  Replacing replace;
  /// On memory and storage; a cpu estimate that is too small only costs time.
  Margins margin;
  Sizing<MilliCpu> cpu{.limit = std::nullopt, .min = MilliCpu(10), .max = MilliCpu(64'000), .round = MilliCpu(1)};
  Sizing<Bytes> memory{.limit = Ratio::from_thousandths(1000),
                       .min = Bytes(32LL << 20),
                       .max = Bytes(512LL << 30),
                       .round = Bytes(1LL << 20)};
  Sizing<Bytes> ephemeral_storage{.limit = Ratio::from_thousandths(1000), .round = Bytes(1LL << 20)};
  bool operator==(const Resources&) const = default;
};

struct GpuModel {
  std::string name;
  /// Usable memory of one GPU.
  Bytes memory;
  /// Node label -> the values that nodes with this model carry.
  std::map<std::string, std::vector<std::string>> node_labels;
  /// What it is called where each model is an extended resource of its own; empty: as all GPUs are.
  std::string resource = {};
  bool operator==(const GpuModel&) const = default;
};

struct DialectRule {
  Condition when;
  Dialect dialect = Dialect::DevicePlugin;
  bool operator==(const DialectRule&) const = default;
};

/// A part of a GPU, partitioned by hardware.
struct MigProfile {
  std::string name;  ///< `3g.20gb`, `1g.10gb+me`
  Bytes memory;      ///< usable
  bool operator==(const MigProfile&) const = default;
};

/// What the GPU instance of `profile` surely holds: seven eighths of the number in its name; nothing for what is no
/// profile. The name is rounded, and the driver keeps some: 1g.5gb has 4864 MiB, 7g.80gb 79.25 GiB, 1g.18gb 16 GiB.
/// Source: `nvidia-smi mig -lgip`; NVIDIA's MIG user guide, "Supported MIG Profiles".
[[nodiscard]] std::optional<Bytes> usable_memory(std::string_view profile);

/// A ResourceClaimTemplate that stands ready in the namespaces of those who may use it.
struct ClaimTemplate {
  std::string name;
  GpuCount gpus{1};
  /// Of each of them; absent: unknown.
  std::optional<Bytes> memory;
  bool operator==(const ClaimTemplate&) const = default;
};

/// What a whole GPU is asked for together with, such as a port of the fabric that it hangs on.
struct Companion {
  std::string resource;
  Quantity per_gpu;
  bool operator==(const Companion&) const = default;
};

/// How pods without GPUs are kept off nodes that have some.
struct KeepOff {
  /// The label that only nodes with GPUs have.
  std::string label;
  bool require = false;
  bool operator==(const KeepOff&) const = default;
};

struct Gpu {
  /// First match wins; `dialect` where none does.
  std::vector<DialectRule> dialects;
  Dialect dialect = Dialect::DevicePlugin;
  /// The extended resource of the device plugin: nvidia.com/gpu, amd.com/gpu, gpu.intel.com/i915, gpu.intel.com/xe ...
  std::string resource = "nvidia.com/gpu";
  GpuCount max_per_pod{8};
  /// Whether the model is required (nodeSelector, or every node affinity term) or only preferred.
  bool require = false;
  /// Smallest memory first (validated).
  std::vector<GpuModel> models;
  /// Instead of models: the node label that says the memory of a GPU in MiB; empty: none.
  std::string memory_label;
  /// Whether several GPUs may be asked for where one is too small.
  bool split = false;
  std::vector<MigProfile> mig_profiles;
  std::vector<ClaimTemplate> claim_templates;
  std::vector<Companion> companions;
  /// `<label>.major` and `<label>.full` say the CUDA version that a node's driver runs; empty: no label does.
  std::string cuda_label;
  std::optional<KeepOff> keep_cpu_pods_off;

  /// Whether `resource` is what whole GPUs are called here.
  [[nodiscard]] bool offers(std::string_view name) const;
  bool operator==(const Gpu&) const = default;
};

/// Kubernetes' toleration.
struct Toleration {
  std::string key;
  std::string op = "Equal";  ///< Equal | Exists
  std::string value;
  std::string effect;  ///< "" tolerates every effect
  std::optional<std::int64_t> seconds;
  bool operator==(const Toleration&) const = default;
};

struct TolerationRule {
  Condition when;
  std::vector<Toleration> add;
  bool operator==(const TolerationRule&) const = default;
};

struct Band {
  std::string priority_class;
  Condition when;
  /// The pod deadline is set at this times the estimated duration; where it cannot be set the band does not match.
  std::optional<Ratio> bound;
  /// What the PriorityClass says, repeated here: both or neither, which is nothing and empty.
  std::optional<std::int64_t> value = {};
  std::string preemption_policy = {};
  bool operator==(const Band&) const = default;
};

struct Priority {
  /// The cluster's globalDefault class, which at a Pod is not the author's choice; empty: none.
  std::string default_class;
  /// First match wins.
  std::vector<Band> bands;
  bool operator==(const Priority&) const = default;
};

struct PodDeadline {
  Ratio factor = Ratio::from_thousandths(3000);
  Duration floor{std::chrono::minutes(15)};
  bool operator==(const PodDeadline&) const = default;
};

/// The whole Job's, for every round of its pods and every retry.
struct JobDeadline {
  Ratio factor = Ratio::from_thousandths(3000);
  /// How long it may wait for nodes in all.
  Duration pending{};
  bool operator==(const JobDeadline&) const = default;
};

/// A queue, for those for which `when` holds.
struct Queue {
  Condition when;
  std::string name;
  bool operator==(const Queue&) const = default;
};

struct VolcanoQueue {
  Queue queue;
  /// Whether the pods that a Job runs side by side start together or not at all.
  bool gang = false;
  bool operator==(const VolcanoQueue&) const = default;
};

/// Of each kind the first match wins.
struct Queues {
  std::vector<Queue> kueue;  ///< LocalQueues
  std::vector<VolcanoQueue> volcano;
  bool operator==(const Queues&) const = default;
};

/// Who may empty a node to save it.
enum class Evictor { ClusterAutoscaler, Karpenter };

/// Which pods are not to be evicted by whom: those that end by themselves, and would lose their work.
struct Disruption {
  std::vector<Evictor> protect_from;
  Condition when;
  /// Longer ones would keep their nodes from being replaced for too long.
  Duration up_to{std::chrono::hours(24)};
  bool operator==(const Disruption&) const = default;
};

/// A node selector requirement.
struct NodeRequirement {
  std::string key;
  std::string op = "In";  ///< In | NotIn | Exists | DoesNotExist | Gt | Lt
  std::vector<std::string> values;
  bool operator==(const NodeRequirement&) const = default;
};

struct NodeAffinityRule {
  struct Preference {
    NodeRequirement requirement;
    std::int64_t weight = 50;  ///< 1 to 100
    bool operator==(const Preference&) const = default;
  };
  Condition when;
  std::vector<Preference> prefer;
  std::vector<NodeRequirement> require;
  bool operator==(const NodeAffinityRule&) const = default;
};

/// Where the pods of one family stand to each other.
struct PlacementRule {
  enum class How { Preferred, Required, Topology, Together };
  Condition when;
  /// The topology key, such as kubernetes.io/hostname.
  std::string over;
  How how = How::Preferred;
  /// Of Required: at most so many pods side by side, as many as there are places for. Of more it is only preferred.
  std::int64_t up_to = 0;
  bool operator==(const PlacementRule&) const = default;
};

/// The scheduler, or the profile of one, of those for which `when` holds and whose author chose none.
struct SchedulerProfile {
  Condition when;
  std::string scheduler;
  bool operator==(const SchedulerProfile&) const = default;
};

/// How estimates are read.
struct Estimates {
  OnInvalid on_unknown_key = OnInvalid::Reject;
  /// Of a deadline that leaves less time than the estimated duration.
  OnInvalid on_impossible_deadline = OnInvalid::Warn;
  OnInvalid created = OnInvalid::Reject;
  OnInvalid controlled = OnInvalid::Warn;
  /// Containers that an estimate is never about unless it names them.
  std::vector<std::string> sidecars = {"istio-proxy", "istio-init", "linkerd-proxy",       "linkerd-init",
                                       "vault-agent", "fluent-bit", "gke-gcsfuse-sidecar", "cloud-sql-proxy",
                                       "dapr",        "envoy"};
  bool operator==(const Estimates&) const = default;
};

/// Everything that may differ between namespaces.
struct Settings {
  Mode mode = Mode::Enforce;
  /// Of a hundred families as many are enforced, the others decided in shadow; absent: all.
  std::optional<std::int64_t> canary_percent;
  OnError on_error = OnError::Allow;
  DecideAt decide_at = DecideAt::Job;
  Estimates estimates;
  /// Objects for which this holds must carry an estimate; absent: none must.
  std::optional<Condition> require_estimate;
  Resources resources;
  Gpu gpu;
  std::vector<TolerationRule> tolerations;
  Lists lists = Lists::Warn;
  Priority priority;
  std::optional<PodDeadline> pod_deadline;
  std::optional<JobDeadline> job_deadline;
  /// Schedulers that run in the cluster beside the default one: no other is written.
  std::vector<std::string> schedulers;
  /// The first match wins.
  std::vector<SchedulerProfile> scheduler_profiles;
  Queues queues;
  Disruption disruption;
  std::vector<NodeAffinityRule> node_affinity;
  std::vector<PlacementRule> placement;
  bool operator==(const Settings&) const = default;
};

/// Which of many lists of globs is the first to match a name, found without asking all of them: those that could are
/// found by what stands before their first wildcard.
class GlobIndex {
 public:
  /// Adds the next list.
  void add(const std::vector<std::string>& globs);
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  bool operator==(const GlobIndex&) const = default;

 private:
  struct Glob {
    std::string text;
    std::size_t list;
    bool operator==(const Glob&) const = default;
  };
  std::map<std::string, std::vector<Glob>, std::less<>> by_start_;
  std::set<std::size_t> lengths_;  // of the starts
  std::size_t count_ = 0;
};

/// The whole policy. Immutable once parsed.
struct Policy {
  struct Override {
    std::vector<std::string> names;  ///< globs
    Settings settings;               ///< complete: the base with the override's fields laid over it
    bool operator==(const Override&) const = default;
  };

  /// What estimates are called: `<prefix>duration`. Ends in '/'.
  std::string prefix = "estimate.plimsoll.dev/";
  /// Namespaces that are never touched.
  std::vector<std::string> skip_namespaces = {"kube-system", "kube-public", "kube-node-lease", "plimsoll-system"};
  /// Who creates the Pods of Jobs: these Pods were decided at the Job.
  std::vector<std::string> job_controllers = {"system:serviceaccount:kube-system:job-controller",
                                              "system:kube-controller-manager"};
  /// Every kind with pod templates: the built-in ones, as far as the policy does not say otherwise, then its own.
  std::vector<KindRule> kinds = built_in_kinds();
  Settings base;
  std::vector<Override> namespaces;
  /// Of the names of `namespaces`.
  GlobIndex overrides;
  /// Short hash of the text it was parsed from; "default" for the built-in one.
  std::string revision = "default";

  /// The settings for `name`: the first override that names it, else the base.
  [[nodiscard]] const Settings& settings_for(std::string_view name) const;
  /// Null for a kind without pod templates, and for a Pod.
  [[nodiscard]] const KindRule* find_kind(std::string_view group, std::string_view kind) const;
  bool operator==(const Policy&) const = default;
};

/// One thing wrong with a policy file.
struct Problem {
  std::size_t line = 0;    ///< from 1; 0 when the whole file is meant
  std::size_t column = 0;  ///< from 1
  std::string path = {};   ///< `resources.memory.max`
  std::string message;     ///< what is wrong, what is allowed, what was probably meant

  bool operator==(const Problem&) const = default;
};
using Problems = std::vector<Problem>;

/// `line:column: path: message`.
[[nodiscard]] std::string to_text(const Problem& problem);

/// The policy that holds without a file: cpu request, memory request and limit, GPU count, the toleration of the GPU
/// taint.
[[nodiscard]] Policy default_policy();

/// The path of every field that a policy may hold, `priority.bands[].class`; a condition's once, as `when.duration`.
/// For the documentation and its test.
[[nodiscard]] std::vector<std::string> field_paths();

/// Reads and validates a policy. Errors: all problems, in the order of the text.
[[nodiscard]] Result<Policy, Problems> parse_policy(std::string_view yaml);

}  // namespace plimsoll::config
