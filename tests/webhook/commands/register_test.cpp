#include "webhook/commands/register.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "plimsoll/json/document.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/api_access.hpp"
#include "webhook/input/policy_file.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;

namespace {

std::string load(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> to_objects(const std::string& yaml) {
  const auto documents = plimsoll::yaml::parse(yaml);
  std::vector<std::string> objects;
  for (const plimsoll::yaml::Node& document : *documents)
    objects.push_back(json::write_pretty(json::Document::parse(plimsoll::yaml::to_json(document))->root()));
  return objects;
}

}  // namespace

TEST_CASE("what is printed for the shipped policy are the objects of manifests/") {
  const std::string manifests = PLIMSOLL_SOURCE_DIR "/manifests/";
  const auto policy = load_policy(manifests + "policy.yaml");
  const std::string printed = print_registrations(*policy, {});
  CHECK(to_objects(printed) == to_objects(load(manifests + "webhook-configurations.yaml")));
  CHECK(print_registrations(*policy, {}) == printed);
  CHECK(printed.starts_with("# Made by `plimsoll register --print` from policy " + policy->revision + "."));
}

TEST_CASE("a kubeconfig that cannot be used is named with the reason") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("config", "clusters: []\ncurrent-context: here\n");
  const auto unknown = find_api_server(file);
  CHECK(unknown.error().where == file);
  CHECK(unknown.error().message == "there is no context \"here\"");
  CHECK(find_api_server(directory.path() / "none").error().message == "cannot be read: No such file or directory");

  directory.write("good",
                  "{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, "
                  "cluster: {server: 'https://h', certificate-authority: ca.crt}}]}");
  CHECK(find_api_server(directory.path() / "good")->authority.file == directory.path() / "ca.crt");
}
