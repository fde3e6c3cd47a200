#include "webhook/compose/shared_certificates.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>
#include <utility>

#include "plimsoll/telemetry/log.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/api_access.hpp"
#include "webhook/certificates/place.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Level;

// A call that takes longer comes to nothing, and the next round comes soon.
constexpr std::chrono::seconds kPatience{10};

// At the start: shorter than a kubelet waits before it starts a container again for the fifth time.
constexpr std::chrono::seconds kStartPatience{60};
constexpr std::chrono::milliseconds kStartPause{500};

TimePoint read_clock() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void log_trouble(const Error& error) {
  telemetry::log(Level::Warning, "the shared certificates", {{"where", error.where}, {"why", error.message}});
}

}  // namespace

Result<std::unique_ptr<SharedCertificates>> SharedCertificates::load(const ServeOptions& options, const Sleep& sleep) {
  PLIMSOLL_TRY(secret, parse_secret_name(options.shared_secret));
  PLIMSOLL_TRY(names, server_names(options));
  PLIMSOLL_TRY(connection, find_api_server(options.kubeconfig));
  auto client = std::make_shared<kube::ApiClient>(connection, kube::ApiLimits{.deadline = kPatience});
  const CertificatePlace place = make_secret_place(client, secret);

  std::unique_ptr<SharedCertificates> shared(new SharedCertificates(std::move(client)));
  SharedCertificates* const self = shared.get();
  shared->keeper_ = std::make_unique<tls::SecretKeeper>(tls::SecretKeeper::Options{
      .store = place.store,
      .names = std::move(names),
      .lifetimes = options.certificate_lives,
      .now = read_clock,
      .published_for =
          [self](const std::string& bundle) {
            return self->publication_.published_for(bundle, std::chrono::steady_clock::now());
          },
      .events = {.on_served =
                     [self](const tls::CertificateSet& set) {
                       if (self->take_) self->take_(set.leaf);
                     },
                 .on_step =
                     [](tls::Step step, std::string_view reason) {
                       telemetry::log(Level::Info, tls::to_text(step), {{"why", reason}});
                     },
                 .on_trouble = log_trouble},
      .seed = std::random_device{}()});

  for (std::chrono::milliseconds waited{0};; waited += kStartPause) {
    const Result<void> looked = shared->keeper_->look();
    if (looked || shared->current()) return shared;
    if (waited >= kStartPatience || looked.error().code == ErrorCode::Unsupported || !sleep(kStartPause))
      return fail(looked.error().code,
                  (looked.error().where.empty() ? "" : looked.error().where + " ") + looked.error().message,
                  place.name);
    if (waited == std::chrono::milliseconds(0)) log_trouble(looked.error());
  }
}

std::jthread SharedCertificates::keep(std::function<void(const tls::Identity&)> take) {
  take_ = std::move(take);
  return std::jthread([this](const std::stop_token& stop) {
    const std::stop_callback cancel(stop, [this] { client_->cancel(); });
    std::mutex mutex;
    std::condition_variable_any woken;
    keeper_->run_until([&](std::chrono::milliseconds time) {
      std::unique_lock lock(mutex);
      woken.wait_for(lock, stop, time, [] { return false; });
      return !stop.stop_requested();
    });
  });
}

}  // namespace plimsoll::webhook
