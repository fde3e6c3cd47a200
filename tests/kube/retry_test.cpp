#include "retry.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Kind = Setback::Kind;

TEST_CASE("a call is begun again where that cannot do harm, and only before its deadline") {
  struct Case {
    Setback setback;
    Course course;
    std::optional<milliseconds> want;
  };
  const std::optional<milliseconds> never;
  const std::vector<Case> cases{
      // Full jitter: from nothing to 0.2 s, doubled with each failure up to 5 s.
      {{Kind::NotSent}, {.failures = 1, .deadline = 30s, .random = 0}, 0ms},
      {{Kind::NotSent}, {.failures = 1, .deadline = 30s, .random = 0.5}, 100ms},
      {{Kind::NotSent}, {.failures = 2, .deadline = 30s, .random = 0.5}, 200ms},
      {{Kind::NotSent}, {.failures = 5, .deadline = 30s, .random = 0.5}, 1600ms},
      {{Kind::NotSent}, {.failures = 6, .deadline = 30s, .random = 0.5}, 2500ms},
      {{Kind::NotSent}, {.failures = 1'000'000, .deadline = 30s, .random = 0.5}, 2500ms},
      // What may have been done already is done again only when it changes nothing.
      {{Kind::Unclear}, {.effect = Effect::Reads, .deadline = 30s, .random = 0.5}, 100ms},
      {{Kind::Unclear}, {.effect = Effect::Writes, .deadline = 30s, .random = 0.5}, never},
      {{Kind::NotSent}, {.effect = Effect::Writes, .deadline = 30s, .random = 0.5}, 100ms},
      {{Kind::TurnedAway}, {.effect = Effect::Writes, .deadline = 30s, .random = 0.5}, 100ms},
      {{Kind::Final}, {.effect = Effect::Reads, .deadline = 30s, .random = 0.5}, never},
      {{Kind::Final, 1s}, {.effect = Effect::Reads, .deadline = 30s, .random = 0.5}, never},
      // The server's wish, and up to a quarter more; never less.
      {{Kind::TurnedAway, 4s}, {.deadline = 30s, .random = 0}, 4000ms},
      {{Kind::TurnedAway, 4s}, {.failures = 9, .deadline = 30s, .random = 0.5}, 4500ms},
      {{Kind::Unclear, 4s}, {.effect = Effect::Writes, .deadline = 30s}, never},
      // The deadline.
      {{Kind::NotSent}, {.elapsed = 29'899ms, .deadline = 30s, .random = 0.5}, 100ms},
      {{Kind::NotSent}, {.elapsed = 29'900ms, .deadline = 30s, .random = 0.5}, never},
      {{Kind::TurnedAway, 3600s}, {.deadline = 30s}, never},
      {{Kind::NotSent}, {.deadline = 0s}, never},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO("case " << i);
    CHECK(next_delay(cases[i].setback, cases[i].course) == cases[i].want);
  }
}

}  // namespace
}  // namespace plimsoll::kube
