#include <catch2/catch.hpp>

#include "plimsoll/units/duration.hpp"

namespace plimsoll {
namespace {

TEST_CASE("a run time is read in the notations that its author may be used to") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      // Go's
      {"90m", "1h30m"},
      {"1d12h", "1d12h"},
      {"1.5h", "1h30m"},
      {"0", "0s"},
      {"-5m", "-5m"},
      // ISO 8601
      {"PT2H30M", "2h30m"},
      {"PT90M", "1h30m"},
      {"P1DT12H", "1d12h"},
      {"P2D", "2d"},
      {"P2W", "14d"},
      {"P0.5W", "3d12h"},
      {"PT0.5H", "30m"},
      {"PT0,5H", "30m"},
      {"PT1H30.5M", "1h30m30s"},
      {"PT36H", "1d12h"},
      {"PT1M", "1m"},
      {"PT0S", "0s"},
      {"P1DT1H1M1.5S", "1d1h1m1.5s"},
      // Slurm's and PBS'
      {"02:30:00", "2h30m"},
      {"2:30:00", "2h30m"},
      {"72:00:00", "3d"},
      {"100:00:00", "4d4h"},
      {"00:00:30", "30s"},
      {"1-12:00:00", "1d12h"},
      {"1-12:30", "1d12h30m"},
      {"1-12", "1d12h"},
      {"0-00:10", "10m"},
      {"7-0", "7d"},
      {"100000-23:59:59", "100000d23h59m59s"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto duration = parse_run_time(c.in);
    REQUIRE(duration.has_value());
    CHECK(to_text(*duration) == c.want);
  }
}

TEST_CASE("a run time that can be read in two ways, or in none, is refused with a reason") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"90", R"(it has no unit; did you mean "90m"?)"},
      {"02:30", R"(hours and minutes, or minutes and seconds? Say "02:30:00" or "00:02:30")"},
      {"P1M", R"(years and months have no fixed length: say days, such as "P30D")"},
      {"P1Y", "years and months have no fixed length"},
      {"P", R"(ISO 8601 writes "PT2H30M" or "P1DT12H")"},
      {"PT", "nothing follows the T"},
      {"P1DT", "nothing follows the T"},
      {"P2H", R"(ISO 8601 writes "PT2H30M")"},
      {"PT1D", R"(ISO 8601 writes "PT2H30M")"},
      {"PT30M2H", R"(ISO 8601 writes "PT2H30M")"},
      {"PT1H1H", R"(ISO 8601 writes "PT2H30M")"},
      {"PT1HT1M", R"(ISO 8601 writes "PT2H30M")"},
      {"PTH", R"(ISO 8601 writes "PT2H30M")"},
      {"PT5", R"(ISO 8601 writes "PT2H30M")"},
      {"PT1.5H30M", "only its last number may have a fraction"},
      {"PT1.5.5H", R"(ISO 8601 writes "PT2H30M")"},
      {"PT.H", R"(ISO 8601 writes "PT2H30M")"},
      {"P99999W", R"(ISO 8601 writes)"},
      {"P1W2D", "weeks stand alone: say days"},
      {"PT2h", R"(ISO 8601 writes "PT2H30M")"},
      {"P-1D", R"(ISO 8601 writes "PT2H30M")"},
      {"PT9999999999999H", R"(ISO 8601 writes "PT2H30M")"},
      {"1:2:3:4", R"(a batch scheduler writes "02:30:00" or "1-12:00:00")"},
      {"1-", R"(a batch scheduler writes)"},
      {"1-2-3", R"(a batch scheduler writes)"},
      {"1-12:", R"(a batch scheduler writes)"},
      {"02::00", R"(a batch scheduler writes)"},
      {"02:30:00s", R"(a batch scheduler writes)"},
      {"02:3x", R"(a batch scheduler writes)"},
      {"02:60:00", "at most 59 minutes and 59 seconds"},
      {"02:00:60", "at most 59 minutes and 59 seconds"},
      {"1-24:00:00", "after the days there are at most 23 hours"},
      {"999999-00", "longer than 273 years"},
      {"999999999:00:00", "longer than 273 years"},
      {"1234567890:00:00", "a batch scheduler writes"},
      {"UNLIMITED", R"(a number is missing before "UNLIMITED")"},
      {":30:00", "a number is missing before"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto duration = parse_run_time(c.in);
    REQUIRE_FALSE(duration.has_value());
    INFO(duration.error().message);
    CHECK(duration.error().message.find(c.want) != std::string::npos);
  }
}

}  // namespace
}  // namespace plimsoll
