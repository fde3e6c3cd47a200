#include "webhook/commands/serve.hpp"

#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/http/server.hpp"
#include "plimsoll/telemetry/audit_sink.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/tls/identity.hpp"
#include "plimsoll/tls/self_made.hpp"
#include "plimsoll/tls/server_context.hpp"
#include "webhook/endpoint.hpp"
#include "webhook/policy_file.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Level;

struct ServeOptions {
  std::string listen = ":8443";
  std::string health_listen = ":8080";
  std::string policy_file;  // empty: the built-in policy
  std::string certificate_file;
  std::string private_key_file;
  bool self_signed = false;
  std::vector<std::string> dns_names;
  std::string authority_out;    // where the self-made CA certificate is written; empty: nowhere
  std::string audit_log = "-";  // "-": standard output
  std::size_t threads = 2;
  std::size_t max_connections = http::Limits{}.max_connections;
  std::string drain_delay = "10s";
  std::string stop_timeout = "15s";
  std::string log_level = "info";
};

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
  /// From now on a signal ends the program, whatever it is doing.
  void release() const { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

 private:
  sigset_t set_{};
};

Report unusable(const Error& error) {
  const std::string what = error.where.empty() ? error.message : error.where + ": " + error.message;
  return {.out = {}, .err = "plimsoll serve: " + what + "\n", .exit_code = ExitCode::Unusable};
}

Report unusable(const std::vector<std::string>& lines) {
  Report report{.out = {}, .err = {}, .exit_code = ExitCode::Unusable};
  for (const std::string& line : lines) report.err += "plimsoll serve: " + line + "\n";
  return report;
}

Result<config::Policy, std::vector<std::string>> find_policy(const std::string& path) {
  if (path.empty()) return config::default_policy();
  return load_policy(path);
}

Result<std::chrono::milliseconds> read_time(std::string_view flag, const std::string& text) {
  const Result<Duration> time = parse_duration(text);
  if (!time) return fail(time.error().code, time.error().message, std::string(flag));
  if (*time < Duration{}) return fail(ErrorCode::Invalid, "must not be negative", std::string(flag));
  return std::chrono::ceil<std::chrono::milliseconds>(time->nanoseconds());
}

// Replaces the file, so that a reader sees the old or the new but no half.
Result<void> store_file(const std::string& path, std::string_view content) {
  const std::string unfinished = path + ".tmp";
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0)
    return fail(ErrorCode::Io, "cannot be written", path);
  return {};
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

Report serve(const ServeOptions& options) {
  const StopSignals signals;

  const Result<std::chrono::milliseconds> drain_delay = read_time("--drain-delay", options.drain_delay);
  if (!drain_delay) return unusable(drain_delay.error());
  const Result<std::chrono::milliseconds> stop_timeout = read_time("--stop-timeout", options.stop_timeout);
  if (!stop_timeout) return unusable(stop_timeout.error());
  const Result<config::Policy, std::vector<std::string>> policy = find_policy(options.policy_file);
  if (!policy) return unusable(policy.error());
  const Result<tls::Identity> identity = find_identity(options);
  if (!identity) return unusable(identity.error());
  const Result<tls::ServerContext> context = tls::make_server_context(*identity);
  if (!context) return unusable(Error{context.error().code, context.error().message, options.certificate_file});
  const Result<http::ListenAddress> listen = http::parse_listen_address(options.listen);
  if (!listen) return unusable(listen.error());
  const Result<http::ListenAddress> health_listen = http::parse_listen_address(options.health_listen);
  if (!health_listen) return unusable(health_listen.error());
  Result<telemetry::AuditSink> audit = telemetry::AuditSink::open(options.audit_log);
  if (!audit) return unusable(audit.error());

  // From here on everything that a request needs is there and does not change.
  const AdmissionEndpoint endpoint({std::make_shared<const config::Policy>(*policy)},
                                   [&](audit::Record record) { audit->enqueue(std::move(record)); });
  std::atomic<bool> ready{true};
  http::Limits limits;
  limits.max_connections = options.max_connections;

  Result<http::Server> server = http::start_server(
      {.listen = *listen, .tls = [&] { return *context; }, .threads = options.threads, .limits = limits},
      [&](http::Request&& request) { return endpoint.answer(std::move(request)); }, log_trouble());
  if (!server) return unusable(server.error());
  Result<http::Server> health = http::start_server(
      {.listen = *health_listen, .threads = 1},
      [&](http::Request&& request) { return answer_health(request, ready.load()); }, log_trouble());
  if (!health) return unusable(health.error());

  telemetry::log(Level::Info, "listening",
                 {{"https", std::int64_t{server->port()}},
                  {"health", std::int64_t{health->port()}},
                  {"policy", policy->revision},
                  {"certificateUntil", plimsoll::to_text(identity->valid_until())}});

  // Endpoints are taken out of rotation some seconds after readiness fails; until then callers still come.
  signals.wait();
  ready = false;
  telemetry::log(Level::Info, "stopping", {{"drainMs", std::int64_t{drain_delay->count()}}});
  server->drain();
  if (signals.wait_for(*drain_delay)) {
    telemetry::log(Level::Warning, "second signal: stopping at once");
    server->stop(std::chrono::milliseconds(0));
    signals.release();
    return {};
  }
  const std::size_t cut =
      server->stop(*stop_timeout, [&signals] { return signals.wait_for(std::chrono::milliseconds(0)); });
  health->stop(std::chrono::milliseconds(0));
  telemetry::log(Level::Info, "stopped", {{"requestsCut", static_cast<std::int64_t>(cut)}});
  // From here on a signal kills: a reader of standard output may keep the last audit records, and so us, waiting.
  signals.release();
  audit->finish();
  telemetry::log(Level::Info, "audit log closed", {{"auditDropped", static_cast<std::int64_t>(audit->dropped())}});
  return {};
}

constexpr const char* kFooter = R"(Example, as the demo does it:
  plimsoll serve --self-signed --dns-name plimsoll.plimsoll-system.svc --ca-out ca.crt --policy policy.yaml

POST /mutate answers AdmissionReviews over TLS; the plain health port has GET /livez and GET /readyz.
The first log line on standard error names the ports: {"msg":"listening","https":8443,"health":8080,...}.
SIGTERM: /readyz fails at once, requests are answered for --drain-delay, open ones get --stop-timeout to finish.)";

}  // namespace

Action declare_serve(CLI::App& command) {
  command.footer(kFooter);
  const auto options = std::make_shared<ServeOptions>();
  command.add_option("--listen", options->listen, "address of the webhook; port 0: any")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command.add_option("--health-listen", options->health_listen, "address of the health port")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command.add_option("--policy", options->policy_file, "policy file; none: the built-in policy")->type_name("FILE");
  auto* certificate =
      command.add_option("--tls-cert-file", options->certificate_file, "PEM: certificate, then its issuers")
          ->type_name("FILE");
  auto* key =
      command.add_option("--tls-private-key-file", options->private_key_file, "PEM: its key")->type_name("FILE");
  auto* self_signed =
      command.add_flag("--self-signed", options->self_signed, "make a certificate and its CA in memory at start");
  certificate->needs(key)->excludes(self_signed);
  key->needs(certificate)->excludes(self_signed);
  command.add_option("--dns-name", options->dns_names, "name or address for --self-signed, <service>.<namespace>.svc")
      ->type_name("NAME")
      ->needs(self_signed);
  command.add_option("--ca-out", options->authority_out, "write the CA certificate of --self-signed here")
      ->type_name("FILE")
      ->needs(self_signed);
  command.add_option("--audit-log", options->audit_log, "a JSON line per decision; -: standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command.add_option("--threads", options->threads, "I/O threads")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command.add_option("--max-connections", options->max_connections, "further ones are closed at once")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command.add_option("--drain-delay", options->drain_delay, "how long to go on answering after SIGTERM")
      ->type_name("DURATION")
      ->capture_default_str();
  command.add_option("--stop-timeout", options->stop_timeout, "how long open requests then have")
      ->type_name("DURATION")
      ->capture_default_str();
  command.add_option("--log-level", options->log_level, "least level that is logged")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  return [options] {
    telemetry::set_log_level(*telemetry::parse_level(options->log_level));
    return serve(*options);
  };
}

}  // namespace plimsoll::webhook
