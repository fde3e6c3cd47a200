// A Pod, or one pod template inside a Job, a CronJob or any other object, seen through one window.
//
// The view borrows from the object's JSON and never copies it. It tells what stands in the object (`present`) from what
// its author wrote (`authored`): values that our own marker or LimitRanger's annotation claims are not the author's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/pointer.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/quantity.hpp"
#include "plimsoll/workload/marker.hpp"

namespace plimsoll::workload {

/// More containers, or more numbers in one of them, than any real pod has: such an object is not looked at, so that
/// nobody can keep the server busy with one.
inline constexpr std::size_t kMaxContainers = 512;
inline constexpr std::size_t kMaxAmounts = 256;

/// More pod templates than any real object has; each reads all estimates of the object.
inline constexpr std::size_t kMaxTemplates = 64;

enum class Kind {
  Pod,
  Job,
  CronJob,
  Other  ///< any other object with pod templates that are decided at the object
};

/// The annotations of a pod in which a share of a GPU is asked for.
/// Source: kai-scheduler pkg/common/constants.
inline constexpr std::array<std::string_view, 4> kGpuAnnotations = {
    "gpu-memory", "gpu-fraction", "gpu-fraction-num-devices", "gpu-fraction-container-name"};

inline constexpr std::string_view kSafeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict";
inline constexpr std::string_view kDoNotDisrupt = "karpenter.sh/do-not-disrupt";
inline constexpr std::string_view kVolcanoQueue = "scheduling.volcano.sh/queue-name";
inline constexpr std::string_view kVolcanoMinMember = "scheduling.volcano.sh/group-min-member";
inline constexpr std::string_view kKueueQueue = "kueue.x-k8s.io/queue-name";
inline constexpr std::string_view kKueueMaxExecTime = "kueue.x-k8s.io/max-exec-time-seconds";

/// Whether a rule may write this annotation of a pod, or this annotation or label of a Job itself. A marker that claims
/// another one is not believed: it must not reach the estimates.
[[nodiscard]] bool is_pod_annotation_of_ours(std::string_view key);
[[nodiscard]] bool is_object_annotation_of_ours(std::string_view key);
[[nodiscard]] bool is_object_label_of_ours(std::string_view key);

/// What stands for the whole pod where a container's name could stand: in estimates, and in the marker's slots. No
/// container can be called so.
inline constexpr std::string_view kWholePod = "*";

/// The controlling owner: of several owner references the one with `controller: true`.
struct Owner {
  std::string_view api_version;
  std::string_view kind;
  std::string_view name;

  /// "batch" of batch/v1; "" of v1.
  [[nodiscard]] std::string_view group() const {
    const std::size_t slash = api_version.find('/');
    return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
  }
};

[[nodiscard]] std::optional<Owner> find_controller(json::View metadata);

/// Whether a number is a request or a limit.
enum class Side { Request, Limit };

/// One number under `resources`.
struct Amount {
  Side side = Side::Request;
  std::string_view resource;
  /// What the object holds now.
  Quantity present;
  /// What the author wrote; nothing when Plimsoll or LimitRanger put `present` there.
  std::optional<Quantity> authored;
};

struct Container {
  enum class Role {
    App,
    Init,
    Sidecar  ///< an init container with restartPolicy Always (KEP-753)
  };
  std::string_view name;
  Role role = Role::App;
  json::Pointer path;  ///< from the object's root
  json::View view;
  std::vector<Amount> amounts;

  [[nodiscard]] std::optional<Quantity> present(Side side, std::string_view resource) const;
  [[nodiscard]] std::optional<Quantity> authored(Side side, std::string_view resource) const;
  /// The authored request, or the authored limit, which Kubernetes copies to a missing request.
  [[nodiscard]] std::optional<Quantity> authored_request_or_limit(std::string_view resource) const;
  /// Whether LimitRanger put this number here.
  [[nodiscard]] bool is_limit_ranger_default(Side side, std::string_view resource) const;

  /// The numbers that LimitRanger's annotation names for this container.
  struct Defaulted {
    Side side;
    std::string_view resource;
  };
  std::vector<Defaulted> defaulted;
};

/// Kubernetes' toleration as it stands in the object; absent members are empty.
struct Toleration {
  std::string_view key;
  std::string_view op;  ///< "" means Equal
  std::string_view value;
  std::string_view effect;
};

/// Metadata whose annotations say what the pod is believed to need.
struct Metadata {
  json::Pointer at;
  json::View view;
};

/// Requires: the Document behind `object` outlives it. Threads: reading is safe.
struct Workload {
  Kind kind = Kind::Pod;
  /// "Pod", "Job", "JobSet" ...
  std::string_view kind_name;
  std::string_view name_space;
  std::string_view name;
  std::string_view generate_name;
  /// Of a CronJob: the CronJob itself, which will own the Job it is seen as.
  std::optional<Owner> controller;
  json::View object;
  json::View metadata;           ///< the object's own
  json::View template_metadata;  ///< the pod's: the same as `metadata` for a Pod
  json::View pod_spec;
  json::View job_spec;          ///< of a Job, or of those that a CronJob makes; nothing for a Pod
  json::Pointer object_path;    ///< from the root to what is seen: "/spec/jobTemplate" of a CronJob
  json::Pointer template_path;  ///< "" for a Pod, "/spec/template" for a Job ...
  /// From the object's own to the pod's, with what stands on the way; of two that say the same the later counts.
  std::vector<Metadata> annotated;
  /// Of what is seen as what will be made of it: the object's metadata that does not come along.
  std::vector<Metadata> unread = {};
  std::vector<Container> containers;  ///< app containers, then init containers
  std::vector<Amount> pod_amounts;    ///< of the whole pod (spec.resources, KEP-2837)
  std::optional<Marker> marker;
  /// The text that `marker` was read from.
  std::optional<json::Document> marker_document;

  /// A Job, or those that a CronJob makes: what is said of the Job itself has a place.
  [[nodiscard]] bool is_job() const noexcept { return kind == Kind::Job || kind == Kind::CronJob; }
  [[nodiscard]] const Container* find_container(std::string_view container_name) const;
  /// What the author wrote in spec.resources.
  [[nodiscard]] std::optional<Quantity> authored_of_pod(Side side, std::string_view resource) const;
  /// Of the pod; the API's default Always when absent.
  [[nodiscard]] std::string_view restart_policy() const;
  /// How many pods of a Job run one after the other: ceil(completions / parallelism), at least 1. A work queue (no
  /// completions) and a Pod have 1. Source:
  /// https://kubernetes.io/docs/concepts/workloads/controllers/job/#parallel-jobs
  [[nodiscard]] std::int64_t rounds() const;
  /// How many pods of a Job run side by side at most; 1 of a Pod. Source: as above.
  [[nodiscard]] std::int64_t side_by_side() const;
  /// Of the pod template, else of the object, where its author wrote it.
  [[nodiscard]] std::optional<std::string_view> label(std::string_view key) const;
  /// Of the object itself, where its author wrote it. A Job without labels is given those of its template.
  /// Source: pkg/apis/batch/v1/defaults.go, SetDefaults_Job.
  [[nodiscard]] std::optional<std::string_view> object_label(std::string_view key) const;
  [[nodiscard]] std::optional<std::string_view> object_annotation(std::string_view key) const;
  /// The scheduler that its author chose; nothing for none, and for the one that is written where there is none.
  [[nodiscard]] std::optional<std::string_view> scheduler() const;
  [[nodiscard]] std::optional<std::string_view> pod_annotation(std::string_view key) const;
  /// The same where its author wrote it.
  [[nodiscard]] std::optional<std::string_view> authored_annotation(std::string_view key) const;
  /// The tolerations that are not ours.
  [[nodiscard]] std::vector<Toleration> authored_tolerations() const;

  /// What the author wrote in a scalar slot that holds `present` now: `present` itself, what stood there before we
  /// wrote it, or nothing.
  [[nodiscard]] json::View authored(std::string_view slot, json::View present) const;
  /// Whether `element` of the list slot was added by us.
  [[nodiscard]] bool is_ours(std::string_view slot, json::View element) const;
  /// How many elements of the list slot that holds `present` now its author wrote.
  [[nodiscard]] std::size_t authored_elements(std::string_view slot, json::View present) const;

  /// Whether the author set this resource for the whole pod (spec.resources, KEP-2837).
  [[nodiscard]] bool has_pod_level(std::string_view resource) const;
  /// Whether its author claims devices through Dynamic Resource Allocation.
  [[nodiscard]] bool has_device_claims() const;
  /// Whether requests equal limits for cpu and memory in every container, as the author wrote it: QoS class Guaranteed.
  [[nodiscard]] bool is_guaranteed() const;
};

/// Whether `resource` asks for GPUs of some device plugin, or for a share of one: `nvidia.com/gpu`, `amd.com/gpu`, MIG
/// profiles, `nvidia.com/gpumem`, `koordinator.sh/gpu-core`, `volcano.sh/vgpu-memory` ... Source: kubernetes/autoscaler
/// utils/gpu, NVIDIA/k8s-device-plugin, intel-device-plugins-for-kubernetes, and those of src/plan/dialects.
[[nodiscard]] bool is_gpu_resource(std::string_view resource);
/// Whether the quantity of such a resource is a number of GPUs, not their memory or a percentage.
[[nodiscard]] bool counts_gpus(std::string_view resource);

/// The heap that the JVM or Spark in `container`, as it stands in the object, is told to take; zero when none is.
[[nodiscard]] Bytes visible_heap(json::View container);

/// The least memory that `container` needs whatever was estimated: its memory-backed volumes and a visible JVM or Spark
/// heap.
[[nodiscard]] Bytes memory_floor(const Workload& workload, const Container& container);

/// Whether the marker is believed. It is a hint: one that leads astray is put aside.
enum class Markers { Read, Ignore };

/// Views `object`, a `kind`.
///
/// Errors: ErrorCode::Invalid for what the API server itself would refuse: no pod spec, a list where a map belongs, a
/// container without a name, a malformed quantity; ErrorCode::TooLarge beyond kMaxContainers and kMaxAmounts. `where`
/// is the field path.
[[nodiscard]] Result<Workload> view_workload(Kind kind, json::View object, Markers markers = Markers::Read);

/// Where the pod templates of `object` stand that `pattern` names, a JSON Pointer in which `*` is every element of a
/// list and every member of a map. Whether they are templates is for view_template() to see. At most one more than
/// kMaxTemplates.
[[nodiscard]] std::vector<json::Pointer> find_templates(json::View object, std::string_view pattern);

/// Whose pods a template is looked at for.
enum class Seen {
  AsObject,  ///< the template is decided with its object
  AsPod      ///< as the Pod that will be made of it, of which `object` is the owner
};

/// Views the pod template at `at` in `object`. Errors: as view_workload().
[[nodiscard]] Result<Workload> view_template(json::View object, const json::Pointer& at, Seen seen,
                                             Markers markers = Markers::Read);

}  // namespace plimsoll::workload
