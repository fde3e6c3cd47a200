#include "plimsoll/tls/certificate_set.hpp"

#include <string_view>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "plimsoll/tls/certificate.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::tls {
namespace {

constexpr const char* kLeaf = "tls.crt";
constexpr const char* kLeafKey = "tls.key";
constexpr const char* kBundle = "ca.crt";
constexpr const char* kAuthority = "authority.crt";
constexpr const char* kAuthorityKey = "authority.key";
constexpr const char* kNext = "next.crt";
constexpr const char* kNextKey = "next.key";
constexpr const char* kFormer = "former.crt";
constexpr const char* kFormerUntil = "former.until";

std::string find(const Entries& entries, const char* name) {
  const auto found = entries.find(name);
  return found == entries.end() ? std::string() : found->second;
}

Result<Authority> decode_authority(const Entries& entries, const char* certificate, const char* key) {
  return parse_authority(find(entries, certificate), find(entries, key), {certificate, key});
}

Result<std::vector<FormerAuthority>> decode_former(const Entries& entries) {
  std::vector<FormerAuthority> former;
  const std::string pem = find(entries, kFormer);
  if (pem.empty()) return former;
  PLIMSOLL_TRY(certificates, parse_certificates(pem, kFormer));
  const std::string text = find(entries, kFormerUntil);
  std::string_view lines = text;
  for (const Certificate& certificate : certificates) {
    const auto until = parse_time(lines.substr(0, lines.find('\n')));
    if (!until) return fail(ErrorCode::Invalid, until.error().message, kFormerUntil);
    lines.remove_prefix(std::min(lines.size(), lines.find('\n') + 1));
    former.push_back({certificate.pem, *until});
  }
  return former;
}

}  // namespace

std::string to_bundle(const CertificateSet& certificates) {
  std::string bundle = certificates.authority.certificate_pem();
  if (certificates.next) bundle += certificates.next->certificate_pem();
  for (const FormerAuthority& former : certificates.former) bundle += former.certificate_pem;
  return bundle;
}

const std::vector<std::string>& entry_names() {
  static const std::vector<std::string> names{kLeaf, kLeafKey, kBundle, kAuthority,  kAuthorityKey,
                                              kNext, kNextKey, kFormer, kFormerUntil};
  return names;
}

Entries encode_certificates(const CertificateSet& certificates) {
  Entries entries{{kLeaf, certificates.leaf.chain_pem()},
                  {kLeafKey, certificates.leaf.key_pem()},
                  {kBundle, to_bundle(certificates)},
                  {kAuthority, certificates.authority.certificate_pem()},
                  {kAuthorityKey, certificates.authority.key_pem()}};
  if (certificates.next) {
    entries[kNext] = certificates.next->certificate_pem();
    entries[kNextKey] = certificates.next->key_pem();
  }
  for (const FormerAuthority& former : certificates.former) {
    entries[kFormer] += former.certificate_pem;
    entries[kFormerUntil] += to_text(former.trusted_until) + "\n";
  }
  return entries;
}

Result<CertificateSet> decode_certificates(const Entries& entries) {
  bool is_empty = true;
  for (const std::string& name : entry_names()) is_empty = is_empty && find(entries, name.c_str()).empty();
  if (is_empty) return fail(ErrorCode::NotFound, "holds no certificates yet");
  if (find(entries, kAuthority).empty() && find(entries, kAuthorityKey).empty())
    return fail(ErrorCode::Unsupported,
                "holds certificates that Plimsoll did not make: it has no authority.key; name another place, or serve "
                "them with --tls-cert-file and --tls-private-key-file");

  PLIMSOLL_TRY(authority, decode_authority(entries, kAuthority, kAuthorityKey));
  std::optional<Authority> next;
  if (!find(entries, kNext).empty() || !find(entries, kNextKey).empty()) {
    PLIMSOLL_TRY(decoded, decode_authority(entries, kNext, kNextKey));
    next = std::move(decoded);
  }
  PLIMSOLL_TRY(former, decode_former(entries));
  PLIMSOLL_TRY(leaf, parse_identity(find(entries, kLeaf), find(entries, kLeafKey), {kLeaf, kLeafKey}));
  // At its own beginning, for an expired set is a set too.
  const Result<void> verdict =
      verify_chain(leaf.chain_pem(), {.authorities_pem = authority.certificate_pem(), .now = leaf.valid_from()});
  if (!verdict)
    return fail(ErrorCode::Invalid, "was not signed by the authority in authority.crt: " + verdict.error().message,
                kLeaf);

  CertificateSet certificates{std::move(authority), std::move(next), std::move(former), std::move(leaf)};
  if (find(entries, kBundle) != to_bundle(certificates))
    return fail(ErrorCode::Invalid, "is not the list of the authorities in the other entries", kBundle);
  return certificates;
}

}  // namespace plimsoll::tls
