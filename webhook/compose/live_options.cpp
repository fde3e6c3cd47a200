#include "webhook/compose/live_options.hpp"

#include <utility>

#include "plimsoll/digest/digest.hpp"
#include "plimsoll/telemetry/log.hpp"

namespace plimsoll::webhook {

LiveOptions::LiveOptions(const ServeCommand& first)
    : first_(first),
      current_(std::make_shared<const ServeOptions>(first.options)),
      waiting_(std::make_shared<const std::string>()) {}

void LiveOptions::follow(reload::FileWatcher& watcher) {
  const std::string& file = first_.options.config_file;
  if (file.empty()) return;
  const auto use = [this, &file](const std::vector<std::string>& texts) -> Result<std::string, reload::Problems> {
    PLIMSOLL_TRY(next, read_serve_options(first_.said, file, texts.front()));
    take(next);
    return digest::short_hash(texts.front());
  };
  follow_files(watcher, {file}, {first_.config_text}, status_, use);
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
  const std::string waiting = *waiting_.read();
  return status_.describe(waiting.empty() ? std::string() : "a restart is wanted for " + waiting);
}

}  // namespace plimsoll::webhook
