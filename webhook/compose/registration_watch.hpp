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
  /// PEM of the CA for the caBundle, read at every look; empty: the caBundle is somebody else's to keep.
  std::string authority_file;
};

/// Looks after the registrations until it is destroyed. `policy` is asked at every look, on another thread.
///
/// Requires: `metrics` lives longer. Errors: no API server is known.
[[nodiscard]] Result<kube::RegistrationKeeper> watch_registrations(
    RegistrationWatchOptions options, std::function<std::shared_ptr<const config::Policy>()> policy,
    telemetry::Metrics& metrics);

}  // namespace plimsoll::webhook
