#include "webhook/compose/server_config.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

using Kind = yaml::Node::Kind;

constexpr std::string_view kApiVersion = "plimsoll.dev/v1alpha1";
constexpr std::string_view kKind = "ServerConfig";
constexpr const char* kConfigFlag = "--config";
// CLI11 names the value in its messages, as it was written.
constexpr std::size_t kLongestComplaint = 256;

std::string flag_of(const CLI::Option& option) {
  return "--" + option.get_lnames().front();
}

// Of a switch (`--self-signed`) no value is expected, of a list any number.
bool is_switch(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}
bool is_list(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

// The options that a file may set: all but those that are about the command line itself.
std::vector<CLI::Option*> options_of(CLI::App& command) {
  std::vector<CLI::Option*> options;
  for (CLI::Option* option : command.get_options()) {
    if (option == command.get_help_ptr() || option->get_lnames().empty() || flag_of(*option) == kConfigFlag) continue;
    options.push_back(option);
  }
  return options;
}

std::string field_name(const CLI::Option& option) {
  std::string name;
  bool is_start = false;
  for (const char c : option.get_lnames().front()) {
    if (c != '-') name += is_start ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    is_start = c == '-';
  }
  if (is_list(option) && !name.ends_with('s')) name += 's';
  return name;
}

// CLI11's messages begin with the flag, and a field stands in its place here.
std::string without_name(const CLI::Option& option, std::string message) {
  const std::string prefix = option.get_name() + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

// Whether `option` takes these values; if not, why.
std::optional<std::string> refuse_values(CLI::Option& option, const std::vector<std::string>& values) {
  try {
    for (const std::string& value : values) option.add_result(value);
    option.run_callback();
    return std::nullopt;
  } catch (const CLI::ConversionError&) {
    return fmt::format("{} is not what {} takes ({})", plimsoll::quoted(values.empty() ? "" : values.front()),
                       option.get_name(), option.get_type_name());
  } catch (const CLI::Error& error) {
    return to_display(without_name(option, error.what()), kLongestComplaint);
  }
}

std::string describe(const yaml::Node& node) {
  if (node.kind == Kind::Sequence) return "a list";
  if (node.kind == Kind::Map) return "a map";
  if (node.kind == Kind::Null) return "null";
  if (node.kind == Kind::Bool) return node.text + " (a boolean to YAML; quoted it is a text)";
  return plimsoll::quoted(node.text);
}

// `010` and `0x10` are other numbers to YAML than they look.
bool is_plain_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos &&
         (text.size() == 1 || text.front() != '0');
}

// Reads one document into values by flag.
class Reader {
 public:
  explicit Reader(const yaml::Node& document) : document_(document) { declare_serve_options(declared_, options_); }

  Result<FlagValues, config::Problems> read() {
    if (document_.kind != Kind::Map) {
      refuse(document_, "", "a ServerConfig is a map, not " + describe(document_));
    } else {
      demand("apiVersion", kApiVersion);
      demand("kind", kKind);
      for (const auto& [key, value] : document_.entries) {
        if (key.text != "apiVersion" && key.text != "kind") read_field(key, value);
      }
    }
    if (problems_.empty()) return std::move(values_);
    std::ranges::stable_sort(problems_, {},
                             [](const config::Problem& problem) { return std::pair(problem.line, problem.column); });
    return Unexpected{std::move(problems_)};
  }

 private:
  void refuse(const yaml::Node& at, std::string path, std::string message) {
    problems_.push_back({at.mark.line, at.mark.column, std::move(path), std::move(message)});
  }

  void demand(std::string_view name, std::string_view wanted) {
    const yaml::Node* node = document_.find(name);
    if (node == nullptr || node->kind == Kind::Null) {
      refuse(document_, std::string(name), fmt::format("is missing: it must be {}", wanted));
    } else if (!node->is_scalar() || node->text != wanted) {
      refuse(*node, std::string(name), fmt::format("must be {}, not {}", wanted, describe(*node)));
    }
  }

  void read_field(const yaml::Node& key, const yaml::Node& value) {
    for (CLI::Option* option : options_of(declared_)) {
      if (field_name(*option) != key.text) continue;
      if (value.kind != Kind::Null) read_values(*option, key.text, value);
      return;
    }
    refuse_unknown(key);
  }

  void refuse_unknown(const yaml::Node& key) {
    std::vector<std::string> names{"apiVersion", "kind"};
    for (const CLI::Option* option : options_of(declared_)) names.push_back(field_name(*option));
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    std::string message = "unknown field";
    if (const auto meant = nearest(key.text, candidates)) {
      message += fmt::format("; did you mean {}?", plimsoll::quoted(*meant));
    } else {
      std::string known;
      for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
      message += "; known here: " + known;
    }
    refuse(key, to_display(key.text), std::move(message));
  }

  void read_values(CLI::Option& option, const std::string& name, const yaml::Node& node) {
    if (is_switch(option)) {
      if (node.kind != Kind::Bool) return refuse(node, name, "must be true or false, not " + describe(node));
      // What is not set is left out: CLI11 takes `=false` for said, which would exclude what the switch excludes.
      if (node.truth()) values_[flag_of(option)] = {"true"};
      return;
    }
    std::vector<const yaml::Node*> nodes{&node};
    if (is_list(option)) {
      if (node.kind != Kind::Sequence) return refuse(node, name, "must be a list, not " + describe(node));
      nodes.clear();
      for (const yaml::Node& item : node.items) nodes.push_back(&item);
    }
    std::vector<std::string> texts;
    for (const yaml::Node* each : nodes) {
      if (each->kind != Kind::String && each->kind != Kind::Int && each->kind != Kind::Float) {
        return refuse(*each, name, "must be a text or a number, not " + describe(*each));
      }
      if (each->kind == Kind::Int && !is_plain_number(each->text)) {
        return refuse(*each, name,
                      to_display(each->text) + " is another number to YAML than it looks: write it as a plain decimal");
      }
      texts.push_back(each->text);
    }
    if (texts.empty()) return;
    if (std::optional<std::string> why = refuse_values(option, texts)) return refuse(node, name, *std::move(why));
    values_[flag_of(option)] = std::move(texts);
  }

  const yaml::Node& document_;
  CLI::App declared_;
  ServeOptions options_;
  FlagValues values_;
  config::Problems problems_;
};

config::Problem to_problem(const Error& error) {
  // yaml says `line:column`.
  config::Problem problem{.message = error.message};
  const std::size_t colon = error.where.find(':');
  if (colon != std::string::npos) {
    problem.line = std::stoul(error.where.substr(0, colon));
    problem.column = std::stoul(error.where.substr(colon + 1));
  }
  return problem;
}

std::vector<std::string> to_lines(const std::string& path, const config::Problems& problems) {
  std::vector<std::string> lines;
  for (const config::Problem& problem : problems) lines.push_back(display_name(path) + ":" + config::to_text(problem));
  return lines;
}

FlagValues said_values(CLI::App& command) {
  FlagValues said;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() > 0 && !option->get_lnames().empty()) said[flag_of(*option)] = option->results();
  }
  return said;
}

FlagValues all_values(CLI::App& command) {
  FlagValues all;
  for (const CLI::Option* option : options_of(command)) {
    std::vector<std::string>& values = all[flag_of(*option)];
    if (option->count() > 0) {
      values = option->results();
    } else if (!option->get_default_str().empty()) {
      values = {option->get_default_str()};
    }
  }
  return all;
}

// Lays the file's values beneath those that `command` holds already. Errors: a line for each problem.
std::optional<std::vector<std::string>> lay_beneath(CLI::App& command, const std::string& path, std::string_view text) {
  const Result<FlagValues, std::vector<std::string>> values = parse_server_config_file(path, text);
  if (!values) return values.error();
  for (const auto& [flag, texts] : *values) {
    CLI::Option* option = command.get_option(flag);
    if (option->count() > 0) continue;
    for (const std::string& value : texts) option->add_result(value);
  }
  return std::nullopt;
}

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

std::vector<ServerConfigField> server_config_fields() {
  CLI::App declared;
  ServeOptions options;
  declare_serve_options(declared, options);
  std::vector<ServerConfigField> fields;
  for (const CLI::Option* option : options_of(declared)) {
    fields.push_back({.name = field_name(*option),
                      .flag = flag_of(*option),
                      .default_value = option->get_default_str(),
                      .is_list = is_list(*option),
                      .is_live = option->get_group() == kLiveGroup});
  }
  return fields;
}

Result<FlagValues, config::Problems> parse_server_config(std::string_view yaml) {
  const auto documents = yaml::parse(yaml);
  if (!documents) return Unexpected{config::Problems{to_problem(documents.error())}};
  if (documents->empty()) {
    return Unexpected{config::Problems{
        {.message = fmt::format("is empty: it must at least say apiVersion: {} and kind: {}", kApiVersion, kKind)}}};
  }
  if (documents->size() > 1) {
    const yaml::Mark mark = (*documents)[1].mark;
    return Unexpected{
        config::Problems{{mark.line, mark.column, "", "another document starts here: a file holds one ServerConfig"}}};
  }
  return Reader(documents->front()).read();
}

Result<FlagValues, std::vector<std::string>> parse_server_config_file(const std::string& path, std::string_view text) {
  Result<FlagValues, config::Problems> values = parse_server_config(text);
  if (!values) return Unexpected{to_lines(path, values.error())};
  return *std::move(values);
}

std::string summarise(const FlagValues& values) {
  if (values.empty()) return "It sets nothing.";
  std::string text;
  for (const auto& [flag, texts] : values) {
    text += text.empty() ? "It is as if serve were called with " : " ";
    for (std::size_t i = 0; i < texts.size(); ++i) {
      text += (i > 0 ? " " : "") + flag;
      if (texts[i] != "true") text += "=" + to_display(texts[i]);
    }
  }
  return text + ".";
}

bool is_server_config(std::string_view yaml) {
  const auto documents = yaml::parse(yaml);
  if (!documents || documents->empty()) return false;
  const yaml::Node* kind = documents->front().find("kind");
  return kind != nullptr && kind->text == kKind;
}

std::shared_ptr<ServeCommand> declare_serve_command(CLI::App& command) {
  auto serve = std::make_shared<ServeCommand>();
  declare_serve_options(command, serve->options);
  // CLI11 looks at the options one by one as they were declared, --config first: what is laid beneath the others here
  // is checked and converted when their turn comes, and with it what they need and exclude.
  command.get_option(kConfigFlag)->check([&command, serve](const std::string& path) -> std::string {
    serve->said = said_values(command);
    if (command.get_help_ptr() != nullptr && command.get_help_ptr()->count() > 0) return {};
    const Result<std::string> text = load_file(path);
    if (!text) return text.error().where + ": " + text.error().message;
    serve->config_text = *text;
    const auto refused = lay_beneath(command, path, *text);
    return refused ? join(*refused) : std::string();
  });
  command.final_callback([&command, serve] { serve->values = all_values(command); });
  return serve;
}

Result<ServeCommand, std::vector<std::string>> read_serve_options(const FlagValues& said, const std::string& path,
                                                                  std::string_view text) {
  CLI::App command;
  ServeCommand serve;
  declare_serve_options(command, serve.options);
  for (const auto& [flag, values] : said) {
    for (const std::string& value : values) command.get_option(flag)->add_result(value);
  }
  if (const auto refused = lay_beneath(command, path, text)) return Unexpected{*refused};
  try {
    command.parse(std::vector<std::string>());
  } catch (const CLI::Error& error) {
    return Unexpected{std::vector{display_name(path) + ": " + error.what()}};
  }
  serve.said = said;
  serve.values = all_values(command);
  return serve;
}

}  // namespace plimsoll::webhook
