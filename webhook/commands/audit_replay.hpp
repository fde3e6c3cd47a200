// `plimsoll audit replay`: what another policy would have made of what was recorded.
#pragma once

#include <string>
#include <vector>

#include "webhook/audit/flags.hpp"
#include "webhook/command_line.hpp"
#include "webhook/output/stream.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct ReplayOptions {
  enum class Output { Text, Json };
  std::vector<std::string> files;  ///< none: standard input
  std::string policy_file;         ///< empty: the built-in policy
  FilterFlags filter;
  Output output = Output::Text;
};

/// Writes a line for each object that would be decided otherwise, then the sums.
[[nodiscard]] Report replay_audit_log(const ReplayOptions& options, Stream& out);

[[nodiscard]] Action declare_audit_replay(CLI::App& command);

}  // namespace plimsoll::webhook
