#include "plimsoll/tls/probe.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "openssl.hpp"

namespace plimsoll::tls {
namespace {

using Clock = std::chrono::steady_clock;
using SslPtr = std::unique_ptr<SSL, Free<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using AddressesPtr = std::unique_ptr<addrinfo, Free<freeaddrinfo>>;

class Socket {
 public:
  explicit Socket(int file) : file_(file) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (file_ >= 0) ::close(file_);
  }
  [[nodiscard]] int file() const { return file_; }

 private:
  int file_;
};

// Whether the socket can go on before `deadline`.
bool wait_for(int file, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{.fd = file, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Empty: connected.
std::string connect(int file, const addrinfo& address, Clock::time_point deadline) {
  if (::connect(file, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return std::strerror(errno);
  if (!wait_for(file, POLLOUT, deadline)) return "no connection in time";
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? std::string() : std::strerror(error);
}

Result<std::string> shake_hands(int file, const ProbeTarget& target, Clock::time_point deadline) {
  const ContextPtr context(SSL_CTX_new(TLS_client_method()));
  const SslPtr connection(context ? SSL_new(context.get()) : nullptr);
  if (!connection || SSL_set_fd(connection.get(), file) != 1) return fail(ErrorCode::Bug, last_openssl_error());
  SSL_set_verify(connection.get(), SSL_VERIFY_NONE, nullptr);
  // What the macro SSL_set_tlsext_host_name does, without its C cast; OpenSSL copies the name.
  if (!target.server_name.empty())
    SSL_ctrl(connection.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(target.server_name.c_str()));
  while (true) {
    (void)last_openssl_error();
    const int done = SSL_connect(connection.get());
    if (done == 1) break;
    const int error = SSL_get_error(connection.get(), done);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
      return fail(ErrorCode::Io, "no TLS handshake: " + (error == SSL_ERROR_SSL ? last_openssl_error()
                                                                                : std::string("the connection ended")));
    if (!wait_for(file, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline))
      return fail(ErrorCode::Io, "no TLS handshake in time");
  }
  std::string pem;
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection.get());
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) pem += encode_certificate(sk_X509_value(chain, i));
  return pem;
}

}  // namespace

Result<std::string> fetch_chain(const ProbeTarget& target) {
  const auto deadline = Clock::now() + target.timeout;
  const std::string where = target.host + ":" + std::to_string(target.port);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &wanted, &found))
    return fail(ErrorCode::Io, ::gai_strerror(error), where);
  const AddressesPtr addresses(found);

  std::string failure = "no address";
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const Socket socket(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.file() < 0) continue;
    failure = connect(socket.file(), *address, deadline);
    if (!failure.empty()) continue;
    Result<std::string> chain = shake_hands(socket.file(), target, deadline);
    if (!chain) return fail(chain.error().code, chain.error().message, where);
    return chain;
  }
  return fail(ErrorCode::Io, "cannot connect: " + failure, where);
}

}  // namespace plimsoll::tls
