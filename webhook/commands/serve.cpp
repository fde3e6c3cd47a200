#include "webhook/commands/serve.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "plimsoll/http/server.hpp"
#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/telemetry/audit_sink.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "webhook/compose/callers.hpp"
#include "webhook/compose/certificates.hpp"
#include "webhook/compose/connection_log.hpp"
#include "webhook/compose/connection_metrics.hpp"
#include "webhook/compose/live_options.hpp"
#include "webhook/compose/live_policy.hpp"
#include "webhook/compose/metrics.hpp"
#include "webhook/compose/readiness.hpp"
#include "webhook/compose/registration_watch.hpp"
#include "webhook/compose/server_config.hpp"
#include "webhook/compose/shared_certificates.hpp"
#include "webhook/compose/stop_signals.hpp"
#include "webhook/endpoint.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Level;
using Lines = std::vector<std::string>;

// What keeps the server from starting, for people: a line each.
template <class T>
Result<T, Lines> in_lines(Result<T> result) {
  if (result) return std::move(result).value();
  const Error& error = result.error();
  return Unexpected{Lines{error.where.empty() ? error.message : error.where + ": " + error.message}};
}

Result<std::unique_ptr<SharedCertificates>> find_shared_certificates(const ServeOptions& options,
                                                                     const SharedCertificates::Sleep& sleep) {
  if (options.shared_secret.empty()) return std::unique_ptr<SharedCertificates>();
  return SharedCertificates::load(options, sleep);
}

// The caBundle follows the shared certificates, and these wait for it.
void publish_bundle(SharedCertificates& shared, RegistrationWatchOptions& watch) {
  watch.authority_pem = [&]() -> Result<std::string> { return shared.wanted_bundle(); };
  watch.on_bundle_in_place = [&](const std::string& bundle) {
    shared.publication().note_in_place(bundle, std::chrono::steady_clock::now());
  };
  watch.on_repair = [&] { shared.publication().note_disturbed(); };
}

Result<void, Lines> serve(const ServeCommand& command) {
  const StopSignals signals;
  const ServeOptions& options = command.options;

  // What a request needs.
  PLIMSOLL_TRY(policy, LivePolicy::load(options.policy_file));
  PLIMSOLL_TRY(callers, in_lines(load_callers(options.callers)));
  const auto sleep = [&](std::chrono::milliseconds time) { return !signals.wait_for(time); };
  PLIMSOLL_TRY(shared, in_lines(find_shared_certificates(options, sleep)));
  PLIMSOLL_TRY(certificate, in_lines(shared ? LiveCertificate::start_with(shared->current()->leaf, callers.trust)
                                            : LiveCertificate::load(options, callers.trust)));
  PLIMSOLL_TRY(audit, in_lines(find_audit_log(options.audit).and_then(telemetry::AuditSink::open)));
  telemetry::Metrics metrics;
  const DecisionMetrics decision_metrics(metrics);
  observe_program(metrics, audit);
  const Gate gate(std::make_shared<const Callers>(callers), metrics);
  const AdmissionEndpoint endpoint(
      [&] { return decide::Snapshot{policy->current()}; },
      [&](audit::Record record, const StepTimes& times) {
        decision_metrics.count(record, times);
        audit.enqueue(std::move(record));
      },
      [&](const http::Request& request, TimePoint now) { return gate.admit(request, now); }, audit.input());

  // What changes while it runs.
  LiveOptions live(command);
  reload::FileWatcher watcher;
  live.follow(watcher);
  policy->follow(watcher);
  certificate->follow(watcher);
  observe_reloads(metrics, "config", live.reloads());
  observe_reloads(metrics, "policy", policy->reloads());
  observe_reloads(metrics, "certificate", certificate->reloads());
  std::jthread keeping;  // ends before what it swaps
  if (shared) keeping = shared->keep([&](const tls::Identity& next) { certificate->take(next); });
  observe_certificates(metrics, *certificate, shared.get());
  Readiness readiness;
  readiness.add("config", [&] { return live.check(); });
  readiness.add("policy", [&] { return policy->check(); });
  readiness.add("certificate", [&] { return certificate->check(); });

  // The two ports.
  PLIMSOLL_TRY(listen, in_lines(http::parse_listen_address(options.listen)));
  PLIMSOLL_TRY(health_listen, in_lines(http::parse_listen_address(options.health_listen)));
  http::Limits limits;
  limits.max_connections = options.max_connections;
  limits.max_requests_per_connection = options.max_requests_per_connection;
  PLIMSOLL_TRY(max_connection_age, in_lines(read_time("--max-connection-age", options.max_connection_age)));
  limits.max_connection_age = max_connection_age;
  const http::Events trouble = log_trouble();
  PLIMSOLL_TRY(server, in_lines(http::start_server(
                           {.listen = listen,
                            .tls = [&] { return certificate->current()->context; },
                            .threads = options.threads,
                            .limits = limits,
                            .patience = read_patience},
                           [&](http::Request&& request) { return endpoint.answer(std::move(request)); },
                           count_connections(trouble, metrics))));
  PLIMSOLL_TRY(health, in_lines(http::start_server(
                           {.listen = health_listen, .threads = 1},
                           [&](http::Request&& request) {
                             return request.path == "/metrics" ? answer_metrics(request, metrics)
                                                               : readiness.answer(request);
                           },
                           trouble)));
  telemetry::log(Level::Info, "listening",
                 {{"https", std::int64_t{server.port()}},
                  {"health", std::int64_t{health.port()}},
                  {"policy", policy->current()->revision},
                  {"certificateUntil", plimsoll::to_text(certificate->current()->identity.valid_until())}});
  for (const std::string& note : callers.keys.notes)
    telemetry::log(Level::Warning, "token key left out", {{"file", options.callers.jwt_keys_file}, {"note", note}});

  std::optional<kube::RegistrationKeeper> keeper;
  if (options.watches_registration) {
    RegistrationWatchOptions watched{
        .kubeconfig = options.kubeconfig,
        .policy = [&] { return policy->current(); },
        .authority_pem = [file = options.authority_file.empty()
                                     ? options.authority_out
                                     : options.authority_file] { return load_authority(file); }};
    if (shared) publish_bundle(*shared, watched);
    PLIMSOLL_TRY(started, in_lines(watch_registrations(std::move(watched), metrics)));
    keeper.emplace(std::move(started));
  }

  // Endpoints are taken out of rotation some seconds after readiness fails; until then callers still come.
  signals.wait();
  PLIMSOLL_TRY(drain_delay, in_lines(read_time("--drain-delay", live.current()->drain_delay)));
  PLIMSOLL_TRY(stop_timeout, in_lines(read_time("--stop-timeout", live.current()->stop_timeout)));
  readiness.begin_shutdown();
  telemetry::log(Level::Info, "stopping", {{"drainMs", std::int64_t{drain_delay.count()}}});
  server.drain();
  if (signals.wait_for(drain_delay)) {
    telemetry::log(Level::Warning, "second signal: stopping at once");
    server.stop(std::chrono::milliseconds(0));
    signals.release();
    return {};
  }
  const std::size_t cut =
      server.stop(stop_timeout, [&signals] { return signals.wait_for(std::chrono::milliseconds(0)); });
  health.stop(std::chrono::milliseconds(0));
  telemetry::log(Level::Info, "stopped", {{"requestsCut", static_cast<std::int64_t>(cut)}});
  // From here on a signal kills: a reader of standard output may keep the last audit records, and so us, waiting.
  signals.release();
  audit.finish();
  telemetry::log(Level::Info, "audit log closed", {{"auditDropped", static_cast<std::int64_t>(audit.dropped())}});
  return {};
}

constexpr const char* kFooter = R"(Example, as the demo does it:
  plimsoll serve --self-signed --dns-name plimsoll.plimsoll-system.svc --ca-out ca.crt --policy policy.yaml

POST /mutate answers AdmissionReviews over TLS; the plain health port has GET /livez, /readyz and /metrics.
The first log line on standard error names the ports: {"msg":"listening","https":8443,"health":8080,...}.
SIGTERM: /readyz fails at once, requests are answered for --drain-delay, open ones get --stop-timeout to finish.)";

Report run_serve(const ServeCommand& command) {
  telemetry::set_log_level(*telemetry::parse_level(command.options.log_level));
  const Result<void, Lines> served = serve(command);
  if (served) return {};
  Report report{.out = {}, .err = {}, .exit_code = ExitCode::Unusable};
  for (const std::string& line : served.error()) report.err += "plimsoll serve: " + line + "\n";
  return report;
}

}  // namespace

Action declare_serve(CLI::App& command) {
  command.footer(kFooter);
  const std::shared_ptr<const ServeCommand> told = declare_serve_command(command);
  return [told] { return run_serve(*told); };
}

}  // namespace plimsoll::webhook
