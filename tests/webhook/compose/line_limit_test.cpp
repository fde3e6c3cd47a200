#include "webhook/compose/line_limit.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace plimsoll::webhook;
using namespace std::chrono_literals;

using Limit = LineLimit;
using Told = std::optional<std::int64_t>;

TEST_CASE("one line a second passes, and says how many did not") {
  struct Case {
    std::chrono::milliseconds at;
    Told want;
  };
  const Case cases[] = {
      {0ms, 0},      {0ms, {}},      {1ms, {}},
      {999ms, {}},   {1'000ms, 3},  // a second after the last, not at the next second
      {1'999ms, {}}, {2'500ms, 1},   {3'499ms, {}},
      {1h, 1},       {1h + 1ms, {}},
  };
  Limit limit;
  for (const auto& [at, want] : cases) {
    CAPTURE(at.count());
    CHECK(limit.pass("a", Limit::Time(at)) == want);
  }
}

TEST_CASE("causes do not keep each other back") {
  Limit limit;
  CHECK(limit.pass("a", Limit::Time(5s)) == Told(0));
  CHECK(limit.pass("b", Limit::Time(5s)) == Told(0));
  CHECK(limit.pass("b", Limit::Time(5s)) == Told());
  CHECK(limit.pass("a", Limit::Time(7s)) == Told(0));
  CHECK(limit.pass("b", Limit::Time(7s)) == Told(1));
}

TEST_CASE("of threads that come at once one passes, and no line is lost from the count") {
  constexpr int kThreads = 4;
  constexpr int kLines = 1'000;
  Limit limit;
  std::atomic<std::int64_t> passed{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (int line = 0; line < kLines; ++line)
        if (limit.pass("a", Limit::Time(5s))) ++passed;
    });
  threads.clear();
  CHECK(passed == 1);
  CHECK(limit.pass("a", Limit::Time(6s)) == Told(kThreads * kLines - 1));
}

TEST_CASE("causes without end share one line a second") {
  LineLimit limit;
  int passed = 0;
  for (std::size_t i = 0; i < 10 * LineLimit::kMostCauses; ++i)
    if (limit.pass("cause " + std::to_string(i), Limit::Time(5s))) ++passed;
  CHECK(passed == LineLimit::kMostCauses + 1);
  CHECK(limit.pass("cause 0", Limit::Time(6s)) == Told(0));
  CHECK(limit.pass("new", Limit::Time(6s)) == Told(9 * LineLimit::kMostCauses - 1));
}
