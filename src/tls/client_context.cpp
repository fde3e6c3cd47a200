#include "plimsoll/tls/client_context.hpp"

#include <string>

#include "openssl.hpp"

namespace plimsoll::tls {
namespace {

Result<void> trust(SSL_CTX* context, std::string_view authorities_pem) {
  if (authorities_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return fail(ErrorCode::Io, "the machine's own list of authorities cannot be read: " + last_openssl_error());
  }
  const Chain authorities = decode_chain(authorities_pem);
  if (authorities.malformed)
    return fail(ErrorCode::Invalid, "authority " + std::to_string(authorities.certificates.size() + 1) +
                                        " is malformed: " + last_openssl_error());
  if (authorities.certificates.empty())
    return fail(ErrorCode::Invalid, "no authority: PEM is needed, a text that begins with -----BEGIN CERTIFICATE-----");
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : authorities.certificates)
    if (X509_STORE_add_cert(store, authority.get()) != 1)
      return fail(ErrorCode::Bug, "an authority cannot be kept: " + last_openssl_error());
  return {};
}

}  // namespace

Result<ClientContext> make_client_context(std::string_view authorities_pem, const std::optional<Identity>& identity) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
    return fail(ErrorCode::Bug, "cannot set up TLS: " + last_openssl_error());
  SSL_CTX_set_security_level(context.get(), 2);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // A chain may end at any certificate that is trusted: clusters hand out intermediates and self-signed servers as CA.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  PLIMSOLL_CHECK(trust(context.get(), authorities_pem));
  if (identity && !show_identity(context.get(), *identity))
    return fail(ErrorCode::Invalid, "the client certificate cannot be used: " + last_openssl_error());
  return ClientContext(context);
}

}  // namespace plimsoll::tls
