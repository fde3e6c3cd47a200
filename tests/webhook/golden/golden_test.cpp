#include "webhook/golden/golden.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "webhook/commands/test.hpp"
#include "webhook/golden/checks.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;

namespace {

const std::string kPod = R"(# sized
apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations:
    estimate.plimsoll.dev/memory: "4Gi"
spec:
  containers:
  - name: main
)";

class Cases {
 public:
  const TemporaryDirectory& directory() const { return directory_; }

  void add(const std::string& name, const std::string& text) { directory_.write(name, text); }
  std::vector<CaseResult> run(GoldenOptions::Mode mode = GoldenOptions::Mode::Compare) {
    auto results = run_goldens(directory_.path(), {.mode = mode});
    REQUIRE(results);
    return std::move(*results);
  }
  void update() {
    for (const CaseResult& result : run(GoldenOptions::Mode::Update)) REQUIRE(result.failure.empty());
  }
  CaseResult run_one() {
    auto results = run();
    REQUIRE(results.size() == 1);
    return results.front();
  }

 private:
  TemporaryDirectory directory_;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what an update wrote passes, and a second update rewrites nothing") {
  Cases cases;
  cases.add("topic/case/input.yaml", kPod);
  const auto updated = cases.run(GoldenOptions::Mode::Update);
  REQUIRE(updated.size() == 1);
  CHECK(updated[0].name == "topic/case");
  CHECK(updated[0].is_updated);
  CHECK(cases.run_one().failure.empty());
  CHECK_FALSE(cases.run(GoldenOptions::Mode::Update)[0].is_updated);

  const std::string expected = cases.directory().read("topic/case/expected.yaml");
  CHECK(contains(expected, "    plimsoll.dev/decision: '{\"v\":1,\"policy\":\"golden\","));
  CHECK(contains(expected, "---\nverdict: Mutated\nreasons:\n- rule: resources\n  text: "));
}

TEST_CASE("layout and comments of an expected.yaml do not matter, its values do") {
  Cases cases;
  cases.add("c/input.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: main}]}\n");
  cases.add("c/expected.yaml",
            "# untouched\n{kind: Pod, apiVersion: v1, metadata: {name: p}, spec: {containers: [{name: main}]}}\n---\n"
            "{reason: NoEstimate, verdict: Skipped}\n");
  CHECK(cases.run_one().failure.empty());
}

TEST_CASE("a stale expected.yaml fails with a diff") {
  Cases cases;
  cases.add("c/input.yaml", kPod);
  cases.update();
  std::string stale = cases.directory().read("c/expected.yaml");
  stale.replace(stale.find("memory: 5Gi"), 11, "memory: 6Gi");
  cases.add("c/expected.yaml", stale);
  const CaseResult result = cases.run_one();
  CHECK(result.failure == "is not what expected.yaml says");
  CHECK(contains(result.diff, "--- expected.yaml\n+++ decided\n@@ "));
  CHECK(contains(result.diff, "-        memory: 6Gi\n+        memory: 5Gi\n"));
  CHECK(cases.directory().read("c/expected.yaml") == stale);
}

TEST_CASE("files that are missing, left over or malformed fail") {
  struct Case {
    std::vector<std::pair<std::string, std::string>> files;
    std::string name;
    std::string failure;
  };
  const std::vector<Case> table = {
      {{{"c/input.yaml", kPod}}, "c", "there is no expected.yaml"},
      {{{"left/expected.yaml", "a: 1\n"}}, "left", "expected.yaml has no input.yaml beside it"},
      {{{"left/context.yaml", "{}\n"}}, "left", "no case reads this context.yaml"},
      {{{"c/input.yaml", "a: [\n"}}, "c", "input.yaml:"},
      {{{"c/input.yaml", kPod + "---\n" + kPod}}, "c", "input.yaml: must hold exactly one object"},
      {{{"c/input.yaml", kPod}, {"c/expected.yaml", "a: [\n"}}, "c", "expected.yaml:"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "polcy: {}\n"}},
       "c",
       "\"polcy\" is not read: did you mean \"policy\"?"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "request: {user: ada}\n"}}, "c", "\"user\" is not read"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "request: {userInfo: {name: ada}}\n"}}, "c", "\"name\" is not read"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "request: {operation: create}\n"}}, "c", "request.operation"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "now: noon\n"}}, "c", "now: "},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "policy: {mod: enforce}\n"}}, "c", "policy: mod"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "policyFile: none.yaml\n"}}, "c", "there is no \"none.yaml\" here"},
      {{{"c/input.yaml", kPod}, {"c/context.yaml", "- a\n"}}, "c", "context: must be a map"},
  };
  for (const Case& c : table) {
    CAPTURE(c.failure);
    Cases cases;
    cases.add("good/input.yaml", kPod);
    cases.update();
    for (const auto& [name, text] : c.files) cases.add(name, text);
    const auto results = cases.run();
    REQUIRE(results.size() == 2);
    const auto bad = std::ranges::find(results, c.name, &CaseResult::name);
    REQUIRE(bad != results.end());
    CAPTURE(bad->failure);
    CHECK(contains(bad->failure, c.failure));
    CHECK(std::ranges::count(results, std::string(), &CaseResult::failure) == 1);
  }
}

TEST_CASE("a context is laid over those of the directories above, key by key") {
  Cases cases;
  cases.add("context.yaml",
            "policy: {resources: {memory: {round: 1Gi}, margin: {medium: 2}}}\nrequest: {namespace: a}\n");
  cases.add("t/context.yaml", "policy: {resources: {margin: {medium: 3}}}\nrequest: {userInfo: {username: ada}}\n");
  cases.add("t/c/input.yaml", kPod);
  cases.update();
  CHECK(contains(cases.directory().read("t/c/expected.yaml"), "memory: 12Gi\n"));
  // The same from wherever the runner is started.
  const auto below = run_goldens(cases.directory().path() / "t" / "c", {});
  REQUIRE(below);
  CHECK(below->front().name == "c");
  CHECK(below->front().failure.empty());
}

TEST_CASE("a policy file is found beside its context or in a directory above, and partly overridden") {
  Cases cases;
  cases.add(
      "manifests/policy.yaml",
      "apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nresources: {margin: {medium: 2}, memory: {limit: none}}\n");
  cases.add("t/context.yaml", "policyFile: manifests/policy.yaml\npolicy: {resources: {margin: {medium: 3}}}\n");
  cases.add("t/c/input.yaml", kPod);
  cases.update();
  const std::string expected = cases.directory().read("t/c/expected.yaml");
  CHECK(contains(expected, "memory: 12Gi\n"));
  CHECK_FALSE(contains(expected, "limits:"));
}

TEST_CASE("the request's facts reach the decision") {
  struct Case {
    std::string request;
    std::string want;
  };
  const std::vector<Case> table = {
      {"{operation: UPDATE}", "reason: NotCreate"},     {"{operation: DELETE}", "reason: NotCreate"},
      {"{namespace: kube-system}", "SkippedNamespace"}, {"{subResource: exec}", "reason: Subresource"},
      {"{generateName: p-}", "\n  generateName: p-\n"}, {"{dryRun: true}", "verdict: Mutated"},
      {"{userInfo: {username: ada}}", "memory: 5Gi"},   {"{name: other}", "verdict: Mutated"},
  };
  for (const Case& c : table) {
    CAPTURE(c.request);
    Cases cases;
    cases.add("c/input.yaml", kPod);
    cases.add("c/context.yaml", "request: " + c.request + "\n");
    cases.update();
    CHECK(contains(cases.directory().read("c/expected.yaml"), c.want));
  }
}

TEST_CASE("a rejected object is expected by its verdict alone") {
  Cases cases;
  std::string pod = kPod;
  pod.replace(pod.find("4Gi"), 3, "4GiB");
  cases.add("c/input.yaml", pod);
  cases.update();
  CHECK(cases.directory().read("c/expected.yaml").starts_with("verdict: Rejected\nreason: BadEstimate\nproblems:\n- "));
}

TEST_CASE("a directory without cases is unusable") {
  const TemporaryDirectory directory;
  CHECK_FALSE(run_goldens(directory.path(), {}));
  CHECK_FALSE(run_goldens(directory.path() / "none", {}));
  CHECK(test({.directory = directory.path().string()}).exit_code == ExitCode::Unusable);
}

TEST_CASE("the report has a line for each failure, the diff, and the sums; JUnit the same") {
  Cases cases;
  cases.add("good/input.yaml", kPod);
  cases.update();
  cases.add("b<ad/input.yaml", kPod);
  const std::string junit = (cases.directory().path() / "report.xml").string();
  const Report report = test({.directory = cases.directory().path().string(), .junit = junit});
  CHECK(report.exit_code == ExitCode::Failure);
  CHECK(report.out == "FAIL b<ad: there is no expected.yaml; UPDATE_GOLDEN=1 writes it\n1 passed, 1 failed\n");
  const std::string xml = cases.directory().read("report.xml");
  CHECK(contains(xml, "<testsuite name=\"golden\" tests=\"2\" failures=\"1\">\n"));
  CHECK(contains(xml, "<testcase classname=\"golden\" name=\"good\"/>\n"));
  CHECK(contains(xml, "name=\"b&lt;ad\"><failure message=\"there is no expected.yaml; UPDATE_GOLDEN=1 writes it\">"));
}

// The core keeps these promises, so their checks are shown decisions that do not.
TEST_CASE("a decision that breaks a promise is found out") {
  const auto object = json::Document::parse(
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{"estimate.plimsoll.dev/memory":"4Gi"}},)"
      R"("spec":{"containers":[{"name":"main"}]}})");
  REQUIRE(object);
  const GoldenContext context{.policy = config::default_policy(), .now = {}, .request = {}, .generate_name = {}};
  const auto make = [&] {
    auto passage = pass(object->root(), context);
    REQUIRE(passage);
    return std::move(*passage);
  };
  CHECK(find_fault(object->root(), context, make()).empty());

  Passage failed = make();
  failed.decision.verdict = decide::Verdict::Failed;
  failed.decision.message = "why";
  CHECK(find_fault(object->root(), context, failed) == "Plimsoll failed its own check: why");

  Passage other_bytes = make();
  other_bytes.answer += " ";
  CHECK(find_fault(object->root(), context, other_bytes) == "a second run gives other bytes");

  Passage other_verdict = make();
  other_verdict.decision.warnings.push_back("a warning of the first run only");
  CHECK(find_fault(object->root(), context, other_verdict) == "v1 is decided otherwise");
}
