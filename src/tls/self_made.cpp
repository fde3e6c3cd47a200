#include "plimsoll/tls/self_made.hpp"

#include "plimsoll/tls/authority.hpp"

namespace plimsoll::tls {

Result<SelfMade> make_self_made(std::span<const std::string> names, TimePoint now) {
  PLIMSOLL_TRY(authority, make_authority({now - kClockSkew, now + kSelfMadeValidity}));
  PLIMSOLL_TRY(identity, issue_identity(authority, names, authority.valid_until()));
  return SelfMade{std::move(identity), authority.certificate_pem()};
}

}  // namespace plimsoll::tls
