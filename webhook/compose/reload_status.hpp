// What becomes of the files that are watched: told in the log, and remembered for /readyz.
#pragma once

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

 private:
  std::string what_;
  reload::Published<std::string> complaint_;
};

/// Whether a file can be watched: a regular one can, a pipe is read once.
[[nodiscard]] bool is_watchable(const std::string& path);

}  // namespace plimsoll::webhook
