// Looking after the registrations beside the server, in the log and the metrics. Whatever the API server does, requests
// are answered all the same.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/kube/registration_keeper.hpp"
#include "plimsoll/telemetry/metrics.hpp"

namespace plimsoll::webhook {

struct RegistrationWatchOptions {
  std::string kubeconfig;  ///< empty: as find_api_server() finds it
  std::function<std::shared_ptr<const config::Policy>()> policy;
  /// PEM: every CA that a server's certificate may come from now; empty: the caBundle is somebody else's to keep.
  std::function<Result<std::string>()> authority_pem;
  /// Both caBundles are known to hold exactly this.
  std::function<void(const std::string& authority_pem)> on_bundle_in_place = {};
  /// One held something else a moment ago.
  std::function<void()> on_repair = {};
};

/// Looks after the registrations until it is destroyed. The functions are asked at every look, on another thread.
///
/// Requires: `metrics` lives longer. Errors: no API server is known.
[[nodiscard]] Result<kube::RegistrationKeeper> watch_registrations(RegistrationWatchOptions options,
                                                                   telemetry::Metrics& metrics);

/// The certificates in `file`; empty when no file is named. Errors: unreadable, or no certificates.
[[nodiscard]] Result<std::string> load_authority(const std::string& file);

}  // namespace plimsoll::webhook
