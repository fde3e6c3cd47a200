// What travels on one connection: framing, refusals, persistence, time-outs.
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "running_server.hpp"

namespace plimsoll::http {
namespace {

const std::string kOk = "HTTP/1.1 200 OK";
const std::string kHost = "Host: plimsoll\r\n";

std::string post(const std::string& target, const std::string& body) {
  return "POST " + target + " HTTP/1.1\r\n" + kHost +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_CASE("a request is understood however it is framed") {
  struct Case {
    std::string name, request, body;
  };
  const std::vector<Case> cases{
      {"target split at the first question mark", post("/mutate?timeout=2s?x", "{}"),
       "POST /mutate [timeout=2s?x] (application/json) {}"},
      {"no body", "GET / HTTP/1.1\r\n" + kHost + "\r\n", "GET / [] () "},
      {"nothing in the target is decoded", "GET /a%2fb?%3d HTTP/1.1\r\n" + kHost + "\r\n", "GET /a%2fb [%3d] () "},
      {"names of headers in any case", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nCONTENT-TYPE: a/b\r\n\r\nhi",
       "POST / [] (a/b) hi"},
      {"a method unknown to all", "BREW /pot HTTP/1.1\r\n" + kHost + "\r\n", "BREW /pot [] () "},
      {"chunked",
       "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;ext=1\r\ncde\r\n0\r\n\r\n",
       "POST / [] () abcde"},
      {"chunked with a trailer",
       "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\nExpires: never\r\n\r\n",
       "POST / [] () x"},
      {"chunked and empty", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "POST / [] () "},
      {"HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", "POST / [] () x"},
  };
  const RunningServer server;
  for (const Case& c : cases) {
    INFO(c.name);
    Client at_once = server.connect();
    at_once.send(c.request);
    const Received received = at_once.receive();
    CHECK(received.status_line == kOk);
    CHECK(received.body == c.body);

    Client in_pieces = server.connect();
    for (const char byte : c.request) in_pieces.send({&byte, 1});
    CHECK(in_pieces.receive().body == c.body);
  }
}

TEST_CASE("what is no request, or too much of one, is refused with the reason, and the connection ends") {
  const std::string kPost = "POST / HTTP/1.1\r\n" + kHost;
  struct Case {
    std::string name, request;
    unsigned status;
  };
  const std::vector<Case> cases{
      {"nonsense", "hello\r\n\r\n", 400},
      {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400},
      {"the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"no target", "GET  HTTP/1.1\r\n" + kHost + "\r\n", 400},
      {"a space in the target", "GET /a b HTTP/1.1\r\n" + kHost + "\r\n", 400},
      {"a control character in the target", "GET /\x01 HTTP/1.1\r\n" + kHost + "\r\n", 400},
      {"an unknown version", "GET / HTTP/3.0\r\n" + kHost + "\r\n", 400},
      {"no version", "GET /\r\n" + kHost + "\r\n", 400},
      {"a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"a header without a colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400},
      {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n\r\n\r\n", 400},
      {"a null byte in a header", std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29), 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\n" + kHost + kHost + "\r\n", 400},
      {"a length that is no number", kPost + "Content-Length: ten\r\n\r\n", 400},
      {"a negative length", kPost + "Content-Length: -1\r\n\r\n", 400},
      {"a length beyond 64 bits", kPost + "Content-Length: 18446744073709551617\r\n\r\n", 400},
      {"two lengths that differ", kPost + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"a length and chunks", kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks and a length", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a chunk size that is no number", kPost + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"a chunk longer than it says", kPost + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400},
      {"a coding other than chunked", kPost + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"a coding below the chunks", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"an expectation nobody knows", kPost + "Expect: miracles\r\nContent-Length: 1\r\n\r\n", 417},
      {"a body said to be too large", kPost + "Content-Length: 101\r\n\r\n", 413},
      {"a body too large behind a question", kPost + "Expect: 100-continue\r\nContent-Length: 101\r\n\r\n", 413},
      {"a body too large in one chunk", kPost + "Transfer-Encoding: chunked\r\n\r\n65\r\n", 413},
      {"a body too large in many chunks",
       kPost + "Transfer-Encoding: chunked\r\n\r\n60\r\n" + std::string(96, 'a') + "\r\n6\r\n", 413},
      {"a head too large", "GET / HTTP/1.1\r\n" + kHost + "A: " + std::string(600, 'a') + "\r\n\r\n", 431},
      {"a head without end", "GET / HTTP/1.1\r\n" + kHost + "A: " + std::string(600, 'a'), 431},
      {"a target without end", "GET /" + std::string(600, 'a'), 431},
      {"a chunk's extension without end", kPost + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(40'000, 'a'),
       431},
  };
  const RunningServer server({.max_body = 100, .max_header = 512});
  for (const Case& c : cases) {
    INFO(c.name);
    Client client = server.connect();
    client.send(c.request);
    const Received received = client.receive();
    CHECK(received.status_line.substr(0, 13) == "HTTP/1.1 " + std::to_string(c.status) + " ");
    CHECK(received.has("Connection: close"));
    CHECK_FALSE(received.body.empty());
    CHECK(client.is_closed_by_server());
  }
  CHECK(server.reports().size() == cases.size());
  for (const Report& report : server.reports()) CHECK(report.trouble == Trouble::RequestRefused);
}

TEST_CASE("limits are reached, not only exceeded") {
  const std::string head = "GET / HTTP/1.1\r\n" + kHost + "A: ";
  const RunningServer server({.max_body = 100, .max_header = 512});
  Client client = server.connect();
  client.send(head + std::string(512 - head.size() - 4, 'a') + "\r\n\r\n");
  CHECK(client.receive().status_line == kOk);
  client.send(post("/", std::string(100, 'x')));
  CHECK(client.receive().status_line == kOk);
}

TEST_CASE("a client that asks before it sends its body is told to go on, once") {
  const RunningServer server;
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\n" + kHost + "Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(client.receive().status_line == "HTTP/1.1 100 Continue");
  client.send("ab");
  client.send("cd");
  CHECK(client.receive().body == "POST / [] () abcd");

  SECTION("one that does not wait needs no permission") {
    client.send("POST / HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
    CHECK(client.receive().body == "POST / [] () ab");
  }
  SECTION("HTTP/1.0 knows no such thing") {
    client.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    client.send("ab");
    CHECK(client.receive().body == "POST / [] () ab");
  }
}

TEST_CASE("a connection lives as long as both sides wish") {
  struct Case {
    std::string name, request;
    std::string connection;  // the header line of the answer
    bool is_kept;
  };
  const std::vector<Case> cases{
      {"HTTP/1.1 by default", "GET / HTTP/1.1\r\n" + kHost + "\r\n", "", true},
      {"HTTP/1.1 asked to close", "GET / HTTP/1.1\r\n" + kHost + "Connection: close\r\n\r\n", "Connection: close",
       false},
      {"HTTP/1.0 by default", "GET / HTTP/1.0\r\n\r\n", "Connection: close", false},
      {"HTTP/1.0 asked to keep", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive", true},
  };
  const RunningServer server;
  for (const Case& c : cases) {
    INFO(c.name);
    Client client = server.connect();
    client.send(c.request);
    const Received received = client.receive();
    CHECK(received.status_line == kOk);
    CHECK((received.head.find("Connection:") != std::string::npos) == !c.connection.empty());
    if (!c.connection.empty()) CHECK(received.has(c.connection));
    if (!c.is_kept) CHECK(client.is_closed_by_server());
    if (!c.is_kept) continue;
    client.send(c.request);
    CHECK(client.receive().status_line == kOk);
  }
}

TEST_CASE("requests sent without waiting are answered in their order") {
  const RunningServer server;
  Client client = server.connect();
  std::string requests;
  for (int i = 0; i < 50; ++i)
    requests += post("/" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 40, 'x'));
  client.send(requests);
  for (int i = 0; i < 50; ++i)
    CHECK(client.receive().body == "POST /" + std::to_string(i) + " [] (application/json) " +
                                       std::string(static_cast<std::size_t>(i) * 40, 'x'));
}

TEST_CASE(
    "the last request of a connection is answered with close, and what is sent behind it is not lost to a reset") {
  const RunningServer server({.max_requests_per_connection = 3});
  Client client = server.connect();
  for (int i = 0; i < 10; ++i) client.send(post("/", "{}"));
  CHECK_FALSE(client.receive().has("Connection: close"));
  CHECK_FALSE(client.receive().has("Connection: close"));
  CHECK(client.receive().has("Connection: close"));
  CHECK(client.is_closed_by_server());
}

TEST_CASE("an answer to HEAD tells the length of a body that is not sent") {
  const RunningServer server;
  Client client = server.connect();
  client.send("HEAD /a HTTP/1.1\r\n" + kHost + "\r\n");
  CHECK(client.receive(false).has("Content-Length: 14"));
  client.send("GET /b HTTP/1.1\r\n" + kHost + "\r\n");
  CHECK(client.receive().body == "GET /b [] () ");
}

TEST_CASE("a response carries the handler's status and headers, and the date") {
  const RunningServer server({}, [](Request&&) { return Response{405, "", "no", {{"Allow", "POST"}}}; });
  Client client = server.connect();
  client.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
  const Received received = client.receive();
  CHECK(received.status_line == "HTTP/1.1 405 Method Not Allowed");
  CHECK(received.has("Allow: POST"));
  CHECK(received.head.find("Content-Type") == std::string::npos);
  CHECK_THAT(received.head,
             Catch::Matches("Date: [A-Z][a-z]{2}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\r\n[^]*"));
}

TEST_CASE("a handler that throws costs its caller a 500 and nobody else anything") {
  const RunningServer server({}, [](Request&& request) -> Response {
    if (request.path == "/throw") throw std::runtime_error("no\nluck");
    return echo(std::move(request));
  });
  Client client = server.connect();
  client.send("GET /throw HTTP/1.1\r\n" + kHost + "\r\n");
  CHECK(client.receive().status_line == "HTTP/1.1 500 Internal Server Error");
  client.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
  CHECK(client.receive().status_line == kOk);
  CHECK(server.reports() == std::vector<Report>{{Trouble::HandlerThrew, "no\\u{a}luck"}});
}

TEST_CASE("a request knows when its first bytes came, and from whom") {
  std::chrono::steady_clock::duration age{};
  std::string peer;
  const RunningServer server({}, [&](Request&& request) {
    age = std::chrono::steady_clock::now() - request.received;
    peer = request.peer;
    return Response{};
  });
  Client client = server.connect();
  std::this_thread::sleep_for(50ms);  // silence before a request is not part of it
  client.send("POST / HTTP/1.1\r\n" + kHost);
  std::this_thread::sleep_for(100ms);
  client.send("Content-Length: 0\r\n\r\n");
  CHECK(client.receive().status_line == kOk);
  CHECK(age >= 90ms);
  CHECK(age < 145ms);
  CHECK_THAT(peer, Catch::StartsWith("127.0.0.1:"));
}

TEST_CASE("who is slow is told so and cut off; who is silent between requests is let go without a word") {
  struct Case {
    std::string name, sent, want;
  };
  const std::vector<Case> cases{
      {"nothing ever", "", ""},
      {"half a head", "POST / HTTP/1.1\r\nHo", "HTTP/1.1 408 Request Timeout"},
      {"half a body", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nabc", "HTTP/1.1 408 Request Timeout"},
      {"half a chunk", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\na\r\nabc",
       "HTTP/1.1 408 Request Timeout"},
  };
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    const RunningServer server({.header_timeout = 80ms, .body_timeout = 80ms, .idle_timeout = 80ms}, echo, wire);
    for (const Case& c : cases) {
      INFO(c.name);
      const auto start = std::chrono::steady_clock::now();
      Client client = server.connect();
      client.send(c.sent);
      CHECK(client.receive().status_line == c.want);
      CHECK(client.is_closed_by_server());
      CHECK(std::chrono::steady_clock::now() - start > 60ms);
    }
  }
}

TEST_CASE("a drip of bytes does not move the deadline of a head") {
  const RunningServer server({.header_timeout = 100ms});
  Client client = server.connect();
  const auto start = std::chrono::steady_clock::now();
  std::thread drip([&] {
    for (int i = 0; i < 30; ++i) {
      client.send(i == 0 ? "GET / HTTP/1.1\r\nA: " : "a");
      std::this_thread::sleep_for(10ms);
    }
  });
  CHECK(client.receive().status_line == "HTTP/1.1 408 Request Timeout");
  CHECK(std::chrono::steady_clock::now() - start < 250ms);
  drip.join();
}

TEST_CASE("an answer that nobody takes is given up") {
  const RunningServer server({.write_timeout = 100ms, .close_timeout = 50ms}, [](Request&&) {
    return Response{200, "", std::string(32 << 20, 'x')};
  });
  Client client = server.connect();
  client.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
  for (int i = 0; i < 1000 && server.reports().empty(); ++i) std::this_thread::sleep_for(10ms);
  CHECK(server.reports() == std::vector<Report>{{Trouble::ConnectionLost, "the answer was not taken in time"}});
}

TEST_CASE("a client that leaves in the middle of a request is reported, one that leaves between is not") {
  const RunningServer server;
  {
    Client between = server.connect();
    between.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
    CHECK(between.receive().status_line == kOk);
    Client middle = server.connect();
    middle.send("POST / HTTP/1.1\r\n" + kHost + "Content-Length: 10\r\n\r\nabc");
    std::this_thread::sleep_for(30ms);
  }
  for (int i = 0; i < 100 && server.reports().empty(); ++i) std::this_thread::sleep_for(10ms);
  CHECK(server.reports() ==
        std::vector<Report>{{Trouble::ConnectionLost, "in the middle of a request: the client left"}});
}

TEST_CASE("over TLS large bodies go both ways whole") {
  const RunningServer server(
      {},
      [](Request&& request) {
        return Response{200, "", std::move(request.body)};
      },
      Wire::Tls);
  Client client = server.connect();
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{16384}, std::size_t{16385}, std::size_t{8} << 20}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 23);
    client.send(post("/", body));
    const Received received = client.receive();
    CHECK(received.status_line == kOk);
    CHECK((received.body == body));  // not shown when it fails: it is long
  }
}

TEST_CASE("a body beyond the limit is refused readably though the client goes on sending it") {
  for (const Wire wire : {Wire::Plain, Wire::Tls}) {
    const RunningServer server({}, echo, wire);
    Client client = server.connect();
    client.send(post("/", std::string((std::size_t{8} << 20) + 1, 'x')));
    CHECK(client.receive().status_line == "HTTP/1.1 413 Payload Too Large");
    CHECK(client.is_closed_by_server());
  }
}

TEST_CASE("a plain request on the TLS port gets an answer in the clear") {
  const RunningServer server({}, echo, Wire::Tls);
  Client client(server.port(), Wire::Plain);
  client.send("GET / HTTP/1.1\r\n" + kHost + "\r\n");
  const Received received = client.receive();
  CHECK(received.status_line == "HTTP/1.1 400 Bad Request");
  CHECK_THAT(received.body, Catch::Contains("HTTPS"));
  CHECK(client.is_closed_by_server());
  CHECK(server.reports().front().trouble == Trouble::HandshakeFailed);
}

TEST_CASE("a handshake that does not come is waited for only so long") {
  const RunningServer server({.handshake_timeout = 80ms}, echo, Wire::Tls);
  Client client(server.port(), Wire::Plain);
  CHECK(client.is_closed_by_server());
  CHECK(server.reports() == std::vector<Report>{{Trouble::HandshakeFailed, "took too long"}});
}

}  // namespace
}  // namespace plimsoll::http
