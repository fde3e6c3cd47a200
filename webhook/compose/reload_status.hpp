// What becomes of the files that are watched: told in the log, and remembered for /readyz.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/reload/published.hpp"

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

  /// How often each was noted.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  std::string what_;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> refused_{0};
  reload::Published<std::string> complaint_;
};

/// Whether a file can be watched: a regular one can, a pipe is read once.
[[nodiscard]] bool is_watchable(const std::string& path);

}  // namespace plimsoll::webhook
