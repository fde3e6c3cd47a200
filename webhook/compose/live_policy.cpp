#include "webhook/compose/live_policy.hpp"

#include <utility>
#include <vector>

#include "webhook/input/files.hpp"
#include "webhook/input/policy_file.hpp"

namespace plimsoll::webhook {

LivePolicy::LivePolicy(std::string file, std::string text, config::Policy policy)
    : file_(std::move(file)),
      first_text_(std::move(text)),
      current_(std::make_shared<const config::Policy>(std::move(policy))) {}

Result<std::unique_ptr<LivePolicy>, reload::Problems> LivePolicy::load(std::string file) {
  if (file.empty()) return std::unique_ptr<LivePolicy>(new LivePolicy({}, {}, config::default_policy()));
  Result<std::string> text = load_file(file);
  if (!text) return Unexpected{reload::Problems{text.error().where + ": " + text.error().message}};
  PLIMSOLL_TRY(policy, parse_policy_file(file, *text));
  return std::unique_ptr<LivePolicy>(new LivePolicy(std::move(file), *std::move(text), std::move(policy)));
}

void LivePolicy::follow(reload::FileWatcher& watcher) {
  if (file_.empty() || !is_watchable(file_)) return;
  reload::Watch watch;
  watch.paths = {file_};
  watch.known.emplace_back(std::move(first_text_));
  watch.take = [this](const reload::Contents& contents) -> Result<void, reload::Problems> {
    const Result<std::string>& text = contents.front();
    if (!text) return Unexpected{reload::Problems{display_name(file_) + ": " + text.error().message}};
    PLIMSOLL_TRY(policy, parse_policy_file(file_, *text));
    const std::string revision = policy.revision;
    current_.publish(std::make_shared<const config::Policy>(std::move(policy)));
    status_.note_taken(revision);
    return {};
  };
  watch.on_refused = [this](const reload::Problems& problems) { status_.note_refused(problems); };
  watcher.watch(std::move(watch));
}

Finding LivePolicy::check() const {
  const std::string complaint = status_.complaint();
  std::string detail = "revision " + current()->revision;
  if (!complaint.empty()) detail += "; what is on disk is refused: " + complaint;
  return {.holds = true, .detail = std::move(detail)};
}

}  // namespace plimsoll::webhook
