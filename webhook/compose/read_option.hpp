// Options of serve whose text stands for a value, such as a duration: read where they are said, so that a bad one is
// told with its flag or its line, and whoever uses them meets no error any more.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>

#include "plimsoll/base/result.hpp"

namespace plimsoll::webhook {

/// Adds an option whose text `read` turns into `value`; `fallback` is its text where nobody says it.
/// Requires: `value` outlives `command`, and `read` takes `fallback`.
template <class T>
CLI::Option* add_read_option(CLI::App& command, const std::string& flag, T& value, Result<T> (*read)(std::string_view),
                             const std::string& fallback, const std::string& description) {
  value = *read(fallback);
  return command
      .add_option_function<std::string>(
          flag, [&value, read](const std::string& text) { value = *read(text); }, description)
      ->check([read](const std::string& text) {
        const Result<T> found = read(text);
        return found ? std::string() : found.error().message;
      })
      ->default_str(fallback);
}

/// A duration that is not negative and can be added to a clock.
[[nodiscard]] Result<std::chrono::milliseconds> read_time(std::string_view text);

}  // namespace plimsoll::webhook
