#include "webhook/commands/check.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "webhook/files.hpp"
#include "webhook/policy_file.hpp"

namespace plimsoll::webhook {

Report check(const std::vector<std::string>& files) {
  Report report;
  for (const std::string& file : files) {
    const auto policy = load_policy(file);
    if (policy) {
      report.out += display_name(file) + ": ok\n" + summarise(*policy) + "\n";
      continue;
    }
    for (const std::string& line : policy.error()) report.out += line + "\n";
    report.exit_code = ExitCode::Unusable;
  }
  return report;
}

Action declare_check(CLI::App& command) {
  const auto files = std::make_shared<std::vector<std::string>>();
  command.add_option("FILE", *files, "policy files; - is standard input")->required();
  command.footer(R"(Every problem is one line, FILE:line:column: path: message; a good policy is summed up.
Exit codes: 0 all are good, 2 something is wrong.

Example:
  plimsoll check manifests/policy.yaml)");
  return [files] { return check(*files); };
}

}  // namespace plimsoll::webhook
