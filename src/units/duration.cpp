#include "plimsoll/units/duration.hpp"

#include <limits>
#include <optional>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "suggestion.hpp"

namespace plimsoll {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::uint64_t kMagnitudeLimit = std::uint64_t{1} << 63U;  // of the most negative duration

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kMillisecond = 1'000 * kMicrosecond;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr Unit kUnits[] = {
    {"d", kDay},
    {"h", kHour},
    {"m", kMinute},
    {"s", kSecond},
    {"ms", kMillisecond},
    {"us", kMicrosecond},
    {"\u00B5s", kMicrosecond},  // micro sign
    {"\u03BCs", kMicrosecond},  // Greek letter mu
    {"ns", 1},
};
constexpr std::string_view kAllowed =
    "; write numbers with the units d, h, m, s, ms, us or ns, such as \"90m\", \"1h30m\" or \"1d12h\"";

std::uint64_t digit_value(char c) {
  return static_cast<std::uint64_t>(c - '0');
}

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

std::string_view take_digits(std::string_view& text) {
  const std::string_view digits = text.substr(0, text.find_first_not_of(kDigits));
  text.remove_prefix(digits.size());
  return digits;
}

std::string_view take_unit(std::string_view& text) {
  const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
  text.remove_prefix(name.size());
  return name;
}

std::optional<std::uint64_t> read_whole(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (value > kMagnitudeLimit / 10) return std::nullopt;
    value = value * 10 + digit_value(c);
    if (value > kMagnitudeLimit) return std::nullopt;
  }
  return value;
}

// Go computes fractions in binary floating point, and so must we to arrive at the same nanosecond: IEEE 754 makes this
// product, in which there is nothing to fuse, the same everywhere.
std::uint64_t fraction_nanoseconds(std::string_view digits, const Unit& unit) {
  std::uint64_t value = 0;
  double scale = 1;
  for (const char c : digits) {
    if (value > (kMagnitudeLimit - 1) / 10) break;
    const std::uint64_t next = value * 10 + digit_value(c);
    if (next > kMagnitudeLimit) break;
    value = next;
    scale *= 10;
  }
  return static_cast<std::uint64_t>(static_cast<double>(value) * (static_cast<double>(unit.nanoseconds) / scale));
}

// The reason alone; what was meant is worked out by the caller.
Result<Duration, std::string> read(std::string_view text) {
  const auto refuse = [](std::string reason) { return Unexpected<std::string>{std::move(reason)}; };
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration();
  if (text.empty()) return refuse("it is empty");

  std::uint64_t total = 0;
  while (!text.empty()) {
    const std::string_view whole = take_digits(text);
    const bool has_point = text.starts_with('.');
    if (has_point) text.remove_prefix(1);
    const std::string_view fraction = has_point ? take_digits(text) : std::string_view();
    if (whole.empty() && fraction.empty()) return refuse("a number is missing before " + quoted(text));
    const std::string_view name = take_unit(text);
    if (name.empty()) return refuse(text.empty() ? "it has no unit" : "a number has two decimal points");
    const Unit* unit = find_unit(name);
    if (unit == nullptr) return refuse("unknown unit " + quoted(name));

    const auto count = read_whole(whole);
    const std::string too_long = "it is longer than 292 years";
    if (!count || *count > kMagnitudeLimit / unit->nanoseconds) return refuse(too_long);
    const std::uint64_t part = *count * unit->nanoseconds + fraction_nanoseconds(fraction, *unit);
    if (part > kMagnitudeLimit) return refuse(too_long);
    total += part;  // 2^63 twice wraps around to zero, as it does in Go
    if (total > kMagnitudeLimit) return refuse(too_long);
  }
  if (!negative && total == kMagnitudeLimit) return refuse("it is longer than 292 years");
  const std::uint64_t bits = negative ? std::uint64_t{0} - total : total;
  return Duration(std::chrono::nanoseconds(static_cast<std::int64_t>(bits)));
}

// The unit that a word may stand for, and how many of it: a week is seven days.
struct Meaning {
  std::string_view word, unit;
  std::uint64_t count = 1;
};
constexpr Meaning kMeanings[] = {
    {"d", "d"},          {"day", "d"},     {"days", "d"},          {"h", "h"},      {"hr", "h"},
    {"hrs", "h"},        {"hour", "h"},    {"hours", "h"},         {"m", "m"},      {"min", "m"},
    {"mins", "m"},       {"minute", "m"},  {"minutes", "m"},       {"s", "s"},      {"sec", "s"},
    {"secs", "s"},       {"second", "s"},  {"seconds", "s"},       {"ms", "ms"},    {"msec", "ms"},
    {"msecs", "ms"},     {"us", "us"},     {"milliseconds", "ms"}, {"ns", "ns"},    {"w", "d", 7},
    {"wk", "d", 7},      {"week", "d", 7}, {"weeks", "d", 7},      {"y", "d", 365}, {"year", "d", 365},
    {"years", "d", 365},
};

// One number with its unit, mended; empty when nothing comes to mind.
std::string mended_part(std::string_view number, std::string_view unit_word) {
  std::string word(unit_word);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (const Meaning& meaning : kMeanings) {
    if (meaning.word != word) continue;
    if (meaning.count == 1) return std::string(number).append(meaning.unit);
    if (number.find('.') != std::string_view::npos) return {};
    const auto count = read_whole(number);
    if (!count || *count > kMagnitudeLimit / kDay) return {};
    return std::to_string(*count * meaning.count).append(meaning.unit);
  }
  return {};
}

std::vector<std::string> suggestions(std::string_view text) {
  if (text.size() > kDisplayLimit) return {};
  std::string cleaned = without_commas(without_gaps(std::string(text)));
  std::string_view rest = cleaned;
  // ISO 8601 writes PT2H30M.
  if (rest.starts_with('P')) {
    std::erase_if(cleaned, [](char c) { return c == 'P' || c == 'T'; });
    rest = cleaned;
  }
  if (rest.empty()) return {};
  if (rest.find_first_not_of(kDigits) == std::string_view::npos) {
    const std::string minutes = std::string(rest) + 'm';
    return read(minutes) ? std::vector{minutes} : std::vector<std::string>();
  }
  std::string mended;
  if (rest.starts_with('-') || rest.starts_with('+')) {
    mended = rest.front();
    rest.remove_prefix(1);
  }
  while (!rest.empty()) {
    const std::string_view number = rest.substr(0, rest.find_first_not_of("0123456789."));
    rest.remove_prefix(number.size());
    const std::string_view word = take_unit(rest);
    const std::string part = number.empty() ? std::string() : mended_part(number, word);
    if (part.empty()) return {};
    mended += part;
  }
  return read(mended) ? std::vector{mended} : std::vector<std::string>();
}

// `count` of a unit that is `decimals` digits finer, without trailing zeros: (1500, 3) is "1.5".
std::string with_fraction(std::uint64_t count, int decimals) {
  std::string digits = std::to_string(count);
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  digits.insert(digits.size() - places, 1, '.');
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

}  // namespace

Duration Duration::scaled(Ratio ratio) const {
  PLIMSOLL_ASSERT(span_.count() >= 0);
  const Int128 product = Int128{span_.count()} * ratio.thousandths();
  const Int128 longest = std::numeric_limits<std::int64_t>::max();
  const Int128 rounded_up = (product + 999) / 1000;
  return Duration(std::chrono::nanoseconds(static_cast<std::int64_t>(rounded_up < longest ? rounded_up : longest)));
}

Result<Duration> parse_duration(std::string_view text) {
  const auto duration = read(text);
  if (duration) return *duration;
  const bool has_gap = text.find_first_of(" \t\r\n") != std::string_view::npos;
  const std::string reason = has_gap ? "white space is not allowed" : duration.error();
  return fail(ErrorCode::Invalid,
              quoted(text) + " is not a duration: " + reason + did_you_mean(suggestions(text), std::string(kAllowed)));
}

std::string to_text(Duration duration) {
  const std::int64_t count = duration.nanoseconds().count();
  if (count == 0) return "0s";
  const auto bits = static_cast<std::uint64_t>(count);
  std::uint64_t rest = count < 0 ? std::uint64_t{0} - bits : bits;
  std::string text = count < 0 ? "-" : "";
  if (rest < kMicrosecond) return text + std::to_string(rest) + "ns";
  if (rest < kMillisecond) return text + with_fraction(rest, 3) + "us";
  if (rest < kSecond) return text + with_fraction(rest, 6) + "ms";
  for (const Unit& unit : {kUnits[0], kUnits[1], kUnits[2]}) {
    if (rest >= unit.nanoseconds) text += std::to_string(rest / unit.nanoseconds).append(unit.name);
    rest %= unit.nanoseconds;
  }
  return rest == 0 ? text : text + with_fraction(rest, 9) + 's';
}

}  // namespace plimsoll
