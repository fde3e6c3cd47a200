#include "plimsoll/tls/authority.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plimsoll/tls/certificate.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::sys_days{std::chrono::January / 1 / 2026}};

Authority made_authority() {
  return *make_authority({kNow, kNow + 1000h});
}

TEST_CASE("what an authority signs is valid from the authority's beginning, and never beyond its end") {
  const Authority authority = made_authority();
  struct Case {
    TimePoint until, want;
  };
  const std::vector<Case> cases{{kNow + 10h, kNow + 10h}, {kNow + 1000h, kNow + 1000h}, {kNow + 2000h, kNow + 1000h}};
  for (const Case& c : cases) {
    const Identity leaf = *issue_identity(authority, std::vector<std::string>{"localhost"}, c.until);
    CHECK(leaf.valid_from() == kNow);
    CHECK(leaf.valid_until() == c.want);
  }
}

TEST_CASE("a chain is verified by authority, name and time") {
  const Authority authority = made_authority();
  const Authority stranger = made_authority();
  const Identity leaf = *issue_identity(authority, std::vector<std::string>{"a.b.svc", "127.0.0.1"}, kNow + 10h);
  const std::string own = authority.certificate_pem();
  const std::string other = stranger.certificate_pem();
  struct Case {
    std::string chain, authorities, name;
    TimePoint now;
    std::string want;
  };
  const std::vector<Case> cases{
      {leaf.chain_pem(), own, "a.b.svc", kNow, ""},
      {leaf.chain_pem(), own, "", kNow, ""},
      {leaf.chain_pem(), own, "127.0.0.1", kNow + 10h - 1s, ""},
      {leaf.chain_pem(), other + own, "a.b.svc", kNow, ""},
      {leaf.chain_pem(), own + other, "a.b.svc", kNow, ""},
      {leaf.chain_pem(), other, "a.b.svc", kNow, "unable to get local issuer certificate"},
      {leaf.chain_pem(), "", "a.b.svc", kNow, "unable to get local issuer certificate"},
      {leaf.chain_pem(), own, "b.svc", kNow, "hostname mismatch"},
      {leaf.chain_pem(), own, "127.0.0.2", kNow, "IP address mismatch"},
      {leaf.chain_pem(), own, "a.b.svc", kNow - 1s, "certificate is not yet valid"},
      {leaf.chain_pem(), own, "a.b.svc", kNow + 10h, "certificate has expired"},
      {"", own, "a.b.svc", kNow, "there is no certificate"},
  };
  for (const Case& c : cases) {
    INFO(c.name << " wants " << c.want);
    const auto verdict = verify_chain(c.chain, {.authorities_pem = c.authorities, .name = c.name, .now = c.now});
    CHECK((verdict ? "" : verdict.error().message) == c.want);
  }
}

TEST_CASE("certificates tell who they are") {
  const Authority authority = made_authority();
  const Identity leaf = *issue_identity(authority, std::vector<std::string>{"a.b.svc", "127.0.0.1", "::1"}, kNow + 10h);
  const auto read = *parse_certificates(leaf.chain_pem() + authority.certificate_pem(), "chain");
  REQUIRE(read.size() == 2);
  CHECK(read[0].subject == "CN=plimsoll");
  CHECK(read[0].issuer == read[1].subject);
  CHECK_THAT(read[1].subject, Catch::StartsWith("CN=Plimsoll self-made authority "));
  CHECK(read[0].names == std::vector<std::string>{"a.b.svc", "127.0.0.1", "::1"});
  CHECK(read[0].valid_until == kNow + 10h);
  CHECK(read[1].valid_until == kNow + 1000h);
  CHECK_FALSE(read[0].is_authority);
  CHECK(read[1].is_authority);
  CHECK(read[0].serial.size() == 32);
  CHECK(read[0].fingerprint.size() == 64);
  CHECK(read[0].pem == leaf.chain_pem());

  CHECK(parse_certificates("", "x").error().message == "is empty; PEM certificates are needed");
  CHECK_THAT(parse_certificates("hello", "x").error().message, Catch::StartsWith("holds no certificate"));
  const std::string half = leaf.chain_pem() + authority.certificate_pem().substr(0, 200);
  CHECK_THAT(parse_certificates(half, "x").error().message, Catch::StartsWith("certificate 2 is malformed"));
}

TEST_CASE("only a certificate that may sign is read as an authority's") {
  const Authority authority = made_authority();
  const Identity leaf = *issue_identity(authority, std::vector<std::string>{"localhost"}, kNow + 10h);
  const IdentityFiles names{"authority.crt", "authority.key"};
  CHECK(*parse_authority(authority.certificate_pem(), authority.key_pem(), names) == authority);
  CHECK_THAT(parse_authority(leaf.chain_pem(), leaf.key_pem(), names).error().message,
             Catch::Contains("no certificate of an authority"));
  CHECK_THAT(
      parse_authority(authority.certificate_pem() + leaf.chain_pem(), authority.key_pem(), names).error().message,
      Catch::Contains("holds 2 certificates"));
  CHECK_THAT(parse_authority(authority.certificate_pem(), made_authority().key_pem(), names).error().message,
             Catch::Contains("is not the key"));
}

TEST_CASE("a Service has four names, and the API server's comes first") {
  const std::vector<std::string> want{"plimsoll.plimsoll-system.svc", "plimsoll.plimsoll-system.svc.cluster.local",
                                      "plimsoll.plimsoll-system", "plimsoll"};
  CHECK(*service_names("plimsoll.plimsoll-system") == want);
  for (const std::string text : {"", "plimsoll", "plimsoll.", ".system", "a.b.svc", "a..b", "A.b", "a/b", "-a.b"}) {
    INFO(text);
    const auto names = service_names(text);
    REQUIRE_FALSE(names.has_value());
    CHECK_THAT(names.error().message, Catch::Contains("is not a Service's NAME.NAMESPACE"));
  }
}

}  // namespace
}  // namespace plimsoll::tls
