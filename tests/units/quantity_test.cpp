#include "plimsoll/units/quantity.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <limits>

namespace plimsoll {
namespace {

using Format = Quantity::Format;

// number x 10^exponent, in billionths.
Int128 nanos(std::int64_t number, int exponent) {
  Int128 result = number;
  for (int i = exponent + 9; i > 0; --i) result *= 10;
  return result;
}

Int128 nanos_of(std::string_view text) {
  const auto quantity = parse_quantity(text);
  INFO(text);
  REQUIRE(quantity.has_value());
  return quantity->nanos();
}

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST_CASE("a quantity is read as Kubernetes reads it, with its format") {
  // Source: the cases of TestQuantityParse in k8s.io/apimachinery v0.37.2, pkg/api/resource/quantity_test.go, which
  // tries each with both signs as well.
  struct Case {
    std::string_view in;
    std::int64_t number;
    int exponent;
    Format format;
  };
  const Format si = Format::DecimalSI;
  const Format bin = Format::BinarySI;
  const Format exp = Format::DecimalExponent;
  const std::int64_t ki = 1024;
  const Case cases[] = {
      {"0", 0, 0, si},
      {"0n", 0, 0, si},
      {"0u", 0, 0, si},
      {"0m", 0, 0, si},
      {"0Ki", 0, 0, bin},
      {"0k", 0, 0, si},
      {"0Ti", 0, 0, bin},
      {"1", 1, 0, si},
      {"1Ki", ki, 0, bin},
      {"8Ki", 8 * ki, 0, bin},
      {"7Mi", 7 * ki * ki, 0, bin},
      {"6Gi", 6 * ki * ki * ki, 0, bin},
      {"5Ti", 5 * ki * ki * ki * ki, 0, bin},
      {"4Pi", 4 * ki * ki * ki * ki * ki, 0, bin},
      {"3Ei", 3 * ki * ki * ki * ki * ki * ki, 0, bin},
      {"100Ti", 100 * ki * ki * ki * ki, 0, bin},
      {"5n", 5, -9, si},
      {"4u", 4, -6, si},
      {"3m", 3, -3, si},
      {"8k", 8, 3, si},
      {"7M", 7, 6, si},
      {"6G", 6, 9, si},
      {"40T", 4, 13, si},
      {"2P", 2, 15, si},
      {"1E", 1, 18, si},
      {"1E-3", 1, -3, exp},
      {"1e3", 1, 3, exp},
      {"1E18", 1, 18, exp},
      {"1e14", 1, 14, exp},
      {"100.035k", 100035, 0, si},
      {"0.001", 1, -3, si},
      {"0.0005k", 5, -1, si},
      {"0.05000", 5, -2, si},
      {"0.5e-1", 5, -2, exp},
      {"1.3E+6", 13, 5, exp},
      {"1.7E18", 17, 17, exp},
      {"9.01", 901, -2, si},
      {"6.987654321G", 6987654321, 0, si},
      {"1.01E", 101, 16, si},
      // rounded up to a billionth
      {"3.001n", 4, -9, si},
      {"1.1E-9", 2, -9, exp},
      {"0.0000000001", 1, -9, si},
      {"0.00000000050", 1, -9, si},
      {"0.5e-9", 1, -9, exp},
      {"0.00000012345", 124, -9, si},
      // capped, or not
      {"9Ei", kMax, 0, bin},
      {"9223372036854775807Ki", kMax, 0, bin},
      {"12E", 12, 18, si},
      // fractions of binary suffixes
      {"100.035Ki", 10243584, -2, bin},
      {"0.5Mi", 512 * ki, 0, bin},
      {"0.05Gi", 536870912, -1, bin},
      {"0.025Ti", 274877906944, -1, bin},
      // «things written by trolls»
      {"0.000000000001Ki", 2, -9, si},
      {".001", 1, -3, si},
      {".0001k", 100, -3, si},
      {"1.", 1, 0, si},
      {"1.G", 1, 9, si},
  };
  for (const Case& c : cases) {
    for (const std::string_view sign : {"", "+", "-"}) {
      const std::string text = std::string(sign).append(c.in);
      INFO(text);
      const auto quantity = parse_quantity(text);
      REQUIRE(quantity.has_value());
      CHECK((quantity->nanos() == (sign == "-" ? -1 : 1) * nanos(c.number, c.exponent)));
      CHECK(quantity->format() == c.format);
    }
  }
}

TEST_CASE("a quantity is written in Kubernetes' canonical form") {
  // Source: TestQuantityString and TestQuantityParseEmit in the same file.
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"1024Mi", "1Gi"},
      {"307200Ki", "300Mi"},
      {"6Ki", "6Ki"},
      {"1025024Mi", "1001Gi"},
      {"1024Gi", "1Ti"},
      {"5000m", "5"},
      {"0.5", "500m"},
      {"1000M", "1G"},
      {"0.001T", "1G"},
      {"1000000000", "1G"},
      {"1000u", "1m"},
      {"1.08", "1080m"},
      {"1080000000n", "1080m"},
      {"1234567M", "1234567M"},
      {"3000", "3k"},
      {"1025", "1025"},
      {"0Ki", "0"},
      {"00", "0"},
      {"-0", "0"},
      {".001e12", "1e9"},
      {"0.001e0", "1e-3"},
      {"1000e-12", "1e-9"},
      {"80e-3", "80e-3"},
      {"300e6", "300e6"},
      {"1e1", "10"},
      {"1E3", "1e3"},
      {".001Ki", "1024m"},
      {".000001Ki", "1024u"},
      {".000000000001Ki", "2n"},
      {"1.5Gi", "1536Mi"},
      {"0.1Ki", "102400m"},
      {"1.3Ki", "1331200m"},
      {"1023.5Ki", "1048064"},
      {"-1.5Gi", "-1536Mi"},
      {"-1.5", "-1500m"},
      {"9Ei", "9223372036854775807"},
      {"10E", "10E"},
      {"1000E", "1000E"},  // Kubernetes itself writes "1" here
      {"1e21", "1e21"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(to_text(Quantity::from_nanos(nanos_of(c.in), parse_quantity(c.in)->format())) == c.want);
  }
}

TEST_CASE("whole units and thousandths are rounded away from zero and saturate") {
  struct Case {
    std::string_view in;
    std::int64_t value, milli;
  };
  const Case cases[] = {
      {"0", 0, 0},
      {"1n", 1, 1},
      {"-1n", -1, -1},
      {"1500m", 2, 1500},
      {"-1500m", -2, -1500},
      {"1000001u", 2, 1001},
      {"2", 2, 2000},
      {"12Gi", 12884901888, 12884901888000},
      {"9223372036854775807", kMax, kMax},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min()},
      {"10E", kMax, kMax},
      {"-10E", std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min()},
      {"9223372036854775.807", 9223372036854776, kMax},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(parse_quantity(c.in)->value() == c.value);
    CHECK(parse_quantity(c.in)->milli_value() == c.milli);
  }
}

TEST_CASE("quantities compare by amount, however they were written") {
  CHECK(*parse_quantity("1") == *parse_quantity("1000m"));
  CHECK(*parse_quantity("1Gi") == *parse_quantity("1073741824"));
  CHECK(*parse_quantity("10000T") > *parse_quantity("100Gi"));
  CHECK(*parse_quantity("-1") < *parse_quantity("0"));
  CHECK(*parse_quantity("1G") < *parse_quantity("1Gi"));
}

TEST_CASE("a missing number is zero where Kubernetes takes it for zero") {
  for (const std::string_view text : {"+", "-", ".", "-.", "m", "Ki", "Ti", "e5", "e-9", ".Gi"}) {
    INFO(text);
    REQUIRE(parse_quantity(text).has_value());
    CHECK((nanos_of(text) == 0));
  }
  for (const std::string_view text : {"", "Pi", "Ei", "-Ei", "e-10"}) {
    INFO(text);
    CHECK_FALSE(parse_quantity(text).has_value());
  }
}

TEST_CASE("the fraction of a binary quantity is rounded exactly however long it is") {
  // 2^-69 of 1Ei is 2^-9; a billionth of it is exact at 69 decimals, and any digit beyond rounds up.
  CHECK((nanos_of("0.5Ei") == nanos(std::int64_t{1} << 59, 0)));
  CHECK((nanos_of("1.0000000000000000000000000000001Ei") == nanos(std::int64_t{1} << 60, 0) + 1));
  CHECK((nanos_of("0.4999999999999999999999999999999999999999999999999999999999999999999999999999999Ki") ==
         nanos(512, 0)));
  const std::string zeros(1000, '0');
  CHECK((nanos_of("1." + zeros + "Ki") == nanos(1024, 0)));
  CHECK((nanos_of("1." + zeros + "1Ki") == nanos(1024, 0) + 1));
}

TEST_CASE("hostile numbers are bounded work") {
  const std::size_t many = 10'000'000;
  const auto start = std::chrono::steady_clock::now();
  const Int128 largest = nanos_of("1e29");
  CHECK((nanos_of(std::string(many, '9')) == largest));
  CHECK((nanos_of('-' + std::string(many, '9')) == -largest));
  CHECK((nanos_of(std::string(many, '9') + "Ki") == nanos(kMax, 0)));
  CHECK((nanos_of(std::string(many, '0') + "7") == nanos(7, 0)));
  CHECK((nanos_of("0." + std::string(many, '0') + "7") == 1));
  CHECK((nanos_of("0." + std::string(many, '3') + "Ei") > 0));
  CHECK((nanos_of("0." + std::string(100, '0') + "1e101") == nanos(1, 0)));
  CHECK((nanos_of("1e999999999") == largest));
  CHECK((nanos_of("1e-999999999") == 1));
  CHECK((nanos_of("0e999999999") == 0));
  CHECK((nanos_of("1e" + std::string(many, '0') + "3") == nanos(1, 3)));
  CHECK_FALSE(parse_quantity("1e4294967296").has_value());
  CHECK_FALSE(parse_quantity("1e99999999999999999999999").has_value());
  CHECK_FALSE(parse_quantity(std::string(many, 'K')).has_value());
  CHECK_FALSE(parse_quantity(std::string(many, '1') + "x").has_value());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
}

TEST_CASE("a refused quantity says what is wrong and what was probably meant") {
  struct Case {
    std::string_view in, want;
  };
  const std::string_view allowed =
      "write a number with one of the suffixes m k M G T P E Ki Mi Gi Ti Pi Ei or none, such as \"500m\", \"2\" or "
      "\"12Gi\"";
  const Case cases[] = {
      {"", "it is empty"},
      {"12GiB", "unknown suffix \"GiB\"; did you mean \"12Gi\"?"},
      {"12GB", "unknown suffix \"GB\"; did you mean \"12G\" or \"12Gi\"?"},
      {"12gb", "unknown suffix \"gb\"; did you mean \"12G\" or \"12Gi\"?"},
      {"12gi", "unknown suffix \"gi\"; did you mean \"12Gi\"?"},
      {"12GI", "unknown suffix \"GI\"; did you mean \"12Gi\"?"},
      {"12g", "unknown suffix \"g\"; did you mean \"12G\" or \"12Gi\"?"},
      {"64K", "unknown suffix \"K\"; did you mean \"64k\" or \"64Ki\"?"},
      {"512mb", "unknown suffix \"mb\"; did you mean \"512M\" or \"512Mi\"?"},
      {"1.5 GiB", "white space is not allowed; did you mean \"1.5Gi\"?"},
      {"1 Gi", "white space is not allowed; did you mean \"1Gi\"?"},
      {" 2", "white space is not allowed; did you mean \"2\"?"},
      {"0x10", "unknown suffix \"x10\"; did you mean \"16\"?"},
      {"4,5", "a comma is not allowed; did you mean \"4.5\"?"},
      {"1,000,000", "a comma is not allowed; did you mean \"1000000\"?"},
      {"1_000", "unknown suffix \"_000\"; did you mean \"1000\"?"},
      {"4 cores", "white space is not allowed; did you mean \"4\"?"},
      {"500mcpu", "unknown suffix \"mcpu\"; did you mean \"500m\"?"},
      {"100 bytes", "white space is not allowed; did you mean \"100\"?"},
      {"1.1.M", "it has two decimal points"},
      {"lots", "it does not start with a number"},
      {"1e", "unknown suffix \"e\""},
      {"1e4294967296", "the exponent \"e4294967296\" is not a 32-bit integer"},
      {"5%", "unknown suffix \"%\""},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto quantity = parse_quantity(c.in);
    REQUIRE_FALSE(quantity.has_value());
    CHECK(quantity.error().code == ErrorCode::Invalid);
    std::string want = '"' + std::string(c.in) + "\" is not a quantity: " + std::string(c.want);
    if (!want.ends_with('?')) want.append("; ").append(allowed);
    CHECK(quantity.error().message == want);
  }
  // Source: the invalid cases of TestQuantityParse.
  for (const std::string_view text :
       {"1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", " 1", "1 "}) {
    INFO(text);
    CHECK_FALSE(parse_quantity(text).has_value());
  }
}

}  // namespace
}  // namespace plimsoll
