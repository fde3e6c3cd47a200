#include "webhook/compose/certificates.hpp"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::webhook {
namespace {

// Replaces the file, so that a reader sees the old or the new but no half.
Result<void> store_file(const std::string& path, std::string_view content) {
  const std::string unfinished = path + ".tmp";
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0)
    return fail(ErrorCode::Io, "cannot be written", path);
  return {};
}

Result<tls::Identity> find_identity(const ServeOptions& options) {
  if (!options.self_signed) {
    if (options.certificate_file.empty() || options.private_key_file.empty()) {
      return fail(ErrorCode::Invalid, "say --tls-cert-file and --tls-private-key-file, or --self-signed");
    }
    return tls::load_identity({options.certificate_file, options.private_key_file});
  }
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  PLIMSOLL_TRY(made, tls::make_self_made(options.dns_names, now));
  if (!options.authority_out.empty()) PLIMSOLL_CHECK(store_file(options.authority_out, made.authority_pem));
  return made.identity;
}

}  // namespace

Result<ServedCertificate> find_certificate(const ServeOptions& options) {
  PLIMSOLL_TRY(identity, find_identity(options));
  Result<tls::ServerContext> context = tls::make_server_context(identity);
  if (!context) return fail(context.error().code, context.error().message, options.certificate_file);
  return ServedCertificate{std::move(identity), *std::move(context)};
}

}  // namespace plimsoll::webhook
