#include "plimsoll/audit/record.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "decide/reviews.hpp"
#include "plimsoll/audit/entry.hpp"

namespace plimsoll::audit {
namespace {

using given::kNow;

std::string encoded(std::string_view yaml, std::string_view policy = "", const given::Request& request = {}) {
  auto review = given::review("Job", yaml, request);
  decide::Decision decision = decide::decide(review, given::world(policy), kNow);
  return encode_record(make_record(review, std::move(decision),
                                   {.time = kNow,
                                    .latency = std::chrono::microseconds(123),
                                    .input = keep_input("the body", RecordedInput::None),
                                    .caller = "kube-apiserver"}));
}

constexpr std::string_view kJob = R"(
metadata:
  name: train
  generateName: train-
  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, controller: true}]
  annotations: {secret.example.com/token: hunter2, estimate.plimsoll.dev/duration: 1h, estimate.plimsoll.dev/deadline: +6h}
spec:
  template:
    metadata: {annotations: {estimate.plimsoll.dev/memory: 40Gi, estimate.plimsoll.dev/gpu: "2", estimate.plimsoll.dev/gpu-memory: 10Gi}}
    spec:
      restartPolicy: Never
      containers:
      - {name: main, image: "registry.example.com/private", args: [--password=hunter2], env: [{name: TOKEN, value: hunter2}],
         resources: {requests: {cpu: 2}}}
)";

TEST_CASE("a record says who asked for what, what was changed, and why") {
  const std::string line = encoded(kJob);
  const auto document = json::Document::parse(line);
  REQUIRE(document);
  const json::View root = document->root();
  struct Case {
    std::string_view pointer;
    std::string_view want;
  };
  const Case cases[] = {
      {"/v", "1"},
      {"/time", R"("2026-01-01T00:00:00Z")"},
      {"/uid", R"("u1")"},
      {"/dryRun", "false"},
      {"/operation", R"("CREATE")"},
      {"/kind", R"("Job")"},
      {"/namespace", R"("default")"},
      {"/generateName", R"("train-")"},
      {"/owner", R"("CronJob/nightly")"},
      {"/user", R"("ada")"},
      {"/caller", R"("kube-apiserver")"},
      {"/verdict", R"("Mutated")"},
      {"/reason", R"("")"},
      {"/estimate/duration", R"({"value":"1h","origin":"annotation"})"},
      {"/estimate/deadline/value", R"("2026-01-01T06:00:00Z")"},
      {"/estimate/family", R"("nightly")"},
      {"/estimate/containers/main/memory", R"({"value":"40Gi","origin":"annotation"})"},
      {"/estimate/containers/main/cpu", R"({"value":"2","origin":"declared"})"},
      {"/estimate/containers/main/gpu-memory/value", R"("10Gi")"},
      {"/changes/0/rule", R"("resources")"},
      {"/changes/0/path", R"("spec.template.spec.containers[0].resources.requests.memory")"},
      {"/changes/0/from", "null"},
      {"/changes/0/to", R"("50Gi")"},
      {"/changes/0/reason", R"("estimate 40Gi x 1.25 (medium confidence) = 50Gi")"},
      {"/problems", "[]"},
      {"/warnings", "[]"},
      {"/patch/0/op", R"("add")"},
      {"/input", R"("sha256:fa8242e99f48966ca514092b4233b446851f42b57ad5031bf133e1dd76787f3e")"},
      {"/latencyUs", "123"},
  };
  for (const Case& c : cases) {
    INFO(c.pointer);
    CHECK(json::write(root.at(json::Pointer(std::string(c.pointer)))) == c.want);
  }
  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("nothing of the object enters a record but its names, its estimate and what the patch touches") {
  const std::string line = encoded(kJob);
  for (const char* secret : {"hunter2", "TOKEN", "registry.example.com", "secret.example.com", "password"}) {
    CHECK(line.find(secret) == std::string::npos);
  }
}

TEST_CASE("a refusal is recorded with its problems, a skip with its reason, a dry run as such") {
  const auto refused =
      json::Document::parse(encoded("spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: '8'}}, "
                                    "spec: {containers: [{name: a}]}}}"));
  CHECK(refused->root()["verdict"].text() == "Rejected");
  CHECK(refused->root()["reason"].text() == "BadEstimate");
  const json::View problem = refused->root()["problems"][0];
  CHECK(problem["reason"].text() == "OutOfRange");
  CHECK(problem["path"].text() == "spec.template.metadata.annotations[estimate.plimsoll.dev/memory]");
  CHECK(problem["value"].text() == "8");
  CHECK(refused->root()["patch"].size() == 0);

  const auto skipped = json::Document::parse(encoded("spec: {template: {spec: {containers: []}}}"));
  CHECK(skipped->root()["verdict"].text() == "Skipped");
  CHECK(skipped->root()["reason"].text() == "NoEstimate");
}

std::string documentation() {
  std::ifstream file(PLIMSOLL_SOURCE_DIR "/docs/audit.md");
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What stands between the first backticks of `line`, the second, and so on.
std::vector<std::string> code_words(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t begin = line.find('`'); begin != std::string_view::npos; begin = line.find('`', begin)) {
    const std::size_t end = line.find('`', begin + 1);
    if (end == std::string_view::npos) break;
    words.emplace_back(line.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  return words;
}

std::vector<std::string> keys_of(json::View object) {
  std::vector<std::string> keys;
  for (const json::Member member : object.members()) keys.emplace_back(member.key);
  return keys;
}

TEST_CASE("docs/audit.md names every member of a record, in their order; those that may be absent say `only`") {
  std::istringstream page(documentation());
  std::vector<std::string> documented;
  std::string line;
  while (std::getline(page, line) && !line.starts_with("| Member | Value |")) continue;
  std::getline(page, line);  // the rule below the headings
  while (std::getline(page, line) && line.starts_with("| ")) {
    const std::size_t middle = line.find(" | ");
    REQUIRE(middle != std::string::npos);
    if (line.substr(middle + 3).starts_with("only ")) continue;
    for (const std::string& word : code_words(line.substr(0, middle))) documented.push_back(word);
  }
  const auto record = json::Document::parse(encoded(kJob));
  REQUIRE(record);
  CHECK(documented == keys_of(record->root()));

  const std::vector<std::string> said = code_words(documentation());
  const auto refused =
      json::Document::parse(encoded("spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: '8'}}, "
                                    "spec: {containers: [{name: a}]}}}"));
  for (const json::View inner : {record->root()["estimate"], record->root()["changes"][0],
                                 record->root()["estimate"]["containers"]["main"], refused->root()["problems"][0]}) {
    CHECK(inner.size() > 0);
    for (const std::string& key : keys_of(inner)) {
      INFO(key);
      CHECK(std::ranges::find(said, key) != said.end());
    }
  }
}

TEST_CASE("the example in docs/audit.md is a record") {
  const std::string page = documentation();
  const std::size_t begin = page.find("```json\n") + 8;
  std::string example = page.substr(begin, page.find("```", begin) - begin);
  std::erase(example, '\n');
  const auto entry = decode_record(example);
  REQUIRE(entry);
  CHECK(entry->changes.size() == 3);
  const auto record = json::Document::parse(encoded(kJob));
  const auto parsed = json::Document::parse(example);
  CHECK(keys_of(parsed->root()) == keys_of(record->root()));
}

TEST_CASE("the same decision gives the same bytes, and outlives its review") {
  CHECK(encoded(kJob) == encoded(kJob));
  Record record;
  {
    auto review = given::review("Job", kJob);
    record = make_record(review, decide::decide(review, given::world(), kNow), {});
  }
  CHECK_THAT(encode_record(record), Catch::Contains("CronJob/nightly"));
}

TEST_CASE("a record holds the patch as it was answered, and writes the decision's where no answer is at hand") {
  const auto review = given::review("Job", kJob);
  const auto decide_it = [&] { return decide::decide(review, given::world(), kNow); };
  const std::string patch = decide::make_answer(review, decide_it()).patch;
  REQUIRE_FALSE(patch.empty());
  const Record answered = make_record(review, decide_it(), {.time = kNow, .latency = {}, .patch = patch});
  CHECK(answered.decision.patch.values == nullptr);  // they weigh more than all the rest
  CHECK_THAT(encode_record(answered), Catch::Contains("\"patch\":" + patch));
  CHECK(encode_record(answered) == encode_record(make_record(review, decide_it(), {.time = kNow, .latency = {}})));
}

TEST_CASE("hostile text is cut and escaped") {
  const std::string name = R"("\u202Eevil\u001b)" + std::string(500, 'x') + '"';
  const std::string line =
      encoded("metadata: {generateName: " + name +
                  "}\nspec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: " + name +
                  "}}, spec: {containers: [{name: " + name + "}]}}}",
              "", {.user = "\u202Eeve\x1b", .name_space = "n\u2066"});
  CHECK(json::Document::parse(line));
  CHECK(line.find("\u202E") == std::string::npos);
  CHECK(line.find("\u2066") == std::string::npos);
  CHECK(line.find(std::string(300, 'x')) == std::string::npos);
}

TEST_CASE("a record weighs what its patch holds") {
  const auto review = given::review("Job", kJob);
  Record record = make_record(review, decide::decide(review, given::world(), kNow), {.time = kNow});
  const std::size_t all = weigh(record);
  const std::size_t patch = record.patch.size();
  REQUIRE(patch > 100);
  record.patch.clear();
  CHECK(all - weigh(record) >= patch);
}

}  // namespace
}  // namespace plimsoll::audit
