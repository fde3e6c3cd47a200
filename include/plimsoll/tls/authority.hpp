// A certificate authority of our own: it signs the server's certificates, and callers that trust it trust them.
//
// An Authority is a value like an Identity: checked when it is made or read, and equal when its text is. What it signs
// is valid from its own first instant, not from the moment of signing, so that a certificate made by a machine whose
// clock is ahead can be used by everybody at once.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/identity.hpp"

namespace plimsoll::tls {

/// From when until when something is valid.
struct Validity {
  TimePoint from;
  TimePoint until;

  bool operator==(const Validity&) const = default;
};

/// A certificate that may sign others, and its key.
class Authority {
 public:
  /// What callers must trust; goes into the caBundle.
  [[nodiscard]] const std::string& certificate_pem() const noexcept { return pair_.chain_pem(); }
  [[nodiscard]] const std::string& key_pem() const noexcept { return pair_.key_pem(); }
  [[nodiscard]] TimePoint valid_from() const noexcept { return pair_.valid_from(); }
  [[nodiscard]] TimePoint valid_until() const noexcept { return pair_.valid_until(); }

  bool operator==(const Authority&) const = default;

 private:
  friend Result<Authority> parse_authority(std::string, std::string, const IdentityFiles&);
  explicit Authority(Identity pair) : pair_(std::move(pair)) {}

  Identity pair_;
};

/// Makes an authority with a name of its own and an ECDSA P-256 key. Errors: none but a broken OpenSSL.
[[nodiscard]] Result<Authority> make_authority(const Validity& validity);

/// Reads an authority from PEM text; `names` are what the errors call the two texts.
///
/// Errors: those of parse_identity; more than one certificate; one that is no authority.
[[nodiscard]] Result<Authority> parse_authority(std::string certificate_pem, std::string key_pem,
                                                const IdentityFiles& names);

/// Makes a new key, and a server certificate for `names` (DNS names or IP addresses) that `authority` signs. It is
/// valid from the authority's beginning until `until`, or until the authority ends if that is earlier.
///
/// Keys are ECDSA P-256, the cheapest handshake that every caller knows.
/// Errors: no name, or one that is neither a DNS name nor an IP address.
[[nodiscard]] Result<Identity> issue_identity(const Authority& authority, std::span<const std::string> names,
                                              TimePoint until);

/// The names under which a cluster's clients reach a Service given as NAME.NAMESPACE: `<name>.<namespace>.svc`, which
/// is what the API server asks for, first; then the longer form and the shorter ones.
///
/// Errors: not two DNS labels.
[[nodiscard]] Result<std::vector<std::string>> service_names(std::string_view service);

}  // namespace plimsoll::tls
