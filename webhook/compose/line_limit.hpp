// A brake on log lines that clients can cause: whoever connects a thousand times a second must not fill a disk.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::webhook {

/// Lets a line of each cause through at most once a second, and counts those that it keeps back.
/// Threads: safe.
class LineLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// So many causes are told apart; whatever comes after them counts as one.
  static constexpr std::size_t kMostCauses = 64;

  /// How many lines of `cause` have been kept back since the last one; nothing when this one is to be kept back too.
  [[nodiscard]] std::optional<std::int64_t> pass(std::string_view cause, Time now);

 private:
  struct Told {
    std::optional<Time> at = {};
    std::int64_t kept_back = 0;
  };
  std::mutex mutex_;
  std::map<std::string, Told, std::less<>> causes_;
  Told others_;
};

}  // namespace plimsoll::webhook
