// What stands in line on one I/O thread, and how long whoever comes now would wait: what overload is told by.
//
// The clock is an argument. What a request costs is learnt from the last ones: the time from one answer to the next
// while others wait, so that all that keeps the thread busy counts, handshakes, refusals and a throttled CPU included.
#pragma once

#include <chrono>
#include <cstddef>

namespace plimsoll::http {

/// Threads: one owner.
class Backlog {
 public:
  using Clock = std::chrono::steady_clock;

  /// A request of `bytes` is whole and waits for its turn.
  void join(std::size_t bytes, Clock::time_point now) {
    if (waiting_ == 0) busy_since_ = now;
    ++waiting_;
    work_ += to_work(bytes);
  }

  /// The first in line, of `bytes`, is answered.
  void leave(std::size_t bytes, Clock::time_point now) {
    --waiting_;
    work_ -= to_work(bytes);
    recent_time_ += std::chrono::duration<double>(now - busy_since_).count() - recent_time_ / kMemory;
    recent_work_ += static_cast<double>(to_work(bytes)) - recent_work_ / kMemory;
    busy_since_ = now;
  }

  [[nodiscard]] bool is_empty() const noexcept { return waiting_ == 0; }

  /// How long it would be until an answer to a request of `bytes` that joined now. Nothing when nobody waits: then
  /// there is no reason to refuse, however slow the last ones were, and the next one shows how slow they are now.
  [[nodiscard]] std::chrono::duration<double> wait_of(std::size_t bytes) const noexcept {
    if (waiting_ == 0 || recent_work_ == 0) return {};
    return std::chrono::duration<double>(static_cast<double>(work_ + to_work(bytes)) * recent_time_ / recent_work_);
  }

 private:
  // Work grows with the bytes; the smallest request takes about as much as these.
  static constexpr std::size_t kLeastWork = 2048;
  // The mean is over about so many requests, which is many rounds of reading and answering: whoever comes is judged at
  // the end of a round, when over a few requests the answers would outweigh the reading, and he be told too little. A
  // pause of the whole machine is forgotten within as many requests.
  static constexpr double kMemory = 256;

  static std::size_t to_work(std::size_t bytes) noexcept { return bytes + kLeastWork; }

  std::size_t waiting_ = 0;
  std::size_t work_ = 0;
  Clock::time_point busy_since_;
  double recent_time_ = 0;
  double recent_work_ = 0;
};

}  // namespace plimsoll::http
