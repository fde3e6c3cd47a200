// A server on a port of its own, with limits short enough to be waited for, that keeps what it reports.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "client.hpp"
#include "plimsoll/http/server.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::http {

using namespace std::chrono_literals;

inline tls::ServerContext make_tls() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return *tls::make_server_context(tls::make_self_made(std::vector<std::string>{"127.0.0.1"}, now)->identity);
}

/// Says what it was asked.
inline Response echo(Request&& request) {
  return {
      200, "text/plain",
      request.method + " " + request.path + " [" + request.query + "] (" + request.content_type + ") " + request.body};
}

struct Report {
  Trouble trouble;
  std::string text;
  bool operator==(const Report&) const = default;
};

class RunningServer {
 public:
  explicit RunningServer(Limits limits = {}, Handler handler = echo, Wire wire = Wire::Plain, std::size_t threads = 2)
      : wire_(wire), server_(*start_server(to_options(limits, wire, threads), std::move(handler), record())) {}

  [[nodiscard]] Client connect() const { return Client(server_.port(), wire_); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  Server* operator->() { return &server_; }

  [[nodiscard]] std::vector<Report> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

 private:
  static ServerOptions to_options(Limits limits, Wire wire, std::size_t threads) {
    ServerOptions options{.listen = {"127.0.0.1", 0}, .threads = threads, .limits = limits};
    if (wire == Wire::Tls) options.tls = [context = make_tls()] { return context; };
    return options;
  }
  Events record() {
    return {[this](Trouble trouble, std::string_view, std::string_view text) {
      const std::lock_guard lock(mutex_);
      reports_.push_back({trouble, std::string(text)});
    }};
  }

  Wire wire_;
  mutable std::mutex mutex_;
  std::vector<Report> reports_;
  Server server_;
};

}  // namespace plimsoll::http
