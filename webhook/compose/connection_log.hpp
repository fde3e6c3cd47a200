// What goes wrong between the sockets and the handlers, in the log.
#pragma once

#include "plimsoll/http/server.hpp"

namespace plimsoll::webhook {

/// Events that write log lines: of each cause one a second, which says how many were kept back since the last.
///
/// For every port the same one, or each has its own seconds.
[[nodiscard]] http::Events log_trouble();

}  // namespace plimsoll::webhook
