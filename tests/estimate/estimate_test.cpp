#include "plimsoll/estimate/estimate.hpp"

#include <catch2/catch.hpp>

#include "given.hpp"

namespace plimsoll::estimate {
namespace {

using given::time;

const TimePoint kNow = time("2026-01-01T00:00:00Z");
constexpr std::string_view kModels =
    "gpu: {models: [{name: T4, memory: 15Gi, nodeLabels: {g: [t4]}}, {name: A100, memory: 40Gi, nodeLabels: {g: "
    "[a100]}}]}";

std::string pod_with(std::string_view annotations, std::string_view spec = "{containers: [{name: main}]}") {
  return "metadata: {name: p, annotations: {" + std::string(annotations) + "}}\nspec: " + std::string(spec);
}

Reading read(const workload::Workload& workload, std::string_view policy_fields = "", TimePoint now = kNow) {
  const config::Policy policy = given::policy(policy_fields);
  return read_estimate(workload, policy, policy.base, now);
}

Reading read_pod(std::string_view annotations, std::string_view policy_fields = "",
                 std::string_view spec = "{containers: [{name: main}]}") {
  const auto object = given::pod(pod_with(annotations, spec));
  return read(object.workload, policy_fields);
}

// The estimate in one line, container by container.
std::string summary(const Estimate& e) {
  std::string text;
  if (e.duration) text += "duration=" + to_text(e.duration->value) + " ";
  if (e.deadline) text += "deadline=" + plimsoll::to_text(e.deadline->value) + " ";
  if (e.slack) text += "slack=" + to_text(*e.slack) + " ";
  if (e.confidence != config::Confidence::Medium) text += e.confidence == config::Confidence::Low ? "low " : "high ";
  for (const std::string& model : e.gpu_models) text += "model=" + model + " ";
  for (std::size_t i = 0; i < e.containers.size(); ++i) {
    const ContainerEstimate& c = e.containers[i];
    const auto add = [&](std::string_view name, const auto& sized) {
      if (!sized) return;
      text += std::to_string(i) + "." + std::string(name) + "=" + to_text(sized->value);
      text += sized->origin.source == Origin::Source::Declared ? "(declared) " : " ";
    };
    add("cpu", c.cpu);
    add("memory", c.memory);
    add("ephemeral-storage", c.ephemeral_storage);
    add("gpu", c.gpu);
    add("gpu-memory", c.gpu_memory);
  }
  return text;
}

std::string problems(const Reading& reading) {
  std::string text;
  for (const Problem& problem : reading.problems) text += to_text(problem) + "\n";
  return text;
}

TEST_CASE("who may be stopped says so, or says how often he saves his work") {
  struct Case {
    std::string_view annotations;
    bool is_said;
    bool is_interruptible;
  };
  const Case cases[] = {{"estimate.plimsoll.dev/interruptible: 'true'", true, true},
                        {"estimate.plimsoll.dev/interruptible: 'false'", true, false},
                        {"estimate.plimsoll.dev/interruptible: 10m", true, true},
                        {"estimate.plimsoll.dev/interruptible: PT1H", true, true},
                        {"estimate.plimsoll.dev/duration: 1h", false, false}};
  for (const Case& c : cases) {
    INFO(c.annotations);
    const Reading reading = read_pod(c.annotations);
    CHECK(reading.problems.empty());
    CHECK(reading.estimate.interruptible.has_value() == c.is_said);
    CHECK(reading.estimate.is_interruptible() == c.is_interruptible);
  }
}

TEST_CASE("the CUDA that an image needs is a version and everything after it") {
  struct Case {
    std::string_view in;
    std::string_view want;  // empty: a problem
  };
  const Case cases[] = {{">=12.4", "12.4"}, {"12.4", "12.4"}, {" >= 12.4 ", "12.4"}, {">=13", "13.0"},
                        {"11.08", "11.8"},  {"<=12.4", ""},   {"12.4.1", ""},        {"12.", ""},
                        {"0.4", ""},        {"120.4", ""},    {"twelve", ""},        {"", ""}};
  for (const Case& c : cases) {
    INFO(c.in);
    const Reading reading =
        read_pod("estimate.plimsoll.dev/cuda: '" + std::string(c.in) + "'", "gpu: {cudaLabel: cuda}");
    REQUIRE(reading.estimate.cuda.has_value() == !c.want.empty());
    CHECK(reading.problems.empty() == !c.want.empty());
    if (reading.estimate.cuda) CHECK(to_text(reading.estimate.cuda->value) == c.want);
  }
  const Reading unknown = read_pod("estimate.plimsoll.dev/cuda: '12.4'");
  CHECK_FALSE(unknown.estimate.cuda.has_value());
  REQUIRE(unknown.warnings.size() == 1);
}

TEST_CASE("other resources are whole, extended or pages, and named once") {
  struct Case {
    std::string_view in;
    std::string_view want;
    std::string_view problem = "";
  };
  const Case cases[] = {
      {"rdma/hca=1", "rdma/hca=1 "},
      {"rdma/hca=1, hugepages-2Mi = 4Gi", "rdma/hca=1 hugepages-2Mi=4Gi "},
      {"example.com/licences=1k", "example.com/licences=1k "},
      {"", "", "must be a list"},
      {"rdma/hca", "", "must be a list"},
      {"rdma/hca=1,", "rdma/hca=1 ", "must be a list"},
      {"rdma/hca=1,rdma/hca=2", "rdma/hca=1 ", "twice"},
      {"rdma/hca=0", "", "more than zero"},
      {"rdma/hca=0.5", "", "whole"},
      {"rdma/hca=one", "", "is not a quantity"},
      {"hugepages-2Mi=3Mi", "", "no whole pages"},
      {"hugepages-2XB=4Mi", "", "no extended resource"},
      {"hugepages=4Mi", "", "no extended resource"},
      {"hca=1", "", "no extended resource"},
      {"/hca=1", "", "no extended resource"},
      {"RDMA/hca=1", "", "no extended resource"},
      {"rdma/-hca=1", "", "no extended resource"},
      {"kubernetes.io/hca=1", "", "no extended resource"},
      {"cpu=1", "", "key of its own"},
      {"nvidia.com/gpu=1", "", "is a GPU"},
      {"nvidia.com/gpumem=1", "", "is a GPU"},
      {"my.example.com/card=1", "", "is a GPU"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const Reading reading =
        read_pod("estimate.plimsoll.dev/extended: '" + std::string(c.in) + "'", "gpu: {resource: my.example.com/card}");
    std::string all;
    for (const Extended& one : reading.estimate.extended) all += one.resource + "=" + to_text(one.quantity) + " ";
    CHECK(all == c.want);
    if (c.problem.empty()) {
      CHECK(problems(reading).empty());
    } else {
      CHECK_THAT(problems(reading), Catch::Contains(std::string(c.problem)));
    }
  }
}

TEST_CASE("every key is read") {
  struct Case {
    std::vector<std::pair<std::string_view, std::string_view>> annotations;  // without the prefix
    std::string_view want;
  };
  const Case cases[] = {
      {{{"duration", "90m"}}, "duration=1h30m "},
      {{{"duration", "1d12h"}}, "duration=1d12h "},
      {{{"cpu", "8"}}, "0.cpu=8 "},
      {{{"cpu", "1500m"}}, "0.cpu=1500m "},
      {{{"cpu", "1m"}}, "0.cpu=1m "},
      {{{"cpu", "999"}}, "0.cpu=999 "},
      {{{"cpu", "4000m"}}, "0.cpu=4 "},
      {{{"memory", "40Gi"}}, "0.memory=40Gi "},
      {{{"memory", "1Mi"}}, "0.memory=1Mi "},
      {{{"memory", "512M"}}, "0.memory=500000Ki "},
      {{{"memory", "1e9"}}, "0.memory=1G "},
      {{{"ephemeral-storage", "20Gi"}}, "0.ephemeral-storage=20Gi "},
      {{{"gpu", "4"}}, "0.gpu=4 "},
      {{{"gpu", "0"}}, "0.gpu=0 "},
      {{{"gpu", "1"}, {"gpu-memory", "30Gi"}}, "0.gpu=1 0.gpu-memory=30Gi "},
      {{{"gpu", "1"}, {"gpu-model", "a100, T4"}}, "model=A100 model=T4 0.gpu=1 "},
      {{{"duration", "PT2H30M"}}, "duration=2h30m "},
      {{{"duration", "1-12:00:00"}}, "duration=1d12h "},
      {{{"deadline", "+PT6H"}}, "deadline=2026-01-01T06:00:00Z "},
      {{{"deadline", "2026-01-01T06:00:00Z"}}, "deadline=2026-01-01T06:00:00Z "},
      {{{"deadline", "2026-01-01T06:00:00+02:00"}}, "deadline=2026-01-01T04:00:00Z "},
      {{{"deadline", "+6h"}}, "deadline=2026-01-01T06:00:00Z "},
      {{{"deadline", "+6h"}, {"duration", "2h"}}, "duration=2h deadline=2026-01-01T06:00:00Z slack=4h "},
      {{{"confidence", "low"}}, "low "},
      {{{"confidence", "medium"}}, ""},
      {{{"confidence", "high"}}, "high "},
      {{{"container", "main"}, {"cpu", "1"}}, "0.cpu=1 "},
      {{{"cpu.main", "2"}, {"cpu", "1"}}, "0.cpu=2 "},
      {{{"gpu.main", "2"}, {"gpu-memory.main", "10Gi"}}, "0.gpu=2 0.gpu-memory=10Gi "},
      {{{"containers", R"({"main": {"memory": "4Gi", "gpu": 2}})"}}, "0.memory=4Gi 0.gpu=2 "},
      {{{"containers", R"({"main": {"memory": "4Gi"}})"}, {"memory.main", "5Gi"}}, "0.memory=5Gi "},
  };
  for (const Case& c : cases) {
    std::string annotations;
    for (const auto& [key, value] : c.annotations) {
      annotations += "estimate.plimsoll.dev/" + std::string(key) + ": '" + std::string(value) + "', ";
    }
    INFO(annotations);
    const Reading reading = read_pod(annotations, kModels);
    CHECK(problems(reading).empty());
    CHECK(reading.has_annotations);
    CHECK(summary(reading.estimate) == c.want);
  }
}

TEST_CASE("every typo is caught, with what was probably meant") {
  struct Case {
    std::string_view key;
    std::string_view value;
    Problem::Reason reason;
    std::string_view says;
  };
  using R = Problem::Reason;
  const Case cases[] = {
      {"memory", "8", R::OutOfRange, "8 bytes: did you mean \"8Gi\"?"},
      {"memory", "512", R::OutOfRange, "did you mean \"512Mi\"?"},
      {"memory", "12GiB", R::Malformed, "\"12Gi\""},
      {"memory", "512m", R::OutOfRange, "did you mean \"512Mi\"?"},
      {"memory", "1023Ki", R::OutOfRange, "less than the smallest estimate, \"1Mi\""},
      {"memory", "0", R::OutOfRange, "more than zero"},
      {"memory", "-4Gi", R::OutOfRange, "more than zero"},
      {"memory", "", R::Malformed, ""},
      {"memory", "lots", R::Malformed, ""},
      {"memory", "513Gi", R::AboveMaximum, "\"512Gi\""},
      {"ephemeral-storage", "20", R::OutOfRange, "\"20Gi\""},
      {"cpu", "4000", R::OutOfRange, "did you mean \"4000m\"?"},
      {"cpu", "1000", R::OutOfRange, "did you mean \"1000m\"?"},
      {"cpu", "4000.0", R::OutOfRange, "4000.0 whole cores"},
      {"cpu", "500M", R::OutOfRange, "did you mean \"500m\"?"},
      {"cpu", "1e9", R::OutOfRange, "more cores than any machine has"},
      {"cpu", "4Gi", R::OutOfRange, "a size, not a number of cores"},
      {"cpu", "500u", R::OutOfRange, "at least \"1m\""},
      {"cpu", "0", R::OutOfRange, "at least \"1m\""},
      {"cpu", "-2", R::OutOfRange, "at least \"1m\""},
      {"cpu", "2 cores", R::Malformed, ""},
      {"total-duration", "8h", R::Conflict, "is of a whole Job, and this is a Pod"},
      {"total-duration", "8", R::Malformed, "\"8m\""},
      {"duration", "02:30", R::Malformed, "hours and minutes, or minutes and seconds"},
      {"duration", "90", R::Malformed, "\"90m\""},
      {"duration", "0s", R::OutOfRange, "more than zero"},
      {"duration", "-5m", R::OutOfRange, "more than zero"},
      {"duration", "2 hours", R::Malformed, ""},
      {"gpu", "0.5", R::OutOfRange, "gpu-memory"},
      {"gpu", "-1", R::OutOfRange, "must not be negative"},
      {"gpu", "9", R::AboveMaximum, "8"},
      {"gpu", "two", R::Malformed, ""},
      {"gpu-memory", "30Gi", R::Conflict, "add \"estimate.plimsoll.dev/gpu\""},
      {"gpu-memory", "40", R::OutOfRange, "\"40Gi\""},
      {"gpu-model", "A1000", R::OutOfRange, "lists: T4, A100"},
      {"interruptible", "maybe", R::Malformed, "\"true\", \"false\", or how often the work is saved"},
      {"interruptible", "True", R::Malformed, "\"true\", \"false\""},
      {"interruptible", "0m", R::Malformed, "such as \"10m\""},
      {"interruptible", "10", R::Malformed, "such as \"10m\""},
      {"interruptible", "", R::Malformed, "\"true\", \"false\""},
      {"confidence", "sure", R::Malformed, "\"low\", \"medium\" or \"high\""},
      {"confidence", "High", R::Malformed, "\"high\""},
      {"deadline", "2025-12-31T23:59:59Z", R::OutOfRange, "has passed (it is 2026-01-01T00:00:00Z)"},
      {"deadline", "2026-01-01T00:00:00Z", R::OutOfRange, "has passed"},
      {"deadline", "tomorrow", R::Malformed, "\"+6h\""},
      {"deadline", "6h", R::Malformed, "\"+6h\""},
      {"deadline", "+6", R::Malformed, "\"+6h\""},
      {"deadline", "+-6h", R::Malformed, "\"+6h\""},
      {"deadline", "+0s", R::Malformed, "\"+6h\""},
      {"container", "mian", R::UnknownContainer, "did you mean \"main\"?"},
      {"container", "database", R::UnknownContainer, "there are: main"},
      {"memory.mian", "4Gi", R::UnknownContainer, "did you mean \"main\"?"},
      {"memroy", "4Gi", R::UnknownKey, "did you mean \"estimate.plimsoll.dev/memory\"?"},
      {"memroy.main", "4Gi", R::UnknownKey, "did you mean \"estimate.plimsoll.dev/memory.main\"?"},
      {"gpus", "1", R::UnknownKey, "estimate.plimsoll.dev/gpu"},
      {"containers", "main=4Gi", R::Malformed, "must be JSON"},
      {"containers", "[1]", R::Malformed, "must be JSON"},
      {"containers", R"({"main": "4Gi"})", R::Malformed, "\"main\": must be an object"},
      {"containers", R"({"main": {"memroy": "4Gi"}})", R::UnknownKey, "did you mean \"memory\"?"},
      {"containers", R"({"main": {"memory": true}})", R::NotText, "must be a string"},
      {"containers", R"({"main": {"memory": 8}})", R::OutOfRange, "\"8Gi\""},
      {"containers", R"({"mian": {"memory": "4Gi"}})", R::UnknownContainer, "\"main\""},
  };
  for (const Case& c : cases) {
    INFO(c.key << " = " << c.value);
    const Reading reading =
        read_pod("estimate.plimsoll.dev/" + std::string(c.key) + ": '" + std::string(c.value) + "'", kModels);
    REQUIRE(reading.problems.size() == 1);
    const Problem& problem = reading.problems.front();
    CHECK(to_text(problem.reason) == to_text(c.reason));
    CHECK_THAT(problem.message, Catch::Contains(std::string(c.says)));
    CHECK_THAT(problem.where,
               Catch::StartsWith("metadata.annotations[estimate.plimsoll.dev/" + std::string(c.key) + "]"));
    CHECK(summary(reading.estimate).empty());  // never a guess
  }
}

TEST_CASE("a value that is no string is to be quoted") {
  const Reading reading = read_pod("estimate.plimsoll.dev/gpu: 1, estimate.plimsoll.dev/cpu: '2'");
  REQUIRE(reading.problems.size() == 1);
  CHECK(to_text(reading.problems[0]) ==
        R"(metadata.annotations[estimate.plimsoll.dev/gpu]: "1" is not a string: quote it: "1")");
  CHECK(summary(reading.estimate) == "0.cpu=2 ");
}

TEST_CASE("a key that resembles none is left to newer versions") {
  const Reading reading = read_pod("estimate.plimsoll.dev/someday: 'true', estimate.plimsoll.dev/x.y: z");
  CHECK(reading.problems.empty());
  CHECK(reading.warnings ==
        std::vector<std::string>{"metadata.annotations[estimate.plimsoll.dev/someday]: unknown estimate, ignored",
                                 "metadata.annotations[estimate.plimsoll.dev/x.y]: unknown estimate, ignored"});
  const Reading lenient = read_pod("estimate.plimsoll.dev/memroy: 4Gi", "onUnknownKey: warn");
  CHECK(lenient.problems.empty());
  REQUIRE(lenient.warnings.size() == 1);
  CHECK_THAT(lenient.warnings[0], Catch::Contains("did you mean \"estimate.plimsoll.dev/memory\"?"));
  CHECK_FALSE(read_pod("other.example.com/memory: 8").has_annotations);
}

TEST_CASE("models are ignored with a warning where the policy lists none") {
  const Reading reading = read_pod("estimate.plimsoll.dev/gpu: '1', estimate.plimsoll.dev/gpu-model: T4");
  CHECK(reading.problems.empty());
  REQUIRE(reading.warnings.size() == 1);
  CHECK_THAT(reading.warnings[0], Catch::Contains("lists no GPU models"));
}

TEST_CASE("all GPUs of a pod together stay within the policy's maximum") {
  const Reading reading = read_pod("estimate.plimsoll.dev/gpu.a: '5', estimate.plimsoll.dev/gpu.b: '4'", "",
                                   "{containers: [{name: a}, {name: b}]}");
  REQUIRE(reading.problems.size() == 1);
  CHECK(reading.problems[0].reason == Problem::Reason::AboveMaximum);
  CHECK_THAT(reading.problems[0].message, Catch::Contains("9 GPUs in all"));
  CHECK(summary(reading.estimate) == "0.gpu=5 ");
  CHECK(read_pod("estimate.plimsoll.dev/gpu.a: '5', estimate.plimsoll.dev/gpu.i: '4'", "",
                 "{containers: [{name: a}], initContainers: [{name: i}]}")
            .problems.empty());
}

TEST_CASE("the estimated container is named, marked, alone, or the one with a GPU") {
  struct Case {
    std::string_view annotations;
    std::string_view spec;
    std::string_view want;  // its name, or a part of the problem
  };
  const Case cases[] = {
      {"", "{containers: [{name: a}]}", "a"},
      {"", "{containers: [{name: a}, {name: istio-proxy}]}", "a"},
      {"", "{containers: [{name: istio-proxy}]}", "istio-proxy"},
      {"", "{containers: [{name: a}], initContainers: [{name: i}, {name: s, restartPolicy: Always}]}", "a"},
      {"", "{containers: [{name: a}, {name: b}]}", "any of: a, b"},
      {"", "{containers: [{name: a}, {name: b, resources: {limits: {nvidia.com/gpu: 1}}}]}", "b"},
      {"",
       "{containers: [{name: a, resources: {limits: {amd.com/gpu: 1}}}, {name: b, resources: {limits: {nvidia.com/gpu: "
       "1}}}]}",
       "any of: a, b"},
      {"kubectl.kubernetes.io/default-container: b", "{containers: [{name: a}, {name: b}]}", "b"},
      {"kubectl.kubernetes.io/default-container: gone", "{containers: [{name: a}]}", "a"},
      {"estimate.plimsoll.dev/container: a, kubectl.kubernetes.io/default-container: b",
       "{containers: [{name: a}, {name: b}]}", "a"},
      {"estimate.plimsoll.dev/container: i", "{containers: [{name: a}], initContainers: [{name: i}]}", "i"},
      {"", "{containers: []}", "no container to estimate"},
  };
  for (const Case& c : cases) {
    INFO(c.annotations << " | " << c.spec);
    const auto object =
        given::pod(pod_with("estimate.plimsoll.dev/memory: 4Gi, " + std::string(c.annotations), c.spec));
    const Reading reading = read(object.workload);
    if (reading.problems.empty()) {
      REQUIRE(reading.estimate.container);
      CHECK(object.workload.containers[*reading.estimate.container].name == c.want);
    } else {
      CHECK(reading.problems[0].reason == Problem::Reason::Ambiguous);
      CHECK_THAT(to_text(reading.problems[0]),
                 Catch::StartsWith("metadata.annotations[estimate.plimsoll.dev/container]: "));
      CHECK_THAT(reading.problems[0].message, Catch::Contains(std::string(c.want)));
    }
  }
}

TEST_CASE("which container is meant does not matter where every size names its own") {
  const Reading reading = read_pod(
      "estimate.plimsoll.dev/memory.a: 4Gi, estimate.plimsoll.dev/cpu.i: '1', estimate.plimsoll.dev/duration: 1h", "",
      "{containers: [{name: a}, {name: b}], initContainers: [{name: i}]}");
  CHECK(reading.problems.empty());
  CHECK_FALSE(reading.estimate.container);
  CHECK(summary(reading.estimate) == "duration=1h 0.memory=4Gi 2.cpu=1 ");
}

TEST_CASE("a container that may be injected later is only warned about") {
  const Reading reading = read_pod("estimate.plimsoll.dev/memory.istio-proxy: 256Mi");
  CHECK(reading.problems.empty());
  REQUIRE(reading.warnings.size() == 1);
  CHECK_THAT(reading.warnings[0], Catch::Contains("no container \"istio-proxy\" here"));
}

TEST_CASE("all problems are told at once, also those of sizes that found no container") {
  const Reading reading = read_pod(
      "estimate.plimsoll.dev/memory: '8', estimate.plimsoll.dev/duration: '90', estimate.plimsoll.dev/gpu.ghost: '0.5'",
      "", "{containers: [{name: a}, {name: b}]}");
  std::string reasons;
  for (const Problem& problem : reading.problems) reasons += std::string(to_text(problem.reason)) + " ";
  CHECK(reasons == "Malformed Ambiguous OutOfRange OutOfRange ");
}

TEST_CASE("no more than twenty problems and twenty warnings are told of one object") {
  std::string annotations;
  for (int i = 0; i < 40; ++i) {
    annotations += "estimate.plimsoll.dev/cpu.absent" + std::to_string(i) + ": '0', ";
    annotations += "estimate.plimsoll.dev/unheard-of-" + std::to_string(i) + ": '0', ";
  }
  const Reading reading = read_pod(annotations);
  CHECK(reading.problems.size() == kMaxProblems);
  CHECK(reading.warnings.size() == kMaxProblems);
}

TEST_CASE("the user's text is cut and escaped wherever it is echoed") {
  const std::string long_text(900, 'x');
  const std::string trap = R"("\u202Eevil\u001b[31m)" + long_text + '"';  // for YAML's double quotes
  const Reading reading = read_pod(R"(estimate.plimsoll.dev/memory: )" + trap + R"(, "estimate.plimsoll.dev/cpu.)" +
                                   trap.substr(1) + R"(: "0", "estimate.plimsoll.dev/memor)" + "\\u001b\": \"1\"" +
                                   R"(, estimate.plimsoll.dev/container: )" + trap +
                                   R"(, "estimate.plimsoll.dev/strange)" + trap.substr(1) + R"(: "1")");
  CHECK(reading.problems.size() >= 4);
  CHECK_FALSE(reading.warnings.empty());
  std::vector<std::string> echoes = reading.warnings;
  for (const Problem& problem : reading.problems) echoes.push_back(to_text(problem));
  for (const std::string& echo : echoes) {
    CHECK(echo.size() < 600);
    CHECK(echo.find('\x1b') == std::string::npos);
    CHECK(echo.find("\u202E") == std::string::npos);
  }
}

TEST_CASE("at a Job the template wins over the metadata, key by key") {
  const auto object = given::job(R"(
metadata: {name: train, annotations: {estimate.plimsoll.dev/duration: 1h, estimate.plimsoll.dev/memory: 4Gi}}
spec:
  template:
    metadata: {annotations: {estimate.plimsoll.dev/memory: 8Gi, estimate.plimsoll.dev/cpu: "bad"}}
    spec: {containers: [{name: a}]}
)");
  const Reading reading = read(object.workload);
  CHECK(summary(reading.estimate) == "duration=1h 0.memory=8Gi ");
  CHECK(reading.estimate.duration->origin.where == "metadata.annotations[estimate.plimsoll.dev/duration]");
  CHECK(reading.estimate.containers[0].memory->origin.where ==
        "spec.template.metadata.annotations[estimate.plimsoll.dev/memory]");
  REQUIRE(reading.problems.size() == 1);
  CHECK(reading.problems[0].where == "spec.template.metadata.annotations[estimate.plimsoll.dev/cpu]");
}

TEST_CASE("what the spec declares is known, but not as an annotation") {
  const Reading reading = read_pod(
      "estimate.plimsoll.dev/duration: 1h", "",
      "{containers: [{name: a, resources: {requests: {cpu: 2}, limits: {cpu: 4, memory: 1Gi, nvidia.com/gpu: 1}}}]}");
  CHECK(summary(reading.estimate) == "duration=1h 0.cpu=2(declared) 0.memory=1Gi(declared) 0.gpu=1(declared) ");
  CHECK_FALSE(read_pod("").has_annotations);
}

TEST_CASE("an absolute deadline does not fit a template that is used again") {
  struct Case {
    std::string_view owner;
    bool is_problem;
  };
  for (const Case& c : {Case{"batch/v1, kind: CronJob", true}, Case{"apps/v1, kind: ReplicaSet", true},
                        Case{"apps/v1, kind: StatefulSet", true}, Case{"example.com/v1, kind: Job", true},
                        Case{"batch/v1, kind: Job", false}, Case{"jobset.x-k8s.io/v1alpha2, kind: JobSet", false},
                        Case{"kubeflow.org/v1, kind: PyTorchJob", false}, Case{"", false}}) {
    INFO(c.owner);
    const std::string owner =
        c.owner.empty() ? ""
                        : "ownerReferences: [{apiVersion: " + std::string(c.owner) + ", name: o, controller: true}], ";
    const auto object =
        given::pod("metadata: {" + owner + R"(annotations: {estimate.plimsoll.dev/deadline: "2026-01-02T00:00:00Z"}}
spec: {containers: [{name: a}]})");
    const Reading reading = read(object.workload);
    REQUIRE(reading.problems.size() == (c.is_problem ? 1 : 0));
    if (c.is_problem) CHECK(reading.problems[0].reason == Problem::Reason::Conflict);

    const auto relative = given::pod("metadata: {" + owner + R"(annotations: {estimate.plimsoll.dev/deadline: "+6h"}}
spec: {containers: [{name: a}]})");
    CHECK(read(relative.workload).problems.empty());
  }
  const auto cron = given::object(workload::Kind::CronJob, R"(
spec: {jobTemplate: {spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/deadline: "2026-01-02T00:00:00Z"}},
  spec: {containers: [{name: a}]}}}}}
)");
  CHECK(read(cron.workload).problems.size() == 1);
}

TEST_CASE("slack is what a deadline leaves, and may be negative or very long") {
  struct Case {
    std::string_view deadline;
    std::string_view duration;
    Duration want;
    bool warns;
  };
  using std::chrono::hours;
  const Case cases[] = {
      {"+6h", "2h", Duration(hours(4)), false},
      {"+1h", "2h", Duration(-hours(1)), true},
      {"+2h", "2h", Duration(hours(0)), false},
      {"9999-12-31T23:59:59Z", "2h", Duration(std::chrono::nanoseconds::max()), false},
  };
  for (const Case& c : cases) {
    INFO(c.deadline);
    const Reading reading = read_pod("estimate.plimsoll.dev/deadline: '" + std::string(c.deadline) +
                                     "', estimate.plimsoll.dev/duration: " + std::string(c.duration));
    REQUIRE(reading.estimate.slack);
    CHECK(*reading.estimate.slack == c.want);
    CHECK(reading.warnings.size() == (c.warns ? 1 : 0));
  }
}

TEST_CASE("the first decision fixes submission, deadline and container for the same estimate") {
  constexpr std::string_view kAnnotations =
      R"(estimate.plimsoll.dev/deadline: "+6h", estimate.plimsoll.dev/duration: 1h, estimate.plimsoll.dev/memory: 1Gi)";
  const std::string hash = read_pod(kAnnotations).estimate.hash;
  const auto with_marker = [&](std::string_view estimate) {
    return pod_with(
        std::string(kAnnotations) + R"(, plimsoll.dev/decision: '{"v":1,"estimate":")" + std::string(estimate) +
            R"(","container":"b","at":"2025-12-31T20:00:00Z","deadline":"2026-01-01T02:00:00Z","set":{"activeDeadlineSeconds":900}}')",
        "{containers: [{name: a}, {name: b}]}");
  };
  const auto same = given::pod(with_marker(hash));
  const Reading reading = read(same.workload, "", kNow + std::chrono::hours(1));
  CHECK(reading.problems.empty());
  CHECK(reading.estimate.submitted == time("2025-12-31T20:00:00Z"));
  CHECK(reading.estimate.slack == Duration(std::chrono::hours(5)));
  CHECK(reading.estimate.container == 1);

  const auto other = given::pod(with_marker("other"));
  const Reading anew = read(other.workload, "", kNow);
  CHECK(anew.estimate.submitted == kNow);
  CHECK(anew.estimate.slack == Duration(std::chrono::hours(5)));
  REQUIRE(anew.problems.size() == 1);
  CHECK(anew.problems[0].reason == Problem::Reason::Ambiguous);
}

TEST_CASE("the hash is of the estimate, whatever else changes and however it is ordered") {
  const std::string one = read_pod("estimate.plimsoll.dev/cpu: '1', estimate.plimsoll.dev/memory: 1Gi").estimate.hash;
  CHECK(one == read_pod("estimate.plimsoll.dev/memory: 1Gi, x: y, estimate.plimsoll.dev/cpu: '1'").estimate.hash);
  CHECK(one != read_pod("estimate.plimsoll.dev/memory: 2Gi, estimate.plimsoll.dev/cpu: '1'").estimate.hash);
  CHECK(one != read_pod("estimate.plimsoll.dev/cpu: '1'").estimate.hash);
  CHECK(read_pod(R"(estimate.plimsoll.dev/family: "a\ncpu=1:1")").estimate.hash !=
        read_pod("estimate.plimsoll.dev/family: a, estimate.plimsoll.dev/cpu: '1'").estimate.hash);
}

TEST_CASE("a family is named, or the owner's, or the object's own") {
  struct Case {
    std::string_view metadata;
    std::string_view want;
  };
  const Case cases[] = {
      {"{name: p, annotations: {estimate.plimsoll.dev/family: nightly report}}", "nightly report"},
      {"{name: p, annotations: {estimate.plimsoll.dev/family: ''}}", "p"},
      {"{name: p, ownerReferences: [{kind: CronJob, name: nightly, controller: true}], annotations: "
       "{estimate.plimsoll.dev/cpu: '1'}}",
       "nightly"},
      {"{name: p, generateName: g-, annotations: {estimate.plimsoll.dev/cpu: '1'}}", "p"},
      {"{generateName: train-, annotations: {estimate.plimsoll.dev/cpu: '1'}}", "train"},
      {"{annotations: {estimate.plimsoll.dev/cpu: '1'}}", ""},
  };
  for (const Case& c : cases) {
    INFO(c.metadata);
    const auto object = given::pod("metadata: " + std::string(c.metadata) + "\nspec: {containers: [{name: a}]}");
    CHECK(read(object.workload).estimate.family == c.want);
  }
}

TEST_CASE("the prefix is the policy's") {
  const Reading reading =
      read_pod("sizing.example.com/cpu: '2', estimate.plimsoll.dev/cpu: '3'", "prefix: sizing.example.com/");
  CHECK(summary(reading.estimate) == "0.cpu=2 ");
}

}  // namespace
}  // namespace plimsoll::estimate
