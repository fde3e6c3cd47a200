// POST /mutate: bytes in, decision out, and a record of it.
#pragma once

#include <chrono>
#include <functional>

#include "plimsoll/audit/record.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/telemetry/metrics.hpp"

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
  using Recorder = std::function<void(audit::Record, const StepTimes&)>;

  /// `record` is called once per decision, after the answer is made; it must not block.
  AdmissionEndpoint(decide::Snapshot world, Recorder record);

  /// 200 with an AdmissionReview for whatever has a uid; 400, 404, 405 or 415 with a line that says why for the rest.
  [[nodiscard]] http::Response answer(http::Request&& request) const;

 private:
  [[nodiscard]] http::Response mutate(http::Request&& request) const;

  decide::Snapshot world_;
  Recorder record_;
};

/// GET /metrics of the plain port. Threads: safe.
[[nodiscard]] http::Response answer_metrics(const http::Request& request, const telemetry::Metrics& metrics);

/// GET /livez and /readyz of the plain port. Threads: safe.
[[nodiscard]] http::Response answer_health(const http::Request& request, bool is_ready);

}  // namespace plimsoll::webhook
