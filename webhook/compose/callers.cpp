#include "webhook/compose/callers.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <utility>

#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/units/duration.hpp"
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

Result<std::chrono::seconds> read_leeway(const std::string& text) {
  const Result<Duration> leeway = parse_duration(text);
  if (!leeway) return fail(leeway.error().code, leeway.error().message, "--jwt-leeway");
  if (*leeway < Duration{} || leeway->nanoseconds() > kMostLeeway)
    return fail(ErrorCode::Invalid, "must be between 0s and 10m", "--jwt-leeway");
  return std::chrono::ceil<std::chrono::seconds>(leeway->nanoseconds());
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
  command.add_option("--jwt-leeway", options.jwt_leeway, "how far the issuer's clock may differ")
      ->type_name("DURATION")
      ->capture_default_str();
}

Result<Callers> load_callers(const CallerOptions& options) {
  PLIMSOLL_CHECK(check_companions("--client-auth", options.client_auth,
                                  {{"--client-ca-file", !options.client_ca_file.empty(), true},
                                   {"--client-name", !options.client_names.empty(), false}}));
  PLIMSOLL_CHECK(check_companions("--jwt", options.jwt,
                                  {{"--jwt-issuer", !options.jwt_issuer.empty(), true},
                                   {"--jwt-audience", !options.jwt_audience.empty(), true},
                                   {"--jwt-keys-file", !options.jwt_keys_file.empty(), true}}));
  Callers callers;
  callers.config.certificate = to_demand(options.client_auth);
  callers.config.names = options.client_names;
  if (callers.config.certificate != Demand::Off) {
    PLIMSOLL_TRY(pem, load_file(options.client_ca_file));
    PLIMSOLL_TRY(authorities, tls::parse_authorities(std::move(pem), display_name(options.client_ca_file)));
    const bool may_be_absent = callers.config.certificate == Demand::Optional;
    callers.trust = {std::move(authorities),
                     may_be_absent ? tls::ClientTrust::Absence::Allowed : tls::ClientTrust::Absence::Refused};
  }

  callers.config.token = to_demand(options.jwt);
  callers.config.issuer = options.jwt_issuer;
  callers.config.audience = options.jwt_audience;
  PLIMSOLL_TRY(leeway, read_leeway(options.jwt_leeway));
  callers.config.leeway = leeway;
  if (callers.config.token != Demand::Off) {
    PLIMSOLL_TRY(text, load_file(options.jwt_keys_file));
    PLIMSOLL_TRY(keys, auth::parse_keys(std::move(text), display_name(options.jwt_keys_file)));
    callers.keys = std::move(keys);
  }
  return callers;
}

Gate::Gate(std::shared_ptr<const Callers> callers, telemetry::Metrics& metrics) : callers_(std::move(callers)) {
  for (std::size_t cause = 0; cause < auth::kCauses; ++cause) {
    const std::string word(auth::to_text(static_cast<auth::Cause>(cause)));
    refused_.push_back(metrics.counter({"plimsoll_callers_refused_total",
                                        "Requests whose sender did not prove who may call; none in the TLS handshake.",
                                        {{"cause", word}}}));
  }
}

Result<auth::Principal, auth::Refusal> Gate::admit(const http::Request& request, TimePoint now) const {
  auto caller =
      auth::authenticate(request.certificate.get(), request.authorization, callers_->keys, callers_->config, now);
  if (!caller) tell(caller.error(), request);
  return caller;
}

// With `failurePolicy: Ignore` nobody else notices that callers are refused, so it is a warning; one per cause and
// second, so that whoever may not call cannot fill a disk either.
void Gate::tell(const auth::Refusal& refusal, const http::Request& request) const {
  refused_.at(static_cast<std::size_t>(refusal.cause)).add();
  const auto kept_back = limit_.pass(auth::to_text(refusal.cause), std::chrono::steady_clock::now());
  if (!kept_back) return;
  telemetry::log(telemetry::Level::Warning, "caller refused",
                 {{"cause", auth::to_text(refusal.cause)},
                  {"why", refusal.message},
                  {"peer", request.peer},
                  {"suppressed", *kept_back}});
}

}  // namespace plimsoll::webhook
