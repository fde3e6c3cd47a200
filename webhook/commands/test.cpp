#include "webhook/commands/test.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <memory>

#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

constexpr const char* kFooter =
    R"(A case is a directory with an input.yaml (one object), an expected.yaml (the object afterwards,
---, and the verdict) and, here or in any directory above, a context.yaml:
  policy: {...}            laid over policyFile: PATH, or over the built-in policy
  now: 2026-01-01T00:00:00Z
  request: {namespace, operation, name, generateName, subResource, dryRun, path,
            userInfo: {username, groups}}

Each case is also sent through both versions of AdmissionReview, decided again on its own result
(now, an hour later, under another policy), and decided with unknown fields everywhere.

Exit codes: 0 all passed, 1 some failed, 2 the directory holds no case.

Examples:
  plimsoll test goldens/
  UPDATE_GOLDEN=1 plimsoll test goldens/      rewrites expected.yaml; look at the difference)";

}  // namespace

Report test(const TestOptions& options) {
  const auto results = run_goldens(options.directory, options.golden);
  if (!results) {
    return {{}, fmt::format("{}: {}\n", results.error().where, results.error().message), ExitCode::Unusable};
  }
  Report report;
  for (const CaseResult& result : *results) {
    if (result.is_updated) report.out += fmt::format("updated {}\n", result.name);
    if (result.failure.empty()) continue;
    report.out += fmt::format("FAIL {}: {}\n{}", result.name, result.failure, result.diff);
    report.exit_code = ExitCode::Failure;
  }
  const auto failed = std::ranges::count_if(*results, [](const CaseResult& r) { return !r.failure.empty(); });
  report.out += fmt::format("{} passed, {} failed\n", std::ssize(*results) - failed, failed);
  if (!options.junit.empty()) {
    std::ofstream file(options.junit, std::ios::binary);
    file << to_junit(*results);
    if (!file.flush()) {
      report.err += display_name(options.junit) + ": cannot be written\n";
      report.exit_code = ExitCode::Failure;
    }
  }
  return report;
}

Action declare_test(CLI::App& command) {
  const auto options = std::make_shared<TestOptions>();
  const auto is_update = std::make_shared<bool>(false);
  command.add_option("DIR", options->directory, "where the cases are")->required();
  command.add_flag("--update", *is_update, "rewrite expected.yaml where it says something else")
      ->envname("UPDATE_GOLDEN");
  command.add_option("--junit", options->junit, "write the results as JUnit XML as well")->type_name("FILE");
  command.footer(kFooter);
  return [options, is_update] {
    options->golden.mode = *is_update ? GoldenOptions::Mode::Update : GoldenOptions::Mode::Compare;
    options->golden.style = detect_style();
    return test(*options);
  };
}

}  // namespace plimsoll::webhook
