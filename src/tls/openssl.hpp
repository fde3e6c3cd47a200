// OpenSSL's types with owners, its errors as text, and PEM in both directions.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/identity.hpp"

namespace plimsoll::tls {

/// Calls OpenSSL's own free function for the type.
template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* value) const noexcept {
    free_function(value);
  }
};

using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

/// The newest reason on this thread's error queue, which is emptied; "unknown reason" when there is none.
[[nodiscard]] std::string last_openssl_error();

/// Every certificate in `pem`, in order. Stops at the first that is malformed, and sets `malformed`.
struct Chain {
  std::vector<X509Ptr> certificates;
  bool malformed = false;
};
[[nodiscard]] Chain decode_chain(std::string_view pem);

/// The private key in `pem`; null when there is none that can be read without a passphrase.
[[nodiscard]] KeyPtr decode_key(std::string_view pem);

/// Makes `context` show `identity`; false when it is too weak for the context's security level.
[[nodiscard]] bool show_identity(SSL_CTX* context, const Identity& identity);

/// PEM; empty when OpenSSL has no memory.
[[nodiscard]] std::string encode_certificate(X509* certificate);
[[nodiscard]] std::string encode_key(EVP_PKEY* key);

/// The DNS names and IP addresses that the certificate is for.
[[nodiscard]] std::vector<std::string> alternative_names(const X509* certificate);

[[nodiscard]] TimePoint to_time_point(const ASN1_TIME* time);

}  // namespace plimsoll::tls
