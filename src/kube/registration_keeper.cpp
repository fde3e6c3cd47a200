#include "plimsoll/kube/registration_keeper.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "plimsoll/kube/registration.hpp"

namespace plimsoll::kube {
namespace {

using Kind = ApiError::Kind;

// Replicas that find the same thing broken at the same time race for it, and all but one have to read again.
constexpr int kMostAttempts = 3;

// Of the interval, either way.
constexpr double kJitter = 0.2;

enum class Outcome { Kept, NotKept, Cancelled };

template <class Callback, class... Arguments>
void tell(const Callback& callback, Arguments&&... arguments) {
  if (callback) callback(std::forward<Arguments>(arguments)...);
}

Outcome failed(const ApiError& error, const KeeperEvents& events) {
  if (error.kind == Kind::Cancelled) return Outcome::Cancelled;
  tell(events.on_failure, error.message);
  return Outcome::NotKept;
}

bool lost_a_race(const ApiError& error) {
  return error.kind == Kind::Invalid || error.kind == Kind::Conflict;
}

Outcome look_after(ApiClient& client, const Registration& registration, const Wish& wish, const KeeperEvents& events) {
  const ObjectPath path = webhook_configuration(registration.resource, registration.name);
  const Result<json::Document> wanted = json::Document::parse(registration.object);
  for (int attempt = 1;; ++attempt) {
    const ApiResult<json::Document> live = client.read(path);
    if (!live) return failed(live.error(), events);
    if (attempt == 1)
      for (const std::string& misfit : find_misfits(live->root(), wanted->root()))
        tell(events.on_misfit, registration.name, misfit);

    if (wish.authority_pem.empty()) return Outcome::NotKept;
    const auto differences = find_bundle_differences(live->root(), registration.webhooks, wish.authority_pem);
    if (differences.empty()) return Outcome::Kept;
    const auto repaired = client.patch(path, PatchType::Json, write_repair(live->root(), differences));
    if (repaired) {
      tell(events.on_repair, registration.name);
      return Outcome::Kept;
    }
    if (!lost_a_race(repaired.error()) || attempt == kMostAttempts) return failed(repaired.error(), events);
  }
}

}  // namespace

bool look_after_registrations(ApiClient& client, const Wish& wish, const KeeperEvents& events) {
  bool all_kept = true;
  for (const Registration& registration : make_registrations(*wish.policy)) {
    const Outcome outcome = look_after(client, registration, wish, events);
    if (outcome == Outcome::Cancelled) return false;
    all_kept = all_kept && outcome == Outcome::Kept;
  }
  if (all_kept) tell(events.on_bundle_in_place, wish.authority_pem);
  return true;
}

struct RegistrationKeeper::Impl {
  Impl(ApiClient api_client, std::function<Wish()> ask_wish, KeeperEvents tell_events, std::chrono::milliseconds pause)
      : client(std::move(api_client)),
        wish(std::move(ask_wish)),
        events(std::move(tell_events)),
        interval(pause),
        thread([this] { run(); }) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    woken.notify_all();
    client.cancel();
    thread.join();
  }

  void run() {
    std::minstd_rand random(std::random_device{}());
    std::uniform_real_distribution<double> spread(1 - kJitter, 1 + kJitter);
    while (look_after_registrations(client, wish(), events)) {
      std::unique_lock lock(mutex);
      if (woken.wait_for(lock, interval * spread(random), [this] { return stopping; })) return;
    }
  }

  ApiClient client;
  std::function<Wish()> wish;
  KeeperEvents events;
  std::chrono::milliseconds interval;
  std::mutex mutex;
  std::condition_variable woken;
  bool stopping = false;
  std::thread thread;  // last: it uses all of the above
};

RegistrationKeeper::RegistrationKeeper(ApiClient client, std::function<Wish()> wish, KeeperEvents events,
                                       std::chrono::milliseconds interval)
    : impl_(std::make_unique<Impl>(std::move(client), std::move(wish), std::move(events), interval)) {}
RegistrationKeeper::RegistrationKeeper(RegistrationKeeper&&) noexcept = default;
RegistrationKeeper::~RegistrationKeeper() = default;

}  // namespace plimsoll::kube
