// The terms on which a client speaks TLS: whom it believes, and what it shows of itself.
//
// One context serves any number of handshakes. It is immutable; the name that a server has to prove differs from
// connection to connection and is checked there.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "plimsoll/base/result.hpp"
#include "plimsoll/tls/identity.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX, whose header stays out of ours

namespace plimsoll::tls {

/// TLS 1.2 or newer, and never to a server whose certificate is not trusted.
///
/// Threads: safe; copies share one immutable context.
class ClientContext {
 public:
  /// For the module that drives handshakes.
  [[nodiscard]] ssl_ctx_st* native() const noexcept { return context_.get(); }

 private:
  friend Result<ClientContext> make_client_context(std::string_view, const std::optional<Identity>&);
  explicit ClientContext(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}

  std::shared_ptr<ssl_ctx_st> context_;
};

/// Trusts what the certificates in `authorities_pem` signed, and these themselves, root or not, as Go does; without any
/// text, whom the machine trusts. `identity` is shown when the server asks for one.
///
/// Errors: text without a certificate or with a malformed one; an identity that is too weak for today's TLS.
[[nodiscard]] Result<ClientContext> make_client_context(std::string_view authorities_pem,
                                                        const std::optional<Identity>& identity = {});

}  // namespace plimsoll::tls
