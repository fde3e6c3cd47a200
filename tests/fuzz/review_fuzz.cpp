// A request's body, all the way to the answer, the audit line, and the decision made again from that.
#include <fstream>
#include <iterator>

#include "demand.hpp"
#include "plimsoll/audit/entry.hpp"
#include "plimsoll/audit/record.hpp"
#include "plimsoll/audit/redact.hpp"
#include "plimsoll/decide/decide.hpp"

namespace plimsoll::fuzz {
namespace {

decide::Snapshot shipped_policy() {
  std::ifstream file(PLIMSOLL_SOURCE_DIR "/manifests/policy.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return {std::make_shared<const config::Policy>(*config::parse_policy(text))};
}

void try_body(const std::string& body) {
  static const decide::Snapshot kWorld = shipped_policy();
  constexpr TimePoint kNow{std::chrono::seconds(1'767'225'600)};
  const auto review = admission::decode_review(body);
  if (!review) return demand(!review.error().message.empty(), "a refusal says why");

  const decide::Decision decision = decide::decide(*review, kWorld, kNow);
  demand(decision.verdict != decide::Verdict::Failed, "the self-check found a fault: " + decision.message);
  const std::string answer = admission::encode_answer(decide::make_answer(*review, decision));
  const decide::Decision again = decide::decide(*review, kWorld, kNow);
  demand(answer == admission::encode_answer(decide::make_answer(*review, again)), "the same review, another answer");

  audit::Record record = audit::make_record(*review, decision, {.time = kNow, .input = body});
  const auto entry = audit::decode_record(audit::encode_record(record));
  demand(entry.has_value(), "an audit line that cannot be read");
  demand(entry->verdict == decide::to_text(decision.verdict), "an audit line with another verdict");

  const auto kept = audit::redact(*review, kWorld.policy->prefix, decision.templates);
  if (!kept) return;
  const auto document = json::Document::parse(*kept);
  demand(document.has_value(), "what a replay needs is no JSON");
  const auto restored = audit::restore(document->root());
  if (!restored) return;
  const decide::Decision replayed = decide::decide(*restored, kWorld, kNow);
  demand(replayed.verdict == decision.verdict && replayed.reason == decision.reason, "a replay decides otherwise");
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  plimsoll::fuzz::try_body(plimsoll::fuzz::to_string(bytes, size));
  return 0;
}
