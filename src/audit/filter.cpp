#include "plimsoll/audit/filter.hpp"

#include <algorithm>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::audit {
namespace {

using Patterns = std::vector<std::string>;

bool has(const Patterns& patterns, std::string_view text) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches_glob(pattern, text); });
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// The words of the schema, which people write in lower case.
bool has_word(const Patterns& patterns, std::string_view word) {
  return patterns.empty() || std::ranges::any_of(patterns, [lower = to_lower(word)](const std::string& pattern) {
           return matches_glob(to_lower(pattern), lower);
         });
}

bool has_name(const Patterns& patterns, const Entry& entry) {
  return has(patterns, entry.name) || (entry.name.empty() && has(patterns, entry.generate_name));
}

bool has_reason(const Patterns& patterns, const Entry& entry) {
  return has_word(patterns, entry.reason) || std::ranges::any_of(entry.problems, [&](const EntryProblem& problem) {
           return has_word(patterns, problem.reason);
         });
}

bool has_rule(const Patterns& patterns, const Entry& entry) {
  return patterns.empty() ||
         std::ranges::any_of(entry.changes, [&](const EntryChange& change) { return has_word(patterns, change.rule); });
}

}  // namespace

bool matches(const Filter& filter, const Entry& entry) {
  if (filter.since && entry.time < *filter.since) return false;
  if (filter.until && entry.time >= *filter.until) return false;
  if (filter.dry_runs == DryRuns::Only && !entry.dry_run) return false;
  if (filter.dry_runs == DryRuns::Excluded && entry.dry_run) return false;
  return has(filter.namespaces, entry.name_space) && has_word(filter.kinds, entry.kind) &&
         has_word(filter.verdicts, entry.verdict) && has_reason(filter.reasons, entry) &&
         has_rule(filter.rules, entry) && has_name(filter.names, entry) && has(filter.owners, entry.owner) &&
         has(filter.users, entry.user) && has(filter.callers, entry.caller) && has(filter.uids, entry.uid);
}

Result<TimePoint> parse_instant(std::string_view text, TimePoint now) {
  Result<TimePoint> time = parse_time(text);
  if (time) return time;
  const Result<Duration> before = parse_duration(text);
  const bool is_date = text.find('-', 1) != std::string_view::npos || text.find(':') != std::string_view::npos;
  if (!before) {
    if (is_date) return time;
    return fail(ErrorCode::Invalid, before.error().message +
                                        "; write a time, such as \"2026-01-02T15:04:05Z\", or how "
                                        "long ago it was, such as \"2h\"");
  }
  if (*before < Duration()) {
    return fail(ErrorCode::Invalid,
                quoted(text) + " would be in the future; write how long ago it was, such as \"2h\"");
  }
  return now - std::chrono::floor<std::chrono::milliseconds>(before->nanoseconds());
}

}  // namespace plimsoll::audit
