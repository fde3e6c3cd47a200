#include "webhook/compose/line_limit.hpp"

#include <utility>

namespace plimsoll::webhook {
namespace {

constexpr std::chrono::seconds kPause{1};

}  // namespace

std::optional<std::int64_t> LineLimit::pass(std::string_view cause, Time now) {
  const std::lock_guard lock(mutex_);
  auto found = causes_.find(cause);
  if (found == causes_.end() && causes_.size() < kMostCauses) found = causes_.try_emplace(std::string(cause)).first;
  Told& told = found == causes_.end() ? others_ : found->second;
  if (told.at && now - *told.at < kPause) {
    ++told.kept_back;
    return std::nullopt;
  }
  told.at = now;
  return std::exchange(told.kept_back, 0);
}

}  // namespace plimsoll::webhook
