// The options of serve, and the ServerConfig that they follow.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/reload/published.hpp"
#include "webhook/compose/readiness.hpp"
#include "webhook/compose/reload_status.hpp"
#include "webhook/compose/server_config.hpp"

namespace plimsoll::webhook {

/// Threads: current() and check() from any.
class LiveOptions {
 public:
  explicit LiveOptions(const ServeCommand& first);

  /// Follows the file that --config names: options of kLiveGroup are taken over, of others a warning says that they
  /// want a restart. Requires: this lives until the watcher has stopped.
  void follow(reload::FileWatcher& watcher);

  /// Only options of kLiveGroup may differ from those of the start in what they do.
  [[nodiscard]] std::shared_ptr<const ServeOptions> current() const { return current_.read(); }

  /// Holds always. The text tells of a file that is refused and of options that want a restart.
  [[nodiscard]] Finding check() const;

  [[nodiscard]] const ReloadStatus& reloads() const noexcept { return status_; }

 private:
  void take(const ServeCommand& next);

  const ServeCommand first_;
  reload::Published<ServeOptions> current_;
  reload::Published<std::string> waiting_;  // flags whose new values want a restart
  ReloadStatus status_{"server config"};
};

}  // namespace plimsoll::webhook
