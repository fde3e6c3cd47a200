// Spans of time as Go writes them, with days besides, and as batch users do.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/units/amounts.hpp"

namespace plimsoll {

/// A span of time, possibly zero or negative. Units: nanoseconds, as Go's time.Duration.
class Duration {
 public:
  constexpr Duration() = default;
  explicit constexpr Duration(std::chrono::nanoseconds span) : span_(span) {}
  [[nodiscard]] constexpr std::chrono::nanoseconds nanoseconds() const { return span_; }
  /// Whole seconds, rounded up; for activeDeadlineSeconds.
  [[nodiscard]] constexpr std::int64_t seconds_rounded_up() const {
    return std::chrono::ceil<std::chrono::seconds>(span_).count();
  }
  /// This times `ratio`, rounded up; saturates. Requires: not negative.
  [[nodiscard]] Duration scaled(Ratio ratio) const;
  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;

 private:
  std::chrono::nanoseconds span_{0};
};

/// Reads what Go's time.ParseDuration reads ("1h30m", "1.5h", "300ms", "-2m", "0"), and whole or fractional days
/// ("1d12h").
///
/// Errors: ErrorCode::Invalid, with what is wrong and a suggestion: "90" has no unit: did you mean "90m"?
/// Source: https://pkg.go.dev/time#ParseDuration; the unit `d` is ours.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

/// Reads a run time in any notation that its author may be used to: parse_duration's, ISO 8601 ("PT2H30M", "P1DT12H",
/// "P2W"), and the wall time of Slurm and PBS ("02:30:00", "1-12:00:00").
///
/// Errors: ErrorCode::Invalid, with what is wrong; also for what is read one way by one and another way by others:
/// years and months, "02:30".
/// Source: ISO 8601-1:2019, 5.5.2; sbatch(1), --time; pbs_resources(7B), walltime.
[[nodiscard]] Result<Duration> parse_run_time(std::string_view text);

/// The shortest form in d, h, m, s and below: "1d12h", "90m" -> "1h30m", "0s".
[[nodiscard]] std::string to_text(Duration duration);

/// Reads an RFC 3339 instant ("2026-01-02T15:04:05Z", fractions and offsets allowed). Errors: ErrorCode::Invalid.
[[nodiscard]] Result<TimePoint> parse_time(std::string_view text);
/// RFC 3339 in UTC, to the second; milliseconds are written when there are any.
[[nodiscard]] std::string to_text(TimePoint time);

}  // namespace plimsoll
