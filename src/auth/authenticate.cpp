#include "plimsoll/auth/authenticate.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"
#include "token.hpp"

namespace plimsoll::auth {
namespace {

using Refused = Unexpected<Refusal>;

std::vector<std::string_view> names_of(const tls::Peer& certificate) {
  std::vector<std::string_view> names;
  if (!certificate.common_name.empty()) names.emplace_back(certificate.common_name);
  names.insert(names.end(), certificate.dns_names.begin(), certificate.dns_names.end());
  names.insert(names.end(), certificate.uris.begin(), certificate.uris.end());
  return names;
}

/// The name that a certificate proves; empty when none was shown, and none need be.
Result<std::string, Refusal> check_certificate(const tls::Peer* certificate, const Config& config, TimePoint now) {
  if (config.certificate == Demand::Off) return std::string();
  if (certificate == nullptr) {
    if (config.certificate == Demand::Optional) return std::string();
    return Refused{{Cause::NoCertificate, "a client certificate is needed"}};
  }
  if (now > certificate->valid_until)
    return Refused{{Cause::CertificateExpired, "the client certificate, or one of its issuers', was valid until " +
                                                   plimsoll::to_text(certificate->valid_until)}};
  const std::vector<std::string_view> names = names_of(*certificate);
  if (names.empty()) return Refused{{Cause::NameNotAllowed, "the client certificate has no name"}};
  if (config.names.empty()) return std::string(names.front());
  for (const std::string_view name : names)
    if (std::find(config.names.begin(), config.names.end(), name) != config.names.end()) return std::string(name);
  return Refused{{Cause::NameNotAllowed, "the client certificate of " + quoted(names.front()) +
                                             " is good, but this caller is not allowed here"}};
}

/// What follows the scheme `Bearer`; nothing for another scheme. Schemes are compared without case (RFC 9110, 11.1).
std::optional<std::string_view> find_bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(authorization[i])) != kScheme[i]) return std::nullopt;
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', kScheme.size()), authorization.size()));
  return authorization;
}

Result<std::string, Refusal> check_token(std::string_view authorization, const Keys& keys, const Config& config,
                                         TimePoint now) {
  if (config.token == Demand::Off) return std::string();
  if (authorization.empty()) {
    if (config.token == Demand::Optional) return std::string();
    return Refused{{Cause::NoToken, "a token is needed: Authorization: Bearer, then a JWT"}};
  }
  const auto token = find_bearer(authorization);
  if (!token) return Refused{{Cause::TokenMalformed, "the Authorization header is not of the scheme Bearer"}};
  return verify_token(*token, keys, config, now);
}

}  // namespace

std::string_view to_text(Cause cause) {
  switch (cause) {
    case Cause::NoCertificate:
      return "no_certificate";
    case Cause::CertificateExpired:
      return "certificate_expired";
    case Cause::NameNotAllowed:
      return "name_not_allowed";
    case Cause::NoToken:
      return "no_token";
    case Cause::TokenMalformed:
      return "token_malformed";
    case Cause::TokenUnsupported:
      return "token_unsupported";
    case Cause::KeyUnknown:
      return "key_unknown";
    case Cause::SignatureWrong:
      return "signature_wrong";
    case Cause::TokenExpired:
      return "token_expired";
    case Cause::TokenNotYetValid:
      return "token_not_yet_valid";
    case Cause::IssuerWrong:
      return "issuer_wrong";
    case Cause::AudienceWrong:
      return "audience_wrong";
  }
  return "";
}

static_assert(static_cast<std::size_t>(Cause::AudienceWrong) + 1 == kCauses);

bool is_about_token(Cause cause) {
  return cause >= Cause::NoToken;
}

Result<Principal, Refusal> authenticate(const tls::Peer* certificate, std::string_view authorization, const Keys& keys,
                                        const Config& config, TimePoint now) {
  PLIMSOLL_TRY(by_certificate, check_certificate(certificate, config, now));
  PLIMSOLL_TRY(by_token, check_token(authorization, keys, config, now));
  const bool are_both = !by_certificate.empty() && !by_token.empty();
  return Principal{by_certificate + (are_both ? " + " : "") + by_token};
}

}  // namespace plimsoll::auth
