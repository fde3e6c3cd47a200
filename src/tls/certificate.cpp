#include "plimsoll/tls/certificate.hpp"

#include <openssl/bn.h>

#include <array>
#include <ctime>

#include "openssl.hpp"

namespace plimsoll::tls {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;

struct FreeStack {
  // The stack only: who put certificates into it keeps them.
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), FreeStack>;

std::string to_text(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4U];
    text += kDigits[bytes[i] & 0xFU];
  }
  return text;
}

std::string to_serial(const X509* certificate) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return {};
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return to_hex(bytes.data(), bytes.size());
}

std::string to_fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  return X509_digest(certificate, EVP_sha256(), bytes.data(), &size) == 1 ? to_hex(bytes.data(), size) : std::string();
}

}  // namespace

Result<std::vector<Certificate>> parse_certificates(std::string_view pem, std::string_view where) {
  const Chain chain = decode_chain(pem);
  if (chain.malformed)
    return fail(
        ErrorCode::Invalid,
        "certificate " + std::to_string(chain.certificates.size() + 1) + " is malformed: " + last_openssl_error(),
        std::string(where));
  if (chain.certificates.empty())
    return fail(ErrorCode::Invalid,
                pem.empty()
                    ? "is empty; PEM certificates are needed"
                    : "holds no certificate; PEM is needed, a text that begins with -----BEGIN CERTIFICATE-----",
                std::string(where));
  std::vector<Certificate> certificates;
  for (const X509Ptr& each : chain.certificates) {
    X509* certificate = each.get();
    certificates.push_back({.subject = to_text(X509_get_subject_name(certificate)),
                            .issuer = to_text(X509_get_issuer_name(certificate)),
                            .names = alternative_names(certificate),
                            .serial = to_serial(certificate),
                            .fingerprint = to_fingerprint(certificate),
                            .valid_from = to_time_point(X509_get0_notBefore(certificate)),
                            .valid_until = to_time_point(X509_get0_notAfter(certificate)),
                            .is_authority = X509_check_ca(certificate) == 1,
                            .pem = encode_certificate(certificate)});
  }
  return certificates;
}

Result<void> verify_chain(std::string_view chain_pem, const Expectation& expectation) {
  const Chain chain = decode_chain(chain_pem);
  const Chain authorities = decode_chain(expectation.authorities_pem);
  if (chain.certificates.empty()) return fail(ErrorCode::Invalid, "there is no certificate");

  const StorePtr trusted(X509_STORE_new());
  const StackPtr others(sk_X509_new_null());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (!trusted || !others || !context) return fail(ErrorCode::Bug, "out of memory");
  for (const X509Ptr& authority : authorities.certificates) X509_STORE_add_cert(trusted.get(), authority.get());
  for (const X509Ptr& certificate : chain.certificates) sk_X509_push(others.get(), certificate.get());
  if (X509_STORE_CTX_init(context.get(), trusted.get(), chain.certificates.front().get(), others.get()) != 1)
    return fail(ErrorCode::Bug, last_openssl_error());

  X509_VERIFY_PARAM* terms = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(
      terms,
      static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(expectation.now).time_since_epoch().count()));
  X509_VERIFY_PARAM_set_purpose(terms, X509_PURPOSE_SSL_SERVER);
  // As Go does: a certificate in the bundle is trusted whoever signed it.
  X509_VERIFY_PARAM_set_flags(terms, X509_V_FLAG_PARTIAL_CHAIN);
  if (const std::string name(expectation.name);
      !name.empty() && X509_VERIFY_PARAM_set1_ip_asc(terms, name.c_str()) != 1)
    X509_VERIFY_PARAM_set1_host(terms, name.data(), name.size());
  const int verdict = X509_verify_cert(context.get());
  const int reason = X509_STORE_CTX_get_error(context.get());
  (void)last_openssl_error();
  if (verdict != 1) return fail(ErrorCode::Invalid, X509_verify_cert_error_string(reason));
  return {};
}

}  // namespace plimsoll::tls
