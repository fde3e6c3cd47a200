#include "webhook/compose/certificates.hpp"

#include <chrono>
#include <string>
#include <utility>

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

Result<ServedCertificate> serve_with(tls::Identity identity, const std::optional<tls::ClientTrust>& clients,
                                     const std::string& file) {
  Result<tls::ServerContext> context = tls::make_server_context(identity, clients);
  if (!context) return fail(context.error().code, context.error().message, file);
  return ServedCertificate{std::move(identity), *std::move(context)};
}

Result<ServedCertificate> read_pair(const reload::Contents& contents, const tls::IdentityFiles& files,
                                    const std::optional<tls::ClientTrust>& clients) {
  for (const Result<std::string>& one : contents) {
    if (!one) return Unexpected{one.error()};
  }
  PLIMSOLL_TRY(identity, tls::parse_identity(*contents[0], *contents[1], files));
  return serve_with(std::move(identity), clients, files.certificate);
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

LiveCertificate::LiveCertificate(tls::IdentityFiles files, std::optional<tls::ClientTrust> clients,
                                 ServedCertificate first)
    : files_(std::move(files)),
      clients_(std::move(clients)),
      current_(std::make_shared<const ServedCertificate>(std::move(first))) {}

Result<std::unique_ptr<LiveCertificate>> LiveCertificate::load(const ServeOptions& options,
                                                               std::optional<tls::ClientTrust> clients) {
  tls::IdentityFiles files{options.certificate_file, options.private_key_file};
  if (!options.self_signed && (files.certificate.empty() || files.private_key.empty())) {
    return fail(ErrorCode::Invalid, "say --tls-cert-file and --tls-private-key-file, --tls-secret, or --self-signed");
  }
  PLIMSOLL_TRY(identity, options.self_signed ? make_in_memory(options) : tls::load_identity(files));
  PLIMSOLL_TRY(first, serve_with(std::move(identity), clients, files.certificate));
  return std::unique_ptr<LiveCertificate>(new LiveCertificate(std::move(files), std::move(clients), std::move(first)));
}

Result<std::unique_ptr<LiveCertificate>> LiveCertificate::start_with(const tls::Identity& first,
                                                                     std::optional<tls::ClientTrust> clients) {
  PLIMSOLL_TRY(served, serve_with(first, clients, ""));
  return std::unique_ptr<LiveCertificate>(new LiveCertificate({}, std::move(clients), std::move(served)));
}

void LiveCertificate::take(const tls::Identity& next) {
  Result<ServedCertificate> served = serve_with(next, clients_, "");
  if (!served) return status_.note_refused({served.error().message});
  current_.publish(std::make_shared<const ServedCertificate>(*std::move(served)));
  status_.note_taken("valid until " + plimsoll::to_text(next.valid_until()));
}

void LiveCertificate::follow(reload::FileWatcher& watcher) {
  if (files_.certificate.empty() || !is_watchable(files_.certificate) || !is_watchable(files_.private_key)) return;
  watcher_ = &watcher;
  reload::Watch watch;
  watch.paths = {files_.certificate, files_.private_key};
  const auto first = current();
  watch.known.emplace_back(first->identity.chain_pem());
  watch.known.emplace_back(first->identity.key_pem());
  watch.take = [this](const reload::Contents& contents) -> Result<void, reload::Problems> {
    Result<ServedCertificate> next = read_pair(contents, files_, clients_);
    if (!next) {
      const Error& error = next.error();
      return Unexpected{reload::Problems{error.where.empty() ? error.message : error.where + ": " + error.message}};
    }
    const std::string until = plimsoll::to_text(next->identity.valid_until());
    current_.publish(std::make_shared<const ServedCertificate>(*std::move(next)));
    status_.note_taken("valid until " + until);
    return {};
  };
  watch.on_refused = [this](const reload::Problems& problems) { status_.note_refused(problems); };
  watcher.watch(std::move(watch));
}

Finding LiveCertificate::check() const {
  const auto served = current();
  CertificateStanding standing{.valid_from = served->identity.valid_from(),
                               .valid_until = served->identity.valid_until(),
                               .complaint = status_.complaint()};
  if (watcher_ != nullptr) {
    standing.unread =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::steady_clock::now() - watcher_->last_look());
  }
  return judge(standing, std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

}  // namespace plimsoll::webhook
