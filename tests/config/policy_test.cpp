#include "plimsoll/config/policy.hpp"

#include <catch2/catch.hpp>

namespace plimsoll::config {
TEST_CASE("smoke") {
  const auto p = parse_policy("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n");
  REQUIRE(p.has_value());
}
}
