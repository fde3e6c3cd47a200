#include "webhook/commands/check.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "webhook/compose/server_config.hpp"
#include "webhook/input/files.hpp"
#include "webhook/input/policy_file.hpp"

namespace plimsoll::webhook {

namespace {

using Lines = std::vector<std::string>;

// What a good file does, in a paragraph.
Result<std::string, Lines> check_file(const std::string& file) {
  const Result<std::string> text = load_file(file);
  if (!text) return Unexpected{Lines{display_name(file) + ": " + text.error().message}};
  if (is_server_config(*text)) {
    PLIMSOLL_TRY(values, parse_server_config_file(file, *text));
    return summarise(values);
  }
  PLIMSOLL_TRY(policy, parse_policy_file(file, *text));
  return summarise(policy);
}

}  // namespace

Report check(const std::vector<std::string>& files) {
  Report report;
  for (const std::string& file : files) {
    const Result<std::string, Lines> summary = check_file(file);
    if (summary) {
      report.out += display_name(file) + ": ok\n" + *summary + "\n";
      continue;
    }
    for (const std::string& line : summary.error()) report.out += line + "\n";
    report.exit_code = ExitCode::Unusable;
  }
  return report;
}

Action declare_check(CLI::App& command) {
  const auto files = std::make_shared<std::vector<std::string>>();
  command.add_option("FILE", *files, "policies and server configs; - is standard input")->required();
  command.footer(R"(Every problem is one line, FILE:line:column: path: message; a good file is summed up.
Exit codes: 0 all are good, 2 something is wrong.

Example:
  plimsoll check manifests/policy.yaml server.yaml)");
  return [files] { return check(*files); };
}

}  // namespace plimsoll::webhook
