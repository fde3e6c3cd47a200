#include "amounts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "plimsoll/base/text.hpp"

namespace plimsoll::batch_script {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::int64_t kMebibyte = 1 << 20;

Unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::Invalid, std::move(why));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::optional<std::int64_t> read_digits(std::string_view text, std::size_t most) {
  if (text.empty() || text.size() > most || text.find_first_not_of(kDigits) != std::string_view::npos) return {};
  std::int64_t count = 0;
  for (const char c : text) count = count * 10 + (c - '0');
  return count;
}

// How the two write a span: 1-02:30:00 is 26:30:00 to PBS.
std::string to_slurm_clock(Duration duration) {
  const std::int64_t seconds = duration.seconds_rounded_up();
  const std::string clock = fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
  return seconds < 86'400 ? clock : fmt::format("{}-{}", seconds / 86'400, clock);
}
std::string to_pbs_clock(Duration duration) {
  const std::int64_t seconds = duration.seconds_rounded_up();
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// What somebody meant who wrote "90m" or "PT2H".
std::string suggest_clock(std::string_view text, std::string (*to_clock)(Duration)) {
  const Result<Duration> meant = parse_run_time(text);
  if (!meant || *meant <= Duration{}) return {};
  return "; did you mean " + quoted(to_clock(*meant)) + "?";
}

// What somebody meant who wrote "1.5G" or "4GiB", in a whole number of mebibytes.
std::string suggest_size(std::string_view text, std::string_view unit) {
  std::string spelled = lower(text);
  const std::size_t end = std::min(spelled.find_first_not_of("0123456789."), spelled.size());
  if (end == 0 || end == spelled.size()) return {};
  constexpr std::string_view kPrefixes = "kmgtp";
  if (kPrefixes.find(spelled[end]) == std::string_view::npos) return {};
  const char prefix = static_cast<char>(std::toupper(static_cast<unsigned char>(spelled[end])));
  const Result<Quantity> meant = parse_quantity(spelled.substr(0, end) + prefix + "i");
  if (!meant) return {};
  const Result<Bytes> bytes = to_bytes(*meant);
  if (!bytes) return {};
  return fmt::format("; did you mean \"{}{}\"?", divided(bytes->count(), kMebibyte), unit);
}

Duration to_duration(std::int64_t days, std::int64_t hours, std::int64_t minutes, std::int64_t seconds) {
  return Duration(std::chrono::hours(days * 24 + hours) + std::chrono::minutes(minutes) +
                  std::chrono::seconds(seconds));
}

// An int64 of nanoseconds holds 106,751 days.
constexpr std::int64_t kMostDays = 100'000;
constexpr std::string_view kTooLong = "is longer than 273 years";

Bytes scaled(std::int64_t count, std::int64_t unit) {
  return times(Bytes(unit), count);
}

}  // namespace

std::string to_estimate(Bytes size) {
  return to_text(size.rounded_up_to(Bytes(kMebibyte)));
}

std::string to_estimate(std::string_view name) {
  constexpr std::size_t kLongestName = 253;
  return to_display(name, kLongestName);
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

Result<std::int64_t> parse_count(std::string_view text) {
  const auto count = read_digits(text, 9);
  if (!count) return refuse("is not a whole number");
  return *count;
}

Result<std::optional<Duration>> parse_slurm_time(std::string_view written) {
  std::string_view text = written;
  const std::string word = lower(text);
  if (word == "unlimited" || word == "infinite" || word == "-1") return std::optional<Duration>();
  const auto malformed = [&] {
    return refuse(R"(is not a time: sbatch reads minutes, "MM:SS", "HH:MM:SS" or "D-HH:MM:SS")" +
                  suggest_clock(written, to_slurm_clock));
  };
  const std::size_t dash = text.find('-');
  const bool has_days = dash != std::string_view::npos;
  std::int64_t days = 0;
  if (has_days) {
    const auto count = read_digits(text.substr(0, dash), 9);
    if (!count) return malformed();
    days = *count;
    text.remove_prefix(dash + 1);
  }
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() > 3) return malformed();
  std::array<std::int64_t, 3> counts = {0, 0, 0};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto count = read_digits(parts[i], 9);
    if (!count) return malformed();
    counts[i] = *count;
  }
  // Without days and with fewer than three numbers the first are minutes.
  const bool is_minutes = !has_days && parts.size() < 3;
  const auto [hours, minutes, seconds] = is_minutes ? std::array{std::int64_t{0}, counts[0], counts[1]} : counts;
  if (days > kMostDays || hours > kMostDays * 24 || minutes > kMostDays * 24 * 60) return refuse(std::string(kTooLong));
  const Duration duration = to_duration(days, hours, minutes, seconds);
  if (duration == Duration{}) return std::optional<Duration>();
  return std::optional(duration);
}

Result<Duration> parse_pbs_time(std::string_view text) {
  const auto malformed = [&] {
    return refuse(R"(is not a time: PBS reads seconds, "MM:SS" or "HH:MM:SS")" + suggest_clock(text, to_pbs_clock));
  };
  std::string_view clock = text;
  const std::size_t point = clock.find('.');
  if (point != std::string_view::npos) {
    if (!read_digits(clock.substr(point + 1), 9)) return malformed();
    clock = clock.substr(0, point);
  }
  std::vector<std::string_view> parts = split(clock, ':');
  if (parts.size() > 3) return malformed();
  parts.insert(parts.begin(), 3 - parts.size(), "0");
  std::array<std::int64_t, 3> counts = {0, 0, 0};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto count = read_digits(parts[i], 9);
    if (!count) return malformed();
    counts[i] = *count;
  }
  if (counts[0] > kMostDays * 24 || counts[1] > kMostDays * 24 * 60) return refuse(std::string(kTooLong));
  // A fraction of a second is rounded up.
  const Duration duration = to_duration(0, counts[0], counts[1], counts[2] + (point == std::string_view::npos ? 0 : 1));
  if (duration == Duration{}) return refuse("is no time at all");
  return duration;
}

Result<std::optional<Duration>> parse_slurm_deadline(std::string_view text) {
  std::string spelled;
  for (const char c : lower(text)) {
    if (c != ' ') spelled += c;
  }
  constexpr std::string_view kNow = "now+";
  if (!spelled.starts_with(kNow)) return std::optional<Duration>();
  const std::string_view rest = std::string_view(spelled).substr(kNow.size());
  const std::size_t end = std::min(rest.find_first_not_of(kDigits), rest.size());
  const auto count = read_digits(rest.substr(0, end), 6);
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits = {
      {{"seconds", 1}, {"minutes", 60}, {"hours", 3600}, {"days", 86'400}, {"weeks", 7 * 86'400}}};
  const std::string_view unit = end == rest.size() ? kUnits[0].first : rest.substr(end);
  const auto* const found = std::ranges::find_if(kUnits, [&](const auto& known) {
    return known.first == unit || known.first.substr(0, known.first.size() - 1) == unit;
  });
  if (!count || *count == 0 || found == kUnits.end()) {
    return refuse(R"(is not a time: sbatch reads "now+6hours", in seconds, minutes, hours, days or weeks)");
  }
  if (*count > kMostDays * 86'400 / found->second) return refuse(std::string(kTooLong));
  return std::optional(Duration(std::chrono::seconds(*count * found->second)));
}

Result<Bytes> parse_slurm_size(std::string_view text) {
  std::string word = lower(text);
  if (word.size() > 2 && word.ends_with('b')) word.pop_back();
  constexpr std::string_view kPrefixes = "kmgt";
  std::size_t power = 1;  // megabytes, unless it says otherwise
  if (!word.empty() && kPrefixes.find(word.back()) != std::string_view::npos) {
    power = kPrefixes.find(word.back());
    word.pop_back();
  }
  const auto count = read_digits(word, 18);
  if (!count) {
    return refuse("is not a size: sbatch reads a whole number of megabytes, or with K, M, G or T" +
                  suggest_size(text, "M"));
  }
  return scaled(*count, std::int64_t{1024} << (10 * power));
}

Result<Bytes> parse_pbs_size(std::string_view text) {
  std::string word = lower(text);
  std::int64_t unit = 1;
  if (word.ends_with('w')) unit = 8;
  if (word.ends_with('w') || word.ends_with('b')) word.pop_back();
  constexpr std::string_view kPrefixes = "kmgtp";
  const std::size_t prefix = word.empty() ? std::string_view::npos : kPrefixes.find(word.back());
  if (prefix != std::string_view::npos) {
    unit *= std::int64_t{1024} << (10 * prefix);
    word.pop_back();
  }
  const auto count = read_digits(word, 18);
  if (!count) {
    return refuse("is not a size: PBS reads a whole number with b, kb, mb, gb or tb" + suggest_size(text, "mb"));
  }
  return scaled(*count, unit);
}

Result<Array> parse_array(std::string_view text) {
  const auto malformed = [] { return refuse(R"(is not an array of indexes such as "0-15", "1,3,5-7" or "0-99%10")"); };
  Array array;
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    const auto limit = read_digits(text.substr(percent + 1), 9);
    if (!limit) return malformed();
    array.at_once = *limit;  // 0 is no limit to Slurm as well
    text = text.substr(0, percent);
  }
  for (std::string_view part : split(text, ',')) {
    std::optional<std::int64_t> step = 1;
    if (const std::size_t colon = part.find(':'); colon != std::string_view::npos) {
      step = read_digits(part.substr(colon + 1), 9);
      part = part.substr(0, colon);
    }
    const std::size_t dash = part.find('-');
    const auto first = read_digits(part.substr(0, dash), 9);
    const auto last = dash == std::string_view::npos ? first : read_digits(part.substr(dash + 1), 9);
    if (!first || !last || !step || *step == 0 || *last < *first) return malformed();
    const std::int64_t count = (*last - *first) / *step + 1;
    if (count > kMostCompletions - static_cast<std::int64_t>(array.ids.size())) {
      return refuse(fmt::format("has more indexes than a Job can have, {}: split it", kMostCompletions));
    }
    for (std::int64_t id = *first; id <= *last; id += *step) array.ids.push_back(id);
  }
  std::ranges::sort(array.ids);
  // Not std::ranges::unique, whose answer clang 14 cannot read in libstdc++ 12.
  array.ids.erase(std::unique(array.ids.begin(), array.ids.end()), array.ids.end());
  return array;
}

}  // namespace plimsoll::batch_script
