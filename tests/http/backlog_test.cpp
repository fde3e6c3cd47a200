// What a newcomer is told of the line before him.
#include "backlog.hpp"

#include <catch2/catch.hpp>

namespace plimsoll::http {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBytes = 8192;

/// A thread that has answered `count` requests of kBytes, one after the other, in `each` time.
Backlog busy_one(int count, std::chrono::milliseconds each, Backlog::Clock::time_point& now) {
  Backlog backlog;
  for (int i = 0; i < count; ++i) {
    backlog.join(kBytes, now);
    now += each;
    backlog.leave(kBytes, now);
  }
  return backlog;
}

TEST_CASE("the wait is what the last requests took, for each that stands before, and one's own") {
  Backlog::Clock::time_point now{};
  Backlog backlog = busy_one(100, 10ms, now);
  CHECK(backlog.is_empty());
  for (int i = 0; i < 9; ++i) backlog.join(kBytes, now);
  CHECK(backlog.wait_of(kBytes).count() == Approx(0.1));
  CHECK(backlog.wait_of(0) < 100ms);
  CHECK(backlog.wait_of(10 * kBytes) > 150ms);
  now += 10ms;
  backlog.leave(kBytes, now);
  CHECK(backlog.wait_of(kBytes).count() == Approx(0.09));
}

TEST_CASE("nobody waits where nobody stands, and nothing is known before the first answer") {
  Backlog::Clock::time_point now{};
  CHECK(busy_one(10, 5'000ms, now).wait_of(kBytes) == Seconds{});
  Backlog fresh;
  fresh.join(kBytes, now);
  CHECK(fresh.wait_of(kBytes) == Seconds{});
}

TEST_CASE("time between requests is not counted, time that others take of the thread is") {
  Backlog::Clock::time_point now{};
  Backlog idle_between;
  for (int i = 0; i < 50; ++i) {
    now += 1h;
    idle_between.join(kBytes, now);
    now += 1ms;
    idle_between.leave(kBytes, now);
  }
  idle_between.join(kBytes, now);
  CHECK(idle_between.wait_of(kBytes).count() == Approx(0.002));

  Backlog interrupted;  // a millisecond of work and nine of handshakes, while the next one waits
  interrupted.join(kBytes, now);
  for (int i = 0; i < 200; ++i) {
    interrupted.join(kBytes, now);
    now += 10ms;
    interrupted.leave(kBytes, now);
  }
  CHECK(interrupted.wait_of(kBytes).count() == Approx(0.02));
}

TEST_CASE("one long pause is forgotten after some hundred requests") {
  Backlog::Clock::time_point now{};
  Backlog backlog = busy_one(1, 1'000ms, now);
  backlog.join(kBytes, now);
  CHECK(backlog.wait_of(kBytes) > 1s);
  for (int i = 0; i < 500; ++i) {
    backlog.join(kBytes, now);
    now += 1ms;
    backlog.leave(kBytes, now);
  }
  CHECK(backlog.wait_of(kBytes) < 5ms);
}

TEST_CASE("what is read between the answers counts in full at the end of a round, when the next are judged") {
  Backlog::Clock::time_point now{};
  Backlog backlog;
  backlog.join(kBytes, now);
  for (int round = 0; round < 100; ++round) {
    now += 10ms;  // refusals
    for (int i = 0; i < 10; ++i) {
      backlog.join(kBytes, now);
      now += 1ms;
      backlog.leave(kBytes, now);
    }
  }
  CHECK(backlog.wait_of(kBytes).count() == Approx(0.004).epsilon(0.05));
}

}  // namespace
}  // namespace plimsoll::http
