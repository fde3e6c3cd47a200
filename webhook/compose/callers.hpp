// Who may call: from the flags to what the handshake and each request are held to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/auth/authenticate.hpp"
#include "plimsoll/auth/keys.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/telemetry/metrics.hpp"
#include "plimsoll/tls/server_context.hpp"
#include "webhook/compose/line_limit.hpp"

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
  std::string jwt_leeway = "30s";
};

void declare_caller_options(CLI::App& command, CallerOptions& options);

/// What callers are held to, as one value: made anew from its files, it replaces the old one whole.
struct Callers {
  std::optional<tls::ClientTrust> trust;  ///< for tls::make_server_context()
  auth::Config config;
  auth::Keys keys;

  bool operator==(const Callers&) const = default;
};

/// Reads the files that the options name. By default nothing is asked of callers.
///
/// Errors: options that contradict each other or are not all there; files that cannot be read or used.
[[nodiscard]] Result<Callers> load_callers(const CallerOptions& options);

/// Judges callers, counts the refused, and tells of them in the log.
/// Threads: safe.
class Gate {
 public:
  Gate(std::shared_ptr<const Callers> callers, telemetry::Metrics& metrics);

  [[nodiscard]] Result<auth::Principal, auth::Refusal> admit(const http::Request& request, TimePoint now) const;

 private:
  void tell(const auth::Refusal& refusal, const http::Request& request) const;

  std::shared_ptr<const Callers> callers_;
  std::vector<telemetry::Counter> refused_;  ///< by cause
  mutable LineLimit limit_;
};

}  // namespace plimsoll::webhook
