// The program's own log: one JSON object per line on standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace plimsoll::telemetry {

enum class Level { Debug, Info, Warning, Error };

/// "debug", "info", "warning" or "error"; nothing for another word.
[[nodiscard]] std::optional<Level> parse_level(std::string_view name);

/// One member of a log line.
struct Field {
  std::string_view key;
  std::variant<std::int64_t, std::string_view> value;
};

/// Writes `{"time":…,"level":…,"msg":…,…}`. Text is escaped and cut.
/// Threads: safe.
void log(Level level, std::string_view message, std::initializer_list<Field> fields = {});

/// Lines below `level` are not written. Default: Info.
void set_log_level(Level level);

}  // namespace plimsoll::telemetry
