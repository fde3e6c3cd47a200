// What one client may take of the server: bytes, time and connections.
//
// The one that matters most is the API server's webhook client, Go's net/http: it keeps 25 idle connections for 90 s,
// gives up a TLS handshake after 10 s, and waits at most 30 s for an answer.
#pragma once

#include <chrono>
#include <cstddef>

namespace plimsoll::http {

struct Limits {
  /// A review holds the object and its old version, 3 MiB each at most, their managed fields and options included; the
  /// rest of the review and its encoding take less than one more. 413 beyond.
  /// Source: MaxRequestBodyBytes in k8s.io/apiserver/pkg/server/config.go
  std::size_t max_body = std::size_t{8} << 20;

  /// For all bodies that are held at the same time, not counting the first kSmallBody of each, so that a few large ones
  /// cannot lock out the ordinary ones: those are bounded by the connections. 503 beyond.
  std::size_t max_held = std::size_t{64} << 20;
  static constexpr std::size_t kSmallBody = std::size_t{64} << 10;

  /// For the request line, and again for all headers together; what chunks and trailers add to a body may be as much.
  /// The API server sends about 300 bytes, a bearer token adds 1 to 2 KiB, a proxy its own. 431 beyond.
  std::size_t max_header = std::size_t{16} << 10;

  /// The API server keeps 25 and opens one per call in flight beyond. Fits, with the program's own files, under the
  /// 1,024 descriptors that a process may open by default. Beyond, the one that has been idle for longest is closed,
  /// and if none is, the new one.
  std::size_t max_connections = 1000;

  /// Handshakes are what costs most: beyond, callers wait in the kernel's queue until another is done, and one that has
  /// taken stalled_handshake makes room.
  std::size_t max_handshakes = 128;
  std::chrono::milliseconds stalled_handshake{1'000};

  /// A kept connection pins its client to this replica; opening one anew now and then spreads the load, and at one in a
  /// thousand the handshakes do not show. The last answer says `Connection: close`.
  std::size_t max_requests_per_connection = 1000;

  /// The same for connections that are used less. Each lives up to a tenth more or less, so that those that began
  /// together do not end together.
  std::chrono::milliseconds max_connection_age{600'000};

  /// How long a caller waits for its answer who does not say so: a webhook's timeoutSeconds when it is left out. What
  /// cannot be answered in time is refused when it comes: 503.
  std::chrono::milliseconds default_patience{10'000};

  /// Go's client gives up by itself after as long.
  std::chrono::milliseconds handshake_timeout{10'000};

  /// From the first byte of a request to the end of its head, which comes in one packet from an honest client. 408
  /// beyond.
  std::chrono::milliseconds header_timeout{10'000};

  /// From the end of the head to the end of the body, and again for the answer to be taken. A webhook's caller waits 30
  /// s at most, so nobody is left to read what comes later. 408 beyond.
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds write_timeout{30'000};

  /// Above the API server's 90 s, so that it is always the client who closes: a POST written into a connection that we
  /// are just closing is lost, and Go does not send it again.
  std::chrono::milliseconds idle_timeout{120'000};

  /// How long a connection that is being closed may take to say goodbye, or to be read empty after a refusal, which
  /// otherwise could be lost in a reset.
  std::chrono::milliseconds close_timeout{2'000};
};

}  // namespace plimsoll::http
