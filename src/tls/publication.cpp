#include "plimsoll/tls/publication.hpp"

namespace plimsoll::tls {

void PublicationRecord::note_in_place(const std::string& bundle, Time now) {
  const std::lock_guard lock(mutex_);
  if (bundle_ != bundle || now - last_ > kLongestGap) {
    bundle_ = bundle;
    since_ = now;
  }
  last_ = now;
}

void PublicationRecord::note_disturbed() {
  const std::lock_guard lock(mutex_);
  bundle_.clear();
}

std::optional<std::chrono::milliseconds> PublicationRecord::published_for(const std::string& bundle, Time now) const {
  const std::lock_guard lock(mutex_);
  if (bundle_.empty() || bundle_ != bundle || now - last_ > kLongestGap) return std::nullopt;
  // Up to the last look, not to now: what came after it is not known yet.
  return std::chrono::floor<std::chrono::milliseconds>(last_ - since_);
}

}  // namespace plimsoll::tls
