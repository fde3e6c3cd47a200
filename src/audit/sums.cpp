#include "plimsoll/audit/sums.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/quantity.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::audit {
namespace {

/// A quantity as JSON has it, text or number; zero for what is none.
Quantity quantity_of(std::string_view json) {
  if (json.size() >= 2 && json.starts_with('"')) json = json.substr(1, json.size() - 2);
  return json.empty() ? Quantity() : parse_quantity(json).value_or(Quantity());
}

void add_to(Amounts& amounts, Resource resource, const Quantity& quantity) {
  switch (resource) {
    case Resource::Cpu:
      amounts.cpu += to_milli_cpu(quantity).value_or(MilliCpu());
      break;
    case Resource::Memory:
      amounts.memory += to_bytes(quantity).value_or(Bytes());
      break;
    case Resource::Gpu:
      amounts.gpu += to_gpu_count(quantity).value_or(GpuCount());
      break;
  }
}

std::optional<Resource> parse_resource(std::string_view name) {
  if (name == "cpu") return Resource::Cpu;
  if (name == "memory") return Resource::Memory;
  if (name == "gpu") return Resource::Gpu;
  return std::nullopt;
}

void count_verdict(Sum& sum, const Entry& entry) {
  ++sum.entries;
  if (entry.dry_run) ++sum.dry_runs;
  if (entry.verdict == "Mutated") ++sum.mutated;
  if (entry.verdict == "Unchanged") ++sum.unchanged;
  if (entry.verdict == "Skipped") ++sum.skipped;
  if (entry.verdict == "Rejected") ++sum.rejected;
  if (entry.verdict == "Failed") ++sum.failed;
}

bool is_counted(const Entry& entry) {
  return entry.verdict == "Mutated" && !entry.dry_run;
}

void add_asked(Sum& sum, const Entry& entry) {
  if (!is_counted(entry)) return;
  for (const EntryAmount& amount : entry.amounts) {
    const auto resource = parse_resource(amount.resource);
    if (resource) add_to(sum.asked, *resource, quantity_of(amount.value));
  }
}

void note_example(Sum& sum, const std::string& message) {
  if (sum.example.empty()) sum.example = message;
}

/// The one name of `entry`; its rules and problems are none.
const std::string& name_of(Key key, const Entry& entry) {
  static const std::string none;
  switch (key) {
    case Key::Namespace:
      return entry.name_space;
    case Key::Verdict:
      return entry.verdict;
    case Key::Reason:
      return entry.reason;
    case Key::Owner:
      return entry.owner;
    case Key::User:
      return entry.user;
    case Key::Caller:
      return entry.caller;
    case Key::Kind:
      return entry.kind;
    case Key::Rule:
    case Key::Problem:
      break;
  }
  return none;
}

}  // namespace

std::optional<Resource> find_request(const EntryChange& change) {
  constexpr std::string_view kRequests = ".resources.requests";
  const std::size_t at = change.path.find(kRequests);
  if (at == std::string::npos) return std::nullopt;
  const std::string_view resource = std::string_view(change.path).substr(at + kRequests.size());
  if (resource == ".cpu") return Resource::Cpu;
  if (resource == ".memory") return Resource::Memory;
  const bool is_extended = resource.starts_with('[') && resource.ends_with(']');
  if (!is_extended) return std::nullopt;
  const std::string_view name = resource.substr(1, resource.size() - 2);
  // The memory of a share is no number of GPUs.
  const bool counts = workload::counts_gpus(name) || !workload::is_gpu_resource(name);
  if ((change.rule == "gpu" && counts) || name.ends_with("/gpu")) return Resource::Gpu;
  return std::nullopt;
}

void add(Sum& sum, const EntryChange& change) {
  ++sum.changes;
  const auto resource = find_request(change);
  if (!resource) return;
  add_to(sum.before, *resource, quantity_of(change.from));
  add_to(sum.after, *resource, quantity_of(change.to));
}

void add(Sum& sum, const Entry& entry) {
  count_verdict(sum, entry);
  add_asked(sum, entry);
  note_example(sum, entry.message);
  if (!is_counted(entry)) return;
  for (const EntryChange& change : entry.changes) add(sum, change);
}

Sum& Sums::of(const std::string& name) {
  const auto found = sums_.find(name);
  if (found != sums_.end()) return found->second;
  return sums_[sums_.size() < kMaxNames ? name : std::string(kOthers)];
}

void Sums::add(const Entry& entry) {
  if (key_ == Key::Problem) {
    std::set<std::string_view> counted;
    for (const EntryProblem& problem : entry.problems) {
      Sum& sum = of(problem.reason);
      if (counted.insert(problem.reason).second) count_verdict(sum, entry);
      note_example(sum, problem.value.empty() ? problem.message : quoted(problem.value) + " " + problem.message);
    }
    return;
  }
  if (key_ == Key::Rule) {
    std::set<std::string_view> counted;
    for (const EntryChange& change : entry.changes) {
      Sum& sum = of(change.rule);
      if (counted.insert(change.rule).second) count_verdict(sum, entry);
      if (is_counted(entry)) audit::add(sum, change);
    }
    return;
  }
  if (key_ == Key::Reason && entry.reason.empty()) return;
  audit::add(of(name_of(key_, entry)), entry);
}

std::vector<NamedSum> Sums::sorted() const {
  std::vector<NamedSum> all;
  for (const auto& [name, sum] : sums_) all.push_back({name, sum});
  std::ranges::stable_sort(all, std::greater(), [](const NamedSum& named) { return named.sum.entries; });
  return all;
}

}  // namespace plimsoll::audit
