// All that servers which share self-made certificates share: what they serve, what signs it, and what callers must
// trust.
//
// It is stored as the entries of a Kubernetes Secret of type kubernetes.io/tls, or as files of the same names:
//
//   tls.crt tls.key                what is served, where any other reader of such a Secret looks for it
//   ca.crt                         every authority that callers must trust: the caBundle
//   authority.crt authority.key    signs what is served
//   next.crt next.key              will sign, once callers are known to trust it; often absent
//   former.crt former.until        signed what may still be served somewhere; when each may be forgotten, a line each
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/authority.hpp"
#include "plimsoll/tls/identity.hpp"

namespace plimsoll::tls {

/// An authority that signs no more, and whose key is forgotten.
struct FormerAuthority {
  std::string certificate_pem;
  TimePoint trusted_until;  ///< when the last certificate that it signed has expired

  bool operator==(const FormerAuthority&) const = default;
};

struct CertificateSet {
  Authority authority;
  std::optional<Authority> next;
  std::vector<FormerAuthority> former;
  Identity leaf;  ///< signed by `authority`

  bool operator==(const CertificateSet&) const = default;
};

/// What callers must trust: every authority of the set, as PEM.
[[nodiscard]] std::string to_bundle(const CertificateSet& certificates);

/// Names and contents of a Secret's entries, or of files.
using Entries = std::map<std::string, std::string>;

/// The names of every entry that a set may have.
[[nodiscard]] const std::vector<std::string>& entry_names();

[[nodiscard]] Entries encode_certificates(const CertificateSet& certificates);

/// Reads a set back; entries of other names are not looked at, empty ones count as absent.
///
/// Errors: NotFound when there is nothing at all; Unsupported when there are certificates that are not ours; Invalid,
/// with the entry's name in `where`, when parts are missing, malformed, or do not belong together.
[[nodiscard]] Result<CertificateSet> decode_certificates(const Entries& entries);

}  // namespace plimsoll::tls
