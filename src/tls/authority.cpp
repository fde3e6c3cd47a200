#include "plimsoll/tls/authority.hpp"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <string_view>
#include <utility>

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
  if (names.empty()) return fail(ErrorCode::Invalid, "a server certificate needs at least one name");
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
  Validity validity;
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
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), to_seconds(terms.validity.from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), to_seconds(terms.validity.until)) == nullptr ||
      !set_common_name(X509_get_subject_name(certificate.get()), terms.common_name) ||
      X509_set_pubkey(certificate.get(), key) != 1)
    return nullptr;
  return certificate;
}

X509Ptr sign_authority(const Terms& terms, EVP_PKEY* key) {
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

X509Ptr sign_leaf(const Terms& terms, EVP_PKEY* key, const std::string& names, X509* authority,
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

// Two authorities in one caBundle must not share a name, or a verifier may try the wrong one first; so the name has 64
// random bits.
Result<std::string> make_authority_name() {
  std::array<unsigned char, 8> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return fail(ErrorCode::Bug, "no random bytes: " + last_openssl_error());
  std::string name = "Plimsoll self-made authority ";
  for (const unsigned char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    name += kDigits[byte >> 4U];
    name += kDigits[byte & 0xFU];
  }
  return name;
}

// One label of a DNS name as Kubernetes has it (RFC 1123): lower case.
bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace

Result<Authority> make_authority(const Validity& validity) {
  PLIMSOLL_TRY(name, make_authority_name());
  const KeyPtr key = make_key();
  if (!key) return fail(ErrorCode::Bug, "cannot make a P-256 key: " + last_openssl_error());
  const X509Ptr certificate = sign_authority({name, validity}, key.get());
  if (!certificate) return fail(ErrorCode::Bug, "cannot make an authority: " + last_openssl_error());
  return parse_authority(encode_certificate(certificate.get()), encode_key(key.get()),
                         {"the new authority's certificate", "its key"});
}

Result<Authority> parse_authority(std::string certificate_pem, std::string key_pem, const IdentityFiles& names) {
  PLIMSOLL_TRY(pair, parse_identity(std::move(certificate_pem), std::move(key_pem), names));
  const Chain chain = decode_chain(pair.chain_pem());
  if (chain.certificates.size() != 1)
    return fail(ErrorCode::Invalid,
                "holds " + std::to_string(chain.certificates.size()) + " certificates; an authority has one",
                names.certificate);
  if (X509_check_ca(chain.certificates.front().get()) != 1)
    return fail(ErrorCode::Invalid, "is no certificate of an authority: it has no CA:TRUE", names.certificate);
  return Authority(std::move(pair));
}

Result<Identity> issue_identity(const Authority& authority, std::span<const std::string> names, TimePoint until) {
  PLIMSOLL_TRY(alternative_names, to_alternative_names(names));
  const KeyPtr key = make_key();
  const KeyPtr authority_key = decode_key(authority.key_pem());
  const Chain chain = decode_chain(authority.certificate_pem());
  if (!key || !authority_key) return fail(ErrorCode::Bug, "cannot make a P-256 key: " + last_openssl_error());
  // Callers look at the alternative names only.
  const Terms terms{"plimsoll", {authority.valid_from(), std::min(until, authority.valid_until())}};
  const X509Ptr leaf =
      sign_leaf(terms, key.get(), alternative_names, chain.certificates.front().get(), authority_key.get());
  if (!leaf) return fail(ErrorCode::Bug, "cannot make a certificate: " + last_openssl_error());
  return parse_identity(encode_certificate(leaf.get()), encode_key(key.get()), {"the new certificate", "its key"});
}

Result<std::vector<std::string>> service_names(std::string_view service) {
  const std::size_t dot = service.find('.');
  const std::string_view name = service.substr(0, dot);
  const std::string_view name_space = dot == std::string_view::npos ? std::string_view() : service.substr(dot + 1);
  if (!is_label(name) || !is_label(name_space))
    return fail(ErrorCode::Invalid,
                quoted(service, 256) + " is not a Service's NAME.NAMESPACE, such as \"plimsoll.plimsoll-system\"");
  const std::string base(service);
  return std::vector<std::string>{base + ".svc", base + ".svc.cluster.local", base, std::string(name)};
}

}  // namespace plimsoll::tls
