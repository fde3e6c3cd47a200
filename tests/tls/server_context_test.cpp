#include "plimsoll/tls/server_context.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "handshake.hpp"
#include "pem.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::tls {
namespace {

ServerContext make_context() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return *make_server_context(make_self_made(std::vector<std::string>{"localhost"}, now)->identity);
}

TEST_CASE("TLS begins at 1.2, with forward secrecy") {
  const ServerContext context = make_context();
  struct Case {
    int newest;
    std::string ciphers, want;
  };
  const std::vector<Case> cases{
      {TLS1_3_VERSION, "", "TLSv1.3"},
      {TLS1_2_VERSION, "", "TLSv1.2"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2"},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", ""},  // not authenticated encryption
      {TLS1_2_VERSION, "AES128-GCM-SHA256", ""},       // no forward secrecy
      {TLS1_1_VERSION, "", ""},
      {TLS1_VERSION, "", ""},
  };
  for (const Case& c : cases) {
    INFO(c.newest << " " << c.ciphers);
    const Shaken shaken = shake_hands(context, {.newest = c.newest, .ciphers = c.ciphers});
    CHECK(shaken.is_agreed == !c.want.empty());
    if (!c.want.empty()) CHECK(shaken.version == c.want);
  }
}

TEST_CASE("of the protocols offered only http/1.1 is chosen") {
  const ServerContext context = make_context();
  struct Case {
    std::string offered, chosen;
    bool is_agreed;
  };
  const std::vector<Case> cases{
      {"", "", true},                            // no ALPN: HTTP/1.1 is understood
      {"\x08http/1.1", "http/1.1", true},        // a service's client
      {"\x02h2\x08http/1.1", "http/1.1", true},  // a localhost URL's client
      {"\x02h2", "", false},
      {"\x08http/1.0\x08http/1.2", "", false},
  };
  for (const Case& c : cases) {
    INFO(c.offered);
    const Shaken shaken = shake_hands(context, {.protocols = c.offered});
    CHECK(shaken.is_agreed == c.is_agreed);
    CHECK(shaken.protocol == c.chosen);
    if (!c.is_agreed) CHECK(shaken.failure == "tlsv1 alert no application protocol");
  }
}

TEST_CASE("no session is offered for resumption") {
  const ServerContext context = make_context();
  CHECK(shake_hands(context, {.newest = TLS1_3_VERSION}).tickets == 0);
  CHECK(shake_hands(context, {.newest = TLS1_2_VERSION}).tickets == 0);
}

TEST_CASE("a key that is too short for today is not served") {
  const Pair weak = make_weak_pair();
  const auto identity = parse_identity(weak.certificate, weak.key, {"tls.crt", "tls.key"});
  REQUIRE(identity.has_value());
  const auto context = make_server_context(*identity);
  REQUIRE_FALSE(context.has_value());
  CHECK_THAT(context.error().message, Catch::Contains("ee key too small"));
}

}  // namespace
}  // namespace plimsoll::tls
