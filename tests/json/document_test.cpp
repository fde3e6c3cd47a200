#include "plimsoll/json/document.hpp"

#include <catch2/catch.hpp>
#include <cstdio>

namespace plimsoll::json {
namespace {

TEST_CASE("what is written reads back the same") {
  const auto document = Document::parse(R"({"a":[1,-2,1.5,"x\n",true,null,{}],"b":18446744073709551615})");
  REQUIRE(document.has_value());
  CHECK(write(document->root()) == R"({"a":[1,-2,1.5,"x\n",true,null,{}],"b":18446744073709551615})");
}

}  // namespace
}  // namespace plimsoll::json
