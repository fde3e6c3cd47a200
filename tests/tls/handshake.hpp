// A TLS handshake in memory: a client of any persuasion against a ServerContext.
#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "plimsoll/tls/peer.hpp"
#include "plimsoll/tls/server_context.hpp"

namespace plimsoll::tls {

struct ClientTerms {
  std::string authority_pem = {};  ///< trusted; none means that the certificate is not verified
  std::string name = "localhost";  ///< a DNS name or an IP address
  int newest = TLS1_3_VERSION;
  std::string protocols = {};  ///< ALPN, each with its length before it
  std::string ciphers = {};    ///< of TLS 1.2
  std::string chain_pem = {};  ///< shown to the server, with this key
  std::string key_pem = {};
};

struct Shaken {
  bool is_agreed = false;
  std::string version;
  std::string protocol;                  ///< by ALPN
  std::string verification;              ///< "ok", or why the client does not trust the server
  std::string failure;                   ///< the reason on the client's side
  int tickets = 0;                       ///< sessions that the client could resume
  std::shared_ptr<const Peer> peer;      ///< as the server sees the client
  std::string refusal;                   ///< the reason on the server's side
  std::vector<std::string> authorities;  ///< whose certificates the server says it takes
};

inline void trust(SSL_CTX* context, const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* authority = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
  X509_free(authority);
  BIO_free(bio);
}

inline void show(SSL_CTX* context, const std::string& chain_pem, const std::string& key_pem) {
  BIO* chain = BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size()));
  X509* own = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context, own);
  X509_free(own);
  while (X509* issuer = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr)) SSL_CTX_add0_chain_cert(context, issuer);
  BIO_free(chain);
  BIO* bio = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  SSL_CTX_use_PrivateKey(context, key);
  EVP_PKEY_free(key);
  BIO_free(bio);
}

inline std::string to_text(const X509_NAME* name) {
  char* text = X509_NAME_oneline(name, nullptr, 0);
  std::string copy(text);
  OPENSSL_free(text);
  return copy;
}

inline Shaken shake_hands(const ServerContext& server_context, const ClientTerms& terms) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context(SSL_CTX_new(TLS_client_method()),
                                                                         SSL_CTX_free);
  // What the library thinks of old versions is not what is tested.
  SSL_CTX_set_security_level(client_context.get(), 0);
  SSL_CTX_set_min_proto_version(client_context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(client_context.get(), terms.newest);
  SSL_CTX_set_session_cache_mode(client_context.get(), SSL_SESS_CACHE_CLIENT);
  if (!terms.ciphers.empty()) SSL_CTX_set_cipher_list(client_context.get(), terms.ciphers.c_str());
  if (!terms.authority_pem.empty()) trust(client_context.get(), terms.authority_pem);

  if (!terms.chain_pem.empty()) show(client_context.get(), terms.chain_pem, terms.key_pem);

  const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(client_context.get()), SSL_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> server(SSL_new(server_context.native()), SSL_free);
  BIO* client_end = nullptr;
  BIO* server_end = nullptr;
  BIO_new_bio_pair(&client_end, 0, &server_end, 0);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  X509_VERIFY_PARAM* wanted = SSL_get0_param(client.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, terms.name.c_str()) != 1)
    X509_VERIFY_PARAM_set1_host(wanted, terms.name.c_str(), 0);
  if (!terms.protocols.empty())
    SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(terms.protocols.data()),
                        static_cast<unsigned>(terms.protocols.size()));

  Shaken shaken;
  for (int flight = 0; flight < 10; ++flight) {
    if (SSL_do_handshake(client.get()) != 1 && SSL_get_error(client.get(), -1) == SSL_ERROR_SSL &&
        shaken.failure.empty()) {
      const char* reason = ERR_reason_error_string(ERR_peek_last_error());
      shaken.failure = reason == nullptr ? "?" : reason;
    }
    ERR_clear_error();
    if (SSL_do_handshake(server.get()) != 1 && SSL_get_error(server.get(), -1) == SSL_ERROR_SSL &&
        shaken.refusal.empty()) {
      const char* reason = ERR_reason_error_string(ERR_peek_last_error());
      shaken.refusal = reason == nullptr ? "?" : reason;
      if (SSL_get_verify_result(server.get()) != X509_V_OK)
        shaken.refusal += std::string(": ") + X509_verify_cert_error_string(SSL_get_verify_result(server.get()));
    }
    ERR_clear_error();
  }
  shaken.is_agreed = SSL_is_init_finished(client.get()) == 1 && SSL_is_init_finished(server.get()) == 1;
  shaken.version = SSL_get_version(client.get());
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(client.get(), &protocol, &size);
  if (size > 0) shaken.protocol.assign(reinterpret_cast<const char*>(protocol), size);
  shaken.verification = X509_verify_cert_error_string(SSL_get_verify_result(client.get()));
  if (shaken.is_agreed) shaken.peer = find_peer(server.get());
  const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(client.get());
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) shaken.authorities.push_back(to_text(sk_X509_NAME_value(names, i)));
  char ignored = 0;
  // Tickets come behind the handshake, and in TLS 1.3 so does what the server thinks of the client's certificate.
  if (SSL_read(client.get(), &ignored, 1) != 1 && ERR_peek_last_error() != 0 && shaken.failure.empty())
    shaken.failure = ERR_reason_error_string(ERR_peek_last_error());
  const SSL_SESSION* session = SSL_get_session(client.get());
  shaken.tickets = session != nullptr && SSL_SESSION_has_ticket(session) == 1 ? 1 : 0;
  return shaken;
}

}  // namespace plimsoll::tls
