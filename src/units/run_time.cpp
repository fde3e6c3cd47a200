#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll {
namespace {

constexpr std::string_view kDigits = "0123456789";

Unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(ErrorCode::Invalid, quoted(text).append(" is not a duration: ").append(why));
}

// A number with its designator: the 30M of PT2H30M.
struct Component {
  std::string number;
  char designator;
};

// Designators in the order in which ISO 8601 has them, below P and below T.
constexpr std::string_view kDateDesignators = "YMWD";
constexpr std::string_view kTimeDesignators = "HMS";

// Source: ISO 8601-1:2019, 5.5.2. Go's notation says the same, so what is left after the check is another spelling of
// it.
Result<Duration> parse_iso_duration(std::string_view text) {
  constexpr std::string_view kExpected = R"(ISO 8601 writes "PT2H30M" or "P1DT12H")";
  std::string_view rest = text.substr(1);
  std::string_view designators = kDateDesignators;
  bool is_time = false;
  std::string spelled;
  while (!rest.empty()) {
    if (rest.front() == 'T' && !is_time) {
      is_time = true;
      designators = kTimeDesignators;
      rest.remove_prefix(1);
      if (rest.empty()) return refuse(text, std::string("nothing follows the T; ").append(kExpected));
      continue;
    }
    const std::size_t end = std::min(rest.find_first_not_of("0123456789.,"), rest.size());
    std::string number(rest.substr(0, end));
    rest.remove_prefix(end);
    if (number.empty() || rest.empty()) return refuse(text, kExpected);
    const char designator = rest.front();
    rest.remove_prefix(1);
    const std::size_t at = designators.find(designator);
    if (at == std::string_view::npos) return refuse(text, kExpected);
    designators.remove_prefix(at + 1);
    if (!is_time && (designator == 'Y' || designator == 'M')) {
      return refuse(text, "years and months have no fixed length: say days, such as \"P30D\"");
    }
    const std::size_t point = number.find_first_of(".,");
    if (point != std::string::npos) {
      if (!rest.empty()) return refuse(text, "only its last number may have a fraction");
      number[point] = '.';
    }
    if (designator == 'W') {
      const Result<Duration> weeks = parse_duration(number + "d");
      if (!weeks || weeks->nanoseconds() > std::chrono::nanoseconds::max() / 7) return refuse(text, kExpected);
      if (!rest.empty()) return refuse(text, "weeks stand alone: say days");
      return Duration(weeks->nanoseconds() * 7);
    }
    spelled += number;
    spelled += static_cast<char>(std::tolower(static_cast<unsigned char>(designator)));
  }
  if (spelled.empty()) return refuse(text, kExpected);
  const Result<Duration> duration = parse_duration(spelled);
  return duration ? duration : refuse(text, kExpected);
}

// Digits as a count, at most nine of them; nothing otherwise.
std::optional<std::int64_t> read_count(std::string_view digits) {
  constexpr std::size_t kMostDigits = 9;
  if (digits.empty() || digits.size() > kMostDigits || digits.find_first_not_of(kDigits) != std::string_view::npos) {
    return std::nullopt;
  }
  std::int64_t count = 0;
  for (const char c : digits) count = count * 10 + (c - '0');
  return count;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

// Source: sbatch(1), --time: "days-hours", "days-hours:minutes", "days-hours:minutes:seconds", "hours:minutes:seconds".
// Its "minutes:seconds" is refused: half of those who write 02:30 mean two and a half hours.
Result<Duration> parse_clock_duration(std::string_view text) {
  constexpr std::string_view kExpected = R"(a batch scheduler writes "02:30:00" or "1-12:00:00")";
  std::string_view clock = text;
  std::int64_t days = 0;
  const std::size_t dash = text.find('-');
  const bool has_days = dash != std::string_view::npos;
  if (has_days) {
    const auto count = read_count(text.substr(0, dash));
    if (!count) return refuse(text, kExpected);
    days = *count;
    clock.remove_prefix(dash + 1);
  }
  const std::vector<std::string_view> parts = split(clock, ':');
  if (!has_days && parts.size() == 2) {
    const std::string a(parts[0]);
    const std::string b(parts[1]);
    if (!read_count(a) || !read_count(b)) return refuse(text, kExpected);
    return refuse(text, "hours and minutes, or minutes and seconds? Say " + quoted(a + ":" + b + ":00") + " or " +
                            quoted("00:" + a + ":" + b));
  }
  if (parts.size() > 3) return refuse(text, kExpected);
  std::int64_t counts[3] = {0, 0, 0};  // hours, minutes, seconds
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto count = read_count(parts[i]);
    if (!count) return refuse(text, kExpected);
    counts[i] = *count;
  }
  if (has_days && counts[0] > 23) return refuse(text, "after the days there are at most 23 hours");
  if (counts[1] > 59 || counts[2] > 59) return refuse(text, "there are at most 59 minutes and 59 seconds");
  constexpr std::int64_t kMostDays = 100'000;  // an int64 of nanoseconds holds 106,751
  if (days > kMostDays || counts[0] > kMostDays * 24) return refuse(text, "it is longer than 273 years");
  return Duration(std::chrono::hours(days * 24 + counts[0]) + std::chrono::minutes(counts[1]) +
                  std::chrono::seconds(counts[2]));
}

// One that begins with a sign is Go's, or nobody's.
bool is_clock(std::string_view text) {
  const std::size_t end = text.find_first_not_of(kDigits);
  return end != 0 && end != std::string_view::npos && (text[end] == ':' || text[end] == '-');
}

}  // namespace

Result<Duration> parse_run_time(std::string_view text) {
  if (text.starts_with('P')) return parse_iso_duration(text);
  if (is_clock(text)) return parse_clock_duration(text);
  return parse_duration(text);
}

}  // namespace plimsoll
