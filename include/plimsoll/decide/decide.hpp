// The one pure function from an admission review to a decision.
//
// Everything a decision may depend on is an argument. The server, the command line and the golden tests call this same
// function, so what an operator tries on a laptop is what the cluster does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/estimate/estimate.hpp"
#include "plimsoll/json/pointer.hpp"
#include "plimsoll/patch/patch.hpp"
#include "plimsoll/units/quantity.hpp"

namespace plimsoll::decide {

/// The world as one request sees it: taken once, never re-read.
struct Snapshot {
  std::shared_ptr<const config::Policy> policy;
};

enum class Verdict {
  Mutated,    ///< allowed, with a patch
  Unchanged,  ///< looked at, and nothing is to be changed
  Skipped,    ///< none of our business; the reason says why
  Rejected,   ///< refused: the estimate is bad, or missing where the policy demands one
  Failed,     ///< our own failure; the policy's onError says what is answered
};
[[nodiscard]] std::string_view to_text(Verdict verdict);

/// Why an object was skipped, left unchanged or refused: stable names for audit, metrics and tests. Empty for Mutated.
namespace reason {
inline constexpr std::string_view kNotCreate = "NotCreate";
inline constexpr std::string_view kSubresource = "Subresource";
inline constexpr std::string_view kUnsupportedKind = "UnsupportedKind";
inline constexpr std::string_view kSkippedNamespace = "SkippedNamespace";
inline constexpr std::string_view kPolicyDisabled = "PolicyDisabled";
inline constexpr std::string_view kOptedOut = "OptedOut";
inline constexpr std::string_view kMirrorPod = "MirrorPod";
inline constexpr std::string_view kBoundPod = "BoundPod";
inline constexpr std::string_view kKueueManaged = "KueueManaged";
inline constexpr std::string_view kAutoscaled = "Autoscaled";
inline constexpr std::string_view kDecidedAtJob = "DecidedAtJob";
inline constexpr std::string_view kDecidedAtPod = "DecidedAtPod";
inline constexpr std::string_view kLeftAlone = "LeftAlone";
inline constexpr std::string_view kNoEstimate = "NoEstimate";
inline constexpr std::string_view kMalformed = "Malformed";
inline constexpr std::string_view kAlreadyDecided = "AlreadyDecided";
inline constexpr std::string_view kNothingToDo = "NothingToDo";
inline constexpr std::string_view kNoRoom = "NoRoom";
inline constexpr std::string_view kCronJob = "CronJob";
inline constexpr std::string_view kValidated = "Validated";
inline constexpr std::string_view kBadEstimate = "BadEstimate";
inline constexpr std::string_view kEstimateRequired = "EstimateRequired";
inline constexpr std::string_view kWouldMutate = "WouldMutate";
inline constexpr std::string_view kWouldReject = "WouldReject";
inline constexpr std::string_view kOutOfTime = "OutOfTime";
inline constexpr std::string_view kBug = "Bug";

inline constexpr std::string_view kAll[] = {
    kNotCreate, kSubresource, kUnsupportedKind, kSkippedNamespace, kPolicyDisabled, kOptedOut,
    kMirrorPod, kBoundPod,    kKueueManaged,    kAutoscaled,       kDecidedAtJob,   kDecidedAtPod,
    kLeftAlone, kNoEstimate,  kMalformed,       kAlreadyDecided,   kNothingToDo,    kNoRoom,
    kCronJob,   kValidated,   kBadEstimate,     kEstimateRequired, kWouldMutate,    kWouldReject,
    kOutOfTime, kBug};
}  // namespace reason

/// One value that the patch changes.
struct AppliedChange {
  std::string_view rule;
  json::Pointer place;  ///< of a list: the list itself
  std::string from;     ///< compact JSON of what stood there; empty: nothing
  std::string to;       ///< compact JSON; empty: removed
  std::string reason;
};

struct Decision {
  Verdict verdict = Verdict::Skipped;
  std::string_view reason;  ///< one of reason::k…
  std::string message;      ///< for people: of a refusal, a failure or a skip
  /// Of the object's pod template; of several the first, in the order of the object.
  estimate::Estimate estimate;
  std::vector<std::string> container_names;  ///< of estimate.containers
  struct Part {
    json::Pointer at;
    estimate::Estimate estimate;
    std::vector<std::string> container_names;
  };
  /// The pod templates after the first.
  std::vector<Part> further;
  /// Where the pod templates of such an object stand (config::KindRule); empty for a Pod, a Job and a CronJob.
  std::vector<std::string> templates;
  std::vector<AppliedChange> changes;
  std::vector<estimate::Problem> problems;
  std::vector<std::string> warnings;
  patch::Patch patch;
  std::string policy;  ///< revision
  /// The changes are those of what the object will make, a CronJob's Jobs, a Deployment's Pods; it itself is not
  /// changed.
  bool is_preview = false;
  /// Made, but not to be carried out: verdict Unchanged with kWouldMutate or kWouldReject, `changes` and `problems` as
  /// they would have been.
  bool is_shadow = false;
  bool deny_on_failure = false;
  /// The object's marker contradicted the object, so the decision was made without it.
  bool is_marker_put_aside = false;
};

/// Decides what to do with `review` as of `now`.
///
/// Errors:  none; what cannot be served becomes Verdict::Skipped or Verdict::Failed with a reason.
/// Threads: safe; reads `review` and the immutable snapshot only.
[[nodiscard]] Decision decide(const admission::Review& review, const Snapshot& world, TimePoint now);

/// An amount that a pod asks the scheduler for.
struct Request {
  std::string resource;
  Quantity quantity;
};
/// What the scheduler will count for a pod of the object when the patch of `decision` is applied
/// (workload::effective_requests). A RuntimeClass's overhead is known only at the Pod. Nothing for an object that makes
/// several kinds of pods.
[[nodiscard]] std::vector<Request> requests_after(const admission::Review& review, const Decision& decision);

/// What the API server is told. Deterministic: no time, no latency.
[[nodiscard]] admission::Answer make_answer(const admission::Review& review, const Decision& decision);

}  // namespace plimsoll::decide
