#include <catch2/catch.hpp>

#include "plimsoll/units/duration.hpp"

namespace plimsoll {
namespace {

TEST_CASE("RFC 3339 times are read to the millisecond") {
  // Seconds checked with `date -u -d`.
  struct Case {
    std::string_view in;
    std::int64_t want;
  };
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-01-02T15:04:05Z", 1767366245000},
      {"2026-01-02T15:04:05.1Z", 1767366245100},
      {"2026-01-02T15:04:05.123456789Z", 1767366245123},
      {"2026-01-02T15:04:05.9999Z", 1767366245999},
      {"2026-01-02T15:04:05+01:30", 1767360845000},
      {"2026-01-02T15:04:05-08:00", 1767395045000},
      {"2026-01-02T15:04:05-00:00", 1767366245000},
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"2000-02-29T00:00:00Z", 951782400000},
      {"1969-12-31T23:59:59.5Z", -500},
      {"0000-01-01T00:00:00Z", -62167219200000},
      {"9999-12-31T23:59:59Z", 253402300799000},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto time = parse_time(c.in);
    REQUIRE(time.has_value());
    CHECK(time->time_since_epoch().count() == c.want);
  }
}

TEST_CASE("what is not RFC 3339 is refused with what was probably meant") {
  struct Case {
    std::string_view in, want;
  };
  const std::string_view allowed =
      "; write RFC 3339, such as \"2026-01-02T15:04:05Z\" or \"2026-01-02T15:04:05+01:00\"";
  const Case cases[] = {
      {"2026-01-02t15:04:05z", "; did you mean \"2026-01-02T15:04:05Z\"?"},
      {"2026-01-02 15:04:05Z", "; did you mean \"2026-01-02T15:04:05Z\"?"},
      {"2026-01-02T15:04:05", "; did you mean \"2026-01-02T15:04:05Z\"?"},
      {"2026-01-02 15:04", "; did you mean \"2026-01-02T15:04:00Z\"?"},
      {"2026-01-02", "; did you mean \"2026-01-02T00:00:00Z\"?"},
      {"", allowed},
      {"tomorrow", allowed},
      {"2023-02-29T00:00:00Z", allowed},
      {"1900-02-29T00:00:00Z", allowed},
      {"2026-04-31T00:00:00Z", allowed},
      {"2026-00-01T00:00:00Z", allowed},
      {"2026-13-01T00:00:00Z", allowed},
      {"2026-01-00T00:00:00Z", allowed},
      {"2026-01-02T24:00:00Z", allowed},
      {"2026-01-02T15:60:00Z", allowed},
      {"2016-12-31T23:59:60Z", allowed},
      {"2026-1-2T15:04:05Z", allowed},
      {"2026-01-02T15:04:05.Z", allowed},
      {"2026-01-02T15:04:05,5Z", allowed},
      {"2026-01-02T15:04:05+0100", allowed},
      {"2026-01-02T15:04:05+24:00", allowed},
      {"2026-01-02T15:04:05+01:60", allowed},
      {"2026-01-02T15:04:05Z ", allowed},
      {"+2026-01-02T15:04:05Z", allowed},
      {"2026-01-02T1\xef\xbc\x95:04:05Z", allowed},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto time = parse_time(c.in);
    REQUIRE_FALSE(time.has_value());
    CHECK(time.error().message == '"' + std::string(c.in) + "\" is not a time" + std::string(c.want));
  }
}

TEST_CASE("a time is written in UTC, with milliseconds when there are any") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"2026-01-02T15:04:05Z", "2026-01-02T15:04:05Z"},
      {"2026-01-02T15:04:05+01:30", "2026-01-02T13:34:05Z"},
      {"2026-01-02T15:04:05.120Z", "2026-01-02T15:04:05.120Z"},
      {"2026-01-02T15:04:05.007Z", "2026-01-02T15:04:05.007Z"},
      {"1969-12-31T23:59:59.500Z", "1969-12-31T23:59:59.500Z"},
      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
  };
  for (const Case& c : cases) CHECK(to_text(parse_time(c.in).value()) == c.want);
}

}  // namespace
}  // namespace plimsoll
