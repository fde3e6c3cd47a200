#include "stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <climits>
#include <utility>

namespace plimsoll::http {
namespace {

// Calls that follow one another on a thread share OpenSSL's and the system's error; each begins without any.
void forget_errors() {
  ERR_clear_error();
  errno = 0;
}

int to_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

void Stream::FreeSsl::operator()(ssl_st* ssl) const noexcept {
  SSL_free(ssl);
}

Stream::Stream(Socket socket) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
}

bool Stream::start_tls(const tls::ServerContext& context) {
  ssl_.reset(SSL_new(context.native()));
  if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) return false;
  // Idle connections hold no buffers; a record's head and body come in one read.
  SSL_set_mode(ssl_.get(),
               SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_read_ahead(ssl_.get(), 1);
  SSL_set_accept_state(ssl_.get());
  return true;
}

Stream::Step Stream::why_errno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Step::WantsRead;
  if (errno == ECONNRESET || errno == EPIPE || errno == 0) return Step::Ended;
  error_ = boost::system::error_code(errno, boost::system::system_category()).message();
  return Step::Failed;
}

Stream::Step Stream::why(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::WantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::WantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Step::Ended;
    case SSL_ERROR_SYSCALL:
      return why_errno();
    default:
      break;
  }
  reason_ = ERR_GET_REASON(ERR_peek_error());
  // Gone without a goodbye, as many clients go.
  if (reason_ == SSL_R_UNEXPECTED_EOF_WHILE_READING) return Step::Ended;
  const char* const text = ERR_reason_error_string(ERR_peek_error());
  error_ = text ? text : "TLS failed";
  if (const long verification = SSL_get_verify_result(ssl_.get()); verification != X509_V_OK)
    error_.append(": ").append(X509_verify_cert_error_string(verification));
  return Step::Failed;
}

Stream::Step Stream::shake_hands() {
  forget_errors();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? Step::Done : why(result);
}

bool Stream::has_heard() const noexcept {
  return BIO_number_read(SSL_get_rbio(ssl_.get())) > 0;
}

Stream::Step Stream::read(std::span<char> room, std::size_t& size) {
  size = 0;
  forget_errors();
  if (ssl_) {
    const int result = SSL_read(ssl_.get(), room.data(), to_int(room.size()));
    if (result <= 0) return why(result);
    size = static_cast<std::size_t>(result);
    return Step::Done;
  }
  const auto result = ::recv(socket_.native_handle(), room.data(), room.size(), 0);
  if (result < 0) return why_errno();
  size = static_cast<std::size_t>(result);
  return size > 0 ? Step::Done : Step::Ended;
}

Stream::Step Stream::write(std::string_view& bytes) {
  while (!bytes.empty()) {
    forget_errors();
    if (ssl_) {
      const int result = SSL_write(ssl_.get(), bytes.data(), to_int(bytes.size()));
      if (result <= 0) return why(result);
      bytes.remove_prefix(static_cast<std::size_t>(result));
      continue;
    }
    const auto result = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (result < 0) {
      const Step step = why_errno();
      return step == Step::WantsRead ? Step::WantsWrite : step;
    }
    bytes.remove_prefix(static_cast<std::size_t>(result));
  }
  return Step::Done;
}

Stream::Step Stream::say_goodbye() {
  if (!ssl_ || SSL_in_init(ssl_.get())) return Step::Done;
  forget_errors();
  const int result = SSL_shutdown(ssl_.get());
  return result >= 0 ? Step::Done : why(result);
}

bool Stream::is_plain_http() const noexcept {
  return reason_ == SSL_R_HTTP_REQUEST;
}

bool Stream::is_unproven() const noexcept {
  return reason_ == SSL_R_CERTIFICATE_VERIFY_FAILED || reason_ == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
}

bool Stream::has_pending() const noexcept {
  return ssl_ && SSL_has_pending(ssl_.get()) == 1;
}

}  // namespace plimsoll::http
