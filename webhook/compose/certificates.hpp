// The certificate that is served: where it comes from, and the files that it follows.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/reload/file_watcher.hpp"
#include "plimsoll/reload/published.hpp"
#include "plimsoll/tls/identity.hpp"
#include "plimsoll/tls/server_context.hpp"
#include "webhook/compose/readiness.hpp"
#include "webhook/compose/reload_status.hpp"
#include "webhook/compose/serve_options.hpp"

namespace plimsoll::webhook {

/// A certificate, whose certificates are asked for in return, and the terms that are made of both: swapped together.
struct ServedCertificate {
  tls::Identity identity;
  std::optional<tls::ClientTrust> clients;
  tls::ServerContext context;
};

/// How long the files may go unread before nobody knows whether what is served is what they hold: the watcher's poll
/// is ten seconds, and a machine may be slow.
inline constexpr std::chrono::seconds kLongestBlindness{30};

/// What is known of a served certificate.
struct CertificateStanding {
  TimePoint valid_from;
  TimePoint valid_until;
  /// Since the files were last read; zero where there are none to follow.
  std::chrono::milliseconds unread{0};
  std::string complaint = {};  ///< why what is on disk is not served; empty when it is
};

/// Whether callers can be sent to a server that shows such a certificate.
[[nodiscard]] Finding judge(const CertificateStanding& standing, TimePoint now);

/// Threads: all but construction from any.
class LiveCertificate {
 public:
  /// From the files that the options name, or made in memory; then the CA's certificate is written where they say.
  /// `clients` are whose certificates are asked for in return.
  [[nodiscard]] static Result<std::unique_ptr<LiveCertificate>> load(const ServeOptions& options,
                                                                     std::optional<tls::ClientTrust> clients);

  /// One that somebody else keeps, and swaps by take().
  [[nodiscard]] static Result<std::unique_ptr<LiveCertificate>> start_with(const tls::Identity& first,
                                                                           std::optional<tls::ClientTrust> clients);

  /// Serves `next` from now on, at each new connection; one that cannot be served changes nothing and is told of.
  void take(const tls::Identity& next);

  /// Asks for certificates of `next` from now on, at each new connection. Errors: it cannot be used, and nothing
  /// changes.
  [[nodiscard]] Result<void> trust(tls::ClientTrust next);

  /// Follows the files from now on; a pair that does not match or cannot be served changes nothing.
  /// Requires: this lives until the watcher has stopped, and the watcher as long as check() is called.
  void follow(reload::FileWatcher& watcher);

  [[nodiscard]] std::shared_ptr<const ServedCertificate> current() const { return current_.read(); }

  [[nodiscard]] Finding check() const;

  [[nodiscard]] const ReloadStatus& reloads() const noexcept { return status_; }

 private:
  LiveCertificate(tls::IdentityFiles files, ServedCertificate first);

  Result<void> serve(tls::Identity next);

  tls::IdentityFiles files_;  // empty names: made in memory
  std::mutex swapping_;  // certificate and trust come on threads of their own, and each is swapped beside the other
  reload::Published<ServedCertificate> current_;
  std::atomic<const reload::FileWatcher*> watcher_ = nullptr;
  ReloadStatus status_{"certificate"};
};

}  // namespace plimsoll::webhook
