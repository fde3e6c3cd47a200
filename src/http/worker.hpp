// One I/O thread and what it owns: an event loop, its connections, and a clock that ends those which take too long.
//
// A loop for each thread, because one loop that threads share through strands took 10 to 20 % more CPU per request with
// two threads under 8 and 64 connections (measured), and needed a lock around whatever a thread owns here alone.
//
// Deadlines are plain fields that a connection moves as it goes; the thread looks over them a few times per shortest
// limit. That costs a request nothing, where a timer for each read and write costs as much as the parsing.
#pragma once

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "plimsoll/http/limits.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/http/server.hpp"
#include "response_writer.hpp"

namespace plimsoll::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

// The concrete executor instead of any_io_executor: no type erasure on each operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// Awaits an operation and gives its error code as a value: the network's failures are not exceptions.
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<Executor>{});

/// What all threads of a server see: fixed at the start, or atomic.
struct Shared {
  Limits limits;
  Handler handler;
  Events events;
  std::function<tls::ServerContext()> tls;

  std::atomic<bool> draining = false;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> connections = 0;
  std::mutex mutex;
  std::condition_variable last_connection_ended;

  void report(Trouble trouble, std::string_view peer, std::string_view text) const {
    if (events.on_trouble) events.on_trouble(trouble, peer, text);
  }
};

/// A connection as its thread's clock and the end of the server see it.
struct Connection {
  enum class Phase { Idle, Busy, Closing };

  Socket* socket = nullptr;
  Phase phase = Phase::Busy;
  Clock::time_point deadline;
  bool timed_out = false;

  void enter(Phase next, std::chrono::milliseconds limit, Clock::time_point now = Clock::now()) {
    phase = next;
    deadline = now + limit;
    timed_out = false;
  }
};

/// One I/O thread.
///
/// Threads: all members but `io` belong to the thread that runs it.
class Worker {
 public:
  explicit Worker(Shared& shared_state);

  /// Serves until finish() was called and the last connection is gone.
  void run();

  /// Closes the connections between requests, but for those on which the next has just arrived.
  void close_idle();
  /// Closes every connection now and returns how many had not been answered.
  std::size_t cut_all();
  void finish();

  asio::io_context io;
  Shared& shared;
  DateText date;
  std::unordered_set<Connection*> connections;

 private:
  Task<> watch_deadlines();
  void end_overdue(Clock::time_point now);

  asio::executor_work_guard<Executor> work_;
  Timer tick_;
  bool finished_ = false;
};

/// Serves `socket`, which is counted in Shared::connections, on the worker's thread until it is closed.
///
/// Threads: safe.
void start_session(Worker& worker, Socket socket);

}  // namespace plimsoll::http
