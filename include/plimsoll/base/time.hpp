// Instants as values: nothing below the shell ever reads a clock.
#pragma once

#include <chrono>

namespace plimsoll {

/// An instant. Units: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace plimsoll
