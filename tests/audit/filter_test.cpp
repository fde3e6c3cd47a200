#include "plimsoll/audit/filter.hpp"

#include <catch2/catch.hpp>

#include "plimsoll/units/duration.hpp"

namespace plimsoll::audit {
namespace {

const TimePoint kNow = parse_time("2026-01-01T12:00:00Z").value();

Entry refused() {
  Entry entry;
  entry.time = parse_time("2026-01-01T11:00:00Z").value();
  entry.uid = "7f6c1b1e";
  entry.kind = "Job";
  entry.name_space = "research";
  entry.generate_name = "train-";
  entry.owner = "CronJob/nightly";
  entry.user = "ada";
  entry.caller = "kube-apiserver";
  entry.verdict = "Rejected";
  entry.reason = "BadEstimate";
  entry.problems = {{.reason = "OutOfRange", .path = {}, .value = {}, .message = {}}};
  entry.changes = {{.rule = "gpu", .path = {}, .from = {}, .to = {}, .reason = {}}};
  return entry;
}

TEST_CASE("an entry is meant when it has one of each list, and lies between the times") {
  struct Case {
    Filter filter;
    bool want;
  };
  const TimePoint time = refused().time;
  const Case cases[] = {
      {{}, true},
      {{.namespaces = {"research"}}, true},
      {{.namespaces = {"ingest", "res*"}}, true},
      {{.namespaces = {"Research"}}, false},
      {{.namespaces = {"research", "ingest"}, .users = {"grace"}}, false},
      {{.kinds = {"job"}}, true},
      {{.kinds = {"Pod"}}, false},
      {{.verdicts = {"rejected"}}, true},
      {{.verdicts = {"Mutated", "Unchanged"}}, false},
      {{.reasons = {"badestimate"}}, true},
      {{.reasons = {"OutOfRange"}}, true},
      {{.reasons = {"Conflict"}}, false},
      {{.rules = {"GPU"}}, true},
      {{.rules = {"priority"}}, false},
      {{.names = {"train-"}}, true},
      {{.names = {"train-*"}}, true},
      {{.names = {"train"}}, false},
      {{.owners = {"CronJob/*"}}, true},
      {{.owners = {"Job/*"}}, false},
      {{.users = {"a?a"}}, true},
      {{.callers = {"kube-*"}}, true},
      {{.callers = {"ada"}}, false},
      {{.uids = {"7f6c1b1e"}}, true},
      {{.uids = {"7f6c"}}, false},
      {{.since = time}, true},
      {{.since = time + std::chrono::milliseconds(1)}, false},
      {{.until = time}, false},
      {{.until = time + std::chrono::milliseconds(1)}, true},
      {{.dry_runs = DryRuns::Excluded}, true},
      {{.dry_runs = DryRuns::Only}, false},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    INFO("case " << i);
    CHECK(matches(cases[i].filter, refused()) == cases[i].want);
  }
  Entry dry = refused();
  dry.dry_run = true;
  CHECK_FALSE(matches({.dry_runs = DryRuns::Excluded}, dry));
  CHECK(matches({.dry_runs = DryRuns::Only}, dry));
  // No rule changed it: no rule finds it.
  Entry untouched = refused();
  untouched.changes.clear();
  CHECK_FALSE(matches({.rules = {"*"}}, untouched));
  // A name beats what it was made from.
  Entry named = refused();
  named.name = "train-x7k2p";
  CHECK(matches({.names = {"train-x7k2p"}}, named));
  CHECK_FALSE(matches({.names = {"train-"}}, named));
}

TEST_CASE("an instant is a time or how long ago it was") {
  struct Case {
    std::string_view text;
    std::string_view want;
  };
  const Case cases[] = {
      {"2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"},
      {"2026-01-01T10:00:00+02:00", "2026-01-01T08:00:00Z"},
      {"2h", "2026-01-01T10:00:00Z"},
      {"1d12h", "2025-12-31T00:00:00Z"},
      {"0", "2026-01-01T12:00:00Z"},
      {"1ms", "2026-01-01T11:59:59.999Z"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto instant = parse_instant(c.text, kNow);
    REQUIRE(instant);
    CHECK(to_text(*instant) == c.want);
  }
  const Case refused_ones[] = {
      {"2026-01-01", R"("2026-01-01" is not a time; did you mean "2026-01-01T00:00:00Z"?)"},
      {"10:00", R"("10:00" is not a time)"},
      {"2", R"(did you mean "2m")"},
      {"yesterday", "how long ago it was, such as \"2h\""},
      {"-2h", "would be in the future"},
      {"", "how long ago"},
  };
  for (const Case& c : refused_ones) {
    INFO(c.text);
    const auto instant = parse_instant(c.text, kNow);
    REQUIRE_FALSE(instant);
    CHECK_THAT(instant.error().message, Catch::Contains(std::string(c.want)));
  }
}

}  // namespace
}  // namespace plimsoll::audit
