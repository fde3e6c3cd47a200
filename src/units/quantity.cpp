#include "plimsoll/units/quantity.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "suggestion.hpp"

namespace plimsoll {
namespace {

using Format = Quantity::Format;

constexpr std::string_view kDigits = "0123456789";
constexpr Int128 kNanos = Quantity::kNanosPerUnit;
constexpr std::int64_t kNanoDigits = 9;

constexpr Int128 power_of_ten(std::int64_t exponent) {
  return exponent == 0 ? 1 : 10 * power_of_ten(exponent - 1);
}

// 10^38 billionths: the largest power of ten in 128 bits.
constexpr std::int64_t kMostDigits = 38;
constexpr Int128 kLargestDecimal = power_of_ten(kMostDigits);
constexpr Int128 kLargestUnits = std::numeric_limits<std::int64_t>::max();
constexpr Int128 kLargestBinary = kLargestUnits * kNanos;

// A suffix multiplies by 2^binary or by 10^decimal.
struct Scale {
  Format format = Format::DecimalSI;
  int binary = 0;
  std::int64_t decimal = 0;
};

struct Suffix {
  std::string_view text;
  Scale scale;
};
constexpr Suffix kSuffixes[] = {
    {"", {Format::DecimalSI, 0, 0}},   {"m", {Format::DecimalSI, 0, -3}}, {"Ki", {Format::BinarySI, 10, 0}},
    {"Mi", {Format::BinarySI, 20, 0}}, {"Gi", {Format::BinarySI, 30, 0}}, {"Ti", {Format::BinarySI, 40, 0}},
    {"Pi", {Format::BinarySI, 50, 0}}, {"Ei", {Format::BinarySI, 60, 0}}, {"k", {Format::DecimalSI, 0, 3}},
    {"M", {Format::DecimalSI, 0, 6}},  {"G", {Format::DecimalSI, 0, 9}},  {"T", {Format::DecimalSI, 0, 12}},
    {"P", {Format::DecimalSI, 0, 15}}, {"E", {Format::DecimalSI, 0, 18}}, {"u", {Format::DecimalSI, 0, -6}},
    {"n", {Format::DecimalSI, 0, -9}},
};
constexpr std::string_view kAllowed =
    "; write a number with one of the suffixes m k M G T P E Ki Mi Gi Ti Pi Ei or none, such as \"500m\", \"2\" or "
    "\"12Gi\"";

// What a text consists of. Leading zeros of `whole` are dropped: they mean nothing, and there may be millions of them.
struct Parts {
  bool negative = false;
  bool has_digits = false;
  std::string_view whole;
  std::string_view fraction;
  std::string_view suffix;
};

std::string_view take_digits(std::string_view& text) {
  const std::string_view digits = text.substr(0, text.find_first_not_of(kDigits));
  text.remove_prefix(digits.size());
  return digits;
}

Parts split(std::string_view text) {
  Parts parts;
  if (text.starts_with('-') || text.starts_with('+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  parts.whole = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  parts.has_digits = !parts.whole.empty() || !parts.fraction.empty();
  parts.whole.remove_prefix(std::min(parts.whole.find_first_not_of('0'), parts.whole.size()));
  parts.suffix = text;
  return parts;
}

// The exponent after `e` or `E`. Kubernetes reads 64 bits and keeps the lower 32, so that 1e4294967296 is 1 there.
std::optional<std::int64_t> read_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::int64_t exponent = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    exponent = exponent * 10 + (c - '0');
    if (exponent > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  }
  return negative ? -exponent : exponent;
}

bool has_exponent_sign(std::string_view suffix) {
  return suffix.size() > 1 && (suffix[0] == 'e' || suffix[0] == 'E') &&
         (suffix[1] == '-' || suffix[1] == '+' || kDigits.find(suffix[1]) != std::string_view::npos);
}

std::optional<Scale> read_suffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) return suffix.scale;
  }
  if (!has_exponent_sign(text)) return std::nullopt;
  const auto exponent = read_exponent(text.substr(1));
  if (!exponent) return std::nullopt;
  return Scale{Format::DecimalExponent, 0, *exponent};
}

bool is_zero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

// whole.fraction x 10^exponent in billionths. At most 38 digits are multiplied; the others are only looked at.
Int128 decimal_nanos(std::string_view whole, std::string_view fraction, std::int64_t exponent) {
  const auto whole_size = static_cast<std::int64_t>(whole.size());
  const auto size = whole_size + static_cast<std::int64_t>(fraction.size());
  const auto digit = [&](std::int64_t i) {
    return i < whole_size ? whole[static_cast<std::size_t>(i)] : fraction[static_cast<std::size_t>(i - whole_size)];
  };
  std::int64_t first = 0;  // digit that is not zero
  while (first < size && digit(first) == '0') ++first;
  if (first == size) return 0;

  // Digits before `point` count whole billionths, later ones parts of one.
  const std::int64_t point = whole_size + exponent + kNanoDigits;
  if (point - first > kMostDigits) return kLargestDecimal;
  if (point <= first) return 1;
  Int128 nanos = 0;
  for (std::int64_t i = first; i < point; ++i) nanos = nanos * 10 + (i < size ? digit(i) - '0' : 0);
  for (std::int64_t i = point; i < size; ++i) {
    if (digit(i) != '0') return nanos + 1;
  }
  return nanos;
}

// whole.fraction x 2^shift in billionths.
Int128 binary_nanos(std::string_view whole, std::string_view fraction, int shift) {
  constexpr std::size_t kUnitDigits = 19;  // of 2^63-1
  if (whole.size() > kUnitDigits) return kLargestBinary;
  Int128 units = 0;
  for (const char c : whole) units = units * 10 + (c - '0');
  units <<= shift;
  if (units >= kLargestUnits) return kLargestBinary;

  // A multiple of 2^-shift * 10^-9 has at most shift + 9 decimals, so later digits of the fraction cannot change how
  // many whole billionths it holds, only whether something is left over.
  const Int128 multiplier = (Int128{1} << shift) * kNanos;
  const std::size_t relevant = std::min(fraction.size(), static_cast<std::size_t>(shift + kNanoDigits));
  bool left_over = !is_zero(fraction.substr(relevant));
  Int128 nanos = 0;
  for (std::size_t i = relevant; i-- > 0;) {
    nanos += (fraction[i] - '0') * multiplier;
    left_over = left_over || nanos % 10 != 0;
    nanos /= 10;
  }
  return std::min(units * kNanos + nanos + (left_over ? 1 : 0), kLargestBinary);
}

// Kubernetes takes a missing number for zero on its fast path and refuses it on the slow one.
bool may_lack_digits(const Scale& scale) {
  return scale.binary <= 40 && scale.decimal >= -kNanoDigits;
}

std::optional<Quantity> read(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const Parts parts = split(text);
  const auto scale = read_suffix(parts.suffix);
  if (!scale || (!parts.has_digits && !may_lack_digits(*scale))) return std::nullopt;
  const bool binary = scale->format == Format::BinarySI;
  const Int128 nanos = binary ? binary_nanos(parts.whole, parts.fraction, scale->binary)
                              : decimal_nanos(parts.whole, parts.fraction, scale->decimal);
  const bool below_one = nanos > 0 && nanos < kNanos;
  return Quantity::from_nanos(parts.negative ? -nanos : nanos, binary && below_one ? Format::DecimalSI : scale->format);
}

// The suffixes that a wrong one may stand for; `word` in lower case.
std::vector<std::string> likely_suffixes(std::string_view word) {
  struct Alias {
    std::string_view word, suffix;
  };
  constexpr Alias kAliases[] = {
      {"b", ""},     {"byte", ""},       {"bytes", ""}, {"i", ""},         {"c", ""},           {"core", ""},
      {"cores", ""}, {"cpu", ""},        {"cpus", ""},  {"vcpu", ""},      {"vcpus", ""},       {"gpu", ""},
      {"gpus", ""},  {"millicore", "m"}, {"mcpu", "m"}, {"millicpu", "m"}, {"millicores", "m"},
  };
  for (const Alias& alias : kAliases) {
    if (alias.word == word) return {std::string(alias.suffix)};
  }
  constexpr std::string_view kLower = "kmgtpe";
  constexpr std::string_view kDecimal = "kMGTPE";
  constexpr std::string_view kBinary = "KMGTPE";
  const std::size_t index = word.empty() ? std::string_view::npos : kLower.find(word.front());
  if (index == std::string_view::npos) return {};
  const std::string decimal(1, kDecimal[index]);
  const std::string binary = std::string(1, kBinary[index]) + 'i';
  const std::string_view rest = word.substr(1);
  if (rest == "i" || rest == "ib" || rest == "ibyte" || rest == "ibytes") return {binary};
  if (rest == "b" || rest == "byte" || rest == "bytes") return {decimal, binary};
  if (rest.empty() && word != "e") return {decimal, binary};
  return {};
}

std::optional<std::string> hexadecimal_value(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
  text.remove_prefix(2);
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    const std::size_t digit =
        std::string_view("0123456789abcdef").find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
    if (digit == std::string_view::npos) return std::nullopt;
    value = value * 16 + static_cast<std::int64_t>(digit);
  }
  return std::to_string(value);
}

std::vector<std::string> suggestions(std::string_view text) {
  if (text.size() > kDisplayLimit) return {};
  const std::string cleaned = without_commas(without_gaps(std::string(text)));
  if (const auto value = hexadecimal_value(cleaned)) return {*value};
  if (!split(cleaned).has_digits) return {};
  if (read(cleaned)) return {cleaned};
  const std::string_view written = split(cleaned).suffix;
  const std::string number = cleaned.substr(0, cleaned.size() - written.size());
  std::string word(written);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  std::vector<std::string> candidates;
  for (const std::string& suffix : likely_suffixes(word)) {
    if (read(number + suffix)) candidates.push_back(number + suffix);
  }
  return candidates;
}

std::string fault_of(std::string_view text) {
  if (text.empty()) return "it is empty";
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) return "white space is not allowed";
  if (text.find(',') != std::string_view::npos) return "a comma is not allowed";
  const Parts parts = split(text);
  if (!parts.has_digits) return "it does not start with a number";
  if (parts.suffix.starts_with('.')) return "it has two decimal points";
  if (has_exponent_sign(parts.suffix)) return "the exponent " + quoted(parts.suffix) + " is not a 32-bit integer";
  return "unknown suffix " + quoted(parts.suffix);
}

Int128 divide_away_from_zero(Int128 dividend, Int128 divisor) {
  const Int128 quotient = dividend / divisor;
  const Int128 remainder = dividend % divisor;
  return quotient + (remainder > 0 ? 1 : 0) - (remainder < 0 ? 1 : 0);
}

std::int64_t saturated(Int128 count) {
  using Limits = std::numeric_limits<std::int64_t>;
  return static_cast<std::int64_t>(std::clamp<Int128>(count, Limits::min(), Limits::max()));
}

std::string decimal_digits(Int128 number) {
  if (number == 0) return "0";
  std::string text;
  for (Int128 rest = number; rest != 0; rest /= 10) {
    const auto digit = static_cast<int>(rest % 10);
    text += static_cast<char>('0' + (digit < 0 ? -digit : digit));
  }
  if (number < 0) text += '-';
  std::reverse(text.begin(), text.end());
  return text;
}

std::string decimal_text(Int128 nanos, Format format) {
  constexpr std::string_view kSteps[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  constexpr int kUnitStep = 3;
  const bool exponential = format == Format::DecimalExponent;
  Int128 mantissa = nanos;
  int step = 0;
  while (mantissa % 1000 == 0 && (exponential || step + 1 < static_cast<int>(std::size(kSteps)))) {
    mantissa /= 1000;
    ++step;
  }
  if (!exponential) return decimal_digits(mantissa).append(kSteps[step]);
  return decimal_digits(mantissa) + (step == kUnitStep ? "" : "e" + std::to_string(3 * (step - kUnitStep)));
}

std::string binary_text(Int128 units) {
  constexpr std::string_view kSteps[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t step = 0;
  while (units % 1024 == 0 && step + 1 < std::size(kSteps)) {
    units /= 1024;
    ++step;
  }
  return decimal_digits(units).append(kSteps[step]);
}

}  // namespace

std::int64_t Quantity::value() const {
  return saturated(divide_away_from_zero(nanos_, kNanosPerUnit));
}

std::int64_t Quantity::milli_value() const {
  return saturated(divide_away_from_zero(nanos_, kNanosPerUnit / 1000));
}

Result<Quantity> parse_quantity(std::string_view text) {
  if (const auto quantity = read(text)) return *quantity;
  return fail(ErrorCode::Invalid, quoted(text) + " is not a quantity: " + fault_of(text) +
                                      did_you_mean(suggestions(text), std::string(kAllowed)));
}

std::string to_text(const Quantity& quantity) {
  const Int128 nanos = quantity.nanos();
  if (nanos == 0) return "0";
  // Kubernetes shows a binary quantity in decimal when it is below 1Ki or has a fraction.
  const bool small = nanos > -1024 * kNanos && nanos < 1024 * kNanos;
  if (quantity.format() == Format::BinarySI && !small && quantity.is_whole()) return binary_text(nanos / kNanos);
  return decimal_text(nanos, quantity.format());
}

}  // namespace plimsoll
