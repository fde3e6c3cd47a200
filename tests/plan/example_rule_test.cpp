// The rule that CONTRIBUTING.md shows, as it stands there; tests/loopback/documents_test.py compares the two.
#include <catch2/catch.hpp>
#include <chrono>
#include <variant>

#include "given.hpp"
#include "rule.hpp"

namespace plimsoll::plan {
namespace rules {
namespace {

// clang-format off
// Long work prefers nodes that are not replaced every night.
void long_runs(const Input& input, Outcome& out) {
  const auto& duration = input.estimate.duration;
  if (!duration || duration->value < Duration(std::chrono::hours(8))) return;
  prefer_node(input, {.key = "example.com/nightly", .op = "DoesNotExist", .values = {}}, 50, "runs for 8h or more", out);
}
// clang-format on

}  // namespace
}  // namespace rules

namespace {

TEST_CASE("the rule that CONTRIBUTING.md shows plans what it says") {
  struct Case {
    std::string_view duration;
    std::size_t changes;
  };
  for (const Case& c : {Case{"9h", 1}, Case{"8h", 1}, Case{"7h59m", 0}}) {
    const auto object =
        given::pod("metadata: {annotations: {estimate.plimsoll.dev/duration: " + std::string(c.duration) +
                   "}}\nspec: {containers: [{name: a}]}");
    const config::Policy policy = given::policy("");
    const auto reading = estimate::read_estimate(object.workload, policy, policy.base, {});
    const Creator creator;
    const Input input{.workload = object.workload,
                      .estimate = reading.estimate,
                      .settings = policy.base,
                      .creator = creator,
                      .subject = make_subject(object.workload, reading.estimate),
                      .foreign_sizing = {},
                      .gpu = {},
                      .band = {},
                      .kueue = {},
                      .volcano = nullptr,
                      .wanted_containers = {}};
    Outcome out;
    rules::long_runs(input, out);
    INFO(c.duration);
    REQUIRE(out.changes.size() == c.changes);
    if (c.changes == 0) continue;
    const auto* preferred = std::get_if<PreferNode>(&out.changes[0].edit);
    REQUIRE(preferred != nullptr);
    CHECK(preferred->requirement.key == "example.com/nightly");
    CHECK(preferred->weight == 50);
    CHECK(out.changes[0].reason == "runs for 8h or more");
  }
}

}  // namespace
}  // namespace plimsoll::plan
