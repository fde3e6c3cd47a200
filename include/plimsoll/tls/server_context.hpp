// The terms on which a server speaks TLS, ready for handshakes.
//
// One context serves any number of handshakes on any thread. It is immutable: another certificate means another
// context, and connections that are open keep theirs.
#pragma once

#include <memory>
#include <utility>

#include "plimsoll/base/result.hpp"
#include "plimsoll/tls/identity.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX, whose header stays out of ours

namespace plimsoll::tls {

/// TLS 1.2 or newer, forward secrecy only, HTTP/1.1 by ALPN, no session resumption.
///
/// Threads: safe; copies share one immutable context.
class ServerContext {
 public:
  /// For the module that drives handshakes.
  [[nodiscard]] ssl_ctx_st* native() const noexcept { return context_.get(); }

 private:
  friend Result<ServerContext> make_server_context(const Identity&);
  explicit ServerContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}

  std::shared_ptr<ssl_ctx_st> context_;
};

/// Errors: a key or signature that is too weak for today's TLS (an RSA key below 2048 bits, SHA-1).
[[nodiscard]] Result<ServerContext> make_server_context(const Identity& identity);

}  // namespace plimsoll::tls
