// What has to hold for callers to be sent here: /readyz of the plain port.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/http/message.hpp"

namespace plimsoll::webhook {

/// What a check found.
struct Finding {
  bool holds = true;
  std::string detail;  ///< for people; what is wrong when it does not hold
};

/// Threads: answer() and begin_shutdown() from any; add() before the first answer.
class Readiness {
 public:
  /// `check` is asked at each probe, on the health port's thread: it must not block.
  void add(std::string name, std::function<Finding()> check);

  /// From now on nothing is ready.
  void begin_shutdown() noexcept { is_stopping_ = true; }

  /// 200, or 503 with the checks, of which at least one does not hold. With `verbose` in the query the checks are
  /// listed either way, as Kubernetes' own components do.
  [[nodiscard]] http::Response answer(std::string_view query) const;

 private:
  std::vector<std::pair<std::string, std::function<Finding()>>> checks_;
  std::atomic<bool> is_stopping_{false};
};

}  // namespace plimsoll::webhook
