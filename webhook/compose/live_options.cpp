#include "webhook/compose/live_options.hpp"

#include <utility>

#include "plimsoll/digest/digest.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {

LiveOptions::LiveOptions(const ServeCommand& first)
    : first_(first),
      current_(std::make_shared<const ServeOptions>(first.options)),
      waiting_(std::make_shared<const std::string>()) {}

void LiveOptions::follow(reload::FileWatcher& watcher) {
  const std::string& file = first_.options.config_file;
  if (file.empty() || !is_watchable(file)) return;
  reload::Watch watch;
  watch.paths = {file};
  watch.known.emplace_back(first_.config_text);
  watch.take = [this, &file](const reload::Contents& contents) -> Result<void, reload::Problems> {
    const Result<std::string>& text = contents.front();
    if (!text) return Unexpected{reload::Problems{display_name(file) + ": " + text.error().message}};
    PLIMSOLL_TRY(next, read_serve_options(first_.said, file, *text));
    take(next);
    status_.note_taken(digest::short_hash(*text));
    return {};
  };
  watch.on_refused = [this](const reload::Problems& problems) { status_.note_refused(problems); };
  watcher.watch(std::move(watch));
}

void LiveOptions::take(const ServeCommand& next) {
  std::string waiting;
  for (const ServerConfigField& field : server_config_fields()) {
    if (field.is_live || next.values.at(field.flag) == first_.values.at(field.flag)) continue;
    waiting += (waiting.empty() ? "" : ", ") + field.name;
  }
  current_.publish(std::make_shared<const ServeOptions>(next.options));
  telemetry::set_log_level(*telemetry::parse_level(next.options.log_level));
  if (!waiting.empty() && waiting != *waiting_.read()) {
    telemetry::log(telemetry::Level::Warning, "server config: these fields want a restart", {{"fields", waiting}});
  }
  waiting_.publish(std::make_shared<const std::string>(std::move(waiting)));
}

Finding LiveOptions::check() const {
  std::string detail = *waiting_.read();
  if (!detail.empty()) detail = "a restart is wanted for " + detail;
  if (const std::string complaint = status_.complaint(); !complaint.empty()) {
    detail += (detail.empty() ? "" : "; ") + ("what is on disk is refused: " + complaint);
  }
  return {.holds = true, .detail = std::move(detail)};
}

}  // namespace plimsoll::webhook
