// A blocking client that sends bytes as they are given, well formed or not, with TLS or without.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace plimsoll::http {
inline namespace raw {  // http::Client is another: the one that the program uses

/// One response as it was received.
struct Received {
  std::string status_line;  ///< empty when the server closed without an answer
  std::string head;         ///< header lines, each ended by CRLF
  std::string body;

  [[nodiscard]] bool has(std::string_view header_line) const {
    return head.find(std::string(header_line) + "\r\n") != std::string::npos;
  }
};

enum class Wire { Plain, Tls };

class Client {
 public:
  explicit Client(std::uint16_t port, Wire wire = Wire::Plain) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    // OpenSSL writes to a socket that the server has closed. The server's own threads let no signal in.
    std::signal(SIGPIPE, SIG_IGN);
    // A server that hangs fails the test instead of hanging it.
    const timeval patience{2, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (wire == Wire::Plain) return;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_);
    is_connected_ = is_connected_ && SSL_connect(ssl_.get()) == 1;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  [[nodiscard]] bool is_connected() const { return is_connected_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : static_cast<int>(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// The next response, `has_body` unless it answers HEAD.
  Received receive(bool has_body = true) {
    Received received;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!read_more()) return received;
    const std::size_t line = buffer_.find("\r\n");
    received.status_line = buffer_.substr(0, line);
    received.head = buffer_.substr(line + 2, end - line);
    buffer_.erase(0, end + 4);

    const std::string label = "Content-Length: ";
    const std::size_t at = received.head.find(label);
    if (!has_body || at == std::string::npos) return received;
    const std::size_t size = std::strtoul(received.head.c_str() + at + label.size(), nullptr, 10);
    while (buffer_.size() < size)
      if (!read_more()) return received;
    received.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return received;
  }

  /// Whether the server ends the connection, properly, with nothing more to say.
  bool is_closed_by_server() { return buffer_.empty() && !read_more() && last_read_ == 0; }

 private:
  bool read_more() {
    std::array<char, 16384> bytes{};
    last_read_ = ssl_ ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                      : static_cast<int>(::recv(socket_, bytes.data(), bytes.size(), 0));
    if (last_read_ > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(last_read_));
    // A TLS connection that ends without goodbye could have been cut by anyone.
    if (ssl_ && last_read_ <= 0) last_read_ = SSL_get_error(ssl_.get(), last_read_) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    return last_read_ > 0;
  }

  int socket_;
  bool is_connected_ = false;
  int last_read_ = 0;
  std::string buffer_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
};

}  // namespace raw
}  // namespace plimsoll::http
