// More than can be answered in time, more than can be held, and connections that have had their share.
#include <atomic>
#include <catch2/catch.hpp>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "running_server.hpp"

namespace plimsoll::http {
namespace {

const std::string kOk = "HTTP/1.1 200 OK";
const std::string kBusy = "HTTP/1.1 503 Service Unavailable";

std::string post(const std::string& query, std::size_t size = 2, const std::string& more = "") {
  return "POST /?" + query + " HTTP/1.1\r\nHost: a\r\n" + more + "Content-Length: " + std::to_string(size) +
         "\r\n\r\n" + std::string(size, 'x');
}

/// One thread, 25 ms for each request, callers that name their patience: `patient` is a minute, all else 75 ms.
class SlowServer {
 public:
  explicit SlowServer(Wire wire = Wire::Plain, Limits limits = {})
      : server_(
            limits,
            [](Request&& request) {
              std::this_thread::sleep_for(25ms);
              return echo(std::move(request));
            },
            wire, 1, [](std::string_view query) -> Patience { return query == "patient" ? 60s : 75ms; }) {
    for (std::size_t i = 0; i < 8; ++i) patient_.emplace_back(server_.port(), wire);
    // What a request takes has to be seen once; by then all are accepted.
    Client client = server_.connect();
    client.send(post("patient"));
    (void)client.receive();
  }
  RunningServer* operator->() { return &server_; }
  void drain() { server_->drain(); }
  std::size_t stop(std::chrono::milliseconds deadline) { return server_->stop(deadline); }

  /// Eight callers who can wait: whoever comes behind them cannot be answered within 75 ms.
  void fill() {
    for (Client& client : patient_) client.send(post("patient"));
    std::this_thread::sleep_for(10ms);
  }
  /// How many of them were answered well.
  int answered() {
    int count = 0;
    for (Client& client : patient_) count += client.receive().status_line == kOk ? 1 : 0;
    return count;
  }

 private:
  RunningServer server_;
  std::list<Client> patient_;
};

TEST_CASE("who could not be answered in time is told so long before, and may ask again on the same connection") {
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    SlowServer server(wire);
    Client client = server->connect();
    server.fill();
    const auto start = std::chrono::steady_clock::now();
    client.send(post("impatient"));
    const Received refused = client.receive();
    CHECK(std::chrono::steady_clock::now() - start < 200ms);  // with eight before it the answer would take 225 ms
    CHECK(refused.status_line == kBusy);
    CHECK_FALSE(refused.has("Connection: close"));
    CHECK(refused.head.find("Retry-After") == std::string::npos);

    client.send(post("patient"));
    CHECK(client.receive().status_line == kOk);
    CHECK(server.answered() == 8);
    client.send(post("impatient"));
    CHECK(client.receive().status_line == kOk);
    CHECK(server->counts().refused == Counts{{"too_late", 1}});
  }
}

TEST_CASE("a refused body is passed over when it is short, and when it is not the connection ends") {
  struct Case {
    std::string name, request;
    bool is_kept;
  };
  const std::string head = "POST /?impatient HTTP/1.1\r\nHost: a\r\n";
  const std::vector<Case> cases{
      {"a body that is here", post("impatient"), true},
      {"a body that follows", post("impatient", 300'000), true},
      {"a long body", post("impatient", 2'000'000), false},
      {"chunks that are here", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", true},
      {"chunks that go on", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", false},
      {"a body that waits to be asked for", head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", false},
      {"a client that leaves anyway", post("impatient", 2, "Connection: close\r\n"), false},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    SlowServer server(Wire::Tls);
    Client client = server->connect();
    server.fill();
    client.send(c.request);
    const Received refused = client.receive();
    CHECK(refused.status_line == kBusy);
    CHECK(refused.has("Connection: close") != c.is_kept);
    if (c.is_kept) {
      client.send(post("patient"));
      CHECK(client.receive().body == "POST / [patient] () xx");
    } else {
      CHECK(client.is_closed_by_server());
    }
    CHECK(server.answered() == 8);
  }
}

TEST_CASE("a single slow request is no reason to refuse the next") {
  SlowServer server(Wire::Plain, {.default_patience = 1ms});
  Client client = server->connect();
  for (int i = 0; i < 3; ++i) {
    client.send(post("impatient"));
    CHECK(client.receive().status_line == kOk);
  }
  CHECK(server->counts().refused.empty());
}

TEST_CASE("a server that stops answers those in line, and refuses who comes too late as ever") {
  SlowServer server;
  Client client = server->connect();
  server.fill();
  server.drain();
  client.send(post("impatient"));
  const Received refused = client.receive();
  CHECK(refused.status_line == kBusy);
  CHECK(refused.has("Connection: close"));
  CHECK(server.stop(5s) == 0);
  CHECK(server.answered() == 8);
}

TEST_CASE("those in line when the time to stop is up are cut and counted") {
  SlowServer server;
  server.fill();
  CHECK(server.stop(1ms) >= 5);
  CHECK(server.answered() <= 3);
  CHECK(server->counts().closed["cut"] >= 5);
}

TEST_CASE("large bodies share what may be held; small ones are served all the same") {
  const RunningServer server({.max_held = 300'000}, echo, Wire::Plain, 2);
  Client holder = server.connect();
  const std::string large = post("", 300'000);
  holder.send(std::string_view(large).substr(0, large.size() - 1));
  std::this_thread::sleep_for(50ms);

  Client second = server.connect();
  second.send(large);
  CHECK(second.receive().status_line == kBusy);
  Client growing = server.connect();  // nobody can know beforehand how large this one becomes
  growing.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n30000\r\n" + std::string(0x30000, 'x'));
  CHECK(growing.receive().status_line == kBusy);
  CHECK(growing.is_closed_by_server());
  Client small = server.connect();
  small.send(post("", 60'000));
  CHECK(small.receive().status_line == kOk);

  holder.send("x");
  CHECK(holder.receive().status_line == kOk);
  second.send(large);
  CHECK(second.receive().status_line == kOk);
  CHECK(server.counts().refused == Counts{{"too_much_held", 2}});
}

TEST_CASE("a connection lives as long as it may, in time and in requests, and is told with its last answer") {
  struct Case {
    Limits limits;
    std::string cause;
  };
  const std::vector<Case> cases{{{.max_requests_per_connection = 3}, "requests"},
                                {{.max_connection_age = 200ms}, "age"}};
  for (const Case& c : cases) {
    for (const Wire wire : {Wire::Plain, Wire::Tls}) {
      const RunningServer server(c.limits, echo, wire);
      {
        Client client = server.connect();
        for (int i = 0; i < 2; ++i) {
          client.send(post(""));
          CHECK_FALSE(client.receive().has("Connection: close"));
        }
        std::this_thread::sleep_for(250ms);
        client.send(post(""));
        CHECK(client.receive().has("Connection: close"));
        CHECK(client.is_closed_by_server());
      }
      CHECK(server.closed(1) == Counts{{c.cause, 1}});
    }
  }
}

TEST_CASE("a new connection keeps to the limits of its beginning") {
  std::atomic<std::size_t> most = 2;
  const auto limits = [&most] { return Limits{.max_requests_per_connection = most}; };
  Server server = *start_server({.listen = {"127.0.0.1", 0}, .limits = limits}, echo);
  const auto closes = [](Client& client) {
    client.send(post(""));
    return client.receive().has("Connection: close");
  };
  Client before(server.port());
  CHECK_FALSE(closes(before));
  most = 1;
  Client after(server.port());
  CHECK(closes(after));
  CHECK(closes(before));
}

TEST_CASE("handshakes that stall make room for those that go on") {
  const RunningServer server(
      {.max_handshakes = 2, .stalled_handshake = 50ms, .handshake_timeout = 60s, .close_timeout = 100ms}, echo,
      Wire::Tls);
  const Client first(server.port(), Wire::Plain);
  const Client second(server.port(), Wire::Plain);
  std::this_thread::sleep_for(20ms);
  Client third = server.connect();
  third.send(post(""));
  CHECK(third.receive().status_line == kOk);
  CHECK(server.counts().handshakes == 1);
  CHECK(server.closed(1)["handshake_failed"] >= 1);
}

TEST_CASE("every end of a connection has its cause") {
  const Limits limits{.header_timeout = 80ms, .idle_timeout = 80ms};
  struct Case {
    std::string cause, sent;
    bool is_left;  ///< by the client, when it has sent this
  };
  const std::vector<Case> cases{
      {"client_left", "", true},
      {"client_left", post(""), true},
      {"client_asked", post("", 2, "Connection: close\r\n"), false},
      {"client_asked", "GET / HTTP/1.0\r\n\r\n", false},
      {"lost", "POST / HTTP/1.1\r\nHo", true},
      {"refused", "no request\r\n\r\n", false},
      {"refused", "POST / HTTP/1.1\r\nHo", false},
      {"idle", "", false},
      {"idle", post(""), false},
  };
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    for (const Case& c : cases) {
      INFO(c.cause << " after " << c.sent);
      const RunningServer server(limits, echo, wire);
      {
        Client client = server.connect();
        client.send(c.sent);
        if (c.is_left) std::this_thread::sleep_for(30ms);
        if (!c.is_left) {
          (void)client.receive();
          CHECK(client.is_closed_by_server());
        }
      }
      CHECK(server.closed(1) == Counts{{c.cause, 1}});
      CHECK(server.counts().opened == 1);
    }
  }
}

TEST_CASE("a handshake that somebody breaks off has not failed") {
  // The first bytes of a ClientHello.
  constexpr std::string_view kHalf("\x16\x03\x01\x00\xc8\x01\x00\x00\xc4", 9);
  struct Case {
    std::string cause;
    std::string_view sent;
    bool is_left;  ///< by the client; else the server stops
    std::vector<Report> reports;
  };
  const std::vector<Case> cases{
      {"client_left", "", true, {}},
      {"lost", kHalf, true, {{Trouble::ConnectionLost, "in the middle of the handshake: the client left"}}},
      {"cut", "", false, {}},
      {"cut", kHalf, false, {}},
  };
  for (const Case& c : cases) {
    INFO(c.cause << " after " << c.sent.size() << " bytes");
    RunningServer server({}, echo, Wire::Tls);
    {
      Client client(server.port(), Wire::Plain);
      client.send(c.sent);
      for (int i = 0; i < 200 && server.counts().opened == 0; ++i) std::this_thread::sleep_for(10ms);
      std::this_thread::sleep_for(30ms);
      if (!c.is_left) server->stop(0ms);
    }
    CHECK(server.closed(1) == Counts{{c.cause, 1}});
    CHECK(server.reports() == c.reports);
  }
}

}  // namespace
}  // namespace plimsoll::http
