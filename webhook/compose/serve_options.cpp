#include "webhook/compose/serve_options.hpp"

#include <CLI/CLI.hpp>

#include "plimsoll/tls/authority.hpp"
#include "webhook/compose/read_option.hpp"

namespace plimsoll::webhook {
namespace {

Result<std::chrono::milliseconds> read_life(std::string_view text) {
  PLIMSOLL_TRY(life, read_time(text));
  if (life < std::chrono::seconds(1)) return fail(ErrorCode::Invalid, "must be a second or more");
  return life;
}

}  // namespace

void declare_serve_options(CLI::App& command, ServeOptions& options) {
  command.add_option("--config", options.config_file, "ServerConfig file: these flags as YAML fields")
      ->type_name("FILE");
  const auto read_address = http::parse_listen_address;
  add_read_option(command, "--listen", options.listen, read_address, ":8443", "address of the webhook; port 0: any")
      ->type_name("ADDRESS");
  add_read_option(command, "--health-listen", options.health_listen, read_address, ":8080",
                  "address of the health port")
      ->type_name("ADDRESS");
  command.add_option("--policy", options.policy_file, "policy file; none: the built-in policy")->type_name("FILE");
  auto* certificate =
      command.add_option("--tls-cert-file", options.certificate_file, "PEM: certificate, then its issuers")
          ->type_name("FILE");
  auto* key = command.add_option("--tls-private-key-file", options.private_key_file, "PEM: its key")->type_name("FILE");
  auto* self_signed =
      command.add_flag("--self-signed", options.self_signed, "make a certificate and its CA in memory at start");
  auto* shared = command
                     .add_option("--tls-secret", options.shared_secret,
                                 "self-made, in a Secret that all replicas share and renew: NAMESPACE/NAME")
                     ->type_name("SECRET")
                     ->excludes(self_signed);
  certificate->needs(key)->excludes(self_signed)->excludes(shared);
  key->needs(certificate)->excludes(self_signed)->excludes(shared);
  command.add_option("--dns-name", options.dns_names, "name or address of a self-made certificate; may be repeated")
      ->type_name("NAME")
      ->excludes(certificate);
  command
      .add_option("--service", options.service, "NAME.NAMESPACE: all names of the Service, for a self-made certificate")
      ->type_name("SERVICE")
      ->excludes(certificate);
  tls::Lifetimes& lives = options.certificate_lives;
  add_read_option(command, "--certificate-life", lives.leaf, read_life, "90d",
                  "of --tls-secret; renewed when a third is left")
      ->type_name("DURATION")
      ->needs(shared);
  add_read_option(command, "--ca-life", lives.authority, read_life, "1095d",
                  "of --tls-secret; replaced when a third is left")
      ->type_name("DURATION")
      ->needs(shared);
  add_read_option(command, "--ca-settle", lives.settling, read_life, "5m",
                  "how long a new CA is in every caBundle before it signs")
      ->type_name("DURATION")
      ->needs(shared);
  command.add_option("--ca-out", options.authority_out, "write the CA certificate of --self-signed here")
      ->type_name("FILE")
      ->needs(self_signed);
  auto* watches = command.add_flag("--register", options.watches_registration,
                                   "keep the registrations' caBundle right, tell when they do not fit the policy");
  command.add_option("--ca-file", options.authority_file, "PEM of the CA for the caBundle; none: that of --ca-out")
      ->type_name("FILE")
      ->needs(watches);
  command.add_option("--kubeconfig", options.kubeconfig, "none: $KUBECONFIG, else the Pod's own account")
      ->type_name("FILE");
  declare_caller_options(command, options.callers);
  declare_audit_log(command, options.audit);
  command.add_option("--threads", options.threads, "I/O threads")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command
      .add_option("--max-connections", options.max_connections,
                  "beyond, the one that is idle for longest is closed, else the new one")
      ->type_name("N")
      ->check(CLI::Range(1, 100'000))
      ->group(kLiveGroup)
      ->capture_default_str();
  command
      .add_option("--max-requests-per-connection", options.max_requests_per_connection,
                  "the last answer says Connection: close, so that load spreads over replicas")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000'000))
      ->group(kLiveGroup)
      ->capture_default_str();
  add_read_option(command, "--max-connection-age", options.max_connection_age, read_time, "10m",
                  "the same by time, a tenth more or less")
      ->type_name("DURATION")
      ->group(kLiveGroup);
  add_read_option(command, "--drain-delay", options.drain_delay, read_time, "10s",
                  "how long to go on answering after SIGTERM")
      ->type_name("DURATION")
      ->group(kLiveGroup);
  add_read_option(command, "--stop-timeout", options.stop_timeout, read_time, "15s", "how long open requests then have")
      ->type_name("DURATION")
      ->group(kLiveGroup);
  command.add_option("--log-level", options.log_level, "least level that is logged")
      ->type_name("LEVEL")
      ->group(kLiveGroup)
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
}

Result<std::vector<std::string>> server_names(const ServeOptions& options) {
  std::vector<std::string> names = options.dns_names;
  if (!options.service.empty()) {
    const auto service = tls::service_names(options.service);
    if (!service) return fail(service.error().code, service.error().message, "--service");
    names.insert(names.end(), service->begin(), service->end());
  }
  if (names.empty())
    return fail(ErrorCode::Invalid, "a self-made certificate needs a name: say --dns-name or --service");
  return names;
}

}  // namespace plimsoll::webhook
