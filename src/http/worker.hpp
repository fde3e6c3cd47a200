// One I/O thread and what it owns: an event loop, its connections, those of them that wait to be answered, and a clock
// that ends those which take too long.
//
// A loop for each thread, because one loop that threads share through strands took 10 to 20 % more CPU per request with
// two threads under 8 and 64 connections (measured), and needed a lock around whatever a thread owns here alone.
//
// A request that is whole stands in line until the loop has read what others have sent: so it is known who waits, and
// who could not be answered in time is told so when he comes, not when his turn does.
//
// Deadlines are plain fields that a connection moves as it goes; the thread looks over them a few times per shortest
// limit. That costs a request nothing, where a timer for each read and write costs as much as the parsing.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>

#include "backlog.hpp"
#include "plimsoll/http/limits.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/http/server.hpp"
#include "response_writer.hpp"
#include "stream.hpp"

namespace plimsoll::http {

using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// Awaits an operation and gives its error code as a value: the network's failures are not exceptions.
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable_t<Executor>{});

/// What all threads of a server see: fixed at the start, or atomic.
struct Shared {
  std::function<Limits()> limits;
  Handler handler;
  Events events;
  std::function<tls::ServerContext()> tls;
  std::function<Patience(std::string_view query)> patience;

  std::atomic<bool> draining = false;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> handshakes = 0;  ///< under way
  std::atomic<std::size_t> held = 0;        ///< bytes of bodies, as Limits::max_held counts them
  std::mutex mutex;
  std::condition_variable last_connection_ended;

  void report(Trouble trouble, std::string_view peer, std::string_view text) const {
    if (events.on_trouble) events.on_trouble(trouble, peer, text);
  }
};

/// A connection as its thread's clock and the end of the server see it.
struct Connection {
  enum class Phase { Handshake, Idle, Busy, Closing };
  /// Why the thread, not the client, ended what was waited for.
  enum class Interruption { None, Overdue, RoomNeeded, Stopping, Cut };

  Socket* socket = nullptr;
  Phase phase = Phase::Busy;
  Clock::time_point since;
  Clock::time_point deadline;
  Interruption interruption = Interruption::None;

  void enter(Phase next, std::chrono::milliseconds limit, Clock::time_point now = Clock::now()) {
    if (interruption == Interruption::Cut) return;
    phase = next;
    since = now;
    deadline = now + limit;
    interruption = Interruption::None;
  }
  /// What the session waits for fails; it can still speak, and sets itself a new deadline for that, unless it is cut.
  /// Only the session itself closes its socket: OpenSSL knows the descriptor, whose number may soon be another's.
  void interrupt(Interruption why) {
    boost::system::error_code ignored;
    interruption = why;
    if (why == Interruption::Cut) socket->shutdown(Socket::shutdown_both, ignored);
    socket->cancel(ignored);
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

  /// Waits until it is the caller's turn to be answered. The requests that others have sent are read before.
  [[nodiscard]] Task<> wait_for_turn();

  /// Whether a connection could be told to end: the one that has been idle for longest.
  [[nodiscard]] bool make_room();
  /// Closes the connections between requests, but for those on which the next has just arrived.
  void close_idle();
  /// Closes every connection now and returns how many had not been answered.
  std::size_t cut_all();
  void finish();

  asio::io_context io;
  Shared& shared;
  DateText date;
  Backlog backlog;
  std::minstd_rand random;
  std::unordered_set<Connection*> connections;
  // Used between two waits, so that one serves all connections. A TLS record is at most as long as the first, so that
  // one read takes what one decryption gives.
  std::array<char, std::size_t{16} << 10> input{};
  std::string output;

 private:
  using Turn = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;

  Task<> watch_deadlines();
  void end_overdue(Clock::time_point now);
  void serve_line();

  std::deque<Turn> line_;
  asio::executor_work_guard<Executor> work_;
  Timer tick_;
  bool finished_ = false;
};

/// Serves `socket`, which is counted in Shared::connections, on the worker's thread until it is closed.
///
/// Threads: safe.
void start_session(Worker& worker, Socket socket);

}  // namespace plimsoll::http
