// Keys and tokens as an issuer makes them, and as an attacker would.
#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace plimsoll::auth {

inline std::string to_base64url(std::string_view bytes) {
  std::string text(bytes.size() * 4 / 3 + 8, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

using KeyPtr = std::shared_ptr<EVP_PKEY>;

inline KeyPtr make_rsa_key(unsigned bits = 2048) {
  return {EVP_RSA_gen(bits), EVP_PKEY_free};
}
inline KeyPtr make_ec_key(const char* curve) {
  return {EVP_EC_gen(curve), EVP_PKEY_free};
}

inline std::string take_text(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

inline std::string to_public_pem(const KeyPtr& key) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(out, key.get());
  return take_text(out);
}

inline std::string to_private_pem(const KeyPtr& key) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return take_text(out);
}

/// PKCS #1, as `openssl rsa -RSAPublicKey_out` writes it.
inline std::string to_pkcs1_pem(const KeyPtr& key) {
  unsigned char* bytes = nullptr;
  const int size = i2d_PublicKey(key.get(), &bytes);
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio(out, "RSA PUBLIC KEY", "", bytes, size);
  OPENSSL_free(bytes);
  return take_text(out);
}

inline std::string to_certificate_pem(const KeyPtr& key) {
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key.get());
  X509_sign(certificate, key.get(), EVP_sha256());
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(out, certificate);
  X509_free(certificate);
  return take_text(out);
}

inline std::string read_number(const KeyPtr& key, const char* name, std::size_t size = 0) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key.get(), name, &number);
  std::string bytes(size == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : size, '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return to_base64url(bytes);
}

inline std::size_t coordinate_size(const KeyPtr& key) {
  return (static_cast<std::size_t>(EVP_PKEY_get_bits(key.get())) + 7) / 8;
}

/// The members of a JWK that hold the key itself.
inline std::string to_jwk_members(const KeyPtr& key) {
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA)
    return R"("kty":"RSA","n":")" + read_number(key, OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" +
           read_number(key, OSSL_PKEY_PARAM_RSA_E) + R"(")";
  const std::size_t size = coordinate_size(key);
  const std::string curve = size == 32 ? "P-256" : size == 48 ? "P-384" : "P-521";
  return R"("kty":"EC","crv":")" + curve + R"(","x":")" + read_number(key, OSSL_PKEY_PARAM_EC_PUB_X, size) +
         R"(","y":")" + read_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, size) + R"(")";
}

/// `others`, such as `"kid":"a"`, stand before the key.
inline std::string to_jwk(const KeyPtr& key, const std::string& others = "") {
  return "{" + others + (others.empty() ? "" : ",") + to_jwk_members(key) + "}";
}

/// A digital signature as OpenSSL makes it: of ECDSA in DER.
inline std::string sign_plainly(const KeyPtr& key, const EVP_MD* hash, std::string_view text) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, hash, nullptr, key.get());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes, text.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size());
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return signature;
}

/// As JWS wants it: of ECDSA r and s, side by side.
inline std::string sign(const KeyPtr& key, const EVP_MD* hash, std::string_view text) {
  const std::string signature = sign_plainly(key, hash, text);
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC) return signature;
  const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
  ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(signature.size()));
  const std::size_t size = coordinate_size(key);
  std::string raw(2 * size, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes, static_cast<int>(size));
  BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes + size, static_cast<int>(size));
  ECDSA_SIG_free(pair);
  return raw;
}

inline std::string sign_with_secret(std::string_view secret, const EVP_MD* hash, std::string_view text) {
  std::string signature(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  HMAC(hash, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), reinterpret_cast<unsigned char*>(signature.data()), &size);
  signature.resize(size);
  return signature;
}

inline std::string to_signed_text(std::string_view header, std::string_view claims) {
  return to_base64url(header) + "." + to_base64url(claims);
}

inline std::string make_token(const KeyPtr& key, std::string_view header, std::string_view claims,
                              const EVP_MD* hash = EVP_sha256()) {
  const std::string text = to_signed_text(header, claims);
  return text + "." + to_base64url(sign(key, hash, text));
}

}  // namespace plimsoll::auth
