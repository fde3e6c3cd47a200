#include "webhook/compose/plain_port.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace plimsoll;
using namespace plimsoll::webhook;

TEST_CASE("the plain port answers probes and scrapes, and says what it has when asked for something else") {
  telemetry::Metrics metrics;
  metrics.gauge({"answer", "To all."}).set(42);
  Readiness readiness;
  readiness.add("sky", [] { return Finding{.holds = false, .detail = "falls"}; });

  struct Case {
    std::string method, path;
    unsigned status;
    std::string begin, allow;
  };
  const Case cases[] = {
      {"GET", "/livez", 200, "ok\n", ""},
      {"HEAD", "/livez", 200, "ok\n", ""},
      {"GET", "/readyz", 503, "[+]shutdown ok\n[-]sky: falls\n", ""},
      {"GET", "/metrics", 200, "# HELP answer To all.\n", ""},
      {"GET", "/", 404, "there is nothing at /: use /livez, /readyz or /metrics\n", ""},
      {"POST", "/\x1b[31m", 404, "there is nothing at /\\u{1b}[31m: use ", ""},
      {"POST", "/livez", 405, "POST is not allowed here: use GET, HEAD\n", "GET, HEAD"},
      {"POST", "/readyz", 405, "POST is not allowed here: use GET, HEAD\n", "GET, HEAD"},
      {"DELETE", "/metrics", 405, "DELETE is not allowed here: use GET, HEAD\n", "GET, HEAD"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.method, each.path);
    http::Request request;
    request.method = each.method;
    request.path = each.path;
    const http::Response response = answer_plain_port(request, readiness, metrics);
    CHECK(response.status == each.status);
    CHECK(response.body.substr(0, each.begin.size()) == each.begin);
    CHECK((response.headers.empty() ? "" : response.headers.front().second) == each.allow);
  }

  readiness.begin_shutdown();
  http::Request alive;
  alive.method = "GET";
  alive.path = "/livez";
  CHECK(answer_plain_port(alive, readiness, metrics).status == 200);
}
