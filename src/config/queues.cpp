// Queues, deadlines of whole Jobs, and what is not to be evicted.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "coverage.hpp"
#include "plimsoll/base/text.hpp"
#include "reader.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

// A node that may not be emptied is neither patched nor given back.
constexpr Duration kMostProtected{std::chrono::hours(24)};
// Longer ones do not fit into activeDeadlineSeconds as Kueue reads it, beside the run time itself.
constexpr Duration kMostPending{std::chrono::hours(24 * 365)};

void read_pending(const Value& value, Duration& out) {
  read(value, out);
  if (value.is_sound() && (out < Duration() || out > kMostPending)) {
    value.refuse(fmt::format("must be from 0s to 365d, not {}", quoted(value.node().text)));
  }
}

void read_up_to(const Value& value, Duration& out) {
  read(value, out);
  if (value.is_sound() && (out <= Duration() || out > kMostProtected)) {
    value.refuse(fmt::format("must be more than 0s and at most 24h, not {}", quoted(value.node().text)));
  }
}

/// Refuses Kueue queues of which no Job can be.
void check_kinds(const std::optional<Value>& list, const std::vector<Queue>& queues) {
  for (std::size_t i = 0; list && i < queues.size(); ++i) {
    const std::vector<std::string>& kinds = queues[i].when.kinds;
    if (kinds.empty() || std::ranges::any_of(kinds, [](const auto& kind) { return matches_glob(kind, "Job"); }))
      continue;
    list->item(i).refuse_member("when", "never holds: only Jobs are put into Kueue's queues");
  }
}

}  // namespace

template <>
const Schema<JobDeadline>& schema<JobDeadline>() {
  static const Schema<JobDeadline> kSchema{{
      field("factor", &JobDeadline::factor, read_enlarging),
      required(field("pending", &JobDeadline::pending, read_pending)),
  }};
  return kSchema;
}

template <>
const Schema<Queue>& schema<Queue>() {
  static const Schema<Queue> kSchema{{
      field("when", &Queue::when),
      required(field("queue", &Queue::name, written_as(kQueue))),
  }};
  return kSchema;
}

template <>
const Schema<VolcanoQueue>& schema<VolcanoQueue>() {
  static const Schema<VolcanoQueue> kSchema{
      joined<VolcanoQueue>({fields_of(&VolcanoQueue::queue), {field("gang", &VolcanoQueue::gang)}})};
  return kSchema;
}

template <>
const Schema<Queues>& schema<Queues>() {
  static const Schema<Queues> kSchema{
      {
          tables("kueue", &Queues::kueue),
          tables("volcano", &Queues::volcano),
      },
      [](const Value& value, const Queues& queues) {
        check_kinds(value.find("kueue"), queues.kueue);
        std::vector<Entry> entries;
        for (const Queue& queue : queues.kueue)
          entries.push_back({&queue.when, fmt::format("kueue[{}]", entries.size())});
        if (!entries.empty()) refuse_unreached(*value.find("kueue"), entries);
        entries.clear();
        for (const VolcanoQueue& each : queues.volcano)
          entries.push_back({&each.queue.when, fmt::format("volcano[{}]", entries.size())});
        if (!entries.empty()) refuse_unreached(*value.find("volcano"), entries);
      },
  };
  return kSchema;
}

template <>
const Schema<Disruption>& schema<Disruption>() {
  static const Schema<Disruption> kSchema{
      {
          required(field("protectFrom", &Disruption::protect_from,
                         list_of(one_of<Evictor>({{"cluster-autoscaler", Evictor::ClusterAutoscaler},
                                                  {"karpenter", Evictor::Karpenter}})))),
          field("when", &Disruption::when),
          field("upTo", &Disruption::up_to, read_up_to),
      },
      [](const Value& value, const Disruption& disruption) {
        if (disruption.when.interruptible == true) {
          value.refuse_member("when", "never holds: what is interruptible is not protected");
        }
      },
  };
  return kSchema;
}

}  // namespace plimsoll::config
