// `plimsoll audit verify`: whether a chained audit log is as the server wrote it.
#pragma once

#include <string>
#include <vector>

#include "webhook/command_line.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct VerifyOptions {
  std::vector<std::string> files;  ///< none: standard input
  std::string key_file;            ///< empty: the chain was made without a key
};

/// Names the first bad line of each file, and where files of one chain do not join.
[[nodiscard]] Report verify_audit_log(const VerifyOptions& options);

[[nodiscard]] Action declare_audit_verify(CLI::App& command);

}  // namespace plimsoll::webhook
