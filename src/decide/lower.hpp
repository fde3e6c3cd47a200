// From Kubernetes' concepts to JSON Patch: the only place that knows where things stand in an object.
#pragma once

#include <vector>

#include "plimsoll/decide/decide.hpp"
#include "plimsoll/patch/patch.hpp"
#include "plimsoll/plan/change.hpp"
#include "plimsoll/workload/marker.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::decide {

enum class Scope {
  Whole,   ///< the changes are all there is to be; what an older marker set beside them is taken back
  Beside,  ///< the changes join what the marker already holds
};

struct Lowered {
  patch::Patch patch;
  std::vector<AppliedChange> changes;
  /// With what is added the annotations of the pod, or of its Job, would be more than the API server takes: the patch
  /// must not be used.
  bool lacks_room = false;
};

/// The smallest patch after which `workload` holds `changes`, with `marker` (policy, estimate, container, times; its
/// slots are filled in here) written beside them. Empty when everything stands there already.
///
/// Two changes to one slot are a bug: the first wins, and the decision's self-check notices.
[[nodiscard]] Lowered lower(const workload::Workload& workload, const std::vector<plan::Change>& changes,
                            workload::Marker marker, Scope scope);

/// Whether everything that the marker of `workload` says was written stands there. If not, somebody changed it since or
/// the marker is forged, and the object is to be decided anew. Requires: workload has a marker.
[[nodiscard]] bool still_stands(const workload::Workload& workload);

/// The patch without a marker, for a repair that must not look like a decision.
[[nodiscard]] Lowered lower_unmarked(const workload::Workload& workload, const std::vector<plan::Change>& changes);

}  // namespace plimsoll::decide
