// Who is at the other end of a TLS connection, as far as a certificate says.
//
// Only what the handshake verified becomes a Peer, so that whoever holds one need not ask again, but for the time: a
// connection may outlive its certificate.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plimsoll/base/time.hpp"

struct ssl_st;  // OpenSSL's SSL, whose header stays out of ours

namespace plimsoll::tls {

/// The subject of a verified client certificate. Names are as the certificate has them: any bytes, NUL included.
struct Peer {
  std::string common_name;  ///< the last one, as Go reads it; empty when there is none
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> uris;
  /// When the first certificate of its chain ceases to be valid.
  TimePoint valid_until;
};

/// The client at the other end of `connection`; null when it showed no certificate.
/// Requires: the handshake is over.
[[nodiscard]] std::shared_ptr<const Peer> find_peer(const ssl_st* connection);

}  // namespace plimsoll::tls
