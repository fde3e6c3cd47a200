// The decision in the API server's terms.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plimsoll/base/text.hpp"
#include "plimsoll/decide/decide.hpp"

namespace plimsoll::decide {
namespace {

// Longer ones may be cut by the API server (apiserver/pkg/endpoints/filters/warning.go).
constexpr std::size_t kWarningLimit = 120;
// All of them together may be cut at 4096 characters (the same file); the audit record has every one.
constexpr std::size_t kMaxWarnings = 20;

std::string_view cause_reason(estimate::Problem::Reason reason) {
  switch (reason) {
    case estimate::Problem::Reason::UnknownKey:
    case estimate::Problem::Reason::AboveMaximum:
      return "FieldValueForbidden";
    case estimate::Problem::Reason::Ambiguous:
      return "FieldValueRequired";
    default:
      return "FieldValueInvalid";
  }
}

std::string cause_message(const estimate::Problem& problem) {
  if (problem.reason == estimate::Problem::Reason::Ambiguous) return "Required value: " + problem.message;
  return fmt::format("Invalid value: \"{}\": {}", problem.value, problem.message);
}

void refuse(const Decision& decision, admission::Answer& answer) {
  answer.allowed = false;
  answer.message = decision.message;
  if (decision.reason == reason::kEstimateRequired) {
    answer.code = 403;
    answer.reason = "Forbidden";
    return;
  }
  answer.code = 422;
  answer.reason = "Invalid";
  for (const estimate::Problem& problem : decision.problems) {
    answer.causes.push_back({std::string(cause_reason(problem.reason)), problem.where, cause_message(problem)});
  }
}

// Escaping can lengthen a text, and the ellipsis of a cut one counts as well.
std::string to_warning(std::string_view text) {
  std::string escaped = to_display(text, kWarningLimit);
  const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
  const auto length = static_cast<std::size_t>(std::ranges::count_if(escaped, is_start));
  return length <= kWarningLimit ? escaped : to_display(escaped, kWarningLimit - 1);
}

// The longest name that the API server takes for a key, and what it may be made of (IsQualifiedName).
constexpr std::size_t kKeyLimit = 63;
constexpr std::string_view kReviewKey = "review.";

bool is_key_part(std::string_view uid) {
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  return !uid.empty() && uid.size() + kReviewKey.size() <= kKeyLimit && uid.back() != '-' &&
         std::ranges::all_of(uid, is_allowed);
}

// The API server keeps the first value of a key and refuses another (P16). So a value is the same in the second pass or
// is not given there, and the uid, which each call has its own of, is part of a key.
void annotate(const Decision& decision, admission::Answer& answer) {
  if (is_key_part(answer.uid)) {
    answer.audit_annotations.emplace_back(std::string(kReviewKey) + answer.uid, to_text(decision.verdict));
  }
  if (decision.verdict == Verdict::Mutated) {
    std::set<std::string_view> rules;
    for (const AppliedChange& change : decision.changes) {
      if (!change.rule.empty()) rules.insert(change.rule);
    }
    std::string list;
    for (const std::string_view rule : rules) list += (list.empty() ? "" : ",") + std::string(rule);
    answer.audit_annotations.emplace_back("verdict", "Mutated");
    answer.audit_annotations.emplace_back("policy", decision.policy);
    std::string hashes = decision.estimate.hash;
    for (const Decision::Part& part : decision.further) {
      if (part.estimate.hash.empty() || hashes.find(part.estimate.hash) != std::string::npos) continue;
      hashes += (hashes.empty() ? "" : ",") + part.estimate.hash;
    }
    answer.audit_annotations.emplace_back("estimate", std::move(hashes));
    answer.audit_annotations.emplace_back("rules", std::move(list));
  } else if (decision.verdict == Verdict::Rejected || decision.verdict == Verdict::Failed) {
    answer.audit_annotations.emplace_back("verdict", to_text(decision.verdict));
    answer.audit_annotations.emplace_back("policy", decision.policy);
    answer.audit_annotations.emplace_back("reason", decision.reason);
  }
}

}  // namespace

admission::Answer make_answer(const admission::Review& review, const Decision& decision) {
  admission::Answer answer;
  answer.version = review.version;
  answer.uid = review.uid;
  answer.kind_name = review.kind.kind;
  answer.object_name = review.name;
  if (decision.verdict == Verdict::Rejected) {
    refuse(decision, answer);
  } else if (decision.verdict == Verdict::Failed && decision.deny_on_failure) {
    answer.allowed = false;
    answer.code = 500;
    answer.reason = "InternalError";
    answer.message = "Plimsoll failed its own check; the policy's onError is deny";
  }
  if (!decision.patch.empty()) answer.patch = patch::write_patch(decision.patch);
  const std::size_t count = decision.warnings.size();
  const std::size_t shown = count > kMaxWarnings ? kMaxWarnings - 1 : count;
  for (std::size_t i = 0; i < shown; ++i) answer.warnings.push_back(to_warning(decision.warnings[i]));
  if (shown < count) answer.warnings.push_back(fmt::format("and {} more warnings", count - shown));
  annotate(decision, answer);
  return answer;
}

}  // namespace plimsoll::decide
