#include "plimsoll/json/tree.hpp"

#include <catch2/catch.hpp>
#include <optional>

namespace plimsoll::json {
namespace {

Document parsed(const std::string& text) {
  auto document = Document::parse(text);
  INFO(text);
  REQUIRE(document.has_value());
  return std::move(document).value();
}

// One operation on one document; `want` is the document afterwards, or what the refusal says.
struct Case {
  const char *document, *op, *path, *value;
  const char *want, *refusal;
};

Result<void> perform(Tree& tree, const Case& c, View value) {
  const std::string_view op = c.op;
  const Pointer at{std::string(c.path)};
  if (op == "add") return tree.add(at, value);
  if (op == "remove") return tree.remove(at);
  return tree.replace(at, value);
}

// Behaviour of gopkg.in/evanphx/json-patch.v4 v4.13.0, whose patch.go says the same in findObject, partialDoc and
// partialArray.
TEST_CASE("operations follow the library that the API server applies patches with") {
  const Case cases[] = {
      // Members.
      {R"({"a":1})", "add", "/b", "2", R"({"a":1,"b":2})", nullptr},
      {R"({"a":1,"b":0})", "add", "/a", "2", R"({"a":2,"b":0})", nullptr},
      {R"({})", "add", "/", "2", R"({"":2})", nullptr},
      {R"({})", "add", "/a~1b~0c", "2", R"({"a/b~c":2})", nullptr},
      {R"({})", "add", "/~01", "2", R"({"~1":2})", nullptr},
      {R"({})", "add", "/-", "2", R"({"-":2})", nullptr},
      {R"({})", "add", "/0", "2", R"({"0":2})", nullptr},
      {R"({})", "add", "/a", R"({"b":[null,"x"]})", R"({"a":{"b":[null,"x"]}})", nullptr},
      {R"({"a":1,"b":2,"c":3})", "remove", "/b", "", R"({"a":1,"c":3})", nullptr},
      {R"({"a":null})", "remove", "/a", "", R"({})", nullptr},
      {R"({"a":1})", "remove", "/b", "", nullptr, R"(there is no member "b" to remove)"},
      {R"({"a":1})", "replace", "/a", "[]", R"({"a":[]})", nullptr},
      {R"({"a":1})", "replace", "/b", "2", R"({"a":1,"b":2})", nullptr},  // unlike RFC 6902
      // Parents.
      {R"({"a":{"b":{}}})", "add", "/a/b/c", "1", R"({"a":{"b":{"c":1}}})", nullptr},
      {R"({})", "add", "/a/b", "1", nullptr, R"("/a" does not exist)"},
      {R"({"a":{}})", "add", "/a/b/c/d", "1", nullptr, R"("/a/b" does not exist)"},
      {R"({"a":null})", "add", "/a/b", "1", nullptr, R"("/a" is null and has no members)"},
      {R"({"a":null})", "remove", "/a/b", "", nullptr, R"("/a" is null and has no members)"},
      {R"({"a":null})", "replace", "/a/b", "1", nullptr, R"("/a" is null and has no members)"},
      {R"({"a":"x"})", "add", "/a/b", "1", nullptr, R"("/a" is a string and has no members)"},
      {R"({"a":7})", "add", "/a/b/c", "1", nullptr, R"("/a" is a number and has no members)"},
      {R"({"a":true})", "add", "/a/-", "1", nullptr, R"("/a" is a boolean and has no members)"},
      {R"([null])", "add", "/0/b", "1", nullptr, R"("/0" is null and has no members)"},
      // The whole document.
      {R"({"a":1})", "add", "", "{}", nullptr, "the whole document can only be replaced"},
      {R"({"a":1})", "remove", "", "", nullptr, "the whole document can only be replaced"},
      {R"({"a":1})", "replace", "", R"({"b":2})", R"({"b":2})", nullptr},
      {R"({"a":1})", "replace", "", "[1]", "[1]", nullptr},
      {R"({"a":1})", "replace", "", "1", nullptr, "only be replaced by an object or an array"},
      {R"({"a":1})", "replace", "", "null", nullptr, "only be replaced by an object or an array"},
      // Elements.
      {"[1,2]", "add", "/0", "0", "[0,1,2]", nullptr},
      {"[1,2]", "add", "/1", "0", "[1,0,2]", nullptr},
      {"[1,2]", "add", "/2", "0", "[1,2,0]", nullptr},
      {"[1,2]", "add", "/-", "0", "[1,2,0]", nullptr},
      {"[]", "add", "/-", "0", "[0]", nullptr},
      {"[]", "add", "/0", "0", "[0]", nullptr},
      {"[1,2]", "add", "/3", "0", nullptr, "index 3 is outside an array of 2"},
      {"[1,2]", "add", "/-1", "0", "[1,2,0]", nullptr},  // counted on the longer array
      {"[1,2]", "add", "/-3", "0", "[0,1,2]", nullptr},
      {"[1,2]", "add", "/-4", "0", nullptr, "index -4 is outside an array of 2"},
      {"[1,2]", "add", "/+1", "0", "[1,0,2]", nullptr},
      {"[1,2]", "add", "/01", "0", "[1,0,2]", nullptr},
      {"[1,2]", "add", "/-0", "0", "[0,1,2]", nullptr},
      {"[1,2]", "add", "/x", "0", nullptr, R"("x" is no array index)"},
      {"[1,2]", "add", "/1.0", "0", nullptr, R"("1.0" is no array index)"},
      {"[1,2]", "add", "/", "0", nullptr, R"("" is no array index)"},
      {"[1,2]", "add", "/+-1", "0", nullptr, R"("+-1" is no array index)"},
      {"[1,2]", "add", "/99999999999999999999", "0", nullptr, R"("99999999999999999999" is no array index)"},
      {"[1,2,3]", "remove", "/1", "", "[1,3]", nullptr},
      {"[1,2,3]", "remove", "/-1", "", "[1,2]", nullptr},
      {"[1,2,3]", "remove", "/-3", "", "[2,3]", nullptr},
      {"[1]", "remove", "/0", "", "[]", nullptr},
      {"[1,2,3]", "remove", "/3", "", nullptr, "index 3 is outside an array of 3"},
      {"[1,2,3]", "remove", "/-4", "", nullptr, "index -4 is outside an array of 3"},
      {"[1,2,3]", "remove", "/-", "", nullptr, R"("-" is no array index)"},
      {"[]", "remove", "/0", "", nullptr, "index 0 is outside an array of 0"},
      {"[1,2,3]", "replace", "/1", "0", "[1,0,3]", nullptr},
      {"[1,2,3]", "replace", "/-1", "0", "[1,2,0]", nullptr},
      {"[1,2,3]", "replace", "/3", "0", nullptr, "index 3 is outside an array of 3"},
      {"[1,2,3]", "replace", "/-", "0", nullptr, R"("-" is no array index)"},
      {R"([{"a":[1]},{}])", "add", "/0/a/-", "2", R"([{"a":[1,2]},{}])", nullptr},
      {R"([{"a":1},{"b":2}])", "add", "/-1/c", "3", R"([{"a":1},{"b":2,"c":3}])", nullptr},
      {R"([{"a":1}])", "add", "/1/c", "3", nullptr, R"("/1" does not exist)"},
      {R"([{"a":1}])", "add", "/-/c", "3", nullptr, R"("/-" does not exist)"},
      // Whatever stands at the root.
      {"null", "add", "/a", "1", nullptr, R"("" is null and has no members)"},
      {"1", "replace", "", "{}", "{}", nullptr},
  };
  for (const Case& c : cases) {
    INFO(c.op << ' ' << c.path << ' ' << c.value << " on " << c.document);
    const Document document = parsed(c.document);
    Tree tree(document.root());
    const std::optional<Document> value = *c.value == '\0' ? std::nullopt : std::optional(parsed(c.value));
    const Result<void> outcome = perform(tree, c, value ? value->root() : View());
    if (c.want != nullptr) {
      REQUIRE(outcome.has_value());
      CHECK(write(tree.root()) == c.want);
      continue;
    }
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == ErrorCode::Invalid);
    CHECK(outcome.error().where == c.path);
    CHECK_THAT(outcome.error().message, Catch::Contains(c.refusal));
    CHECK(write(tree.root()) == c.document);
  }
}

TEST_CASE("a change touches the tree and never what it was copied from") {
  const std::string text =
      R"({"short":"s","long":"a text that is too long to be stored in a value itself","list":[1,2,3]})";
  const Document document = parsed(text);
  Tree tree(document.root());
  REQUIRE(tree.replace(Pointer("/long"), document.root()["short"]).has_value());
  REQUIRE(tree.remove(Pointer("/list/0")).has_value());
  REQUIRE(tree.add(Pointer("/list/-"), document.root()["list"]).has_value());
  CHECK(write(document.root()) == text);
  CHECK(write(tree.root()) == R"({"short":"s","long":"s","list":[2,3,[1,2,3]]})");
}

TEST_CASE("what is added in two places is changed in one of them only, and never where it came from") {
  const Document document = parsed("{}");
  const Document value = parsed(R"({"list":[1]})");
  Tree tree(document.root());
  REQUIRE(tree.add(Pointer("/a"), value.root()).has_value());
  REQUIRE(tree.add(Pointer("/b"), value.root()).has_value());
  REQUIRE(tree.add(Pointer("/b/list/-"), value.root()).has_value());
  REQUIRE(tree.remove(Pointer("/b/list/1/list/0")).has_value());
  CHECK(write(value.root()) == R"({"list":[1]})");
  Tree moved = std::move(tree);
  CHECK(write(moved.root()) == R"({"a":{"list":[1]},"b":{"list":[1,{"list":[]}]}})");
}

TEST_CASE("a missing view is null when it is added, copied or written") {
  const Document document = parsed("{}");
  Tree tree(document.root());
  REQUIRE(tree.add(Pointer("/a"), View()).has_value());
  CHECK(write(tree.root()) == R"({"a":null})");
  CHECK(Tree(View()).add(Pointer("/a"), View()).has_value() == false);
}

TEST_CASE("nothing can be added below the deepest level") {
  const Document document = parsed(R"({"a":{}})");
  const Document deepest = parsed(std::string(kMaxDepth - 1, '[') + std::string(kMaxDepth - 1, ']'));
  Tree tree(document.root());
  REQUIRE(tree.add(Pointer("/ok"), deepest.root()).has_value());
  for (const auto& outcome :
       {tree.add(Pointer("/a/b"), deepest.root()), tree.replace(Pointer("/a/b"), deepest.root())}) {
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == ErrorCode::TooLarge);
    CHECK(outcome.error().where == "/a/b");
  }
  REQUIRE(tree.replace(Pointer(), deepest.root()).has_value());
  Pointer bottom;
  for (std::size_t level = 1; level < kMaxDepth - 1; ++level) bottom = bottom / 0;
  const Document array = parsed("[[]]");
  CHECK(tree.add(bottom / "-", array.root()["missing"]).has_value());
  CHECK(tree.add(bottom / "-", array.root()[0]).has_value());
  CHECK_FALSE(tree.add(bottom / "-", array.root()).has_value());
}

TEST_CASE("an object or array grows as far as it is asked to") {
  const Document document = parsed(R"({"o":{},"a":[]})");
  const Document value = parsed("1");
  Tree tree(document.root());
  for (int i = 0; i < 1'000; ++i) {
    REQUIRE(tree.add(Pointer("/o") / ("k" + std::to_string(i)), value.root()).has_value());
    REQUIRE(tree.add(Pointer("/a/0"), value.root()).has_value());
  }
  CHECK(tree.root()["o"].size() == 1'000);
  CHECK(tree.root()["a"].size() == 1'000);
  CHECK(tree.root()["o"]["k999"].integer() == 1);
}

}  // namespace
}  // namespace plimsoll::json
