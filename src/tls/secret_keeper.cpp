#include "plimsoll/tls/secret_keeper.hpp"

#include <algorithm>

namespace plimsoll::tls {
namespace {

// Steps that may be due at once are fewer than five, and each may be lost to others a few times.
constexpr int kMaxTurns = 20;

// A round in five minutes' settling every ten seconds: the last word of a server that has been cut off is old by a
// third of the settling at most, and all others have seen for longer than that what they rely on.
constexpr int kRoundsPerSettling = 30;
constexpr int kTrustedShareOfSettling = 3;

// So that a leaf of minutes, in a test, is renewed in time; one of days is looked at far more often than it needs.
constexpr int kRoundsPerLeaf = 12;

}  // namespace

std::shared_ptr<const CertificateSet> SecretKeeper::certificates() const {
  const std::lock_guard lock(mutex_);
  return served_;
}

std::optional<std::string> SecretKeeper::wanted_bundle() const {
  const std::lock_guard lock(mutex_);
  const auto age = options_.now() - seen_at_;
  if (!served_ || std::chrono::abs(age) > options_.lifetimes.settling / kTrustedShareOfSettling) return std::nullopt;
  return to_bundle(*served_);
}

Circumstances SecretKeeper::circumstances(const std::optional<CertificateSet>& certificates) const {
  Circumstances found{.names = options_.names, .lifetimes = options_.lifetimes};
  if (certificates && certificates->next && options_.published_for)
    found.published_for = options_.published_for(to_bundle(*certificates));
  return found;
}

void SecretKeeper::serve(const CertificateSet& certificates, const std::string& version) {
  served_version_ = version;
  const bool is_new = !served_ || *served_ != certificates;
  {
    const std::lock_guard lock(mutex_);
    seen_at_ = options_.now();
    if (is_new) served_ = std::make_shared<const CertificateSet>(certificates);
  }
  if (is_new && options_.events.on_served) options_.events.on_served(certificates);
}

// What the store holds; or, when that is lost or damaged, what this server has.
Result<SecretKeeper::Found> SecretKeeper::find() {
  PLIMSOLL_TRY(stored, options_.store.load());
  if (served_ && !stored.version.empty() && stored.version == served_version_)
    return Found{*served_, true, std::move(stored.version)};

  Result<CertificateSet> decoded = decode_certificates(stored.entries);
  if (decoded) {
    was_damaged_ = false;
    return Found{std::move(*decoded), true, std::move(stored.version)};
  }
  const ErrorCode code = decoded.error().code;
  if (code == ErrorCode::Unsupported) return Unexpected{std::move(decoded).error()};
  if (served_) {
    if (options_.events.on_trouble) options_.events.on_trouble(decoded.error());
    return Found{*served_, false, std::move(stored.version)};
  }
  // Another server may have the whole set still, and is given the time to store it.
  if (code != ErrorCode::NotFound && !std::exchange(was_damaged_, true)) return Unexpected{std::move(decoded).error()};
  return Found{std::nullopt, false, std::move(stored.version)};
}

Result<void> SecretKeeper::look() {
  for (int turn = 0; turn < kMaxTurns; ++turn) {
    Result<Found> found = find();
    if (!found) return Unexpected{std::move(found).error()};
    if (found->is_stored) serve(*found->certificates, found->version);

    const CertificateSet* present = found->certificates ? &*found->certificates : nullptr;
    const Circumstances given = circumstances(found->certificates);
    const TimePoint now = options_.now();
    const NextStep next = next_step(now, present, given);
    if (next.step == Step::Keep && found->is_stored) return {};

    std::optional<CertificateSet> wanted = found->certificates;
    if (next.step != Step::Keep) {
      PLIMSOLL_TRY(changed, take_step(next.step, now, present, given));
      wanted = std::move(changed);
    }
    PLIMSOLL_TRY(outcome, options_.store.store({encode_certificates(*wanted), found->version}));
    if (outcome == SecretStore::Outcome::Stored && next.step != Step::Keep && options_.events.on_step)
      options_.events.on_step(next.step, next.reason);
    // Stored or not, the next turn loads: only what is seen in the store is served.
  }
  return fail(ErrorCode::Io, "others changed it each time that it was to be stored");
}

std::chrono::milliseconds SecretKeeper::pause() {
  const auto longest =
      std::min(options_.lifetimes.settling / kRoundsPerSettling, options_.lifetimes.leaf / kRoundsPerLeaf);
  // From half of it to the whole, so that replicas that started together do not stay together.
  const std::int64_t most = std::max<std::int64_t>(longest.count(), 2);
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(most / 2, most)(random_));
}

void SecretKeeper::run_until(const std::function<bool(std::chrono::milliseconds)>& sleep) {
  while (sleep(pause())) {
    const Result<void> done = look();
    if (!done && options_.events.on_trouble) options_.events.on_trouble(done.error());
  }
}

}  // namespace plimsoll::tls
