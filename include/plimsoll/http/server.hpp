// An HTTP/1.1 server: bytes on a socket, with TLS or without, to a Request, and its Response back.
//
// Each I/O thread owns its connections from the handshake to the end, so nothing on a request's way is shared or
// locked; new connections go to the threads in turn. A thread reads all that has come before it answers the next, so
// that it knows who waits. The server answers by itself only what never becomes a Request (RefusalCause). Paths,
// methods and content types are the handler's.
//
// The end of a server has three steps, so that no caller meets a closed door: the owner makes readiness fail and goes
// on serving while the endpoint is taken out of rotation; drain() sends callers elsewhere, one answer each; stop()
// closes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/http/limits.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/tls/server_context.hpp"

namespace plimsoll::http {

/// Where a server listens.
struct ListenAddress {
  std::string host;        ///< an IPv4 or IPv6 address; empty for every address of the machine
  std::uint16_t port = 0;  ///< 0 for any that is free

  bool operator==(const ListenAddress&) const = default;
};

/// Parses `:8443`, `127.0.0.1:8443` or `[::1]:8443`.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

/// What can go wrong without any handler learning of it.
enum class Trouble {
  TooManyConnections,  ///< over Limits::max_connections with none idle: accepted and closed
  AcceptFailed,        ///< most likely out of file descriptors; tried again shortly
  HandshakeFailed,     ///< among them callers that do not trust our certificate
  RequestRefused,      ///< answered by the server itself; the text begins with the status
  ConnectionLost,      ///< the client went away in the middle of a handshake, of a request or of its answer
  HandlerThrew,        ///< answered with 500
};

/// Why a request was answered by the server itself.
enum class RefusalCause {
  Malformed,           ///< 400
  TooSlow,             ///< 408
  BodyTooLarge,        ///< 413
  UnknownExpectation,  ///< 417
  HeadTooLarge,        ///< 431, trailers and the extensions of chunks included
  HandlerThrew,        ///< 500
  UnknownCoding,       ///< 501
  TooLate,             ///< 503: could not have been answered in the caller's time
  TooMuchHeld,         ///< 503: over Limits::max_held
};

/// Why a connection ended.
enum class CloseCause {
  ClientLeft,       ///< between requests, or without ever having sent anything
  ClientAsked,      ///< it said `Connection: close`, or speaks HTTP/1.0
  Lost,             ///< by the client, in the middle of a handshake, of a request or of its answer
  HandshakeFailed,  ///< in TLS, or it took too long
  Refused,          ///< after an answer of the server's own
  Idle,             ///< Limits::idle_timeout
  Requests,         ///< Limits::max_requests_per_connection
  Age,              ///< Limits::max_connection_age
  MadeRoom,         ///< it was idle, and another came at the cap
  TooMany,          ///< it came at the cap, and none was idle
  Draining,         ///< the server is about to stop
  Cut,              ///< the server stopped before the answer, or before the handshake was done
};

/// The status that is answered.
[[nodiscard]] unsigned to_status(RefusalCause cause) noexcept;
/// A word in snake_case, for a metric's label.
[[nodiscard]] std::string_view to_text(RefusalCause cause) noexcept;
[[nodiscard]] std::string_view to_text(CloseCause cause) noexcept;

/// How the server speaks to whoever logs and counts.
///
/// Threads: all are called on the I/O threads, several at once; must not block.
struct Events {
  /// `peer` is empty where there is none. The text may hold what a client sent, made fit for a log line.
  std::function<void(Trouble trouble, std::string_view peer, std::string_view text)> on_trouble = {};

  /// Each opened connection is closed exactly once: the difference is how many there are.
  std::function<void()> on_opened = {};
  std::function<void(CloseCause cause)> on_closed = {};
  /// One that is agreed upon; how long it took, the network's time and the wait for the thread included.
  std::function<void(std::chrono::nanoseconds took)> on_handshake = {};
  std::function<void(RefusalCause cause)> on_refused = {};
};

struct ServerOptions {
  ListenAddress listen;
  /// Asked at each new connection, so that a certificate is swapped without one being dropped; plain HTTP without.
  /// Threads: called on an I/O thread; must not block.
  std::function<tls::ServerContext()> tls = {};
  std::size_t threads = 1;
  /// Asked at each new connection, which keeps to them until it ends. Requires: the time-outs never change.
  /// Threads: as for `tls`.
  std::function<Limits()> limits = [] { return Limits{}; };
  /// How long the caller waits for an answer, by its request's query: asked once per request.
  /// Threads: called on the I/O threads, several at once; must not block.
  std::function<Patience(std::string_view query)> patience = {};
};

/// A server that listens and answers from start_server() until it is stopped or destroyed.
///
/// Threads: port() and drain() from any, stop() and destruction from one that is not the server's own.
class Server {
 public:
  class Impl;

  explicit Server(std::unique_ptr<Impl> impl) noexcept;
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();  ///< stops at once

  /// The port in use, also where any was asked for.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// From now on each answer says `Connection: close` and is the last on its connection; new connections are still
  /// taken.
  void drain() noexcept;

  /// Takes no new connection, closes idle ones, waits for requests that have begun until `deadline` has passed, cuts
  /// the rest and returns how many those were. The second time it does nothing. `is_hurried`, asked some times a
  /// second, ends the wait early.
  std::size_t stop(std::chrono::milliseconds deadline, const std::function<bool()>& is_hurried = {});

 private:
  std::unique_ptr<Impl> impl_;
};

/// Binds, listens, and starts the threads.
///
/// Errors: an address that is malformed, taken or not this machine's; a port below 1024 without the right to it.
[[nodiscard]] Result<Server> start_server(ServerOptions options, Handler handler, Events events = {});

}  // namespace plimsoll::http
