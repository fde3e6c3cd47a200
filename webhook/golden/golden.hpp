// Golden cases: objects and what is to become of them, kept as files.
//
//   <case>/input.yaml      one object; its first comment says what the case is about
//   <case>/expected.yaml   the object afterwards, `---`, and the verdict; of a rejected one only the verdict
//   <case>/context.yaml    optional, laid over those of all directories above:
//     policy:      a policy without apiVersion and kind, laid over ...
//     policyFile:  ... this policy; the path is looked for beside the context.yaml, then in every directory above it
//     now:         default 2026-01-01T00:00:00Z
//     request:     {namespace, operation, name, generateName, subResource, dryRun, userInfo: {username, groups},
//                   path: /mutate or /mutate/shadow}
//
// The policy's revision is always `golden`, so that a changed default does not rewrite every marker. Besides comparing,
// every case is held to what must hold for all objects: see checks.hpp.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

/// How one case ended.
struct CaseResult {
  std::string name;     ///< its directory below the root
  std::string failure;  ///< what does not hold, in one line; empty: passed
  std::string diff;     ///< unified, from what is expected to what is
  bool is_updated = false;
};

struct GoldenOptions {
  enum class Mode {
    Compare,
    Update  ///< rewrite an expected.yaml that is missing or says something else
  };
  Mode mode = Mode::Compare;
  Style style = Style::Plain;
};

/// Runs every case below `directory`, in the order of their names; what is left over (an expected.yaml without an
/// input.yaml, a context.yaml for no case) is a failed case of its own.
///
/// Errors: `directory` cannot be read, or holds no case.
[[nodiscard]] Result<std::vector<CaseResult>> run_goldens(const std::filesystem::path& directory,
                                                          const GoldenOptions& options);

/// The results for a CI server. Source: the JUnit format as Jenkins and GitLab read it.
[[nodiscard]] std::string to_junit(const std::vector<CaseResult>& results);

}  // namespace plimsoll::webhook
