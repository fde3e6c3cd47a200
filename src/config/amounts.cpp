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

/// `4000` or `0.5`: no suffix at all, so that one may have been forgotten.
bool is_bare(std::string_view text) {
  return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

Unexpected<Error> refuse_typo(std::string_view text, std::string_view is, const std::string& meant) {
  return fail(ErrorCode::Invalid, fmt::format("{} is {}; did you mean {}?", quoted(text), is, quoted(meant)));
}

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
  if (cpu >= kMostCpu && is_bare(text)) {
    return refuse_typo(text, fmt::format("{} cores", cpu.count() / 1000), std::string(text) + "m");
  }
  return cpu;
}

template <>
Result<Bytes> parse_amount(std::string_view text) {
  PLIMSOLL_TRY(quantity, parse_quantity(text));
  PLIMSOLL_TRY(bytes, to_bytes(quantity));
  if (quantity.nanos() > 0 && bytes < kLeastBytes) {
    if (is_bare(text)) return refuse_typo(text, fmt::format("{} bytes", bytes.count()), std::string(text) + "Gi");
    if (text.ends_with('m')) {
      return refuse_typo(text, "thousandths of a byte", std::string(text.substr(0, text.size() - 1)) + "Mi");
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
  return parse_run_time(text);
}

}  // namespace plimsoll::config
