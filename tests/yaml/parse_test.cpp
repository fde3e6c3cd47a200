#include <catch2/catch.hpp>

#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

TEST_CASE("a map keeps its members in order and knows where they stand") {
  const auto parsed = parse("# policy\nb: 1\na:\n  - x\n  - y: yes\n");
  REQUIRE(parsed.has_value());
  REQUIRE(parsed->size() == 1);
  const Node& root = parsed->front();
  REQUIRE(root.entries.size() == 2);
  CHECK(root.entries[0].key.text == "b");
  CHECK(root.entries[0].key.mark == Mark{2, 1});
  CHECK(root.entries[0].value.mark == Mark{2, 4});
  CHECK(root.find("a")->items[0].mark == Mark{4, 5});
}

}  // namespace
}  // namespace plimsoll::yaml
