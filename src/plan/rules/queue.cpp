// The queue that a workload waits in: Kueue's, which holds a whole Job back until there is room for it, or Volcano's,
// which its scheduler reads from the pods.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan {
namespace {

bool is_held_by_author(const workload::Workload& workload) {
  return workload.authored("job.suspend", workload.job_spec["suspend"]).boolean() == true;
}

}  // namespace

KueueChoice choose_kueue(const Input& input) {
  const workload::Workload& workload = input.workload;
  if (!workload.is_job()) return {};
  auto authored = workload.object_label(workload::kKueueQueue);
  // Kueue's older versions read it from an annotation of the same name.
  if (!authored) authored = workload.object_annotation(workload::kKueueQueue);
  if (authored) return {.queue = nullptr, .is_managed = !authored->empty(), .kept = {}};

  // Who makes Jobs of a larger whole starts and stops them himself (JobSet resumes what is suspended); the CronJob
  // controller does not.
  if (workload.controller && workload.controller->kind != "CronJob") return {};
  const auto& queues = input.settings.queues.kueue;
  const auto queue = std::ranges::find_if(queues, [&](const config::Queue& q) { return holds(q.when, input); });
  if (queue == queues.end()) return {};
  if (is_held_by_author(workload)) {
    return {.queue = nullptr,
            .is_managed = false,
            .kept = fmt::format("suspend: true is kept; not queued in {}: Kueue would resume the Job", queue->name)};
  }
  return {.queue = &*queue, .is_managed = true, .kept = {}};
}

const config::VolcanoQueue* choose_volcano(const Input& input) {
  const workload::Workload& workload = input.workload;
  const auto scheduler = workload.scheduler();
  const auto& present = input.settings.schedulers;
  if (scheduler ? *scheduler != kVolcano : std::ranges::find(present, kVolcano) == present.end()) return nullptr;
  // A pod group that somebody made has its own queue and its own minimum.
  for (const char* key : {"scheduling.k8s.io/group-name", "scheduling.volcano.sh/group-name"}) {
    if (workload.authored_annotation(key)) return nullptr;
  }
  const auto& queues = input.settings.queues.volcano;
  const auto found =
      std::ranges::find_if(queues, [&](const config::VolcanoQueue& q) { return holds(q.queue.when, input); });
  return found != queues.end() ? &*found : nullptr;
}

namespace {

void queue_in_kueue(const Input& input, Outcome& out) {
  const KueueChoice& kueue = input.kueue;
  if (!kueue.kept.empty()) out.warnings.push_back(kueue.kept);
  if (kueue.queue != nullptr) {
    out.changes.push_back({SetJobLabel{std::string(workload::kKueueQueue), kueue.queue->name},
                           {},
                           fmt::format("policy: Kueue queue {}", kueue.queue->name)});
  }
  // Kueue suspends what it queues, but its hook may have run before this one, and is not called again. Where it has
  // suspended a Job for its author's queue, that stays.
  if (kueue.queue != nullptr || (kueue.is_managed && input.workload.job_spec["suspend"].boolean() == true)) {
    out.changes.push_back({SuspendJob{}, {}, "Kueue resumes it when there is room"});
  }
}

void queue_in_volcano(const Input& input, Outcome& out) {
  if (input.volcano == nullptr) return;
  const workload::Workload& workload = input.workload;
  const std::string& queue = input.volcano->queue.name;
  const auto authored = workload.authored_annotation(workload::kVolcanoQueue);
  if (!authored) {
    out.changes.push_back({SetPodAnnotation{std::string(workload::kVolcanoQueue), queue},
                           {},
                           fmt::format("policy: Volcano queue {}", queue)});
  } else if (*authored != queue) {
    out.warnings.push_back(
        fmt::format("{}: {} is kept; wanted: {}", workload::kVolcanoQueue, quoted(*authored), queue));
  }
  // Read from the pods' owner. Source: volcano pkg/controllers/podgroup/pg_controller_handler.go.
  const std::int64_t size = workload.side_by_side();
  if (workload.is_job() && input.volcano->gang && size > 1 && !workload.object_annotation(workload::kVolcanoMinMember)) {
    out.changes.push_back({SetJobAnnotation{std::string(workload::kVolcanoMinMember), std::to_string(size)},
                           {},
                           fmt::format("policy: {} pods of the Job start together", size)});
  }
}

}  // namespace

namespace rules {

void queue(const Input& input, Outcome& out) {
  queue_in_kueue(input, out);
  queue_in_volcano(input, out);
}

}  // namespace rules
}  // namespace plimsoll::plan
