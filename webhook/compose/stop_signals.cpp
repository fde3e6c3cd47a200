#include "webhook/compose/stop_signals.hpp"

#include <pthread.h>

#include <cerrno>

namespace plimsoll::webhook {

StopSignals::StopSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  // A reader of the audit log that goes away must not take the server with it.
  ::signal(SIGPIPE, SIG_IGN);
}

void StopSignals::wait() const {
  int which = 0;
  sigwait(&set_, &which);
}

bool StopSignals::wait_for(std::chrono::milliseconds time) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const timespec wait{seconds.count(), std::chrono::nanoseconds(time - seconds).count()};
  while (true) {
    if (sigtimedwait(&set_, nullptr, &wait) > 0) return true;
    if (errno != EINTR) return false;
  }
}

void StopSignals::release() const {
  pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
}

}  // namespace plimsoll::webhook
