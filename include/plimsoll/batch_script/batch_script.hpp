// Batch scripts: what `#SBATCH` and `#PBS` lines ask for, said as estimates.
//
// A batch scheduler counts in nodes, tasks and chunks; an estimate is about one Pod. Where a script spreads over
// several nodes (or chunks), a Pod stands for one of them, and everything is divided or multiplied accordingly;
// otherwise one Pod holds all tasks. What Kubernetes has no estimate for is never dropped in silence: it is listed,
// with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"

namespace plimsoll::batch_script {

enum class Scheduler { Slurm, Pbs };

/// Units: lines and columns from 1; a column counts bytes.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
  bool operator==(const Place&) const = default;
};

/// What one Pod is expected to need.
struct Estimate {
  std::string key;     ///< without a prefix: "memory"
  std::string value;   ///< as the annotation says it: "64Gi"
  std::string origin;  ///< fit for display: "--mem-per-cpu=4G x 16 cpus"
  Place place;         ///< of the directive that says it
};

/// Something to be said about a place in the script.
struct Remark {
  Place place;
  std::string subject;  ///< as written, fit for display: "--qos=high"
  std::string text;     ///< "is not translated: …"
};

/// The indexes of an array of jobs.
struct Array {
  std::vector<std::int64_t> ids;   ///< ascending, at least one
  std::int64_t at_once = 0;        ///< how many may run at a time; 0: all
  std::string_view variable = {};  ///< the environment variable in which the script finds its index
};

/// What one Pod stands for.
enum class PodIs { Script, ArrayTask, Node, Chunk };

struct Script {
  Scheduler scheduler = Scheduler::Slurm;
  std::string name;  ///< of the job; empty: it names none
  std::vector<Estimate> estimates;
  PodIs pod_is = PodIs::Script;
  std::int64_t completions = 1;
  std::int64_t parallelism = 1;
  std::optional<Array> array;
  /// Whether it may start again after its node was lost or taken, as both schedulers have it unless told otherwise.
  enum class Requeue { Allowed, Refused } requeue = Requeue::Allowed;
  std::vector<Remark> untranslated;
  std::vector<Remark> warnings;  ///< what the scheduler itself would not have read as its author meant it
};

/// The most Pods that one Indexed Job may have. Source: k8s.io/kubernetes/pkg/apis/batch/validation.
inline constexpr std::int64_t kMostCompletions = 100'000;
/// At most this many problems are reported, and as many warnings kept.
inline constexpr std::size_t kMostRemarks = 20;

/// Reads the directives of `text`. The dialect is that of the first directive.
///
/// Errors: everything that is wrong, in the order of the text: no directives, values that the scheduler would refuse,
/// options that it does not have.
[[nodiscard]] Result<Script, std::vector<Remark>> parse_script(std::string_view text);

}  // namespace plimsoll::batch_script
