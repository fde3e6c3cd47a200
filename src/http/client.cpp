// Blocking for its caller, asynchronous inside: only so can Asio's operations be given a time and be cut short. Each
// step starts one operation on a loop of the client's own and runs the loop until it has ended.
#include "plimsoll/http/client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <variant>

#include "plimsoll/base/text.hpp"

namespace plimsoll::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using Kind = CallFailure::Kind;
using PlainStream = beast::tcp_stream;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;
using Parser = beast::http::response_parser<beast::http::string_body>;

// A server that answers a request with one interim response after the other is not answering it.
constexpr int kMostInterimResponses = 8;

std::optional<asio::ip::address> to_address(const std::string& host) {
  error_code ec;
  const auto address = asio::ip::make_address(host, ec);
  return ec ? std::nullopt : std::optional(address);
}

// What the macro SSL_set_tlsext_host_name does, without its old-style cast.
bool send_server_name(SSL* ssl, std::string name) {
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

// RFC 9112, 3.2: the port only where it is not the scheme's own; RFC 3986, 3.2.2: brackets around IPv6.
std::string to_host_header(const Origin& origin) {
  std::string text = origin.host.find(':') == std::string::npos ? origin.host : "[" + origin.host + "]";
  if (origin.port != (origin.tls ? 443 : 80)) text += ":" + std::to_string(origin.port);
  return text;
}

std::string encode(const ClientRequest& request, const std::string& host) {
  std::string bytes = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + host;
  for (const auto& [name, value] : request.headers) bytes.append("\r\n").append(name).append(": ").append(value);
  // A method that changes something has a length even when it is zero; a GET without a body has none.
  if (!request.body.empty() || request.method != "GET")
    bytes += "\r\nContent-Length: " + std::to_string(request.body.size());
  return bytes.append("\r\n\r\n").append(request.body);
}

std::string describe(const error_code& ec) {
  if (ec == beast::error::timeout) return "no answer in time";
  if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated || ec == beast::http::error::end_of_stream ||
      ec == beast::http::error::partial_message)
    return "the server closed the connection";
  return ec.message();
}

// What the parser refused, in contrast to what the network did.
bool is_refused_by_parser(const error_code& ec) {
  return ec.category() == make_error_code(beast::http::error::bad_version).category() &&
         ec != beast::http::error::end_of_stream && ec != beast::http::error::partial_message;
}

using Endpoints = tcp::resolver::results_type;

struct Lookup {
  error_code error;
  Endpoints found;
};

// Asks the machine's resolver, which takes as long as it likes and cannot be called off: so it is asked on a thread
// that nobody has to wait for, and what is shared with that lives as long as either.
class Lookups {
 public:
  Lookup find(const std::string& host, const std::string& port, std::chrono::milliseconds timeout) {
    const auto answer = std::make_shared<std::optional<Lookup>>();
    try {
      std::thread([shared = shared_, answer, host, port] {
        Lookup lookup = ask(host, port);
        const std::lock_guard lock(shared->mutex);
        *answer = std::move(lookup);
        shared->changed.notify_all();
      }).detach();
    } catch (const std::system_error& failed) {
      return {failed.code(), {}};
    }
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, timeout, [&] { return *answer || shared_->is_cancelled; });
    return *answer ? std::move(**answer) : Lookup{beast::error::timeout, {}};
  }

  void cancel() {
    const std::lock_guard lock(shared_->mutex);
    shared_->is_cancelled = true;
    shared_->changed.notify_all();
  }

 private:
  static Lookup ask(const std::string& host, const std::string& port) {
    asio::io_context io;
    tcp::resolver resolver(io);
    Lookup lookup;
    lookup.found = resolver.resolve(host, port, lookup.error);
    return lookup;
  }

  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_cancelled = false;
  };
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (beast::iequals({key.data(), key.size()}, {name.data(), name.size()})) return value;
  return {};
}

struct Client::Impl {
  Impl(Origin whom, ClientLimits bounds)
      : origin(std::move(whom)), limits(bounds), host_header(to_host_header(origin)) {
    if (origin.server_name.empty()) origin.server_name = origin.host;
  }

  using Outcome = Result<void, CallFailure>;

  Origin origin;
  ClientLimits limits;
  std::string host_header;
  asio::io_context io;
  std::variant<std::monostate, PlainStream, TlsStream> stream;
  beast::flat_buffer input;
  Lookups lookups;
  std::atomic<bool> cancelled = false;

  static Outcome failed(Kind kind, std::string message) { return Unexpected{CallFailure{kind, std::move(message)}}; }

  PlainStream* socket() {
    if (auto* tls = std::get_if<TlsStream>(&stream)) return &tls->next_layer();
    return std::get_if<PlainStream>(&stream);
  }

  /// Runs one operation to its end: `start` is handed the completion handler.
  template <class Start>
  error_code complete(std::chrono::milliseconds timeout, Start start) {
    if (cancelled) return asio::error::operation_aborted;
    error_code result;
    socket()->expires_after(timeout);
    start([&result](const error_code& ec, auto&&...) { result = ec; });
    io.restart();
    io.run();
    socket()->expires_never();
    return cancelled ? error_code(asio::error::operation_aborted) : result;
  }

  template <class Use>
  auto with_stream(Use use) {
    if (auto* tls = std::get_if<TlsStream>(&stream)) return use(*tls);
    return use(std::get<PlainStream>(stream));
  }

  void close() {
    stream.emplace<std::monostate>();
    input.clear();
  }

  /// A kept connection on which something arrived unasked is about to end: most servers close without a word.
  bool is_still_open() {
    if (socket() == nullptr) return false;
    char byte = 0;
    return ::recv(socket()->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  Outcome connect() {
    const std::string where = to_display(origin.host, 253) + " port " + std::to_string(origin.port);
    const std::string port = std::to_string(origin.port);
    // In a cluster the API server is an address: nobody is asked.
    const auto address = to_address(origin.host);
    const Lookup lookup = address ? Lookup{{}, Endpoints::create({*address, origin.port}, origin.host, port)}
                                  : lookups.find(origin.host, port, limits.resolve_timeout);
    error_code ec = lookup.error;
    if (ec) return failed(Kind::NotConnected, "cannot find the address of " + where + ": " + describe(ec));

    if (origin.tls) {
      SSL* ssl = SSL_new(origin.tls->native());
      if (ssl == nullptr) return failed(Kind::NotConnected, "out of memory");
      stream.emplace<TlsStream>(PlainStream(io), ssl);
    } else {
      stream.emplace<PlainStream>(io);
    }
    ec = complete(limits.connect_timeout, [&](auto done) { socket()->async_connect(lookup.found, std::move(done)); });
    if (ec) return failed(Kind::NotConnected, "cannot connect to " + where + ": " + describe(ec));
    socket()->socket().set_option(tcp::no_delay(true), ec);
    return origin.tls ? shake_hands(where) : Outcome();
  }

  Outcome shake_hands(const std::string& where) {
    auto& tls = std::get<TlsStream>(stream);
    SSL* ssl = tls.native_handle();
    const std::string& name = origin.server_name;
    // RFC 6066, 3: addresses are never sent as a server name, and are checked as addresses.
    const bool is_set = to_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                                         : send_server_name(ssl, name) && SSL_set1_host(ssl, name.c_str()) == 1;
    if (!is_set) return failed(Kind::NotConnected, quoted(name, 253) + " is no name that a certificate could prove");
    ERR_clear_error();
    const error_code ec =
        complete(limits.connect_timeout, [&](auto done) { tls.async_handshake(TlsStream::client, std::move(done)); });
    if (!ec) return {};
    if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
      return failed(Kind::Untrusted, where + " is not trusted to be " + quoted(name, 253) + ": " +
                                         X509_verify_cert_error_string(verdict));
    return failed(Kind::NotConnected, "TLS handshake with " + where + " failed: " + describe(ec));
  }

  Result<ClientResponse, CallFailure> exchange(const ClientRequest& request) {
    const std::string bytes = encode(request, host_header);
    error_code ec = complete(limits.write_timeout, [&](auto done) {
      with_stream([&](auto& s) { asio::async_write(s, asio::buffer(bytes), std::move(done)); });
    });
    if (ec) return Unexpected{CallFailure{Kind::Interrupted, "the request could not be sent: " + describe(ec)}};

    for (int interim = 0; interim < kMostInterimResponses; ++interim) {
      Parser parser;
      parser.header_limit(static_cast<std::uint32_t>(limits.max_header));
      parser.body_limit(limits.max_body);
      ec = complete(limits.read_timeout, [&](auto done) {
        with_stream([&](auto& s) { beast::http::async_read(s, input, parser, std::move(done)); });
      });
      if (is_refused_by_parser(ec))
        return Unexpected{CallFailure{Kind::Unreadable, "the response cannot be read: " + ec.message()}};
      if (ec) return Unexpected{CallFailure{Kind::Interrupted, "no response: " + describe(ec)}};
      // RFC 9110, 15.2: interim responses may come before the final one at any time.
      if (parser.get().result_int() < 200) continue;
      return take_response(parser);
    }
    return Unexpected{CallFailure{Kind::Unreadable, "the response never ends to be announced"}};
  }

  ClientResponse take_response(Parser& parser) {
    const bool keep = parser.keep_alive();
    auto message = parser.release();
    ClientResponse response;
    response.status = message.result_int();
    for (const auto& field : message)
      response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    response.body = std::move(message.body());
    if (!keep) close();
    return response;
  }
};

Client::Client(Origin origin, ClientLimits limits) : impl_(std::make_unique<Impl>(std::move(origin), limits)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<ClientResponse, CallFailure> Client::send(const ClientRequest& request) {
  const auto fail_call = [this](CallFailure failure) -> Unexpected<CallFailure> {
    impl_->close();
    if (impl_->cancelled) return Unexpected{CallFailure{Kind::Cancelled, "cancelled"}};
    return Unexpected{std::move(failure)};
  };
  if (impl_->cancelled) return fail_call({});
  if (!impl_->is_still_open()) {
    impl_->close();
    if (auto connected = impl_->connect(); !connected) return fail_call(std::move(connected).error());
  }
  auto response = impl_->exchange(request);
  if (!response) return fail_call(std::move(response).error());
  return response;
}

void Client::cancel() noexcept {
  impl_->cancelled = true;
  impl_->lookups.cancel();
  asio::post(impl_->io, [impl = impl_.get()] {
    if (PlainStream* socket = impl->socket()) socket->close();
  });
}

}  // namespace plimsoll::http
