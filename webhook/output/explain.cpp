#include "webhook/output/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/pointer.hpp"

namespace plimsoll::webhook {
namespace {

using decide::Decision;
using decide::Verdict;

// Whole values are shown, be they ever so long; only what could disturb a terminal is escaped.
constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

/// A compact JSON value for people.
std::string describe_value(const std::string& value) {
  if (value.empty()) return "nothing";
  const bool is_plain_string = value.size() > 2 && value.front() == '"' && value.find('\\') == std::string::npos;
  return to_display(is_plain_string ? std::string_view(value).substr(1, value.size() - 2) : value, kNoLimit);
}

std::string places(std::size_t count) {
  return count == 1 ? "in one place" : fmt::format("in {} places", count);
}

struct Row {
  std::string what;
  std::string value;
  std::string origin;
};

class EstimateTable {
 public:
  template <class T>
  void add(std::string what, const std::optional<estimate::Sized<T>>& sized) {
    if (!sized) return;
    const bool annotated = sized->origin.source == estimate::Origin::Source::Annotation;
    rows_.push_back({std::move(what), to_text(sized->value),
                     (annotated ? "from " : "declared at ") + to_display(sized->origin.where, kNoLimit)});
  }
  void add(std::string what, std::string value, std::string origin) {
    rows_.push_back({std::move(what), std::move(value), std::move(origin)});
  }
  [[nodiscard]] bool is_empty() const { return rows_.empty(); }
  [[nodiscard]] std::string text() const {
    std::size_t what = 0;
    std::size_t value = 0;
    for (const Row& row : rows_) {
      what = std::max(what, row.what.size());
      value = std::max(value, row.value.size());
    }
    std::string all;
    for (const Row& row : rows_) {
      all += fmt::format("  {:<{}}  {:<{}}  {}\n", row.what, what, row.value, value, row.origin);
    }
    return all;
  }

 private:
  std::vector<Row> rows_;
};

EstimateTable tabulate(const estimate::Estimate& estimate, const std::vector<std::string>& container_names) {
  EstimateTable table;
  table.add("duration", estimate.duration);
  table.add("deadline", estimate.deadline);
  if (estimate.slack) table.add("slack", to_text(*estimate.slack), "deadline − submission − duration");
  if (estimate.interruptible) {
    table.add("interruptible", estimate.interruptible->value ? "yes" : "no",
              "from " + to_display(estimate.interruptible->origin.where, kNoLimit));
  }
  table.add("cpu of the pod", estimate.pod.cpu);
  table.add("memory of the pod", estimate.pod.memory);
  table.add("storage of the pod", estimate.pod.ephemeral_storage);
  for (std::size_t i = 0; i < std::min(estimate.containers.size(), container_names.size()); ++i) {
    const estimate::ContainerEstimate& container = estimate.containers[i];
    const auto what = [&](std::string_view resource) {
      return fmt::format("{} of {}", resource, to_display(container_names[i]));
    };
    table.add(what("cpu"), container.cpu);
    table.add(what("memory"), container.memory);
    table.add(what("storage"), container.ephemeral_storage);
    table.add(what("GPUs"), container.gpu);
    table.add(what("memory of each GPU"), container.gpu_memory);
  }
  if (!estimate.gpu_models.empty()) {
    std::string models;
    for (const std::string& model : estimate.gpu_models) models += (models.empty() ? "" : ", ") + model;
    table.add("GPU models", models, "best first");
  }
  table.add("CUDA, at least", estimate.cuda);
  for (const estimate::Extended& one : estimate.extended) table.add(one.resource, to_text(one.quantity), "annotation");
  return table;
}

std::string tell_expected(const std::string& who, const estimate::Estimate& estimate,
                          const std::vector<std::string>& container_names) {
  const EstimateTable table = tabulate(estimate, container_names);
  if (table.is_empty()) return {};
  return fmt::format("\nWhat {} is expected to need, with {} confidence:\n{}", who,
                     config::to_text(estimate.confidence), table.text());
}

std::string headline(const std::string& what, const Decision& decision) {
  switch (decision.verdict) {
    case Verdict::Mutated:
      return fmt::format("{} is changed {}.", what, places(decision.changes.size()));
    case Verdict::Unchanged:
      if (decision.is_shadow || !decision.is_preview)
        return fmt::format("{} stays as it is: {}.", what, decision.message);
      return fmt::format(
          "{} stays as it is; each {} is decided.\nOne made now would be {}.", what,
          decision.reason == decide::reason::kCronJob ? "Job that it makes" : "Pod that is made of it",
          decision.changes.empty() ? "left as it is, too" : "changed " + places(decision.changes.size()));
    case Verdict::Skipped:
      return fmt::format("{} is left alone: {}.", what, decision.message);
    case Verdict::Rejected:
      if (decision.problems.empty()) return fmt::format("{} is refused: {}.", what, decision.message);
      return fmt::format(
          "{} is refused: {} to be mended first.", what,
          decision.problems.size() == 1 ? "one thing has" : fmt::format("{} things have", decision.problems.size()));
    case Verdict::Failed:
      return fmt::format("Plimsoll failed its own check on {}, which is a bug: {}.\nThe object is {}.", what,
                         decision.message, decision.deny_on_failure ? "refused (onError: deny)" : "left as it is");
  }
  return what;
}

std::string section(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string text = fmt::format("\n{}\n", title);
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

}  // namespace

std::string describe(const decide::AppliedChange& change) {
  return fmt::format("{}: {} → {}", to_display(json::to_field_path(change.place), kNoLimit),
                     describe_value(change.from), describe_value(change.to));
}

std::string describe(const admission::Review& review) {
  std::string_view name = review.name;
  if (name.empty()) name = review.object["metadata"]["generateName"].text().value_or("(no name)");
  return fmt::format("{} {}/{}", to_display(review.kind.kind), to_display(review.name_space), to_display(name, 253));
}

std::string explain(const admission::Review& review, const Decision& decision, const Surroundings& surroundings) {
  const auto bold = [&](const std::string& text) {
    return surroundings.style == Style::Coloured ? "\033[1m" + text + "\033[0m" : text;
  };
  const std::string what = fmt::format("{} ({})", describe(review), surroundings.source);
  std::string note = bold(headline(what, decision)) + "\n";

  note += tell_expected(decision.further.empty() ? "it" : "the first of its pods", decision.estimate,
                        decision.container_names);
  for (const Decision::Part& part : decision.further) {
    note += tell_expected(json::to_field_path(part.at), part.estimate, part.container_names);
  }
  std::vector<std::string> changes;
  for (const decide::AppliedChange& change : decision.changes) {
    const std::string rule = change.rule.empty() ? "" : fmt::format(" ({})", change.rule);
    changes.push_back(fmt::format("{} — {}{}", describe(change), to_display(change.reason, kNoLimit), rule));
  }
  note += section(decision.is_preview  ? (decision.reason == decide::reason::kCronJob ? "What would change in the Job:"
                                                                                      : "What would change in a Pod:")
                  : decision.is_shadow ? "What would change:"
                                       : "What changes:",
                  changes);
  const bool is_what_it_says = decision.verdict == Verdict::Mutated || decision.verdict == Verdict::Unchanged;
  if (is_what_it_says && !decision.is_preview && !decision.is_shadow) {
    std::string counted;
    for (const decide::Request& request : decide::requests_after(review, decision)) {
      counted += fmt::format("{}{} {}", counted.empty() ? "" : ", ", to_display(request.resource, kNoLimit),
                             to_text(request.quantity));
    }
    if (!counted.empty()) note += section("What the scheduler counts for each Pod:", {counted});
  }
  note += section("What is wrong:", surroundings.problems);
  note += section("Worth knowing:", surroundings.warnings);

  note += fmt::format("\nVerdict: {}", decide::to_text(decision.verdict));
  if (!decision.reason.empty()) note += fmt::format(" ({})", decision.reason);
  return note + (decision.policy == "default" ? ", by the built-in policy\n"
                                              : fmt::format(", by policy {}\n", decision.policy));
}

}  // namespace plimsoll::webhook
