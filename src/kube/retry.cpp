#include "retry.hpp"

#include <algorithm>

namespace plimsoll::kube {
namespace {

// The first pause is about as long as an API server's hiccup; the longest is bounded so that one that comes back after
// minutes is noticed within seconds.
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{5'000};

// A server that says when to come back would otherwise see everybody again in the same moment.
constexpr double kSpread = 0.25;

}  // namespace

std::optional<std::chrono::milliseconds> next_delay(const Setback& setback, const Course& course) {
  if (setback.kind == Setback::Kind::Final) return std::nullopt;
  if (setback.kind == Setback::Kind::Unclear && course.effect == Effect::Writes) return std::nullopt;

  // Full jitter: anywhere between at once and the bound, which doubles. Callers that failed together come apart.
  auto bound = kFirstPause;
  for (int i = 1; i < course.failures && bound < kLongestPause; ++i) bound *= 2;
  bound = std::min(bound, kLongestPause);
  auto delay = std::chrono::milliseconds(static_cast<long long>(static_cast<double>(bound.count()) * course.random));
  if (setback.retry_after) {
    const auto asked = static_cast<double>(setback.retry_after->count());
    delay = std::chrono::milliseconds(static_cast<long long>(asked * (1 + kSpread * course.random)));
  }
  if (course.elapsed + delay >= course.deadline) return std::nullopt;
  return delay;
}

}  // namespace plimsoll::kube
