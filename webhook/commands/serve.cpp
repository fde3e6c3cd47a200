#include "serve.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>

#include "../endpoint.hpp"
#include "../files.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/http/server.hpp"
#include "plimsoll/telemetry/audit_sink.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/tls/identity.hpp"
#include "plimsoll/tls/self_made.hpp"
#include "plimsoll/tls/server_context.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Level;

constexpr int kUnusable = 2;

// SIGTERM and SIGINT are waited for, not handled: nothing runs in a signal handler, and no thread is interrupted.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    // A reader of the audit log that goes away must not take the server with it.
    ::signal(SIGPIPE, SIG_IGN);
  }
  void wait() const {
    int which = 0;
    sigwait(&set_, &which);
  }
  /// Whether a signal came within `time`.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const timespec wait{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
    while (true) {
      if (sigtimedwait(&set_, nullptr, &wait) > 0) return true;
      if (errno != EINTR) return false;
    }
  }

 private:
  sigset_t set_{};
};

int complain(std::string_view what) {
  std::fprintf(stderr, "plimsoll serve: %.*s\n", static_cast<int>(what.size()), what.data());
  return kUnusable;
}

int complain(const Error& error) {
  return complain(error.where.empty() ? error.message : error.where + ": " + error.message);
}

Result<tls::Identity> find_identity(const ServeOptions& options) {
  if (!options.self_signed) {
    if (options.certificate_file.empty() || options.private_key_file.empty()) {
      return fail(ErrorCode::Invalid, "say --tls-cert-file and --tls-private-key-file, or --self-signed");
    }
    return tls::load_identity({options.certificate_file, options.private_key_file});
  }
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  PLIMSOLL_TRY(made, tls::make_self_made(options.dns_names, now));
  if (!options.authority_out.empty()) PLIMSOLL_CHECK(store_file(options.authority_out, made.authority_pem));
  return made.identity;
}

std::string_view to_text(http::Trouble trouble) {
  switch (trouble) {
    case http::Trouble::TooManyConnections:
      return "too many connections";
    case http::Trouble::AcceptFailed:
      return "accept failed";
    case http::Trouble::HandshakeFailed:
      return "TLS handshake failed";
    case http::Trouble::RequestRefused:
      return "request refused";
    case http::Trouble::ConnectionLost:
      return "connection lost";
    case http::Trouble::HandlerThrew:
      return "handler failed";
  }
  return "";
}

// What one client does wrong is for whoever looks closer; what the machine lacks is for everybody.
Level level_of(http::Trouble trouble) {
  switch (trouble) {
    case http::Trouble::TooManyConnections:
    case http::Trouble::AcceptFailed:
      return Level::Warning;
    case http::Trouble::HandlerThrew:
      return Level::Error;
    default:
      return Level::Debug;
  }
}

http::Events log_trouble() {
  return {.on_trouble = [](http::Trouble trouble, std::string_view peer, std::string_view text) {
    telemetry::log(level_of(trouble), to_text(trouble), {{"peer", peer}, {"why", text}});
  }};
}

}  // namespace

int run_serve(const ServeOptions& options) {
  const StopSignals signals;

  const Result<config::Policy> policy = load_policy(options.policy_file);
  if (!policy) return complain(policy.error());
  const Result<tls::Identity> identity = find_identity(options);
  if (!identity) return complain(identity.error());
  const Result<tls::ServerContext> context = tls::make_server_context(*identity);
  if (!context) return complain(context.error());
  const Result<http::ListenAddress> listen = http::parse_listen_address(options.listen);
  if (!listen) return complain(listen.error());
  const Result<http::ListenAddress> health_listen = http::parse_listen_address(options.health_listen);
  if (!health_listen) return complain(health_listen.error());
  Result<telemetry::AuditSink> audit = telemetry::AuditSink::open(options.audit_log);
  if (!audit) return complain(audit.error());

  // From here on everything that a request needs is there and does not change.
  const AdmissionEndpoint endpoint({std::make_shared<const config::Policy>(*policy)},
                                   [&](audit::Record record) { audit->enqueue(std::move(record)); });
  std::atomic<bool> ready{true};
  http::Limits limits;
  limits.max_connections = options.max_connections;

  Result<http::Server> server = http::start_server(
      {.listen = *listen, .tls = *context, .threads = options.threads, .limits = limits},
      [&](http::Request&& request) { return endpoint.answer(std::move(request)); }, log_trouble());
  if (!server) return complain(server.error());
  Result<http::Server> health = http::start_server(
      {.listen = *health_listen, .threads = 1},
      [&](http::Request&& request) { return answer_health(request, ready.load()); }, log_trouble());
  if (!health) return complain(health.error());

  telemetry::log(Level::Info, "listening",
                 {{"https", std::int64_t{server->port()}},
                  {"health", std::int64_t{health->port()}},
                  {"policy", policy->revision},
                  {"certificateUntil", plimsoll::to_text(identity->valid_until())}});

  // Endpoints are taken out of rotation some seconds after readiness fails; until then callers still come.
  signals.wait();
  ready = false;
  telemetry::log(Level::Info, "stopping", {{"drainMs", std::int64_t{options.drain_delay.count()}}});
  server->drain();
  if (signals.wait_for(options.drain_delay)) {
    telemetry::log(Level::Warning, "second signal: stopping at once");
    server->stop(std::chrono::milliseconds(0));
    return 0;
  }
  const std::size_t cut = server->stop(options.stop_timeout);
  health->stop(std::chrono::milliseconds(0));
  telemetry::log(
      Level::Info, "stopped",
      {{"requestsCut", static_cast<std::int64_t>(cut)}, {"auditDropped", static_cast<std::int64_t>(audit->dropped())}});
  return 0;
}

}  // namespace plimsoll::webhook
