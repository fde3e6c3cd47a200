// The policy that requests are decided by, and the file that it follows.
#pragma once

#include <memory>
#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/reload/published.hpp"
#include "webhook/compose/readiness.hpp"
#include "webhook/compose/reload_status.hpp"

namespace plimsoll::webhook {

/// Threads: current() and check() from any.
class LivePolicy {
 public:
  /// Reads `file`; the built-in policy when it is empty. Errors: a line for each problem.
  [[nodiscard]] static Result<std::unique_ptr<LivePolicy>, reload::Problems> load(std::string file);

  /// Follows the file from now on; a bad one changes nothing. Requires: this lives until the watcher has stopped.
  void follow(reload::FileWatcher& watcher);

  [[nodiscard]] std::shared_ptr<const config::Policy> current() const { return current_.read(); }

  [[nodiscard]] Finding check() const { return status_.describe("revision " + current()->revision); }

  [[nodiscard]] const ReloadStatus& reloads() const noexcept { return status_; }

 private:
  LivePolicy(std::string file, std::string text, config::Policy policy);

  std::string file_;
  std::string first_text_;
  reload::Published<config::Policy> current_;
  ReloadStatus status_{"policy"};
};

}  // namespace plimsoll::webhook
