#include <catch2/catch.hpp>
#include <string>

#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

using Kind = Node::Kind;

std::string repeat(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

/// The documents of `text` as JSON, one per line, or `line:column message`.
std::string outcome(std::string_view text) {
  const auto parsed = parse(text);
  if (!parsed) return parsed.error().where + ' ' + parsed.error().message;
  std::string lines;
  for (const Node& document : *parsed) lines += (lines.empty() ? "" : "\n") + to_json(document);
  return lines;
}

TEST_CASE("every value knows where it stands") {
  const auto parsed = parse("# policy\nb: 1\nkey:\n  - x\n  - &anchor\n    \"y\": ~\nempty:\nlast: \"é\" # no\n");
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->size() == 1);
  const Node& root = parsed->front();
  REQUIRE(root.entries.size() == 4);
  CHECK(root.mark == Mark{2, 1});
  CHECK(root.entries[0].key.text == "b");
  CHECK(root.entries[0].key.mark == Mark{2, 1});
  CHECK(root.entries[0].value.mark == Mark{2, 4});
  CHECK(root.find("key")->items[0].mark == Mark{4, 5});
  CHECK(root.find("key")->items[1].mark == Mark{5, 5});
  CHECK(root.find("key")->items[1].entries[0].value.mark == Mark{6, 10});
  CHECK(root.find("empty")->mark == Mark{7, 1});
  CHECK(root.entries[3].value.mark == Mark{8, 7});
}

TEST_CASE("a scalar keeps its text as written") {
  struct Case {
    std::string_view in, text;
    Kind kind;
    bool quoted;
  };
  const Case cases[] = {
      {"a: yes", "yes", Kind::Bool, false},
      {"a: 0x10", "0x10", Kind::Int, false},
      {"a: 1_0.50", "1_0.50", Kind::Float, false},
      {"a: ~", "~", Kind::Null, false},
      {"a: Null", "Null", Kind::Null, false},
      {"a:", "", Kind::Null, false},
      {"a: plain", "plain", Kind::String, false},
      {"a: 'it''s'", "it's", Kind::String, true},
      {"a: \"1\"", "1", Kind::String, true},
      {"a: |\n  1\n", "1\n", Kind::String, true},
      {"a: >-\n  b\n  c\n", "b c", Kind::String, true},
      {"a: plain\n  goes on\n\n  here", "plain goes on\nhere", Kind::String, false},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto parsed = parse(c.in);
    REQUIRE(parsed.has_value());
    const Node* node = parsed->front().find("a");
    REQUIRE(node != nullptr);
    CHECK(node->text == c.text);
    CHECK(node->kind == c.kind);
    CHECK(node->quoted == c.quoted);
  }
}

TEST_CASE("a stream gives its documents, without the empty ones") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"", ""},
      {"\n \n", ""},
      {"# only a comment\n", ""},
      {"---\n", ""},
      {"---\n---\n# nothing\n---\n", ""},
      {"...\n", ""},
      {"a: 1", "{\"a\":1}"},
      {"---\na: 1\n---\n\n---\nb: 2\n...\n---\nc: 3\n", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}"},
      {"a: 1\n...\n# between\n\nb: 2\n", "{\"a\":1}\n{\"b\":2}"},
      {"--- x\n--- z", "\"x\"\n\"z\""},
      {"---\n~\n--- null\n", "null\nnull"},
      {"a: \u00a0\ufffd\U0001f680\U0010ffff", "{\"a\":\"\u00a0\ufffd\U0001f680\U0010ffff\"}"},
      {"%YAML 1.1\n---\na: 1\n", "{\"a\":1}"},
      {"\xEF\xBB\xBF"
       "a: 1\n",
       "{\"a\":1}"},
      {"a: 1\r\nb: |\r\n  x\r\n  y\r\nc:\r\n- z\r\n", "{\"a\":1,\"b\":\"x\\ny\\n\",\"c\":[\"z\"]}"},
      {"{\"a\": [1, \"\\u00e9\\/\\n\"],\n\t\"b\":{}}", "{\"a\":[1,\"é/\\n\"],\"b\":{}}"},
      {"a:\n- b\n- c: d\n  e: [f, {g: h}]\n-\n  - i\n",
       "{\"a\":[\"b\",{\"c\":\"d\",\"e\":[\"f\",{\"g\":\"h\"}]},[\"i\"]]}"},
      {"a: --- b\nc: '---'\n", "{\"a\":\"--- b\",\"c\":\"---\"}"},
      {"nullable:\nnullified: x\n", "{\"nullable\":null,\"nullified\":\"x\"}"},
      {"[a, b,]", "[\"a\",\"b\"]"},
      {"? a\n: b\n? c\n", "{\"a\":\"b\",\"c\":null}"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(outcome(c.in) == c.want);
  }
}

TEST_CASE("aliases and merge keys are resolved as kubectl does") {
  // Source: decode.go of go.yaml.in/yaml/v2; sigs.k8s.io/yaml 1.6 gave the same values for every line (its
  // members are sorted).
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"a: &x 1\nb: *x", R"({"a":1,"b":1})"},
      {"a: &x {k: [1]}\nb: [*x, *x]", R"({"a":{"k":[1]},"b":[{"k":[1]},{"k":[1]}]})"},
      {"a: &x k\n*x : 1", R"({"a":"k","k":1})"},
      {"a: &x ~\nb: *x", R"({"a":null,"b":null})"},
      {"a: &x 1\nb: &x 2\nc: *x", R"({"a":1,"b":2,"c":2})"},
      {"x: &x {a: 2, b: 3}\nz:\n  <<: *x\n  a: 1", R"({"x":{"a":2,"b":3},"z":{"a":1,"b":3}})"},
      {"x: &x {a: 2, b: 3}\nz: {a: 1, <<: *x}", R"({"x":{"a":2,"b":3},"z":{"a":2,"b":3}})"},
      {"{<<: [{a: 1, b: 2}, {a: 9, c: 8}]}", R"({"a":1,"c":8,"b":2})"},
      {"{<<: {a: 1}, <<: {b: 2}}", R"({"a":1,"b":2})"},
      {"{<<: {a: 1, <<: {b: 2}}}", R"({"a":1,"b":2})"},
      {"{'<<': {a: 1}}", R"({"<<":{"a":1}})"},
      {"{!!merge <<: {a: 1}}", R"({"a":1})"},
      {"a: <<", R"({"a":"<<"})"},
      {"[<<]", R"(["<<"])"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(outcome(c.in) == c.want);
  }
}

TEST_CASE("what is wrong is said with its place and the way out") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"a: 1\nb: 2\na: 3", "3:1 the key \"a\" is here a second time; it was first set at line 1, column 1"},
      {"{1: a, \"1\": b}", "1:8 the key \"1\" is here a second time; it was first set at line 1, column 2"},
      {"{16: a, 0x10: b}", "1:9 the key \"16\" is here a second time; it was first set at line 1, column 2"},
      {"{yes: a, on: b}", "1:10 the key \"true\" is here a second time; it was first set at line 1, column 2"},
      {"{<<: {a: 1}, a: 2, a: 3}", "1:20 the key \"a\" is here a second time; it was first set at line 1, column 14"},
      {"{a: 1, <<: {a: 2}, a: 3}", "1:20 the key \"a\" is here a second time; it was first set at line 1, column 2"},
      {"? {a: 1}\n: b", "1:3 a map cannot be a key; if it is none, a } is missing"},
      {"? [a]\n: b", "1:3 a sequence cannot be a key; if it is none, a ] is missing"},
      {"a: &x [b]\n*x : c", "2:1 a key must be a word or number, and what this alias refers to is neither"},
      {"~: a", "1:1 a key cannot be null; put it in quotes if it is a word"},
      {": a", "1:1 a key cannot be null; put it in quotes if it is a word"},
      {"a: *x", "1:4 the alias refers to an anchor that is not defined before it"},
      {"a: &x 1\n---\nb: *x", "3:4 the alias refers to an anchor that is not defined before it"},
      {"a: &x [*x]", "1:8 an alias cannot stand inside the value that it refers to"},
      {"a:\n  <<: [{b: c}, 1]", "2:16 << takes a map, or a sequence of maps"},
      {"<<: 1", "1:5 << takes a map, or a sequence of maps"},
      {"a: .inf", "1:4 \".inf\" is not a number that JSON can hold; put it in quotes if it is a text"},
      {"a: [-.Inf, .NaN]", "1:5 \"-.Inf\" is not a number that JSON can hold; put it in quotes if it is a text"},
      {"a: !!int one", "1:4 \"one\" is not a value of type !!int"},
      {"a: !!bool 1", "1:4 \"1\" is not a value of type !!bool"},
      {"a: !!null x", "1:4 \"x\" is not a value of type !!null"},
      {"a: !!binary aGk=",
       "1:4 !!binary is not supported, for JSON has no bytes: write the base64 text without the tag"},
      {"a:\n\tb: 1", "2:3 a tab cannot indent: use spaces"},
      {"a: 1\n  b: 2", "2:4 a \": \" cannot stand here: put the text in quotes, or check the indentation"},
      {"a: b: c", "1:5 a \": \" cannot stand here: put the text in quotes, or check the indentation"},
      {"a:\n  - b\n c: d", "3:2 this does not fit into the map around it: check the indentation"},
      {"a: - b", "1:4 a \"- \" cannot stand here: check the indentation"},
      {"a: @b", "1:4 a text cannot begin with this character: put it in quotes"},
      {"a: \"\\q\"", "1:7 a \\ in double quotes begins an escape: write \\\\ for itself, or use single quotes"},
      {"a: \"\\ud83d\\ude00\"", "1:11 a \\u escape cannot name half of a character: write the character itself"},
      {"a: \"b", "1:6 the text ends inside quotes"},
      {"a: 'b\n", "1:4 the text ends inside quotes"},
      {"a: \"b\\\"\n", "1:4 the text ends inside quotes"},
      {"\"", "1:1 the text ends inside quotes"},
      {"a: [1, 2\nb: 3", "2:2 a [ is not closed by ]"},
      {"a: [1, 2", "1:4 a [ is not closed by ]"},
      {"a: {b: 1, c", "1:4 a { is not closed by }"},
      {"a: 1\n}", "2:1 a ] or } closes nothing"},
      {"[a,, b]", "1:4 a value is missing before the comma"},
      {"a: 1\nword", "2:1 \"word\" has no colon and no place here"},
      {"a: 1\nword\n---\nb: 2", "2:1 \"word\" has no colon and no place here"},
      {"\"a\" \"b\"",
       "1:5 this does not belong to the value before it: check the indentation; another document starts with ---"},
      {"- a\nb: c",
       "2:1 this does not belong to the value before it: check the indentation; another document starts with ---"},
      {"...\n, a",
       "2:1 this does not belong to the value before it: check the indentation; another document starts with ---"},
      {"a: b\x04", "1:5 \"\\u{4}\" cannot stand in YAML as it is: write it as an escape in double quotes"},
      {std::string_view("a\nb\0", 4),
       "2:2 \"\\u{0}\" cannot stand in YAML as it is: write it as an escape in double quotes"},
      {"a: \xff", "1:4 \"\\xff\" is not UTF-8"},
      {"\xff\xfe"
       "a",
       "1:1 \"\\xff\" is not UTF-8"},
      {"a: \xed\xa0\x80", "1:4 \"\\xed\" is not UTF-8"},
      {"a: \u2028", "1:4 \"\\u{2028}\" cannot stand in YAML as it is: write it as an escape in double quotes"},
      {"# \u0085", "1:3 \"\\u{85}\" cannot stand in YAML as it is: write it as an escape in double quotes"},
      {"a: \xf4\x90\x80\x80", "1:4 \"\\xf4\" is not UTF-8"},
      {"a: \xe0\x80\xaf", "1:4 \"\\xe0\" is not UTF-8"},
      {"a: cut\xe2\x82", "1:7 \"\\xe2\" is not UTF-8"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(outcome(c.in) == c.want);
  }
}

TEST_CASE("nesting is refused before it can overflow the stack") {
  const std::string too_deep = "nested too deeply: about 500 levels are the most";
  for (const std::size_t depth : {600UL, 100'000UL}) {
    CHECK_THAT(outcome(repeat("[", depth) + repeat("]", depth)), Catch::EndsWith(too_deep));
    CHECK_THAT(outcome(repeat("- ", depth)), Catch::EndsWith(too_deep));
    CHECK_THAT(outcome(repeat("{a: ", depth) + repeat("}", depth)), Catch::EndsWith(too_deep));
    for (const std::string_view piece : {"[", "{", "{a: ", "? ", "[? ", ": ", "[{", "!x ", "&x ", "\"\" "}) {
      INFO(piece);
      CHECK_FALSE(parse(repeat(piece, depth)).has_value());
    }
  }
  CHECK(parse(repeat("[", 400) + repeat("]", 400)).has_value());
  std::string stairs;
  for (std::size_t i = 0; i < 600; ++i) stairs += std::string(i, ' ') + "a:\n";
  CHECK_THAT(outcome(stairs), Catch::EndsWith(too_deep));
}

TEST_CASE("aliases cannot make a small text large or deep") {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  std::string stairs = "a0: &a0 []\n";
  for (int i = 1; i < 12; ++i) {
    const std::string name = "a" + std::to_string(i) + ": &a" + std::to_string(i) + ' ';
    const std::string below = "*a" + std::to_string(i - 1);
    laughs += name + '[' + repeat(below + ", ", 9) + "]\n";
    stairs += name + repeat("[", 300) + below + repeat("]", 300) + '\n';
  }
  CHECK_THAT(outcome(laughs), Catch::Contains("expand to more than 1000000 values"));
  CHECK_THAT(outcome(stairs), Catch::EndsWith("nested deeper than 1024 levels"));
}

}  // namespace
}  // namespace plimsoll::yaml
