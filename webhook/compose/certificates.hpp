// Where the served certificate comes from.
#pragma once

#include "plimsoll/base/result.hpp"
#include "plimsoll/tls/identity.hpp"
#include "plimsoll/tls/server_context.hpp"
#include "webhook/compose/serve_options.hpp"

namespace plimsoll::webhook {

/// A certificate, and the terms on which it is shown.
struct ServedCertificate {
  tls::Identity identity;
  tls::ServerContext context;
};

/// From the files that the options name, or made in memory; then the CA's certificate is written where they say.
[[nodiscard]] Result<ServedCertificate> find_certificate(const ServeOptions& options);

}  // namespace plimsoll::webhook
