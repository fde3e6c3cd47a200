// A request and its response as values, free of any socket.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/tls/peer.hpp"

namespace plimsoll::http {

/// How long a caller waits for its answer: nothing where it does not say so, an error where it does unintelligibly.
using Patience = Result<std::optional<std::chrono::nanoseconds>>;

/// One request, whole and within the limits. It owns its bytes.
struct Request {
  std::string method;
  std::string path;           ///< the target up to its `?`, as it was sent: nothing is decoded
  std::string query;          ///< what follows the `?`; empty when there is none
  std::string content_type;   ///< empty when there is none
  std::string authorization;  ///< a secret; empty when there is none
  std::string body;
  std::string peer;  ///< address and port, as in `10.0.0.7:41352` or `[::1]:41352`
  /// What the client's certificate says, the same for all requests of a connection; null without one.
  std::shared_ptr<const tls::Peer> certificate;
  /// When its first bytes were seen: where a caller's deadline and our latency begin.
  std::chrono::steady_clock::time_point received;
  /// What ServerOptions::patience has read in the query.
  Patience patience = std::nullopt;
};

/// What is answered. Content-Length, Connection and Date are the server's to add.
struct Response {
  unsigned status = 200;
  std::string content_type = {};
  std::string body = {};
  /// Requires: neither names nor values hold a line break.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Answers one request. What it throws becomes a 500.
///
/// Threads: called on the server's I/O threads, several at once; while it blocks, so do that thread's other
/// connections.
using Handler = std::function<Response(Request&&)>;

}  // namespace plimsoll::http
