#include "openssl.hpp"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>

namespace plimsoll::tls {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

BioPtr view_bytes(std::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// Without a callback of its own, OpenSSL would ask for a passphrase on the terminal and wait for ever.
int refuse_passphrase(char*, int, int, void*) {
  return -1;
}

std::string to_text(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string to_address(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(address);
  const int family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC || inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size()) == nullptr)
    return "?";
  return text.data();
}

std::string to_text(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

Chain decode_chain(std::string_view pem) {
  ERR_clear_error();
  const BioPtr bio = view_bytes(pem);
  Chain chain;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, refuse_passphrase, nullptr))
    chain.certificates.emplace_back(certificate);
  // The end of the text is reported as an error too: "no start line".
  const unsigned long code = ERR_peek_last_error();
  chain.malformed = ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE;
  if (!chain.malformed) ERR_clear_error();
  return chain;
}

KeyPtr decode_key(std::string_view pem) {
  ERR_clear_error();
  const BioPtr bio = view_bytes(pem);
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr));
}

bool show_identity(SSL_CTX* context, const Identity& identity) {
  const Chain chain = decode_chain(identity.chain_pem());
  const KeyPtr key = decode_key(identity.key_pem());
  if (SSL_CTX_use_certificate(context, chain.certificates.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return false;
  for (std::size_t i = 1; i < chain.certificates.size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, chain.certificates[i].get()) != 1) return false;
  return true;
}

std::string encode_certificate(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  return bio && PEM_write_bio_X509(bio.get(), certificate) == 1 ? to_text(bio.get()) : std::string();
}

std::string encode_key(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  return bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1
             ? to_text(bio.get())
             : std::string();
}

TimePoint to_time_point(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return TimePoint{};
  return TimePoint{std::chrono::seconds{timegm(&fields)}};
}

std::vector<std::string> alternative_names(const X509* certificate) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) texts.push_back(to_text(name->d.dNSName));
    if (name->type == GEN_IPADD) texts.push_back(to_address(name->d.iPAddress));
  }
  return texts;
}

}  // namespace plimsoll::tls
