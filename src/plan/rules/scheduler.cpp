// Who places the pod: Volcano what waits in its queues, else the scheduler or the profile of one that the policy names.
//
// Only a pod of the default scheduler is sent elsewhere: who names another one has chosen.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"

namespace plimsoll::plan::rules {

void scheduler(const Input& input, Outcome& out) {
  if (input.workload.scheduler()) return;
  if (input.volcano != nullptr) {
    out.changes.push_back(
        {SetScheduler{std::string(kVolcano)}, {}, fmt::format("Volcano queue {}", input.volcano->queue.name)});
    return;
  }
  const auto& profiles = input.settings.scheduler_profiles;
  const auto profile = std::ranges::find_if(profiles, [&](const auto& p) { return holds(p.when, input); });
  if (profile == profiles.end()) return;
  out.changes.push_back(
      {SetScheduler{profile->scheduler}, {}, fmt::format("policy: scheduler profile {}", profile->scheduler)});
}

}  // namespace plimsoll::plan::rules
