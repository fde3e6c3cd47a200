#include "webhook/compose/connection_metrics.hpp"

#include <map>
#include <string>
#include <utility>

namespace plimsoll::webhook {
namespace {

std::map<http::RefusalCause, telemetry::Counter> refusal_counters(telemetry::Metrics& metrics) {
  using enum http::RefusalCause;
  std::map<http::RefusalCause, telemetry::Counter> counters;
  for (const http::RefusalCause cause : {Malformed, TooSlow, BodyTooLarge, UnknownExpectation, HeadTooLarge,
                                         HandlerThrew, UnknownCoding, TooLate, TooMuchHeld})
    counters.emplace(cause, metrics.counter({"plimsoll_http_refused_total",
                                             "Requests that the server answered by itself, undecided.",
                                             {{"cause", std::string(http::to_text(cause))},
                                              {"code", std::to_string(http::to_status(cause))}}}));
  return counters;
}

std::map<http::CloseCause, telemetry::Counter> close_counters(telemetry::Metrics& metrics) {
  using enum http::CloseCause;
  std::map<http::CloseCause, telemetry::Counter> counters;
  for (const http::CloseCause cause :
       {ClientLeft, ClientAsked, Lost, HandshakeFailed, Refused, Idle, Requests, Age, MadeRoom, TooMany, Draining, Cut})
    counters.emplace(cause, metrics.counter({"plimsoll_http_connections_closed_total",
                                             "Connections that ended.",
                                             {{"cause", std::string(http::to_text(cause))}}}));
  return counters;
}

}  // namespace

http::Events count_connections(http::Events events, telemetry::Metrics& metrics) {
  const telemetry::Gauge open = metrics.gauge({"plimsoll_http_connections", "Connections that are open."});
  events.on_opened = [open] { open.add(1); };
  events.on_closed = [open, counters = close_counters(metrics)](http::CloseCause cause) {
    open.add(-1);
    counters.at(cause).add();
  };
  events.on_handshake = [time = metrics.time_histogram(
                             {"plimsoll_tls_handshake_duration_seconds", "From a connection to its agreed TLS."})](
                            std::chrono::nanoseconds took) { time.observe(took); };
  events.on_refused = [counters = refusal_counters(metrics)](http::RefusalCause cause) { counters.at(cause).add(); };
  return events;
}

}  // namespace plimsoll::webhook
