#include "webhook/compose/read_option.hpp"

#include <CLI/CLI.hpp>
#include <utility>

#include "plimsoll/units/duration.hpp"

namespace plimsoll::webhook {
namespace {

// Added to a clock, and a tenth longer, it still fits into 64 bits of nanoseconds.
constexpr std::chrono::hours kLongest{24 * 36'500};

}  // namespace

CLI::Option* add_text_option(CLI::App& command, const std::string& flag, const std::string& fallback,
                             const std::string& description, std::function<std::string(const std::string&)> refuse,
                             std::function<void(const std::string&)> keep) {
  return command.add_option_function<std::string>(flag, std::move(keep), description)
      ->check(std::move(refuse))
      ->default_str(fallback);
}

Result<std::chrono::milliseconds> read_time(std::string_view text) {
  PLIMSOLL_TRY(time, parse_duration(text));
  if (time < Duration{}) return fail(ErrorCode::Invalid, "must not be negative");
  if (time.nanoseconds() > kLongest) return fail(ErrorCode::Invalid, "must be at most 36500d, a hundred years");
  return std::chrono::ceil<std::chrono::milliseconds>(time.nanoseconds());
}

}  // namespace plimsoll::webhook
