#include "plimsoll/audit/replay.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

#include "plimsoll/audit/record.hpp"
#include "plimsoll/audit/redact.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/patch/patch.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::audit {
namespace {

using workload::Container;
using workload::Side;
using workload::Workload;

// A request, or the limit that Kubernetes copies to a missing one.
std::optional<Quantity> request_of(const Container& container, std::string_view resource) {
  const auto request = container.present(Side::Request, resource);
  return request ? request : container.present(Side::Limit, resource);
}

Footprint footprint_of(const Container& container) {
  Footprint footprint;
  if (const auto cpu = request_of(container, "cpu")) footprint.cpu = to_milli_cpu(*cpu).value_or(MilliCpu());
  if (const auto memory = request_of(container, "memory")) footprint.memory = to_bytes(*memory).value_or(Bytes());
  for (const workload::Amount& amount : container.amounts) {
    const bool is_twin = amount.side == Side::Request && container.present(Side::Limit, amount.resource);
    if (is_twin || !workload::counts_gpus(amount.resource)) continue;
    footprint.gpus += to_gpu_count(amount.present).value_or(GpuCount());
  }
  return footprint;
}

Footprint higher(const Footprint& a, const Footprint& b) {
  return {std::max(a.cpu, b.cpu), std::max(a.memory, b.memory), std::max(a.gpus, b.gpus)};
}

// Source: KEP-753, "Resources calculation for scheduling and pod admission"; KEP-2837 for the pod's own numbers.
Footprint footprint_of(const Workload& workload) {
  Footprint running;
  Footprint sidecars;
  Footprint height;
  for (const Container& container : workload.containers) {
    const Footprint own = footprint_of(container);
    if (container.role == Container::Role::App) {
      running += own;
    } else if (container.role == Container::Role::Sidecar) {
      sidecars += own;
      height = higher(height, sidecars);
    } else {
      Footprint beside = sidecars;
      beside += own;
      height = higher(height, beside);
    }
  }
  running += sidecars;
  height = higher(height, running);
  const json::View of_pod = workload.pod_spec["resources"]["requests"];
  const auto cpu = parse_quantity(of_pod["cpu"].text().value_or("")).and_then(to_milli_cpu);
  const auto memory = parse_quantity(of_pod["memory"].text().value_or("")).and_then(to_bytes);
  if (cpu) height.cpu = *cpu;
  if (memory) height.memory = *memory;
  return height;
}

Footprint footprint_after(const admission::Review& review, const Entry& entry) {
  if (entry.verdict == to_text(decide::Verdict::Rejected)) return {};
  const Result<patch::Patch> patch = patch::parse_patch(entry.patch.empty() ? "[]" : entry.patch);
  if (!patch) return {};
  const Result<json::Tree> patched = patch::apply(review.object, *patch);
  if (!patched) return {};
  const auto kind = review.kind.kind == "Pod" ? workload::Kind::Pod : workload::Kind::Job;
  const Result<Workload> workload = workload::view_workload(kind, patched->root());
  return workload ? footprint_of(*workload) : Footprint();
}

// A Pod that its Job decided and an object that comes by for the second time are in the sums already; the Jobs of a
// CronJob will be.
bool counts_in_sums(const admission::Review& review, const Entry& before) {
  const bool is_kind = review.kind.kind == "Pod" || (review.kind.kind == "Job" && review.kind.group == "batch");
  return is_kind && before.reason != decide::reason::kDecidedAtPod && !before.dry_run && review.object.is_object() &&
         before.reason != decide::reason::kDecidedAtJob && before.reason != decide::reason::kAlreadyDecided;
}

auto text_of(const EntryProblem& p) {
  return std::tie(p.reason, p.path, p.value, p.message);
}

bool same_problems(const Entry& a, const Entry& b) {
  return std::ranges::equal(a.problems, b.problems,
                            [](const auto& x, const auto& y) { return text_of(x) == text_of(y); });
}

// What only one of both writes; two values in one place make one difference.
std::vector<ChangeDifference> compare(const Entry& before, const Entry& after) {
  std::vector<const EntryChange*> now;
  for (const EntryChange& change : after.changes) now.push_back(&change);
  std::vector<const EntryChange*> gone;
  for (const EntryChange& change : before.changes) {
    const auto same = std::ranges::find_if(
        now, [&](const EntryChange* other) { return other->path == change.path && other->to == change.to; });
    if (same != now.end()) {
      now.erase(same);
    } else {
      gone.push_back(&change);
    }
  }
  std::vector<ChangeDifference> differences;
  for (const EntryChange* change : gone) {
    const auto other = std::ranges::find_if(now, [&](const EntryChange* c) { return c->path == change->path; });
    if (other == now.end()) {
      differences.push_back({change->rule, change->path, change->to, ""});
    } else {
      differences.push_back({(*other)->rule, change->path, change->to, (*other)->to});
      now.erase(other);
    }
  }
  for (const EntryChange* change : now) differences.push_back({change->rule, change->path, "", change->to});
  return differences;
}

}  // namespace

Footprint& Footprint::operator+=(const Footprint& other) {
  cpu += other.cpu;
  memory += other.memory;
  gpus += other.gpus;
  return *this;
}

Result<Replayed> replay(std::string_view line, const decide::Snapshot& world) {
  Replayed replayed;
  PLIMSOLL_TRY(before, decode_record(std::string(line)));
  replayed.before = std::move(before);
  PLIMSOLL_TRY(document, json::Document::parse(std::string(line)));
  const json::View request = document.root()["request"];
  if (!request || request.is_null()) {
    replayed.state = Replayed::State::NoInput;
    return replayed;
  }
  if (replayed.before.reason == decide::reason::kOutOfTime) {
    replayed.state = Replayed::State::OutOfTime;
    return replayed;
  }
  PLIMSOLL_TRY(review, restore(request));
  decide::Decision decision = decide::decide(review, world, replayed.before.time);
  // Through the same words as the record, so that like is compared with like.
  PLIMSOLL_TRY(after,
               decode_record(encode_record(make_record(review, std::move(decision), {.time = replayed.before.time}))));
  replayed.after = std::move(after);
  replayed.changes = compare(replayed.before, replayed.after);
  replayed.differs = !replayed.changes.empty() || replayed.before.verdict != replayed.after.verdict ||
                     replayed.before.reason != replayed.after.reason ||
                     replayed.before.warnings != replayed.after.warnings ||
                     !same_problems(replayed.before, replayed.after);
  replayed.counts = counts_in_sums(review, replayed.before);
  if (replayed.counts) {
    replayed.footprint_before = footprint_after(review, replayed.before);
    replayed.footprint_after = footprint_after(review, replayed.after);
  }
  return replayed;
}

void ReplayTotals::add(const Replayed& replayed) {
  if (replayed.state == Replayed::State::NoInput) ++without_input;
  if (replayed.state == Replayed::State::OutOfTime) ++out_of_time;
  if (replayed.state != Replayed::State::Decided) return;
  const std::string_view rejected = to_text(decide::Verdict::Rejected);
  const bool was_rejected = replayed.before.verdict == rejected;
  const bool is_rejected = replayed.after.verdict == rejected;
  for (Sum* sum : {&total, &namespaces[replayed.before.name_space]}) {
    ++sum->objects;
    if (replayed.differs) ++sum->differing;
    if (is_rejected && !was_rejected) ++sum->newly_rejected;
    if (was_rejected && !is_rejected) ++sum->newly_allowed;
    sum->before += replayed.footprint_before;
    sum->after += replayed.footprint_after;
  }
  for (const ChangeDifference& change : replayed.changes) {
    RuleSum& rule = rules[change.rule];
    ++(change.before.empty() ? rule.added : change.after.empty() ? rule.dropped : rule.altered);
  }
  if (replayed.after.verdict == to_text(decide::Verdict::Failed)) ++failed;
  if (replayed.differs && replayed.before.policy == replayed.after.policy) ++differing_under_same_policy;
}

}  // namespace plimsoll::audit
