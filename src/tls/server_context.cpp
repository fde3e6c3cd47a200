#include "plimsoll/tls/server_context.hpp"

#include <string_view>

#include "openssl.hpp"

namespace plimsoll::tls {
namespace {

// For TLS 1.2: ephemeral keys and authenticated ciphers only. Go's client, which the API server is, knows all of them.
// TLS 1.3 has no others, and keeps OpenSSL's own list.
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// X25519 first: the fastest, and every Go client sends a share for it beside its post-quantum one.
constexpr const char* kGroups = "X25519:P-256:P-384";

// Called during handshakes. The API server offers h2 beside http/1.1 when it calls a localhost URL, and would be held
// to it. A client that names only protocols unknown here is told so by an alert (RFC 7301, 3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  constexpr std::string_view kHttp11 = "http/1.1";
  const auto* const end = offered + offered_size;
  for (const unsigned char* entry = offered; entry < end; entry += 1 + *entry) {
    const std::string_view name(reinterpret_cast<const char*>(entry + 1), *entry);
    if (name != kHttp11) continue;
    *chosen = entry + 1;
    *chosen_size = *entry;
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Their names are sent to the client, so that one with several certificates can choose. OpenSSL verifies the chain as
// of now and for the purpose of TLS clients by itself.
bool set_client_trust(SSL_CTX* context, const ClientTrust& clients) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : decode_chain(clients.authorities.pem()).certificates)
    if (X509_STORE_add_cert(store, authority.get()) != 1 || SSL_CTX_add_client_CA(context, authority.get()) != 1)
      return false;
  // An operator who trusts an intermediate authority need not trust all of its root's.
  if (X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) return false;
  // The authorities of clients are none of what this server shows of itself.
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
  int mode = SSL_VERIFY_PEER;
  if (clients.absence == ClientTrust::Absence::Refused) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, nullptr);
  return true;
}

}  // namespace

Result<ServerContext> make_server_context(const Identity& identity, const std::optional<ClientTrust>& clients) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kTls12Ciphers) != 1 ||
      SSL_CTX_set1_groups_list(context.get(), kGroups) != 1)
    return fail(ErrorCode::Bug, "cannot set up TLS: " + last_openssl_error());

  // The API server never resumes a session: a ticket would be bytes in each handshake, and a key to guard and rotate.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);

  // Whatever the machine's openssl.cnf says: no RSA key below 2048 bits, no SHA-1 signature.
  SSL_CTX_set_security_level(context.get(), 2);
  if (!show_identity(context.get(), identity))
    return fail(ErrorCode::Invalid, "the certificate cannot be served: " + last_openssl_error());
  if (clients && !set_client_trust(context.get(), *clients))
    return fail(ErrorCode::Invalid, "the client authorities cannot be used: " + last_openssl_error());
  return ServerContext(context);
}

}  // namespace plimsoll::tls
