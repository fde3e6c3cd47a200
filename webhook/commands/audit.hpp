// `plimsoll audit`: what the audit log says, filtered, as a table or summed up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plimsoll/audit/sums.hpp"
#include "webhook/audit/flags.hpp"
#include "webhook/command_line.hpp"
#include "webhook/output/stream.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct AuditOptions {
  enum class Output { Table, Json, Csv };

  std::vector<std::string> files;  ///< none: standard input
  FilterFlags filter;
  Output output = Output::Table;
  bool sum = false;
  std::optional<audit::Key> sum_by;  ///< empty: an overview
  bool follow = false;
  Style style = Style::Plain;
  std::size_t width = 0;  ///< of the terminal; 0: none
};

/// Writes what `options` ask for to `out`, as it is read.
[[nodiscard]] Report read_audit_log(const AuditOptions& options, Stream& out);

[[nodiscard]] Action declare_audit(CLI::App& command);

}  // namespace plimsoll::webhook
