#include "plimsoll/telemetry/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::telemetry {
namespace {

constexpr std::size_t kTextLimit = 1024;

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("plimsoll", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%v");
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warning";
    case Level::Error:
      return "error";
  }
  return "";
}

}  // namespace

std::optional<Level> parse_level(std::string_view name) {
  for (const Level level : {Level::Debug, Level::Info, Level::Warning, Level::Error}) {
    if (name == name_of(level)) return level;
  }
  return std::nullopt;
}

void set_log_level(Level level) {
  logger().set_level(to_spdlog(level));
}

void log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!logger().should_log(to_spdlog(level))) return;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  json::Writer line;
  line.begin_object().member("time", to_text(TimePoint(now))).member("level", name_of(level));
  line.member("msg", to_display(message, kTextLimit));
  for (const Field& field : fields) {
    line.key(field.key);
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      line.value(to_display(*text, kTextLimit));
    } else {
      line.value(std::get<std::int64_t>(field.value));
    }
  }
  line.end_object();
  logger().log(to_spdlog(level), line.text());
}

}  // namespace plimsoll::telemetry
