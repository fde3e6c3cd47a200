// The seam between main and the commands.
#pragma once

#include <functional>
#include <span>

#include "webhook/report.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

/// What is to be done once the command line has been read.
using Action = std::function<Report()>;

/// One subcommand. `declare` adds its options to a fresh CLI::App and returns what running it does; the options must
/// live in the Action.
struct Command {
  const char* name;
  const char* summary;
  Action (*declare)(CLI::App& command);
};

/// Reads the command line. Every option `--some-flag` of a command can also be given as the environment variable
/// PLIMSOLL_<COMMAND>_SOME_FLAG, unless its declaration named another.
///
/// Errors: none; for `--help`, `--version` and flags that make no sense the Action is to say so.
[[nodiscard]] Action read_command_line(std::span<const Command> commands, int argc, const char* const* argv);

}  // namespace plimsoll::webhook
