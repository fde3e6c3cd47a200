// A server that answers each connection with bytes as they are given, well formed or not, and then closes or lingers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

namespace plimsoll::http {

class HostileServer {
 public:
  enum class Then {
    Close,   ///< at once
    Linger,  ///< until the client goes
    Trickle  ///< sends the last byte again and again until the client goes
  };

  HostileServer(std::string answer, Then then) : answer_(std::move(answer)), then_(then) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 8);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;
  ~HostileServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }
  /// Of the last connection that was answered.
  [[nodiscard]] std::string request() const { return request_; }

 private:
  void serve() {
    for (int client = 0; (client = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(client)) {
      ++connections_;
      const timeval tick{0, 20'000};
      ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
      std::string request;
      std::array<char, 4096> bytes{};
      while (!stopping_ && request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::recv(client, bytes.data(), bytes.size(), 0);
        if (count == 0) break;
        if (count > 0) request.append(bytes.data(), static_cast<std::size_t>(count));
      }
      request_ = request;
      ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      while (then_ != Then::Close && !stopping_) {
        if (::recv(client, bytes.data(), bytes.size(), 0) == 0) break;
        if (then_ == Then::Trickle && ::send(client, &answer_.back(), 1, MSG_NOSIGNAL) < 0) break;
      }
    }
  }

  std::string answer_;
  Then then_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::string request_;
  std::thread thread_;
};

}  // namespace plimsoll::http
