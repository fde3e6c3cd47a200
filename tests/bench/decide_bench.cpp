// How long a decision takes, beside what the JSON parser alone would take on the same bytes.
//
// Each round times every variant once, in turn, so that whatever else the machine does falls on all of them; a figure
// is the median of the rounds. The reviews are recorded ones with an estimate written into them, so that every step has
// work to do. At the end the same decision where 10, 100 and 1,000 namespaces have settings of their own.

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/audit/record.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/json/tree.hpp"
#include "plimsoll/json/writer.hpp"

namespace {

using namespace plimsoll;
using Clock = std::chrono::steady_clock;

constexpr int kRounds = 301;

std::string load(const std::string& path) {
  std::ifstream file(std::string(PLIMSOLL_SOURCE_DIR) + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The recorded review with an estimate in the pod template, and `padding` more bytes of environment, as large specs
// have.
std::string make_body(const std::string& sample, const std::string& pod_template, std::size_t padding) {
  const auto document = json::Document::parse(load("tests/samples/" + sample));
  const json::View root = document->root();
  json::Tree tree(root);
  const json::Pointer at("/request/object" + pod_template);
  json::Writer annotations;
  annotations.begin_object();
  for (const json::Member& m : root.at(at / "metadata" / "annotations").members())
    annotations.key(m.key).value(m.value);
  const char* const estimate[][2] = {
      {"duration", "2h"}, {"cpu", "4"}, {"memory", "40Gi"}, {"gpu", "2"}, {"gpu-memory", "30Gi"}};
  for (const auto& [key, value] : estimate) annotations.member("estimate.plimsoll.dev/" + std::string(key), value);
  const json::View containers = root.at(at / "spec" / "containers");
  annotations.member("estimate.plimsoll.dev/container", *containers[std::size_t{0}]["name"].text()).end_object();
  const auto added = json::Document::parse(annotations.text());
  if (!root.at(at / "metadata")) {
    const auto empty = json::Document::parse("{}");
    static_cast<void>(tree.add(at / "metadata", empty->root()));
    static_cast<void>(tree.add(at / "metadata" / "annotations", added->root()));
    return json::write(tree.root());
  }
  static_cast<void>(tree.add(at / "metadata" / "annotations", added->root()));
  if (padding > 0) {
    json::Writer env;
    env.begin_array();
    for (std::size_t i = 0; i * 110 < padding; ++i) {
      env.begin_object().member("name", fmt::format("SETTING_{:05}", i));
      env.member("value", "a value as long as the paths and addresses that people put into the environment")
          .end_object();
    }
    env.end_array();
    const auto padded = json::Document::parse(env.text());
    static_cast<void>(tree.add(at / "spec" / "containers" / std::size_t{0} / "env", padded->root()));
    return json::write(tree.root());
  }
  return json::write(tree.root());
}

template <unsigned kFlags>
void parse_bare(std::string& bytes) {
  rapidjson::Document document;
  document.ParseInsitu<kFlags>(bytes.data());
  if (document.HasParseError()) std::abort();
}

struct Variant {
  const char* name;
  std::function<void(std::string&)> run;
  std::vector<double> microseconds = {};
  double median() {
    std::nth_element(microseconds.begin(), microseconds.begin() + kRounds / 2, microseconds.end());
    return microseconds[kRounds / 2];
  }
};

// The shipped policy with `count` overrides, by name and by glob; the last is the one for `name_space`.
std::shared_ptr<const config::Policy> make_policy(const std::string& shipped, std::size_t count,
                                                  const std::string& name_space) {
  std::string text = shipped.substr(0, shipped.find("\nnamespaces:")) + "\nnamespaces:\n";
  for (std::size_t i = 1; i < count; ++i) {
    text += fmt::format("- {{match: {{names: [team-{0:04}, \"team-{0:04}-*\"]}}, policy: {{lists: template}}}}\n", i);
  }
  text += fmt::format("- {{match: {{names: {}}}, policy: {{lists: template}}}}\n", name_space);
  auto policy = config::parse_policy(text);
  if (!policy) std::abort();
  return std::make_shared<const config::Policy>(*std::move(policy));
}

// A decision must not take longer where many namespaces have settings of their own.
void bench_overrides(const std::string& shipped, const std::string& body) {
  std::string bytes = body;
  const auto review = admission::decode_review(std::move(bytes));
  const std::string name_space(review->name_space);
  std::vector<Variant> variants;
  for (const std::size_t count : {std::size_t{10}, std::size_t{100}, std::size_t{1000}}) {
    const decide::Snapshot world{make_policy(shipped, count, name_space)};
    variants.push_back({count == 10    ? "10"
                        : count == 100 ? "100"
                                       : "1000",
                        [&review, world](std::string&) {
                          if (decide::decide(*review, world, TimePoint{}).verdict != decide::Verdict::Mutated)
                            std::abort();
                        }});
  }
  for (int round = 0; round < kRounds; ++round) {
    for (Variant& variant : variants) {
      const auto start = Clock::now();
      variant.run(bytes);
      variant.microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
  }
  std::printf("\n%-11s %8s | %s\n", "overrides", "decide", "of that with 10");
  const double least = variants.front().median();
  for (Variant& variant : variants) {
    std::printf("%-11s %6.1fus | %.2f\n", variant.name, variant.median(), variant.median() / least);
  }
}

}  // namespace

int main() {
  const auto policy = config::parse_policy(load("manifests/policy.yaml"));
  if (!policy) return 2;
  const decide::Snapshot world{std::make_shared<const config::Policy>(*policy)};
  const TimePoint now{};

  struct Body {
    const char* name;
    std::string bytes;
  };
  const Body bodies[] = {
      {"Pod 3 KB", make_body("pod-create-kubectl.json", "", 0)},
      {"Pod 8.5 KB", make_body("pod-create-1.37.json", "", 0)},
      {"Job 7.7 KB", make_body("job-create-1.37.json", "/spec/template", 0)},
      {"Job 60 KB", make_body("job-create-1.37.json", "/spec/template", 52'000)},
      {"Job 1 MB", make_body("job-create-1.37.json", "/spec/template", 1'040'000)},
  };
  std::printf("%-11s %8s | %9s %9s | %9s %9s %9s | %s\n", "review", "bytes", "default", "safe", "decode", "decide",
              "in full", "in full / safe parse");
  for (const Body& body : bodies) {
    std::size_t answer_bytes = 0;
    Variant variants[] = {
        {"default", parse_bare<rapidjson::kParseDefaultFlags>},
        {"safe", parse_bare<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>},
        {"decode", [](std::string& bytes) { static_cast<void>(admission::decode_review(std::move(bytes))); }},
        {"decide",
         [&](std::string& bytes) {
           const auto review = admission::decode_review(std::move(bytes));
           const decide::Decision decision = decide::decide(*review, world, now);
           if (decision.verdict != decide::Verdict::Mutated) std::abort();
         }},
        {"in full",
         [&](std::string& bytes) {
           audit::Input input = audit::keep_input(bytes, audit::RecordedInput::None);
           const auto review = admission::decode_review(std::move(bytes));
           decide::Decision decision = decide::decide(*review, world, now);
           admission::Answer answer = decide::make_answer(*review, decision);
           answer_bytes = admission::encode_answer(answer).size();
           static_cast<void>(audit::make_record(
               *review, std::move(decision),
               {.time = now, .latency = {}, .input = std::move(input), .patch = std::move(answer.patch)}));
         }},
    };
    for (int round = 0; round < kRounds; ++round) {
      for (Variant& variant : variants) {
        std::string bytes = body.bytes;
        const auto start = Clock::now();
        variant.run(bytes);
        variant.microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
      }
    }
    const double safe = variants[1].median();
    std::printf("%-11s %8zu | %7.1fus %7.1fus | %7.1fus %7.1fus %7.1fus | %.2f\n", body.name, body.bytes.size(),
                variants[0].median(), safe, variants[2].median(), variants[3].median(), variants[4].median(),
                variants[4].median() / safe);
  }
  bench_overrides(load("manifests/policy.yaml"), bodies[2].bytes);
}
