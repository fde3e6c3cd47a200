// Who may call: from the flags, and the files that they name, to what handshakes and requests are held to.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/auth/authenticate.hpp"
#include "plimsoll/auth/keys.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/reload/published.hpp"
#include "plimsoll/tls/server_context.hpp"
#include "webhook/compose/readiness.hpp"
#include "webhook/compose/reload_status.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

struct CallerOptions {
  std::string client_auth = "off";
  std::string client_ca_file;
  std::vector<std::string> client_names;
  std::string jwt = "off";
  std::string jwt_issuer;
  std::string jwt_audience;
  std::string jwt_keys_file;
  std::chrono::seconds jwt_leeway{};
};

/// Adds the flags to `command` and gives `options`, which must live as long, its defaults.
void declare_caller_options(CLI::App& command, CallerOptions& options);

/// What callers are held to, as one value. By default nothing is asked of them.
struct Callers {
  auth::Config config;
  std::optional<tls::ClientTrust> trust;  ///< for handshakes; with its file's text
  auth::Keys keys;
  std::string keys_text;  ///< what the file of the keys holds
};

/// Threads: current() and the checks from any.
class LiveCallers {
 public:
  /// Reads the files that the options name.
  ///
  /// Errors: options that contradict each other or are not all there; files that cannot be read or used.
  [[nodiscard]] static Result<std::unique_ptr<LiveCallers>> load(const CallerOptions& options);

  /// Follows the files from now on, each by itself: one that cannot be used changes nothing. `trust` is what handshakes
  /// are told; what it refuses is not taken over. Tells which keys are left out, now and at each change.
  /// Requires: this, and what `trust` refers to, live until the watcher has stopped.
  void follow(reload::FileWatcher& watcher, std::function<Result<void>(tls::ClientTrust)> trust);

  /// Tells the log of keys in the file that cannot be used; whatever is read later is told of by itself.
  void tell_keys_left_out() const;

  [[nodiscard]] std::shared_ptr<const Callers> current() const { return current_.read(); }

  [[nodiscard]] Finding check_authorities() const;
  [[nodiscard]] Finding check_keys() const;

  [[nodiscard]] const ReloadStatus& authority_reloads() const noexcept { return authority_status_; }
  [[nodiscard]] const ReloadStatus& key_reloads() const noexcept { return key_status_; }

 private:
  LiveCallers(CallerOptions options, Callers first);

  void follow_authorities(reload::FileWatcher& watcher, std::function<Result<void>(tls::ClientTrust)> trust);
  void follow_keys(reload::FileWatcher& watcher);

  const CallerOptions options_;
  reload::Published<Callers> current_;  // after the start only the watcher's thread replaces it
  ReloadStatus authority_status_{"client CA file"};
  ReloadStatus key_status_{"token key file"};
};

}  // namespace plimsoll::webhook
