// What the plain port answers, to kubelets and to Prometheus.
#pragma once

#include "plimsoll/http/message.hpp"
#include "plimsoll/telemetry/metrics.hpp"
#include "webhook/compose/readiness.hpp"

namespace plimsoll::webhook {

/// GET /livez: 200. GET /readyz: Readiness::answer(). GET /metrics: all of `metrics`. HEAD is answered as GET; all else
/// is 404 or 405. Threads: safe.
[[nodiscard]] http::Response answer_plain_port(const http::Request& request, const Readiness& readiness,
                                               const telemetry::Metrics& metrics);

}  // namespace plimsoll::webhook
