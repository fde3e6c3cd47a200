#include "webhook/commands/serve.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
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
#include "webhook/compose/gate.hpp"
#include "webhook/compose/live_options.hpp"
#include "webhook/compose/live_policy.hpp"
#include "webhook/compose/metrics.hpp"
#include "webhook/compose/plain_port.hpp"
#include "webhook/compose/readiness.hpp"
#include "webhook/compose/registration_watch.hpp"
#include "webhook/compose/reload_status.hpp"
#include "webhook/compose/server_config.hpp"
#include "webhook/compose/shared_certificates.hpp"
#include "webhook/compose/start_up_pages.hpp"
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
  return Unexpected{Lines{to_line(result.error())}};
}

Result<std::unique_ptr<SharedCertificates>> find_shared_certificates(const ServeOptions& options,
                                                                     const StopSignals& signals) {
  if (options.shared_secret.empty()) return std::unique_ptr<SharedCertificates>();
  return SharedCertificates::load(options, [&](std::chrono::milliseconds time) { return !signals.wait_for(time); });
}

Result<std::unique_ptr<LiveCertificate>> find_certificate(const ServeOptions& options, const SharedCertificates* shared,
                                                          const Callers& callers) {
  if (shared != nullptr) return LiveCertificate::start_with(shared->current()->leaf, callers.trust);
  return LiveCertificate::load(options, callers.trust);
}

http::Limits limits_of(const ServeOptions& options) {
  http::Limits limits;
  limits.max_connections = options.max_connections;
  limits.max_requests_per_connection = options.max_requests_per_connection;
  limits.max_connection_age = options.max_connection_age;
  return limits;
}

// The caBundle follows the shared certificates, and these wait for it.
void publish_bundle(SharedCertificates& shared, RegistrationWatchOptions& watch) {
  watch.authority_pem = [&]() -> Result<std::string> { return shared.wanted_bundle(); };
  watch.on_bundle_in_place = [&](const std::string& bundle) {
    shared.publication().note_in_place(bundle, std::chrono::steady_clock::now());
  };
  watch.on_repair = [&] { shared.publication().note_disturbed(); };
}

Result<std::optional<kube::RegistrationKeeper>> keep_registrations(const ServeOptions& options,
                                                                   const LivePolicy& policy, SharedCertificates* shared,
                                                                   telemetry::Metrics& metrics) {
  if (!options.watches_registration) return std::nullopt;
  RegistrationWatchOptions watched{
      .kubeconfig = options.kubeconfig,
      .policy = [&] { return policy.current(); },
      .authority_pem = [file = options.authority_file.empty()
                                   ? options.authority_out
                                   : options.authority_file] { return load_authority(file); }};
  if (shared != nullptr) publish_bundle(*shared, watched);
  PLIMSOLL_TRY(keeper, watch_registrations(std::move(watched), metrics));
  return std::optional(std::move(keeper));
}

// Endpoints are taken out of rotation some seconds after readiness fails; until then callers still come.
void lead_out(const StopSignals& signals, const ServeOptions& options, Readiness& readiness, http::Server& server) {
  readiness.begin_shutdown();
  telemetry::log(Level::Info, "stopping", {{"drainMs", std::int64_t{options.drain_delay.count()}}});
  server.drain();
  std::size_t cut = 0;
  if (signals.wait_for(options.drain_delay)) {
    telemetry::log(Level::Warning, "second signal: stopping at once");
    cut = server.stop(std::chrono::milliseconds(0));
  } else {
    cut = server.stop(options.stop_timeout, [&] { return signals.wait_for(std::chrono::milliseconds(0)); });
  }
  telemetry::log(Level::Info, "stopped", {{"requestsCut", static_cast<std::int64_t>(cut)}});
}

/// A value that follows its files, as metrics and readiness call it.
struct Followed {
  std::string name;
  const ReloadStatus& reloads;
  std::function<Finding()> check;
};

Result<void, Lines> serve(const ServeCommand& command) {
  const StopSignals signals;
  const ServeOptions& options = command.options;

  // What a request needs.
  PLIMSOLL_TRY(policy, LivePolicy::load(options.policy_file));
  PLIMSOLL_TRY(callers, in_lines(LiveCallers::load(options.callers)));
  PLIMSOLL_TRY(shared, in_lines(find_shared_certificates(options, signals)));
  PLIMSOLL_TRY(certificate, in_lines(find_certificate(options, shared.get(), *callers->current())));
  PLIMSOLL_TRY(audit, in_lines(find_audit_log(options.audit).and_then(telemetry::AuditSink::open)));
  telemetry::Metrics metrics;
  const DecisionMetrics decision_metrics(metrics);
  const Gate gate([&] { return callers->current(); }, metrics);
  const AdmissionEndpoint endpoint(
      [&] { return decide::Snapshot{policy->current()}; },
      [&](audit::Record record, const StepTimes& times) {
        decision_metrics.count(record, times);
        audit.enqueue(std::move(record));
      },
      [&](const http::Request& request, TimePoint now) { return gate.admit(request, now); }, audit.input());

  // What is told of it.
  LiveOptions live(command);
  const Followed followed[] = {
      {"config", live.reloads(), [&] { return live.check(); }},
      {"policy", policy->reloads(), [&] { return policy->check(); }},
      {"certificate", certificate->reloads(), [&] { return certificate->check(); }},
      {"client_ca", callers->authority_reloads(), [&] { return callers->check_authorities(); }},
      {"jwt_keys", callers->key_reloads(), [&] { return callers->check_keys(); }},
  };
  Readiness readiness;
  for (const Followed& each : followed) {
    readiness.add(each.name, each.check);
    observe_reloads(metrics, each.name, each.reloads);
  }
  observe_program(metrics, audit);
  observe_certificates(metrics, *certificate, shared.get());

  // What changes while it runs.
  reload::FileWatcher watcher;  // readiness asks when it last looked
  live.follow(watcher);
  policy->follow(watcher);
  callers->follow(watcher, [&](tls::ClientTrust next) { return certificate->trust(std::move(next)); });
  certificate->follow(watcher);

  // The two ports.
  const http::Events trouble = log_trouble();
  PLIMSOLL_TRY(server, in_lines(http::start_server(
                           {.listen = options.listen,
                            .tls = [&] { return certificate->current()->context; },
                            .threads = options.threads,
                            .limits = [&] { return limits_of(*live.current()); },
                            .patience = read_patience},
                           [&](http::Request&& request) { return endpoint.answer(std::move(request)); },
                           count_connections(trouble, metrics))));
  PLIMSOLL_TRY(health,
               in_lines(http::start_server(
                   {.listen = options.health_listen},
                   [&](http::Request&& request) { return answer_plain_port(request, readiness, metrics); }, trouble)));
  telemetry::log(Level::Info, "listening",
                 {{"https", std::int64_t{server.port()}},
                  {"health", std::int64_t{health.port()}},
                  {"policy", policy->current()->revision},
                  {"certificateUntil", plimsoll::to_text(certificate->current()->identity.valid_until())}});
  callers->tell_keys_left_out();

  // What other replicas and the cluster are told.
  std::jthread keeping;  // ends before what it swaps
  if (shared) keeping = shared->keep([&](const tls::Identity& next) { certificate->take(next); });
  const auto registrations = in_lines(keep_registrations(options, *policy, shared.get(), metrics));
  if (!registrations) return Unexpected{registrations.error()};

  give_back_start_up_pages();
  signals.wait();
  lead_out(signals, *live.current(), readiness, server);
  health.stop(std::chrono::milliseconds(0));
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
