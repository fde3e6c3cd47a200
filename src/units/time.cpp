// RFC 3339 as strictly as Go's time.Time reads it from JSON: fixed widths, `T` and `Z` in upper case, no leap second.
#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"
#include "suggestion.hpp"

namespace plimsoll {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kAllowed =
    "; write RFC 3339, such as \"2026-01-02T15:04:05Z\" or \"2026-01-02T15:04:05+01:00\"";

// Walks over fields of fixed width and remembers whether everything was as expected so far.
class Fields {
 public:
  explicit Fields(std::string_view text) : rest_(text) {}

  // A number of exactly `width` digits, at most `most`.
  unsigned number(std::size_t width, unsigned most) {
    const std::string_view digits = rest_.substr(0, width);
    if (digits.size() != width || digits.find_first_not_of(kDigits) != std::string_view::npos) {
      valid_ = false;
      return 0;
    }
    rest_.remove_prefix(width);
    unsigned value = 0;
    for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
    valid_ = valid_ && value <= most;
    return value;
  }

  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { valid_ = accept(c) && valid_; }

  // Thousandths after a point; finer digits are dropped.
  unsigned milliseconds() {
    if (!accept('.')) return 0;
    const std::string_view digits = rest_.substr(0, rest_.find_first_not_of(kDigits));
    rest_.remove_prefix(digits.size());
    valid_ = valid_ && !digits.empty();
    unsigned value = 0;
    for (std::size_t i = 0; i < 3; ++i)
      value = value * 10 + (i < digits.size() ? static_cast<unsigned>(digits[i] - '0') : 0);
    return value;
  }

  [[nodiscard]] bool at_end() const { return valid_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool valid_ = true;
};

std::optional<TimePoint> read_time(std::string_view text) {
  using namespace std::chrono;
  Fields fields(text);
  const unsigned y = fields.number(4, 9999);
  fields.expect('-');
  const unsigned m = fields.number(2, 12);
  fields.expect('-');
  const unsigned d = fields.number(2, 31);
  fields.expect('T');
  const hours hour(fields.number(2, 23));
  fields.expect(':');
  const minutes minute(fields.number(2, 59));
  fields.expect(':');
  const seconds second(fields.number(2, 59));
  const milliseconds fraction(fields.milliseconds());
  minutes offset(0);
  if (!fields.accept('Z')) {
    const bool west = fields.accept('-');
    if (!west) fields.expect('+');
    offset = hours(fields.number(2, 23));
    fields.expect(':');
    offset += minutes(fields.number(2, 59));
    if (west) offset = -offset;
  }
  const year_month_day date(year(static_cast<int>(y)), month(m), day(d));
  if (!fields.at_end() || !date.ok()) return std::nullopt;
  return sys_days(date) + hour + minute + second + fraction - offset;
}

std::vector<std::string> suggestions(std::string_view text) {
  if (text.size() > kDisplayLimit) return {};
  std::string candidate(text);
  for (char& c : candidate) {
    if (c == 't' || c == 'z') c = static_cast<char>(c - 32);
    if (c == ' ') c = 'T';
  }
  for (const std::string_view ending : {"", "Z", ":00Z", "T00:00:00Z"}) {
    const std::string completed = candidate + std::string(ending);
    if (read_time(completed)) return {completed};
  }
  return {};
}

}  // namespace

Result<TimePoint> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return fail(ErrorCode::Invalid,
              quoted(text) + " is not a time" + did_you_mean(suggestions(text), std::string(kAllowed)));
}

std::string to_text(TimePoint time) {
  using namespace std::chrono;
  const auto date = floor<days>(time);
  const year_month_day ymd(date);
  const hh_mm_ss clock(time - date);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", int{ymd.year()}, unsigned{ymd.month()},
                unsigned{ymd.day()}, static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string result = text.data();
  if (const auto ms = clock.subseconds().count(); ms != 0) result += '.' + std::to_string(1000 + ms).substr(1);
  return result + 'Z';
}

}  // namespace plimsoll
