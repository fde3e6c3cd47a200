#include "amounts.hpp"

#include <fmt/format.h>

#include "plimsoll/base/text.hpp"

namespace plimsoll::config {
namespace {

// Nothing that a policy sizes or compares is smaller than this; the estimates draw the same line.
constexpr Bytes kLeastBytes(1 << 20);
// The largest nodes have a few hundred cores: a thousand are thousandths without their `m`.
constexpr MilliCpu kMostCpu(1'000'000);
constexpr Ratio kMostRatio = Ratio::from_thousandths(100'000);

bool ends_in_digit(std::string_view text) { return !text.empty() && text.back() >= '0' && text.back() <= '9'; }

}  // namespace

template <>
Result<Ratio> parse_amount(std::string_view text) {
  PLIMSOLL_TRY(ratio, parse_ratio(text));
  if (ratio.thousandths() <= 0 || ratio > kMostRatio) {
    return fail(ErrorCode::Invalid, fmt::format("must be above 0 and at most 100, not {}", quoted(text)));
  }
  return ratio;
}

template <>
Result<MilliCpu> parse_amount(std::string_view text) {
  PLIMSOLL_TRY(quantity, parse_quantity(text));
  PLIMSOLL_TRY(cpu, to_milli_cpu(quantity));
  if (quantity.nanos() > 0 && quantity.nanos() < Quantity::kNanosPerUnit / 1000) {
    return fail(ErrorCode::Invalid, fmt::format("{} is less than 1m, a thousandth of a core", quoted(text)));
  }
  if (cpu >= kMostCpu && ends_in_digit(text)) {
    return fail(ErrorCode::Invalid,
                fmt::format("{} is that many cores; did you mean {}?", quoted(text), quoted(std::string(text) + "m")));
  }
  return cpu;
}

template <>
Result<Bytes> parse_amount(std::string_view text) {
  PLIMSOLL_TRY(quantity, parse_quantity(text));
  PLIMSOLL_TRY(bytes, to_bytes(quantity));
  if (quantity.nanos() > 0 && bytes < kLeastBytes) {
    if (ends_in_digit(text)) {
      return fail(ErrorCode::Invalid,
                  fmt::format("{} is that many bytes; did you mean {}?", quoted(text), quoted(std::string(text) + "Gi")));
    }
    if (text.back() == 'm') {
      const std::string mebibytes = std::string(text.substr(0, text.size() - 1)) + "Mi";
      return fail(ErrorCode::Invalid,
                  fmt::format("{} is thousandths of a byte; did you mean {}?", quoted(text), quoted(mebibytes)));
    }
  }
  return bytes;
}

template <>
Result<GpuCount> parse_amount(std::string_view text) {
  PLIMSOLL_TRY(quantity, parse_quantity(text));
  return to_gpu_count(quantity);
}

template <>
Result<Duration> parse_amount(std::string_view text) {
  return parse_duration(text);
}

}  // namespace plimsoll::config
