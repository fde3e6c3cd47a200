// A blocking HTTP/1.1 client for one origin: a Request's mirror image.
//
// It keeps one connection and uses it again while both sides want that. Each step has its time, so a call ends whatever
// the other side does. What it never does is send anything twice: it says how far a failed call came, and whoever knows
// what the request means decides whether to repeat it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/tls/client_context.hpp"

namespace plimsoll::http {

/// Whom a client talks to.
struct Origin {
  std::string host;  ///< a DNS name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;
  std::optional<tls::ClientContext> tls = {};  ///< plain HTTP without
  std::string server_name = {};                ///< what the certificate has to prove; empty: `host`
};

/// How much, and how long, a client puts up with.
struct ClientLimits {
  /// For the address of a name. The machine's resolver may ask a second name server when the first is silent for 5 s.
  std::chrono::milliseconds resolve_timeout{20'000};
  /// To connect, and again for the TLS handshake.
  std::chrono::milliseconds connect_timeout{5'000};
  /// For the whole request to be taken, and again for the whole response to arrive.
  std::chrono::milliseconds write_timeout{10'000};
  std::chrono::milliseconds read_timeout{30'000};
  std::size_t max_header = std::size_t{64} << 10;
  std::size_t max_body = std::size_t{8} << 20;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What is asked. Host, Content-Length and Connection are the client's to add.
struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  /// Requires: neither names nor values hold a line break.
  Headers headers = {};
  std::string body = {};
};

/// What was answered, whole and within the limits.
struct ClientResponse {
  unsigned status = 0;
  Headers headers = {};
  std::string body = {};

  /// The first header called `name`, whatever its case; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// Why there is no response, and so whether the request may have been obeyed all the same.
struct CallFailure {
  enum class Kind {
    NotConnected,  ///< nothing was sent
    Untrusted,     ///< nothing was sent: the server did not prove to be who it should
    Interrupted,   ///< sent in part or whole; nobody knows what became of it
    Unreadable,    ///< answered, but with what is no HTTP or beyond the limits
    Cancelled,     ///< cancel() was called
  };
  Kind kind;
  std::string message;
};

/// A client of one origin.
///
/// Threads: one at a time, but for cancel().
class Client {
 public:
  explicit Client(Origin origin, ClientLimits limits = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Sends `request` and waits for the response, of any status. Redirects are not followed.
  [[nodiscard]] Result<ClientResponse, CallFailure> send(const ClientRequest& request);

  /// Ends the call that is under way, and every later one.
  /// Threads: any.
  void cancel() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::http
