#include "worker.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace plimsoll::http {
namespace {

// Late by at most an eighth of the limit it enforces, and never busy: with the default limits, twice a second at most.
std::chrono::milliseconds to_tick(const Limits& limits) {
  const auto shortest = std::min({limits.handshake_timeout, limits.header_timeout, limits.body_timeout,
                                  limits.write_timeout, limits.idle_timeout, limits.close_timeout});
  return std::clamp(shortest / 8, std::chrono::milliseconds{5}, std::chrono::milliseconds{500});
}

}  // namespace

// One thread runs the loop, which lets Asio skip waking others.
Worker::Worker(Shared& shared_state) : io(1), shared(shared_state), work_(io.get_executor()), tick_(io.get_executor()) {
  asio::co_spawn(io, watch_deadlines(), asio::detached);
}

void Worker::run() {
  io.run();
}

Task<> Worker::watch_deadlines() {
  const auto interval = to_tick(shared.limits);
  while (!finished_) {
    tick_.expires_after(interval);
    co_await tick_.async_wait(kAwait);
    end_overdue(Clock::now());
  }
}

void Worker::end_overdue(Clock::time_point now) {
  for (Connection* connection : connections) {
    if (now < connection->deadline) continue;
    boost::system::error_code ignored;
    connection->timed_out = true;
    // Cancelled, the session can still say 408; it sets itself a new deadline for that.
    if (connection->phase == Connection::Phase::Closing)
      connection->socket->close(ignored);
    else
      connection->socket->cancel(ignored);
  }
}

void Worker::close_idle() {
  for (Connection* connection : connections) {
    if (connection->phase != Connection::Phase::Idle) continue;
    boost::system::error_code ec;
    if (connection->socket->available(ec) > 0 && !ec) continue;
    connection->socket->cancel(ec);
  }
}

std::size_t Worker::cut_all() {
  std::size_t unanswered = 0;
  for (Connection* connection : connections) {
    if (connection->phase == Connection::Phase::Busy) ++unanswered;
    boost::system::error_code ignored;
    connection->socket->close(ignored);
  }
  return unanswered;
}

void Worker::finish() {
  finished_ = true;
  tick_.cancel();
  work_.reset();
}

}  // namespace plimsoll::http
