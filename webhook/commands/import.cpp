#include "webhook/commands/import.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "plimsoll/batch_script/batch_script.hpp"
#include "plimsoll/json/builder.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/input/files.hpp"
#include "webhook/input/policy_file.hpp"

namespace plimsoll::webhook {
namespace {

using batch_script::Estimate;
using batch_script::PodIs;
using batch_script::Remark;
using batch_script::Scheduler;
using batch_script::Script;
using json::View;
using Output = ImportOptions::Output;

constexpr std::string_view kPlaceholder = "registry.example/image:tag";
// The kernel takes no longer word of a command line. Source: execve(2), MAX_ARG_STRLEN.
constexpr std::size_t kLongestWord = 128 * 1024 - 1;
std::string_view name_of(Scheduler scheduler) {
  return scheduler == Scheduler::Slurm ? "Slurm" : "PBS";
}

std::string_view describe(PodIs pod_is) {
  switch (pod_is) {
    case PodIs::Script:
      return "the whole job";
    case PodIs::ArrayTask:
      return "one task of the array";
    case PodIs::Node:
      return "one node";
    case PodIs::Chunk:
      return "one chunk";
  }
  return "";
}

// What a name of a Job may be: a DNS label, with room for the index and the suffix of its Pods.
std::string to_object_name(std::string_view name) {
  constexpr std::size_t kLongest = 52;
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) != 0) {
      out += static_cast<char>(std::tolower(byte));
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
    if (out.size() == kLongest) break;
  }
  while (out.ends_with('-')) out.pop_back();
  // A Service could not begin with a digit, a Job may.
  return out.empty() ? "imported" : out;
}

// The first line of a script, as words: `#!/usr/bin/env python3` -> /usr/bin/env, python3. A script without one is for
// the shell.
std::vector<std::string> find_interpreter(std::string_view text) {
  std::vector<std::string> words;
  if (text.starts_with("#!")) {
    const std::string_view line = text.substr(2, text.find_first_of("\r\n") - 2);
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t begin = std::min(line.find_first_not_of(" \t", at), line.size());
      const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
      if (begin < end) words.emplace_back(line.substr(begin, end - begin));
      at = end;
    }
  }
  if (words.empty()) words.emplace_back("/bin/sh");
  return words;
}

// The name of what reads the script: the word behind `env`, without directories and version ("python3.11" is python).
std::string program_of(const std::vector<std::string>& interpreter) {
  const auto base = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
  std::string_view name = base(interpreter[0]);
  for (std::size_t i = 1; name == "env" && i < interpreter.size(); ++i) {
    if (!interpreter[i].starts_with('-')) name = base(interpreter[i]);
  }
  return std::string(name.substr(0, name.find_first_of("0123456789.")));
}

bool is_shell(std::string_view program) {
  constexpr std::array<std::string_view, 5> kShells = {"sh", "bash", "dash", "ksh", "zsh"};
  return std::ranges::find(kShells, program) != kShells.end();
}

// Whether `text` can stand in JSON, and in a command line, as it is.
bool is_text(std::string_view text) {
  const Result<json::Document> document = json::Document::parse(json::to_json_string(text));
  return document && document->root().text() == text && text.find('\0') == std::string_view::npos;
}

// Kubernetes reads `$$` in a command as an escaped `$`, and leaves alone what refers to no variable of the container's.
// Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
std::string escape_dollars(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of('$', i), text.size());
    const std::size_t dollars = text[i] == '$' ? end - i : 0;
    if (dollars == 0) {
      out += text[i++];
      continue;
    }
    out.append(dollars == 1 ? 1 : 2 * dollars, '$');
    i = end;
  }
  return out;
}

// The line by which a shell finds its index where the scheduler would have put it.
std::string index_line(const batch_script::Array& array) {
  const std::vector<std::int64_t>& ids = array.ids;
  const std::int64_t step = ids.size() > 1 ? ids[1] - ids[0] : 1;
  bool is_even = true;
  for (std::size_t i = 1; i < ids.size(); ++i) is_even = is_even && ids[i] - ids[i - 1] == step;
  if (is_even && step == 1 && ids[0] == 0) return fmt::format("export {}=$JOB_COMPLETION_INDEX\n", array.variable);
  if (is_even) {
    return fmt::format("export {}=$((JOB_COMPLETION_INDEX * {} + {}))\n", array.variable, step, ids[0]);
  }
  std::string list;
  for (const std::int64_t id : ids) list += fmt::format(" {}", id);
  return fmt::format("export {}=$(set --{}; shift \"$JOB_COMPLETION_INDEX\"; echo \"$1\")\n", array.variable, list);
}

class Import {
 public:
  Import(const ImportOptions& options, std::string prefix) : options_(options), prefix_(std::move(prefix)) {}

  Report run() &&;

 private:
  void complain(const Remark& remark, std::string_view kind);
  void refuse(std::string message) {
    report_.err += display_name(options_.file) + ": " + std::move(message) + "\n";
    report_.exit_code = ExitCode::Unusable;
  }

  View make_annotations();
  View make_container();
  enum class Template { Absent, Present };
  View make_spec(Template with);
  View make_job();
  View make_remarks(const std::vector<Remark>& remarks);

  [[nodiscard]] std::string with_origins(std::string yaml) const;
  [[nodiscard]] std::string describe_job();
  [[nodiscard]] std::string list_untranslated() const;
  [[nodiscard]] std::string head() const;

  const ImportOptions& options_;
  std::string prefix_;
  std::string text_;
  Script script_;
  json::Builder builder_;
  Report report_;
};

void Import::complain(const Remark& remark, std::string_view kind) {
  report_.err += fmt::format("{}:{}:{}: {}{}{}\n", display_name(options_.file), remark.place.line, remark.place.column,
                             kind, remark.subject.empty() ? "" : "\"" + remark.subject + "\" ", remark.text);
}

View Import::make_annotations() {
  std::vector<std::string> keys;
  keys.reserve(script_.estimates.size());
  for (const Estimate& estimate : script_.estimates) keys.push_back(prefix_ + estimate.key);
  std::vector<json::Member> members;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    members.push_back({keys[i], builder_.text(script_.estimates[i].value)});
  }
  return builder_.object(members);
}

// Without an image there is nothing that could run the script.
View Import::make_container() {
  if (options_.image.empty()) {
    return builder_.object({{"name", builder_.text("main")}, {"image", builder_.text(kPlaceholder)}});
  }
  std::vector<std::string> command = find_interpreter(text_);
  const std::string program = program_of(command);
  std::string body;
  std::ranges::remove_copy(text_, std::back_inserter(body), '\r');
  if (script_.array && is_shell(program)) body.insert(0, index_line(*script_.array));
  if (!is_text(text_) || !is_text(options_.image)) {
    refuse(
        "the script and its --image have to be UTF-8 text to stand in a Job: leave out --image, and mount the script");
  } else if (!is_shell(program) && program != "python") {
    refuse(plimsoll::quoted(program) +
           " does not take a script as a word of its command line: leave out --image, and mount the script");
  } else if (body.size() > kLongestWord) {
    refuse("the script is too long for a command line: leave out --image, and mount the script from a ConfigMap");
  }
  command.emplace_back("-c");
  command.push_back(escape_dollars(body));
  std::vector<View> words;
  for (const std::string& word : command) words.push_back(builder_.text(word));
  return builder_.object(
      {{"name", builder_.text("main")}, {"image", builder_.text(options_.image)}, {"command", builder_.array(words)}});
}

// Neither scheduler starts a script again that failed; both do, unless told otherwise, when its node was lost or taken.
View Import::make_spec(Template with) {
  const bool is_indexed = script_.pod_is != PodIs::Script;
  const bool is_array = script_.pod_is == PodIs::ArrayTask;
  const auto number_if = [&](bool holds, std::int64_t number) { return holds ? builder_.integer(number) : View(); };
  View failure_policy;
  if (script_.requeue == Script::Requeue::Allowed) {
    const View condition = builder_.object({{"type", builder_.text("DisruptionTarget")}});
    const View rule =
        builder_.object({{"action", builder_.text("Ignore")}, {"onPodConditions", builder_.array({condition})}});
    failure_policy = builder_.object({{"rules", builder_.array({rule})}});
  }
  View pod_template;
  if (with == Template::Present) {
    const View pod = builder_.object(
        {{"restartPolicy", builder_.text("Never")}, {"containers", builder_.array({make_container()})}});
    pod_template =
        builder_.object({{"metadata", builder_.object({{"annotations", make_annotations()}})}, {"spec", pod}});
  }
  return builder_.object({{"completionMode", is_indexed ? builder_.text("Indexed") : View()},
                          {"completions", number_if(is_indexed, script_.completions)},
                          {"parallelism", number_if(is_indexed, script_.parallelism)},
                          {"backoffLimit", number_if(!is_array, 0)},
                          {"backoffLimitPerIndex", number_if(is_array, 0)},
                          {"podFailurePolicy", failure_policy},
                          {"template", pod_template}});
}

View Import::make_job() {
  return builder_.object({{"apiVersion", builder_.text("batch/v1")},
                          {"kind", builder_.text("Job")},
                          {"metadata", builder_.object({{"name", builder_.text(to_object_name(script_.name))}})},
                          {"spec", make_spec(Template::Present)}});
}

View Import::make_remarks(const std::vector<Remark>& remarks) {
  std::vector<View> out;
  for (const Remark& remark : remarks) {
    out.push_back(builder_.object({{"line", builder_.integer(static_cast<std::int64_t>(remark.place.line))},
                                   {"column", builder_.integer(static_cast<std::int64_t>(remark.place.column))},
                                   {"directive", builder_.text(remark.subject)},
                                   {"message", builder_.text(remark.text)}}));
  }
  return builder_.array(out);
}

// Behind each annotation where it came from. No line above the annotations can be taken for one.
std::string Import::with_origins(std::string yaml) const {
  std::size_t from = 0;
  for (const Estimate& estimate : script_.estimates) {
    const std::size_t key = yaml.find(prefix_ + estimate.key + ":", from);
    if (key == std::string::npos) continue;
    const std::size_t end = yaml.find('\n', key);
    const std::string comment = estimate.place.line == 0
                                    ? "  # " + estimate.origin
                                    : fmt::format("  # line {}: {}", estimate.place.line, estimate.origin);
    yaml.insert(end, comment);
    from = end + comment.size();
  }
  return yaml;
}

std::string Import::head() const {
  return fmt::format("# What {} asks {} for, per Pod. A Pod stands for {}.\n", display_name(options_.file),
                     name_of(script_.scheduler), describe(script_.pod_is));
}

std::string Import::describe_job() {
  std::string out = "\n# For the Job's spec:\n";
  const std::string spec = yaml::write(make_spec(Template::Absent));
  for (std::size_t at = 0; at < spec.size(); at = spec.find('\n', at) + 1) {
    out += "#   " + spec.substr(at, spec.find('\n', at) + 1 - at);
  }
  if (script_.array) {
    out += fmt::format("# Its Pods find their number, 0 to {}, in JOB_COMPLETION_INDEX, not in {}.\n",
                       script_.completions - 1, script_.array->variable);
  } else if (script_.completions > 1) {
    out += "# Its Pods may start one by one: where they must start together, use a queue that admits Jobs whole.\n";
  }
  return out;
}

std::string Import::list_untranslated() const {
  if (script_.untranslated.empty()) return {};
  std::string out = "\n# Not translated:\n";
  for (const Remark& remark : script_.untranslated) {
    out += fmt::format("#   line {}: {}: {}\n", remark.place.line, remark.subject, remark.text);
  }
  return out;
}

Report Import::run() && {
  Result<std::string> text = load_file(options_.file);
  if (!text) {
    refuse(text.error().message);
    return std::move(report_);
  }
  text_ = std::move(*text);
  auto script = batch_script::parse_script(text_);
  if (!script) {
    for (const Remark& problem : script.error()) complain(problem, "");
    report_.exit_code = ExitCode::Unusable;
    return std::move(report_);
  }
  script_ = std::move(*script);
  script_.estimates.push_back(
      {"confidence",
       std::string(to_text(options_.confidence)),
       options_.confidence == config::Confidence::High ? "limits that held so far; see --confidence" : "--confidence",
       {}});
  for (const Remark& warning : script_.warnings) complain(warning, "warning: ");

  std::string out;
  if (options_.output == Output::Annotations) {
    out = head() + "# For the Job's spec.template.metadata.annotations:\n" +
          with_origins(yaml::write(make_annotations())) + describe_job() + list_untranslated();
  } else if (options_.output == Output::Job) {
    out = head() + with_origins(yaml::write(make_job())) + list_untranslated();
  } else {
    out = json::write_pretty(
        builder_.object({{"scheduler", builder_.text(script_.scheduler == Scheduler::Slurm ? "slurm" : "pbs")},
                         {"podStandsFor", builder_.text(describe(script_.pod_is))},
                         {"completions", builder_.integer(script_.completions)},
                         {"parallelism", builder_.integer(script_.parallelism)},
                         {"annotations", make_annotations()},
                         {"notTranslated", make_remarks(script_.untranslated)},
                         {"warnings", make_remarks(script_.warnings)}}));
  }
  if (report_.exit_code == ExitCode::Ok) report_.out = std::move(out);
  return std::move(report_);
}

constexpr const char* kFooter =
    R"(Reads the requests of a Slurm or PBS script and says them as estimates of one Pod, for the
annotations of a Job's template. A Pod stands for one node (or chunk) where the script asks for
several, else for the whole job, or for one task of its array. What has no equivalent is listed
with the reason; nothing is dropped in silence.

A time limit is no expected run time, and memory asked for is not memory used: both are more than
is needed where the script has run under them. So the confidence is high, and little is added.

Output:
  annotations  the annotations as YAML, each with the line that it comes from
  job          a Job with them; with --image also with the script as its command
  json         the same for programs

Exit codes: 0 read, 2 the script, a file or a flag cannot be used.

Examples:
  plimsoll import train.sh
  plimsoll import train.sh -o job --image python:3.12 | plimsoll mutate -f - -o explain
  sed s/a100/h100/ train.sh | plimsoll import - --confidence low)";

template <class T, std::size_t N>
std::optional<T> find_word(const std::array<std::pair<std::string_view, T>, N>& words, std::string_view word) {
  for (const auto& [known, value] : words) {
    if (known == word) return value;
  }
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, Output>, 3> kOutputs = {
    {{"annotations", Output::Annotations}, {"job", Output::Job}, {"json", Output::Json}}};
constexpr std::array<std::pair<std::string_view, config::Confidence>, 3> kConfidences = {
    {{"low", config::Confidence::Low}, {"medium", config::Confidence::Medium}, {"high", config::Confidence::High}}};

/// In CLI11's terms: what is wrong with a word that is none of `words`, or nothing.
template <class Words>
auto refuse_other(const Words& words) {
  return [&words](const std::string& word) {
    if (find_word(words, word)) return std::string();
    std::string message = plimsoll::quoted(word) + " is none of:";
    for (const auto& known : words) message += " " + std::string(known.first);
    return message;
  };
}

}  // namespace

Report import_script(const ImportOptions& options) {
  config::Policy policy = config::default_policy();
  if (!options.policy.empty()) {
    auto loaded = load_policy(options.policy);
    if (!loaded) {
      Report report{{}, {}, ExitCode::Unusable};
      for (const std::string& line : loaded.error()) report.err += line + "\n";
      return report;
    }
    policy = std::move(*loaded);
  }
  return Import(options, policy.prefix).run();
}

Action declare_import(CLI::App& command) {
  const auto options = std::make_shared<ImportOptions>();
  command.add_option("-f,--filename,FILE", options->file, "a batch script; - is standard input")
      ->required()
      ->type_name("");
  command
      .add_option_function<std::string>(
          "-o,--output", [options](const std::string& word) { options->output = *find_word(kOutputs, word); },
          "annotations (default), job or json")
      ->check(refuse_other(kOutputs))
      ->type_name("FORMAT");
  command.add_option("--image", options->image, "of the Job's container, which then runs the script")
      ->type_name("IMAGE");
  command
      .add_option_function<std::string>(
          "--confidence", [options](const std::string& word) { options->confidence = *find_word(kConfidences, word); },
          "how well the script knows its needs: low (default), medium or high")
      ->check(refuse_other(kConfidences))
      ->type_name("WORD");
  command.add_option("--policy", options->policy, "the policy, whose prefix the annotations take")->type_name("FILE");
  command.footer(kFooter);
  return [options] { return import_script(*options); };
}

}  // namespace plimsoll::webhook
