// The annotation that remembers what Plimsoll wrote, and what stood there before.
//
// It is a hint, never authority: a value is ours only if the marker names its slot and the object still holds exactly
// that value; everything else is the author's. What cannot be read is as if it were not there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/json/document.hpp"

namespace plimsoll::workload {

inline constexpr std::string_view kMarkerAnnotation = "plimsoll.dev/decision";
/// The format written and the only one read.
inline constexpr int kMarkerFormat = 1;
/// Longer ones are not read: ours hold a few hundred bytes.
inline constexpr std::size_t kMarkerLimit = std::size_t{64} << 10U;

/// Slots are the places that Plimsoll may write, named as in the pod spec: `train.requests.memory` (container, requests
/// or limits, resource), `*.requests.memory` (of the whole pod), `train.claims`, `priorityClassName`, `schedulerName`,
/// `activeDeadlineSeconds`, `labels.<key>`, `annotations.<key>`, `nodeSelector.<key>`; of a Job itself `job.suspend`,
/// `job.activeDeadlineSeconds`, `objectLabels.<key>`, `objectAnnotations.<key>`; and the lists `resourceClaims`,
/// `tolerations`, `nodeAffinity.required`, `nodeAffinity.preferred`, `podAffinity.preferred`,
/// `podAntiAffinity.required`, `podAntiAffinity.preferred`, `topologySpreadConstraints`, whose value is the array of
/// elements that were added. Sorted by slot.
using Slots = std::vector<json::Member>;

/// What `slots` holds for `slot`; missing when nothing.
[[nodiscard]] json::View find_slot(const Slots& slots, std::string_view slot);
void set_slot(Slots& slots, std::string_view slot, json::View value);

/// Requires: what its slots were read from outlives it.
struct Marker {
  std::string policy = {};    ///< revision of the policy that decided
  std::string estimate = {};  ///< short hash of the estimate that was decided on
  /// Short hash of those estimates that the Pods carry as well, where the object has others beside them.
  std::string carried = {};
  std::string container = {};  ///< the container the estimate is about; empty when none is
  /// Submission and resolved deadline, RFC 3339; only when the estimate has a deadline.
  std::string at = {};
  std::string deadline = {};
  /// Further containers that were decided on, though nothing had to be set.
  std::vector<std::string> known = {};
  Slots set = {};  ///< what we wrote
  Slots was = {};  ///< what stood there before, where something did

  bool operator==(const Marker&) const = default;
};

/// Reads a parsed annotation; nothing when it is of another format, or claims nothing.
[[nodiscard]] std::optional<Marker> read_marker(json::View root);

/// Parses the annotation's value; nothing when it is malformed or too long.
[[nodiscard]] std::optional<json::Document> parse_marker(std::string_view text);

/// Whether a request or limit of `container` is among the slots that were set.
[[nodiscard]] bool has_slot(const Marker& marker, std::string_view container);

/// Compact JSON, slots sorted: the same marker gives the same bytes.
[[nodiscard]] std::string to_text(const Marker& marker);

}  // namespace plimsoll::workload
