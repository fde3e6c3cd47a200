#include "plimsoll/units/amounts.hpp"

#include <catch2/catch.hpp>
#include <type_traits>
#include <utility>

namespace plimsoll {
namespace {

template <class A, class B, class = void>
struct CanAdd : std::false_type {};
template <class A, class B>
struct CanAdd<A, B, std::void_t<decltype(std::declval<A>() + std::declval<B>())>> : std::true_type {};

static_assert(CanAdd<Bytes, Bytes>::value);
static_assert(!CanAdd<Bytes, MilliCpu>::value, "megabytes are not added to cores");
static_assert(!CanAdd<Bytes, std::int64_t>::value, "a bare number has no unit");

TEST_CASE("amounts saturate instead of overflowing") {
  CHECK(Bytes(2) + Bytes(3) == Bytes(5));
  CHECK(Bytes::max() + Bytes(1) == Bytes::max());
  CHECK(Bytes::max().scaled(Ratio::from_thousandths(1001)) == Bytes::max());
  CHECK(Bytes::max().scaled(Ratio()) == Bytes::max());
  CHECK(Bytes::max().rounded_up_to(Bytes(1024)) == Bytes::max());
}

TEST_CASE("scaling and stepping round up") {
  CHECK(MilliCpu(1000).scaled(Ratio::from_thousandths(1250)) == MilliCpu(1250));
  CHECK(MilliCpu(1).scaled(Ratio::from_thousandths(1001)) == MilliCpu(2));
  CHECK(MilliCpu(0).scaled(Ratio::from_thousandths(1500)) == MilliCpu(0));
  CHECK(Bytes(1).rounded_up_to(Bytes(1024)) == Bytes(1024));
  CHECK(Bytes(1024).rounded_up_to(Bytes(1024)) == Bytes(1024));
  CHECK(Bytes(1025).rounded_up_to(Bytes(1024)) == Bytes(2048));
  CHECK(Bytes(7).rounded_up_to(Bytes(0)) == Bytes(7));
}

TEST_CASE("a quantity becomes an amount by rounding up, unless it cannot be one") {
  CHECK(to_milli_cpu(*parse_quantity("1.5")).value() == MilliCpu(1500));
  CHECK(to_milli_cpu(*parse_quantity("0.1m")).value() == MilliCpu(1));
  CHECK(to_bytes(*parse_quantity("12Gi")).value() == Bytes(12884901888));
  CHECK(to_bytes(*parse_quantity("1500m")).value() == Bytes(2));
  CHECK(to_bytes(*parse_quantity("10E")).value() == Bytes::max());
  CHECK(to_gpu_count(*parse_quantity("8")).value() == GpuCount(8));
  CHECK(to_gpu_count(*parse_quantity("2000m")).value() == GpuCount(2));

  CHECK(to_milli_cpu(*parse_quantity("-1")).error().message == "cpu is -1; it cannot be negative");
  CHECK(to_bytes(*parse_quantity("-1n")).error().message == "the number of bytes is -1n; it cannot be negative");
  CHECK(to_gpu_count(*parse_quantity("-1")).error().message == "the number of GPUs is -1; it cannot be negative");
  CHECK(to_gpu_count(*parse_quantity("0.5")).error().message ==
        "the number of GPUs is 500m; it must be a whole number");
}

TEST_CASE("amounts are written as the API server stores them") {
  struct Case {
    std::string got, want;
  };
  const Case cases[] = {
      {to_text(MilliCpu(1500)), "1500m"},
      {to_text(MilliCpu(2000)), "2"},
      {to_text(MilliCpu(0)), "0"},
      {to_text(MilliCpu::max()), "9223372036854775807m"},
      {to_text(Bytes(12884901888)), "12Gi"},
      {to_text(Bytes(1536 * 1024 * 1024)), "1536Mi"},
      {to_text(Bytes(1500)), "1500"},
      {to_text(Bytes(1000)), "1k"},
      {to_text(Bytes(5'000'000'000)), "5G"},
      {to_text(Bytes(1024)), "1Ki"},
      {to_text(Bytes(0)), "0"},
      {to_text(Bytes::max()), "9223372036854775807"},
      {to_text(GpuCount(8)), "8"},
  };
  for (const Case& c : cases) {
    CHECK(c.got == c.want);
    CHECK(to_text(*parse_quantity(c.got)) == c.want);
  }
}

TEST_CASE("a factor is a plain decimal") {
  struct Case {
    std::string_view in;
    std::int64_t want;
    std::string_view text;
  };
  const Case cases[] = {
      {"1.25", 1250, "1.25"}, {"2", 2000, "2"},
      {"0", 0, "0"},          {"0.001", 1, "0.001"},
      {"1.5", 1500, "1.5"},   {"1.050", 1050, "1.05"},
      {"007", 7000, "7"},     {"999999999.999", 999'999'999'999, "999999999.999"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto ratio = parse_ratio(c.in);
    REQUIRE(ratio.has_value());
    CHECK(ratio->thousandths() == c.want);
    CHECK(to_text(*ratio) == c.text);
  }
  for (const std::string_view text :
       {"", ".", "1.", "-1", "+1", "1.2345", "1e3", "1250m", "15%", "1000000000", "1.2.3", "one"}) {
    INFO(text);
    REQUIRE_FALSE(parse_ratio(text).has_value());
    CHECK(parse_ratio(text).error().message.find("such as \"1.25\"") != std::string::npos);
  }
  CHECK(parse_ratio("1,25").error().message == "\"1,25\" is not a factor; did you mean \"1.25\"?");
  CHECK(parse_ratio(".5").error().message == "\".5\" is not a factor; did you mean \"0.5\"?");
  CHECK(parse_ratio("1.5x").error().message == "\"1.5x\" is not a factor; did you mean \"1.5\"?");
}

}  // namespace
}  // namespace plimsoll
