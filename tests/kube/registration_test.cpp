#include "plimsoll/kube/registration.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "match_conditions.hpp"
#include "plimsoll/base/base64.hpp"
#include "plimsoll/json/tree.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::kube {
namespace {

using json::Document;
using json::Pointer;

std::string load_manifest(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(PLIMSOLL_SOURCE_DIR "/manifests/" + name).rdbuf();
  return text.str();
}

config::Policy policy_of(const std::string& fields) {
  auto policy = config::parse_policy("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n" + fields);
  if (!policy) FAIL(config::to_text(policy.error().front()));
  return *policy;
}

Document document(const std::string& text) {
  return *Document::parse(text);
}

std::string expression_of(const config::Policy& policy, Kind kind, const std::string& name) {
  for (const MatchCondition& condition : make_match_conditions(policy, kind))
    if (condition.name == name) return condition.expression;
  return "none";
}

TEST_CASE("manifests/ holds the registration of the shipped policy") {
  const auto policy = config::parse_policy(load_manifest("policy.yaml"));
  REQUIRE(policy.has_value());
  const auto manifests = yaml::parse(load_manifest("webhook-configurations.yaml"));
  REQUIRE(manifests.has_value());
  const auto registrations = make_registrations(*policy);
  REQUIRE(manifests->size() == registrations.size());
  for (std::size_t i = 0; i < registrations.size(); ++i) {
    const Document manifest = document(yaml::to_json((*manifests)[i]));
    const Document made = document(registrations[i].object);
    CHECK(yaml::write(manifest.root()) == yaml::write(made.root()));
    CHECK(find_differences(manifest.root(), made.root()).empty());
    CHECK(find_misfits(manifest.root(), made.root()).empty());
  }
}

TEST_CASE("objects without an estimate are sent where the policy may refuse them, and only there") {
  struct Case {
    std::string policy, job, pod;  // what is added to has-estimate; "all": it is gone; "": nothing
  };
  const std::string in_a = "request.namespace in ['a']";
  const std::vector<Case> cases{
      {"", "", ""},
      {"requireEstimate: false", "", ""},
      {"requireEstimate: true", "all", "all"},
      {"requireEstimate: {kind: Job}", "all", ""},
      {"requireEstimate: {kind: 'P*'}", "", "all"},
      {"requireEstimate: {gpu: '>0', labels: {app: x}, user: ada}", "all", "all"},
      {"requireEstimate: {namespace: a}", in_a, in_a},
      {"requireEstimate: {namespace: [a, 'ml-*', 'x?']}",
       "request.namespace in ['a'] || request.namespace.matches('^(ml-.*|x.)$')",
       "request.namespace in ['a'] || request.namespace.matches('^(ml-.*|x.)$')"},
      {"requireEstimate: {namespace: '*'}", "all", "all"},
      {"requireEstimate: {kind: Job, namespace: a}", in_a, ""},
      {"requireEstimate: true\nmode: disabled", "", ""},
      {"namespaces: [{match: {names: [a]}, policy: {requireEstimate: true}}]", in_a, in_a},
      {"requireEstimate: true\nnamespaces: [{match: {names: [a]}, policy: {requireEstimate: false}}]",
       "!(" + in_a + ")", "!(" + in_a + ")"},
      {"requireEstimate: true\nnamespaces: [{match: {names: [a]}, policy: {mode: disabled}}]", "!(" + in_a + ")",
       "!(" + in_a + ")"},
      // The first override that names a namespace counts.
      {"namespaces: [{match: {names: [a]}, policy: {}}, {match: {names: ['*']}, policy: {requireEstimate: true}}]",
       "!(" + in_a + ")", "!(" + in_a + ")"},
      {"namespaces: [{match: {names: [a]}, policy: {requireEstimate: {namespace: b}}}]",
       "(request.namespace in ['a']) ? (request.namespace in ['b']) : (false)",
       "(request.namespace in ['a']) ? (request.namespace in ['b']) : (false)"},
  };
  for (const Case& c : cases) {
    INFO(c.policy);
    const config::Policy policy = policy_of(c.policy);
    for (const auto& [kind, want] : {std::pair{Kind::Job, c.job}, std::pair{Kind::Pod, c.pod}}) {
      const std::string plain = expression_of(policy_of(""), kind, "has-estimate");
      const std::string expression = expression_of(policy, kind, "has-estimate");
      CHECK(expression == (want == "all" ? "none" : want.empty() ? plain : plain + " ||\n(" + want + ")"));
    }
  }
}

TEST_CASE("the conditions follow the policy's prefix and its Job controllers") {
  const config::Policy policy = policy_of("prefix: est.example.com/\njobControllers: [\"o'br\\\\ien\\n\", b]");
  CHECK_THAT(expression_of(policy, Kind::Job, "has-estimate"), Catch::Contains("key.startsWith('est.example.com/')"));
  CHECK_THAT(expression_of(policy, Kind::Pod, "is-not-decided-at-its-job"),
             Catch::Contains(R"(request.userInfo.username in ['o\'br\\ien\u000A', 'b'])"));
  CHECK(expression_of(policy_of("jobControllers: []"), Kind::Pod, "is-not-decided-at-its-job") == "none");
}

TEST_CASE("the policy's kinds are asked for: decided at the object, or only looked at") {
  const config::Policy policy = policy_of(R"(
kinds:
- {group: example.com, kind: Training, templates: /spec/roles/*/template, level: object}
- {group: example.com, kind: Fleet, resource: flotte, templates: [/spec/template, /spec/x-y/template], level: pod}
- {group: jobset.x-k8s.io, kind: JobSet, level: none}
- {group: batch.volcano.sh, kind: Job, level: pod}
)");
  const auto resources_of = [&](std::size_t configuration, std::size_t webhook) {
    const Document made = document(make_registrations(policy)[configuration].object);
    std::string all;
    for (const json::View rule : made.root()["webhooks"][webhook]["rules"].elements()) {
      for (const json::View resource : rule["resources"].elements()) {
        all += std::string(*resource.text()) + "." + std::string(*rule["apiGroups"][std::size_t{0}].text()) + " ";
      }
    }
    return all;
  };
  CHECK(resources_of(0, 0) == "jobs.batch ");
  CHECK(resources_of(0, 2) ==
        "pytorchjobs.kubeflow.org tfjobs.kubeflow.org mpijobs.kubeflow.org rayclusters.ray.io rayjobs.ray.io "
        "trainings.example.com ");
  const std::string looked_at = resources_of(2, 0);
  CHECK_THAT(looked_at, Catch::Contains("jobs.batch.volcano.sh") && Catch::Contains("flotte.example.com") &&
                            Catch::Contains("cronjobs.batch") && Catch::Contains("deployments.apps"));
  CHECK_THAT(looked_at,
             !Catch::Contains("jobsets") && !Catch::Contains(" jobs.batch ") && !Catch::Contains("workflows"));
  // What CEL cannot select by name is left to the server.
  CHECK_THAT(expression_of(policy, Kind::Validated, "has-estimate"),
             Catch::Contains("'flotte'") && !Catch::Contains("x-y"));

  std::string none = "kinds:";
  for (const config::KindRule& rule : config::built_in_kinds()) {
    if (rule.group != "batch") none += "\n- {group: " + rule.group + ", kind: " + rule.kind + ", level: none}";
  }
  const auto registrations = make_registrations(policy_of(none));
  CHECK(registrations[0].webhooks == std::vector<std::string>{"jobs.plimsoll.dev", "shadow.jobs.plimsoll.dev"});
}

TEST_CASE("where Pods are decided instead of Jobs, those of Jobs are sent") {
  const std::string name = "is-not-decided-at-its-job";
  CHECK(expression_of(policy_of("decideAt: pod"), Kind::Pod, name) == "none");
  const std::string usual = expression_of(policy_of(""), Kind::Pod, name);
  CHECK(expression_of(policy_of("namespaces: [{match: {names: [git]}, policy: {decideAt: pod}}]"), Kind::Pod, name) ==
        "(request.namespace in ['git']) ||\n" + usual);
}

TEST_CASE("the options say who is called, and what if nobody answers") {
  RegistrationOptions options;
  options.url = "https://192.0.2.1:8443/mutate";
  options.authority_pem = "pem";
  options.timeout_seconds = 7;
  options.failure_policy = FailurePolicy::Fail;
  const Document made = document(make_registrations(policy_of("skipNamespaces: []"), options)[0].object);
  const json::View webhook = made.root()["webhooks"][std::size_t{0}];
  CHECK(json::write(webhook["clientConfig"]) == R"({"url":"https://192.0.2.1:8443/mutate","caBundle":"cGVt"})");
  const Document looking = document(make_registrations(policy_of(""), options)[2].object);
  CHECK(looking.root().at(Pointer("/webhooks/1/clientConfig/url")).text() == "https://192.0.2.1:8443/validate/shadow");
  CHECK(looking.root()["kind"].text() == "ValidatingWebhookConfiguration");
  CHECK_FALSE(looking.root()["webhooks"][std::size_t{0}]["reinvocationPolicy"]);
  CHECK(webhook["timeoutSeconds"].integer() == 7);
  CHECK(webhook["failurePolicy"].text() == "Fail");
  CHECK(webhook["namespaceSelector"]["matchExpressions"].size() == 1);

  // Our own namespace is never called for, whatever the policy says.
  const Document other =
      document(make_registrations(policy_of("skipNamespaces: [x]"), {.service_namespace = "ours"})[1].object);
  CHECK(json::write(other.root().at(Pointer("/webhooks/0/namespaceSelector/matchExpressions/0/values"))) ==
        R"(["x","ours"])");
}

const std::string kPem = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n";
const std::string kOtherPem = "-----BEGIN CERTIFICATE-----\nQg==\n-----END CERTIFICATE-----\n";

/// The API server's copy: `changes` (a JSON object of fields) laid over our webhooks, which stand behind another's.
Document live_with(const std::vector<std::pair<std::string, std::string>>& changes) {
  const Document made = document(make_registrations(policy_of(""))[1].object);
  json::Tree tree(made.root());
  const Document other = document(R"([{"name":"other.example.com","clientConfig":{}}])");
  const Document version = document("\"12\"");
  REQUIRE(tree.add(Pointer("/metadata/resourceVersion"), version.root()).has_value());
  REQUIRE(tree.add(Pointer("/webhooks"), other.root()).has_value());
  for (const json::View ours : made.root()["webhooks"].elements()) {
    REQUIRE(tree.add(Pointer("/webhooks/-"), ours).has_value());
  }
  std::vector<Document> values;  // which the tree does not copy
  values.reserve(changes.size());
  for (const auto& [path, value] : changes) {
    if (value.empty()) {
      REQUIRE(tree.remove(Pointer(path)).has_value());
    } else {
      values.push_back(document(value));
      REQUIRE(tree.add(Pointer(path), values.back().root()).has_value());
    }
  }
  return document(json::write(tree.root()));
}

/// `live` after the API server has applied `patch`.
Document patched(const Document& live, const std::string& patch) {
  const Document operations = document(patch);
  json::Tree tree(live.root());
  for (const json::View operation : operations.root().elements()) {
    const Pointer at(std::string(*operation["path"].text()));
    const auto op = operation["op"].text();
    if (op == "test") {
      INFO(at.text());
      CHECK(json::write(tree.root().at(at)) == json::write(operation["value"]));
    } else if (op == "add") {
      REQUIRE(tree.add(at, operation["value"]).has_value());
    } else if (op == "replace") {
      REQUIRE(tree.root().at(at));
      REQUIRE(tree.replace(at, operation["value"]).has_value());
    } else {
      REQUIRE(tree.remove(at).has_value());
    }
  }
  return document(json::write(tree.root()));
}

TEST_CASE("what drifted is found and mended; what others own stays") {
  const std::string conditions = "/webhooks/1/matchConditions";
  const std::string expressions = "/webhooks/1/namespaceSelector/matchExpressions";
  struct Case {
    std::vector<std::pair<std::string, std::string>> changes;
    std::vector<std::string> want;  // where something differs
  };
  const std::vector<Case> cases{
      {{}, {}},
      {{{"/webhooks/1/timeoutSeconds", "30"}, {"/webhooks/1/failurePolicy", "\"Fail\""}},
       {"/webhooks/1/failurePolicy", "/webhooks/1/timeoutSeconds"}},
      {{{"/webhooks/1/clientConfig/service/port", "8443"}}, {"/webhooks/1/clientConfig/service"}},
      {{{"/webhooks/1/clientConfig/service", ""}, {"/webhooks/1/clientConfig/url", "\"https://x/\""}},
       {"/webhooks/1/clientConfig/service", "/webhooks/1/clientConfig/url"}},
      {{{"/webhooks/1/rules", "[]"}}, {"/webhooks/1/rules"}},
      {{{conditions, ""}}, {conditions}},
      {{{conditions + "/1", ""}, {conditions + "/0/expression", "\"false\""}}, {conditions + "/0", conditions + "/-"}},
      {{{"/webhooks/1/namespaceSelector", "{}"}}, {expressions}},
      {{{"/webhooks/1/namespaceSelector", ""}}, {"/webhooks/1/namespaceSelector"}},
      {{{expressions + "/0/values/-", "\"mine\""}}, {expressions + "/0"}},
      {{{expressions + "/1", ""}}, {expressions + "/-"}},
      {{{"/webhooks/1", ""}}, {"/webhooks/-"}},
      {{{"/webhooks", ""}}, {"/webhooks"}},
      // Of others, or of no meaning.
      {{{"/webhooks/1/clientConfig/caBundle", "\"eA==\""}}, {}},
      {{{"/webhooks/1/objectSelector", "{}"}}, {}},
      {{{conditions + "/-", R"({"name":"not-on-fridays","expression":"true"})"}}, {}},
      {{{expressions + "/-", R"({"key":"control-plane","operator":"DoesNotExist"})"}}, {}},
      {{{expressions + "/0/values", R"(["plimsoll-system","kube-node-lease","kube-public","kube-system"])"}}, {}},
      {{{"/metadata/annotations", R"({"a":"b"})"}, {"/metadata/labels/x", "\"y\""}}, {}},
  };
  const Document wanted = document(make_registrations(policy_of(""))[1].object);
  for (const Case& c : cases) {
    const Document live = live_with(c.changes);
    const auto differences = find_differences(live.root(), wanted.root());
    std::vector<std::string> at;
    for (const Difference& difference : differences) at.push_back(difference.at.text());
    CHECK(at == c.want);
    const Document mended = patched(live, write_repair(live.root(), differences));
    CHECK(find_differences(mended.root(), wanted.root()).empty());
    CHECK(mended.root()["metadata"] == live.root()["metadata"]);
    if (live.root()["webhooks"])
      CHECK(mended.root().at(Pointer("/webhooks/0")) == live.root().at(Pointer("/webhooks/0")));
  }
}

TEST_CASE("conditions of ours that the policy no longer wants are taken out, from behind") {
  const Document live = live_with({{"/webhooks/1/matchConditions/0/name", "\"mine\""},
                                   {"/webhooks/1/matchConditions/-", R"({"name":"has-estimate","expression":"x"})"}});
  const Document wanted =
      document(make_registrations(policy_of("requireEstimate: true\njobControllers: []"))[1].object);
  const Document mended = patched(live, write_repair(live.root(), find_differences(live.root(), wanted.root())));
  std::vector<std::string> names;
  for (const json::View condition : mended.root().at(Pointer("/webhooks/1/matchConditions")).elements())
    names.emplace_back(*condition["name"].text());
  CHECK(names == std::vector<std::string>{"mine", "is-no-mirror-pod", "has-no-node-yet"});
}

TEST_CASE("a caBundle is the same when the same certificates stand in it") {
  struct Case {
    std::string is;  // PEM; "none": no field
    std::string wanted;
    bool differs;
  };
  const std::vector<Case> cases{{kPem, kPem, false},
                                {kPem + kOtherPem, kOtherPem + "\n\n" + kPem, false},
                                {"# old\n" + kPem + kPem, kPem, false},
                                {"none", kPem, true},
                                {"", kPem, true},
                                {kOtherPem, kPem, true},
                                {kPem, kPem + kOtherPem, true},
                                {kPem + kOtherPem, kPem, true}};
  const std::string at = "/webhooks/1/clientConfig/caBundle";
  for (const Case& c : cases) {
    INFO(c.is << " -> " << c.wanted);
    const Document live = c.is == "none" ? live_with({}) : live_with({{at, '"' + encode_base64(c.is) + '"'}});
    const auto found = find_bundle_differences(live.root(), {std::string(kPodsWebhook)}, c.wanted);
    CHECK(found.size() == (c.differs ? 1U : 0U));
    const Document mended = patched(live, write_repair(live.root(), found));
    CHECK(find_bundle_differences(mended.root(), {std::string(kPodsWebhook)}, c.wanted).empty());
  }
  const Document broken = live_with({{at, "\"%%\""}});
  CHECK(find_bundle_differences(broken.root(), {std::string(kPodsWebhook)}, kPem).size() == 1);
  CHECK(find_bundle_differences(broken.root(), {"no.such.webhook"}, kPem).empty());
}

TEST_CASE("what cert-manager keeps is left alone") {
  for (const std::string key : {"inject-ca-from", "inject-ca-from-secret", "inject-apiserver-ca"}) {
    const Document live = live_with({{"/metadata/annotations", "{\"cert-manager.io/" + key + "\":\"a/b\"}"}});
    CHECK(is_kept_by_cert_manager(live.root()));
    CHECK(find_bundle_differences(live.root(), {std::string(kPodsWebhook)}, kPem).empty());
    const Document wanted = document(make_registrations(policy_of(""), {.authority_pem = kPem})[1].object);
    CHECK(find_differences(live.root(), wanted.root()).empty());
  }
}

TEST_CASE("a repair begins with a test of the version that was read") {
  const Document live = live_with({});
  CHECK(write_repair(live.root(), find_bundle_differences(live.root(), {std::string(kPodsWebhook)}, "x")) ==
        R"([{"op":"test","path":"/metadata/resourceVersion","value":"12"},)"
        R"({"op":"add","path":"/webhooks/1/clientConfig/caBundle","value":"eA=="}])");
}

TEST_CASE("a registration that keeps back what the policy has rules for is a misfit") {
  struct Case {
    std::string policy;
    std::vector<std::pair<std::string, std::string>> changes;
    std::string want;  // a part of the only misfit; empty: none
  };
  const std::string at = "/webhooks/1";
  const std::vector<Case> cases{
      {"", {}, ""},
      {"prefix: est.example.com/", {}, "matchCondition has-estimate"},
      {"requireEstimate: true", {}, "matchCondition has-estimate"},
      {"jobControllers: [x]", {}, "matchCondition is-not-decided-at-its-job"},
      {"skipNamespaces: [kube-system, kube-public, plimsoll-system]", {}, "leaves out kube-node-lease"},
      {"", {{at + "/rules/0/resources", R"(["deployments"])"}}, "rules"},
      {"", {{at, ""}}, "no webhook pods.plimsoll.dev"},
      // What is sent in vain costs calls and loses nothing; what others keep back is their wish.
      {"skipNamespaces: [kube-system, kube-public, kube-node-lease]", {}, ""},
      {"", {{at + "/matchConditions", ""}}, ""},
      {"", {{at + "/matchConditions/0", ""}}, ""},
      {"", {{at + "/matchConditions/-", R"({"name":"mine","expression":"false"})"}}, ""},
      {"", {{at + "/timeoutSeconds", "30"}}, ""},
      {"", {{at + "/namespaceSelector", "{}"}}, ""},
  };
  for (const Case& c : cases) {
    INFO(c.policy << c.want);
    const Document live = live_with(c.changes);
    const Document wanted = document(make_registrations(policy_of(c.policy))[1].object);
    const auto misfits = find_misfits(live.root(), wanted.root());
    REQUIRE(misfits.size() == (c.want.empty() ? 0U : 1U));
    if (!c.want.empty()) CHECK_THAT(misfits.front(), Catch::Contains(c.want));
  }
}

}  // namespace
}  // namespace plimsoll::kube
