// A Secret in memory, with versions, and whatever a test wants to go wrong.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "plimsoll/tls/secret_keeper.hpp"

namespace plimsoll::tls {

class FakeSecret {
 public:
  /// Asked before each load and each store; a message makes it fail. Of a store `Late` fails after it was stored.
  enum class Luck { Good, Fails, FailsLate };
  std::function<Luck()> luck = [] { return Luck::Good; };
  std::function<void()> after_load = [] {};

  std::atomic<int> loads = 0, stores = 0, conflicts = 0;

  SecretStore store() {
    return {.load = [this] { return load(); },
            .store = [this](const StoredEntries& wanted) { return replace(wanted); }};
  }

  StoredEntries content() const {
    const std::lock_guard lock(mutex_);
    return content_;
  }
  void set(Entries entries) {
    const std::lock_guard lock(mutex_);
    content_ = {std::move(entries), std::to_string(++counter_)};
  }
  void remove() {
    const std::lock_guard lock(mutex_);
    content_ = {};
  }

 private:
  Result<StoredEntries> load() {
    ++loads;
    if (luck() != Luck::Good) return fail(ErrorCode::Io, "the API server is away");
    StoredEntries seen = content();
    after_load();
    return seen;
  }
  Result<SecretStore::Outcome> replace(const StoredEntries& wanted) {
    const Luck drawn = luck();
    if (drawn == Luck::Fails) return fail(ErrorCode::Io, "the API server is away");
    const std::lock_guard lock(mutex_);
    if (wanted.version != content_.version) {
      ++conflicts;
      return SecretStore::Outcome::Conflict;
    }
    ++stores;
    content_ = {wanted.entries, std::to_string(++counter_)};
    if (drawn == Luck::FailsLate) return fail(ErrorCode::Io, "no answer within 5 s");
    return SecretStore::Outcome::Stored;
  }

  mutable std::mutex mutex_;
  StoredEntries content_;
  int counter_ = 0;
};

}  // namespace plimsoll::tls
