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
  if (!text) return Unexpected{reload::Problems{to_line(text.error())}};
  PLIMSOLL_TRY(policy, parse_policy_file(file, *text));
  return std::unique_ptr<LivePolicy>(new LivePolicy(std::move(file), *std::move(text), std::move(policy)));
}

void LivePolicy::follow(reload::FileWatcher& watcher) {
  if (file_.empty()) return;
  const auto use = [this](const std::vector<std::string>& texts) -> Result<std::string, reload::Problems> {
    PLIMSOLL_TRY(policy, parse_policy_file(file_, texts.front()));
    const std::string revision = policy.revision;
    current_.publish(std::make_shared<const config::Policy>(std::move(policy)));
    return revision;
  };
  follow_files(watcher, {file_}, {std::exchange(first_text_, {})}, status_, use);
}

}  // namespace plimsoll::webhook
