// What a log says in total: who asked for what, what was changed by which rule, what was refused and why.
//
// Amounts are those of Mutated entries that are no dry runs, so that a Pod which the API server sends twice counts
// once. They are amounts of one Pod each: how many Pods a Job makes is not in the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/audit/entry.hpp"
#include "plimsoll/units/amounts.hpp"

namespace plimsoll::audit {

/// What entries are gathered by.
enum class Key { Namespace, Rule, Verdict, Reason, Problem, Owner, User, Caller, Kind };

struct Amounts {
  MilliCpu cpu;
  Bytes memory;
  GpuCount gpu;
};

struct Sum {
  std::uint64_t entries = 0;
  std::uint64_t dry_runs = 0;
  std::uint64_t mutated = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t skipped = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  std::uint64_t changes = 0;
  Amounts asked;        ///< the estimates
  Amounts before;       ///< requests that were changed, as they had been
  Amounts after;        ///< and as they became
  std::string example;  ///< the first message that says why something was not changed
};

struct NamedSum {
  std::string name;  ///< may be empty: an object without an owner, a caller who was not asked
  Sum sum;
};

/// The resource whose request stands at `path`, of those that Amounts has. What a rule wrote tells a GPU whatever its
/// resource is called.
enum class Resource { Cpu, Memory, Gpu };
[[nodiscard]] std::optional<Resource> find_request(const EntryChange& change);

class Sums {
 public:
  /// Names beyond this are one, kOthers: an owner's name can be new in each line.
  static constexpr std::size_t kMaxNames = 10'000;
  static constexpr std::string_view kOthers = "(others)";

  explicit Sums(Key key) : key_(key) {}

  /// Counts `entry` once under each of its names: it has several rules and problems, or none; Mutated has no reason.
  void add(const Entry& entry);

  /// The most entries first.
  [[nodiscard]] std::vector<NamedSum> sorted() const;

 private:
  Sum& of(const std::string& name);

  Key key_;
  std::map<std::string, Sum, std::less<>> sums_;
};

void add(Sum& sum, const Entry& entry);
/// Counts one change, and its request before and after.
void add(Sum& sum, const EntryChange& change);

}  // namespace plimsoll::audit
