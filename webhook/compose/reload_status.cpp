#include "webhook/compose/reload_status.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "plimsoll/telemetry/log.hpp"

namespace plimsoll::webhook {
namespace {

// A file of nonsense has a problem on every line, and the first ones tell as much as all.
constexpr std::size_t kProblemsLogged = 10;
constexpr std::size_t kLongestComplaint = 512;

}  // namespace

ReloadStatus::ReloadStatus(std::string what)
    : what_(std::move(what)), complaint_(std::make_shared<const std::string>()) {}

void ReloadStatus::note_taken(std::string_view revision) {
  ++taken_;
  complaint_.publish(std::make_shared<const std::string>());
  telemetry::log(telemetry::Level::Info, what_ + " reloaded", {{"revision", revision}});
}

void ReloadStatus::note_refused(const reload::Problems& problems) {
  ++refused_;
  std::string first = problems.empty() ? std::string("cannot be used") : problems.front();
  complaint_.publish(std::make_shared<const std::string>(to_display(first, kLongestComplaint)));
  for (std::size_t i = 0; i < problems.size() && i < kProblemsLogged; ++i) {
    telemetry::log(telemetry::Level::Error, what_ + " refused: the one before stays in use",
                   {{"why", problems[i]}, {"problems", static_cast<std::int64_t>(problems.size())}});
  }
}

bool is_watchable(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace plimsoll::webhook
