// The certificate authorities whose signature makes a caller's certificate believed.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/base/result.hpp"

namespace plimsoll::tls {

/// One or more certificates of authorities, checked to be such.
class Authorities {
 public:
  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }

  bool operator==(const Authorities&) const = default;

 private:
  friend Result<Authorities> parse_authorities(std::string, std::string_view);
  explicit Authorities(std::string pem) : pem_(std::move(pem)) {}

  std::string pem_;
};

/// Reads a bundle of PEM certificates; `name` is what the errors call it.
///
/// Errors: no certificate, a malformed one, or one that may not sign others.
[[nodiscard]] Result<Authorities> parse_authorities(std::string pem, std::string_view name);

}  // namespace plimsoll::tls
