// Everything that `plimsoll serve` can be told, declared once.
//
// A line in declare_serve_options() makes a flag, an environment variable (webhook/command_line.hpp), a field of a
// ServerConfig (webhook/compose/server_config.hpp) and a line in docs/cli.md. Give it a check, and all of them have it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/http/limits.hpp"
#include "plimsoll/http/server.hpp"
#include "plimsoll/tls/rotation.hpp"
#include "webhook/compose/audit_log.hpp"
#include "webhook/compose/callers.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

/// The group of the options that a change of the ServerConfig alters while the server runs; all others want a restart.
inline constexpr const char* kLiveGroup = "Options that follow a change of --config at once";

struct ServeOptions {
  std::string config_file;  // empty: none
  http::ListenAddress listen;
  http::ListenAddress health_listen;
  std::string policy_file;  // empty: the built-in policy
  std::string certificate_file;
  std::string private_key_file;
  bool self_signed = false;
  std::string shared_secret;  // NAMESPACE/NAME of self-made certificates; empty: none
  tls::Lifetimes certificate_lives;
  std::vector<std::string> dns_names;
  std::string service;        // NAME.NAMESPACE, whose names the certificate has as well; empty: none
  std::string authority_out;  // where the self-made CA certificate is written; empty: nowhere
  bool watches_registration = false;
  std::string kubeconfig;      // empty: $KUBECONFIG, else the Pod's own account
  std::string authority_file;  // the CA for the caBundle; empty: authority_out, or nobody's
  CallerOptions callers;
  AuditLogOptions audit;
  std::size_t threads = 2;
  std::size_t max_connections = http::Limits{}.max_connections;
  std::size_t max_requests_per_connection = http::Limits{}.max_requests_per_connection;
  std::chrono::milliseconds max_connection_age{};
  std::chrono::milliseconds drain_delay{};
  std::chrono::milliseconds stop_timeout{};
  std::string log_level = "info";
};

/// Adds the flags to `command` and gives `options`, which must live as long, its defaults; parsing fills it.
void declare_serve_options(CLI::App& command, ServeOptions& options);

/// The names that a self-made certificate is to have. Errors: none; a Service that is none.
[[nodiscard]] Result<std::vector<std::string>> server_names(const ServeOptions& options);

}  // namespace plimsoll::webhook
