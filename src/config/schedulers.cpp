// Which scheduler takes whom.
#include "schedulers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "coverage.hpp"
#include "plimsoll/base/text.hpp"
#include "syntax.hpp"

namespace plimsoll::config {

template <>
const Schema<SchedulerProfile>& schema<SchedulerProfile>() {
  static const Schema<SchedulerProfile> kSchema{{
      field("when", &SchedulerProfile::when),
      required(field("use", &SchedulerProfile::scheduler, written_as(kScheduler))),
  }};
  return kSchema;
}

void check_scheduler_profiles(const Value& value, const Settings& settings) {
  const auto list = value.find("schedulerProfiles");
  if (!list || !list->is_sound()) return;
  const auto& profiles = settings.scheduler_profiles;
  std::vector<Entry> entries;
  for (const SchedulerProfile& profile : profiles) {
    entries.push_back({&profile.when, fmt::format("schedulerProfiles[{}]", entries.size())});
  }
  refuse_unreached(*list, entries);
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    const std::string& wanted = profiles[i].scheduler;
    if (wanted.empty() || std::ranges::find(settings.schedulers, wanted) != settings.schedulers.end()) continue;
    list->item(i).refuse(
        fmt::format("uses {}, which schedulers does not list: pods of a scheduler that is not there wait "
                    "forever",
                    quoted(wanted)));
  }
}

}  // namespace plimsoll::config
