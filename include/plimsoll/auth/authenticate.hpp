// Who is calling: by client certificate, by bearer token (JWT), by both or by neither, as the operator demands.
//
// What is shown has to be right, demanded or not: a caller with a bad token is never taken for one without. Only what
// is switched off is not looked at.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/auth/keys.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/peer.hpp"

namespace plimsoll::auth {

/// What is asked of callers in one respect.
enum class Demand {
  Off,       ///< not looked at
  Optional,  ///< may be missing
  Required,
};

struct Config {
  Demand certificate = Demand::Off;
  /// A client certificate's common name or one of its DNS or URI names has to be among them; empty: any will do.
  std::vector<std::string> names = {};

  Demand token = Demand::Off;
  std::string issuer = {};
  std::string audience = {};
  /// How far the issuer's clock and ours may differ.
  std::chrono::seconds leeway{30};

  bool operator==(const Config&) const = default;
};

/// Why a caller is refused, for counting.
enum class Cause {
  NoCertificate,
  CertificateExpired,
  NameNotAllowed,
  NoToken,
  TokenMalformed,
  TokenUnsupported,  ///< an algorithm, extension or nesting that is not accepted
  KeyUnknown,
  SignatureWrong,
  TokenExpired,
  TokenNotYetValid,
  IssuerWrong,
  AudienceWrong,
};

inline constexpr std::size_t kCauses = 12;

/// A word in snake_case, for a metric's label and the log.
[[nodiscard]] std::string_view to_text(Cause cause);
/// Whether another token would help; otherwise it is the certificate.
[[nodiscard]] bool is_about_token(Cause cause);

struct Refusal {
  Cause cause;
  std::string message;  ///< names what was expected; never holds the token

  bool operator==(const Refusal&) const = default;
};

/// A caller who has shown what was demanded.
struct Principal {
  /// By certificate: the allowed name that it bears, else its common name, else its first other name. By token: its
  /// `sub`, else its `iss`. Both are joined by " + ". Empty: nothing was shown or asked.
  std::string name;

  bool operator==(const Principal&) const = default;
};

/// Judges what a caller shows, as of `now`: a verified certificate or null, and the text of the `Authorization` header
/// or nothing.
///
/// Called for each request: a connection, and the token in its requests, may outlive what they prove.
/// Threads: safe.
[[nodiscard]] Result<Principal, Refusal> authenticate(const tls::Peer* certificate, std::string_view authorization,
                                                      const Keys& keys, const Config& config, TimePoint now);

}  // namespace plimsoll::auth
