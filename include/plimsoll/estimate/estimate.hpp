// What a workload is believed to need, and why we believe it.
//
// Estimates are read from annotations (prefix configurable, `estimate.plimsoll.dev/` as shipped); where there is none,
// what the spec declares is known but never written back. Every problem of an object is found at once, so that its
// author mends it once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/time.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/duration.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::estimate {

/// Where a number came from.
struct Origin {
  enum class Source { Annotation, Declared };
  Source source = Source::Declared;
  /// Field path of the annotation, or of the field that declares it.
  std::string where;
};

/// A number that knows where it came from.
template <class T>
struct Sized {
  T value;
  Origin origin;
};

/// What one container is expected to use: as annotated, else as its spec declares.
struct ContainerEstimate {
  std::optional<Sized<MilliCpu>> cpu;
  std::optional<Sized<Bytes>> memory;
  std::optional<Sized<Bytes>> ephemeral_storage;
  std::optional<Sized<GpuCount>> gpu;
  std::optional<Sized<Bytes>> gpu_memory;  ///< on each GPU
};

/// A version of CUDA that an image needs at least.
struct CudaVersion {
  std::int64_t major = 0;
  std::int64_t minor = 0;
};
/// "12.4".
[[nodiscard]] std::string to_text(const CudaVersion& version);

/// An extended resource or huge pages of one size.
struct Extended {
  std::string resource;
  Quantity quantity;
};

struct Estimate {
  /// Run time of one pod, init containers included; as said, or as follows from that of the whole Job.
  std::optional<Sized<Duration>> duration;
  std::optional<Sized<TimePoint>> deadline;
  /// deadline − submission − the run time of all rounds (workload::Workload::rounds); negative when it cannot be met.
  std::optional<Duration> slack;
  config::Confidence confidence = config::Confidence::Medium;
  /// Whether a pod may be stopped and started again; nothing where its author does not say.
  std::optional<Sized<bool>> interruptible;
  /// Unless its author says otherwise, what is stopped is lost.
  [[nodiscard]] bool is_interruptible() const { return interruptible && interruptible->value; }
  /// Acceptable GPU models, best first.
  std::vector<std::string> gpu_models;
  std::optional<Sized<CudaVersion>> cuda;
  /// What `container` needs of other resources, by resource.
  std::vector<Extended> extended;
  /// Name of the logical job that this is a run of.
  std::string family;
  /// One for each container of the workload, at the same index.
  std::vector<ContainerEstimate> containers;
  /// What all of them together need (`container: "*"`): cpu, memory and storage, which can be divided.
  ContainerEstimate pod;
  /// The container that an unqualified estimate is about; nothing when there is none or it could not be told.
  std::optional<std::size_t> container;
  /// Short hash of all estimate annotations: the same estimate has the same hash.
  std::string hash;
  /// The same of those that the Pods carry as well; empty: all do, or nobody asks.
  std::string carried;
  /// When the object was submitted: `now`, or what the marker of the same estimate says.
  TimePoint submitted;
};

/// One thing wrong with an estimate.
struct Problem {
  enum class Reason { Malformed, OutOfRange, UnknownKey, UnknownContainer, Ambiguous, Conflict, NotText, AboveMaximum };
  Reason reason = Reason::Malformed;
  std::string where;    ///< field path, `metadata.annotations[estimate.plimsoll.dev/memory]`
  std::string value;    ///< as written, fit for display
  std::string message;  ///< what is wrong, what is allowed, a suggestion
};

/// "Malformed", "OutOfRange" ...: stable names for audit and metrics.
[[nodiscard]] std::string_view to_text(Problem::Reason reason);
/// `where: "value" message`.
[[nodiscard]] std::string to_text(const Problem& problem);

/// At most this many problems are reported of one object.
inline constexpr std::size_t kMaxProblems = 20;

struct Reading {
  Estimate estimate;
  /// Whether the object carries any estimate annotation at all.
  bool has_annotations = false;
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
};

/// Reads the estimate of `workload` submitted at `now`.
///
/// A problem leaves its field absent: never a guess. Problems beyond kMaxProblems are dropped.
/// Threads: safe.
[[nodiscard]] Reading read_estimate(const workload::Workload& workload, const config::Policy& policy,
                                    const config::Settings& settings, TimePoint now);

}  // namespace plimsoll::estimate
