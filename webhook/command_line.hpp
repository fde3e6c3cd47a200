// The seam between main and the commands.
#pragma once

#include <functional>
#include <span>

#include "webhook/report.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

/// What is to be done once the command line has been read. What has to be seen before the end it writes itself.
using Action = std::function<Report()>;

/// One subcommand. `declare` adds its options to a fresh CLI::App and returns what running it does; the options must
/// live in the Action.
struct Command {
  const char* name;
  const char* summary;
  Action (*declare)(CLI::App& command);
  /// Commands of its own, `plimsoll audit verify`; it also runs without one.
  std::span<const Command> nested = {};
};

/// Reads the command line. Every option `--some-flag` of a command can also be given as the environment variable
/// PLIMSOLL_<COMMAND>_SOME_FLAG, unless its declaration named another; of a nested one
/// PLIMSOLL_<COMMAND>_<NESTED>_SOME_FLAG.
///
/// Errors: none; for `--help`, `--version` and flags that make no sense the Action is to say so.
[[nodiscard]] Action read_command_line(std::span<const Command> commands, int argc, const char* const* argv);

}  // namespace plimsoll::webhook
