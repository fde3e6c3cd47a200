#include "plimsoll/tls/secret_keeper.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "fake_store.hpp"
#include "plimsoll/tls/certificate.hpp"

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart{std::chrono::sys_days{std::chrono::January / 1 / 2026}};

struct Fixture {
  FakeSecret secret;
  TimePoint now = kStart;
  std::vector<std::string> steps, troubles;
  int served = 0;

  SecretKeeper keeper(std::vector<std::string> names = {"localhost"}) {
    return SecretKeeper(
        {.store = secret.store(),
         .names = std::move(names),
         .now = [this] { return now; },
         .events = {.on_served = [this](const CertificateSet&) { ++served; },
                    .on_step = [this](Step step, std::string_view) { steps.emplace_back(to_text(step)); },
                    .on_trouble = [this](const Error& error) { troubles.push_back(error.message); }}});
  }
};

TEST_CASE("the first keeper makes the set, the second serves the same") {
  Fixture f;
  SecretKeeper first = f.keeper();
  CHECK(first.certificates() == nullptr);
  CHECK_FALSE(first.wanted_bundle().has_value());
  REQUIRE(first.look().has_value());
  SecretKeeper second = f.keeper();
  REQUIRE(second.look().has_value());
  CHECK(*first.certificates() == *second.certificates());
  CHECK(*first.certificates() == *decode_certificates(f.secret.content().entries));
  CHECK(first.wanted_bundle() == to_bundle(*second.certificates()));
  CHECK(f.steps == std::vector<std::string>{"make an authority and a certificate"});
  CHECK(f.served == 2);
  CHECK(f.secret.stores == 1);
}

TEST_CASE("an empty Secret is filled") {
  Fixture f;
  f.secret.set({{"tls.crt", ""}, {"tls.key", ""}});
  SecretKeeper keeper = f.keeper();
  CHECK(keeper.look().has_value());
  CHECK(decode_certificates(f.secret.content().entries).has_value());
}

TEST_CASE("a stranger's Secret is left alone") {
  Fixture f;
  f.secret.set({{"tls.crt", "a chain"}, {"tls.key", "a key"}});
  SecretKeeper keeper = f.keeper();
  CHECK_THAT(keeper.look().error().message, Catch::Contains("did not make"));
  CHECK_THAT(keeper.look().error().message, Catch::Contains("did not make"));
  CHECK(f.secret.stores == 0);
}

TEST_CASE("what is lost or damaged is stored again by who still has it") {
  Fixture f;
  SecretKeeper keeper = f.keeper();
  REQUIRE(keeper.look().has_value());
  const CertificateSet before = *keeper.certificates();
  f.secret.remove();
  REQUIRE(keeper.look().has_value());
  CHECK(*decode_certificates(f.secret.content().entries) == before);
  f.secret.set({{"authority.key", "nonsense"}});
  REQUIRE(keeper.look().has_value());
  CHECK(*decode_certificates(f.secret.content().entries) == before);
  CHECK(f.troubles.size() == 2);
  CHECK(f.served == 1);
}

TEST_CASE("a newcomer gives others a round's time to mend a damaged set, then makes another") {
  Fixture f;
  f.secret.set({{"authority.key", "nonsense"}});
  SecretKeeper keeper = f.keeper();
  CHECK_FALSE(keeper.look().has_value());
  CHECK(f.secret.stores == 0);
  CHECK(keeper.look().has_value());
  CHECK(decode_certificates(f.secret.content().entries).has_value());
}

TEST_CASE("while the store is away everything goes on, but nobody is told what to trust") {
  Fixture f;
  SecretKeeper keeper = f.keeper();
  REQUIRE(keeper.look().has_value());
  const auto before = keeper.certificates();
  f.secret.luck = [] { return FakeSecret::Luck::Fails; };
  f.now += 60 * 24h;
  CHECK(keeper.look().error().message == "the API server is away");
  CHECK(keeper.certificates() == before);
  CHECK_FALSE(keeper.wanted_bundle().has_value());
  f.secret.luck = [] { return FakeSecret::Luck::Good; };
  CHECK(keeper.look().has_value());
  CHECK(f.steps.back() == "renew the certificate");
  CHECK(keeper.certificates() != before);
  CHECK(keeper.wanted_bundle().has_value());
}

TEST_CASE("a set that was stored without an answer is found and served") {
  Fixture f;
  SecretKeeper keeper = f.keeper();
  int draws = 0;
  f.secret.luck = [&] { return ++draws == 2 ? FakeSecret::Luck::FailsLate : FakeSecret::Luck::Good; };
  CHECK(keeper.look().error().message == "no answer within 5 s");
  CHECK(keeper.certificates() == nullptr);
  CHECK(keeper.look().has_value());
  CHECK(f.secret.stores == 1);
}

TEST_CASE("an operator's new set is taken over at the next round") {
  Fixture f;
  SecretKeeper keeper = f.keeper();
  REQUIRE(keeper.look().has_value());
  const CertificateSet anew = *take_step(Step::MakeAll, f.now, nullptr, {.names = {"localhost"}});
  f.secret.set(encode_certificates(anew));
  REQUIRE(keeper.look().has_value());
  CHECK(*keeper.certificates() == anew);
  CHECK(f.served == 2);
}

TEST_CASE("a loop looks between sleeps that differ, until it is told to stop") {
  Fixture f;
  SecretKeeper keeper = f.keeper();
  std::set<std::chrono::milliseconds> pauses;
  keeper.run_until([&](std::chrono::milliseconds pause) {
    CHECK(pause >= 5s);
    CHECK(pause <= 10s);
    pauses.insert(pause);
    return f.secret.loads < 20;
  });
  CHECK(f.secret.loads == 20);
  CHECK(pauses.size() > 10);
}

TEST_CASE("many keepers race for one Secret, through conflicts and failures, and all serve the same") {
  FakeSecret secret;
  std::mutex mutex;
  std::minstd_rand random(1);
  secret.luck = [&] {
    const std::lock_guard lock(mutex);
    const auto drawn = random() % 10;
    return drawn == 0 ? FakeSecret::Luck::Fails : drawn == 1 ? FakeSecret::Luck::FailsLate : FakeSecret::Luck::Good;
  };
  secret.after_load = [] { std::this_thread::yield(); };
  std::set<std::string> stored;
  std::vector<std::string> served;

  // Half of a third of a leaf's life from step to step, so that each keeper finds something to do every other time.
  std::atomic<std::int64_t> hours = 0;
  std::vector<std::unique_ptr<SecretKeeper>> keepers;
  for (unsigned i = 0; i < 6; ++i) {
    keepers.push_back(std::make_unique<SecretKeeper>(
        SecretKeeper::Options{.store = secret.store(),
                              .names = {"localhost", "replica-" + std::to_string(i % 2)},
                              .now = [&] { return kStart + std::chrono::hours(hours.load()); },
                              .published_for = [](const std::string&) { return 1h; },
                              .events = {.on_served =
                                             [&](const CertificateSet& set) {
                                               const std::lock_guard lock(mutex);
                                               served.push_back(set.leaf.chain_pem());
                                             }},
                              .seed = i}));
  }
  const auto note_stored = [&] { stored.insert(secret.content().entries.at("tls.crt")); };
  for (int round = 0; round < 30; ++round, hours += 15 * 24) {
    std::vector<std::thread> threads;
    for (const auto& keeper : keepers)
      threads.emplace_back([&keeper] {
        for (int i = 0; i < 3; ++i) (void)keeper->look();
      });
    for (std::thread& thread : threads) thread.join();
    note_stored();
  }
  secret.luck = [] { return FakeSecret::Luck::Good; };
  for (int i = 0; i < 2; ++i)
    for (const auto& keeper : keepers) CHECK(keeper->look().has_value());
  note_stored();

  for (const auto& keeper : keepers) CHECK(*keeper->certificates() == *keepers.front()->certificates());
  CHECK(*keepers.front()->certificates() == *decode_certificates(secret.content().entries));
  CHECK(stored.size() > 5);
  CHECK(secret.stores < 60);  // nobody undoes what another did
  CHECK(std::set<std::string>(served.begin(), served.end()).size() <= static_cast<std::size_t>(secret.stores));
}

}  // namespace
}  // namespace plimsoll::tls
