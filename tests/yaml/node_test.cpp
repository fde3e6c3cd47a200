#include <catch2/catch.hpp>

#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

Node parsed(std::string_view text) {
  auto documents = parse(text);
  REQUIRE(documents.has_value());
  REQUIRE(documents->size() == 1);
  return std::move(documents->front());
}

TEST_CASE("members are found by the name that JSON gives them") {
  const Node map = parsed("a: 1\n\"b\": 2\n0x10: 3\non: 4\n");
  CHECK(map.find("a")->text == "1");
  CHECK(map.find("b")->text == "2");
  CHECK(map.find("16")->text == "3");
  CHECK(map.find("true")->text == "4");
  CHECK(map.find("on") == nullptr);
  CHECK(map.find("c") == nullptr);
  CHECK(parsed("[a]").find("a") == nullptr);
  CHECK(parsed("a").find("a") == nullptr);
}

TEST_CASE("truth is what a boolean says, whatever its spelling") {
  CHECK(parsed("yes").truth());
  CHECK(parsed("TRUE").truth());
  CHECK_FALSE(parsed("off").truth());
  CHECK_FALSE(parsed("'yes'").truth());
  CHECK_FALSE(parsed("1").truth());
}

TEST_CASE("scalars are told from collections") {
  CHECK(parsed("a").is_scalar());
  CHECK(parsed("~").is_scalar());
  CHECK_FALSE(parsed("[]").is_scalar());
  CHECK_FALSE(parsed("{}").is_scalar());
}

TEST_CASE("JSON is compact and keeps the order of the members") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"z: 1\na: [x, {}, []]\n\"q\\\"\": \"\\\\ \\n \\x01 é\"", R"({"z":1,"a":["x",{},[]],"q\"":"\\ \n \u0001 é"})"},
      {"- ~\n- yes\n- 0b11\n- 1.50\n- text", R"([null,true,3,1.5,"text"])"},
      {"just text", R"("just text")"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(to_json(parsed(c.in)) == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::yaml
