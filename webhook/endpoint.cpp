#include "webhook/endpoint.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/refusals.hpp"

namespace plimsoll::webhook {
namespace {

using std::chrono::steady_clock;

// RFC 6750, section 3: a challenge names the scheme, and says so when it was the token that is no good.
http::Response refuse_caller(const auth::Refusal& refusal) {
  if (!auth::is_about_token(refusal.cause)) return refuse(403, refusal.message);
  http::Response response = refuse(401, refusal.message);
  response.headers.emplace_back("WWW-Authenticate", refusal.cause == auth::Cause::NoToken
                                                        ? R"(Bearer realm="plimsoll")"
                                                        : R"(Bearer realm="plimsoll", error="invalid_token")");
  return response;
}

TimePoint read_clock() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// `application/json`, with or without parameters; media types are compared without case (RFC 9110, section 8.3.1).
bool is_json(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  if (content_type.size() < kJson.size()) return false;
  for (std::size_t i = 0; i < kJson.size(); ++i) {
    const char c = content_type[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kJson[i]) return false;
  }
  const std::string_view rest = content_type.substr(kJson.size());
  return rest.empty() || rest.front() == ';' || rest.front() == ' ';
}

decide::Decision give_up(const decide::Snapshot& world) {
  decide::Decision decision;
  decision.verdict = decide::Verdict::Skipped;
  decision.reason = decide::reason::kOutOfTime;
  decision.message = "the caller's time was up before the object was decided";
  decision.policy = world.policy->revision;
  return decision;
}

}  // namespace

AdmissionEndpoint::AdmissionEndpoint(World world, Recorder record, Doorkeeper admit, audit::RecordedInput kept)
    : world_(std::move(world)), record_(std::move(record)), admit_(std::move(admit)), kept_(kept) {}

http::Response AdmissionEndpoint::answer(http::Request&& request) const {
  std::string caller;
  if (admit_) {
    auto admitted = admit_(request, read_clock());
    if (!admitted) return refuse_caller(admitted.error());
    caller = std::move(admitted->name);
  }
  if (!admission::find_route(request.path)) return refuse_path(request, "/mutate or /validate");
  if (request.method != "POST") return refuse_method(request, "POST");
  if (!is_json(request.content_type)) {
    return refuse(415,
                  fmt::format("content type {} is not understood: use application/json", quoted(request.content_type)));
  }
  return mutate(std::move(request), std::move(caller));
}

http::Response AdmissionEndpoint::mutate(http::Request&& request, std::string caller) const {
  const http::Patience patience = request.patience;
  if (!patience) return refuse(400, patience.error().where + ": " + patience.error().message);

  const TimePoint now = read_clock();
  audit::Input input = audit::keep_input(request.body, kept_);  // parsing changes the bytes
  const auto began = steady_clock::now();
  Result<admission::Review> review = admission::decode_review(std::move(request.body));
  if (!review) {
    telemetry::log(telemetry::Level::Debug, "request refused",
                   {{"peer", request.peer}, {"why", review.error().message}});
    return refuse(400, review.error().where.empty() ? review.error().message
                                                    : review.error().where + ": " + review.error().message);
  }
  review->route = *admission::find_route(request.path);
  const auto decoded = steady_clock::now();
  const decide::Snapshot world = world_();
  const bool late = *patience && decoded - request.received > **patience;
  decide::Decision decision = late ? give_up(world) : decide::decide(*review, world, now);
  const auto decided = steady_clock::now();
  admission::Answer answer = decide::make_answer(*review, decision);
  http::Response response{.status = 200, .content_type = "application/json", .body = admission::encode_answer(answer)};
  if (decision.verdict == decide::Verdict::Failed) tell_failure(review->uid, decision.message);
  if (!caller.empty()) {
    telemetry::log(telemetry::Level::Debug, "call", {{"uid", review->uid}, {"caller", caller}, {"peer", request.peer}});
  }
  const auto encoded = steady_clock::now();
  const auto latency = std::chrono::duration_cast<std::chrono::microseconds>(encoded - request.received);
  record_(audit::make_record(
              *review, std::move(decision),
              {now, latency, std::move(input), world.policy->prefix, std::move(caller), std::move(answer.patch)}),
          {.decode = decoded - began, .decide = decided - decoded, .encode = encoded - decided});
  return response;
}

// One a second: each has its audit record, and what fails once fails for every Pod of its kind.
void AdmissionEndpoint::tell_failure(std::string_view uid, std::string_view why) const {
  const auto kept_back = failures_.pass("decision failed", steady_clock::now());
  if (!kept_back) return;
  telemetry::log(telemetry::Level::Error, "decision failed", {{"uid", uid}, {"why", why}, {"suppressed", *kept_back}});
}

// The API server says `?timeout=2s`. Other keys are not ours.
http::Patience read_patience(std::string_view query) {
  constexpr std::string_view kKey = "timeout=";
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (!pair.starts_with(kKey)) continue;
    const Result<Duration> timeout = parse_duration(pair.substr(kKey.size()));
    if (!timeout) return fail(timeout.error().code, timeout.error().message, "timeout");
    if (*timeout <= Duration{}) return fail(ErrorCode::Invalid, "must be more than zero", "timeout");
    return timeout->nanoseconds();
  }
  return std::nullopt;
}

}  // namespace plimsoll::webhook
