// `plimsoll serve`: the webhook itself.
#pragma once

#include "webhook/command_line.hpp"

namespace plimsoll::webhook {

/// Serves until SIGTERM or SIGINT; a second signal ends it at once. Exit code 0 after a clean stop, 2 for unusable
/// options or files. Requires: no other thread was started before its Action runs.
[[nodiscard]] Action declare_serve(CLI::App& command);

}  // namespace plimsoll::webhook
