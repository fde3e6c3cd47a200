// What stands there, what is wanted, and what shall stand there.
#include "settle.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string_view>

namespace plimsoll::plan {
namespace {

using config::Authored;
using config::Confidence;

std::optional<MilliCpu> cpu(std::int64_t milli) {
  return milli < 0 ? std::nullopt : std::optional(MilliCpu(milli));
}

TEST_CASE("an author's size is kept, raised or replaced, together with its limit") {
  constexpr std::int64_t kNone = -1;
  struct Case {
    std::string_view name;
    Authored treatment;
    std::int64_t request, limit;            // written
    std::int64_t wanted, wanted_limit;      // by the policy
    std::int64_t want_request, want_limit;  // settled
  };
  const Case cases[] = {
      {"missing", Authored::Keep, kNone, kNone, 100, kNone, 100, kNone},
      {"missing, with a limit", Authored::Keep, kNone, kNone, 100, 150, 100, 150},
      {"kept", Authored::Keep, 50, 80, 100, 100, 50, 80},
      {"kept, the limit added", Authored::Keep, 200, kNone, 100, 100, 200, 200},
      {"raised", Authored::Raise, 50, 80, 100, kNone, 100, 100},
      {"raised, never lowered", Authored::Raise, 200, 400, 100, 100, 200, 400},
      {"raised, a limit alone", Authored::Raise, kNone, 50, 100, 100, kNone, 100},
      {"replaced upwards, in proportion", Authored::Replace, 50, 100, 100, 100, 100, 200},
      {"replaced downwards, in proportion", Authored::Replace, 400, 600, 100, 100, 100, 150},
      {"replaced, equal stays equal", Authored::Replace, 400, 400, 100, 200, 100, 100},
      {"replaced, a little room stays a little room", Authored::Replace, 1000, 1001, 10, 10, 10, 11},
      {"replaced, the limit added", Authored::Replace, 400, kNone, 100, 150, 100, 150},
      {"replaced, no limit wanted", Authored::Replace, 400, kNone, 100, kNone, 100, kNone},
      {"replaced, a limit alone", Authored::Replace, kNone, 400, 100, 200, kNone, 100},
      {"replaced, nothing was asked for", Authored::Replace, 0, 50, 100, kNone, 100, 100},
      {"replaced, nothing was asked for, with room", Authored::Replace, 0, 500, 100, kNone, 100, 500},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const Pair<MilliCpu> settled =
        settle<MilliCpu>({cpu(c.request), cpu(c.limit)}, {cpu(c.wanted), cpu(c.wanted_limit)}, c.treatment);
    CHECK(settled == Pair<MilliCpu>{cpu(c.want_request), cpu(c.want_limit)});
  }
}

TEST_CASE("only a sure estimate that is far away replaces") {
  struct Case {
    std::int64_t written, wanted;
    std::int64_t factor_thousandths;
    Confidence confidence, least;
    Authored want;
  };
  const Case cases[] = {
      {400, 200, 2000, Confidence::Medium, Confidence::Medium, Authored::Replace},
      {399, 200, 2000, Confidence::Medium, Confidence::Medium, Authored::Keep},
      {100, 200, 2000, Confidence::Medium, Confidence::Medium, Authored::Replace},
      {101, 200, 2000, Confidence::Medium, Confidence::Medium, Authored::Keep},
      {400, 200, 2000, Confidence::Low, Confidence::Medium, Authored::Keep},
      {400, 200, 2000, Confidence::Medium, Confidence::High, Authored::Keep},
      {400, 200, 2000, Confidence::High, Confidence::High, Authored::Replace},
      {400, 200, 2000, Confidence::Low, Confidence::Low, Authored::Replace},
      {201, 200, 1000, Confidence::Medium, Confidence::Medium, Authored::Replace},
      {200, 200, 1000, Confidence::Medium, Confidence::Medium, Authored::Keep},
      {0, 1, 100'000, Confidence::Medium, Confidence::Medium, Authored::Replace},
  };
  for (const Case& c : cases) {
    INFO(c.written << " " << c.wanted << " " << c.factor_thousandths);
    config::Resources policy;
    policy.authored = Authored::Replace;
    policy.replace = {Ratio::from_thousandths(c.factor_thousandths), c.least};
    CHECK(choose_treatment(MilliCpu(c.written), MilliCpu(c.wanted), policy, c.confidence) == c.want);
    policy.authored = Authored::Raise;
    CHECK(choose_treatment(MilliCpu(c.written), MilliCpu(c.wanted), policy, c.confidence) == Authored::Raise);
  }
}

}  // namespace
}  // namespace plimsoll::plan
