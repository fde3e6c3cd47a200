// Years of several servers, webhook configurations and API servers in seconds: clocks differ, calls fail or succeed
// without an answer, servers crash, are cut off for weeks and write what they believed a while ago. What is held to: at
// every instant every certificate that is served is trusted by every bundle that an API server may have in mind.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "fake_store.hpp"
#include "plimsoll/tls/certificate.hpp"
#include "plimsoll/tls/secret_keeper.hpp"

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;
using Days = std::chrono::days;
using Span = std::chrono::milliseconds;

const TimePoint kStart{std::chrono::sys_days{std::chrono::January / 1 / 2026}};
const std::string kName = "plimsoll.plimsoll-system.svc";

// As in earnest but for the settling, which sets the pace of rounds: minutes would make them millions.
const Lifetimes kLifetimes{.authority = Days{300}, .leaf = Days{60}, .settling = Days{2}};
constexpr Span kWatchLag = 10min;

/// How servers know that callers trust a bundle. A reckless one believes it as soon as it is asked.
enum class Care { Careful, Reckless };

/// One webhook configuration: its bundle now, and what it was for those who have not heard yet.
struct Configuration {
  std::string bundle;
  std::string bundle_before;
  TimePoint changed_at;
  int version = 0;
};

class World {
 public:
  World(unsigned seed, Care care) : random_(seed), care_(care) {
    secret_.luck = [this] {
      const std::size_t drawn = draw(100);
      if (acting_ != nullptr && now_ < acting_->cut_off_until) return FakeSecret::Luck::Fails;
      return drawn < 5 ? FakeSecret::Luck::Fails : drawn < 8 ? FakeSecret::Luck::FailsLate : FakeSecret::Luck::Good;
    };
    // In the middle of one server's round another has a whole one.
    secret_.after_load = [this] {
      if (is_interrupted_ || draw(3) != 0) return;
      Replica* const interrupted = acting_;
      Replica& other = replicas_[draw(replicas_.size())];
      if (&other == interrupted) return;
      is_interrupted_ = true;
      look(other);
      is_interrupted_ = false;
      acting_ = interrupted;
    };
    for (Replica& replica : replicas_) start(replica);
  }

  void run(Span time) {
    const TimePoint end = now_ + time;
    while (now_ < end && failure.empty()) {
      now_ += Span(draw(80 * 60 * 1000));
      Replica& replica = replicas_[draw(replicas_.size())];
      act(replica);
      check();
    }
  }

  std::string failure;
  std::set<std::string> leaves, authorities;
  std::size_t longest_bundle = 0;
  int crashes = 0, partitions = 0;

  /// All servers that can be reached look once more without mishap: what they serve, which must be one thing.
  std::set<std::string> settle() {
    secret_.luck = [] { return FakeSecret::Luck::Good; };
    std::set<std::string> served;
    for (int i = 0; i < 2; ++i) {
      served.clear();
      for (Replica& replica : replicas_) {
        look(replica);
        served.insert(replica.keeper->certificates()->leaf.chain_pem());
      }
    }
    return served;
  }
  [[nodiscard]] int conflicts() const { return secret_.conflicts; }

 private:
  struct Replica {
    std::unique_ptr<SecretKeeper> keeper;
    Span skew{};
    TimePoint cut_off_until;
    // What it has seen of the configurations, each time that it looked: all of this bundle, since then.
    std::string seen_bundle;
    TimePoint seen_since;
    // A write of a bundle on its way to a configuration.
    std::optional<std::string> writing;
    std::size_t target = 0;
    int target_version = 0;
  };

  std::size_t draw(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  void start(Replica& replica) {
    // As far as clocks may be apart, both ways.
    replica.skew = Span(static_cast<std::int64_t>(draw(22)) - 11) * 3'600'000;
    replica.seen_bundle.clear();
    replica.writing.reset();
    replica.keeper = std::make_unique<SecretKeeper>(
        SecretKeeper::Options{.store = secret_.store(),
                              .names = {kName},
                              .lifetimes = kLifetimes,
                              .now = [this, &replica] { return now_ + replica.skew; },
                              .published_for = [this, &replica](const std::string& bundle) -> std::optional<Span> {
                                if (care_ == Care::Reckless) return Days{1000};
                                if (replica.seen_bundle != bundle) return std::nullopt;
                                return now_ - replica.seen_since;
                              },
                              .seed = static_cast<unsigned>(draw(1000))});
  }

  void look(Replica& replica) {
    acting_ = &replica;
    (void)replica.keeper->look();
    acting_ = nullptr;
  }

  void act(Replica& replica) {
    if (draw(800) == 0) {
      ++crashes;
      start(replica);
    } else if (draw(2000) == 0) {
      ++partitions;
      replica.cut_off_until = now_ + Days{draw(18)};
    } else if (draw(5000) == 0) {
      rotate();
    }
    if (draw(3) != 0) look(replica);
    if (now_ < replica.cut_off_until) {
      replica.seen_bundle.clear();
      return;
    }
    publish(replica);
  }

  // A graceful rotation by hand, its first half.
  void rotate() {
    const StoredEntries stored = secret_.content();
    const auto set = decode_certificates(stored.entries);
    if (!set || set->next) return;
    const auto next = take_step(Step::MakeNext, now_, &*set, {.names = {kName}, .lifetimes = kLifetimes});
    secret_.set(encode_certificates(*next));
  }

  // The keeper of caBundles: looks at each configuration, and patches under the version that it looked at; the patch
  // may arrive much later than it was decided.
  void publish(Replica& replica) {
    if (replica.writing) {
      Configuration& target = configurations_[replica.target];
      if (target.version == replica.target_version) {
        target.bundle_before = target.bundle;
        target.bundle = *replica.writing;
        target.changed_at = now_;
        ++target.version;
      }
      replica.writing.reset();
      return;
    }
    const std::optional<std::string> wanted = replica.keeper->wanted_bundle();
    if (!wanted) return;
    const bool is_published = std::all_of(configurations_.begin(), configurations_.end(),
                                          [&](const Configuration& c) { return c.bundle == *wanted; });
    if (!is_published) replica.seen_bundle.clear();
    if (is_published && replica.seen_bundle != *wanted) {
      replica.seen_bundle = *wanted;
      replica.seen_since = now_;
    }
    for (std::size_t i = 0; i < configurations_.size(); ++i) {
      if (configurations_[i].bundle == *wanted) continue;
      replica.writing = wanted;
      replica.target = i;
      replica.target_version = configurations_[i].version;
    }
  }

  void check() {
    // Before the first publication nothing can be trusted.
    if (!is_begun_) {
      is_begun_ = std::all_of(configurations_.begin(), configurations_.end(),
                              [&](const auto& c) { return !c.bundle.empty() && now_ > c.changed_at + kWatchLag; });
      return;
    }
    for (const Replica& replica : replicas_) {
      const auto set = replica.keeper->certificates();
      if (!set) continue;  // not ready
      if (now_ >= set->leaf.valid_until()) failure = "an expired certificate is served";
      for (std::size_t i = 0; i < configurations_.size(); ++i) {
        const Configuration& configuration = configurations_[i];
        hold(set, {i, configuration.version}, configuration.bundle);
        if (now_ < configuration.changed_at + kWatchLag)
          hold(set, {i, configuration.version - 1}, configuration.bundle_before);
        longest_bundle = std::max(longest_bundle, configuration.bundle.size());
      }
    }
  }

  using Version = std::pair<std::size_t, int>;  // of a configuration

  void hold(const std::shared_ptr<const CertificateSet>& set, Version version, const std::string& bundle) {
    if (!verified_.emplace(set, version).second) return;
    leaves.insert(set->leaf.chain_pem());
    authorities.insert(set->authority.certificate_pem());
    const auto verdict = verify_chain(set->leaf.chain_pem(), {.authorities_pem = bundle, .name = kName, .now = now_});
    if (!verdict) failure = verdict.error().message;
  }

  TimePoint now_ = kStart;
  std::minstd_rand random_;
  Care care_;
  FakeSecret secret_;
  std::array<Configuration, 2> configurations_;
  std::array<Replica, 3> replicas_;
  Replica* acting_ = nullptr;
  bool is_interrupted_ = false;
  bool is_begun_ = false;
  std::set<std::pair<std::shared_ptr<const CertificateSet>, Version>> verified_;
};

TEST_CASE("through years of rotations whatever is served is trusted by every published bundle") {
  for (const unsigned seed : {1U, 2U, 3U}) {
    INFO("seed " << seed);
    World world(seed, Care::Careful);
    world.run(Days{3 * 365});
    CHECK(world.failure == "");
    CHECK(world.leaves.size() >= 25);
    CHECK(world.authorities.size() >= 5);
    CHECK(world.longest_bundle < 6 * 800);  // former authorities are forgotten
    CHECK(world.crashes > 10);
    CHECK(world.partitions > 10);
    CHECK(world.conflicts() > 0);
    CHECK(world.settle().size() == 1);
  }
}

TEST_CASE("an authority that signs before callers trust it is what this test would notice") {
  World world(1, Care::Reckless);
  world.run(Days{3 * 365});
  CHECK(world.failure == "unable to get local issuer certificate");
}

}  // namespace
}  // namespace plimsoll::tls
