#include "webhook/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <sstream>
#include <string>
#include <vector>

#include "plimsoll/base/text.hpp"

namespace plimsoll::webhook {
namespace {

constexpr const char* kDescription =
    R"(Plimsoll turns estimates in annotations into well-sized Kubernetes Jobs and Pods.)";

constexpr const char* kFooter = R"(Examples:
  plimsoll mutate -f job.yaml -o explain           what would be changed, and why
  plimsoll mutate -f job.yaml | kubectl apply -f -
  plimsoll check policy.yaml                       before the policy is rolled out
  plimsoll test goldens/                           your own cases for your own policy
  plimsoll audit audit.jsonl --sum                 who asked for what, what was changed
  plimsoll serve --policy policy.yaml --self-signed --dns-name localhost --ca-out ca.crt

Exit codes:
  0  all is well: objects are allowed, changed or not
  1  our own failure; for `test`: a case failed
  2  flags, files or input that cannot be used
  3  an object is refused
  With several inputs the worst counts: 1, then 2, then 3.

Environment:
  PLIMSOLL_<COMMAND>_<FLAG>  every flag, such as PLIMSOLL_MUTATE_POLICY; the command line wins, and both win over
                             the file of `serve --config`
  NO_COLOR                   set to anything: no colours, even on a terminal

`plimsoll COMMAND --help` tells more about one command.)";

std::string environment_name(const std::string& command, const std::string& flag) {
  std::string name = "PLIMSOLL_" + command + "_" + flag;
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

void name_environment(CLI::App& command, const std::string& name) {
  for (CLI::Option* option : command.get_options()) {
    const bool has_own = !option->get_envname().empty() || option == command.get_help_ptr();
    if (has_own || option->get_lnames().empty()) continue;
    option->envname(environment_name(name, option->get_lnames().front()));
  }
}

void forget_environment(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) option->envname("");
  for (CLI::App* nested : command.get_subcommands({})) forget_environment(*nested);
}

/// What CLI11 has to say: help and version on standard output, complaints on standard error.
Report describe(CLI::App& program, const CLI::ParseError& error) {
  // In the help each flag would carry its variable's name, and the columns would be lost; the rule is in the footer.
  forget_environment(program);
  std::ostringstream out;
  std::ostringstream err;
  Report report;
  report.exit_code = program.exit(error, out, err) == 0 ? ExitCode::Ok : ExitCode::Unusable;
  report.out = out.str();
  report.err = err.str();
  return report;
}

/// The words of the command that was chosen: `plimsoll audit verify`.
std::string chosen_name(const CLI::App& program) {
  std::string name = "plimsoll";
  for (const CLI::App* at = &program; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  return name;
}

/// CLI11 would only say that a subcommand is required. Empty: `word` is one.
std::string refuse_unknown_command(std::span<const Command> commands, std::string_view word) {
  std::vector<std::string_view> names;
  for (const Command& command : commands) names.emplace_back(command.name);
  if (word.starts_with('-') || std::ranges::find(names, word) != names.end()) return {};
  std::string message = "plimsoll: " + quoted(word) + " is no command";
  if (const auto meant = nearest(word, names)) message += ": did you mean " + quoted(*meant) + "?";
  return message + "\nSee: plimsoll --help\n";
}

/// Declares `command` below `parent`; `chosen` becomes its Action when the line names it.
void add_command(CLI::App& parent, const Command& command, const std::string& prefix, Action& chosen) {
  CLI::App* sub = parent.add_subcommand(command.name, command.summary);
  sub->get_formatter()->column_width(32);
  Action action = command.declare(*sub);
  const std::string name = prefix + command.name;
  name_environment(*sub, name);
  for (const Command& nested : command.nested) add_command(*sub, nested, name + "_", chosen);
  // Called when this command's own part of the line is complete; without it CLI11 would read the environment of all
  // commands and hold a bad value of one against another.
  sub->parse_complete_callback([&chosen, sub, action = std::move(action)] {
    if (sub->get_subcommands().empty()) chosen = action;
  });
}

}  // namespace

Action read_command_line(std::span<const Command> commands, int argc, const char* const* argv) {
  CLI::App program(kDescription, "plimsoll");
  program.set_version_flag("--version", "plimsoll " PLIMSOLL_VERSION, "show the version");
  program.set_help_flag("-h,--help", "show this text");
  program.footer(kFooter);
  program.get_formatter()->column_width(32);
  program.require_subcommand(1);
  program.failure_message([](const CLI::App* app, const CLI::Error& error) {
    // CLI11 reports through the program, whichever command it was parsing.
    const std::string name = chosen_name(*app);
    return name + ": " + error.what() + "\nSee: " + name + " --help\n";
  });

  if (argc > 1) {
    if (std::string refusal = refuse_unknown_command(commands, argv[1]); !refusal.empty()) {
      return [report = Report{{}, std::move(refusal), ExitCode::Unusable}] { return report; };
    }
  }

  Action chosen;
  for (const Command& command : commands) add_command(program, command, "", chosen);
  if (argc <= 1) return [help = program.help()] { return Report{{}, help, ExitCode::Unusable}; };
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return [report = describe(program, error)] { return report; };
  }
  return chosen;
}

}  // namespace plimsoll::webhook
