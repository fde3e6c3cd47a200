#include "plimsoll/tls/self_made.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "handshake.hpp"
#include "plimsoll/tls/server_context.hpp"

namespace plimsoll::tls {
namespace {

TimePoint now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

TEST_CASE("a self-made certificate is trusted under each of its names by who trusts its authority, and no other way") {
  const std::vector<std::string> names{"plimsoll.plimsoll-system.svc", "localhost", "127.0.0.1", "::1",
                                       "*.example.org"};
  const SelfMade made = *make_self_made(names, now());
  const SelfMade stranger = *make_self_made(names, now());
  const ServerContext context = *make_server_context(made.identity);
  struct Case {
    std::string authority_pem, name, want;
  };
  const std::vector<Case> cases{
      {made.authority_pem, "plimsoll.plimsoll-system.svc", "ok"},
      {made.authority_pem, "localhost", "ok"},
      {made.authority_pem, "127.0.0.1", "ok"},
      {made.authority_pem, "::1", "ok"},
      {made.authority_pem, "a.example.org", "ok"},
      {made.authority_pem, "plimsoll.other.svc", "hostname mismatch"},
      {made.authority_pem, "plimsoll", "hostname mismatch"},
      {made.authority_pem, "127.0.0.2", "IP address mismatch"},
      {stranger.authority_pem, "localhost", "unable to get local issuer certificate"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const Shaken shaken = shake_hands(context, {.authority_pem = c.authority_pem, .name = c.name});
    CHECK(shaken.is_agreed);
    CHECK(shaken.verification == c.want);
  }
}

TEST_CASE("a self-made certificate is valid from an hour ago for a year") {
  const std::vector<std::string> names{"localhost"};
  struct Case {
    TimePoint made_at;
    std::string want;
  };
  using namespace std::chrono_literals;
  const std::vector<Case> cases{
      {now() + 59min, "ok"},
      {now() + 61min, "certificate is not yet valid"},
      {now() - 365 * 24h + 1min, "ok"},
      {now() - 365 * 24h - 1min, "certificate has expired"},
  };
  for (const Case& c : cases) {
    const SelfMade made = *make_self_made(names, c.made_at);
    const auto shaken = shake_hands(*make_server_context(made.identity), {.authority_pem = made.authority_pem});
    CHECK(shaken.verification == c.want);
  }
}

TEST_CASE("what is neither a DNS name nor an IP address gets no certificate") {
  const std::vector<std::string> cases{
      "",        "a b",  "-a",    "a-",  "a..b",      "a.",    "127.0.0.256",  "http://localhost",
      "a,DNS:b", "a\nb", "*.*.a", "a.*", "b\xc3\xbc", "[::1]", "localhost:80", std::string(64, 'a'),
      "*"};
  for (const std::string& name : cases) {
    INFO(name);
    const auto made = make_self_made(std::vector{name}, now());
    REQUIRE_FALSE(made.has_value());
    CHECK_THAT(made.error().message, Catch::Contains("is neither a DNS name"));
  }
  CHECK_FALSE(make_self_made(std::vector<std::string>{}, now()).has_value());
}

}  // namespace
}  // namespace plimsoll::tls
