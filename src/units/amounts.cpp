#include "plimsoll/units/amounts.hpp"

#include <optional>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "suggestion.hpp"

namespace plimsoll {
namespace {

constexpr std::int64_t kThousandths = 1000;

bool is_number(std::string_view text, std::size_t most_digits) {
  return !text.empty() && text.size() <= most_digits && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<Ratio> read_ratio(std::string_view text) {
  constexpr std::size_t kWholeDigits = 9;
  constexpr std::size_t kDecimals = 3;
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!is_number(whole, kWholeDigits)) return std::nullopt;
  std::string decimals;
  if (point != std::string_view::npos) {
    decimals = text.substr(point + 1);
    if (!is_number(decimals, kDecimals)) return std::nullopt;
  }
  decimals.resize(kDecimals, '0');
  std::int64_t thousandths = 0;
  for (const char c : std::string(whole) + decimals) thousandths = thousandths * 10 + (c - '0');
  return Ratio::from_thousandths(thousandths);
}

Unexpected<Error> refuse_negative(const Quantity& quantity, std::string_view what) {
  return fail(ErrorCode::Invalid, std::string(what) + " is " + to_text(quantity) + "; it cannot be negative");
}

}  // namespace

Result<Ratio> parse_ratio(std::string_view text) {
  if (const auto ratio = read_ratio(text)) return *ratio;
  std::vector<std::string> candidates;
  if (text.size() <= kDisplayLimit) {
    std::string candidate = without_commas(without_gaps(std::string(text)));
    if (candidate.starts_with('.')) candidate.insert(0, "0");
    if (candidate.ends_with('x')) candidate.pop_back();
    if (read_ratio(candidate)) candidates.push_back(candidate);
  }
  return fail(ErrorCode::Invalid,
              quoted(text) + " is not a factor" +
                  did_you_mean(candidates, "; write a decimal number with at most three decimals, such as \"1.25\""));
}

std::string to_text(Ratio ratio) {
  const std::int64_t whole = ratio.thousandths() / kThousandths;
  std::int64_t rest = ratio.thousandths() % kThousandths;
  std::string text = std::to_string(whole);
  if (rest == 0) return text;
  std::string decimals = std::to_string(kThousandths + rest).substr(1);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return text + '.' + decimals;
}

Result<MilliCpu> to_milli_cpu(const Quantity& quantity) {
  if (quantity.nanos() < 0) return refuse_negative(quantity, "cpu");
  return MilliCpu(quantity.milli_value());
}

Result<Bytes> to_bytes(const Quantity& quantity) {
  if (quantity.nanos() < 0) return refuse_negative(quantity, "the number of bytes");
  return Bytes(quantity.value());
}

Result<GpuCount> to_gpu_count(const Quantity& quantity) {
  if (quantity.nanos() < 0) return refuse_negative(quantity, "the number of GPUs");
  if (!quantity.is_whole()) {
    return fail(ErrorCode::Invalid, "the number of GPUs is " + to_text(quantity) + "; it must be a whole number");
  }
  return GpuCount(quantity.value());
}

std::string to_text(MilliCpu cpu) {
  constexpr std::int64_t kNanosPerMilli = Quantity::kNanosPerUnit / 1000;
  return to_text(Quantity::from_nanos(Int128{cpu.count()} * kNanosPerMilli, Quantity::Format::DecimalSI));
}

std::string to_text(Bytes bytes) {
  const bool binary = bytes.count() % 1024 == 0;
  return to_text(
      Quantity::from_units(bytes.count(), binary ? Quantity::Format::BinarySI : Quantity::Format::DecimalSI));
}

std::string to_text(GpuCount gpus) {
  return to_text(Quantity::from_units(gpus.count(), Quantity::Format::DecimalSI));
}

}  // namespace plimsoll
