#include "plimsoll/kube/registration_keeper.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <thread>

#include "api_server.hpp"
#include "plimsoll/base/base64.hpp"
#include "plimsoll/json/tree.hpp"
#include "plimsoll/kube/registration.hpp"

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using json::Document;
using json::Pointer;

const std::string kPem = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
const std::string kOtherPem = "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n";

/// Both registrations as an API server keeps them: read, and patched under the tests of the patch.
class Store {
 public:
  Store() {
    for (const Registration& registration : make_registrations(config::default_policy()))
      objects_[registration.name] = registration.object;
  }

  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    const std::string name = request.path.substr(request.path.rfind('/') + 1);
    if (!objects_.contains(name)) return status(404, "not found");
    if (request.method == "PATCH") {
      if (before_patch) std::exchange(before_patch, {})(objects_[name]);
      if (!patch(objects_[name], request.body)) return status(422, "test failed");
      ++patches;
    }
    return {200, "application/json", objects_[name]};
  }

  std::string bundle(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const Document object = *Document::parse(objects_[std::string(name)]);
    const auto text = object.root().at(Pointer("/webhooks/0/clientConfig/caBundle")).text();
    return text ? decode_base64(*text).value_or("?") : "none";
  }

  std::string object(std::string_view name) {
    const std::lock_guard lock(mutex_);
    return objects_[std::string(name)];
  }

  void change(std::string_view name, const std::string& patch_text) {
    const std::lock_guard lock(mutex_);
    REQUIRE(patch(objects_[std::string(name)], patch_text));
  }
  void remove(std::string_view name) { objects_.erase(std::string(name)); }

  static bool patch(std::string& object, const std::string& patch_text) {
    const Document source = *Document::parse(object);
    const Document operations = *Document::parse(patch_text);
    json::Tree tree(source.root());
    for (const json::View operation : operations.root().elements()) {
      const Pointer at(std::string(*operation["path"].text()));
      const auto op = operation["op"].text();
      if (op == "test" && json::write(tree.root().at(at)) != json::write(operation["value"])) return false;
      if (op == "add" && !tree.add(at, operation["value"]).has_value()) return false;
      if (op == "replace" && !tree.replace(at, operation["value"]).has_value()) return false;
    }
    const Document version = *Document::parse('"' + std::to_string(++versions) + '"');
    REQUIRE(tree.add(Pointer("/metadata/resourceVersion"), version.root()).has_value());
    object = json::write(tree.root());
    return true;
  }

  static inline std::atomic<int> versions = 0;
  std::function<void(std::string&)> before_patch;  // somebody who is faster
  std::atomic<int> patches = 0;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
};

struct Told {
  std::vector<std::string> repairs, misfits, failures;
  std::string in_place;

  KeeperEvents events() {
    return {
        .on_repair = [this](std::string_view name) { repairs.emplace_back(name); },
        .on_bundle_in_place = [this](const std::string& pem) { in_place = pem; },
        .on_misfit = [this](std::string_view name,
                            std::string_view what) { misfits.push_back(std::string(name) + ": " + std::string(what)); },
        .on_failure = [this](std::string_view why) { failures.emplace_back(why); }};
  }
};

Wish wish_for(const std::string& pem, config::Policy policy = config::default_policy()) {
  return {std::make_shared<const config::Policy>(std::move(policy)), pem};
}

struct Scene {
  Store store;
  ApiServer server{[this](const http::Request& request) { return store.answer(request); }};
  ApiClient client{server.connection(), {.deadline = 0ms}};
  Told told;

  bool look(const Wish& wish) { return look_after_registrations(client, wish, told.events()); }
};

TEST_CASE("a look writes the bundle where it is wrong, and nothing where it is right") {
  Scene scene;
  CHECK(scene.look(wish_for(kPem)));
  CHECK(scene.store.bundle(kJobsConfiguration) == kPem);
  CHECK(scene.store.bundle(kPodsConfiguration) == kPem);
  CHECK(scene.told.repairs == std::vector<std::string>{"00-plimsoll-jobs", "zz-plimsoll-pods", "plimsoll-validate"});
  CHECK(scene.told.in_place == kPem);
  CHECK(scene.look(wish_for(kPem)));
  CHECK(scene.store.patches == 3);

  SECTION("somebody breaks it") {
    scene.store.change(kPodsConfiguration,
                       R"([{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"eA=="}])");
    CHECK(scene.look(wish_for(kPem)));
    CHECK(scene.store.bundle(kPodsConfiguration) == kPem);
    CHECK(scene.store.patches == 4);
  }
  SECTION("a new authority joins the old one, which then goes") {
    for (const std::string& pem : {kPem + kOtherPem, kOtherPem}) {
      CHECK(scene.look(wish_for(pem)));
      CHECK(scene.store.bundle(kJobsConfiguration) == pem);
      CHECK(scene.told.in_place == pem);
    }
  }
  SECTION("the bundle is not ours") {
    CHECK(scene.look(wish_for("")));
    CHECK(scene.store.patches == 3);
  }
  SECTION("cert-manager keeps one of them") {
    scene.store.change(
        kJobsConfiguration,
        R"([{"op":"add","path":"/metadata/annotations","value":{"cert-manager.io/inject-ca-from":"a/b"}}])");
    CHECK(scene.look(wish_for(kOtherPem)));
    CHECK(scene.store.bundle(kJobsConfiguration) == kPem);
    CHECK(scene.store.bundle(kPodsConfiguration) == kOtherPem);
  }
  CHECK(scene.told.failures.empty());
  CHECK(scene.told.misfits.empty());
}

TEST_CASE("who writes between reading and patching loses nothing") {
  Scene scene;
  scene.store.before_patch = [](std::string& object) {
    REQUIRE(Store::patch(object, R"([{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"eA=="},
                                     {"op":"replace","path":"/webhooks/0/timeoutSeconds","value":9}])"));
  };
  CHECK(scene.look(wish_for(kPem)));
  CHECK(scene.store.bundle(kJobsConfiguration) == kPem);
  CHECK(scene.told.failures.empty());
  CHECK_THAT(scene.store.object(kJobsConfiguration), Catch::Contains("\"timeoutSeconds\":9"));
}

TEST_CASE("a registration that is missing or does not fit is told of, and not touched") {
  Scene scene;
  config::Policy policy = config::default_policy();
  policy.prefix = "est.example.com/";
  scene.store.remove(kJobsConfiguration);
  CHECK(scene.look(wish_for(kPem, policy)));
  REQUIRE(scene.told.failures.size() == 1);
  CHECK_THAT(scene.told.failures.front(), Catch::Contains("00-plimsoll-jobs: 404 not found"));
  REQUIRE(scene.told.misfits.size() == 2);
  CHECK_THAT(scene.told.misfits.front(), Catch::Contains("zz-plimsoll-pods: its matchCondition has-estimate"));
  CHECK_THAT(scene.told.misfits.back(), Catch::Contains("plimsoll-validate: its matchCondition has-estimate"));
  CHECK(scene.store.bundle(kPodsConfiguration) == kPem);
  CHECK(scene.told.in_place.empty());
}

TEST_CASE("the keeper keeps looking until it is destroyed, also while nobody answers") {
  Scene scene;
  {
    const RegistrationKeeper keeper(
        ApiClient(scene.server.connection()), [] { return wish_for(kPem); }, {}, 10ms);
    for (int i = 0; i < 500 && scene.store.patches < 2; ++i) std::this_thread::sleep_for(10ms);
    CHECK(scene.store.bundle(kPodsConfiguration) == kPem);
  }
  Connection gone = scene.server.connection();
  gone.authority.text = {};
  gone.port = 1;
  const RegistrationKeeper lonely(ApiClient(gone, {.deadline = 600s}), [] { return wish_for(kPem); }, {});
  std::this_thread::sleep_for(20ms);
}

}  // namespace
}  // namespace plimsoll::kube
