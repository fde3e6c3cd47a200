// A server on a port of its own, with limits short enough to be waited for, that keeps what it reports.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
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

/// How often each cause was told.
using Counts = std::map<std::string, int>;

struct Counted {
  int opened = 0;
  int handshakes = 0;
  Counts closed;
  Counts refused;
};

class RunningServer {
 public:
  explicit RunningServer(Limits limits = {}, Handler handler = echo, Wire wire = Wire::Plain, std::size_t threads = 2,
                         decltype(ServerOptions::patience) patience = {})
      : wire_(wire),
        server_(*start_server(to_options(limits, wire, threads, std::move(patience)), std::move(handler), record())) {}

  [[nodiscard]] Client connect() const { return Client(server_.port(), wire_); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  Server* operator->() { return &server_; }

  [[nodiscard]] std::vector<Report> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  [[nodiscard]] Counted counts() const {
    const std::lock_guard lock(mutex_);
    return counted_;
  }
  /// Of closed connections, when as many as were `expected` have been counted, or after a while.
  [[nodiscard]] Counts closed(int expected) const {
    const auto sum = [this] {
      int all = 0;
      for (const auto& [cause, count] : counts().closed) all += count;
      return all;
    };
    for (int i = 0; i < 200 && sum() < expected; ++i) std::this_thread::sleep_for(10ms);
    return counts().closed;
  }

 private:
  static ServerOptions to_options(Limits limits, Wire wire, std::size_t threads,
                                  decltype(ServerOptions::patience) patience) {
    ServerOptions options{.listen = {"127.0.0.1", 0},
                          .threads = threads,
                          .limits = [limits] { return limits; },
                          .patience = std::move(patience)};
    if (wire == Wire::Tls) options.tls = [context = make_tls()] { return context; };
    return options;
  }
  Events record() {
    Events events;
    events.on_trouble = [this](Trouble trouble, std::string_view, std::string_view text) {
      const std::lock_guard lock(mutex_);
      reports_.push_back({trouble, std::string(text)});
    };
    events.on_opened = [this] {
      const std::lock_guard lock(mutex_);
      ++counted_.opened;
    };
    events.on_closed = [this](CloseCause cause) {
      const std::lock_guard lock(mutex_);
      ++counted_.closed[std::string(to_text(cause))];
    };
    events.on_handshake = [this](std::chrono::nanoseconds) {
      const std::lock_guard lock(mutex_);
      ++counted_.handshakes;
    };
    events.on_refused = [this](RefusalCause cause) {
      const std::lock_guard lock(mutex_);
      ++counted_.refused[std::string(to_text(cause))];
    };
    return events;
  }

  Wire wire_;
  mutable std::mutex mutex_;
  std::vector<Report> reports_;
  Counted counted_;
  Server server_;
};

}  // namespace plimsoll::http
