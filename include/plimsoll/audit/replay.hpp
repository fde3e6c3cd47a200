// Recorded inputs, decided again: what another policy would have made of yesterday.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/audit/entry.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/units/amounts.hpp"

namespace plimsoll::audit {

/// What one pod of the object asks for: its height, as the scheduler counts it.
struct Footprint {
  MilliCpu cpu;
  Bytes memory;
  GpuCount gpus;

  Footprint& operator+=(const Footprint& other);
};

/// One value that the two decisions write differently.
struct ChangeDifference {
  std::string rule;
  std::string path;
  std::string before;  ///< compact JSON of what the record says was written; empty: nothing was
  std::string after;   ///< of what is written now
};

struct Replayed {
  enum class State {
    Decided,
    NoInput,   ///< the record does not hold the request
    OutOfTime  ///< it was let pass undecided
  };
  State state = State::Decided;
  Entry before;  ///< the record
  Entry after;   ///< what would be recorded now; of Decided only
  std::vector<ChangeDifference> changes;
  bool differs = false;  ///< in verdict, reason, changes, problems or warnings
  /// Whether the object counts in sums: not as a dry run, not when it is decided elsewhere or has been already.
  bool counts = false;
  Footprint footprint_before;  ///< nothing where it was refused
  Footprint footprint_after;
};

/// Decides what `line` records again, as of its time. Errors: the line is no record, or its request cannot be read.
[[nodiscard]] Result<Replayed> replay(std::string_view line, const decide::Snapshot& world);

struct ReplayTotals {
  struct Sum {
    std::uint64_t objects = 0;
    std::uint64_t differing = 0;
    std::uint64_t newly_rejected = 0;
    std::uint64_t newly_allowed = 0;
    Footprint before;
    Footprint after;
  };
  struct RuleSum {
    std::uint64_t added = 0;
    std::uint64_t dropped = 0;
    std::uint64_t altered = 0;
  };
  Sum total;
  std::map<std::string, Sum, std::less<>> namespaces;
  std::map<std::string, RuleSum, std::less<>> rules;  ///< empty name: what is taken back
  std::uint64_t without_input = 0;
  std::uint64_t out_of_time = 0;
  std::uint64_t failed = 0;  ///< Plimsoll failed its own check
  /// Decided by the same policy, and now differently: another version of the program did.
  std::uint64_t differing_under_same_policy = 0;

  void add(const Replayed& replayed);
};

}  // namespace plimsoll::audit
