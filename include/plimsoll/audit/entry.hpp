// A line of the audit log, read again.
//
// It is not a Record: a log may be older or newer than this program, so what a Record holds as types (verdicts, rules,
// reasons) are words here, and members that are not known are passed over.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"

namespace plimsoll::audit {

/// The format that `encode_record` writes, and the one that is read.
inline constexpr std::int64_t kFormat = 1;

/// One member of `changes`.
struct EntryChange {
  std::string rule;  ///< empty: something of an earlier decision is taken back
  std::string path;
  std::string from;  ///< compact JSON of what stood there; empty: nothing
  std::string to;    ///< compact JSON; empty: removed
  std::string reason;
};

/// One member of `problems`.
struct EntryProblem {
  std::string reason;
  std::string path;
  std::string value;
  std::string message;
};

/// One amount of `estimate.containers`.
struct EntryAmount {
  std::string container;
  std::string resource;  ///< `cpu`, `memory`, `gpu`, …
  std::string value;     ///< a quantity
  std::string origin;    ///< `annotation` or `declared`
};

struct Entry {
  TimePoint time;
  std::string uid;
  bool dry_run = false;
  std::string operation;
  std::string kind;
  std::string name_space;
  std::string name;
  std::string generate_name;
  std::string owner;
  std::string user;
  std::string caller;  ///< empty in logs of before there was one
  std::string verdict;
  std::string reason;
  std::string message;
  std::string estimate_hash;
  std::string duration;  ///< that of the estimate; empty: not known
  std::string deadline;
  std::string family;
  std::vector<EntryAmount> amounts;
  std::vector<EntryChange> changes;
  std::vector<EntryProblem> problems;
  std::vector<std::string> warnings;
  std::string patch;  ///< compact JSON
  std::string policy;
  std::string input;
  std::chrono::microseconds latency{0};
};

/// Reads one line, without its line break. Absent members are empty; `v`, `time`, `uid` and `verdict` have to be there.
///
/// Errors: ErrorCode::Invalid where the line is not JSON or a member is of another type; Unsupported for another `v`.
[[nodiscard]] Result<Entry> decode_record(std::string line);

}  // namespace plimsoll::audit
