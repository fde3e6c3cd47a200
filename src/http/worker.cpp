#include "worker.hpp"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace plimsoll::http {
namespace {

using Phase = Connection::Phase;
using Interruption = Connection::Interruption;

// How long the line is served before the loop looks who has come: long enough to look once for several ordinary
// requests. At three times what can be answered, refusals take about five times as long, and are to take below 10 ms.
constexpr std::chrono::microseconds kServing{500};

// Late by at most an eighth of the limit it enforces, and never busy: with the default limits, four times a second.
std::chrono::milliseconds to_tick(const Limits& limits) {
  const auto shortest = std::min({limits.handshake_timeout, limits.header_timeout, limits.body_timeout,
                                  limits.write_timeout, limits.idle_timeout, limits.close_timeout});
  return std::clamp(shortest / 8, std::chrono::milliseconds{5}, std::chrono::milliseconds{500});
}

bool is_between_requests(const Connection& connection) {
  if (connection.phase != Phase::Idle) return false;
  boost::system::error_code ec;
  return connection.socket->available(ec) == 0 || ec;
}

}  // namespace

// One thread runs the loop, which lets Asio skip waking others.
Worker::Worker(Shared& shared_state)
    : io(1), shared(shared_state), random(std::random_device{}()), work_(io.get_executor()), tick_(io.get_executor()) {
  asio::co_spawn(io, watch_deadlines(), asio::detached);
}

void Worker::run() {
  io.run();
}

Task<> Worker::wait_for_turn() {
  asio::use_awaitable_t<Executor> awaited;
  return asio::async_initiate<asio::use_awaitable_t<Executor>, void()>(
      [](Turn turn, Worker* worker) {
        worker->line_.push_back(std::move(turn));
        if (worker->line_.size() == 1) asio::post(worker->io, [worker] { worker->serve_line(); });
      },
      awaited, this);
}

void Worker::serve_line() {
  const auto until = Clock::now() + kServing;
  do {
    Turn turn = std::move(line_.front());
    // Still counted while it is served, so that it does not ask for the line to be served once more.
    std::move(turn)();
    line_.pop_front();
  } while (!line_.empty() && Clock::now() < until);
  if (!line_.empty()) asio::post(io, [this] { serve_line(); });
}

Task<> Worker::watch_deadlines() {
  const auto interval = to_tick(shared.limits());
  while (!finished_) {
    tick_.expires_after(interval);
    co_await tick_.async_wait(kAwait);
    end_overdue(Clock::now());
  }
}

void Worker::end_overdue(Clock::time_point now) {
  const Limits limits = shared.limits();
  const bool is_crowded = shared.handshakes >= limits.max_handshakes;
  for (Connection* connection : connections) {
    const bool is_stalled =
        is_crowded && connection->phase == Phase::Handshake && now - connection->since >= limits.stalled_handshake;
    if (now >= connection->deadline || is_stalled) connection->interrupt(Interruption::Overdue);
  }
}

bool Worker::make_room() {
  Connection* longest = nullptr;
  for (Connection* connection : connections) {
    if (connection->interruption != Interruption::None || !is_between_requests(*connection)) continue;
    if (!longest || connection->since < longest->since) longest = connection;
  }
  if (longest) longest->interrupt(Interruption::RoomNeeded);
  return longest != nullptr;
}

void Worker::close_idle() {
  for (Connection* connection : connections)
    if (is_between_requests(*connection)) connection->interrupt(Interruption::Stopping);
}

std::size_t Worker::cut_all() {
  std::size_t unanswered = 0;
  for (Connection* connection : connections) {
    if (connection->phase == Phase::Busy || connection->phase == Phase::Handshake) ++unanswered;
    connection->interrupt(Interruption::Cut);
  }
  return unanswered;
}

void Worker::finish() {
  finished_ = true;
  tick_.cancel();
  work_.reset();
}

}  // namespace plimsoll::http
