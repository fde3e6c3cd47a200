// `plimsoll test`: golden cases, the project's own and an operator's.
#pragma once

#include <string>

#include "webhook/command_line.hpp"
#include "webhook/golden/golden.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct TestOptions {
  std::string directory;
  std::string junit = {};  ///< a file to write; empty: none
  GoldenOptions golden = {};
};

/// Runs the cases and says which failed.
[[nodiscard]] Report test(const TestOptions& options);

[[nodiscard]] Action declare_test(CLI::App& command);

}  // namespace plimsoll::webhook
