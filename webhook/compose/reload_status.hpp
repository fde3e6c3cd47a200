// What becomes of the files that are watched: told in the log, and remembered for /readyz.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/reload/published.hpp"
#include "webhook/compose/readiness.hpp"

namespace plimsoll::webhook {

/// One watched value, such as the policy. Threads: safe.
class ReloadStatus {
 public:
  /// `what` is its name in the log.
  explicit ReloadStatus(std::string what);

  /// New contents are in use; `revision` tells them from others.
  void note_taken(std::string_view revision);
  /// The contents on disk cannot be used, and the ones before stay.
  void note_refused(const reload::Problems& problems);

  /// The first thing that is wrong with what is on disk; empty when that is in use.
  [[nodiscard]] std::string complaint() const { return *complaint_.read(); }

  /// What is in use and what is refused. It holds always: what was refused leaves the one before.
  [[nodiscard]] Finding describe(std::string in_use) const;

  /// How often each was noted.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  std::string what_;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> refused_{0};
  reload::Published<std::string> complaint_;
};

/// Uses the texts of files from now on and returns what tells them from others, or says why it cannot and changes
/// nothing.
using UseTexts = std::function<Result<std::string, reload::Problems>(const std::vector<std::string>& texts)>;

/// Follows `files`, of which `known` is in use, and tells `status` what becomes of their changes. False when they
/// cannot be followed: a pipe is read once. Requires: `status`, and what `use` refers to, live until the watcher has
/// stopped.
bool follow_files(reload::FileWatcher& watcher, const std::vector<std::string>& files,
                  const std::vector<std::string>& known, ReloadStatus& status, UseTexts use);

/// An error in a line of its own.
[[nodiscard]] std::string to_line(const Error& error);

}  // namespace plimsoll::webhook
