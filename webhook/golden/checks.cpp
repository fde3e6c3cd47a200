#include "webhook/golden/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "plimsoll/audit/record.hpp"
#include "plimsoll/audit/redact.hpp"
#include "plimsoll/audit/replay.hpp"
#include "plimsoll/base/base64.hpp"
#include "plimsoll/base/contract.hpp"
#include "plimsoll/json/writer.hpp"
#include "webhook/input/request.hpp"
#include "webhook/output/explain.hpp"

namespace plimsoll::webhook {
namespace {

using admission::Version;
using decide::Verdict;
using json::View;

void write_list(json::Writer& writer, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  writer.key(key).begin_array();
  for (const std::string& text : texts) writer.value(text);
  writer.end_array();
}

std::string write_verdict(const decide::Decision& decision) {
  json::Writer writer;
  writer.begin_object().member("verdict", decide::to_text(decision.verdict));
  if (!decision.reason.empty()) writer.member("reason", decision.reason);
  if (!decision.changes.empty()) {
    writer.key("reasons").begin_array();
    for (const decide::AppliedChange& change : decision.changes) {
      writer.begin_object();
      if (!change.rule.empty()) writer.member("rule", change.rule);
      writer.member("text", describe(change) + ": " + change.reason).end_object();
    }
    writer.end_array();
  }
  std::vector<std::string> problems;
  for (const estimate::Problem& problem : decision.problems) problems.push_back(estimate::to_text(problem));
  // A refusal for want of an estimate has no problem to show for it.
  if (decision.verdict == Verdict::Rejected && problems.empty()) writer.member("message", decision.message);
  write_list(writer, "warnings", decision.warnings);
  write_list(writer, "problems", problems);
  writer.end_object();
  return std::move(writer).take();
}

/// What is wrong with the answer; empty: nothing.
std::string find_fault_in_answer(const Passage& passage, Version version) {
  const Result<json::Document> body = json::Document::parse(passage.answer);
  if (!body) return "the answer is no JSON: " + body.error().message;
  const View root = body->root();
  const View response = root["response"];
  const std::string_view api_version = version == Version::V1 ? "admission.k8s.io/v1" : "admission.k8s.io/v1beta1";
  if (root["apiVersion"].text() != api_version) return "the answer has another apiVersion than the review";
  if (response["uid"].text() != kReviewUid) return "the answer does not carry the review's uid";
  if (response["allowed"].boolean() != (passage.decision.verdict != Verdict::Rejected)) {
    return "the answer does not say what was decided";
  }
  const auto encoded = response["patch"].text();
  if (encoded.has_value() != !passage.decision.patch.empty()) return "the answer's patch is not the decision's";
  if (!encoded) return response["patchType"] ? "the answer has a patchType without a patch" : "";
  if (response["patchType"].text() != "JSONPatch") return "the answer has a patch without its patchType";
  const auto decoded = decode_base64(*encoded);
  if (!decoded) return "the answer's patch is no base64";
  const Result<patch::Patch> patch = patch::parse_patch(*decoded);
  if (!patch) return "the answer's patch cannot be read: " + patch.error().message;
  return *patch == passage.decision.patch ? "" : "the answer's patch is not the decision's";
}

/// Sprinkles a field that nobody knows over every object that is no map with keys of its author's choice.
class Sprinkler {
 public:
  static constexpr std::string_view kField = "plimsollUnknown";

  std::string sprinkle(View value) {
    write(value, Place::Struct);
    return std::move(writer_).take();
  }
  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  enum class Place { Struct, Map };

  static Place place_of(std::string_view key) {
    constexpr std::array<std::string_view, 10> kMaps = {"annotations", "labels",  "matchLabels", "nodeSelector",
                                                        "requests",    "limits",  "overhead",    "data",
                                                        "stringData",  "fieldsV1"};
    return std::ranges::find(kMaps, key) == kMaps.end() ? Place::Struct : Place::Map;
  }

  void write(View value, Place place) {
    if (value.is_array()) {
      writer_.begin_array();
      for (const View element : value.elements()) write(element, Place::Struct);
      writer_.end_array();
    } else if (value.is_object() && place == Place::Struct) {
      writer_.begin_object();
      for (const json::Member& member : value.members()) {
        writer_.key(member.key);
        write(member.value, place_of(member.key));
      }
      writer_.key(kField).begin_object().member("keep", count_++).end_object();
      writer_.end_object();
    } else {
      writer_.value(value);
    }
  }

  json::Writer writer_;
  std::int64_t count_ = 0;
};

void collect_sprinkled(View value, std::multiset<std::int64_t>& found) {
  for (const View element : value.elements()) collect_sprinkled(element, found);
  for (const json::Member& member : value.members()) {
    if (member.key == Sprinkler::kField) found.insert(member.value["keep"].integer().value_or(-1));
    collect_sprinkled(member.value, found);
  }
}

class Checks {
 public:
  Checks(View object, const GoldenContext& context, const Passage& first)
      : object_(object), context_(context), first_(first) {}

  /// The first thing that does not hold; empty: all holds.
  [[nodiscard]] std::string find_fault() const {
    if (first_.decision.verdict == Verdict::Failed) return "Plimsoll failed its own check: " + first_.decision.message;
    for (const auto check : {&Checks::is_the_same_twice, &Checks::holds_in_both_versions, &Checks::is_settled,
                             &Checks::keeps_unknown_fields, &Checks::is_replayed}) {
      if (std::string fault = (this->*check)(); !fault.empty()) return fault;
    }
    return {};
  }

 private:
  [[nodiscard]] std::string is_the_same_twice() const {
    const Result<Passage> again = pass(object_, context_);
    if (!again) return again.error().message;
    return again->answer == first_.answer && again->after == first_.after ? "" : "a second run gives other bytes";
  }

  [[nodiscard]] std::string holds_in_both_versions() const {
    for (const Version version : {Version::V1, Version::V1Beta1}) {
      const std::string_view name = version == Version::V1 ? "v1" : "v1beta1";
      const Result<Passage> other = pass(object_, context_, version);
      if (!other) return fmt::format("{}: {}", name, other.error().message);
      if (make_documents(*other) != make_documents(first_)) return fmt::format("{} is decided otherwise", name);
      if (std::string fault = find_fault_in_answer(*other, version); !fault.empty()) {
        return fmt::format("{}: {}", name, fault);
      }
    }
    return {};
  }

  [[nodiscard]] std::string is_settled() const {
    const Result<json::Document> after = json::Document::parse(first_.after);
    if (!after) return after.error().message;
    GoldenContext later = context_;
    later.now += std::chrono::hours(1);
    GoldenContext elsewhere = context_;
    // What was decided stays, whatever another replica's policy says; what was not may be decided by it.
    if (first_.decision.verdict == Verdict::Mutated) elsewhere.policy = config::default_policy();
    elsewhere.policy.revision = "another";
    const std::array<std::pair<std::string_view, const GoldenContext*>, 3> worlds = {
        {{"at once", &context_}, {"an hour later", &later}, {"under another policy", &elsewhere}}};
    for (const auto& [when, context] : worlds) {
      const Result<Passage> again = pass(after->root(), *context);
      if (!again) return fmt::format("deciding again {}: {}", when, again.error().message);
      if (again->decision.verdict == Verdict::Failed) {
        return fmt::format("deciding again {} fails: {}", when, again->decision.message);
      }
      if (!again->decision.patch.empty()) {
        return fmt::format("deciding again {} changes it again: {}", when, patch::write_patch(again->decision.patch));
      }
    }
    return {};
  }

  [[nodiscard]] std::string keeps_unknown_fields() const {
    Sprinkler sprinkler;
    const Result<json::Document> sprinkled = json::Document::parse(sprinkler.sprinkle(object_));
    if (!sprinkled) return sprinkled.error().message;
    const Result<Passage> passage = pass(sprinkled->root(), context_);
    if (!passage) return "with unknown fields: " + passage.error().message;
    const bool was_rejected = first_.decision.verdict == Verdict::Rejected;
    if (passage->decision.verdict == Verdict::Failed) return "with unknown fields: " + passage->decision.message;
    if ((passage->decision.verdict == Verdict::Rejected) != was_rejected) {
      return fmt::format("with unknown fields it is {}", decide::to_text(passage->decision.verdict));
    }
    const Result<json::Document> after = json::Document::parse(passage->after);
    if (!after) return after.error().message;
    std::multiset<std::int64_t> found;
    collect_sprinkled(after->root(), found);
    std::multiset<std::int64_t> wanted;
    for (std::int64_t i = 0; i < sprinkler.count(); ++i) wanted.insert(i);
    return found == wanted ? "" : "unknown fields do not survive";
  }

  // What the audit log keeps is decided as the object itself, and becomes the same.
  [[nodiscard]] std::string is_replayed() const {
    const std::string body = encode_review(object_, context_.request, Version::V1);
    const Result<admission::Review> review = make_review(object_, context_.request);
    if (!review) return review.error().message;
    const decide::Snapshot world{std::make_shared<const config::Policy>(context_.policy)};
    const auto record_of = [&](decide::Decision decision, audit::RecordedInput input) {
      return audit::encode_record(audit::make_record(*review, std::move(decision),
                                                     {.time = context_.now,
                                                      .input = audit::keep_input(body, audit::RecordedInput::Redacted),
                                                      .estimate_prefix = context_.policy.prefix}),
                                  input);
    };
    const std::string line = record_of(first_.decision, audit::RecordedInput::Redacted);
    const Result<audit::Replayed> replayed = audit::replay(line, world);
    if (!replayed) return "its audit record cannot be replayed: " + replayed.error().message;
    if (replayed->state == audit::Replayed::State::NoInput) return {};  // too large to be kept
    if (replayed->differs) return "its audit record is replayed to another decision";
    // The replay compares what people are shown; here every byte counts, the patch's too.
    const Result<std::string> kept = audit::redact(*review, context_.policy.prefix, first_.decision.templates);
    if (!kept) return kept.error().message;
    PLIMSOLL_ASSERT(line.ends_with(*kept + "}"));
    const Result<json::Document> document = json::Document::parse(*kept);
    if (!document) return document.error().message;
    const Result<admission::Review> restored = audit::restore(document->root());
    if (!restored) return restored.error().message;
    const bool is_same = record_of(decide::decide(*restored, world, context_.now), audit::RecordedInput::None) ==
                         record_of(first_.decision, audit::RecordedInput::None);
    return is_same ? "" : "what the audit log keeps is decided otherwise";
  }

  View object_;
  const GoldenContext& context_;
  const Passage& first_;
};

}  // namespace

Result<Passage> pass(View object, const GoldenContext& context, Version version) {
  PLIMSOLL_TRY(review, make_review(object, context.request, version));
  Passage passage;
  passage.decision = decide::decide(review, {std::make_shared<const config::Policy>(context.policy)}, context.now);
  passage.answer = admission::encode_answer(decide::make_answer(review, passage.decision));
  PLIMSOLL_TRY(tree, patch::apply(object, passage.decision.patch));
  passage.after = json::write(tree.root());
  return passage;
}

std::vector<std::string> make_documents(const Passage& passage) {
  std::string verdict = write_verdict(passage.decision);
  if (passage.decision.verdict == Verdict::Rejected) return {std::move(verdict)};
  return {passage.after, std::move(verdict)};
}

std::string find_fault(View object, const GoldenContext& context, const Passage& first) {
  return Checks(object, context, first).find_fault();
}

}  // namespace plimsoll::webhook
