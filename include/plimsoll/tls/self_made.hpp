// An identity out of nothing, for a demo or a cluster without cert-manager: a certificate authority is made in memory,
// signs one server certificate, and its key is forgotten at once, so that nothing else can ever be signed by it.
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/identity.hpp"

namespace plimsoll::tls {

/// How long a self-made certificate and its authority are valid. They live in one process, which is seldom a year old.
inline constexpr std::chrono::days kSelfMadeValidity{365};

/// How far a validity begins in the past, for callers whose clock is behind ours.
inline constexpr std::chrono::hours kClockSkew{1};

/// A server's identity, and the certificate its callers must trust.
struct SelfMade {
  Identity identity;
  std::string authority_pem;  ///< goes into the caBundle
};

/// Makes an authority and a server certificate for `names`, DNS names or IP addresses, valid around `now`.
///
/// Keys are ECDSA P-256, the cheapest handshake that every caller knows.
/// Errors: no name, or one that is neither a DNS name nor an IP address.
[[nodiscard]] Result<SelfMade> make_self_made(std::span<const std::string> names, TimePoint now);

}  // namespace plimsoll::tls
