#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "plimsoll/json/writer.hpp"
#include "plimsoll/patch/patch.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

struct Case {
  std::string name;
  std::string before;
  std::string operations;  // a JSON Patch
  std::string after;
};

json::Document value_of(std::string_view text) {
  const auto nodes = parse(text);
  if (!nodes) FAIL(nodes.error().where << ": " << nodes.error().message << "\n" << text);
  REQUIRE(nodes->size() == 1);
  auto document = json::Document::parse(to_json(nodes->front()));
  REQUIRE(document);
  return std::move(*document);
}

// What `edit` makes of it, which is what was wanted, and stays so when that is wanted again.
Edited edited(const std::string& before, const std::string& operations) {
  const json::Document value = value_of(before);
  const auto patch = patch::parse_patch(operations);
  REQUIRE(patch);
  const auto wanted = patch::apply(value.root(), *patch);
  REQUIRE(wanted);
  const auto after = edit(before, wanted->root());
  REQUIRE(after);
  const json::Document again = value_of(after->text);
  CHECK(again.root() == wanted->root());
  CHECK(edit(after->text, again.root())->text == after->text);
  return *after;
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.name);
    const Edited after = edited(c.before, c.operations);
    CHECK(after.text == c.after);
    CHECK(after.rewritten.empty());
  }
}

TEST_CASE("what a patch does not name stays byte for byte") {
  check({
      {"no operation", "# a\na:   'b'   # c\n\n\n", "[]", "# a\na:   'b'   # c\n\n\n"},
      {"a new member of the last map",
       "# head\nspec:  # the spec\n  # why\n  a: 'x'  # a\n  b: |\n    one\n\n    two\n# foot\n",
       R"([{"op":"add","path":"/spec/c","value":1}])",
       "# head\nspec:  # the spec\n  # why\n  a: 'x'  # a\n  b: |\n    one\n\n    two\n  c: 1\n# foot\n"},
      {"a new member before a blank line, comments and the next key", "a:\n  b: 1 # one\n\n# about c\nc: 2\n",
       R"([{"op":"add","path":"/a/x","value":{"w":["z"]}}])",
       "a:\n  b: 1 # one\n  x:\n    w:\n    - z\n\n# about c\nc: 2\n"},
      {"comments below the last member, indented as it is, belong to the map",
       "a:\n  b: 1\n  # c: 2\n  #  d: 3\n# about e\ne: 2\n", R"([{"op":"add","path":"/a/x","value":1}])",
       "a:\n  b: 1\n  # c: 2\n  #  d: 3\n  x: 1\n# about e\ne: 2\n"},
      {"members of nested maps that end in one place", "a:\n  b:\n    c: 1\n",
       R"([{"op":"add","path":"/a/b/d","value":1},{"op":"add","path":"/a/e","value":1},{"op":"add","path":"/f","value":1}])",
       "a:\n  b:\n    c: 1\n    d: 1\n  e: 1\nf: 1\n"},
      {"a container in the middle", "c:\n# the first\n- name: a  # it\n  image: x\n\n# the second\n- name: b\n",
       R"([{"op":"add","path":"/c/0/resources","value":{"limits":{"nvidia.com/gpu":"1"}}}])",
       "c:\n# the first\n- name: a  # it\n  image: x\n  resources:\n    limits:\n      nvidia.com/gpu: \"1\"\n\n# the "
       "second\n- name: b\n"},
      {"an item of a list below its key", "t:\n- key: a # one\n  # more of one\n# about v\nv: 1\n",
       R"([{"op":"add","path":"/t/-","value":{"key":"b","x":[1]}}])",
       "t:\n- key: a # one\n  # more of one\n- key: b\n  x:\n  - 1\n# about v\nv: 1\n"},
      {"an item of an indented list, with members in its style", "t:\n    - key: a\n    # - key: c\nv: 1\n",
       R"([{"op":"add","path":"/t/-","value":{"key":"b","x":[1]}}])",
       "t:\n    - key: a\n    # - key: c\n    - key: b\n      x:\n          - 1\nv: 1\n"},
      {"four columns a level, and dashes with three spaces", "a:\n    b: 1\nc:\n-   d: 1\n",
       R"([{"op":"add","path":"/a/x","value":{"w":1}},{"op":"add","path":"/c/-","value":{"d":2,"e":{"f":1}}}])",
       "a:\n    b: 1\n    x:\n        w: 1\nc:\n-   d: 1\n-   d: 2\n    e:\n        f: 1\n"},
      {"a number", "a: 1   # one\n", R"([{"op":"replace","path":"/a","value":2}])", "a: 2   # one\n"},
      {"texts keep their quotes where they can", "a: \"1\" # a\nb: '1'  # b\nc: x\nd: 'x'\ne: x\n",
       R"([{"op":"replace","path":"/a","value":"2"},{"op":"replace","path":"/b","value":"z"},{"op":"replace","path":"/c","value":"2"},{"op":"replace","path":"/d","value":"\t"},{"op":"replace","path":"/e","value":"w"}])",
       "a: \"2\" # a\nb: 'z'  # b\nc: \"2\"\nd: \"\\t\"\ne: w\n"},
      {"a text of several lines", "a: x # old\nb: 1\n", R"([{"op":"replace","path":"/a","value":"one\ntwo\n"}])",
       "a: | # old\n  one\n  two\nb: 1\n"},
      {"a block becomes a word, and a word in lines another",
       "a: |\n  one\n  two\nb: one\n  two\nc: \"one\n  two\" # c\n",
       R"([{"op":"replace","path":"/a","value":"x"},{"op":"replace","path":"/b","value":"w"},{"op":"replace","path":"/c","value":"z"}])",
       "a: x\nb: w\nc: \"z\" # c\n"},
  });
}

TEST_CASE("an empty value is filled where it stands") {
  const std::string add = R"([{"op":"add","path":"/m/a","value":{"k":"v"}}])";
  const std::string fill = R"([{"op":"add","path":"/m/a","value":{"k":"v"}}])";
  check({
      {"nothing", "m:\n  a: # none\n  b: 1\n", fill, "m:\n  a: # none\n    k: v\n  b: 1\n"},
      {"nothing at the end", "m:\n  a:", fill, "m:\n  a:\n    k: v"},
      {"nothing but comments", "m:\n  a:\n    # none yet\n  b: 1\n", fill,
       "m:\n  a:\n    # none yet\n    k: v\n  b: 1\n"},
      {"a tilde", "m:\n  a: ~  # none\n  b: 1\n", fill, "m:\n  a:  # none\n    k: v\n  b: 1\n"},
      {"null", "m:\n  a: null\n", fill, "m:\n  a:\n    k: v\n"},
      {"{}", "m:\n  a: {} # none\n  b: 1\n", fill, "m:\n  a: # none\n    k: v\n  b: 1\n"},
      {"{} in lines", "m:\n  a: {\n  }\n  b: 1\n", fill, "m:\n  a:\n    k: v\n  b: 1\n"},
      {"[]", "m:\n  a: []\n  b: 1\n", R"([{"op":"add","path":"/m/a/-","value":{"k":"v"}}])",
       "m:\n  a:\n  - k: v\n  b: 1\n"},
      {"in brackets", "m: {a: {}, b: 1}\n", fill, "m: {a: {k: v}, b: 1}\n"},
      {"in brackets, nothing", "m: {a: , b: 1}\n", fill, "m: {a: {k: v} , b: 1}\n"},
      {"an item", "m:\n- # first\n- b\n", R"([{"op":"replace","path":"/m/0","value":{"k":"v","l":1}}])",
       "m:\n- k: v # first\n  l: 1\n- b\n"},
      {"a scalar", "m:\n  a: x # c\n", R"([{"op":"replace","path":"/m/a","value":[1]}])", "m:\n  a: # c\n  - 1\n"},
      {"and emptied again", "m:\n  a:\n    k: v\n  b: 1\n", R"([{"op":"remove","path":"/m/a/k"}])",
       "m:\n  a: {}\n  b: 1\n"},
      {"a list emptied", "m:\n  a:\n  - k: v\n  b: 1\n", R"([{"op":"remove","path":"/m/a/0"}])",
       "m:\n  a: []\n  b: 1\n"},
  });
}

TEST_CASE("what is removed goes with its lines") {
  check({
      {"a member", "m:\n  # of a\n  a:\n    b: 1\n    c: 2 # c\n  d: 1\n", R"([{"op":"remove","path":"/m/a"}])",
       "m:\n  # of a\n  d: 1\n"},
      {"the last", "m:\n  a: 1\n  b: 2", R"([{"op":"remove","path":"/m/b"}])", "m:\n  a: 1\n"},
      {"the first behind a dash", "l:\n- a: 1\n  b: 2\n", R"([{"op":"remove","path":"/l/0/a"}])", "l:\n- b: 2\n"},
      {"the first two behind a dash", "l:\n- a: 1\n  b: 2\n  c: 3\n",
       R"([{"op":"remove","path":"/l/0/a"},{"op":"remove","path":"/l/0/b"}])", "l:\n- c: 3\n"},
      {"the first behind a dash, before a comment", "l:\n- a: 1 # a\n  # b\n  b: 2\n",
       R"([{"op":"remove","path":"/l/0/a"}])", "l:\n- \n  # b\n  b: 2\n"},
      {"items", "l:\n- a\n# b\n- b\n- c\n- d\n", R"([{"op":"remove","path":"/l/3"},{"op":"remove","path":"/l/1"}])",
       "l:\n- a\n# b\n- c\n"},
      {"one item for another", "l:\n- a # a\n- b # b\n",
       R"([{"op":"remove","path":"/l/0"},{"op":"add","path":"/l/-","value":"c"}])", "l:\n- b # b\n- c\n"},
      {"one item before another", "l:\n  # a\n  - a\n  # b\n  - b\n",
       R"([{"op":"add","path":"/l/0","value":"x"},{"op":"add","path":"/l/2","value":"w"}])",
       "l:\n  # a\n  - x\n  - a\n  - w\n  # b\n  - b\n"},
      {"in brackets", "m: {a: 1, b: 2, c: 3, d: [1, 2, 3, 4]}\n",
       R"([{"op":"remove","path":"/m/a"},{"op":"remove","path":"/m/b"},{"op":"remove","path":"/m/d/3"},{"op":"remove","path":"/m/d/2"}])",
       "m: {c: 3, d: [1, 2]}\n"},
  });
}

TEST_CASE("brackets stay brackets") {
  check({
      {"on one line", "m: {a: 1, b: [x]} # c\n",
       R"([{"op":"add","path":"/m/c","value":{"d":["e, f","1",1]}},{"op":"add","path":"/m/b/-","value":"y:z"}])",
       "m: {a: 1, b: [x, \"y:z\"], c: {d: [\"e, f\", \"1\", 1]}} # c\n"},
      {"with padding and a last comma", "m: { a: 1, }\n", R"([{"op":"add","path":"/m/b","value":2}])",
       "m: { a: 1, b: 2, }\n"},
      {"in lines", "m: {\n  a: 1, # a\n  b: 2 # b\n}\n", R"([{"op":"add","path":"/m/c","value":3}])",
       "m: {\n  a: 1, # a\n  b: 2, # b\n  c: 3\n}\n"},
      {"in lines with a last comma", "m: [\n    a,\n]\n", R"([{"op":"add","path":"/m/-","value":"b"}])",
       "m: [\n    a,\n    b,\n]\n"},
      {"in lines that hold several", "m: {\n  a: 1,\n  b: 2}\n", R"([{"op":"add","path":"/m/c","value":3}])",
       "m: {\n  a: 1,\n  b: 2, c: 3}\n"},
      {"scalars", "m: {a: 1, b: 'x', c: \"y\", d}\n",
       R"([{"op":"replace","path":"/m/a","value":2},{"op":"replace","path":"/m/b","value":"[z]"}])",
       "m: {a: 2, b: '[z]', c: \"y\", d}\n"},
      {"a pair without braces", "m: [a: 1, b]\n", R"([{"op":"add","path":"/m/-","value":"c"}])", "m: [a: 1, b, c]\n"},
  });
}

TEST_CASE("JSON stays JSON") {
  check({
      {"compact", R"({"a":{"b":1},"l":[1]})",
       R"([{"op":"add","path":"/a/c","value":{"d":"e","f":[1,2]}},{"op":"add","path":"/l/-","value":2}])",
       R"({"a":{"b":1,"c":{"d":"e","f":[1,2]}},"l":[1,2]})"},
      {"in one line", R"({"a": {"b": 1}, "e": {}})",
       R"([{"op":"add","path":"/a/c","value":{"d":"e","f":[1,2]}},{"op":"add","path":"/e/x","value":"y"}])",
       R"({"a": {"b": 1, "c": {"d": "e", "f": [1, 2]}}, "e": {"x": "y"}})"},
      {"in lines", "{\n  \"a\": {\n    \"b\": 1\n  },\n  \"e\": {},\n  \"l\": [\n    \"x\"\n  ]\n}\n",
       R"([{"op":"add","path":"/a/c","value":{"d":"e","f":[1]}},{"op":"add","path":"/e/x","value":"y"},{"op":"add","path":"/l/-","value":"y"},{"op":"add","path":"/z","value":[]}])",
       "{\n  \"a\": {\n    \"b\": 1,\n    \"c\": {\n      \"d\": \"e\",\n      \"f\": [\n        1\n      ]\n    }\n  "
       "},\n  \"e\": {\n    \"x\": \"y\"\n  },\n"
       "  \"l\": [\n    \"x\",\n    \"y\"\n  ],\n  \"z\": []\n}\n"},
      {"with four columns", "{\n    \"a\": {\n        \"b\": 1\n    }\n}",
       R"([{"op":"add","path":"/c","value":{"d":"e"}}])",
       "{\n    \"a\": {\n        \"b\": 1\n    },\n    \"c\": {\n        \"d\": \"e\"\n    }\n}"},
      {"with tabs", "{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n", R"([{"op":"add","path":"/a/c","value":{"d":"e"}}])",
       "{\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"c\": {\n\t\t\t\"d\": \"e\"\n\t\t}\n\t}\n}\n"},
  });
}

TEST_CASE("line breaks, marks and bytes around the edits stay") {
  check({
      {"CRLF", "a:\r\n  b: 1 # b\r\n  c: |\r\n    x\r\n# end\r\n",
       R"([{"op":"add","path":"/a/d","value":{"e":1}},{"op":"replace","path":"/a/b","value":2}])",
       "a:\r\n  b: 2 # b\r\n  c: |\r\n    x\r\n  d:\r\n    e: 1\r\n# end\r\n"},
      {"no line break at the end", "a:\n  b: 1 # b",
       R"([{"op":"add","path":"/a/c","value":1},{"op":"add","path":"/d","value":1}])", "a:\n  b: 1 # b\n  c: 1\nd: 1"},
      {"a byte-order mark",
       "\xEF\xBB\xBF"
       "a:\n  b: 1\nc: 1\n",
       R"([{"op":"add","path":"/a/c","value":1}])",
       "\xEF\xBB\xBF"
       "a:\n  b: 1\n  c: 1\nc: 1\n"},
      {"UTF-8", "ä: ü🚀 # ö\nm: {ß: 'ñ'}\nn: 1\n",
       R"([{"op":"replace","path":"/ä","value":"é"},{"op":"add","path":"/m/é","value":1}])",
       "ä: é # ö\nm: {ß: 'ñ', é: 1}\nn: 1\n"},
      {"tabs", "a:\t1\t# a\nb:\t{c:\t1}\n",
       R"([{"op":"replace","path":"/a","value":2},{"op":"add","path":"/b/d","value":1}])",
       "a:\t2\t# a\nb:\t{c:\t1, d: 1}\n"},
      {"document marks", "%YAML 1.2\n---  # doc\na:\n  b: 1\n... # end\n# more\n",
       R"([{"op":"add","path":"/a/c","value":1}])", "%YAML 1.2\n---  # doc\na:\n  b: 1\n  c: 1\n... # end\n# more\n"},
      {"on the line of the mark", "--- {a: 1}\n", R"([{"op":"add","path":"/b","value":1}])", "--- {a: 1, b: 1}\n"},
      {"keys in quotes, and typed ones", "\"a\" :\n  'b c': 1\n  yes: 2\n  0x10: 3\n",
       R"([{"op":"replace","path":"/a/b c","value":2},{"op":"replace","path":"/a/true","value":3},{"op":"replace","path":"/a/16","value":4}])",
       "\"a\" :\n  'b c': 2\n  yes: 3\n  0x10: 4\n"},
      {"tags", "a: !!str 5 # a\nb: !!map\n  c: 1\n",
       R"([{"op":"replace","path":"/a","value":"6"},{"op":"add","path":"/b/d","value":1}])",
       "a: \"6\" # a\nb: !!map\n  c: 1\n  d: 1\n"},
      {"a folded block, kept lines, and an indentation that is told",
       "a: >-\n  x\n  y\n\nb: |+\n  x\n\nc: |2-\n    x\nd:\n  e: |\n    # no comment\n",
       R"([{"op":"add","path":"/d/f","value":1}])",
       "a: >-\n  x\n  y\n\nb: |+\n  x\n\nc: |2-\n    x\nd:\n  e: |\n    # no comment\n  f: 1\n"},
  });
}

TEST_CASE("an anchor changes only where that is wanted") {
  check({
      {"an alias is written out", "a: &x # a\n  b: 1 # b\nc: *x # c\nd: 1\n",
       R"([{"op":"add","path":"/c/e","value":1}])", "a: &x # a\n  b: 1 # b\nc: # c\n  b: 1\n  e: 1\nd: 1\n"},
      {"an anchor is edited, its alias keeps the value", "a: &x\n  b: 1 # b\nc: *x\n",
       R"([{"op":"add","path":"/a/e","value":1}])", "a: &x\n  b: 1 # b\n  e: 1\nc:\n  b: 1\n"},
      {"both change alike", "a: &x\n  b: 1 # b\nc: *x\n",
       R"([{"op":"add","path":"/a/e","value":1},{"op":"add","path":"/c/e","value":1}])",
       "a: &x\n  b: 1 # b\n  e: 1\nc: *x\n"},
      {"a scalar", "a: &x 1\nb: *x\nc: *x\n", R"([{"op":"replace","path":"/b","value":2}])", "a: &x 1\nb: 2\nc: *x\n"},
      {"a scalar with the anchor", "a: &x 1\nb: *x\n", R"([{"op":"replace","path":"/a","value":2}])",
       "a: &x 2\nb: 1\n"},
      {"an anchor before nothing", "a: &x\nb: *x\n",
       R"([{"op":"replace","path":"/a","value":{"c":1}},{"op":"replace","path":"/b","value":{"c":1}}])",
       "a: &x\n  c: 1\nb: *x\n"},
      {"a merged member is overruled", "a: &x\n  b: 1\n  r: {m: 1}\nc:\n  <<: *x # as a\n  d: 1\ne: 1\n",
       R"([{"op":"add","path":"/c/r/o","value":1},{"op":"add","path":"/c/f","value":1}])",
       "a: &x\n  b: 1\n  r: {m: 1}\nc:\n  <<: *x # as a\n  d: 1\n  r:\n    m: 1\n    o: 1\n  f: 1\ne: 1\n"},
      {"what is merged changes, the merging map does not", "a: &x\n  b: 1\nc:\n  <<: *x\n  d: 1\n",
       R"([{"op":"replace","path":"/a/b","value":2}])", "a: &x\n  b: 2\nc:\n  <<: *x\n  d: 1\n  b: 1\n"},
      {"several are merged", "a: &x {b: 1}\ny: &y {b: 2, c: 2}\nc:\n  <<: [*x, *y]\n",
       R"([{"op":"replace","path":"/c/c","value":3}])",
       "a: &x {b: 1}\ny: &y {b: 2, c: 2}\nc:\n  <<: [*x, *y]\n  c: 3\n"},
  });
}

TEST_CASE("what cannot be edited is written anew, and its place is told") {
  struct Rewrite {
    std::string before, operations, after;
    Mark where;
  };
  const std::vector<Rewrite> cases = {
      {"# head\nm: # m\n  ? a\n  : 1\nn: 1 # n\n",
       R"([{"op":"replace","path":"/m/a","value":2}])",
       "# head\nm:\n  a: 2\nn: 1 # n\n",
       {3, 3}},
      {"a: &x {b: 1, c: 1}\nd:\n  <<: *x\n  # e\n  e: 1\n",
       R"([{"op":"remove","path":"/d/b"}])",
       "a: &x {b: 1, c: 1}\nd:\n  c: 1\n  e: 1\n",
       {3, 3}},
      {"m: [a: 1, b] # m\n", R"([{"op":"replace","path":"/m/0/a","value":2}])", "m: [{a: 2}, b] # m\n", {1, 5}},
      {"# head\n---\n# x\n? a\n: 1\n...\n",
       R"([{"op":"replace","path":"/a","value":2}])",
       "# head\n---\n# x\na: 2\n...\n",
       {1, 1}},
  };
  for (const Rewrite& c : cases) {
    INFO(c.before);
    const Edited after = edited(c.before, c.operations);
    CHECK(after.text == c.after);
    REQUIRE(after.rewritten.size() == 1);
    CHECK(after.rewritten[0].line == c.where.line);
    CHECK(after.rewritten[0].column == c.where.column);
  }
}

TEST_CASE("a stream is split into its documents, and nothing is lost") {
  struct Split {
    std::string text;
    std::vector<std::string> parts;
  };
  const std::vector<Split> cases = {
      {"", {}},
      {"# nothing\n---\n", {}},
      {"a: 1\n", {"a: 1\n"}},
      {"# head\n---\na: 1\n# foot\n---\n# two\nb: 2\n", {"# head\n---\na: 1\n# foot\n", "---\n# two\nb: 2\n"}},
      {"---\n---\na: 1\n---\n# empty\n---\nb: 2\n---\n", {"---\n---\na: 1\n---\n# empty\n", "---\nb: 2\n---\n"}},
      {"a: 1\n...\n# c\nb: 2\n", {"a: 1\n...\n# c\n", "b: 2\n"}},
      {"a: 1\n...\n%YAML 1.2\n---\nb: 2\n", {"a: 1\n...\n", "%YAML 1.2\n---\nb: 2\n"}},
      {"\xEF\xBB\xBF"
       "ä: 1\n--- {b: 2}\n--- ~\n",
       {"\xEF\xBB\xBF"
        "ä: 1\n",
        "--- {b: 2}\n", "--- ~\n"}},
  };
  for (const Split& c : cases) {
    INFO(c.text);
    const auto parts = split(c.text);
    REQUIRE(parts);
    CHECK(std::vector<std::string>(parts->begin(), parts->end()) == c.parts);
    CHECK(parts->size() == parse(c.text)->size());
  }
}

}  // namespace
}  // namespace plimsoll::yaml
