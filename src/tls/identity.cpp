#include "plimsoll/tls/identity.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "openssl.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::tls {
namespace {

// A chain of four certificates takes 8 KiB. The bound keeps a mistaken path (a device, a log) from filling memory.
constexpr std::size_t kMaxFileSize = 256 * 1024;

Result<std::string> load_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxFileSize + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad() || (file.gcount() == 0 && errno != 0))
    return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(errno), path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileSize)
    return fail(ErrorCode::TooLarge, "is larger than 256 KiB, so it is not a PEM file", path);
  return text;
}

bool mentions(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

std::string why_no_certificate(std::string_view pem) {
  if (pem.empty()) return "is empty; a PEM certificate chain is needed";
  if (mentions(pem, "PRIVATE KEY-----")) return "holds a private key but no certificate; are the two files swapped?";
  return "holds no certificate; PEM is needed, a text that begins with -----BEGIN CERTIFICATE-----";
}

std::string why_no_key(std::string_view pem) {
  if (pem.empty()) return "is empty; a PEM private key is needed";
  if (mentions(pem, "ENCRYPTED")) return "holds an encrypted private key; a key without a passphrase is needed";
  if (mentions(pem, "PRIVATE KEY-----")) return "holds a malformed private key: " + last_openssl_error();
  if (mentions(pem, "-----BEGIN CERTIFICATE-----"))
    return "holds a certificate but no private key; are the two files swapped?";
  return "holds no private key; PEM is needed, a text that begins with -----BEGIN PRIVATE KEY-----";
}

}  // namespace

Result<Identity> parse_identity(std::string chain_pem, std::string key_pem, const IdentityFiles& names) {
  const Chain chain = decode_chain(chain_pem);
  if (chain.malformed)
    return fail(
        ErrorCode::Invalid,
        "certificate " + std::to_string(chain.certificates.size() + 1) + " is malformed: " + last_openssl_error(),
        names.certificate);
  if (chain.certificates.empty()) return fail(ErrorCode::Invalid, why_no_certificate(chain_pem), names.certificate);

  const KeyPtr key = decode_key(key_pem);
  if (!key) return fail(ErrorCode::Invalid, why_no_key(key_pem), names.private_key);

  X509* own = chain.certificates.front().get();
  if (X509_check_private_key(own, key.get()) != 1) {
    std::string message = "is not the key of the first certificate in " + quoted(names.certificate, 256);
    for (std::size_t i = 1; i < chain.certificates.size(); ++i)
      if (X509_check_private_key(chain.certificates[i].get(), key.get()) == 1)
        message += " but of number " + std::to_string(i + 1) + "; the server's own certificate must come first";
    (void)last_openssl_error();
    return fail(ErrorCode::Invalid, std::move(message), names.private_key);
  }

  Identity identity;
  identity.chain_pem_ = std::move(chain_pem);
  identity.key_pem_ = std::move(key_pem);
  identity.valid_from_ = to_time_point(X509_get0_notBefore(own));
  identity.valid_until_ = to_time_point(X509_get0_notAfter(own));
  identity.names_ = alternative_names(own);
  return identity;
}

Result<Identity> load_identity(const IdentityFiles& files) {
  PLIMSOLL_TRY(chain, load_text(files.certificate));
  PLIMSOLL_TRY(key, load_text(files.private_key));
  return parse_identity(std::move(chain), std::move(key), files);
}

}  // namespace plimsoll::tls
