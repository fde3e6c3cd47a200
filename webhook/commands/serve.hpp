// `plimsoll serve`: the webhook itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace plimsoll::webhook {

struct ServeOptions {
  std::string listen = ":8443";
  std::string health_listen = ":8080";
  std::string policy_file;  ///< empty: the built-in policy
  std::string certificate_file;
  std::string private_key_file;
  bool self_signed = false;
  std::vector<std::string> dns_names;
  std::string authority_out;    ///< where the self-made CA certificate is written; empty: nowhere
  std::string audit_log = "-";  ///< "-": standard output
  std::size_t threads = 2;
  std::size_t max_connections = 1000;
  /// How long to go on answering after SIGTERM while endpoints are taken out of rotation, and how long open requests
  /// then have.
  std::chrono::milliseconds drain_delay{10'000};
  std::chrono::milliseconds stop_timeout{15'000};
};

/// Serves until SIGTERM or SIGINT; a second signal ends it at once.
/// Returns the exit code: 0 after a clean stop, 2 for unusable options or files, 1 for what failed later.
/// Requires: no other thread was started before.
[[nodiscard]] int run_serve(const ServeOptions& options);

}  // namespace plimsoll::webhook
