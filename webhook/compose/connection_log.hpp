// What goes wrong between the sockets and the handlers, in the log.
#pragma once

#include "plimsoll/http/server.hpp"

namespace plimsoll::webhook {

/// Events that write a log line each.
[[nodiscard]] http::Events log_trouble();

}  // namespace plimsoll::webhook
