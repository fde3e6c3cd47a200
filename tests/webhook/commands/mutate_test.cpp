#include "webhook/commands/mutate.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plimsoll/json/document.hpp"
#include "plimsoll/patch/patch.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;
using Output = MutateOptions::Output;

namespace {

const std::string kJob = R"(# sized
apiVersion: batch/v1
kind: Job
metadata:
  name: train
  namespace: research
spec:
  template:
    metadata:
      annotations:
        estimate.plimsoll.dev/memory: "4Gi"
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox
)";

const std::string kConfigMap = R"(apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  annotations:
    port: 80
data:
  a: "1"
)";

const std::string kBadPod = R"(apiVersion: v1
kind: Pod
metadata:
  name: bad
  annotations:
    estimate.plimsoll.dev/memory: "12GiB"
spec:
  containers:
  - name: main
)";

std::string indent(const std::string& object) {
  std::string text = "- ";
  for (const char c : object) {
    text += c;
    if (c == '\n') text += "  ";
  }
  return text.substr(0, text.size() - 2);
}

const std::string kList = "apiVersion: v1\nkind: List\nitems:\n" + indent(kConfigMap) + indent(kBadPod) + indent(kJob);

class Files {
 public:
  std::string add(const std::string& text) { return directory_.write("f" + std::to_string(++count_) + ".yaml", text); }
  Report run(const std::vector<std::string>& texts, Output output) {
    MutateOptions options;
    for (const std::string& text : texts) options.files.push_back(add(text));
    options.output = output;
    options.now = "2026-01-01T00:00:00Z";
    return mutate(options);
  }

 private:
  TemporaryDirectory directory_;
  int count_ = 0;
};

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text, part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

}  // namespace

TEST_CASE("an annotated Job comes out sized, as YAML that reads back") {
  Files files;
  const Report report = files.run({kJob}, Output::Yaml);
  CHECK(report.exit_code == ExitCode::Ok);
  CHECK(report.err.empty());
  const auto nodes = yaml::parse(report.out);
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 1);
  contains(report.out, "            memory: 5Gi\n");
}

TEST_CASE("kinds that are not decided pass through unchanged") {
  Files files;
  const Report report = files.run({kConfigMap}, Output::Yaml);
  CHECK(report.exit_code == ExitCode::Ok);
  CHECK(report.out == kConfigMap);
  CHECK(report.err.empty());
}

TEST_CASE("several objects are a stream of YAML, a List of JSON, a line of patch each") {
  Files files;
  const std::vector<std::string> inputs = {kConfigMap + "---\n" + kJob, kJob};

  const Report stream = files.run(inputs, Output::Yaml);
  CHECK(count(stream.out, "---\n") == 2);
  CHECK(count(stream.out, "memory: 5Gi") == 4);

  const Report list = files.run(inputs, Output::Json);
  const auto document = json::Document::parse(list.out);
  REQUIRE(document);
  CHECK(document->root()["kind"].text() == "List");
  CHECK(document->root()["items"].size() == 3);

  const Report patches = files.run(inputs, Output::Patch);
  CHECK(count(patches.out, "\n") == 3);
  CHECK(patches.out.starts_with("[]\n[{\"op\":"));
}

TEST_CASE("one object is that object in JSON and one patch array, which gives the same object") {
  Files files;
  const auto after = json::Document::parse(files.run({kJob}, Output::Json).out);
  REQUIRE(after);
  CHECK(after->root()["kind"].text() == "Job");
  const auto patch = patch::parse_patch(files.run({kJob}, Output::Patch).out);
  REQUIRE(patch);
  const auto before = json::Document::parse(yaml::to_json(yaml::parse(kJob)->front()));
  const auto patched = patch::apply(before->root(), *patch);
  REQUIRE(patched);
  CHECK(patched->root() == after->root());
}

TEST_CASE("a List stays a List, without the items that are refused") {
  Files files;
  const Report report = files.run({kList}, Output::Json);
  CHECK(report.exit_code == ExitCode::Rejected);
  const auto document = json::Document::parse(report.out);
  REQUIRE(document);
  const json::View items = document->root()["items"];
  REQUIRE(items.size() == 2);
  CHECK(items[std::size_t{0}]["kind"].text() == "ConfigMap");
  CHECK(items[1]["spec"]["template"]["spec"]["containers"][std::size_t{0}]["resources"]["requests"]["memory"].text() ==
        "5Gi");
  contains(report.err, ".yaml:17:37: metadata.annotations[estimate.plimsoll.dev/memory]: \"12GiB\"");
}

TEST_CASE("a refused object leaves no object, and null for a patch") {
  Files files;
  for (const Output output : {Output::Yaml, Output::Json, Output::Diff}) {
    const Report report = files.run({kBadPod}, output);
    CHECK(report.exit_code == ExitCode::Rejected);
    CHECK(report.out.empty());
    contains(report.err, "Pod default/bad is refused:");
  }
  CHECK(files.run({kBadPod}, Output::Patch).out == "null\n");
}

TEST_CASE("a value without quotes is refused as it is written, where it is written") {
  struct Case {
    std::string line;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"estimate.plimsoll.dev/gpu: 1",
       ".yaml:6:32: metadata.annotations[estimate.plimsoll.dev/gpu]: \"1\" is not a "
       "string: quote it: \"1\"\n"},
      {"estimate.plimsoll.dev/cpu: 1.50", "\"1.50\" is not a string: quote it: \"1.50\"\n"},
      {"plimsoll.dev/mode: off",
       ".yaml:6:24: metadata.annotations[plimsoll.dev/mode]: \"off\" is not a string: quote "
       "it: \"off\"\n"},
      {"other: [1]", "metadata.annotations.other: is not a string: annotation values are strings\n"},
  };
  Files files;
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const Report report = files.run({"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n    " + c.line +
                                     "\nspec:\n  containers:\n  - name: main\n"},
                                    Output::Yaml);
    CHECK(report.exit_code == ExitCode::Rejected);
    CHECK(count(report.err, "is not a string") == 1);
    contains(report.err, c.want);
  }
}

TEST_CASE("a diff is of the YAML before and after, named after the file") {
  Files files;
  const Report report = files.run({kConfigMap, kJob}, Output::Diff);
  CHECK(count(report.out, "--- ") == 1);
  contains(report.out, "f2.yaml\tJob research/train\n@@ ");
  contains(report.out, "\n+            memory: 5Gi\n");
  CHECK(report.out.find('\033') == std::string::npos);
}

TEST_CASE("an explanation names the estimate, its origin, each change with its reason, and the verdict") {
  Files files;
  const Report report = files.run({kJob}, Output::Explain);
  CHECK(report.err.empty());
  contains(report.out, "Job research/train (");
  contains(report.out, ") is changed in 2 places.\n");
  contains(report.out,
           "  memory of main  4Gi  from spec.template.metadata.annotations[estimate.plimsoll.dev/memory]\n");
  contains(report.out,
           "  spec.template.spec.containers[0].resources.requests.memory: nothing → 5Gi — estimate 4Gi x 1.25 (medium "
           "confidence) = 5Gi (resources)\n");
  contains(report.out, "\nVerdict: Mutated, by the built-in policy\n");
}

TEST_CASE("an explanation of a refusal says what to mend, and of a CronJob what its Jobs get") {
  Files files;
  const Report refused = files.run({kBadPod}, Output::Explain);
  CHECK(refused.exit_code == ExitCode::Rejected);
  contains(refused.out, "is refused: one thing has to be mended first.\n");
  contains(refused.out, "\n  line 6: metadata.annotations[estimate.plimsoll.dev/memory]: \"12GiB\" ");
  contains(refused.out, "\nVerdict: Rejected (BadEstimate), by the built-in policy\n");

  const Report cron = files.run({R"(apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      template:
        metadata: {annotations: {estimate.plimsoll.dev/cpu: "1"}}
        spec: {restartPolicy: Never, containers: [{name: main}]}
)"},
                                Output::Explain);
  CHECK(cron.exit_code == ExitCode::Ok);
  contains(cron.out,
           "stays as it is; each Job that it makes is decided.\nOne made now would be changed in one place.\n");
  contains(cron.out, "\nVerdict: Unchanged (CronJob)");
}

TEST_CASE("warnings are said beside the output, those of an estimate with their place") {
  Files files;
  const Report report = files.run({R"(apiVersion: v1
kind: Pod
metadata:
  name: owned
  annotations: {estimate.plimsoll.dev/memory: "8"}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: r, uid: u, controller: true}]
spec: {containers: [{name: main}]}
)"},
                                  Output::Yaml);
  CHECK(report.exit_code == ExitCode::Ok);
  CHECK_FALSE(report.out.empty());
  contains(report.err, "Pod default/owned: warning:\n");
  contains(report.err, ".yaml:5:47: metadata.annotations[estimate.plimsoll.dev/memory]: \"8\" is 8 bytes");
}

TEST_CASE("unusable input is one line, and the rest is still decided") {
  Files files;
  MutateOptions options;
  options.files = {"/does/not/exist", files.add("a: [\n"), files.add("spec: {}\n"), files.add(kBadPod),
                   files.add(kJob)};
  const Report report = mutate(options);
  CHECK(report.exit_code == ExitCode::Unusable);
  contains(report.err, "/does/not/exist: cannot be read: No such file or directory\n");
  contains(report.err, "f1.yaml:");
  contains(report.err, "f2.yaml:1:1: the object has no kind, such as Job\n");
  contains(report.err, "Pod default/bad is refused:");
  contains(report.out, "memory: 5Gi");
}

TEST_CASE("flags that make no sense are unusable") {
  Files files;
  const std::string job = files.add(kJob);
  const auto run = [&](MutateOptions options) {
    options.files = {job};
    const Report report = mutate(options);
    CHECK(report.exit_code == ExitCode::Unusable);
    CHECK(report.out.empty());
    return report.err;
  };
  CHECK(run({.now = "yesterday"}).starts_with("--now: "));
  CHECK(run({.name_space = ""}) == "--namespace: must not be empty\n");
  CHECK(run({.policy = "/no/policy"}) == "/no/policy: cannot be read: No such file or directory\n");
  const std::string policy = files.add("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nmod: enforce\n");
  contains(run({.policy = policy}), policy + ":3:1: ");
  CHECK(mutate({.files = {files.add("# nothing\n")}}).exit_code == ExitCode::Unusable);
}

TEST_CASE("policy, namespace, user and groups reach the decision") {
  Files files;
  MutateOptions options;
  options.files = {files.add(kBadPod), files.add("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: "
                                                 "[{name: main}]}\n")};
  options.output = Output::Explain;
  options.name_space = "demanding";
  options.policy = files.add(R"(apiVersion: plimsoll.dev/v1alpha1
kind: Policy
namespaces:
- match: {names: [demanding]}
  policy:
    requireEstimate: {user: ada, groups: [research]}
)");
  CHECK(count(mutate(options).out, "Verdict: Rejected") == 1);
  options.user = "ada";
  options.groups = {"research"};
  const Report report = mutate(options);
  contains(report.out, "Pod demanding/p (");
  contains(report.out, "Verdict: Rejected (EstimateRequired), by policy ");
}
