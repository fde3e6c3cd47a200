#include "join.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "plimsoll/base/text.hpp"

namespace plimsoll::decide {
namespace {

// "spec.replicatedJobs[1]": what distinguishes a template from the others of its object.
std::string name_of(const json::Pointer& at) {
  const std::string& path = at.text();
  return json::to_field_path(json::Pointer(path.substr(0, path.find("/template"))));
}

bool says(const Decision& decision, const std::string& warning) {
  return std::ranges::find(decision.warnings, warning) != decision.warnings.end();
}

void join_problems(Decision& whole, const Decision& part) {
  for (const estimate::Problem& problem : part.problems) {
    // One annotation of the object is read for each of its templates.
    const bool is_told = std::ranges::any_of(whole.problems, [&](const estimate::Problem& p) {
      return p.where == problem.where && p.message == problem.message;
    });
    if (!is_told && whole.problems.size() < estimate::kMaxProblems) whole.problems.push_back(problem);
  }
}

void join_warnings(Decision& whole, const std::vector<Decision>& parts, std::size_t i, const json::Pointer& at) {
  for (const std::string& warning : parts[i].warnings) {
    const bool is_of_all = std::ranges::all_of(parts, [&](const Decision& part) { return says(part, warning); });
    const bool names_its_place = warning.starts_with(json::to_field_path(at));
    std::string told = is_of_all || names_its_place ? warning : name_of(at) + ": " + warning;
    if (!says(whole, told)) whole.warnings.push_back(std::move(told));
  }
}

}  // namespace

std::string describe_refusal(std::string_view kind, const std::vector<estimate::Problem>& problems) {
  std::string message = fmt::format("the estimate of this {} has {}", to_display(kind),
                                    problems.size() == 1 ? "a problem" : fmt::format("{} problems", problems.size()));
  for (const estimate::Problem& problem : problems) {
    message += (&problem == problems.data() ? ": " : "; ") + to_text(problem);
  }
  return message;
}

Decision join(const std::vector<json::Pointer>& places, std::vector<Decision> parts, std::string_view kind) {
  constexpr std::array<Verdict, 4> kWorstFirst = {Verdict::Rejected, Verdict::Mutated, Verdict::Unchanged,
                                                  Verdict::Skipped};
  const auto worst = std::ranges::min_element(parts, {}, [&](const Decision& part) {
    return std::ranges::find(kWorstFirst, part.verdict) - kWorstFirst.begin();
  });
  Decision whole;
  whole.verdict = worst->verdict;
  whole.reason = worst->reason;
  whole.message = worst->message;
  whole.policy = worst->policy;
  whole.deny_on_failure = worst->deny_on_failure;
  whole.is_preview = worst->is_preview;
  const bool is_refused = whole.verdict == Verdict::Rejected;
  if (whole.reason == reason::kEstimateRequired) {
    whole.message = name_of(places[static_cast<std::size_t>(worst - parts.begin())]) + ": " + whole.message;
  }
  const auto values = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  for (std::size_t i = 0; i < parts.size(); ++i) join_warnings(whole, parts, i, places[i]);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Decision& part = parts[i];
    join_problems(whole, part);
    whole.is_shadow = whole.is_shadow || part.is_shadow;
    if (!is_refused) {
      std::ranges::move(part.changes, std::back_inserter(whole.changes));
      std::ranges::move(part.patch.operations, std::back_inserter(whole.patch.operations));
      values->push_back(std::move(part.patch.values));
    }
    if (i == 0) {
      whole.estimate = std::move(part.estimate);
      whole.container_names = std::move(part.container_names);
    } else {
      whole.further.push_back({places[i], std::move(part.estimate), std::move(part.container_names)});
    }
  }
  whole.patch.values = values;
  if (whole.reason == reason::kBadEstimate) whole.message = describe_refusal(kind, whole.problems);
  return whole;
}

}  // namespace plimsoll::decide
