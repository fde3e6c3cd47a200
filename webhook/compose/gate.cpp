#include "webhook/compose/gate.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "plimsoll/telemetry/log.hpp"

namespace plimsoll::webhook {

Gate::Gate(std::function<std::shared_ptr<const Callers>()> callers, telemetry::Metrics& metrics)
    : callers_(std::move(callers)) {
  for (std::size_t cause = 0; cause < auth::kCauses; ++cause) {
    const std::string word(auth::to_text(static_cast<auth::Cause>(cause)));
    refused_.push_back(metrics.counter({"plimsoll_callers_refused_total",
                                        "Requests whose sender did not prove who may call; none in the TLS handshake.",
                                        {{"cause", word}}}));
  }
}

Result<auth::Principal, auth::Refusal> Gate::admit(const http::Request& request, TimePoint now) const {
  const std::shared_ptr<const Callers> callers = callers_();
  auto caller =
      auth::authenticate(request.certificate.get(), request.authorization, callers->keys, callers->config, now);
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
