#include "webhook/compose/callers.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <utility>

#include "plimsoll/digest/digest.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/compose/read_option.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

using auth::Demand;

// Clocks that differ by more are out of order; a long leeway would make tokens live as much longer.
constexpr std::chrono::minutes kMostLeeway{10};

Demand to_demand(const std::string& word) {
  if (word == "required") return Demand::Required;
  return word == "optional" ? Demand::Optional : Demand::Off;
}

/// Options that go with `switch_name` and say nothing without it.
struct Companion {
  std::string_view flag;
  bool is_given;
  bool is_needed;
};

Result<void> check_companions(std::string_view switch_name, const std::string& state,
                              std::initializer_list<Companion> companions) {
  const bool is_off = to_demand(state) == Demand::Off;
  for (const Companion& companion : companions) {
    if (is_off && companion.is_given)
      return fail(ErrorCode::Invalid, fmt::format("{0} has no effect with {1} off: say {1} optional or {1} required",
                                                  companion.flag, switch_name));
    if (!is_off && companion.is_needed && !companion.is_given)
      return fail(ErrorCode::Invalid, fmt::format("{} {} needs {}", switch_name, state, companion.flag));
  }
  return {};
}

Result<std::chrono::seconds> read_leeway(std::string_view text) {
  PLIMSOLL_TRY(leeway, parse_duration(text));
  if (leeway < Duration{} || leeway.nanoseconds() > kMostLeeway)
    return fail(ErrorCode::Invalid, "must be between 0s and 10m");
  return std::chrono::ceil<std::chrono::seconds>(leeway.nanoseconds());
}

Result<tls::ClientTrust> parse_trust(const CallerOptions& options, std::string pem) {
  PLIMSOLL_TRY(authorities, tls::parse_authorities(std::move(pem), display_name(options.client_ca_file)));
  const bool may_be_absent = to_demand(options.client_auth) == Demand::Optional;
  return tls::ClientTrust{std::move(authorities),
                          may_be_absent ? tls::ClientTrust::Absence::Allowed : tls::ClientTrust::Absence::Refused};
}

Result<auth::Keys> parse_token_keys(const CallerOptions& options, const std::string& text) {
  return auth::parse_keys(text, display_name(options.jwt_keys_file));
}

Unexpected<reload::Problems> to_problems(const Error& error) {
  return {reload::Problems{to_line(error)}};
}

}  // namespace

void declare_caller_options(CLI::App& command, CallerOptions& options) {
  const CLI::IsMember demands({"off", "optional", "required"});
  command.add_option("--client-auth", options.client_auth, "client certificates: off, optional or required")
      ->type_name("DEMAND")
      ->check(demands)
      ->capture_default_str();
  command.add_option("--client-ca-file", options.client_ca_file, "PEM: the authorities of client certificates")
      ->type_name("FILE");
  command
      .add_option("--client-name", options.client_names,
                  "common name, DNS or URI name of a caller; none: every certificate of the authorities will do")
      ->type_name("NAME");
  command.add_option("--jwt", options.jwt, "bearer tokens: off, optional or required")
      ->type_name("DEMAND")
      ->check(demands)
      ->capture_default_str();
  command.add_option("--jwt-issuer", options.jwt_issuer, "a token's iss")->type_name("TEXT");
  command.add_option("--jwt-audience", options.jwt_audience, "a token's aud, or one of them")->type_name("TEXT");
  command.add_option("--jwt-keys-file", options.jwt_keys_file, "the issuer's public keys: PEM or JWKS")
      ->type_name("FILE");
  add_read_option(command, "--jwt-leeway", options.jwt_leeway, read_leeway, "30s",
                  "how far the issuer's clock may differ")
      ->type_name("DURATION");
}

Result<std::unique_ptr<LiveCallers>> LiveCallers::load(const CallerOptions& options) {
  PLIMSOLL_CHECK(check_companions("--client-auth", options.client_auth,
                                  {{"--client-ca-file", !options.client_ca_file.empty(), true},
                                   {"--client-name", !options.client_names.empty(), false}}));
  PLIMSOLL_CHECK(check_companions("--jwt", options.jwt,
                                  {{"--jwt-issuer", !options.jwt_issuer.empty(), true},
                                   {"--jwt-audience", !options.jwt_audience.empty(), true},
                                   {"--jwt-keys-file", !options.jwt_keys_file.empty(), true}}));
  Callers callers;
  callers.config = {.certificate = to_demand(options.client_auth),
                    .names = options.client_names,
                    .token = to_demand(options.jwt),
                    .issuer = options.jwt_issuer,
                    .audience = options.jwt_audience,
                    .leeway = options.jwt_leeway};
  if (callers.config.certificate != Demand::Off) {
    PLIMSOLL_TRY(pem, load_file(options.client_ca_file));
    PLIMSOLL_TRY(trust, parse_trust(options, std::move(pem)));
    callers.trust = std::move(trust);
  }
  if (callers.config.token != Demand::Off) {
    PLIMSOLL_TRY(text, load_file(options.jwt_keys_file));
    PLIMSOLL_TRY(keys, parse_token_keys(options, text));
    callers.keys = std::move(keys);
    callers.keys_text = std::move(text);
  }
  return std::unique_ptr<LiveCallers>(new LiveCallers(options, std::move(callers)));
}

LiveCallers::LiveCallers(CallerOptions options, Callers first)
    : options_(std::move(options)), current_(std::make_shared<const Callers>(std::move(first))) {}

void LiveCallers::follow(reload::FileWatcher& watcher, std::function<Result<void>(tls::ClientTrust)> trust) {
  if (current()->trust) follow_authorities(watcher, std::move(trust));
  if (current()->config.token != Demand::Off) follow_keys(watcher);
}

void LiveCallers::follow_authorities(reload::FileWatcher& watcher,
                                     std::function<Result<void>(tls::ClientTrust)> trust) {
  const auto use =
      [this, trust = std::move(trust)](const std::vector<std::string>& texts) -> Result<std::string, reload::Problems> {
    Result<tls::ClientTrust> parsed = parse_trust(options_, texts.front());
    if (!parsed) return to_problems(parsed.error());
    const Result<void> trusted = trust(*parsed);
    if (!trusted) return to_problems(trusted.error());
    Callers next = *current();
    next.trust = *std::move(parsed);
    current_.publish(std::make_shared<const Callers>(std::move(next)));
    return digest::short_hash(texts.front());
  };
  follow_files(watcher, {options_.client_ca_file}, {current()->trust->authorities.pem()}, authority_status_, use);
}

void LiveCallers::follow_keys(reload::FileWatcher& watcher) {
  const auto use = [this](const std::vector<std::string>& texts) -> Result<std::string, reload::Problems> {
    Result<auth::Keys> keys = parse_token_keys(options_, texts.front());
    if (!keys) return to_problems(keys.error());
    Callers next = *current();
    next.keys = *std::move(keys);
    next.keys_text = texts.front();
    current_.publish(std::make_shared<const Callers>(std::move(next)));
    tell_keys_left_out();
    return digest::short_hash(texts.front());
  };
  follow_files(watcher, {options_.jwt_keys_file}, {current()->keys_text}, key_status_, use);
}

void LiveCallers::tell_keys_left_out() const {
  for (const std::string& note : current()->keys.notes)
    telemetry::log(telemetry::Level::Warning, "token key left out", {{"file", options_.jwt_keys_file}, {"note", note}});
}

Finding LiveCallers::check_authorities() const {
  const auto callers = current();
  if (!callers->trust) return {.holds = true, .detail = "off"};
  return authority_status_.describe("revision " + digest::short_hash(callers->trust->authorities.pem()));
}

Finding LiveCallers::check_keys() const {
  const auto callers = current();
  if (callers->config.token == Demand::Off) return {.holds = true, .detail = "off"};
  return key_status_.describe("revision " + digest::short_hash(callers->keys_text));
}

}  // namespace plimsoll::webhook
