// One connection, from its handshake to its end: a coroutine per connection, on one thread, for TLS and plain sockets.
//
// Only named functions are awaited, and what they take outlives them: with lambdas that capture inside a co_await
// expression g++ 12 destroys the captures twice.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
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
using TlsStream = asio::ssl::stream<Socket>;

// A TLS record is at most this long, so that one read takes what one decryption gives.
constexpr std::size_t kReadSize = std::size_t{16} << 10;

// A session keeps its output's memory from answer to answer, but not that of a rare large one.
constexpr std::size_t kKeptOutput = std::size_t{64} << 10;

const Refusal kTooSlow{408, "the request did not arrive in time"};

constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 32\r\nConnection: close\r\n\r\n"
    "this port speaks HTTPS only    \n";

/// How a connection comes to its end.
enum class End {
  Gone,      ///< the client left, or cannot be spoken to
  Idle,      ///< nothing was asked: say goodbye and go
  Answered,  ///< an answer is under way: stay until the client has it
};

Socket& socket_of(Socket& socket) {
  return socket;
}
Socket& socket_of(TlsStream& stream) {
  return stream.next_layer();
}

std::string to_text(const tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

template <class Stream>
struct Session {
  template <class... Args>
  Session(Worker& owner, std::string peer_text, Args&&... stream_args)
      : worker(owner),
        shared(owner.shared),
        peer(std::move(peer_text)),
        stream(std::forward<Args>(stream_args)...),
        reader(shared.limits) {
    connection.socket = &socket_of(stream);
  }

  Worker& worker;
  Shared& shared;
  std::string peer;
  std::shared_ptr<const tls::Peer> certificate;
  Stream stream;
  Connection connection;
  RequestReader reader;
  boost::beast::flat_buffer input;
  std::string output;
  Clock::time_point received;

  void report(Trouble trouble, std::string_view text) const { shared.report(trouble, peer, text); }
};

/// Makes a session known to its worker for as long as it runs.
class Registration {
 public:
  Registration(Worker& worker, Connection& connection) : worker_(worker), connection_(connection) {
    worker_.connections.insert(&connection_);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    worker_.connections.erase(&connection_);
    Shared& shared = worker_.shared;
    if (shared.connections.fetch_sub(1) != 1 || !shared.stopping) return;
    const std::lock_guard lock(shared.mutex);
    shared.last_connection_ended.notify_all();
  }

 private:
  Worker& worker_;
  Connection& connection_;
};

/// Offers the reader what has been read, and moves the deadline when that brings the request a step on.
template <class Stream>
void take_input(Session<Stream>& s) {
  const Limits& limits = s.shared.limits;
  if (s.connection.phase == Phase::Idle) {
    s.received = Clock::now();
    s.connection.enter(Phase::Busy, limits.header_timeout, s.received);
  }
  const bool was_in_head = s.reader.state() == RequestReader::State::Head;
  const auto bytes = s.input.cdata();
  s.input.consume(s.reader.take({static_cast<const char*>(bytes.data()), bytes.size()}));
  if (was_in_head && s.reader.state() == RequestReader::State::Body)
    s.connection.enter(Phase::Busy, limits.body_timeout);
}

template <class Stream>
Task<error_code> write_all(Session<Stream>& s, std::string_view bytes) {
  s.connection.enter(Phase::Busy, s.shared.limits.write_timeout);
  const auto [ec, written] = co_await asio::async_write(s.stream, asio::buffer(bytes), kAwait);
  if (ec) s.report(Trouble::ConnectionLost, s.connection.timed_out ? "the answer was not taken in time" : ec.message());
  co_return ec;
}

/// What came of waiting for a request.
enum class Heard { Request, Refused, TooSlow, Nothing, Lost };

template <class Stream>
Heard why_read_failed(Session<Stream>& s, error_code ec) {
  const bool is_cancelled = ec == asio::error::operation_aborted;
  if (s.connection.phase == Phase::Idle) return is_cancelled ? Heard::Nothing : Heard::Lost;
  if (is_cancelled && s.connection.timed_out) return Heard::TooSlow;
  s.report(Trouble::ConnectionLost, "in the middle of a request: " + ec.message());
  return Heard::Lost;
}

/// Reads until the request is complete or its fate is clear.
template <class Stream>
Task<Heard> read_request(Session<Stream>& s) {
  using State = RequestReader::State;
  s.reader.restart();
  // Whoever came in just before the end has something to ask, and gets a moment to do so.
  const Limits& limits = s.shared.limits;
  s.connection.enter(Phase::Idle, s.shared.stopping ? limits.close_timeout : limits.idle_timeout);
  if (s.input.size() > 0) take_input(s);  // sent behind the last request, without waiting for its answer

  bool is_continued = false;
  while (true) {
    if (s.reader.state() == State::Complete) co_return Heard::Request;
    if (s.reader.state() == State::Refused) co_return Heard::Refused;
    if (s.reader.state() == State::Body && s.reader.expects_continue() && !is_continued) {
      is_continued = true;
      if (co_await write_all(s, "HTTP/1.1 100 Continue\r\n\r\n")) co_return Heard::Lost;
      s.connection.enter(Phase::Busy, limits.body_timeout);
    }
    const auto [ec, size] = co_await s.stream.async_read_some(s.input.prepare(kReadSize), kAwait);
    if (ec) co_return why_read_failed(s, ec);
    s.input.commit(size);
    take_input(s);
  }
}

template <class Stream>
Response answer(Session<Stream>& s) {
  try {
    Request request = s.reader.release();
    request.peer = s.peer;
    request.certificate = s.certificate;
    request.received = s.received;
    return s.shared.handler(std::move(request));
  } catch (const std::exception& thrown) {
    s.report(Trouble::HandlerThrew, to_display(thrown.what(), 256));
  } catch (...) {
    s.report(Trouble::HandlerThrew, "not a std::exception");
  }
  return {500, "text/plain", "internal error\n"};
}

template <class Stream>
Task<End> refuse(Session<Stream>& s, Refusal refusal) {
  s.report(Trouble::RequestRefused, std::to_string(refusal.status) + ": " + refusal.text);
  const Response response{refusal.status, "text/plain", refusal.text + "\n"};
  s.output.clear();
  append_response(s.output, response, Persistence::Close, BodyUse::Sent, s.worker.date.at(std::time(nullptr)));
  const error_code ec = co_await write_all(s, s.output);
  co_return ec ? End::Gone : End::Answered;
}

/// Answers requests until one is the last.
template <class Stream>
Task<End> serve(Session<Stream>& s) {
  for (std::size_t count = 1;; ++count) {
    const Heard heard = co_await read_request(s);
    if (heard == Heard::Lost) co_return End::Gone;
    if (heard == Heard::Nothing) co_return End::Idle;
    if (heard == Heard::TooSlow) co_return co_await refuse(s, kTooSlow);
    if (heard == Heard::Refused) co_return co_await refuse(s, s.reader.refusal());

    const BodyUse body_use = s.reader.is_head_method() ? BodyUse::Described : BodyUse::Sent;
    Persistence persistence = s.reader.persistence();
    const Response response = answer(s);
    if (count >= s.shared.limits.max_requests_per_connection || s.shared.draining) persistence = Persistence::Close;

    s.output.clear();
    append_response(s.output, response, persistence, body_use, s.worker.date.at(std::time(nullptr)));
    if (co_await write_all(s, s.output)) co_return End::Gone;
    if (persistence == Persistence::Close) co_return End::Answered;
    if (s.output.capacity() > kKeptOutput) s.output = {};
  }
}

bool is_plain_http(error_code ec) {
  return ec.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_HTTP_REQUEST;
}

/// Whether nothing but a connection was wanted, as load balancers do to see whether a port is open.
bool is_probe(error_code ec) {
  return ec == asio::error::eof || ec == asio::error::connection_reset || ec == asio::ssl::error::stream_truncated;
}

/// Whether it was the client's certificate, or that there was none.
bool is_unproven(error_code ec) {
  if (ec.category() != asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
  return reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
}

std::string why_handshake_failed(Session<TlsStream>& s, error_code ec) {
  if (s.connection.timed_out) return "took too long";
  const long verification = SSL_get_verify_result(s.stream.native_handle());
  if (verification == X509_V_OK) return ec.message();
  return ec.message() + ": " + X509_verify_cert_error_string(verification);
}

/// Nothing when TLS is agreed upon, else how the connection ends.
Task<std::optional<End>> shake_hands(Session<TlsStream>& s) {
  s.connection.enter(Phase::Busy, s.shared.limits.handshake_timeout);
  const auto [ec] = co_await s.stream.async_handshake(TlsStream::server, kAwait);
  if (!ec) {
    s.certificate = tls::find_peer(s.stream.native_handle());
    co_return std::nullopt;
  }
  if (is_probe(ec)) co_return End::Gone;
  s.report(Trouble::HandshakeFailed, why_handshake_failed(s, ec));
  // In TLS 1.3 its request is under way already; closed at once, it would see a reset in place of our alert.
  if (is_unproven(ec)) co_return End::Answered;
  if (!is_plain_http(ec)) co_return End::Gone;
  const auto [write_ec, size] = co_await asio::async_write(s.stream.next_layer(), asio::buffer(kNotTls), kAwait);
  co_return write_ec ? End::Gone : End::Answered;
}

/// Ends the connection so that a client who still sends, or has not yet read, does not lose its answer to a reset.
template <class Stream>
Task<> close(Session<Stream>& s, End end) {
  s.connection.enter(Phase::Closing, s.shared.limits.close_timeout);
  Socket& socket = socket_of(s.stream);
  error_code ignored;
  if (end != End::Gone) {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      // Only our goodbye: OpenSSL is told that the client's has come, and does not wait for it.
      SSL_set_shutdown(s.stream.native_handle(), SSL_RECEIVED_SHUTDOWN);
      co_await s.stream.async_shutdown(kAwait);
    }
    socket.shutdown(Socket::shutdown_send, ignored);
  }
  s.input.clear();
  while (end == End::Answered) {
    const auto [ec, size] = co_await socket.async_read_some(s.input.prepare(kReadSize), kAwait);
    if (ec) break;
  }
  socket.close(ignored);
}

template <class Stream>
Task<> run_session(std::unique_ptr<Session<Stream>> session) {
  const Registration registration(session->worker, session->connection);
  std::optional<End> end;
  if constexpr (std::is_same_v<Stream, TlsStream>) end = co_await shake_hands(*session);
  if (!end) end = co_await serve(*session);
  co_await close(*session, *end);
}

}  // namespace

void start_session(Worker& worker, Socket socket) {
  error_code ignored;
  const std::string peer = to_text(socket.remote_endpoint(ignored));
  socket.set_option(tcp::no_delay(true), ignored);
  if (worker.shared.tls) {
    SSL* ssl = SSL_new(worker.shared.tls().native());
    auto session = std::make_unique<Session<TlsStream>>(worker, peer, std::move(socket), ssl);
    asio::co_spawn(worker.io, run_session(std::move(session)), asio::detached);
  } else {
    auto session = std::make_unique<Session<Socket>>(worker, peer, std::move(socket));
    asio::co_spawn(worker.io, run_session(std::move(session)), asio::detached);
  }
}

}  // namespace plimsoll::http
