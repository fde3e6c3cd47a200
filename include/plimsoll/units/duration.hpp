// Spans of time as Go writes them, with days besides.
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

/// The shortest form in d, h, m, s and below: "1d12h", "90m" -> "1h30m", "0s".
[[nodiscard]] std::string to_text(Duration duration);

/// Reads an RFC 3339 instant ("2026-01-02T15:04:05Z", fractions and offsets allowed). Errors: ErrorCode::Invalid.
[[nodiscard]] Result<TimePoint> parse_time(std::string_view text);
/// RFC 3339 in UTC, to the second; milliseconds are written when there are any.
[[nodiscard]] std::string to_text(TimePoint time);

}  // namespace plimsoll
