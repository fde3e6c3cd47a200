// The door of the webhook's port: each request is held to what callers are asked for.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "plimsoll/auth/authenticate.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/telemetry/metrics.hpp"
#include "webhook/compose/callers.hpp"
#include "webhook/compose/line_limit.hpp"

namespace plimsoll::webhook {

/// Judges callers, counts the refused, and tells of them in the log.
/// Threads: safe.
class Gate {
 public:
  /// `callers` is asked once per request.
  Gate(std::function<std::shared_ptr<const Callers>()> callers, telemetry::Metrics& metrics);

  [[nodiscard]] Result<auth::Principal, auth::Refusal> admit(const http::Request& request, TimePoint now) const;

 private:
  void tell(const auth::Refusal& refusal, const http::Request& request) const;

  std::function<std::shared_ptr<const Callers>()> callers_;
  std::vector<telemetry::Counter> refused_;  ///< by cause
  mutable LineLimit limit_;
};

}  // namespace plimsoll::webhook
