#include <catch2/catch.hpp>
#include <string>

#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

std::string json_of(const std::string& text) {
  const auto parsed = parse(text);
  if (!parsed) return "error";
  REQUIRE(parsed->size() == 1);
  return to_json(parsed->front());
}

// Source of this file's tables: resolve.go of go.yaml.in/yaml/v2 2.4 and YAMLToJSON of sigs.k8s.io/yaml 1.6, which gave
// the same for every line but !!binary, which it decodes.

TEST_CASE("plain scalars have the types of sigs.k8s.io/yaml") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"~", "null"},
      {"null", "null"},
      {"Null", "null"},
      {"NULL", "null"},
      {"nULL", "\"nULL\""},
      {"none", "\"none\""},

      {"y", "true"},
      {"Y", "true"},
      {"yes", "true"},
      {"Yes", "true"},
      {"YES", "true"},
      {"yEs", "\"yEs\""},
      {"true", "true"},
      {"True", "true"},
      {"TRUE", "true"},
      {"tRue", "\"tRue\""},
      {"on", "true"},
      {"On", "true"},
      {"ON", "true"},
      {"oN", "\"oN\""},
      {"n", "false"},
      {"N", "false"},
      {"no", "false"},
      {"No", "false"},
      {"NO", "false"},
      {"nO", "\"nO\""},
      {"false", "false"},
      {"False", "false"},
      {"FALSE", "false"},
      {"off", "false"},
      {"Off", "false"},
      {"OFF", "false"},
      {"offf", "\"offf\""},

      {"0", "0"},
      {"-0", "0"},
      {"+0", "0"},
      {"00", "0"},
      {"7", "7"},
      {"+7", "7"},
      {"-7", "-7"},
      {"1_000", "1000"},
      {"1__0_", "10"},
      {"_1", "\"_1\""},
      {"-_", "\"-_\""},
      {"-", "error"},
      {"+", "\"+\""},
      {"0x10", "16"},
      {"-0x10", "-16"},
      {"+0X1f", "31"},
      {"0x_f", "15"},
      {"0x", "\"0x\""},
      {"0x1G", "\"0x1G\""},
      {"0o17", "15"},
      {"0O17", "15"},
      {"0o8", "\"0o8\""},
      {"0777", "511"},
      {"-0777", "-511"},
      {"08", "8"},
      {"0b101", "5"},
      {"-0B11", "-3"},
      {"0b2", "\"0b2\""},
      {"0b-1", "-1"},
      {"0b+1", "1"},
      {"0b-0b1", "\"0b-0b1\""},
      {"--1", "\"--1\""},
      {"1-1", "\"1-1\""},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "18446744073709552000"},
      {"-9223372036854775809", "-9223372036854776000"},
      {"+9223372036854775808", "9223372036854776000"},

      {"1.5", "1.5"},
      {"+1.5", "1.5"},
      {"-.5", "-0.5"},
      {".5", "0.5"},
      {"5.", "5"},
      {"-0.0", "-0"},
      {"1.10", "1.1"},
      {"1e3", "1000"},
      {"1E3", "1000"},
      {"1e+3", "1000"},
      {"1e-3", "0.001"},
      {"1e", "\"1e\""},
      {"e1", "\"e1\""},
      {".e5", "\".e5\""},
      {".", "\".\""},
      {"1.5.5", "\"1.5.5\""},
      {"0x1p3", "\"0x1p3\""},
      {"1_0.5", "10.5"},
      {".5_0", "0.5"},
      {"._5", "\"._5\""},
      {".5_", "\".5_\""},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e+21"},
      {"1e-6", "0.000001"},
      {"1e-7", "1e-7"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"1e309", "\"1e309\""},
      {"1e-400", "0"},
      {".inf", "error"},
      {"-.INF", "error"},
      {"+.Inf", "error"},
      {".NaN", "error"},
      {"inf", "\"inf\""},
      {"nan", "\"nan\""},
      {"+.nan", "\"+.nan\""},

      {"2026-01-01", "\"2026-01-01\""},
      {"2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00Z\""},
      {"12:30", "\"12:30\""},
      {"1:30:00", "\"1:30:00\""},
      {"100m", "\"100m\""},
      {"8Gi", "\"8Gi\""},
      {"1h", "\"1h\""},
      {"=", "\"=\""},
      {"a b", "\"a b\""},
      {"-x", "\"-x\""},
      {":x", "\":x\""},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(json_of("a: " + std::string(c.in)) == (c.want == "error" ? "error" : "{\"a\":" + std::string(c.want) + '}'));
    CHECK(json_of("'" + std::string(c.in) + "'") == json::to_json_string(c.in));
  }
}

TEST_CASE("keys become member names as in sigs.k8s.io/yaml") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"a", "a"},
      {"1", "1"},
      {"0x10", "16"},
      {"-0", "0"},
      {"0777", "511"},
      {"y", "true"},
      {"yes", "true"},
      {"off", "false"},
      {"True", "true"},
      {"1.5", "1.5"},
      {"1.50", "1.5"},
      {"1e3", "1000"},
      {"0.1", "0.1"},
      {"1e6", "1e+06"},
      {"1234567.5", "1.2345675e+06"},
      {"16777217.0", "1.6777216e+07"},
      {"0.0001", "0.0001"},
      {"1e-5", "1e-05"},
      {"999999.0", "999999"},
      {"-2.5", "-2.5"},
      {"1e300", ".inf"},
      {"2026-01-01", "2026-01-01"},
      {"'1e3'", "1e3"},
      {"\"yes\"", "yes"},
      {"!!str 1", "1"},
      {"nvidia.com/gpu", "nvidia.com/gpu"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(json_of(std::string(c.in) + ": x") == "{\"" + std::string(c.want) + "\":\"x\"}");
  }
}

TEST_CASE("explicit tags are obeyed") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"!!str 12", "\"12\""},
      {"!!str", "\"\""},
      {"!!str ~", "\"~\""},
      {"! 12", "\"12\""},
      {"!foo bar", "\"bar\""},
      {"!!int \"12\"", "12"},
      {"!!int '0x10'", "16"},
      {"!!int 1.5", "error"},
      {"!!int", "error"},
      {"!!float 1", "1"},
      {"!!float 0x10", "16"},
      {"!!float abc", "error"},
      {"!!float .inf", "error"},
      {"!!bool \"yes\"", "true"},
      {"!!bool 1", "error"},
      {"!!null ''", "null"},
      {"!!null x", "error"},
      {"!!timestamp 2026-01-01", "\"2026-01-01\""},
      {"!<tag:yaml.org,2002:int> '1'", "1"},
      {"!!map {a: !!seq [1]}", "{\"a\":[1]}"},
      {"!!set {a, b}", "{\"a\":null,\"b\":null}"},
      {"!!binary aGk=", "error"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const std::string value(c.want);
    CHECK(json_of("k: " + std::string(c.in)) == (value == "error" ? value : "{\"k\":" + value + '}'));
  }
}

}  // namespace
}  // namespace plimsoll::yaml
