// Sums by how they are divided.
#include "split.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

namespace plimsoll::plan {
namespace {

using Role = workload::Container::Role;

Part has(std::int64_t fixed, Role role = Role::App) {
  return {.role = role, .fixed = fixed};
}
Part takes(Role role = Role::App, std::int64_t least = 0, std::int64_t weight = 1) {
  return {.role = role, .weight = weight, .least = least};
}

TEST_CASE("a sum is divided among those that run together") {
  struct Case {
    std::string_view name;
    std::int64_t total;
    std::vector<Part> parts;
    std::vector<std::int64_t> want;
    std::int64_t step = 1;
  };
  const Case cases[] = {
      {"one takes all", 100, {takes()}, {100}},
      {"one takes what the others leave", 100, {has(30), takes()}, {30, 70}},
      {"several take even shares", 100, {takes(), has(40), takes()}, {30, 40, 30}},
      {"the first gets what is over", 100, {takes(), takes(), takes()}, {34, 33, 33}},
      {"in whole steps", 100, {takes(), takes(), takes()}, {40, 30, 30}, 10},
      {"a step larger than a share", 10, {takes(), takes()}, {10, 0}, 100},
      {"by weight", 100, {takes(Role::App, 0, 3), takes(Role::App, 0, 1)}, {75, 25}},
      {"who needs more is served first", 100, {takes(), takes(Role::App, 80), takes()}, {10, 80, 10}},
      {"serving one can starve another, who is served then",
       100,
       {takes(Role::App, 30), takes(Role::App, 70), takes()},
       {30, 70, 0}},
      {"least shares are given although the sum is used up", 10, {has(50), takes(Role::App, 5)}, {50, 5}},
      {"nobody takes anything", 100, {has(30), has(0)}, {30, 0}},
      {"a sidecar is one of them", 100, {takes(), takes(Role::Sidecar)}, {50, 50}},
      {"an init container may have it all", 100, {takes(), takes(Role::Init)}, {100, 100}},
      {"... but for the sidecars before it", 100, {takes(), has(20, Role::Sidecar), takes(Role::Init)}, {80, 20, 80}},
      {"... not those after it", 100, {takes(), takes(Role::Init), has(20, Role::Sidecar)}, {80, 100, 20}},
      {"... nor less than its least", 100, {takes(), has(90, Role::Sidecar), takes(Role::Init, 30)}, {10, 90, 30}},
      {"what an init container has takes from nobody", 100, {takes(), has(90, Role::Init)}, {100, 90}},
      {"sums beyond 64 bits on the way",
       INT64_MAX,
       {takes(Role::App, 0, INT64_MAX), takes(Role::App, 0, INT64_MAX)},
       {INT64_MAX / 2 + 1, INT64_MAX / 2}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(split(c.total, c.parts, c.step) == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::plan
