// What the server of the webhook counts of its connections.
#pragma once

#include "plimsoll/http/server.hpp"
#include "plimsoll/telemetry/metrics.hpp"

namespace plimsoll::webhook {

/// Adds to `events` that each is counted. Requires: `metrics` outlives the server.
[[nodiscard]] http::Events count_connections(http::Events events, telemetry::Metrics& metrics);

}  // namespace plimsoll::webhook
