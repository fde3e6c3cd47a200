#include "plimsoll/http/client.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "hostile_server.hpp"
#include "plimsoll/http/server.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace {

// A name server that does not answer until it is let go.
constexpr const char* kHangs = "hangs.invalid";
std::atomic<bool> hanging = false;
std::atomic<int> hung = 0;

}  // namespace

// The machine's resolver, but for that one name.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  if (host != nullptr && std::strcmp(host, kHangs) == 0) {
    ++hung;
    while (hanging) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --hung;
    return EAI_AGAIN;
  }
  static const auto kReal = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return kReal(host, service, hints, found);
}

namespace plimsoll::http {
namespace {

using namespace std::chrono_literals;
using Kind = CallFailure::Kind;
using Then = HostileServer::Then;

const ClientLimits kShort{.connect_timeout = 2s, .write_timeout = 2s, .read_timeout = 200ms};

tls::SelfMade make_identity(const std::string& name) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return *tls::make_self_made(std::vector<std::string>{name}, now);
}

Response echo_request(Request&& request) {
  if (request.path == "/large") return {200, "text/plain", std::string(100'000, 'x')};
  return {request.path == "/missing" ? 404U : 200U, "text/plain",
          request.method + " " + request.path + " " + request.body};
}

/// Our own server with a certificate for `name`.
struct TlsServer {
  explicit TlsServer(const std::string& name, ServerOptions options = {.listen = {"127.0.0.1", 0}})
      : identity(make_identity(name)), server([&] {
          options.tls = [context = *tls::make_server_context(identity.identity)] { return context; };
          return *start_server(std::move(options), echo_request);
        }()) {}

  [[nodiscard]] Origin origin(const std::string& authority_pem, const std::string& server_name = {}) const {
    return {"127.0.0.1", server.port(), *tls::make_client_context(authority_pem), server_name};
  }

  tls::SelfMade identity;
  Server server;
};

Kind kind_of(const Result<ClientResponse, CallFailure>& outcome) {
  REQUIRE_FALSE(outcome.has_value());
  return outcome.error().kind;
}

TEST_CASE("a client speaks to our own server over TLS, by address and by name") {
  for (const std::string name : {"127.0.0.1", "kubernetes.default.svc"}) {
    const TlsServer server(name);
    Client client(server.origin(server.identity.authority_pem, name));
    const auto response = client.send({.method = "PUT", .target = "/a?b=c", .body = "hello"});
    REQUIRE(response.has_value());
    CHECK(response->status == 200);
    CHECK(response->body == "PUT /a hello");
    CHECK(response->header("CONTENT-TYPE") == "text/plain");
    CHECK(response->header("X-None").empty());
    CHECK(client.send({.target = "/missing"})->status == 404);
    CHECK(client.send({.method = "POST", .target = "/empty"})->body == "POST /empty ");
  }
}

TEST_CASE("a connection is kept, and replaced when the server has ended it") {
  ServerOptions options{.listen = {"127.0.0.1", 0}};
  options.limits = [] { return Limits{.max_requests_per_connection = 2, .idle_timeout = 50ms}; };
  std::vector<std::string> peers;
  Server server = *start_server(options, [&](Request&& request) {
    peers.push_back(request.peer);
    return Response{};
  });
  Client client({"127.0.0.1", server.port()});
  for (int i = 0; i < 3; ++i) REQUIRE(client.send({}).has_value());
  CHECK(peers[0] == peers[1]);
  CHECK(peers[1] != peers[2]);
  std::this_thread::sleep_for(300ms);  // the server closes what is idle
  REQUIRE(client.send({}).has_value());
  CHECK(peers[2] != peers[3]);
}

TEST_CASE("a server that cannot prove who it is gets no request") {
  const TlsServer server("localhost");
  const auto other = make_identity("localhost");
  struct Case {
    std::string authority, name, want;
  };
  const std::vector<Case> cases{
      {other.authority_pem, "localhost", "unable to get local issuer certificate"},
      {server.identity.authority_pem, "127.0.0.1", "IP address mismatch"},
      {server.identity.authority_pem, "localhost.example", "hostname mismatch"},
  };
  for (const Case& c : cases) {
    INFO(c.want);
    Client client(server.origin(c.authority, c.name));
    const auto outcome = client.send({});
    CHECK(kind_of(outcome) == Kind::Untrusted);
    CHECK_THAT(outcome.error().message, Catch::Contains(c.want) && Catch::Contains(c.name));
  }
  // Both certificates at once, as while one replaces the other.
  Client client(server.origin(other.authority_pem + server.identity.authority_pem, "localhost"));
  CHECK(client.send({}).has_value());
}

TEST_CASE("nobody there, or nobody who speaks TLS, means that nothing was sent") {
  std::uint16_t free_port = 0;
  {
    const HostileServer gone("", Then::Close);
    free_port = gone.port();
  }
  Client refused({"127.0.0.1", free_port});
  CHECK(kind_of(refused.send({})) == Kind::NotConnected);
  Client unknown({"no-such-host.invalid", 443});
  CHECK(kind_of(unknown.send({})) == Kind::NotConnected);

  const HostileServer plain("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", Then::Close);
  Client tls({"127.0.0.1", plain.port(), *tls::make_client_context(make_identity("127.0.0.1").authority_pem)}, kShort);
  CHECK(kind_of(tls.send({})) == Kind::NotConnected);
  const HostileServer silent("", Then::Linger);
  Client waiting({"127.0.0.1", silent.port(), *tls::make_client_context(make_identity("127.0.0.1").authority_pem)},
                 {.connect_timeout = 200ms});
  CHECK(kind_of(waiting.send({})) == Kind::NotConnected);
}

TEST_CASE("responses of all shapes are read") {
  struct Case {
    std::string answer, body;
    unsigned status = 200;
  };
  const std::vector<Case> cases{
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
       "abcde"},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 409 Conflict\r\nContent-Length: "
       "1\r\n\r\n!",
       "!", 409},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", 204},
  };
  for (const Case& c : cases) {
    INFO(c.answer);
    const HostileServer server(c.answer, Then::Close);
    Client client({"127.0.0.1", server.port()}, kShort);
    const auto response = client.send({});
    REQUIRE(response.has_value());
    CHECK(response->status == c.status);
    CHECK(response->body == c.body);
  }
}

TEST_CASE("what a server does wrong ends the call in its time") {
  const std::string huge(200'000, 'h');
  struct Case {
    std::string name, answer;
    Then then;
    Kind want;
    std::string message;
  };
  const std::vector<Case> cases{
      {"silence", "", Then::Linger, Kind::Interrupted, "in time"},
      {"no answer", "", Then::Close, Kind::Interrupted, "closed"},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Le", Then::Close, Kind::Interrupted, "closed"},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Then::Close, Kind::Interrupted, "closed"},
      {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n123", Then::Close, Kind::Interrupted,
       "closed"},
      {"a body that drips", "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\nx", Then::Trickle, Kind::Interrupted,
       "in time"},
      {"a head that drips", "HTTP/1.1 200 OK\r\nX: x", Then::Trickle, Kind::Interrupted, "in time"},
      {"a head that never ends", "HTTP/1.1 200 OK\r\nX: " + huge, Then::Linger, Kind::Unreadable, "limit"},
      {"a body over the limit", "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + huge, Then::Linger,
       Kind::Unreadable, "limit"},
      {"chunks over the limit", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30D40\r\n" + huge, Then::Linger,
       Kind::Unreadable, "limit"},
      {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", Then::Linger, Kind::Unreadable, "read"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", Then::Linger,
       Kind::Unreadable, "read"},
      {"interim for ever",
       [] {
         std::string text;
         for (int i = 0; i < 50; ++i) text += "HTTP/1.1 102 Processing\r\n\r\n";
         return text;
       }(),
       Then::Linger, Kind::Unreadable, "announced"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const HostileServer server(c.answer, c.then);
    ClientLimits limits = kShort;
    limits.max_header = 8192;
    limits.max_body = 65536;
    Client client({"127.0.0.1", server.port()}, limits);
    const auto outcome = client.send({});
    CHECK(kind_of(outcome) == c.want);
    CHECK_THAT(outcome.error().message, Catch::Contains(c.message));
    CHECK(server.connections() == 1);  // nothing is sent twice
  }
}

TEST_CASE("after a failure the next call has a connection of its own") {
  const HostileServer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", Then::Close);
  Client client({"127.0.0.1", server.port()}, kShort);
  CHECK(kind_of(client.send({})) == Kind::Interrupted);
  CHECK(kind_of(client.send({})) == Kind::Interrupted);
  CHECK(server.connections() == 2);
}

TEST_CASE("what is asked is written as HTTP has it") {
  const HostileServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close);
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  REQUIRE(Client({"127.0.0.1", server.port()}, kShort)
              .send({.method = "PATCH", .target = "/x", .headers = {{"Accept", "application/json"}}})
              .has_value());
  CHECK(server.request() ==
        "PATCH /x HTTP/1.1\r\nHost: " + host + "\r\nAccept: application/json\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("cancelling ends the call that waits, and every later one") {
  const HostileServer server("", Then::Linger);
  Client client({"127.0.0.1", server.port()}, {.read_timeout = 60s});
  std::thread other([&] {
    std::this_thread::sleep_for(50ms);
    client.cancel();
  });
  CHECK(kind_of(client.send({})) == Kind::Cancelled);
  other.join();
  CHECK(kind_of(client.send({})) == Kind::Cancelled);
}

TEST_CASE("a name server that hangs is waited for only so long, and not at all once the call is cancelled") {
  hanging = true;
  Client overdue({kHangs, 443}, {.resolve_timeout = 50ms});
  const auto outcome = overdue.send({});
  CHECK(kind_of(outcome) == Kind::NotConnected);
  CHECK_THAT(outcome.error().message, Catch::Contains("no answer in time"));
  {
    Client cancelled({kHangs, 443}, {.resolve_timeout = 60s});
    std::thread other([&] {
      std::this_thread::sleep_for(50ms);
      cancelled.cancel();
    });
    CHECK(kind_of(cancelled.send({})) == Kind::Cancelled);
    other.join();
  }
  // The client is gone and the answer comes all the same.
  CHECK(hung == 2);
  hanging = false;
  for (int i = 0; i < 200 && hung > 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(hung == 0);
}

TEST_CASE("IPv6 is spoken") {
  const auto server = start_server({.listen = {"::1", 0}}, echo_request);
  if (!server) return;  // a machine without IPv6
  CHECK(Client({"::1", server->port()}).send({.target = "/v6"})->body == "GET /v6 ");
}

}  // namespace
}  // namespace plimsoll::http
