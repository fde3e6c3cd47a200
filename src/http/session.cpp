// One connection, from its handshake to its end: a coroutine per connection, on one thread, for TLS and plain sockets.
//
// Only named functions are awaited, and what they take outlives them: with lambdas that capture inside a co_await
// expression g++ 12 destroys the captures twice.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "request_reader.hpp"
#include "response_writer.hpp"
#include "worker.hpp"

namespace plimsoll::http {
namespace {

using boost::system::error_code;
using Phase = Connection::Phase;
using Interruption = Connection::Interruption;
using State = RequestReader::State;
using Step = Stream::Step;

// A thread keeps its output's memory from answer to answer, but not that of a rare large one.
constexpr std::size_t kKeptOutput = std::size_t{64} << 10;

// Up to as much of a refused body is passed over, which costs less than the handshake of a new connection.
constexpr std::size_t kPassedOver = std::size_t{1} << 20;

// A large body that comes as fast as it is read lets others in now and then.
constexpr std::size_t kReadsInARow = 16;

// Of the caller's time, part is the network's, and our guess may be wrong by some.
constexpr double kUsableTime = 0.8;

constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 32\r\nConnection: close\r\n\r\n"
    "this port speaks HTTPS only    \n";

/// How a connection comes to its end.
enum class End {
  Gone,      ///< the client left, or cannot be spoken to
  Idle,      ///< nothing was asked: say goodbye and go
  Answered,  ///< an answer is under way: stay until the client has it
};

std::string to_text(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

struct Session {
  Session(Worker& owner, Socket socket, std::string peer_text)
      : worker(owner),
        shared(owner.shared),
        limits(shared.limits()),
        peer(std::move(peer_text)),
        stream(std::move(socket)),
        reader(limits) {
    connection.socket = &stream.socket();
  }

  Worker& worker;
  Shared& shared;
  const Limits limits;
  std::string peer;
  std::shared_ptr<const tls::Peer> certificate;
  Stream stream;
  Connection connection;
  RequestReader reader;
  std::string unread;  ///< what the reader has not taken yet
  std::size_t held = 0;
  std::size_t requests = 0;
  Clock::time_point received;
  Patience patience = std::nullopt;
  Clock::time_point old_at;
  CloseCause cause = CloseCause::ClientLeft;

  void report(Trouble trouble, std::string_view text) const { shared.report(trouble, peer, text); }

  /// Whether `bytes` of this body may be held beside those of others.
  [[nodiscard]] bool can_hold(std::size_t bytes) const {
    return to_counted(bytes) <= held || shared.held - held + to_counted(bytes) <= limits.max_held;
  }
  void hold(std::size_t bytes) {
    shared.held += to_counted(bytes) - held;
    held = to_counted(bytes);
  }

 private:
  static std::size_t to_counted(std::size_t bytes) {
    return bytes > Limits::kSmallBody ? bytes - Limits::kSmallBody : 0;
  }
};

/// Makes a session known to its worker for as long as it runs.
class Registration {
 public:
  explicit Registration(Session& session) : session_(session) {
    session_.worker.connections.insert(&session_.connection);
    if (session_.shared.events.on_opened) session_.shared.events.on_opened();
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    Shared& shared = session_.shared;
    session_.hold(0);
    session_.worker.connections.erase(&session_.connection);
    if (shared.events.on_closed) shared.events.on_closed(session_.cause);
    if (shared.connections.fetch_sub(1) != 1 || !shared.stopping) return;
    const std::lock_guard lock(shared.mutex);
    shared.last_connection_ended.notify_all();
  }

 private:
  Session& session_;
};

/// Waits until the socket is ready for what a step wants.
Task<error_code> wait_for(Session& s, Step wanted) {
  const auto direction = wanted == Step::WantsWrite ? Socket::wait_write : Socket::wait_read;
  const auto [ec] = co_await s.stream.socket().async_wait(direction, kAwait);
  co_return s.connection.interruption == Interruption::None ? ec : asio::error::operation_aborted;
}

bool is_waiting(Step step) {
  return step == Step::WantsRead || step == Step::WantsWrite;
}

/// Whether all was sent. `bytes` may stand in the worker's output.
Task<bool> send(Session& s, std::string_view bytes) {
  s.connection.enter(Phase::Busy, s.limits.write_timeout);
  std::string kept;
  Step step = s.stream.write(bytes);
  while (is_waiting(step)) {
    if (kept.empty()) {
      kept = bytes;
      bytes = kept;
    }
    if (co_await wait_for(s, step)) break;
    step = s.stream.write(bytes);
  }
  if (step == Step::Done) co_return true;
  const bool is_overdue = s.connection.interruption == Interruption::Overdue;
  s.cause = s.connection.interruption == Interruption::Cut ? CloseCause::Cut : CloseCause::Lost;
  s.report(Trouble::ConnectionLost, is_overdue             ? "the answer was not taken in time"
                                    : step == Step::Failed ? s.stream.error()
                                                           : "the client left before it had its answer");
  co_return false;
}

/// What came of waiting for a request.
enum class Heard { Request, Refused, Nothing, Lost };

struct Outcome {
  Heard heard;
  std::optional<Refusal> refusal = {};
};

Outcome why_silent(Session& s, Step step) {
  const Interruption interruption = s.connection.interruption;
  if (s.connection.phase == Phase::Idle) {
    if (interruption == Interruption::None) return {Heard::Lost};
    s.cause = interruption == Interruption::Overdue      ? CloseCause::Idle
              : interruption == Interruption::RoomNeeded ? CloseCause::MadeRoom
                                                         : CloseCause::Draining;
    return {Heard::Nothing};
  }
  if (interruption == Interruption::Overdue)
    return {Heard::Refused, Refusal{RefusalCause::TooSlow, "the request did not arrive in time"}};
  s.cause = interruption == Interruption::Cut ? CloseCause::Cut : CloseCause::Lost;
  s.report(Trouble::ConnectionLost,
           "in the middle of a request: " + (step == Step::Failed ? s.stream.error() : std::string("the client left")));
  return {Heard::Lost};
}

/// Whether a request whose head has come can be answered in the caller's time, and held until then.
std::optional<Refusal> why_not_now(Session& s) {
  const std::size_t size = s.reader.body_size();
  if (!s.can_hold(size)) return Refusal{RefusalCause::TooMuchHeld, "too many large requests are under way"};
  s.hold(s.reader.held());
  if (s.worker.backlog.is_empty()) return std::nullopt;

  const auto usable = kUsableTime * s.patience.value_or(std::nullopt).value_or(s.limits.default_patience);
  if (Clock::now() - s.received + s.worker.backlog.wait_of(size) <= usable) return std::nullopt;
  return Refusal{RefusalCause::TooLate, "more is asked than can be answered in time"};
}

/// Offers the reader what has been read, and moves the deadline when that brings the request a step on.
void take_input(Session& s, std::string_view bytes) {
  const Limits& limits = s.limits;
  if (s.connection.phase == Phase::Idle) {
    s.received = Clock::now();
    s.connection.enter(Phase::Busy, limits.header_timeout, s.received);
  }
  const bool was_in_head = s.reader.state() == State::Head;
  if (s.unread.empty()) {
    s.unread = bytes.substr(s.reader.take(bytes));
  } else {
    s.unread.append(bytes);
    s.unread.erase(0, s.reader.take(s.unread));
  }
  const State state = s.reader.state();
  if (!was_in_head || state == State::Head || state == State::Refused) return;
  if (s.shared.patience) s.patience = s.shared.patience(s.reader.query());
  if (state == State::Body) s.connection.enter(Phase::Busy, limits.body_timeout);
}

/// Reads until the request is complete or its fate is clear.
Task<Outcome> read_request(Session& s) {
  s.reader.restart();
  // Whoever came in just before the end has something to ask, and gets a moment to do so.
  const Limits& limits = s.limits;
  s.connection.enter(Phase::Idle, s.shared.stopping ? limits.close_timeout : limits.idle_timeout);
  bool is_continued = false;
  std::size_t reads = 0;
  // Sent behind the last request, without waiting for its answer.
  if (!s.unread.empty()) take_input(s, {});
  // The next request of a client that waits for its answers cannot be here yet.
  Step step = s.requests > 0 && !s.stream.has_pending() ? Step::WantsRead : Step::Done;
  while (true) {
    const State state = s.reader.state();
    if (state == State::Refused) co_return Outcome{Heard::Refused, s.reader.refusal()};
    if (state != State::Head) {
      if (auto refusal = why_not_now(s)) co_return Outcome{Heard::Refused, std::move(refusal)};
      if (state == State::Complete) co_return Outcome{Heard::Request};
      if (s.reader.expects_continue() && !is_continued) {
        is_continued = true;
        if (!co_await send(s, "HTTP/1.1 100 Continue\r\n\r\n")) co_return Outcome{Heard::Lost};
        s.connection.enter(Phase::Busy, limits.body_timeout);
      }
    }
    std::size_t size = 0;
    if (step == Step::Done) step = s.stream.read(s.worker.input, size);
    while (is_waiting(step)) {
      if (co_await wait_for(s, step)) co_return why_silent(s, step);
      step = s.stream.read(s.worker.input, size);
    }
    if (step != Step::Done) co_return why_silent(s, step);
    take_input(s, {s.worker.input.data(), size});
    if (++reads % kReadsInARow == 0) co_await asio::post(s.worker.io, asio::use_awaitable_t<Executor>{});
  }
}

/// Reads the body of a request that is refused, and forgets it. Whether the next request can follow.
Task<bool> pass_over_body(Session& s) {
  s.connection.enter(Phase::Busy, s.limits.body_timeout);
  s.hold(0);
  std::uint64_t rest = s.reader.rest().value_or(0);
  while (rest > 0) {
    std::size_t size = 0;
    Step step = s.stream.read(s.worker.input, size);
    while (is_waiting(step)) {
      if (co_await wait_for(s, step)) co_return false;
      step = s.stream.read(s.worker.input, size);
    }
    if (step != Step::Done) co_return false;
    const std::size_t used = std::min<std::uint64_t>(size, rest);
    rest -= used;
    s.unread.assign(s.worker.input.data() + used, size - used);
  }
  co_return true;
}

/// What the answer says of the connection's future, and so, when it is the last, why the connection ends.
Persistence choose_persistence(Session& s) {
  const auto ends = [&s](CloseCause cause) {
    s.cause = cause;
    return Persistence::Close;
  };
  if (s.reader.persistence() == Persistence::Close) return ends(CloseCause::ClientAsked);
  if (s.shared.draining) return ends(CloseCause::Draining);
  if (s.requests >= s.limits.max_requests_per_connection) return ends(CloseCause::Requests);
  if (Clock::now() >= s.old_at) return ends(CloseCause::Age);
  return s.reader.persistence();
}

Task<bool> send_response(Session& s, const Response& response, Persistence persistence, BodyUse body_use) {
  std::string& output = s.worker.output;
  output.clear();
  append_response(output, response, persistence, body_use, s.worker.date.at(std::time(nullptr)));
  const bool is_sent = co_await send(s, output);
  if (output.capacity() > kKeptOutput) output = {};
  co_return is_sent;
}

Response refuse(Session& s, const Refusal& refusal) {
  if (s.shared.events.on_refused) s.shared.events.on_refused(refusal.cause);
  const unsigned status = to_status(refusal.cause);
  if (refusal.cause != RefusalCause::HandlerThrew)
    s.report(Trouble::RequestRefused, std::to_string(status) + ": " + refusal.text);
  return {status, "text/plain", refusal.text + "\n"};
}

Response answer(Session& s) {
  try {
    Request request = s.reader.release();
    request.peer = s.peer;
    request.certificate = s.certificate;
    request.received = s.received;
    request.patience = s.patience;
    return s.shared.handler(std::move(request));
  } catch (const std::exception& thrown) {
    s.report(Trouble::HandlerThrew, to_display(thrown.what(), 256));
  } catch (...) {
    s.report(Trouble::HandlerThrew, "not a std::exception");
  }
  return refuse(s, {RefusalCause::HandlerThrew, "internal error"});
}

/// Answers a refused request. How the connection ends, or nothing when it goes on.
Task<std::optional<End>> turn_away(Session& s, const Refusal& refusal) {
  const bool is_busy = refusal.cause == RefusalCause::TooLate || refusal.cause == RefusalCause::TooMuchHeld;
  // Whoever waits to be asked for the body may or may not send it now, so nobody knows where the next request begins.
  const auto rest = is_busy ? s.reader.rest() : std::nullopt;
  const bool can_go_on = rest && *rest <= kPassedOver && (*rest == 0 || !s.reader.expects_continue());
  const Persistence persistence = can_go_on ? choose_persistence(s) : Persistence::Close;
  if (!can_go_on) s.cause = CloseCause::Refused;
  const BodyUse body_use = is_busy && s.reader.is_head_method() ? BodyUse::Described : BodyUse::Sent;
  if (!co_await send_response(s, refuse(s, refusal), persistence, body_use)) co_return End::Gone;
  if (persistence == Persistence::Close) co_return End::Answered;
  if (co_await pass_over_body(s)) co_return std::nullopt;
  s.cause = CloseCause::Lost;
  co_return End::Gone;
}

/// Answers requests until one is the last.
Task<End> serve(Session& s) {
  while (true) {
    const Outcome outcome = co_await read_request(s);
    ++s.requests;
    if (outcome.heard == Heard::Lost) co_return End::Gone;
    if (outcome.heard == Heard::Nothing) co_return End::Idle;
    if (outcome.heard == Heard::Refused) {
      if (const auto end = co_await turn_away(s, *outcome.refusal)) co_return *end;
      continue;
    }

    const std::size_t size = s.reader.held();
    s.worker.backlog.join(size, Clock::now());
    co_await s.worker.wait_for_turn();
    const BodyUse body_use = s.reader.is_head_method() ? BodyUse::Described : BodyUse::Sent;
    const Response response = answer(s);
    // Before the answer is written, as that may have to wait for the client.
    s.worker.backlog.leave(size, Clock::now());
    s.hold(0);
    const Persistence persistence = choose_persistence(s);
    if (!co_await send_response(s, response, persistence, body_use)) co_return End::Gone;
    if (persistence == Persistence::Close) co_return End::Answered;
  }
}

/// Counts a handshake that is under way.
class HandshakeCount {
 public:
  explicit HandshakeCount(Shared& shared) : shared_(shared) { ++shared_.handshakes; }
  HandshakeCount(const HandshakeCount&) = delete;
  HandshakeCount& operator=(const HandshakeCount&) = delete;
  ~HandshakeCount() { --shared_.handshakes; }

 private:
  Shared& shared_;
};

/// Nothing when TLS is agreed upon, else how the connection ends.
Task<std::optional<End>> shake_hands(Session& s) {
  const HandshakeCount count(s.shared);
  const auto started = Clock::now();
  s.connection.enter(Phase::Handshake, s.limits.handshake_timeout, started);
  s.cause = CloseCause::HandshakeFailed;
  if (!s.stream.start_tls(s.shared.tls())) {
    s.report(Trouble::HandshakeFailed, "out of memory");
    co_return End::Gone;
  }
  Step step = s.stream.shake_hands();
  while (is_waiting(step)) {
    if (co_await wait_for(s, step)) break;
    step = s.stream.shake_hands();
  }
  if (step == Step::Done) {
    s.cause = CloseCause::ClientLeft;
    s.certificate = tls::find_peer(s.stream.native());
    if (s.shared.events.on_handshake) s.shared.events.on_handshake(Clock::now() - started);
    co_return std::nullopt;
  }
  if (s.connection.interruption == Interruption::Overdue) s.report(Trouble::HandshakeFailed, "took too long");
  if (s.connection.interruption == Interruption::Cut) s.cause = CloseCause::Cut;
  if (step == Step::Ended) {
    // Who says nothing wanted nothing but a connection, as load balancers do to see whether a port is open.
    s.cause = s.stream.has_heard() ? CloseCause::Lost : CloseCause::ClientLeft;
    if (s.cause == CloseCause::Lost)
      s.report(Trouble::ConnectionLost, "in the middle of the handshake: the client left");
  }
  if (step != Step::Failed) co_return End::Gone;
  s.report(Trouble::HandshakeFailed, s.stream.error());
  // In TLS 1.3 its request is under way already; closed at once, it would see a reset in place of our alert.
  if (s.stream.is_unproven()) co_return End::Answered;
  if (!s.stream.is_plain_http()) co_return End::Gone;
  s.stream.forget_tls();
  co_return co_await send(s, kNotTls) ? End::Answered : End::Gone;
}

/// Ends the connection so that a client who still sends, or has not yet read, does not lose its answer to a reset.
Task<> close(Session& s, End end) {
  s.connection.enter(Phase::Closing, s.limits.close_timeout);
  Socket& socket = s.stream.socket();
  error_code ignored;
  if (end != End::Gone) {
    Step step = s.stream.say_goodbye();
    while (is_waiting(step)) {
      if (co_await wait_for(s, step)) break;
      step = s.stream.say_goodbye();
    }
    socket.shutdown(Socket::shutdown_send, ignored);
  }
  s.stream.forget_tls();
  while (end == End::Answered) {
    std::size_t size = 0;
    // One read for each wait, or a client who never stops would keep the thread.
    if (co_await wait_for(s, Step::WantsRead)) break;
    const Step step = s.stream.read(s.worker.input, size);
    if (step != Step::Done && !is_waiting(step)) break;
  }
  socket.close(ignored);
}

Task<> run_session(std::unique_ptr<Session> session) {
  Session& s = *session;
  const Registration registration(s);
  const Limits& limits = s.limits;
  if (s.shared.connections > limits.max_connections && !s.worker.make_room()) {
    s.cause = CloseCause::TooMany;
    s.report(Trouble::TooManyConnections,
             "closed at once: there are " + std::to_string(limits.max_connections) + " already, and none is idle");
    co_return;
  }
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  s.old_at =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(jitter(s.worker.random) * limits.max_connection_age);
  std::optional<End> end;
  if (s.shared.tls) end = co_await shake_hands(s);
  if (!end) end = co_await serve(s);
  co_await close(s, *end);
}

}  // namespace

void start_session(Worker& worker, Socket socket) {
  error_code ignored;
  std::string peer = to_text(socket.remote_endpoint(ignored));
  socket.set_option(tcp::no_delay(true), ignored);
  auto session = std::make_unique<Session>(worker, std::move(socket), std::move(peer));
  asio::co_spawn(worker.io, run_session(std::move(session)), asio::detached);
}

}  // namespace plimsoll::http
