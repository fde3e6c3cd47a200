// Deadlines: a job that runs far beyond its estimate is stuck, and a bound band is paid for with one.
//
// A pod's clock starts on its node; a Job's when the Job does, so that it counts the wait for nodes, all rounds of pods
// and all retries. Kueue's clock runs while the Job is admitted. None where pods are restarted for ever.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "../rule.hpp"

namespace plimsoll::plan::rules {
namespace {

// A Pod's deadline is at most 2^31-1 (pkg/apis/core/validation), and Kueue reads no more.
constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();

struct Bound {
  std::int64_t seconds = 0;
  std::string reason;
};

std::optional<Bound> bound_of_pod(const Input& input, Duration duration) {
  std::optional<Bound> bound;
  if (const auto& policy = input.settings.pod_deadline) {
    const Duration scaled = duration.scaled(policy->factor);
    bound = {std::max(scaled, policy->floor).seconds_rounded_up(),
             scaled < policy->floor ? fmt::format("at least {}", to_text(policy->floor))
                                    : fmt::format("estimate {} x {}", to_text(duration), to_text(policy->factor))};
  }
  if (const auto of_band = input.band.deadline_seconds; of_band && (!bound || *of_band < bound->seconds)) {
    bound = {*of_band, fmt::format("band {} is bound to {} x {}", input.band.band->priority_class, to_text(duration),
                                   to_text(*input.band.band->bound))};
  }
  if (bound) bound->seconds = std::min(bound->seconds, kMost);
  return bound;
}

/// How many pods may come one after the other.
struct Attempts {
  std::int64_t rounds = 1;
  std::int64_t retries = 0;
};

// Kueue may let a Job begin with fewer pods side by side than it asks for.
std::int64_t rounds_in_kueue(const workload::Workload& workload) {
  const std::string_view least = workload.object_annotation("kueue.x-k8s.io/job-min-parallelism").value_or("");
  std::int64_t parallelism = 0;
  std::from_chars(least.data(), least.data() + least.size(), parallelism);
  if (parallelism < 1) return workload.rounds();
  const std::int64_t completions = workload.job_spec["completions"].integer().value_or(1);
  return std::max(workload.rounds(), (completions - 1) / parallelism + 1);
}

// backoffLimit counts the failures of the whole Job; in the worst case they come one after the other. With a limit for
// each index it is without bound unless it is written. Source: pkg/apis/batch/v1/defaults.go.
Attempts attempts(const workload::Workload& workload, std::int64_t rounds) {
  constexpr std::int64_t kBackoffLimit = 6;
  const auto of_job = workload.job_spec["backoffLimit"].integer();
  const auto of_index = workload.job_spec["backoffLimitPerIndex"].integer();
  if (!of_index) return {rounds, std::max<std::int64_t>(of_job.value_or(kBackoffLimit), 0)};
  const std::int64_t all = rounds > kMost || *of_index > kMost ? kMost : rounds * std::max<std::int64_t>(*of_index, 0);
  return {rounds, std::clamp<std::int64_t>(of_job.value_or(kMost), 0, all)};
}

std::string count(std::int64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

/// For all pods of the Job; nothing where that is longer than can be said.
std::optional<Bound> bound_of_job(const Input& input, Duration duration, std::int64_t pod_seconds) {
  const config::JobDeadline& policy = *input.settings.job_deadline;
  const bool is_in_kueue = input.kueue.is_managed;
  const Attempts pods =
      attempts(input.workload, is_in_kueue ? rounds_in_kueue(input.workload) : input.workload.rounds());
  const std::int64_t scaled = duration.scaled(policy.factor).seconds_rounded_up();
  const std::int64_t each = std::max(scaled, pod_seconds);
  const std::int64_t pending = is_in_kueue ? 0 : policy.pending.seconds_rounded_up();
  const Int128 seconds = Int128{each} * (Int128{pods.rounds} + pods.retries) + pending;
  if (seconds > kMost) return std::nullopt;
  std::string reason = scaled < pod_seconds
                           ? fmt::format("deadline of a pod {}", to_text(Duration(std::chrono::seconds(each))))
                           : fmt::format("estimate {} x {}", to_text(duration), to_text(policy.factor));
  reason += fmt::format(", {} and {}", count(pods.rounds, "round", "rounds"), count(pods.retries, "retry", "retries"));
  if (pending > 0) reason += fmt::format(", {} for nodes", to_text(policy.pending));
  return Bound{static_cast<std::int64_t>(seconds), std::move(reason)};
}

void set_job_deadline(const Input& input, Duration duration, std::int64_t pod_seconds, Outcome& out) {
  const workload::Workload& workload = input.workload;
  if (!workload.is_job() || !input.settings.job_deadline) return;
  // Whoever set one of the two knows better.
  if (workload.authored("job.activeDeadlineSeconds", workload.job_spec["activeDeadlineSeconds"])) return;
  if (workload.object_label(workload::kKueueMaxExecTime)) return;
  auto bound = bound_of_job(input, duration, pod_seconds);
  if (!bound) return;
  Edit edit = SetJobDeadline{bound->seconds};
  if (input.kueue.is_managed) {
    edit = SetJobLabel{std::string(workload::kKueueMaxExecTime), std::to_string(bound->seconds)};
  }
  out.changes.push_back({std::move(edit), {}, std::move(bound->reason)});
}

}  // namespace

void runtime(const Input& input, Outcome& out) {
  const workload::Workload& workload = input.workload;
  if (!input.estimate.duration || workload.restart_policy() == "Always") return;
  const Duration duration = input.estimate.duration->value;
  std::int64_t pod_seconds = 0;
  if (const auto authored = workload.authored("activeDeadlineSeconds", workload.pod_spec["activeDeadlineSeconds"])) {
    pod_seconds = authored.integer().value_or(0);
  } else if (auto bound = bound_of_pod(input, duration)) {
    pod_seconds = bound->seconds;
    out.changes.push_back({SetPodDeadline{pod_seconds}, {}, std::move(bound->reason)});
  }
  set_job_deadline(input, duration, pod_seconds, out);
}

}  // namespace plimsoll::plan::rules
