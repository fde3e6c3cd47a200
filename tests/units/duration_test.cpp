#include "plimsoll/units/duration.hpp"

#include <catch2/catch.hpp>
#include <limits>

namespace plimsoll {
namespace {

constexpr std::int64_t kMicro = 1000;
constexpr std::int64_t kMilli = 1000 * kMicro;
constexpr std::int64_t kSecond = 1000 * kMilli;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

Duration of(std::int64_t nanoseconds) {
  return Duration(std::chrono::nanoseconds(nanoseconds));
}

TEST_CASE("a duration is read as Go reads it") {
  // Source: parseDurationTests in Go 1.26, src/time/time_test.go.
  struct Case {
    std::string_view in;
    std::int64_t want;
  };
  const Case cases[] = {
      {"0", 0},
      {"5s", 5 * kSecond},
      {"1478s", 1478 * kSecond},
      {"-5s", -5 * kSecond},
      {"+5s", 5 * kSecond},
      {"-0", 0},
      {"+0", 0},
      {"5.0s", 5 * kSecond},
      {"5.6s", 5600 * kMilli},
      {"5.s", 5 * kSecond},
      {".5s", 500 * kMilli},
      {"1.00s", kSecond},
      {"1.0040s", 1004 * kMilli},
      {"100.00100s", 100001 * kMilli},
      {"10ns", 10},
      {"11us", 11 * kMicro},
      {"12\u00B5s", 12 * kMicro},
      {"12\u03BCs", 12 * kMicro},
      {"13ms", 13 * kMilli},
      {"14s", 14 * kSecond},
      {"15m", 15 * kMinute},
      {"16h", 16 * kHour},
      {"3h30m", 3 * kHour + 30 * kMinute},
      {"10.5s4m", 4 * kMinute + 10500 * kMilli},
      {"-2m3.4s", -(2 * kMinute + 3400 * kMilli)},
      {"1h2m3s4ms5us6ns", kHour + 2 * kMinute + 3 * kSecond + 4 * kMilli + 5 * kMicro + 6},
      {"39h9m14.425s", 39 * kHour + 9 * kMinute + 14425 * kMilli},
      {"0.3333333333333333333h", 20 * kMinute},
      {"9007199254740993ns", 9007199254740993},
      {"9223372036854775807ns", kMost},
      {"9223372036854775.807us", kMost},
      {"9223372036s854ms775us807ns", kMost},
      {"-9223372036854775808ns", kLeast},
      {"-9223372036854775.808us", kLeast},
      {"-2562047h47m16.854775808s", kLeast},
      {"0.100000000000000000000h", 6 * kMinute},
      {"0.830103483285477580700h", 49 * kMinute + 48 * kSecond + 372539827},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto duration = parse_duration(c.in);
    REQUIRE(duration.has_value());
    CHECK(duration->nanoseconds().count() == c.want);
  }
}

TEST_CASE("days are twenty-four hours, and mix with the rest") {
  struct Case {
    std::string_view in;
    std::int64_t want;
  };
  const Case cases[] = {
      {"1d", kDay},
      {"1d12h", 36 * kHour},
      {"1.5d", 36 * kHour},
      {"0.25d", 6 * kHour},
      {"-2d", -2 * kDay},
      {"30m1d", kDay + 30 * kMinute},
      {"106751d", 106751 * kDay},
      {"106751d23h47m16.854775807s", kMost},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto duration = parse_duration(c.in);
    REQUIRE(duration.has_value());
    CHECK(duration->nanoseconds().count() == c.want);
  }
  CHECK_FALSE(parse_duration("106752d").has_value());
}

TEST_CASE("what Go refuses is refused, with a reason and what was probably meant") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"90", "it has no unit; did you mean \"90m\"?"},
      {"1 h", "white space is not allowed; did you mean \"1h\"?"},
      {"1h 30m", "white space is not allowed; did you mean \"1h30m\"?"},
      {"2hours", "unknown unit \"hours\"; did you mean \"2h\"?"},
      {"2 Hours 30 min", "white space is not allowed; did you mean \"2h30m\"?"},
      {"1w", "unknown unit \"w\"; did you mean \"7d\"?"},
      {"2weeks", "unknown unit \"weeks\"; did you mean \"14d\"?"},
      {"1y", "unknown unit \"y\"; did you mean \"365d\"?"},
      {"2H", "unknown unit \"H\"; did you mean \"2h\"?"},
      {"1,5h", "unknown unit \",\"; did you mean \"1.5h\"?"},
      {"PT2H30M", "a number is missing before \"PT2H30M\"; did you mean \"2h30m\"?"},
      {"-1day", "unknown unit \"day\"; did you mean \"-1d\"?"},
      {"1h30", "it has no unit"},
      {"", "it is empty"},
      {"-", "it is empty"},
      {"s", "a number is missing before \"s\""},
      {".s", "a number is missing before \"s\""},
      {"1.2.3h", "a number has two decimal points"},
      {"1.5w", "unknown unit \"w\""},
      {"soon", "a number is missing before \"soon\""},
      {"\u221E", "a number is missing before \"\u221E\""},
      {"3000000h", "it is longer than 292 years"},
      {"9223372036854775808ns", "it is longer than 292 years"},
      {"-9223372036854775809ns", "it is longer than 292 years"},
      {"99999999999999999999", "it has no unit"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto duration = parse_duration(c.in);
    REQUIRE_FALSE(duration.has_value());
    CHECK(duration.error().code == ErrorCode::Invalid);
    std::string want = '"' + std::string(c.in) + "\" is not a duration: " + std::string(c.want);
    if (!want.ends_with('?')) {
      want += "; write numbers with the units d, h, m, s, ms, us or ns, such as \"90m\", \"1h30m\" or \"1d12h\"";
    }
    CHECK(duration.error().message == want);
  }
  // Source: parseDurationErrorTests in the same file, less "1d".
  for (const std::string_view text : {"3", ".", "-.", "+.s", "\x85\x85",
                                      "\xff"
                                      "ff",
                                      "hello \xff"
                                      "ff world",
                                      "\uFFFD", "9223372036854775810ns", "9223372036854776us", "9223372036854775.808us",
                                      "9223372036854ms775us808ns"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("a duration is written in its shortest form, and reads back") {
  struct Case {
    std::int64_t in;
    std::string_view want;
  };
  const Case cases[] = {
      {0, "0s"},
      {90 * kMinute, "1h30m"},
      {36 * kHour, "1d12h"},
      {7 * kDay, "7d"},
      {kDay + 5 * kMinute, "1d5m"},
      {kMinute, "1m"},
      {1500 * kMilli, "1.5s"},
      {kHour + 500 * kMilli, "1h0.5s"},
      {300 * kMilli, "300ms"},
      {1500 * kMicro, "1.5ms"},
      {1500, "1.5us"},
      {1, "1ns"},
      {1'000'000'001, "1.000000001s"},
      {-90 * kSecond, "-1m30s"},
      {kMost, "106751d23h47m16.854775807s"},
      {kLeast, "-106751d23h47m16.854775808s"},
  };
  for (const Case& c : cases) {
    CHECK(to_text(of(c.in)) == c.want);
    CHECK(parse_duration(c.want).value() == of(c.in));
  }
}

TEST_CASE("a duration rounds up and saturates") {
  CHECK(of(1).seconds_rounded_up() == 1);
  CHECK(of(kSecond).seconds_rounded_up() == 1);
  CHECK(of(kSecond + 1).seconds_rounded_up() == 2);
  CHECK(of(0).seconds_rounded_up() == 0);
  CHECK(of(kHour).scaled(Ratio::from_thousandths(1500)) == of(90 * kMinute));
  CHECK(of(1).scaled(Ratio::from_thousandths(1001)) == of(2));
  CHECK(of(kMost).scaled(Ratio::from_thousandths(2000)) == of(kMost));
}

TEST_CASE("millions of digits are bounded work") {
  const std::size_t many = 10'000'000;
  CHECK(parse_duration(std::string(many, '0') + "1s").value() == of(kSecond));
  CHECK(parse_duration("0." + std::string(many, '3') + "h").has_value());
  CHECK_FALSE(parse_duration(std::string(many, '9') + "h").has_value());
  CHECK_FALSE(parse_duration(std::string(many, 'h')).has_value());
}

}  // namespace
}  // namespace plimsoll
