#include "plimsoll/audit/entry.hpp"

#include "decide/reviews.hpp"
#include "plimsoll/audit/record.hpp"

namespace plimsoll::audit {
namespace {

using given::kNow;

constexpr std::string_view kJob = R"(
metadata: {generateName: train-, ownerReferences: [{kind: CronJob, name: nightly, controller: true}]}
spec:
  template:
    metadata:
      annotations: {estimate.plimsoll.dev/duration: 1h, estimate.plimsoll.dev/memory: 40Gi, estimate.plimsoll.dev/gpu: "2"}
    spec: {containers: [{name: main, resources: {requests: {cpu: 2}}}]}
)";

std::string encoded(std::string_view yaml) {
  auto review = given::review("Job", yaml);
  decide::Decision decision = decide::decide(review, given::world(), kNow);
  return encode_record(make_record(
      review, std::move(decision),
      {.time = kNow, .latency = std::chrono::microseconds(123), .input = keep_input("the body", RecordedInput::None)}));
}

TEST_CASE("what is written is read again") {
  const auto entry = decode_record(encoded(kJob));
  REQUIRE(entry);
  CHECK(entry->time == kNow);
  CHECK(entry->uid == "u1");
  CHECK_FALSE(entry->dry_run);
  CHECK(entry->operation == "CREATE");
  CHECK(entry->kind == "Job");
  CHECK(entry->name_space == "default");
  CHECK(entry->generate_name == "train-");
  CHECK(entry->owner == "CronJob/nightly");
  CHECK(entry->user == "ada");
  CHECK(entry->verdict == "Mutated");
  CHECK(entry->duration == "1h");
  CHECK(entry->family == "nightly");
  CHECK(entry->input.starts_with("sha256:"));
  CHECK(entry->patch.starts_with(R"([{"op":"add")"));
  CHECK(entry->latency == std::chrono::microseconds(123));
  REQUIRE(entry->amounts.size() == 3);
  CHECK(entry->amounts[0].container == "main");
  CHECK(entry->amounts[0].resource == "cpu");
  CHECK(entry->amounts[0].value == "2");
  CHECK(entry->amounts[0].origin == "declared");
  REQUIRE_FALSE(entry->changes.empty());
  CHECK(entry->changes[0].rule == "resources");
  CHECK(entry->changes[0].path == "spec.template.spec.containers[0].resources.requests.memory");
  CHECK(entry->changes[0].from.empty());
  CHECK(entry->changes[0].to == R"("50Gi")");

  const auto refused =
      decode_record(encoded("spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: '8'}}, "
                            "spec: {containers: [{name: a}]}}}"));
  REQUIRE(refused);
  CHECK(refused->verdict == "Rejected");
  CHECK(refused->reason == "BadEstimate");
  REQUIRE(refused->problems.size() == 1);
  CHECK(refused->problems[0].reason == "OutOfRange");
  CHECK(refused->problems[0].value == "8");
}

TEST_CASE("what this program does not know is passed over, what is not there is empty") {
  const auto entry = decode_record(
      R"({"v":1,"time":"2026-01-01T00:00:00Z","uid":"u","verdict":"Postponed","later":{"a":[1]},"changes":[{"rule":"x"}]})");
  REQUIRE(entry);
  CHECK(entry->verdict == "Postponed");
  CHECK(entry->user.empty());
  CHECK(entry->changes.size() == 1);
}

TEST_CASE("a line that is no record says why") {
  struct Case {
    std::string_view line;
    ErrorCode code;
    std::string_view where;
    std::string_view message;
  };
  const Case cases[] = {
      {"", ErrorCode::Invalid, "byte 0", "not JSON"},
      {R"({"v":1,"time":"2026-01-)", ErrorCode::Invalid, "byte 23", "not closed"},
      {"[]", ErrorCode::Invalid, "", "is a list, not an object"},
      {"{}", ErrorCode::Invalid, "v", "is missing: this is no audit record"},
      {R"({"v":2})", ErrorCode::Unsupported, "v", "2 is a format that this program does not read; it reads 1"},
      {R"({"v":1,"uid":"u","verdict":"Mutated"})", ErrorCode::Invalid, "time", "is missing"},
      {R"({"v":1,"time":"yesterday","uid":"u","verdict":"x"})", ErrorCode::Invalid, "time",
       "\"yesterday\" is not a time"},
      {R"({"v":1,"time":"2026-01-01T00:00:00Z","uid":7,"verdict":"x"})", ErrorCode::Invalid, "uid",
       "is a number, not a text"},
      {R"({"v":1,"time":"2026-01-01T00:00:00Z","uid":"u","verdict":"x","changes":{}})", ErrorCode::Invalid, "changes",
       "is an object, not a list"},
  };
  for (const Case& c : cases) {
    INFO(c.line);
    const auto entry = decode_record(std::string(c.line));
    REQUIRE_FALSE(entry);
    CHECK(entry.error().code == c.code);
    CHECK(entry.error().where == c.where);
    CHECK_THAT(entry.error().message, Catch::Contains(std::string(c.message)));
  }
}

}  // namespace
}  // namespace plimsoll::audit
