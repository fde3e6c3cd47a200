// A bearer token: a JSON Web Token, signed, compact, and read with suspicion.
//
// The order is that of trust. The header, which anybody can write, only chooses among the algorithms and keys that are
// accepted here; then the signature is checked; only then are the claims looked at. Of the header nothing is ever
// fetched or believed as a key (`jwk`, `jku`, `x5c`, `x5u`).
// Source: RFC 7515, RFC 7519, RFC 8725
#pragma once

#include <string>
#include <string_view>

#include "plimsoll/auth/authenticate.hpp"

namespace plimsoll::auth {

/// The name of the one whom `token` speaks for: its `sub`, else its `iss`.
[[nodiscard]] Result<std::string, Refusal> verify_token(std::string_view token, const Keys& keys, const Config& config,
                                                        TimePoint now);

}  // namespace plimsoll::auth
