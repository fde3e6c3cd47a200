// Whether a call that failed is begun again, and when.
#pragma once

#include <chrono>
#include <optional>

namespace plimsoll::kube {

/// One attempt that failed, as far as repeating it goes.
struct Setback {
  enum class Kind {
    NotSent,     ///< nobody there
    TurnedAway,  ///< 429: there was no room, and nothing was done
    Unclear,     ///< no answer, or a 5xx: it may have been done
    Final,       ///< it would fail again
  };
  Kind kind = Kind::Final;
  /// What the server asked for.
  std::optional<std::chrono::milliseconds> retry_after = {};
};

enum class Effect { Reads, Writes };

/// How long to wait before the next attempt; nothing when there is to be none.
struct Course {
  Effect effect = Effect::Reads;
  int failures = 1;  ///< so far, this one included
  std::chrono::milliseconds elapsed{0};
  std::chrono::milliseconds deadline{0};
  double random = 0;  ///< in [0, 1)
};
[[nodiscard]] std::optional<std::chrono::milliseconds> next_delay(const Setback& setback, const Course& course);

}  // namespace plimsoll::kube
