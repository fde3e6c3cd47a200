// Looks after the two registrations while the server runs: their caBundle, and whether they fit the policy.
//
// Of the cluster's objects it writes one field, the caBundle of our own webhooks, by a JSON patch that tests what it
// has read. Everything else that is wrong there it only tells of: the registration belongs to whoever installed it, and
// `plimsoll register` mends it. It never creates and never deletes. Replicas that want the same bundle agree without
// knowing of each other: whoever comes second finds nothing to do.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/kube/api_client.hpp"

namespace plimsoll::kube {

/// What the registrations should say at the time of one look.
struct Wish {
  std::shared_ptr<const config::Policy> policy;
  /// PEM: every authority that a server's certificate may come from now, while one replaces the other both. Empty: the
  /// caBundle is somebody else's to keep.
  std::string authority_pem = {};
};

/// Threads: called on the keeper's own.
struct KeeperEvents {
  /// A caBundle was wrong and now is right.
  std::function<void(std::string_view configuration)> on_repair = {};
  /// Both registrations hold exactly `authority_pem`, or cert-manager keeps them; at every look.
  std::function<void(const std::string& authority_pem)> on_bundle_in_place = {};
  /// Objects are not sent that the policy has rules for; at every look.
  std::function<void(std::string_view configuration, std::string_view what)> on_misfit = {};
  /// This look came to nothing; the next comes all the same.
  std::function<void(std::string_view why)> on_failure = {};
};

/// Takes one look at both, and mends what is to be mended. False when it was cancelled.
bool look_after_registrations(ApiClient& client, const Wish& wish, const KeeperEvents& events);

/// Does so every few seconds, on a thread of its own, from construction to destruction. No request waits for it.
class RegistrationKeeper {
 public:
  /// Long enough to cost the API server nothing, short enough that a broken bundle is mended before anybody has looked
  /// up how. With some jitter, so that replicas do not come all at once.
  static constexpr std::chrono::milliseconds kInterval{5'000};

  /// `wish` is asked at every look, on the keeper's thread.
  RegistrationKeeper(ApiClient client, std::function<Wish()> wish, KeeperEvents events,
                     std::chrono::milliseconds interval = kInterval);
  RegistrationKeeper(RegistrationKeeper&&) noexcept;
  RegistrationKeeper& operator=(RegistrationKeeper&&) = delete;
  ~RegistrationKeeper();  ///< stops at once, whatever it is waiting for

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::kube
