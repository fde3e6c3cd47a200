#include "webhook/compose/plain_port.hpp"

#include "webhook/refusals.hpp"

namespace plimsoll::webhook {

http::Response answer_plain_port(const http::Request& request, const Readiness& readiness,
                                 const telemetry::Metrics& metrics) {
  const bool is_live = request.path == "/livez";
  const bool is_ready = request.path == "/readyz";
  if (!is_live && !is_ready && request.path != "/metrics") return refuse_path(request, "/livez, /readyz or /metrics");
  if (request.method != "GET" && request.method != "HEAD") return refuse_method(request, "GET, HEAD");
  if (is_live) return {.status = 200, .content_type = kPlainText, .body = "ok\n"};
  if (is_ready) return readiness.answer(request.query);
  return {.status = 200, .content_type = telemetry::Metrics::kContentType, .body = metrics.exposition()};
}

}  // namespace plimsoll::webhook
