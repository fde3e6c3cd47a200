// What the whole of a policy's settings says about schedulers.
#pragma once

#include "reader.hpp"

namespace plimsoll::config {

/// Refuses profiles that are never reached, and those of schedulers that `settings` does not list.
void check_scheduler_profiles(const Value& value, const Settings& settings);

}  // namespace plimsoll::config
