// A connection's bytes, with TLS or without, and never waiting for any: a step does what can be done now and says what
// the next one waits for.
//
// OpenSSL reads and writes the descriptor itself. asio::ssl::stream puts a pair of memory BIOs and two buffers of its
// own between, which was half of a connection's memory and two more copies of every byte.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plimsoll/tls/server_context.hpp"

struct ssl_st;  // OpenSSL's SSL

namespace plimsoll::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
// The concrete executor instead of any_io_executor: no type erasure on each operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;

/// Threads: one owner.
class Stream {
 public:
  enum class Step {
    Done,
    WantsRead,   ///< again when the socket can be read
    WantsWrite,  ///< again when it can be written
    Ended,       ///< the client has closed
    Failed,      ///< error() says how
  };

  explicit Stream(Socket socket);

  /// From now on bytes are encrypted; the handshake comes first.
  /// Errors: false when there is no memory for it.
  [[nodiscard]] bool start_tls(const tls::ServerContext& context);

  [[nodiscard]] Step shake_hands();
  /// Whether the client has sent anything yet. Requires: start_tls().
  [[nodiscard]] bool has_heard() const noexcept;
  /// Reads into `room`, one TLS record at most, and says how much.
  [[nodiscard]] Step read(std::span<char> room, std::size_t& size);
  /// Writes and cuts off what is written; Done when nothing is left. What is left must come again before anything else.
  [[nodiscard]] Step write(std::string_view& bytes);
  /// Sends our goodbye, without waiting for the client's.
  [[nodiscard]] Step say_goodbye();
  /// Whether bytes of the client may stand here already, so that the socket need not become readable again.
  [[nodiscard]] bool has_pending() const noexcept;

  /// From now on bytes go as they are.
  void forget_tls() { ssl_.reset(); }
  /// Requires: shake_hands() has Failed. Whether the client spoke HTTP instead of TLS.
  [[nodiscard]] bool is_plain_http() const noexcept;
  /// Requires: shake_hands() has Failed. Whether it was the client's certificate, or that there was none.
  [[nodiscard]] bool is_unproven() const noexcept;

  [[nodiscard]] Socket& socket() noexcept { return socket_; }
  /// The TLS state, for what a handshake has told; null without TLS.
  [[nodiscard]] ssl_st* native() noexcept { return ssl_.get(); }
  /// Requires: the last step has Failed.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const noexcept;
  };

  Step why(int result);
  Step why_errno();

  Socket socket_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  std::string error_;
  int reason_ = 0;  ///< OpenSSL's, of the last failure
};

}  // namespace plimsoll::http
