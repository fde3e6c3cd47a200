#include "plimsoll/audit/sums.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace plimsoll::audit {
namespace {

EntryChange change(std::string rule, std::string path, std::string from, std::string to) {
  return {.rule = std::move(rule), .path = std::move(path), .from = std::move(from), .to = std::move(to), .reason = {}};
}

Entry mutated(std::string name_space) {
  Entry entry;
  entry.verdict = "Mutated";
  entry.name_space = std::move(name_space);
  entry.amounts = {{"main", "cpu", "2", "annotation"},
                   {"main", "memory", "4Gi", "annotation"},
                   {"main", "gpu", "1", "annotation"},
                   {"main", "gpu-memory", "30Gi", "annotation"}};
  entry.changes = {change("resources", "spec.containers[0].resources.requests.cpu", R"("500m")", R"("2")"),
                   change("resources", "spec.containers[0].resources.requests.memory", "", R"("5Gi")"),
                   change("resources", "spec.containers[0].resources.limits.memory", "", R"("5Gi")"),
                   change("gpu", "spec.containers[0].resources.requests[nvidia.com/gpu]", "", R"("1")"),
                   change("priority", "spec.priorityClassName", "", R"("plimsoll-long")")};
  return entry;
}

Entry refused() {
  Entry entry;
  entry.verdict = "Rejected";
  entry.reason = "BadEstimate";
  entry.message = "the estimate has 3 problems";
  entry.name_space = "research";
  entry.problems = {{"OutOfRange", "memory", "8", "is 8 bytes"},
                    {"OutOfRange", "cpu", "4000", "is 4000 cores"},
                    {"UnknownKey", "memroy", "", "is no known estimate"}};
  return entry;
}

TEST_CASE("a change says which request it is about, if any") {
  struct Case {
    std::string rule;
    std::string path;
    std::optional<Resource> want;
  };
  const Case cases[] = {
      {"resources", "spec.template.spec.containers[0].resources.requests.cpu", Resource::Cpu},
      {"resources", "spec.initContainers[1].resources.requests.memory", Resource::Memory},
      {"resources", "spec.resources.requests.memory", Resource::Memory},
      {"", "spec.containers[0].resources.requests.cpu", Resource::Cpu},
      {"gpu", "spec.containers[0].resources.requests[nvidia.com/gpu]", Resource::Gpu},
      {"gpu", "spec.containers[0].resources.requests[gpu.intel.com/i915]", Resource::Gpu},
      {"", "spec.containers[0].resources.requests[amd.com/gpu]", Resource::Gpu},
      {"gpu", "spec.containers[0].resources.requests[nvidia.com/a100]", Resource::Gpu},
      {"gpu", "spec.containers[0].resources.requests[nvidia.com/gpumem]", std::nullopt},
      {"extended", "spec.containers[0].resources.requests[rdma/hca]", std::nullopt},
      {"", "spec.containers[0].resources.requests[hugepages-2Mi]", std::nullopt},
      {"resources", "spec.containers[0].resources.requests.ephemeral-storage", std::nullopt},
      {"resources", "spec.containers[0].resources.limits.cpu", std::nullopt},
      {"priority", "spec.priorityClassName", std::nullopt},
      {"", "", std::nullopt},
  };
  for (const Case& c : cases) {
    INFO(c.path);
    CHECK(find_request(change(c.rule, c.path, "", "")) == c.want);
  }
}

TEST_CASE("sums say who asked for what and what it became") {
  Sums sums(Key::Namespace);
  sums.add(mutated("ingest"));
  sums.add(mutated("research"));
  sums.add(mutated("research"));
  sums.add(refused());
  const std::vector<NamedSum> sorted = sums.sorted();
  REQUIRE(sorted.size() == 2);
  CHECK(sorted[0].name == "research");
  const Sum& research = sorted[0].sum;
  CHECK(research.entries == 3);
  CHECK(research.mutated == 2);
  CHECK(research.rejected == 1);
  CHECK(research.changes == 10);
  CHECK(research.asked.cpu == MilliCpu(4000));
  CHECK(research.asked.memory == Bytes(8LL << 30));
  CHECK(research.asked.gpu == GpuCount(2));
  CHECK(research.before.cpu == MilliCpu(1000));
  CHECK(research.after.cpu == MilliCpu(4000));
  CHECK(research.before.memory == Bytes(0));
  CHECK(research.after.memory == Bytes(10LL << 30));
  CHECK(research.after.gpu == GpuCount(2));
  CHECK(research.example == "the estimate has 3 problems");
}

TEST_CASE("a dry run is counted, but nothing became of it") {
  Entry entry = mutated("research");
  entry.dry_run = true;
  Sums sums(Key::Namespace);
  sums.add(entry);
  const Sum sum = sums.sorted().at(0).sum;
  CHECK(sum.dry_runs == 1);
  CHECK(sum.mutated == 1);
  CHECK(sum.changes == 0);
  CHECK(sum.asked.cpu == MilliCpu(0));
  CHECK(sum.after.cpu == MilliCpu(0));
}

TEST_CASE("an entry counts once under each of its rules and problems") {
  Sums rules(Key::Rule);
  rules.add(mutated("research"));
  rules.add(refused());
  std::set<std::string> counted;
  for (const NamedSum& named : rules.sorted()) {
    CHECK(named.sum.entries == 1);
    counted.insert(named.name + "=" + std::to_string(named.sum.changes));
  }
  CHECK(counted == std::set<std::string>{"resources=3", "gpu=1", "priority=1"});

  Sums problems(Key::Problem);
  problems.add(mutated("research"));
  problems.add(refused());
  const auto sorted = problems.sorted();
  REQUIRE(sorted.size() == 2);
  CHECK(sorted[0].name == "OutOfRange");
  CHECK(sorted[0].sum.entries == 1);
  CHECK(sorted[0].sum.example == "\"8\" is 8 bytes");
  CHECK(sorted[1].sum.example == "is no known estimate");

  Sums reasons(Key::Reason);
  reasons.add(mutated("research"));
  reasons.add(refused());
  REQUIRE(reasons.sorted().size() == 1);
}

TEST_CASE("what is no quantity, or too large, does no harm") {
  Entry entry;
  entry.verdict = "Mutated";
  const std::string cpu = "spec.containers[0].resources.requests.cpu";
  for (const char* value : {"null", "{}", R"("")", R"("-1")", R"("x")", "\"", "[1]"}) {
    entry.changes.push_back(change("resources", cpu, value, value));
  }
  entry.changes.push_back(change("resources", cpu, "", R"("9E")"));
  entry.changes.push_back(change("resources", cpu, "", R"("9E")"));
  entry.changes.push_back(change("resources", cpu, "2", ""));
  Sums sums(Key::Verdict);
  sums.add(entry);
  const Sum sum = sums.sorted().at(0).sum;
  CHECK(sum.before.cpu == MilliCpu(2000));
  CHECK(sum.after.cpu == MilliCpu::max());
}

TEST_CASE("names beyond the most are summed up as others") {
  Sums sums(Key::Owner);
  Entry entry;
  for (std::size_t i = 0; i < Sums::kMaxNames + 100; ++i) {
    entry.owner = "Job/" + std::to_string(i);
    sums.add(entry);
  }
  const auto sorted = sums.sorted();
  CHECK(sorted.size() == Sums::kMaxNames + 1);
  CHECK(sorted[0].name == Sums::kOthers);
  CHECK(sorted[0].sum.entries == 100);
}

}  // namespace
}  // namespace plimsoll::audit
