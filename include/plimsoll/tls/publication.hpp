// For how long callers have been known to trust a bundle, from looks that come every few seconds.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace plimsoll::tls {

/// Threads: safe.
class PublicationRecord {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// With a longer pause between two looks nobody knows what stood there meanwhile.
  static constexpr std::chrono::seconds kLongestGap{60};

  /// At `now` every webhook configuration held exactly `bundle`.
  void note_in_place(const std::string& bundle, Time now);

  /// One held something else a moment ago: all begins anew.
  void note_disturbed();

  /// Since when every look has found `bundle`, up to `now`; nothing when the last did not.
  [[nodiscard]] std::optional<std::chrono::milliseconds> published_for(const std::string& bundle, Time now) const;

 private:
  mutable std::mutex mutex_;
  std::string bundle_;  // guarded by mutex_, as all below; empty: not known
  Time since_, last_;
};

}  // namespace plimsoll::tls
