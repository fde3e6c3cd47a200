// `serve --config FILE`: the flags of serve as fields of a YAML document.
//
// There is no second table. A field is a declared option under another spelling: `--drain-delay` is `drainDelay`, and a
// flag that may be repeated is a list in the plural, `--dns-name` `dnsNames`. Its values are laid beneath what the
// command line and the environment say and then take the same way as theirs, so they are checked by the same checks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/config/policy.hpp"
#include "webhook/compose/serve_options.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

/// One field that a ServerConfig may hold.
struct ServerConfigField {
  std::string name;           ///< `drainDelay`
  std::string flag;           ///< `--drain-delay`
  std::string default_value;  ///< empty: none
  bool is_list = false;
  bool is_live = false;  ///< a change is taken over while running
};

/// All fields, in the order of the flags.
[[nodiscard]] std::vector<ServerConfigField> server_config_fields();

/// Values by flag, as the command line would hold them.
using FlagValues = std::map<std::string, std::vector<std::string>>;

/// Reads and validates a ServerConfig. Errors: all problems, in the order of the text. What only several fields can
/// tell together is not looked at: a flag may complete them.
[[nodiscard]] Result<FlagValues, config::Problems> parse_server_config(std::string_view yaml);

/// The same of the file `path`. Errors: a line for each problem, `FILE:line:column: path: message`.
[[nodiscard]] Result<FlagValues, std::vector<std::string>> parse_server_config_file(const std::string& path,
                                                                                    std::string_view text);

/// What `values` set, in a line for their author.
[[nodiscard]] std::string summarise(const FlagValues& values);

/// Whether `yaml` says of itself that it is a ServerConfig.
[[nodiscard]] bool is_server_config(std::string_view yaml);

/// What serve is told: the value of every option, and where it was said.
struct ServeCommand {
  ServeOptions options;
  FlagValues said;          ///< by command line and environment
  FlagValues values;        ///< of all options, the file and the defaults included
  std::string config_text;  ///< what the file held that --config names
};

/// Declares the options of serve for `command`, the file that `--config` names included.
[[nodiscard]] std::shared_ptr<ServeCommand> declare_serve_command(CLI::App& command);

/// Reads the options anew, as `said` and the text of the file at `path` have them. Errors: a line for each problem.
[[nodiscard]] Result<ServeCommand, std::vector<std::string>> read_serve_options(const FlagValues& said,
                                                                                const std::string& path,
                                                                                std::string_view text);

}  // namespace plimsoll::webhook
