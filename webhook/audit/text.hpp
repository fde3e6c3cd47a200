// Entries of an audit log and sums of them as people and programs want them.
//
// A log may have been written by anybody. Whatever it holds, nothing here gives a terminal, a page or a spreadsheet
// more than text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/audit/entry.hpp"
#include "plimsoll/audit/sums.hpp"
#include "plimsoll/json/writer.hpp"
#include "webhook/output/table.hpp"

namespace plimsoll::webhook {

/// `text` as a cell of CSV (RFC 4180): quoted where it has to be, with `'` before what a spreadsheet would compute.
[[nodiscard]] std::string to_csv(std::string_view text);

/// `json` with what could disturb a terminal as `\u` escapes: the same value. Requires: valid JSON.
[[nodiscard]] std::string to_safe_json(std::string_view json);

/// What became of the object, on one line: `cpu nothing → 2, memory 1Gi → 5Gi, and 3 more (placement, priority)`, or
/// why nothing did.
[[nodiscard]] std::string summarise(const audit::Entry& entry);

[[nodiscard]] std::vector<Column> entry_columns();
[[nodiscard]] std::vector<Cell> to_row(const audit::Entry& entry);
[[nodiscard]] std::string entry_csv_header();
[[nodiscard]] std::string to_csv_line(const audit::Entry& entry);

/// `namespace`, `rule`, ...
[[nodiscard]] std::string_view to_word(audit::Key key);

[[nodiscard]] std::vector<Column> sum_columns(audit::Key key);
[[nodiscard]] std::vector<Cell> to_row(audit::Key key, const audit::NamedSum& named);
[[nodiscard]] std::string sum_csv_header();
[[nodiscard]] std::string to_csv_line(audit::Key key, const audit::NamedSum& named);
/// The members of `sum`, into an object that has begun.
void write_members(json::Writer& writer, const audit::Sum& sum);

}  // namespace plimsoll::webhook
