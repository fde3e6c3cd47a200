#include "webhook/compose/registration_watch.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/kube/registration.hpp"
#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/tls/client_context.hpp"
#include "webhook/api_access.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Level;
using Clock = std::chrono::steady_clock;

// A look comes every few seconds, and what is wrong stays wrong until somebody has read of it.
constexpr std::chrono::minutes kReminder{10};

// Texts hold what the API server said, so there is no end to them.
constexpr std::size_t kMostTexts = 64;

/// Lets a text through when it is new, and again after a while.
class Reminders {
 public:
  bool is_due(const std::string& text) {
    const auto now = Clock::now();
    if (told_.size() >= kMostTexts) told_.clear();
    const auto [entry, is_new] = told_.try_emplace(text, now);
    if (!is_new && now - entry->second < kReminder) return false;
    entry->second = now;
    return true;
  }

 private:
  std::map<std::string, Clock::time_point> told_;
};

/// A series for each of the configurations.
class PerConfiguration {
 public:
  PerConfiguration(telemetry::Metrics& metrics, const std::string& name, const std::string& help) {
    for (const std::string_view configuration : kube::kConfigurations) {
      counters_.push_back(metrics.counter({name, help, {{"configuration", std::string(configuration)}}}));
    }
  }
  void add(std::string_view configuration) const {
    const auto place = std::ranges::find(kube::kConfigurations, configuration) - std::begin(kube::kConfigurations);
    counters_[static_cast<std::size_t>(place)].add();
  }

 private:
  std::vector<telemetry::Counter> counters_;
};

/// What the keeper's thread tells, for people and for Prometheus.
class Observer {
 public:
  explicit Observer(telemetry::Metrics& metrics)
      : repairs_(metrics, "plimsoll_ca_bundle_repairs_total", "A caBundle was not the server's CA, and was mended."),
        misfits_(metrics, "plimsoll_registration_misfits_total",
                 "Looks at a registration that keeps back objects the policy has rules for."),
        failures_(
            metrics.counter({"plimsoll_registration_look_failures_total",
                             "Looks at the registrations that came to nothing: no API server, no right, missing."})) {}

  void repaired(std::string_view configuration) {
    repairs_.add(configuration);
    telemetry::log(Level::Info, "caBundle mended", {{"configuration", configuration}});
  }
  void found_misfit(std::string_view configuration, std::string_view what) {
    misfits_.add(configuration);
    if (reminders_.is_due(std::string(configuration) + " " + std::string(what)))
      telemetry::log(Level::Warning, "the registration does not fit the policy; mend it with: plimsoll register",
                     {{"configuration", configuration}, {"why", what}});
  }
  void failed(std::string_view why) {
    failures_.add();
    if (reminders_.is_due(std::string(why)))
      telemetry::log(Level::Warning, "cannot look after the registration", {{"why", why}});
  }

 private:
  PerConfiguration repairs_;
  PerConfiguration misfits_;
  telemetry::Counter failures_;
  Reminders reminders_;
};

}  // namespace

Result<std::string> load_authority(const std::string& file) {
  if (file.empty()) return std::string();
  PLIMSOLL_TRY(pem, kube::load_text({.file = file}));
  if (pem.empty()) return fail(ErrorCode::Invalid, "is empty", file);
  if (const auto context = tls::make_client_context(pem); !context)
    return fail(context.error().code, context.error().message, file);
  return std::move(pem);
}

Result<kube::RegistrationKeeper> watch_registrations(RegistrationWatchOptions options, telemetry::Metrics& metrics) {
  PLIMSOLL_TRY(connection, find_api_server(options.kubeconfig));
  const auto observer = std::make_shared<Observer>(metrics);
  const auto wish = [policy = std::move(options.policy), authority_pem = std::move(options.authority_pem), observer] {
    const Result<std::string> pem = authority_pem();
    // Better the old bundle than a wrong one.
    if (!pem) observer->failed(pem.error().where + ": " + pem.error().message);
    return kube::Wish{policy(), pem.value_or("")};
  };
  return kube::RegistrationKeeper(
      kube::ApiClient(connection, {.deadline = kube::RegistrationKeeper::kInterval}), wish,
      {.on_repair =
           [observer, on_repair = std::move(options.on_repair)](std::string_view configuration) {
             observer->repaired(configuration);
             if (on_repair) on_repair();
           },
       .on_bundle_in_place = std::move(options.on_bundle_in_place),
       .on_misfit = [observer](std::string_view configuration,
                               std::string_view what) { observer->found_misfit(configuration, what); },
       .on_failure = [observer](std::string_view why) { observer->failed(why); }});
}

}  // namespace plimsoll::webhook
