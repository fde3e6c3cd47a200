// An API server of a few lines: answers in the order that a test wrote down, and keeps what it was asked.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/http/server.hpp"
#include "plimsoll/kube/api_client.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::kube {

class ApiServer {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;

  explicit ApiServer(Answer answer) : answer_(std::move(answer)) {
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto made = *tls::make_self_made(std::vector<std::string>{"127.0.0.1"}, now);
    authority_pem = made.authority_pem;
    http::ServerOptions options{.listen = {"127.0.0.1", 0}};
    options.tls = [context = *tls::make_server_context(made.identity)] { return context; };
    server_.emplace(*http::start_server(std::move(options), [this](http::Request&& request) {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      return answer_(request);
    }));
  }

  [[nodiscard]] Connection connection() const {
    return {.host = "127.0.0.1", .port = server_->port(), .authority = {.text = authority_pem}};
  }
  [[nodiscard]] std::vector<http::Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  std::string authority_pem;

 private:
  Answer answer_;
  mutable std::mutex mutex_;
  std::vector<http::Request> requests_;
  std::optional<http::Server> server_;
};

/// The given answers one after the other, then 200 with an empty object.
inline ApiServer::Answer in_turn(std::deque<http::Response> answers) {
  return [answers = std::move(answers)](const http::Request&) mutable {
    if (answers.empty()) return http::Response{200, "application/json", "{}"};
    http::Response next = answers.front();
    answers.pop_front();
    return next;
  };
}

inline http::Response status(unsigned code, const std::string& message, http::Headers headers = {}) {
  return {code, "application/json", R"({"kind":"Status","message":")" + message + "\"}", std::move(headers)};
}

/// Time that passes only while one sleeps.
struct FakeTime {
  std::chrono::steady_clock::time_point now{};
  std::vector<std::chrono::milliseconds> sleeps;

  Surroundings surroundings() {
    return {.now = [this] { return now; },
            .sleep =
                [this](std::chrono::milliseconds time) {
                  sleeps.push_back(time);
                  now += time;
                  return true;
                },
            .random = [] { return 0.5; }};
  }
};

}  // namespace plimsoll::kube
