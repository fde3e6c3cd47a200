// Options of serve whose text stands for a value, such as a duration: read where they are said, so that a bad one is
// told with its flag or its line, and whoever uses them meets no error any more.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace plimsoll::webhook {

/// Adds an option whose text goes to `keep`, unless `refuse` says what is wrong with it; `fallback` is shown as
/// default.
CLI::Option* add_text_option(CLI::App& command, const std::string& flag, const std::string& fallback,
                             const std::string& description, std::function<std::string(const std::string&)> refuse,
                             std::function<void(const std::string&)> keep);

/// Adds an option whose text `read` turns into `value`; `fallback` is its text where nobody says it.
/// Requires: `value` outlives `command`, and `read` takes `fallback`.
template <class T>
CLI::Option* add_read_option(CLI::App& command, const std::string& flag, T& value, Result<T> (*read)(std::string_view),
                             const std::string& fallback, const std::string& description) {
  value = *read(fallback);
  const auto refuse = [read](const std::string& text) {
    const Result<T> found = read(text);
    return found ? std::string() : found.error().message;
  };
  const auto keep = [&value, read](const std::string& text) { value = *read(text); };
  return add_text_option(command, flag, fallback, description, refuse, keep);
}

/// A duration that is not negative and can be added to a clock.
[[nodiscard]] Result<std::chrono::milliseconds> read_time(std::string_view text);

}  // namespace plimsoll::webhook
