// Keeps one set of self-made certificates that several servers share, and serves nothing but what is stored.
//
// A round is: load the Secret, ask next_step, take the step, store the result under the version that was loaded.
// Whoever comes second is refused by that version and loads again, so all servers agree without knowing of each other.
// When the store cannot be reached, everybody goes on with what was last seen; a set that got lost or damaged is stored
// again by whoever still has it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/certificate_set.hpp"
#include "plimsoll/tls/rotation.hpp"

namespace plimsoll::tls {

/// What a store holds, and which state of it that is.
struct StoredEntries {
  Entries entries;
  std::string version;  ///< empty: there is no Secret yet
};

/// Where the set is kept: a Secret of Kubernetes, or a fake of it. Both functions may block for a bounded time.
struct SecretStore {
  enum class Outcome {
    Stored,
    Conflict,  ///< another was faster: the version is no longer the one given
  };

  std::function<Result<StoredEntries>()> load;
  /// Replaces the entries of a set by these if the version is still theirs, and makes the Secret if it is empty.
  /// After an error they may have been stored all the same.
  std::function<Result<Outcome>(const StoredEntries& wanted)> store;
};

class SecretKeeper {
 public:
  /// How the keeper speaks to whoever logs, counts and serves. Threads: called on that of look().
  struct Events {
    /// A set is in force: the first one, or another than before.
    std::function<void(const CertificateSet& certificates)> on_served = {};
    /// This server took a step, and its result is stored.
    std::function<void(Step step, std::string_view reason)> on_step = {};
    /// A round failed, or a set had to be stored again.
    std::function<void(const Error& error)> on_trouble = {};
  };

  struct Options {
    SecretStore store;
    std::vector<std::string> names;
    Lifetimes lifetimes = {};
    std::function<TimePoint()> now;
    /// For how long every caller has been known to trust all of `bundle`; nothing when it is not known.
    std::function<std::optional<std::chrono::milliseconds>(const std::string& bundle)> published_for = {};
    Events events = {};
    unsigned seed = 0;  ///< of the jitter; replicas differ
  };

  explicit SecretKeeper(Options options) : options_(std::move(options)), random_(options_.seed) {}

  /// One round, with as many steps as are due. Errors: what kept it from knowing or storing the set.
  /// Threads: one at a time.
  Result<void> look();

  /// Looks again and again. `sleep` waits and tells whether to go on.
  void run_until(const std::function<bool(std::chrono::milliseconds)>& sleep);

  /// What is in force; null before the first round that succeeded. Threads: any.
  [[nodiscard]] std::shared_ptr<const CertificateSet> certificates() const;

  /// What callers ought to trust; nothing while the store has not been seen for so long that others may have moved on.
  /// Threads: any.
  [[nodiscard]] std::optional<std::string> wanted_bundle() const;

 private:
  struct Found {
    std::optional<CertificateSet> certificates;
    bool is_stored = false;  ///< they are what the store holds
    std::string version;
  };

  Result<Found> find();
  void serve(const CertificateSet& certificates, const std::string& version);
  [[nodiscard]] Circumstances circumstances(const std::optional<CertificateSet>& certificates) const;
  [[nodiscard]] std::chrono::milliseconds pause();

  Options options_;
  std::minstd_rand random_;
  std::string served_version_;  // of the store, while it is known to hold what is served
  bool was_damaged_ = false;

  mutable std::mutex mutex_;
  std::shared_ptr<const CertificateSet> served_;  // guarded by mutex_
  TimePoint seen_at_;                             // guarded by mutex_
};

}  // namespace plimsoll::tls
