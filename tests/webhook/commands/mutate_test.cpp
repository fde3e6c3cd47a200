#include "webhook/commands/mutate.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
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
  Report run(const std::vector<std::string>& texts, Output output, const std::string& policy = {}) {
    MutateOptions options;
    for (const std::string& text : texts) options.files.push_back(add(text));
    options.output = output;
    options.policy = policy;
    options.now = "2026-01-01T00:00:00Z";
    return mutate(options);
  }
  Report write(const std::vector<std::string>& files) {
    MutateOptions options;
    options.files = files;
    options.in_place = true;
    options.now = "2026-01-01T00:00:00Z";
    return mutate(options);
  }
  [[nodiscard]] std::string read(const std::string& file) const {
    return directory_.read(std::filesystem::path(file).filename());
  }
  [[nodiscard]] std::size_t size() const {
    const auto entries = std::filesystem::directory_iterator(directory_.path());
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
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

TEST_CASE("as YAML an object is what its author wrote, with what changes") {
  Files files;
  const std::string text = R"(# Owner: #training
---
apiVersion: batch/v1
kind: Job   # runs nightly
metadata: {name: train, namespace: research}
spec:
    template:
        metadata:
            annotations:
                # measured in r41
                estimate.plimsoll.dev/memory: '4Gi'  # 3.1 at most
        spec:
            restartPolicy: Never
            containers:
              - image: "busybox"
                name: main
                resources: {}  # Plimsoll's

              # ships the logs
)";
  const Report report = files.run({text}, Output::Yaml);
  CHECK(report.err.empty());
  std::string want = text;
  const std::string place = "                resources: {}  # Plimsoll's\n";
  want.replace(want.find(place), place.size(), R"(                resources:  # Plimsoll's
                    requests:
                        memory: 5Gi
                    limits:
                        memory: 5Gi
)");
  // The marker is not what this is about.
  const std::size_t marker = report.out.find("                plimsoll.dev/decision: ");
  REQUIRE(marker != std::string::npos);
  std::string without = report.out;
  without.erase(marker, without.find('\n', marker) + 1 - marker);
  CHECK(without == want);
}

TEST_CASE("documents of a stream stay as they stand, and others are set apart") {
  Files files;
  const std::string stream = "# one\n" + kConfigMap + "--- # two\n" + kConfigMap + "...\n# three\n" + kConfigMap;
  CHECK(files.run({stream}, Output::Yaml).out == stream);
  CHECK(files.run({stream, kConfigMap}, Output::Yaml).out == stream + "---\n" + kConfigMap);
  CHECK(files.run({kConfigMap, "# h\n---\n" + kConfigMap}, Output::Yaml).out == kConfigMap + "# h\n---\n" + kConfigMap);
  CHECK(files.run({kBadPod + "---\n" + kConfigMap + "---\n" + kBadPod}, Output::Yaml).out == "---\n" + kConfigMap);
  const std::string open = kConfigMap.substr(0, kConfigMap.size() - 1);
  CHECK(files.run({open, kConfigMap}, Output::Yaml).out == kConfigMap + "---\n" + kConfigMap);
  CHECK(files.run({kBadPod + "...\n" + kConfigMap, kConfigMap}, Output::Yaml).out == kConfigMap + "---\n" + kConfigMap);
}

TEST_CASE("JSON becomes YAML where YAML is asked for") {
  Files files;
  const std::string json = files.run({kConfigMap}, Output::Json).out;
  CHECK(files.run({json}, Output::Yaml).out == kConfigMap);
  CHECK(files.run({json + "---\n" + json}, Output::Yaml).out == kConfigMap + "---\n" + kConfigMap);
}

TEST_CASE("refused items leave their List, and the others keep their comments") {
  Files files;
  const Report report = files.run({"apiVersion: v1\nkind: List\nitems:\n# bad\n" + indent(kBadPod) + "# good\n" +
                                   indent(kJob) + "# settings\n" + indent(kConfigMap) + "# end\n"},
                                  Output::Yaml);
  CHECK(report.exit_code == ExitCode::Rejected);
  contains(report.out, "\nitems:\n# bad\n# good\n- # sized\n  apiVersion: batch/v1\n");
  contains(report.out, "\n              memory: 5Gi\n");
  contains(report.out, "\n# settings\n" + indent(kConfigMap) + "# end\n");
  CHECK(count(report.out, "kind: Pod") == 0);
}

TEST_CASE("a place that cannot be edited is written anew with a warning that names it") {
  Files files;
  const Report report = files.run({kConfigMap + "---\n# job\n" + kJob.substr(0, kJob.find("      - name: main")) +
                                   "      - ? name\n        : main\n"},
                                  Output::Yaml);
  CHECK(report.exit_code == ExitCode::Ok);
  contains(report.err, ".yaml:25:9: warning: what stands here could not be edited as it is written");
  contains(report.out, "memory: 5Gi");
  contains(report.out, "---\n# job\n# sized\n");
}

TEST_CASE("every golden input comes out with the right value, all its comments, and nothing left to change") {
  const std::filesystem::path root = PLIMSOLL_SOURCE_DIR;
  std::size_t inputs = 0;
  std::size_t changed = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "tests/golden/mutate")) {
    if (entry.path().filename() != "input.yaml") continue;
    ++inputs;
    std::ostringstream stream;
    stream << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const std::string text = stream.str();
    for (const std::string& policy : {std::string(), (root / "manifests/policy.yaml").string()}) {
      INFO(entry.path() << "\n" << policy);
      Files files;
      const Report report = files.run({text}, Output::Yaml, policy);
      const auto wanted = json::Document::parse(files.run({text}, Output::Json, policy).out);
      const auto nodes = yaml::parse(report.out);
      REQUIRE(nodes);
      if (nodes->empty()) continue;
      CHECK(count(report.err, "written anew") == 0);
      REQUIRE(wanted);
      REQUIRE(nodes->size() == 1);
      CHECK(json::Document::parse(yaml::to_json(nodes->front()))->root() == wanted->root());
      if (files.run({text}, Output::Patch, policy).out == "[]\n") CHECK(report.out == text);
      changed += report.out == text ? 0U : 1U;

      std::multiset<std::string> lines;
      std::istringstream after(report.out);
      for (std::string line; std::getline(after, line);) lines.insert(line);
      std::istringstream before(text);
      for (std::string line; std::getline(before, line);) {
        if (line.find('#') != std::string::npos && line.find('{') == std::string::npos) CHECK(lines.contains(line));
      }
      if (report.exit_code == ExitCode::Ok) CHECK(files.run({report.out}, Output::Yaml, policy).out == report.out);
    }
  }
  CHECK(inputs > 50);
  CHECK(changed > 50);
}

TEST_CASE("in place each file is written as a whole, or not at all") {
  Files files;
  const std::string job = files.add("# one\n" + kJob + "---\n" + kConfigMap);
  const std::string mixed = files.add(kJob + "---\n" + kBadPod);
  const std::string settings = files.add(kConfigMap);
  const std::string empty = files.add("# nothing\n");
  const std::string json = files.add(files.run({kJob}, Output::Json).out);
  const std::string bare_json = files.add(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","annotations":{)"
                                          R"("estimate.plimsoll.dev/cpu":"1"}},"spec":{"containers":[{"name":"m"}]}})");
  const std::string broken = files.add("a: [\n");
  const std::string settings_before = files.read(settings);
  REQUIRE(::chmod(job.c_str(), 0640) == 0);
  std::filesystem::create_symlink(job, job + ".link");
  const std::size_t entries = files.size();

  const Report report = files.write({job + ".link", mixed, settings, empty, json, bare_json, broken});
  CHECK(report.out.empty());
  CHECK(report.exit_code == ExitCode::Unusable);
  contains(report.err, job + ".link: written, 1 of 2 objects changed\n");
  contains(report.err, mixed + ": not written, for 1 of 2 objects cannot be admitted\n");
  contains(report.err, settings + ": nothing to change\n");
  contains(report.err, empty + ": nothing to change\n");
  contains(report.err, json + ": nothing to change\n");
  contains(report.err, bare_json + ": written, 1 of 1 objects changed\n");
  contains(report.err, broken + ": not written\n");

  CHECK(files.read(job).starts_with("# one\n# sized\n"));
  CHECK(files.read(job).ends_with("---\n" + kConfigMap));
  contains(files.read(job), "\n            memory: 5Gi\n");
  CHECK(files.read(mixed) == kJob + "---\n" + kBadPod);
  CHECK(files.read(settings) == settings_before);
  contains(files.read(bare_json), R"([{"name":"m","resources":{"requests":{"cpu":"1"}}}]}})");
  CHECK(json::Document::parse(files.read(bare_json)));
  struct stat after {};
  REQUIRE(::stat(job.c_str(), &after) == 0);
  CHECK((after.st_mode & 07777U) == 0640);
  CHECK(std::filesystem::is_symlink(job + ".link"));
  CHECK(files.size() == entries);

  const Report again = files.write({job, bare_json});
  CHECK(again.exit_code == ExitCode::Ok);
  CHECK(again.err == job + ": nothing to change\n" + bare_json + ": nothing to change\n");
}

TEST_CASE("in place is refused where nothing can be written") {
  Files files;
  const std::string job = files.add(kJob);
  const auto run = [&](MutateOptions options) {
    options.in_place = true;
    const Report report = mutate(options);
    CHECK(report.exit_code == ExitCode::Unusable);
    CHECK(report.out.empty());
    CHECK(files.read(job) == kJob);
    return report.err;
  };
  contains(run({.files = {job}, .output = Output::Diff}), "--in-place: goes with no other output than yaml");
  contains(run({.files = {job, "-"}}), "--in-place: standard input cannot be written");
}
