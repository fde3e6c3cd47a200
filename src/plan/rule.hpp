// A rule is a function; the list of rules is data (rules.def).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/estimate/estimate.hpp"
#include "plimsoll/plan/change.hpp"
#include "plimsoll/plan/plan.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::plan {

/// What conditions are asked about: the whole pod in numbers. What is not known is absent.
struct Subject {
  std::optional<Duration> duration;
  std::optional<Duration> slack;
  std::optional<MilliCpu> cpu;
  std::optional<Bytes> memory;
  std::optional<GpuCount> gpu;
  std::optional<Bytes> gpu_memory;
};

/// The GPUs of the pod in the cluster's dialect, chosen once, before the rules.
struct GpuChoice {
  bool is_claimed = false;  ///< through Dynamic Resource Allocation: all else is left alone
  /// The author asks for a share in annotations of the pod (workload::kGpuAnnotations).
  bool is_annotated = false;
  struct Part {
    std::size_t container;
    bool is_authored;  ///< the author counts the GPUs himself: only what nodes it takes is of interest
    GpuShape shape;
  };
  /// What no shape of the policy holds, and why not: goes on after the value of the estimate.
  struct Misfit {
    std::size_t container;
    std::string message;
  };
  std::vector<Part> parts;
  std::vector<Misfit> misfits;
  std::vector<std::string> warnings;
};

/// The priority band and its deadline, chosen once: two rules need it.
struct BandChoice {
  const config::Band* band = nullptr;
  std::optional<std::int64_t> deadline_seconds;  ///< what the band's bound asks for, where its class is given
  std::string kept;                              ///< why the class is not given; empty: it is
};

/// The Kueue queue of a Job, chosen once: two rules need it.
struct KueueChoice {
  const config::Queue* queue = nullptr;  ///< the policy's, which is written
  bool is_managed = false;               ///< in that one, or in its author's
  std::string kept;                      ///< why none is written where the policy has one; empty: it is, or has none
};

struct Input {
  const workload::Workload& workload;
  const estimate::Estimate& estimate;
  const config::Settings& settings;
  const Creator& creator;
  Subject subject;
  /// Why another system, which derives settings from the sizes in the template, must find them as it wrote them;
  /// nothing when none does.
  std::optional<std::string_view> foreign_sizing;
  GpuChoice gpu;
  BandChoice band;
  KueueChoice kueue;
  const config::VolcanoQueue* volcano = nullptr;  ///< the queue in which Volcano is to schedule it
  /// Empty: all containers; else which ones may be sized.
  std::vector<bool> wanted_containers;
};

struct Outcome {
  std::vector<Change> changes;
  std::vector<std::string> warnings;
};

struct Rule {
  std::string_view name;
  void (*apply)(const Input&, Outcome&);
};

[[nodiscard]] Subject make_subject(const workload::Workload& workload, const estimate::Estimate& estimate);
[[nodiscard]] bool holds(const config::Condition& condition, const Subject& subject, const workload::Workload& workload,
                         const estimate::Estimate& estimate, const Creator& creator);
[[nodiscard]] GpuChoice choose_gpu(const Input& input);
[[nodiscard]] BandChoice choose_band(const Input& input);
[[nodiscard]] KueueChoice choose_kueue(const Input& input);
[[nodiscard]] const config::VolcanoQueue* choose_volcano(const Input& input);

inline bool holds(const config::Condition& condition, const Input& input) {
  return holds(condition, input.subject, input.workload, input.estimate, input.creator);
}

/// What Input::foreign_sizing says.
[[nodiscard]] std::optional<std::string_view> find_foreign_sizing(const workload::Workload& workload);

/// Whether the list slot that holds what its author wrote may get an addition. In a Job's template Kubernetes merges
/// such lists whole, and `kubectl apply` of the same file would then fail as immutable; so by default it may not, and a
/// warning says what was left out.
[[nodiscard]] bool may_extend(const Input& input, std::string_view slot, std::string_view field,
                              std::string_view addition, Outcome& out);

/// Requires nodes to satisfy `requirement`: in nodeSelector where that says it and the key is free, else in every
/// affinity term.
void require_node(const Input& input, const config::NodeRequirement& requirement, std::string reason, Outcome& out);
void prefer_node(const Input& input, const config::NodeRequirement& requirement, std::int64_t weight,
                 std::string reason, Outcome& out);

/// Writes `quantity` as request and as limit, which are one number for what cannot be overcommitted.
void ask_for(std::size_t container, const std::string& resource, std::string quantity, std::string reason,
             Outcome& out);

/// Its schedulerName.
inline constexpr std::string_view kVolcano = "volcano";

namespace rules {
#define PLIMSOLL_RULE(function, name) void function(const Input& input, Outcome& out);
#include "rules.def"
#undef PLIMSOLL_RULE
}  // namespace rules

}  // namespace plimsoll::plan
