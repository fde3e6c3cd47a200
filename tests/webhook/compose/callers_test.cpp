#include "webhook/compose/callers.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "plimsoll/tls/self_made.hpp"
#include "webhook/compose/certificates.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;
using namespace std::chrono_literals;

namespace {

tls::SelfMade make_one() {
  const std::vector<std::string> names{"localhost"};
  return *tls::make_self_made(names, std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

tls::ClientTrust trust_in(const tls::SelfMade& made) {
  return {*tls::parse_authorities(made.authority_pem, "ca.crt")};
}

// At once, so that nobody sees half of it.
void replace(const TemporaryDirectory& directory, const std::string& name, const std::string& text) {
  std::filesystem::rename(directory.write(name + ".new", text), directory.path() / name);
}

// What the watcher's thread does is waited for, however slow the machine.
template <class Condition>
bool becomes_true(Condition is_true) {
  for (int i = 0; i < 2000 && !is_true(); ++i) std::this_thread::sleep_for(10ms);
  return is_true();
}

}  // namespace

TEST_CASE("the served certificate and the trust in clients are swapped one beside the other") {
  const tls::SelfMade first = make_one();
  const tls::SelfMade second = make_one();
  const auto live = *LiveCertificate::start_with(first.identity, trust_in(first));
  const auto before = live->current();

  SECTION("certificate first") {
    live->take(second.identity);
    CHECK(live->current()->identity == second.identity);
    CHECK(live->current()->clients == trust_in(first));
    REQUIRE(live->trust(trust_in(second)));
  }
  SECTION("trust first") {
    REQUIRE(live->trust(trust_in(second)));
    CHECK(live->current()->identity == first.identity);
    CHECK(live->current()->clients == trust_in(second));
    live->take(second.identity);
  }
  CHECK(live->current()->identity == second.identity);
  CHECK(live->current()->clients == trust_in(second));
  CHECK(live->current()->context.native() != before->context.native());
  CHECK(live->reloads().taken() == 1);
}

TEST_CASE("what handshakes refuse of the client authorities is not taken over") {
  const TemporaryDirectory directory;
  const tls::SelfMade first = make_one();
  const tls::SelfMade second = make_one();
  CallerOptions options;
  options.client_auth = "required";
  options.client_ca_file = directory.write("ca.crt", first.authority_pem);
  const auto callers = *LiveCallers::load(options);
  const Finding good = callers->check_authorities();

  reload::FileWatcher watcher({.poll = 20ms, .settle = 10ms, .refusal = 10ms});
  callers->follow(watcher, [](const tls::ClientTrust&) { return fail(ErrorCode::Invalid, "it is too weak"); });
  replace(directory, "ca.crt", second.authority_pem);
  REQUIRE(becomes_true([&] { return !callers->authority_reloads().complaint().empty(); }));
  CHECK(callers->current()->trust == trust_in(first));
  CHECK(callers->check_authorities().holds);
  CHECK(callers->check_authorities().detail == good.detail + "; what is on disk is refused: it is too weak");
  CHECK(callers->key_reloads().refused() == 0);
}

TEST_CASE("keys and client authorities change each by itself") {
  const TemporaryDirectory directory;
  const tls::SelfMade first = make_one();
  const tls::SelfMade second = make_one();
  CallerOptions options;
  options.client_auth = "optional";
  options.client_ca_file = directory.write("ca.crt", first.authority_pem);
  options.jwt = "required";
  options.jwt_issuer = options.jwt_audience = "x";
  options.jwt_keys_file = directory.write("keys.pem", first.authority_pem);
  const auto callers = *LiveCallers::load(options);
  const auth::Keys keys = callers->current()->keys;

  std::vector<tls::ClientTrust> trusted;
  auto watcher = std::make_optional<reload::FileWatcher>(
      reload::FileWatcher::Times{.poll = 20ms, .settle = 10ms, .refusal = 10ms});
  callers->follow(*watcher, [&](tls::ClientTrust next) {
    trusted.push_back(std::move(next));
    return Result<void>();
  });
  replace(directory, "keys.pem", "words");
  REQUIRE(becomes_true([&] { return callers->key_reloads().refused() == 1; }));
  replace(directory, "ca.crt", second.authority_pem);
  REQUIRE(becomes_true([&] { return callers->authority_reloads().taken() == 1; }));
  CHECK(callers->current()->keys == keys);
  CHECK(callers->current()->trust->authorities == trust_in(second).authorities);
  CHECK(callers->current()->trust->absence == tls::ClientTrust::Absence::Allowed);

  replace(directory, "keys.pem", second.authority_pem);
  REQUIRE(becomes_true([&] { return callers->key_reloads().taken() == 1; }));
  CHECK(callers->check_keys().detail == callers->check_authorities().detail);  // the same bytes
  watcher.reset();
  CHECK(callers->current()->keys != keys);
  CHECK(trusted == std::vector{*callers->current()->trust});
}
