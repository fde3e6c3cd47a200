#include "webhook/compose/certificates.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/tls/self_made.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

Result<tls::Identity> make_in_memory(const ServeOptions& options) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  PLIMSOLL_TRY(names, server_names(options));
  PLIMSOLL_TRY(made, tls::make_self_made(names, now));
  if (!options.authority_out.empty()) PLIMSOLL_CHECK(store_file(options.authority_out, made.authority_pem, 0644));
  return made.identity;
}

Result<ServedCertificate> make_served(tls::Identity identity, std::optional<tls::ClientTrust> clients) {
  PLIMSOLL_TRY(context, tls::make_server_context(identity, clients));
  return ServedCertificate{std::move(identity), std::move(clients), std::move(context)};
}

std::string describe(const tls::Identity& identity) {
  return "valid until " + plimsoll::to_text(identity.valid_until());
}

}  // namespace

Finding judge(const CertificateStanding& standing, TimePoint now) {
  const std::string until = plimsoll::to_text(standing.valid_until);
  if (now >= standing.valid_until) return {.holds = false, .detail = "expired at " + until};
  if (now < standing.valid_from) {
    return {.holds = false, .detail = "not valid before " + plimsoll::to_text(standing.valid_from)};
  }
  if (standing.unread > kLongestBlindness) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(standing.unread).count();
    return {.holds = false,
            .detail = "its files were last read " + std::to_string(seconds) + " s ago: what they hold is not known"};
  }
  std::string detail = "valid until " + until;
  if (!standing.complaint.empty()) detail += "; what is on disk is refused: " + standing.complaint;
  return {.holds = true, .detail = std::move(detail)};
}

LiveCertificate::LiveCertificate(tls::IdentityFiles files, ServedCertificate first)
    : files_(std::move(files)), current_(std::make_shared<const ServedCertificate>(std::move(first))) {}

Result<std::unique_ptr<LiveCertificate>> LiveCertificate::load(const ServeOptions& options,
                                                               std::optional<tls::ClientTrust> clients) {
  tls::IdentityFiles files{options.certificate_file, options.private_key_file};
  if (!options.self_signed && (files.certificate.empty() || files.private_key.empty())) {
    return fail(ErrorCode::Invalid, "say --tls-cert-file and --tls-private-key-file, --tls-secret, or --self-signed");
  }
  PLIMSOLL_TRY(identity, options.self_signed ? make_in_memory(options) : tls::load_identity(files));
  Result<ServedCertificate> first = make_served(std::move(identity), std::move(clients));
  if (!first) return fail(first.error().code, first.error().message, files.certificate);
  return std::unique_ptr<LiveCertificate>(new LiveCertificate(std::move(files), *std::move(first)));
}

Result<std::unique_ptr<LiveCertificate>> LiveCertificate::start_with(const tls::Identity& first,
                                                                     std::optional<tls::ClientTrust> clients) {
  PLIMSOLL_TRY(served, make_served(first, std::move(clients)));
  return std::unique_ptr<LiveCertificate>(new LiveCertificate({}, std::move(served)));
}

Result<void> LiveCertificate::serve(tls::Identity next) {
  const std::lock_guard lock(swapping_);
  PLIMSOLL_TRY(served, make_served(std::move(next), current()->clients));
  current_.publish(std::make_shared<const ServedCertificate>(std::move(served)));
  return {};
}

Result<void> LiveCertificate::trust(tls::ClientTrust next) {
  const std::lock_guard lock(swapping_);
  PLIMSOLL_TRY(served, make_served(current()->identity, std::move(next)));
  current_.publish(std::make_shared<const ServedCertificate>(std::move(served)));
  return {};
}

void LiveCertificate::take(const tls::Identity& next) {
  const Result<void> served = serve(next);
  if (!served) return status_.note_refused({served.error().message});
  status_.note_taken(describe(next));
}

void LiveCertificate::follow(reload::FileWatcher& watcher) {
  if (files_.certificate.empty()) return;
  const auto first = current();
  const auto use = [this](const std::vector<std::string>& texts) -> Result<std::string, reload::Problems> {
    Result<tls::Identity> next = tls::parse_identity(texts[0], texts[1], files_);
    if (!next) return Unexpected{reload::Problems{to_line(next.error())}};
    const std::string revision = describe(*next);
    const Result<void> served = serve(*std::move(next));
    if (!served) return Unexpected{reload::Problems{files_.certificate + ": " + served.error().message}};
    return revision;
  };
  const bool is_followed = follow_files(watcher, {files_.certificate, files_.private_key},
                                        {first->identity.chain_pem(), first->identity.key_pem()}, status_, use);
  if (is_followed) watcher_ = &watcher;
}

Finding LiveCertificate::check() const {
  const auto served = current();
  CertificateStanding standing{.valid_from = served->identity.valid_from(),
                               .valid_until = served->identity.valid_until(),
                               .complaint = status_.complaint()};
  if (const reload::FileWatcher* watcher = watcher_) {
    standing.unread =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - watcher->last_look());
  }
  return judge(standing, std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

}  // namespace plimsoll::webhook
