// What concerns many connections: listening, the cap, draining, stopping.
#include "plimsoll/http/server.hpp"

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
const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_CASE("an address to listen on has a port, and a host or none") {
  struct Case {
    std::string in;
    ListenAddress want;
  };
  const std::vector<Case> cases{
      {":8443", {"", 8443}},
      {"127.0.0.1:0", {"127.0.0.1", 0}},
      {"[::1]:65535", {"::1", 65535}},
      {"[::]:80", {"::", 80}},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(parse_listen_address(c.in).value_or(ListenAddress{"none"}) == c.want);
  }
  for (const std::string in : {"", "8443", ":", ":x", ":-1", ":65536", ":80x", ": 80", "localhost:80", "::1:80",
                               "[127.0.0.1]:80", "[]:80", "127.0.0.1", "127.0.0.1:80:80"}) {
    INFO(in);
    const auto listen = parse_listen_address(in);
    REQUIRE_FALSE(listen.has_value());
    CHECK_THAT(listen.error().message, Catch::Contains("write \":8443\""));
  }
}

TEST_CASE("an address that cannot be listened on is named with the reason") {
  const RunningServer taken;
  const auto again = start_server({.listen = {"127.0.0.1", taken.port()}}, echo);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().message ==
        "cannot listen on 127.0.0.1 port " + std::to_string(taken.port()) + ": Address already in use");
  CHECK_THAT(start_server({.listen = {"192.0.2.1", 0}}, echo).error().message, Catch::Contains("Cannot assign"));
  CHECK_THAT(start_server({.listen = {"localhost", 0}}, echo).error().message, Catch::Contains("not an IP address"));
}

TEST_CASE("without a host every address is listened on, IPv4 among them") {
  const auto server = start_server({.listen = {"", 0}}, echo);
  Client client(server->port());
  client.send(kGet);
  CHECK(client.receive().status_line == kOk);
}

TEST_CASE("two hundred clients at once are all served") {
  constexpr int kClients = 200;
  constexpr int kThreads = 4;
  constexpr int kRequests = 3;
  std::atomic<int> served = 0;
  const RunningServer server({}, echo, Wire::Tls);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      std::list<Client> clients;
      for (int i = 0; i < kClients / kThreads; ++i) clients.emplace_back(server.port(), Wire::Tls);
      for (int r = 0; r < kRequests; ++r) {
        for (Client& client : clients) client.send(kGet);
        for (Client& client : clients) served += client.receive().status_line == kOk ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(served == kClients * kRequests);
  CHECK(server.reports().empty());
}

TEST_CASE("a connection over the cap takes the place of the one that has been idle for longest") {
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    const RunningServer server({.max_connections = 2}, echo, wire, 1);
    Client first = server.connect();
    first.send(kGet);
    CHECK(first.receive().status_line == kOk);
    std::this_thread::sleep_for(10ms);
    Client second = server.connect();
    second.send(kGet);
    CHECK(second.receive().status_line == kOk);
    Client third = server.connect();
    third.send(kGet);
    CHECK(third.receive().status_line == kOk);
    CHECK(first.is_closed_by_server());
    second.send(kGet);
    CHECK(second.receive().status_line == kOk);
    CHECK(server.reports().empty());
    CHECK(server.counts().closed == Counts{{"made_room", 1}});
    CHECK(server.counts().opened == 3);
  }
}

TEST_CASE("a connection over the cap is closed at once when none is idle, and there is room again when one ends") {
  const RunningServer server({.max_connections = 2}, echo, Wire::Plain, 1);
  const std::string begun = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na";
  Client first = server.connect();
  first.send(begun);
  {
    Client second = server.connect();
    second.send(begun);
    std::this_thread::sleep_for(30ms);
    Client third = server.connect();
    CHECK(third.is_closed_by_server());
    REQUIRE(server.reports().size() == 1);
    CHECK(server.reports().front().trouble == Trouble::TooManyConnections);
    CHECK(server.counts().closed == Counts{{"too_many", 1}});
    second.send("bc");
    CHECK(second.receive().status_line == kOk);
  }
  std::this_thread::sleep_for(50ms);
  Client fourth = server.connect();
  fourth.send(kGet);
  CHECK(fourth.receive().status_line == kOk);
}

TEST_CASE("a draining server answers everyone once, old connections and new, and says close") {
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    RunningServer server({}, echo, wire);
    Client known = server.connect();
    known.send(kGet);
    CHECK_FALSE(known.receive().has("Connection: close"));
    server->drain();
    Client late = server.connect();
    for (Client* client : {&known, &late}) {
      client->send(kGet);
      const Received received = client->receive();
      CHECK(received.status_line == kOk);
      CHECK(received.has("Connection: close"));
      CHECK(client->is_closed_by_server());
    }
  }
}

TEST_CASE("a server that stops closes idle connections and takes no new ones") {
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    RunningServer server({}, echo, wire);
    Client used = server.connect();
    used.send(kGet);
    CHECK(used.receive().status_line == kOk);
    const Client fresh = server.connect();
    std::this_thread::sleep_for(20ms);

    const auto start = std::chrono::steady_clock::now();
    CHECK(server->stop(1s) == 0);
    CHECK(std::chrono::steady_clock::now() - start < 300ms);
    CHECK(used.is_closed_by_server());
    CHECK_FALSE(Client(server.port()).is_connected());
    CHECK(server->stop(1s) == 0);
  }
}

TEST_CASE("a request in flight is answered before the server stops") {
  RunningServer server({.close_timeout = 200ms}, [](Request&& request) {
    if (request.path == "/slow") std::this_thread::sleep_for(150ms);
    return echo(std::move(request));
  });
  Client in_handler = server.connect();
  in_handler.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  Client in_body = server.connect();
  in_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  std::this_thread::sleep_for(30ms);
  std::thread rest([&] {
    std::this_thread::sleep_for(100ms);
    in_body.send("bc");
  });
  CHECK(server->stop(2s) == 0);
  rest.join();
  for (Client* client : {&in_handler, &in_body}) {
    const Received received = client->receive();
    CHECK(received.status_line == kOk);
    CHECK(received.has("Connection: close"));
  }
}

TEST_CASE("who has connected when the server stops is still answered") {
  RunningServer server(
      {.close_timeout = 200ms},
      [](Request&& request) {
        std::this_thread::sleep_for(100ms);  // meanwhile nobody accepts: there is one thread
        return echo(std::move(request));
      },
      Wire::Plain, 1);
  Client first = server.connect();
  first.send(kGet);
  std::this_thread::sleep_for(30ms);
  Client second = server.connect();
  second.send(kGet);
  CHECK(server->stop(2s) == 0);
  CHECK(first.receive().status_line == kOk);
  CHECK(second.receive().status_line == kOk);
}

TEST_CASE("who is not done by the deadline is cut and counted") {
  RunningServer server;
  Client stuck = server.connect();
  stuck.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
  std::this_thread::sleep_for(30ms);
  const auto start = std::chrono::steady_clock::now();
  CHECK(server->stop(100ms) == 1);
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took > 90ms);
  CHECK(took < 400ms);
}

TEST_CASE("a server can be stopped while clients come and go") {
  for (int round = 0; round < 5; ++round) {
    RunningServer server({}, echo, Wire::Tls);
    std::atomic<bool> is_over = false;
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i) {
      clients.emplace_back([&] {
        while (!is_over) {
          Client client = server.connect();
          client.send(kGet);
          (void)client.receive();
        }
      });
    }
    std::this_thread::sleep_for(40ms);
    server->drain();
    (void)server->stop(round % 2 == 0 ? 500ms : 0ms);
    is_over = true;
    for (std::thread& client : clients) client.join();
  }
}

}  // namespace
}  // namespace plimsoll::http
