// POST /mutate and /validate: bytes in, decision out, and a record of it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "plimsoll/audit/record.hpp"
#include "plimsoll/auth/authenticate.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/http/message.hpp"
#include "webhook/compose/line_limit.hpp"

namespace plimsoll::webhook {

/// How long the parts of one request took.
struct StepTimes {
  std::chrono::nanoseconds decode{0};
  std::chrono::nanoseconds decide{0};
  std::chrono::nanoseconds encode{0};
};

/// Carries requests to `decide` and back; all rules live there.
/// Threads: answer() from any thread.
class AdmissionEndpoint {
 public:
  /// What holds at this moment: asked once per request, which is then decided by nothing else.
  using World = std::function<decide::Snapshot()>;
  using Recorder = std::function<void(audit::Record, const StepTimes&)>;

  using Doorkeeper = std::function<Result<auth::Principal, auth::Refusal>(const http::Request&, TimePoint now)>;

  /// `record` is called once per decision, after the answer is made; `admit` once per request, before anything else is
  /// looked at. Neither may block. Without `admit` everybody may call.
  /// `kept` is what the records are given of a request's body.
  AdmissionEndpoint(World world, Recorder record, Doorkeeper admit = {},
                    audit::RecordedInput kept = audit::RecordedInput::None);

  /// 200 with an AdmissionReview for whatever has a uid; 400, 404, 405 or 415 with a line that says why for the rest;
  /// 401 or 403 for who may not call.
  [[nodiscard]] http::Response answer(http::Request&& request) const;

 private:
  [[nodiscard]] http::Response mutate(http::Request&& request, std::string caller) const;
  void tell_failure(std::string_view uid, std::string_view why) const;

  World world_;
  Recorder record_;
  Doorkeeper admit_;
  audit::RecordedInput kept_;
  mutable LineLimit failures_;
};

/// How long the caller of this query waits, as it says in `timeout=`.
[[nodiscard]] http::Patience read_patience(std::string_view query);

}  // namespace plimsoll::webhook
