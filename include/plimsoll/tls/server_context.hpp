// The terms on which a server speaks TLS, ready for handshakes.
//
// One context serves any number of handshakes on any thread. It is immutable: another certificate means another
// context, and connections that are open keep theirs.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "plimsoll/base/result.hpp"
#include "plimsoll/tls/authorities.hpp"
#include "plimsoll/tls/identity.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX, whose header stays out of ours

namespace plimsoll::tls {

/// Whose client certificates are believed, and whether one may be missing.
///
/// One that is shown and does not verify (its chain, the time, its use for clients) always ends the handshake, also
/// where none was needed: a caller whose certificate has expired is to learn of it, not to become nobody.
struct ClientTrust {
  enum class Absence { Allowed, Refused };

  Authorities authorities;
  Absence absence = Absence::Refused;

  bool operator==(const ClientTrust&) const = default;
};

/// TLS 1.2 or newer, forward secrecy only, HTTP/1.1 by ALPN, no session resumption.
///
/// Threads: safe; copies share one immutable context.
class ServerContext {
 public:
  /// For the module that drives handshakes.
  [[nodiscard]] ssl_ctx_st* native() const noexcept { return context_.get(); }

 private:
  friend Result<ServerContext> make_server_context(const Identity&, const std::optional<ClientTrust>&);
  explicit ServerContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}

  std::shared_ptr<ssl_ctx_st> context_;
};

/// Without `clients` no client certificate is asked for.
///
/// Errors: a key or signature that is too weak for today's TLS (an RSA key below 2048 bits, SHA-1).
[[nodiscard]] Result<ServerContext> make_server_context(const Identity& identity,
                                                        const std::optional<ClientTrust>& clients = std::nullopt);

}  // namespace plimsoll::tls
