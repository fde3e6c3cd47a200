#include <array>
#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

std::string yaml_of(std::string json) {
  const auto document = json::Document::parse(std::move(json));
  REQUIRE(document.has_value());
  return yaml::write(document->root());
}

TEST_CASE("values are laid out as kubectl prints them") {
  struct Case {
    std::string json, want;
  };
  const Case cases[] = {
      {R"({"a":1,"b":{"c":true,"d":null}})", "a: 1\nb:\n  c: true\n  d: null\n"},
      {R"({"args":["--lr=1","-v"]})", "args:\n- --lr=1\n- -v\n"},
      {R"({"c":[{"name":"a","env":[{"name":"X","value":"1"}]},{"name":"b"}]})",
       "c:\n- name: a\n  env:\n  - name: X\n    value: \"1\"\n- name: b\n"},
      {R"([[1,[2]],[]])", "- - 1\n  - - 2\n- []\n"},
      {R"({"a":{},"b":[],"c":[{},{"d":[]}]})", "a: {}\nb: []\nc:\n- {}\n- d: []\n"},
      {R"({"run":"set -e\ntrain\n","last":"a\n  b","odd":"a \nb"})",
       "run: |\n  set -e\n  train\nlast: |-\n  a\n    b\nodd: \"a \\nb\"\n"},
      {R"({"c":["#!/bin/sh\n\nexit\n",{"x":"a\nb"}]})", "c:\n- |\n  #!/bin/sh\n\n  exit\n- x: |-\n    a\n    b\n"},
      {R"("text")", "text\n"},
      {R"("a\nb")", "|-\n  a\n  b\n"},
      {R"([])", "[]\n"},
      {R"({})", "{}\n"},
      {R"(null)", "null\n"},
      {R"(-1.5)", "-1.5\n"},
  };
  for (const Case& c : cases) {
    INFO(c.json);
    CHECK(yaml_of(c.json) == c.want);
  }
  CHECK(yaml::write(json::View()) == "null\n");
}

TEST_CASE("a string is quoted only where YAML would read something else") {
  struct Case {
    std::string text, want;
  };
  const Case cases[] = {
      {"train", "train"},
      {"nvidia.com/gpu", "nvidia.com/gpu"},
      {"registry/train:1.2", "registry/train:1.2"},
      {"100m", "100m"},
      {"8Gi", "8Gi"},
      {"grüße 🚀", "grüße 🚀"},
      {"a#b", "a#b"},
      {"it's", "it's"},
      {"--flag", "--flag"},
      {"-1x", "-1x"},
      {":8080", ":8080"},
      {"a:b", "a:b"},
      {"a, b [c] {d}", "a, b [c] {d}"},
      {"10.0.0.1:80", "10.0.0.1:80"},
      {"0x1g", "0x1g"},
      {"2026", "\"2026\""},
      {"", "\"\""},
      {"yes", "\"yes\""},
      {"y", "\"y\""},
      {"Off", "\"Off\""},
      {"true", "\"true\""},
      {"null", "\"null\""},
      {"~", "\"~\""},
      {"1e3", "\"1e3\""},
      {"0x1f", "\"0x1f\""},
      {"0755", "\"0755\""},
      {"1_000", "\"1_000\""},
      {".5", "\".5\""},
      {".inf", "\".inf\""},
      {"2026-01-01", "\"2026-01-01\""},
      {"2026-01-01T00:00:00Z", "\"2026-01-01T00:00:00Z\""},
      {"2026-01-01-rc1", "2026-01-01-rc1"},
      {"22:30", "\"22:30\""},
      {"<<", "\"<<\""},
      {"- a", "'- a'"},
      {"-", "'-'"},
      {"a: b", "'a: b'"},
      {"a:", "'a:'"},
      {"#", "'#'"},
      {"a #b", "'a #b'"},
      {" a", "' a'"},
      {"a ", "'a '"},
      {"'a'", "'''a'''"},
      {"\"a\"", "'\"a\"'"},
      {R"({"a":1})", R"('{"a":1}')"},
      {"*", "'*'"},
      {"@x", "'@x'"},
      {"%", "'%'"},
      {"---", "'---'"},
      {"\t", R"("\t")"},
      {"a\tb", R"("a\tb")"},
      {"a\r\nb", R"("a\r\nb")"},
      {"\n", R"("\n")"},
      {"a\n\n", R"("a\n\n")"},
      {"\u2028", R"("\u2028")"},
      {"\u0085\u007f\ufeff", R"("\u0085\u007f\ufeff")"},
      {std::string("\0", 1), R"("\u0000")"},
      {"\x1b[31m", R"("\u001b[31m")"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(yaml_of(json::to_json_string(c.text)) == c.want + "\n");
    CHECK(yaml_of("{" + json::to_json_string(c.text) + ":1}") == c.want + ": 1\n");
  }
}

// A seeded source of JSON texts, with strings that YAML likes to read as something else.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string value(int depth) {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return "null";
      case 1:
        return below(2) == 0 ? "true" : "false";
      case 2:
        return std::to_string(static_cast<int>(below(2001)) - 1000);
      case 3:
        return number();
      case 4:
      case 5:
        return json::to_json_string(text());
      case 6:
        return array(depth - 1);
      default:
        return object(depth - 1);
    }
  }

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  std::string number() {
    constexpr std::array<std::string_view, 12> kNumbers = {
        "1.5",  "-0.25",    "1e300", "1e-7", "9223372036854775807",  "-9223372036854775808",
        "1e21", "12345.75", "-0.0",  "1e6",  "18446744073709551615", "1234567890123456789"};
    return std::string(kNumbers[below(kNumbers.size())]);
  }

  std::string text() {
    constexpr std::array<std::string_view, 60> kPieces = {
        "yes", "1e3", "0x1f",  "- a", "a: b", "#",  "\u2028", "\t",   "\n",   "\n\n", "2026-01-01", " ",
        "",    "a",   "train", "~",   "null", "'",  "\"",     "\\",   "|",    ">",    "---",        "...",
        "{",   "}",   "[",     "]",   ",",    "&x", "*x",     "!t",   "%",    "@",    "`",          ":",
        "?",   "-",   "=",     "<<",  "ü",    "🚀",  "\r",     "\r\n", "\x01", "\x7f", "\u0085",     "\ufeff",
        "0",   "08",  ".",     "e",   "_",    "+",  "on",     "No",   ": ",   " #",   "\n ",        "\u00a0"};
    std::string joined;
    for (std::size_t pieces = below(6); pieces > 0; --pieces) joined += kPieces[below(kPieces.size())];
    if (below(300) == 0) joined += std::string(1500, 'k');
    return joined;
  }

  std::string array(int depth) {
    std::string out = "[";
    for (std::size_t i = 0, size = below(4); i < size; ++i) out += (i > 0 ? "," : "") + value(depth);
    return out + ']';
  }

  std::string object(int depth) {
    std::string out = "{";
    for (std::size_t i = 0, size = below(4); i < size; ++i) {
      // The number keeps keys apart; it stands at either end, so that each end is a hostile one in turn.
      const std::string number = std::to_string(i);
      const std::string key = i == 0 ? text() : below(2) == 0 ? "k" + number + text() : text() + "k" + number;
      out += (i > 0 ? "," : "") + json::to_json_string(key) + ':' + value(depth);
    }
    return out + '}';
  }

  std::mt19937 random_;
};

TEST_CASE("what is written reads back as an equal value") {
  for (std::uint32_t seed = 0; seed < 4000; ++seed) {
    const std::string json = Generator(seed).value(5);
    const auto document = json::Document::parse(json);
    REQUIRE(document.has_value());
    const std::string text = yaml::write(document->root());
    INFO("seed " << seed << "\n" << json << "\n" << text);
    const auto nodes = parse(text);
    if (!nodes) FAIL(nodes.error().where << ' ' << nodes.error().message);
    REQUIRE(nodes->size() == 1);
    const auto again = json::Document::parse(to_json(nodes->front()));
    REQUIRE(again.has_value());
    REQUIRE(again->root() == document->root());
  }
}

}  // namespace
}  // namespace plimsoll::yaml
