#include "plimsoll/tls/certificate_set.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::sys_days{std::chrono::January / 1 / 2026}};

Authority made_authority() {
  return *make_authority({kNow, kNow + 1000h});
}

CertificateSet made_set() {
  Authority authority = made_authority();
  Identity leaf = *issue_identity(authority, std::vector<std::string>{"localhost"}, kNow + 10h);
  return {std::move(authority), std::nullopt, {}, std::move(leaf)};
}

CertificateSet made_full_set() {
  CertificateSet set = made_set();
  set.next = made_authority();
  set.former = {{made_authority().certificate_pem(), kNow + 5h}, {made_authority().certificate_pem(), kNow + 8h}};
  return set;
}

TEST_CASE("a set is read back as it was written") {
  for (const CertificateSet& set : {made_set(), made_full_set()}) {
    Entries entries = encode_certificates(set);
    for (const auto& [name, text] : entries)
      CHECK(std::find(entry_names().begin(), entry_names().end(), name) != entry_names().end());
    entries["others.txt"] = "not ours";
    const auto read = decode_certificates(entries);
    REQUIRE(read.has_value());
    CHECK(*read == set);
  }
}

TEST_CASE("others find what is served and what to trust under the names that every TLS Secret has") {
  const CertificateSet set = made_full_set();
  const Entries entries = encode_certificates(set);
  CHECK(entries.at("tls.crt") == set.leaf.chain_pem());
  CHECK(entries.at("tls.key") == set.leaf.key_pem());
  CHECK(entries.at("ca.crt") == set.authority.certificate_pem() + set.next->certificate_pem() +
                                    set.former[0].certificate_pem + set.former[1].certificate_pem);
}

TEST_CASE("nothing, a stranger's certificates and a damaged set are told apart") {
  const Entries good = encode_certificates(made_full_set());
  const Entries other = encode_certificates(made_full_set());
  struct Case {
    std::string name;
    std::function<void(Entries&)> damage;
    ErrorCode code;
    std::string where, message;
  };
  const std::vector<Case> cases{
      {"none", [](Entries& e) { e.clear(); }, ErrorCode::NotFound, "", "no certificates yet"},
      {"empty ones",
       [](Entries& e) {
         e = {{"tls.crt", ""}, {"tls.key", ""}, {"else", "x"}};
       },
       ErrorCode::NotFound, "", "no certificates yet"},
      {"a stranger's", [](Entries& e) { e.erase("authority.key"), e.erase("authority.crt"); }, ErrorCode::Unsupported,
       "", "did not make"},
      {"no authority's key", [](Entries& e) { e.erase("authority.key"); }, ErrorCode::Invalid, "authority.key",
       "empty"},
      {"no leaf", [](Entries& e) { e.erase("tls.crt"); }, ErrorCode::Invalid, "tls.crt", "empty"},
      {"half a leaf", [](Entries& e) { e["tls.crt"].resize(300); }, ErrorCode::Invalid, "tls.crt", "malformed"},
      {"another's key", [&](Entries& e) { e["tls.key"] = other.at("tls.key"); }, ErrorCode::Invalid, "tls.key",
       "is not the key"},
      {"another's leaf", [&](Entries& e) { e["tls.key"] = other.at("tls.key"), e["tls.crt"] = other.at("tls.crt"); },
       ErrorCode::Invalid, "tls.crt", "was not signed by the authority"},
      {"half a next one", [](Entries& e) { e.erase("next.crt"); }, ErrorCode::Invalid, "next.crt", "empty"},
      {"garbage for a former one", [](Entries& e) { e["former.crt"] = "x"; }, ErrorCode::Invalid, "former.crt",
       "no certificate"},
      {"a time too few", [](Entries& e) { e["former.until"] = "2026-01-01T05:00:00Z\n"; }, ErrorCode::Invalid,
       "former.until", ""},
      {"no bundle", [](Entries& e) { e.erase("ca.crt"); }, ErrorCode::Invalid, "ca.crt", "list of the authorities"},
      {"another's bundle", [&](Entries& e) { e["ca.crt"] = other.at("ca.crt"); }, ErrorCode::Invalid, "ca.crt",
       "list of the authorities"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Entries entries = good;
    c.damage(entries);
    const auto read = decode_certificates(entries);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == c.code);
    CHECK(read.error().where == c.where);
    CHECK_THAT(read.error().message, Catch::Contains(c.message));
  }
}

}  // namespace
}  // namespace plimsoll::tls
