// What a server shows of itself: a certificate chain, and the private key that proves it.
//
// An Identity is a value, checked when it is made: the chain parses, the key parses, and the key belongs to the chain's
// first certificate. So a certificate that was written while its key was not yet is refused here, before anyone is
// shown it. Equal identities are equal text, which is all that a later swap of files needs to know.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"

namespace plimsoll::tls {

/// Where a certificate chain and its key lie, as PEM.
struct IdentityFiles {
  std::string certificate;  ///< the server's own certificate first, then its issuers
  std::string private_key;  ///< not encrypted
};

/// A certificate chain and the key of its first certificate, known to belong together.
class Identity {
 public:
  [[nodiscard]] const std::string& chain_pem() const noexcept { return chain_pem_; }
  [[nodiscard]] const std::string& key_pem() const noexcept { return key_pem_; }

  /// When the first certificate of the chain starts and ceases to be valid.
  [[nodiscard]] TimePoint valid_from() const noexcept { return valid_from_; }
  [[nodiscard]] TimePoint valid_until() const noexcept { return valid_until_; }

  /// The DNS names and IP addresses that the first certificate is for.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  bool operator==(const Identity&) const = default;

 private:
  friend Result<Identity> parse_identity(std::string, std::string, const IdentityFiles&);
  Identity() = default;

  std::string chain_pem_;
  std::string key_pem_;
  TimePoint valid_from_;
  TimePoint valid_until_;
  std::vector<std::string> names_;
};

/// Reads an identity from PEM text; `names` are what the errors call the two texts.
///
/// Errors: no certificate, a malformed one, an encrypted or malformed key, or a key that belongs to another
/// certificate.
[[nodiscard]] Result<Identity> parse_identity(std::string chain_pem, std::string key_pem, const IdentityFiles& names);

/// Reads both files whole, then parses them. An expired certificate loads: only the caller knows the time.
[[nodiscard]] Result<Identity> load_identity(const IdentityFiles& files);

}  // namespace plimsoll::tls
