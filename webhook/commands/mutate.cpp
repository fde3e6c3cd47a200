#include "webhook/commands/mutate.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/input/files.hpp"
#include "webhook/input/manifest.hpp"
#include "webhook/input/policy_file.hpp"
#include "webhook/input/request.hpp"
#include "webhook/output/diff.hpp"
#include "webhook/output/explain.hpp"

namespace plimsoll::webhook {
namespace {

using decide::Verdict;
using Output = MutateOptions::Output;

/// What became of one object.
struct Outcome {
  const Manifest* manifest;
  const Object* object;
  admission::Review review;
  decide::Decision decision;

  /// Whether the API server would not store the object.
  [[nodiscard]] bool is_refused() const {
    return decision.verdict == Verdict::Rejected || (decision.verdict == Verdict::Failed && decision.deny_on_failure);
  }
};

// The API server could not even read the object, so no policy can be lenient about it. The core sees such an estimate
// too, but not how it was written: `yes` is `true` by then.
void refuse_bare_annotations(const Manifest& manifest, const Object& object, decide::Decision& decision) {
  std::vector<estimate::Problem> problems;
  for (const BareAnnotation& bare : find_bare_annotations(manifest, object)) {
    std::erase_if(decision.problems, [&](const estimate::Problem& known) { return known.where == bare.field_path; });
    problems.push_back({estimate::Problem::Reason::NotText, bare.field_path, to_display(bare.text),
                        bare.text.empty() ? "is not a string: annotation values are strings"
                                          : "is not a string: quote it: " + plimsoll::quoted(bare.text)});
  }
  if (problems.empty()) return;
  std::ranges::move(decision.problems, std::back_inserter(problems));
  decision.problems = std::move(problems);
  decision.verdict = Verdict::Rejected;
  decision.reason = decide::reason::kBadEstimate;
  decision.warnings.clear();
  decision.changes.clear();
  decision.patch = {};
  decision.is_preview = false;
}

/// A file and what it holds.
struct Input {
  std::string path;
  std::string name;  ///< for messages
  std::string text = {};
  std::vector<const Manifest*> manifests = {};
  bool is_sound = true;  ///< it could be read, and each object decided
};

/// `patch` of an object, as one of the document that the object stands in.
void append_moved(const patch::Patch& patch, const json::Pointer& at, patch::Patch& out) {
  for (const patch::Operation& operation : patch.operations) {
    out.operations.push_back({operation.op, json::Pointer(at.text() + operation.path.text()), operation.value});
  }
}

/// What becomes of a document.
struct DocumentPatch {
  patch::Patch changes;
  /// Of the items of a List that are refused; these go after the changes.
  patch::Patch removals;
};

json::Tree apply(const Manifest& manifest, const patch::Patch& patch) {
  Result<json::Tree> tree = patch::apply(manifest.document.root(), patch);
  // `decide` has applied it already.
  PLIMSOLL_ASSERT(tree.has_value());
  return std::move(*tree);
}

/// A document that is JSON as YAML; nothing for any other.
std::optional<std::string> to_yaml(std::string_view text) {
  const std::string mark = text.starts_with("---") ? "---\n" : "";
  if (!mark.empty()) text.remove_prefix(3);
  const Result<json::Document> document = json::Document::parse(std::string(text));
  if (!document) return std::nullopt;
  return mark + yaml::write(document->root());
}

/// Whether the document says itself, by `---`, that it is another one.
bool is_announced(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || (first < end && text[first] != '#')) break;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return text.starts_with("---");
}

class Mutation {
 public:
  Mutation(const MutateOptions& options, config::Policy policy, TimePoint now)
      : options_(options), world_{std::make_shared<const config::Policy>(std::move(policy))}, now_(now) {
    request_.name_space = options.name_space;
    request_.user = options.user;
    request_.groups = options.groups;
    // Every authenticated user is in it, and the API server says so.
    request_.groups.emplace_back("system:authenticated");
  }

  Report run() &&;

 private:
  void read(const std::string& file);
  void decide_all(const Manifest& manifest, Input& input);
  void say(const Outcome& outcome);
  std::string locate(const Outcome& outcome, std::string_view field_path) const;
  std::vector<std::string> locate_problems(const Outcome& outcome) const;
  std::vector<std::string> locate_warnings(const Outcome& outcome) const;

  std::optional<DocumentPatch> patch_document(const Manifest& manifest) const;
  std::string edit_document(const Manifest& manifest, const DocumentPatch& patch);
  void write_yaml();
  void write_files();
  void write_json();
  void write_patches();
  void write_diffs();
  void write_explanations();

  void complain(std::string line, ExitCode code) {
    report_.err += std::move(line) + "\n";
    report_.exit_code = worse(report_.exit_code, code);
  }

  const MutateOptions& options_;
  decide::Snapshot world_;
  TimePoint now_;
  Request request_;
  std::deque<Manifest> manifests_;  // outcomes point into it
  std::vector<Input> inputs_;
  std::vector<Outcome> outcomes_;
  Report report_;
};

void Mutation::read(const std::string& file) {
  Input& input = inputs_.emplace_back(Input{.path = file, .name = display_name(file)});
  const std::string& name = input.name;
  Result<std::string> text = load_file(file);
  if (!text) {
    input.is_sound = false;
    return complain(fmt::format("{}: {}", name, text.error().message), ExitCode::Unusable);
  }
  input.text = std::move(*text);
  Result<std::vector<Manifest>> manifests = read_manifests(name, input.text);
  if (!manifests) {
    input.is_sound = false;
    const std::string where = manifests.error().where.empty() ? "" : manifests.error().where + ":";
    return complain(fmt::format("{}:{} {}", name, where, manifests.error().message), ExitCode::Unusable);
  }
  for (Manifest& manifest : *manifests) {
    manifests_.push_back(std::move(manifest));
    input.manifests.push_back(&manifests_.back());
    decide_all(manifests_.back(), input);
  }
}

void Mutation::decide_all(const Manifest& manifest, Input& input) {
  for (const Object& object : manifest.objects) {
    const Result<json::Document> document = json::Document::parse(object.json);
    Result<admission::Review> review =
        document ? make_review(document->root(), request_) : Unexpected{document.error()};
    if (!review) {
      complain(fmt::format("{}: {}", manifest.source, review.error().message), ExitCode::Failure);
      input.is_sound = false;
      continue;
    }
    decide::Decision decision = decide::decide(*review, world_, now_);
    refuse_bare_annotations(manifest, object, decision);
    outcomes_.push_back({&manifest, &object, std::move(*review), std::move(decision)});
    say(outcomes_.back());
  }
}

/// "job.yaml:12:7"; in a note on one object, which names the file at its head, "line 12".
std::string Mutation::locate(const Outcome& outcome, std::string_view field_path) const {
  const yaml::Mark mark = find_mark(*outcome.manifest, *outcome.object, field_path);
  if (options_.output == Output::Explain) return fmt::format("line {}", mark.line);
  return fmt::format("{}:{}:{}", outcome.manifest->source, mark.line, mark.column);
}

std::vector<std::string> Mutation::locate_problems(const Outcome& outcome) const {
  std::vector<std::string> lines;
  for (const estimate::Problem& problem : outcome.decision.problems) {
    lines.push_back(fmt::format("{}: {}", locate(outcome, problem.where), estimate::to_text(problem)));
  }
  return lines;
}

// A problem that is only warned of has a place as well.
std::vector<std::string> Mutation::locate_warnings(const Outcome& outcome) const {
  std::vector<std::string> lines;
  for (const std::string& warning : outcome.decision.warnings) {
    const auto problem = std::ranges::find(outcome.decision.problems, warning,
                                           [](const estimate::Problem& known) { return estimate::to_text(known); });
    lines.push_back(problem == outcome.decision.problems.end()
                        ? warning
                        : fmt::format("{}: {}", locate(outcome, problem->where), warning));
  }
  return lines;
}

// The explanation holds all of this itself; everywhere else it is said beside the output.
void Mutation::say(const Outcome& outcome) {
  const decide::Decision& decision = outcome.decision;
  if (decision.verdict == Verdict::Rejected) report_.exit_code = worse(report_.exit_code, ExitCode::Rejected);
  if (decision.verdict == Verdict::Failed) report_.exit_code = worse(report_.exit_code, ExitCode::Failure);
  if (options_.output == Output::Explain) return;

  const std::string what = describe(outcome.review);
  const std::string place = locate(outcome, "");
  if (decision.verdict == Verdict::Failed) {
    report_.err += fmt::format("{}: {}: bug: {}\n", place, what, decision.message);
  } else if (decision.verdict == Verdict::Rejected) {
    report_.err += decision.problems.empty() ? fmt::format("{}: {} is refused: {}\n", place, what, decision.message)
                                             : fmt::format("{}: {} is refused:\n", place, what);
    for (const std::string& line : locate_problems(outcome)) report_.err += "  " + line + "\n";
  }
  if (decision.warnings.empty()) return;
  report_.err += fmt::format("{}: {}: warning:\n", place, what);
  for (const std::string& line : locate_warnings(outcome)) report_.err += "  " + line + "\n";
}

/// Nothing when the document is one refused object. Refused items leave their List.
std::optional<DocumentPatch> Mutation::patch_document(const Manifest& manifest) const {
  DocumentPatch patch;
  std::vector<const Object*> refused;
  for (const Outcome& outcome : outcomes_) {
    if (outcome.manifest != &manifest) continue;
    if (outcome.is_refused()) {
      refused.push_back(outcome.object);
    } else {
      append_moved(outcome.decision.patch, outcome.object->at, patch.changes);
    }
  }
  if (!manifest.is_list && !refused.empty()) return std::nullopt;
  // Last first, so that the places of the others stay what they were.
  for (auto object = refused.rbegin(); object != refused.rend(); ++object) {
    patch.removals.operations.push_back({patch::Operation::Op::Remove, (*object)->at});
  }
  return patch;
}

/// The text of the document with the patch in it, and all else as its author wrote it.
std::string Mutation::edit_document(const Manifest& manifest, const DocumentPatch& patch) {
  const auto warn = [&](yaml::Mark mark) {
    report_.err += fmt::format(
        "{}:{}:{}: warning: what stands here could not be edited as it is written, and was written anew without its "
        "comments\n",
        manifest.source, mark.line, mark.column);
  };
  json::Tree tree = apply(manifest, patch.changes);
  Result<yaml::Edited> edited = yaml::edit(manifest.text, tree.root());
  PLIMSOLL_ASSERT(edited.has_value());
  for (const yaml::Mark& mark : edited->rewritten) warn({mark.line + manifest.line - 1, mark.column});
  if (patch.removals.empty()) return std::move(edited->text);
  // In a second turn, so that each item is known for what it became.
  const Result<json::Tree> left = patch::apply(tree.root(), patch.removals);
  PLIMSOLL_ASSERT(left.has_value());
  edited = yaml::edit(edited->text, left->root());
  PLIMSOLL_ASSERT(edited.has_value());
  if (!edited->rewritten.empty()) warn(manifest.node.mark);
  return std::move(edited->text);
}

void Mutation::write_yaml() {
  const Manifest* previous = nullptr;
  for (const Input& input : inputs_) {
    const Manifest* before = nullptr;
    for (const Manifest* manifest : input.manifests) {
      const bool follows = before != nullptr && before == previous;
      before = manifest;
      const std::optional<DocumentPatch> patch = patch_document(*manifest);
      if (!patch) continue;
      std::string text = edit_document(*manifest, *patch);
      if (std::optional<std::string> converted = to_yaml(text)) text = std::move(*converted);
      if (previous != nullptr && !follows) {
        if (!report_.out.ends_with('\n')) report_.out += '\n';
        if (!is_announced(text)) report_.out += "---\n";
      }
      report_.out += text;
      previous = manifest;
    }
  }
}

/// Each file as a whole, or not at all.
void Mutation::write_files() {
  for (const Input& input : inputs_) {
    std::size_t refused = 0;
    std::size_t changed = 0;
    std::size_t all = 0;
    for (const Outcome& outcome : outcomes_) {
      if (std::ranges::find(input.manifests, outcome.manifest) == input.manifests.end()) continue;
      ++all;
      refused += outcome.is_refused() || outcome.decision.verdict == Verdict::Failed ? 1U : 0U;
      changed += outcome.decision.patch.empty() ? 0U : 1U;
    }
    const auto say_of = [&](std::string_view words) { report_.err += fmt::format("{}: {}\n", input.name, words); };
    if (!input.is_sound) {
      say_of("not written");
    } else if (refused > 0) {
      say_of(fmt::format("not written, for {} of {} objects cannot be admitted", refused, all));
    } else if (changed == 0) {
      say_of("nothing to change");
    } else {
      std::string text;
      for (const Manifest* manifest : input.manifests) text += edit_document(*manifest, *patch_document(*manifest));
      if (const Result<void> written = replace_file(input.path, text); !written) {
        complain(fmt::format("{}: {}", input.name, written.error().message), ExitCode::Unusable);
      } else {
        say_of(fmt::format("written, {} of {} objects changed", changed, all));
      }
    }
  }
}

void Mutation::write_json() {
  if (manifests_.size() == 1) {
    if (std::optional<DocumentPatch> patch = patch_document(manifests_.front())) {
      std::ranges::move(patch->removals.operations, std::back_inserter(patch->changes.operations));
      const json::Tree tree = apply(manifests_.front(), patch->changes);
      report_.out += json::write_pretty(tree.root());
    }
    return;
  }
  json::Writer list;
  list.begin_object().member("apiVersion", "v1").member("kind", "List").key("items").begin_array();
  for (const Outcome& outcome : outcomes_) {
    if (outcome.is_refused()) continue;
    const Result<json::Tree> tree = patch::apply(outcome.review.object, outcome.decision.patch);
    PLIMSOLL_ASSERT(tree.has_value());
    list.value(tree->root());
  }
  list.end_array().end_object();
  const Result<json::Document> document = json::Document::parse(std::move(list).take());
  PLIMSOLL_ASSERT(document.has_value());
  report_.out += json::write_pretty(document->root());
}

void Mutation::write_patches() {
  for (const Outcome& outcome : outcomes_) {
    // null, not []: what is refused is not what stays as it is, and the lines stay in the order of the objects.
    report_.out += outcome.is_refused() ? "null" : patch::write_patch(outcome.decision.patch);
    report_.out += "\n";
  }
}

void Mutation::write_diffs() {
  for (const Outcome& outcome : outcomes_) {
    if (outcome.decision.patch.empty()) continue;
    const Result<json::Tree> tree = patch::apply(outcome.review.object, outcome.decision.patch);
    PLIMSOLL_ASSERT(tree.has_value());
    // What follows a tab is a remark to patch(1).
    const std::string name = fmt::format("{}\t{}", outcome.manifest->source, describe(outcome.review));
    report_.out +=
        unified_diff(yaml::write(outcome.review.object), yaml::write(tree->root()), {name, name}, options_.style);
  }
}

void Mutation::write_explanations() {
  for (const Outcome& outcome : outcomes_) {
    if (!report_.out.empty()) report_.out += "\n";
    Surroundings surroundings{.source = outcome.manifest->source,
                              .problems = {},
                              .warnings = locate_warnings(outcome),
                              .style = options_.style};
    if (outcome.decision.verdict == Verdict::Rejected) surroundings.problems = locate_problems(outcome);
    report_.out += explain(outcome.review, outcome.decision, surroundings);
  }
}

Report Mutation::run() && {
  for (const std::string& file : options_.files) read(file);
  if (manifests_.empty()) {
    if (report_.err.empty()) complain("there is no object in the input", ExitCode::Unusable);
    return std::move(report_);
  }
  switch (options_.output) {
    case Output::Yaml:
      options_.in_place ? write_files() : write_yaml();
      break;
    case Output::Json:
      write_json();
      break;
    case Output::Patch:
      write_patches();
      break;
    case Output::Diff:
      write_diffs();
      break;
    case Output::Explain:
      write_explanations();
      break;
  }
  return std::move(report_);
}

constexpr const char* kFooter =
    R"(Each document of a YAML or JSON stream, and each item of a List, is decided by the function
that the webhook uses, as if it were being created. Kinds that Plimsoll does not decide pass
through unchanged. What is refused is left out of the output; why is said on standard error.

Output:
  yaml     the input with what changes; comments, order and quotes stay. JSON becomes YAML
  json     one object: that object; several: a List
  patch    the JSON patch of each object, a line each; [] changes nothing, null is refused
  diff     what changes, as YAML
  explain  what is expected, what changes and why, in words

With -i each file is written instead, as a whole and only when something in it changes; JSON stays
JSON. A file with an object that is refused stays as it is.

Exit codes: 0 allowed (changed or not), 3 something is refused, 2 unusable input or flags,
1 our own failure; of several the worst: 1, then 2, then 3.

Examples:
  plimsoll mutate -f job.yaml -o explain
  plimsoll mutate -f jobs.yaml -f more.yaml --policy policy.yaml -o diff
  plimsoll mutate -i -f job.yaml
  kubectl create job x --image=busybox --dry-run=client -o yaml | plimsoll mutate -f -
  plimsoll mutate -f job.yaml --now 2026-01-01T00:00:00Z --user ada --group research -o patch)";

constexpr std::array<std::pair<std::string_view, Output>, 5> kOutputs = {{{"yaml", Output::Yaml},
                                                                          {"json", Output::Json},
                                                                          {"patch", Output::Patch},
                                                                          {"diff", Output::Diff},
                                                                          {"explain", Output::Explain}}};

std::optional<Output> find_output(std::string_view name) {
  for (const auto& [known, output] : kOutputs) {
    if (known == name) return output;
  }
  return std::nullopt;
}

/// In CLI11's terms: what is wrong with `name`, or nothing.
std::string refuse_unknown_output(const std::string& name) {
  if (find_output(name)) return {};
  std::string message = plimsoll::quoted(name) + " is no format, which are:";
  for (const auto& [known, output] : kOutputs) message += " " + std::string(known);
  return message;
}

}  // namespace

Report mutate(const MutateOptions& options) {
  const auto refuse = [](std::string err) { return Report{{}, std::move(err), ExitCode::Unusable}; };
  if (options.in_place) {
    if (options.output != Output::Yaml) {
      return refuse("--in-place: goes with no other output than yaml: the files keep their format\n");
    }
    if (std::ranges::find(options.files, "-") != options.files.end()) {
      return refuse("--in-place: standard input cannot be written: name files\n");
    }
  }
  config::Policy policy = config::default_policy();
  if (!options.policy.empty()) {
    auto loaded = load_policy(options.policy);
    if (!loaded) {
      std::string err;
      for (const std::string& line : loaded.error()) err += line + "\n";
      return refuse(std::move(err));
    }
    policy = std::move(*loaded);
  }
  TimePoint now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (!options.now.empty()) {
    const Result<TimePoint> parsed = parse_time(options.now);
    if (!parsed) return refuse(fmt::format("--now: {}\n", parsed.error().message));
    now = *parsed;
  }
  if (options.name_space.empty()) return refuse("--namespace: must not be empty\n");
  return Mutation(options, std::move(policy), now).run();
}

Action declare_mutate(CLI::App& command) {
  const auto options = std::make_shared<MutateOptions>();
  command.add_option("-f,--filename", options->files, "files with objects; - is standard input; may be repeated")
      ->required()
      ->type_name("FILE");
  command
      .add_option_function<std::string>(
          "-o,--output", [options](const std::string& name) { options->output = *find_output(name); },
          "yaml (default), json, patch, diff or explain")
      ->check(refuse_unknown_output)
      ->type_name("FORMAT");
  command.add_flag("-i,--in-place", options->in_place, "write the files, not the output");
  command.add_option("--policy", options->policy, "the policy; without it the built-in one holds")->type_name("FILE");
  command.add_option("-n,--namespace", options->name_space, "of objects that name none (default: default)")
      ->type_name("NAME");
  command.add_option("--user", options->user, "who creates the objects, for conditions on users")->type_name("NAME");
  command.add_option("--group", options->groups, "a group of that user; may be repeated")->type_name("NAME");
  command.add_option("--now", options->now, "the time of creation, RFC 3339 (default: the clock)")->type_name("TIME");
  command.footer(kFooter);
  return [options] {
    options->style = detect_style();
    return mutate(*options);
  };
}

}  // namespace plimsoll::webhook
