// What `plimsoll serve` can be told about its audit log.
#pragma once

#include <cstddef>
#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/telemetry/audit_sink.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

struct AuditLogOptions {
  std::string file = "-";  // "-": standard output
  std::string max_size;    // empty: the file is not rotated here
  std::size_t max_backups = 5;
  std::string input = "none";
  bool chain = false;
  std::string chain_key_file;
};

/// Adds the flags to `command`. Requires: `options` outlives it.
void declare_audit_log(CLI::App& command, AuditLogOptions& options);

/// Errors: `where` is the flag, or the key's file.
[[nodiscard]] Result<telemetry::AuditOptions> find_audit_log(const AuditLogOptions& options);

/// The key of a chain, from a file. Errors: ErrorCode::Io; Invalid for one that is too short to be a secret.
[[nodiscard]] Result<std::string> load_chain_key(const std::string& path);

}  // namespace plimsoll::webhook
