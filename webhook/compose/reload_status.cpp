#include "webhook/compose/reload_status.hpp"

#include <algorithm>
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

bool is_regular(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

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

Finding ReloadStatus::describe(std::string in_use) const {
  if (const std::string why = complaint(); !why.empty())
    in_use += (in_use.empty() ? "" : "; ") + ("what is on disk is refused: " + why);
  return {.holds = true, .detail = std::move(in_use)};
}

bool follow_files(reload::FileWatcher& watcher, const std::vector<std::string>& files,
                  const std::vector<std::string>& known, ReloadStatus& status, UseTexts use) {
  if (!std::ranges::all_of(files, is_regular)) return false;
  reload::Watch watch;
  watch.paths = files;
  watch.known.assign(known.begin(), known.end());
  watch.take = [&status, use = std::move(use)](const reload::Contents& contents) -> Result<void, reload::Problems> {
    std::vector<std::string> texts;
    reload::Problems unreadable;
    for (const Result<std::string>& content : contents) {
      if (content) {
        texts.push_back(*content);
      } else {
        unreadable.push_back(to_line(content.error()));
      }
    }
    if (!unreadable.empty()) return Unexpected{std::move(unreadable)};
    PLIMSOLL_TRY(revision, use(texts));
    status.note_taken(revision);
    return {};
  };
  watch.on_refused = [&status](const reload::Problems& problems) { status.note_refused(problems); };
  watcher.watch(std::move(watch));
  return true;
}

std::string to_line(const Error& error) {
  return error.where.empty() ? error.message : error.where + ": " + error.message;
}

}  // namespace plimsoll::webhook
