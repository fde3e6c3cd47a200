#include "plimsoll/tls/peer.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "client_authority.hpp"
#include "handshake.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::tls {
namespace {

using Absence = ClientTrust::Absence;

TimePoint now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

ServerContext make_context(const std::string& authorities, Absence absence) {
  return *make_server_context(make_self_made(std::vector<std::string>{"localhost"}, now())->identity,
                              ClientTrust{*parse_authorities(authorities, "ca.crt"), absence});
}

struct Given {
  ClientAuthority root{"root"};
  ClientAuthority other{"other"};
  ClientAuthority issuer{"issuer", &root};
  ClientAuthority old{"old", nullptr, -60};
};

const Given& given() {
  static const Given authorities;
  return authorities;
}

TEST_CASE("a client certificate is taken when its chain, its time and its use are right") {
  const Given& g = given();
  const Pair good = g.root.issue({});
  const Pair by_issuer = g.issuer.issue({});
  const Pair by_client = g.root.issue({.is_authority = false});
  struct Case {
    std::string_view what;
    std::string trusted;
    Pair shown;
    std::string refusal;  // empty: taken
  };
  const std::vector<Case> cases{
      {"signed by the authority", g.root.pem(), good, ""},
      {"no use is said", g.root.pem(), g.root.issue({.usage = ""}), ""},
      {"for clients and servers", g.root.pem(), g.root.issue({.usage = "serverAuth,clientAuth"}), ""},
      {"through an intermediate that is shown",
       g.root.pem(),
       {by_issuer.certificate + g.issuer.pem(), by_issuer.key},
       ""},
      {"the intermediate alone is trusted", g.issuer.pem(), by_issuer, ""},
      {"one of two authorities", g.other.pem() + g.root.pem(), good, ""},
      {"an authority twice in the file", g.root.pem() + g.root.pem(), good, ""},
      {"for servers only", g.root.pem(), g.root.issue({.usage = "serverAuth"}), "unsuitable certificate purpose"},
      {"another authority", g.other.pem(), good, "unable to get local issuer certificate"},
      {"an intermediate that is not shown", g.root.pem(), by_issuer, "unable to get local issuer certificate"},
      {"only the intermediate is trusted, not its root", g.issuer.pem(), good,
       "unable to get local issuer certificate"},
      {"expired", g.root.pem(), g.root.issue({.valid_until = -60}), "certificate has expired"},
      {"not yet valid", g.root.pem(), g.root.issue({.valid_from = 600}), "certificate is not yet valid"},
      {"its authority has expired", g.old.pem(), g.old.issue({}), "certificate has expired"},
      {"an authority of the same name", g.root.pem(), ClientAuthority("root").issue({}),
       "certificate signature failure"},
  };
  for (const Absence absence : {Absence::Refused, Absence::Allowed}) {
    for (const Case& c : cases) {
      for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        INFO(c.what << ", " << version);
        const Shaken shaken =
            shake_hands(make_context(c.trusted, absence),
                        {.newest = version, .chain_pem = c.shown.certificate, .key_pem = c.shown.key});
        CHECK(shaken.is_agreed == c.refusal.empty());
        CHECK((shaken.peer != nullptr) == c.refusal.empty());
        if (!c.refusal.empty()) CHECK(shaken.refusal == "certificate verify failed: " + c.refusal);
      }
    }
  }
}

TEST_CASE("without a certificate one gets in only where it may be absent") {
  const std::string trusted = given().root.pem();
  const Shaken welcome = shake_hands(make_context(trusted, Absence::Allowed), {});
  CHECK(welcome.is_agreed);
  CHECK(welcome.peer == nullptr);
  const Shaken refused = shake_hands(make_context(trusted, Absence::Refused), {});
  CHECK_FALSE(refused.is_agreed);
  CHECK(refused.refusal == "peer did not return a certificate");
  CHECK(refused.failure == "tlsv13 alert certificate required");
}

TEST_CASE("a server that takes no client certificates asks for none") {
  const Pair shown = given().root.issue({});
  const auto context = make_server_context(make_self_made(std::vector<std::string>{"localhost"}, now())->identity);
  const Shaken shaken = shake_hands(*context, {.chain_pem = shown.certificate, .key_pem = shown.key});
  CHECK(shaken.is_agreed);
  CHECK(shaken.peer == nullptr);
}

TEST_CASE("clients are told whose certificates are taken") {
  const Shaken shaken = shake_hands(make_context(given().root.pem() + given().other.pem(), Absence::Allowed), {});
  CHECK(shaken.authorities == std::vector<std::string>{"/CN=root", "/CN=other"});
}

TEST_CASE("a peer has the names of its certificate, and the earliest end of its chain") {
  const ClientAuthority short_lived("short-lived", nullptr, 600);
  const Pair shown =
      short_lived.issue({.names = {{"O", "system:masters"}, {"CN", "first"}, {"O", "Ünïcode"}, {"CN", "last"}},
                         .alternative_names = "DNS:a.example.com,URI:spiffe://cluster/api,IP:10.0.0.1,"
                                              "DNS:b.example.com,email:a@example.com"});
  const Shaken shaken = shake_hands(make_context(short_lived.pem(), Absence::Refused),
                                    {.chain_pem = shown.certificate, .key_pem = shown.key});
  REQUIRE(shaken.peer != nullptr);
  CHECK(shaken.peer->common_name == "last");
  CHECK(shaken.peer->organizations == std::vector<std::string>{"system:masters", "Ünïcode"});
  CHECK(shaken.peer->dns_names == std::vector<std::string>{"a.example.com", "b.example.com"});
  CHECK(shaken.peer->uris == std::vector<std::string>{"spiffe://cluster/api"});
  CHECK(shaken.peer->valid_until > now() + std::chrono::seconds{500});
  CHECK(shaken.peer->valid_until <= now() + std::chrono::seconds{600});
}

TEST_CASE("a certificate may have no name at all, and one with NUL keeps all of it") {
  const ServerContext context = make_context(given().root.pem(), Absence::Refused);
  const Pair nameless = given().root.issue({.names = {}});
  const Shaken unnamed = shake_hands(context, {.chain_pem = nameless.certificate, .key_pem = nameless.key});
  REQUIRE(unnamed.peer != nullptr);
  CHECK(unnamed.peer->common_name.empty());
  CHECK(unnamed.peer->dns_names.empty());

  const std::string trick("kube-apiserver\0.evil", 20);
  const Pair tricky = given().root.issue({.names = {{"CN", trick}}});
  const Shaken tricked = shake_hands(context, {.chain_pem = tricky.certificate, .key_pem = tricky.key});
  REQUIRE(tricked.peer != nullptr);
  CHECK(tricked.peer->common_name == trick);
}

TEST_CASE("a bundle of authorities holds certificates that may sign others") {
  const ClientAuthority root("root");
  struct Case {
    std::string in, want;  // empty: taken
  };
  const Pair leaf = root.issue({});
  const std::string torn = root.pem().substr(0, 200) + "\n-----END CERTIFICATE-----\n";
  const std::vector<Case> cases{
      {root.pem(), ""},
      {"words before\n" + root.pem() + "words behind\n", ""},
      {"", "holds no certificate; PEM is needed"},
      {"words", "holds no certificate; PEM is needed"},
      {leaf.key, "holds no certificate; PEM is needed"},
      {torn, "certificate 1 is malformed: "},
      {root.pem() + torn, "certificate 2 is malformed: "},
      {root.pem() + leaf.certificate,
       "certificate 2 is not an authority's: it may not sign others (CA:TRUE is missing)"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto authorities = parse_authorities(c.in, "ca.crt");
    CHECK(authorities.has_value() == c.want.empty());
    if (authorities) {
      CHECK(authorities->pem() == c.in);
    } else {
      CHECK_THAT(authorities.error().message, Catch::StartsWith(c.want));
      CHECK(authorities.error().where == "ca.crt");
    }
  }
}

}  // namespace
}  // namespace plimsoll::tls
