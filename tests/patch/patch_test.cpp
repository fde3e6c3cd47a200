#include "plimsoll/patch/patch.hpp"

#include <catch2/catch.hpp>

namespace plimsoll::patch {
namespace {

using json::Pointer;
using Op = Operation::Op;

json::Document parsed(const std::string& text) {
  auto document = json::Document::parse(text);
  INFO(text);
  REQUIRE(document.has_value());
  return std::move(document).value();
}

// An operation as it is written here: its value as JSON text, empty for none.
struct Written {
  Op op;
  Pointer path;
  std::string value = {};
};

Patch made(const std::vector<Written>& operations) {
  const auto values = std::make_shared<json::Builder>();
  Patch patch{.values = values};
  for (const Written& each : operations) {
    const auto value = each.value.empty() ? std::nullopt : std::optional(parsed(each.value));
    patch.operations.push_back({each.op, each.path, value ? values->copy(value->root()) : json::View()});
  }
  return patch;
}

TEST_CASE("a patch is written in its order and reads back the same") {
  const Patch patch = made({
      {Op::Add, Pointer("/metadata/annotations"), "{}"},
      {Op::Add, Pointer() / "metadata" / "annotations" / "plimsoll.dev/decision", R"("\"quoted\" \u2028")"},
      {Op::Replace, Pointer("/spec/a~0b"), R"([1,null,{"x":-0.5}])"},
      {Op::Remove, Pointer("/spec/c")},
  });
  const std::string text =
      R"([{"op":"add","path":"/metadata/annotations","value":{}},)"
      R"({"op":"add","path":"/metadata/annotations/plimsoll.dev~1decision","value":"\"quoted\" \u2028"},)"
      R"({"op":"replace","path":"/spec/a~0b","value":[1,null,{"x":-0.5}]},)"
      R"({"op":"remove","path":"/spec/c"}])";
  CHECK(write_patch(patch) == text);
  const auto again = parse_patch(text);
  REQUIRE(again.has_value());
  CHECK(*again == patch);
  CHECK(write_patch({}) == "[]");
  CHECK(parse_patch(" [ ] ").value().empty());
}

TEST_CASE("what is no patch of the three operations is refused, with its place") {
  struct Case {
    const char *text, *where, *message;
  };
  const Case cases[] = {
      {"", "byte 0", "not JSON"},
      {"{}", "", "a patch is an array of operations"},
      {"null", "", "a patch is an array of operations"},
      {"[1]", "/0", "an operation is an object"},
      {R"([{"op":"add","path":"/a","value":1},null])", "/1", "an operation is an object"},
      {R"([{"path":"/a"}])", "/0/op", "op is missing or no string: add, remove or replace"},
      {R"([{"op":1,"path":"/a"}])", "/0/op", "op is missing or no string"},
      {R"([{"op":"test","path":"/a","value":1}])", "/0/op", R"("test" is no operation that is known here)"},
      {R"([{"op":"move","path":"/a","from":"/b"}])", "/0/op", R"("move" is no operation)"},
      {R"([{"op":"Add","path":"/a","value":1}])", "/0/op", "did you mean add?"},
      {R"([{"op":"remvoe","path":"/a"}])", "/0/op", "did you mean remove?"},
      {R"([{"op":"add","value":1}])", "/0/path", "path is missing or no string"},
      {R"([{"op":"add","path":["a"],"value":1}])", "/0/path", "path is missing or no string"},
      {R"([{"op":"add","path":"a","value":1}])", "/0/path", R"("a" is no JSON Pointer)"},
      {R"([{"op":"add","path":"/a~","value":1}])", "/0/path", "~ is written ~0"},
      {R"([{"op":"add","path":"/a~2","value":1}])", "/0/path", "is no JSON Pointer"},
      {R"([{"op":"add","path":"/a"}])", "/0/value", "add needs a value"},
      {R"([{"op":"replace","path":"/a"}])", "/0/value", "replace needs a value"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto patch = parse_patch(c.text);
    REQUIRE_FALSE(patch.has_value());
    CHECK(patch.error().where == c.where);
    CHECK_THAT(patch.error().message, Catch::Contains(c.message));
  }
}

TEST_CASE("operations are applied in order, each to the result of those before") {
  const json::Document target = parsed(R"({"metadata":{"name":"j"},"spec":{"containers":[{"name":"a"}],"old":1}})");
  const Patch patch = made({
      {Op::Add, Pointer("/metadata/annotations"), "{}"},
      {Op::Add, Pointer() / "metadata" / "annotations" / "a/b", R"("v")"},
      {Op::Add, Pointer("/spec/containers/0/resources"), R"({"requests":{}})"},
      {Op::Add, Pointer() / "spec" / "containers" / 0 / "resources" / "requests" / "nvidia.com/gpu", R"("1")"},
      {Op::Add, Pointer("/spec/tolerations"), "[]"},
      {Op::Add, Pointer("/spec/tolerations/-"), R"({"key":"k"})"},
      {Op::Remove, Pointer("/spec/old")},
      {Op::Replace, Pointer("/metadata/name"), R"("k")"},
  });
  const auto applied = apply(target.root(), patch);
  REQUIRE(applied.has_value());
  CHECK(
      json::write(applied->root()) ==
      R"({"metadata":{"name":"k","annotations":{"a/b":"v"}},)"
      R"("spec":{"containers":[{"name":"a","resources":{"requests":{"nvidia.com/gpu":"1"}}}],"tolerations":[{"key":"k"}]}})");
  const auto untouched = apply(target.root(), {});
  REQUIRE(untouched.has_value());
  CHECK(untouched->root() == target.root());
}

TEST_CASE("the first operation that does not apply is named") {
  const json::Document target = parsed(R"({"spec":null})");
  struct Case {
    Written operation;
    ErrorCode code;
    const char* message;
  };
  const Case cases[] = {
      {{Op::Add, Pointer("/spec/a"), "1"},
       ErrorCode::Invalid,
       R"(operation 1, add at "/spec/a": "/spec" is null and has no members)"},
      {{Op::Remove, Pointer("/b")},
       ErrorCode::Invalid,
       R"(operation 1, remove at "/b": there is no member "b" to remove)"},
      {{Op::Replace, Pointer("/list/0"), "1"},
       ErrorCode::Invalid,
       R"(operation 1, replace at "/list/0": index 0 is outside an array of 0)"},
      {{Op::Add, Pointer("/list/-"), std::string(json::kMaxDepth, '[') + std::string(json::kMaxDepth, ']')},
       ErrorCode::TooLarge,
       "nested deeper"},
  };
  for (const Case& c : cases) {
    const Patch patch = made({{Op::Add, Pointer("/list"), "[]"}, c.operation});
    const auto applied = apply(target.root(), patch);
    REQUIRE_FALSE(applied.has_value());
    CHECK(applied.error().code == c.code);
    CHECK(applied.error().where == c.operation.path.text());
    CHECK_THAT(applied.error().message, Catch::Contains(c.message));
  }
}

}  // namespace
}  // namespace plimsoll::patch
