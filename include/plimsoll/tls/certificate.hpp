// What certificates say of themselves, and whether one leads to another: for whoever looks at them, not for handshakes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"

namespace plimsoll::tls {

/// One certificate, as far as people and rules ask. Texts may hold what a stranger wrote.
struct Certificate {
  std::string subject;  ///< as RFC 2253 writes it: "CN=plimsoll"
  std::string issuer;
  std::vector<std::string> names;  ///< the alternative names: DNS names and IP addresses
  std::string serial;              ///< hexadecimal
  std::string fingerprint;         ///< SHA-256 of the whole, hexadecimal
  TimePoint valid_from;
  TimePoint valid_until;
  bool is_authority = false;
  std::string pem;  ///< the certificate alone, as OpenSSL writes it
};

/// Reads every certificate in `pem`, in order. Errors: none at all, or a malformed one; `where` is what errors call it.
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(std::string_view pem, std::string_view where);

/// What a caller holds a server's chain to.
struct Expectation {
  std::string_view authorities_pem;  ///< trusted: a caBundle
  std::string_view name = {};        ///< DNS name or IP address that is called; empty: any
  TimePoint now;
};

/// Whether a caller would trust the first certificate of `chain_pem`, as the API server does.
///
/// Errors: OpenSSL's reason, such as "certificate has expired", "unable to get local issuer certificate" or "hostname
/// mismatch".
[[nodiscard]] Result<void> verify_chain(std::string_view chain_pem, const Expectation& expectation);

}  // namespace plimsoll::tls
