// Self-made certificates in a Secret that all replicas share: kept up to date on a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "plimsoll/base/result.hpp"
#include "plimsoll/kube/api_client.hpp"
#include "plimsoll/tls/publication.hpp"
#include "plimsoll/tls/secret_keeper.hpp"
#include "webhook/compose/serve_options.hpp"

namespace plimsoll::webhook {

/// Threads: all but construction from any.
class SharedCertificates {
 public:
  /// Waits; false when the program is to end.
  using Sleep = std::function<bool(std::chrono::milliseconds)>;

  /// Loads the set of --tls-secret, or makes it. While that fails it tries again, for a minute.
  ///
  /// Errors: flags that make no sense, no API server, or why the last attempt failed.
  [[nodiscard]] static Result<std::unique_ptr<SharedCertificates>> load(const ServeOptions& options,
                                                                        const Sleep& sleep);

  [[nodiscard]] std::shared_ptr<const tls::CertificateSet> current() const { return keeper_->certificates(); }

  /// Keeps the set as long as the thread that it returns is there; `take` is told of each other one on that thread,
  /// which ends at once when it is to end. Requires: called once.
  [[nodiscard]] std::jthread keep(std::function<void(const tls::Identity&)> take);

  /// For the caBundle; empty while it is better left alone.
  [[nodiscard]] std::string wanted_bundle() const { return keeper_->wanted_bundle().value_or(std::string()); }

  /// What is known of the caBundle in the cluster.
  tls::PublicationRecord& publication() { return publication_; }

 private:
  explicit SharedCertificates(std::shared_ptr<kube::ApiClient> client) : client_(std::move(client)) {}

  std::shared_ptr<kube::ApiClient> client_;
  tls::PublicationRecord publication_;
  std::unique_ptr<tls::SecretKeeper> keeper_;
  std::function<void(const tls::Identity&)> take_;  // set before the thread begins
};

}  // namespace plimsoll::webhook
