// What can be changed in a pod and its Job: a closed set. Adding one breaks every visit until it is handled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/units/quantity.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::plan {

/// A request or limit of one container.
struct SetAmount {
  std::size_t container = 0;  ///< index into Workload::containers
  workload::Side side = workload::Side::Request;
  std::string resource;
  std::string quantity;  ///< canonical text
};
/// A request or limit of the whole pod (spec.resources): cpu or memory.
struct SetPodAmount {
  workload::Side side = workload::Side::Request;
  std::string resource;
  std::string quantity;  ///< canonical text
};
/// At a Pod, what the Priority plugin computed from another class gives way to the class's value and preemption policy;
/// unless these are known, it goes away, and the plugin computes both anew.
struct SetPriorityClass {
  std::string name;
  std::optional<std::int64_t> value;
  std::string preemption_policy;
};
struct AddToleration {
  config::Toleration toleration;
};
/// One entry of the map spec.nodeSelector.
struct AddNodeSelector {
  std::string key;
  std::string value;
};
/// A requirement added to every required node selector term (they are alternatives), or as the only one.
struct RequireNode {
  config::NodeRequirement requirement;
};
/// A preferred node affinity term.
struct PreferNode {
  config::NodeRequirement requirement;
  std::int64_t weight = 50;
};
/// A preference for where others of the family run.
struct AddPodAffinity {
  std::string topology_key;
  std::string family;  ///< value of the family label
};
/// Keeps pods of one family apart.
struct AddPodAntiAffinity {
  std::string topology_key;
  std::string family;  ///< value of the family label
  enum class Strength { Preferred, Required } strength = Strength::Preferred;
};
struct AddTopologySpread {
  std::string topology_key;
  std::string family;
};
/// activeDeadlineSeconds of the pod; its clock starts on the node.
struct SetPodDeadline {
  std::int64_t seconds = 0;
};
/// A label of the pod.
struct SetLabel {
  std::string key;
  std::string value;
};

/// schedulerName of the pod.
struct SetScheduler {
  std::string name;
};
/// activeDeadlineSeconds of the Job itself; its clock starts when the Job does, and anew when it is resumed.
struct SetJobDeadline {
  std::int64_t seconds = 0;
};
/// The Job is created suspended: somebody else resumes it.
struct SuspendJob {};
/// A label of the Job itself: one of workload::is_object_label_of_ours.
struct SetJobLabel {
  std::string key;
  std::string value;
};
/// An annotation of the Job itself: one of workload::is_object_annotation_of_ours.
struct SetJobAnnotation {
  std::string key;
  std::string value;
};

/// An annotation of the pod: one of workload::is_pod_annotation_of_ours.
struct SetPodAnnotation {
  std::string key;
  std::string value;
};
/// A claim on devices (DRA), made from a template for each pod.
struct AddResourceClaim {
  std::string name;
  std::string claim_template;
};
/// The claim of the pod that one container uses: its only one.
struct UseResourceClaim {
  std::size_t container = 0;
  std::string name;
};

using Edit = std::variant<SetAmount, SetPodAmount, SetPriorityClass, AddToleration, AddNodeSelector, RequireNode,
                          PreferNode, AddPodAffinity, AddPodAntiAffinity, AddTopologySpread, SetPodDeadline, SetLabel,
                          SetPodAnnotation, AddResourceClaim, UseResourceClaim, SetScheduler, SetJobDeadline,
                          SuspendJob, SetJobLabel, SetJobAnnotation>;

/// One edit and why: which rule, and its arithmetic in words.
struct Change {
  Edit edit;
  std::string_view rule;  ///< a literal
  std::string reason;
};

/// The label that placement rules select on.
inline constexpr std::string_view kFamilyLabel = "plimsoll.dev/family";

}  // namespace plimsoll::plan
