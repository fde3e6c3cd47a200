// What a server shows to whoever connects, trusted or not: a look from outside, for people and for readiness.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "plimsoll/base/result.hpp"

namespace plimsoll::tls {

/// Whom to ask, and under which name.
struct ProbeTarget {
  std::string host;
  std::uint16_t port = 0;
  std::string server_name = {};  ///< by SNI; empty: none is named
  std::chrono::milliseconds timeout{5'000};
};

/// The chain that the server shows, as PEM, its own certificate first. Nothing of it is verified.
///
/// Errors: no such host, no connection or no handshake within the time-out.
[[nodiscard]] Result<std::string> fetch_chain(const ProbeTarget& target);

}  // namespace plimsoll::tls
