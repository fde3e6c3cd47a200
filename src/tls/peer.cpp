#include "plimsoll/tls/peer.hpp"

#include <algorithm>

#include "openssl.hpp"

namespace plimsoll::tls {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

std::string to_utf8(const ASN1_STRING* text) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) return {};
  std::string copy(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return copy;
}

std::vector<std::string> find_entries(const X509_NAME* name, int nid) {
  std::vector<std::string> found;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at))
    found.push_back(to_utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))));
  return found;
}

void add_alternative_names(Peer& peer, const X509* certificate) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) peer.dns_names.push_back(to_utf8(name->d.dNSName));
    if (name->type == GEN_URI) peer.uris.push_back(to_utf8(name->d.uniformResourceIdentifier));
  }
}

}  // namespace

std::shared_ptr<const Peer> find_peer(const SSL* connection) {
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return nullptr;

  auto peer = std::make_shared<Peer>();
  const X509_NAME* subject = X509_get_subject_name(certificate);
  if (auto names = find_entries(subject, NID_commonName); !names.empty()) peer->common_name = std::move(names.back());
  peer->organizations = find_entries(subject, NID_organizationName);
  add_alternative_names(*peer, certificate);

  peer->valid_until = to_time_point(X509_get0_notAfter(certificate));
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(connection);
  for (int i = 0; i < sk_X509_num(chain); ++i)
    peer->valid_until = std::min(peer->valid_until, to_time_point(X509_get0_notAfter(sk_X509_value(chain, i))));
  return peer;
}

}  // namespace plimsoll::tls
