// Amounts in a policy: what the units accept, less what an operator can hardly have meant.
#pragma once

#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::config {

/// Errors: what the units refuse; units that were forgotten (memory of 32 bytes, a cpu of 4000 cores); factors that are
/// not above 0 and at most 100.
template <class T>
[[nodiscard]] Result<T> parse_amount(std::string_view text);

template <>
Result<Ratio> parse_amount(std::string_view text);
template <>
Result<MilliCpu> parse_amount(std::string_view text);
template <>
Result<Bytes> parse_amount(std::string_view text);
template <>
Result<GpuCount> parse_amount(std::string_view text);
template <>
Result<Duration> parse_amount(std::string_view text);

/// How to name such an amount in a message.
template <class T>
inline constexpr std::string_view kWhat{};
template <>
inline constexpr std::string_view kWhat<Ratio> = "a factor such as 1.25";
template <>
inline constexpr std::string_view kWhat<MilliCpu> = "a number of cpus such as 500m or 2";
template <>
inline constexpr std::string_view kWhat<Bytes> = "a size such as 512Mi";
template <>
inline constexpr std::string_view kWhat<GpuCount> = "a whole number of GPUs";
template <>
inline constexpr std::string_view kWhat<Duration> = "a duration such as 90m";

}  // namespace plimsoll::config
