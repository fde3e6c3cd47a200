#include "plimsoll/tls/self_made.hpp"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "openssl.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::tls {
namespace {

using BignumPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;

constexpr long kVersion3 = 2;  // X.509 counts from zero

// A DNS name is at most 253 letters long, each label 1 to 63 of letters, digits and inner hyphens (RFC 1123, 2.1).
// The first label may be `*` (RFC 6125, 6.4.3). A last label of digits is a mistyped address, not a name.
bool is_dns_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.empty() || name.size() > 253) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(),
                     [](unsigned char c) { return c < 0x80 && (std::isalnum(c) != 0 || c == '-'); }))
      return false;
    if (label.size() == name.size())
      return !std::all_of(label.begin(), label.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    name.remove_prefix(label.size() + 1);
  }
}

bool is_ip_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

// OpenSSL's own notation for the extension, such as "DNS:localhost,IP:127.0.0.1".
Result<std::string> to_alternative_names(std::span<const std::string> names) {
  if (names.empty()) return fail(ErrorCode::Invalid, "a self-made certificate needs at least one name");
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ',';
    if (is_ip_address(name)) {
      list += "IP:" + name;
    } else if (is_dns_name(name)) {
      list += "DNS:" + name;
    } else {
      return fail(ErrorCode::Invalid, quoted(name, 256) +
                                          " is neither a DNS name such as \"plimsoll.plimsoll-system.svc\" nor an IP "
                                          "address such as \"127.0.0.1\"");
    }
  }
  return list;
}

KeyPtr make_key() {
  return KeyPtr(EVP_EC_gen("P-256"));
}

struct Terms {
  std::string common_name;
  TimePoint valid_from;
  TimePoint valid_until;
};

std::time_t to_seconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// 127 random bits, more than the 64 that CA/Browser Forum rules ask for; never negative, and never zero.
bool set_random_serial(X509* certificate) {
  const BignumPtr serial(BN_new());
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_common_name(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

X509Ptr make_unsigned(const Terms& terms, EVP_PKEY* key) {
  X509Ptr certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), kVersion3) != 1 || !set_random_serial(certificate.get()) ||
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), to_seconds(terms.valid_from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), to_seconds(terms.valid_until)) == nullptr ||
      !set_common_name(X509_get_subject_name(certificate.get()), terms.common_name) ||
      X509_set_pubkey(certificate.get(), key) != 1)
    return nullptr;
  return certificate;
}

X509Ptr make_authority(const Terms& terms, EVP_PKEY* key) {
  X509Ptr certificate = make_unsigned(terms, key);
  if (!certificate) return nullptr;
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) != 1 ||
      !add_extension(certificate.get(), &context, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(certificate.get(), &context, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(certificate.get(), &context, NID_subject_key_identifier, "hash") ||
      X509_sign(certificate.get(), key, EVP_sha256()) == 0)
    return nullptr;
  return certificate;
}

X509Ptr make_leaf(const Terms& terms, EVP_PKEY* key, const std::string& names, X509* authority,
                  EVP_PKEY* authority_key) {
  X509Ptr certificate = make_unsigned(terms, key);
  if (!certificate) return nullptr;
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority, certificate.get(), nullptr, nullptr, 0);
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority)) != 1 ||
      !add_extension(certificate.get(), &context, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(certificate.get(), &context, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(certificate.get(), &context, NID_ext_key_usage, "serverAuth") ||
      !add_extension(certificate.get(), &context, NID_subject_key_identifier, "hash") ||
      !add_extension(certificate.get(), &context, NID_authority_key_identifier, "keyid:always") ||
      !add_extension(certificate.get(), &context, NID_subject_alt_name, names) ||
      X509_sign(certificate.get(), authority_key, EVP_sha256()) == 0)
    return nullptr;
  return certificate;
}

std::string to_text(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
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

// Two authorities in one caBundle must not share a name, or a verifier may try the wrong one.
std::string to_authority_name(TimePoint now) {
  return "Plimsoll self-made authority " + std::to_string(now.time_since_epoch().count());
}

}  // namespace

Result<SelfMade> make_self_made(std::span<const std::string> names, TimePoint now) {
  PLIMSOLL_TRY(alternative_names, to_alternative_names(names));

  const KeyPtr authority_key = make_key();
  const KeyPtr key = make_key();
  if (!authority_key || !key) return fail(ErrorCode::Bug, "cannot make a P-256 key: " + last_openssl_error());

  Terms terms{to_authority_name(now), now - kClockSkew, now + kSelfMadeValidity};
  const X509Ptr authority = make_authority(terms, authority_key.get());
  if (!authority) return fail(ErrorCode::Bug, "cannot make an authority: " + last_openssl_error());

  terms.common_name = "plimsoll";  // callers look at the alternative names only
  const X509Ptr leaf = make_leaf(terms, key.get(), alternative_names, authority.get(), authority_key.get());
  if (!leaf) return fail(ErrorCode::Bug, "cannot make a certificate: " + last_openssl_error());

  PLIMSOLL_TRY(identity, parse_identity(encode_certificate(leaf.get()), encode_key(key.get()),
                                        {"the self-made certificate", "the self-made key"}));
  return SelfMade{std::move(identity), encode_certificate(authority.get())};
}

}  // namespace plimsoll::tls
