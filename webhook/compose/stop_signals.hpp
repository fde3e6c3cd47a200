// SIGTERM and SIGINT are waited for, not handled: nothing runs in a signal handler, and no thread is interrupted.
#pragma once

#include <signal.h>

#include <chrono>

namespace plimsoll::webhook {

/// Requires: made before any other thread, which then inherits the mask.
class StopSignals {
 public:
  StopSignals();

  void wait() const;
  /// Whether a signal came within `time`.
  [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;
  /// From now on a signal ends the program, whatever it is doing.
  void release() const;

 private:
  sigset_t set_{};
};

}  // namespace plimsoll::webhook
