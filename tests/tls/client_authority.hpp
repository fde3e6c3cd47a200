// Certificates for clients, and how they can be wrong.
#pragma once

#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pem.hpp"

namespace plimsoll::tls {

/// What a certificate says. Times are seconds from now.
struct Subject {
  std::vector<std::pair<std::string, std::string>> names = {{"CN", "kube-apiserver"}};
  std::string alternative_names = {};  ///< as OpenSSL's configuration has them
  std::string usage = "clientAuth";    ///< empty: none is said
  bool is_authority = false;
  long valid_from = -3600;
  long valid_until = 3600;
};

/// Signs certificates; itself signed by another, or by its own key.
class ClientAuthority {
 public:
  explicit ClientAuthority(const std::string& name, const ClientAuthority* parent = nullptr, long valid_until = 7200)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
    Subject subject{.names = {{"CN", name}}, .usage = "", .is_authority = true, .valid_until = valid_until};
    certificate_ = parent == nullptr ? make(subject, key_.get(), nullptr, key_.get())
                                     : make(subject, key_.get(), parent->certificate_.get(), parent->key_.get());
  }

  [[nodiscard]] std::string pem() const { return to_pem(certificate_.get()); }

  [[nodiscard]] Pair issue(const Subject& subject) const {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const auto certificate = make(subject, key.get(), certificate_.get(), key_.get());
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {to_pem(certificate.get()), to_text(out)};
  }

 private:
  using X509Ptr = std::shared_ptr<X509>;

  static std::string to_pem(X509* certificate) {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, certificate);
    return to_text(out);
  }

  static void add(X509* certificate, X509* issuer, int nid, const std::string& value) {
    if (value.empty()) return;
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static X509Ptr make(const Subject& subject, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    X509Ptr certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), subject.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), subject.valid_until);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    for (const auto& [type, value] : subject.names)
      X509_NAME_add_entry_by_txt(name, type.c_str(), MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()),
                                 -1, 0);
    if (issuer == nullptr) issuer = certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
    X509_set_pubkey(certificate.get(), key);
    add(certificate.get(), issuer, NID_basic_constraints,
        subject.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(certificate.get(), issuer, NID_ext_key_usage, subject.usage);
    add(certificate.get(), issuer, NID_subject_alt_name, subject.alternative_names);
    X509_sign(certificate.get(), issuer_key, EVP_sha256());
    return certificate;
  }

  std::shared_ptr<EVP_PKEY> key_;
  X509Ptr certificate_;
};

}  // namespace plimsoll::tls
