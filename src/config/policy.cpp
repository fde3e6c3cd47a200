// The whole policy: the document, what overrides make of it, and the built-in default.
//
// An override is laid over the base as text, node by node, and the result is read like any other settings: so an
// override is complete, and what contradicts the base is found, at the line where it stands. What was wrong in the base
// is then found once more per override; equal problems at equal places are told once.
#include "plimsoll/config/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "coverage.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "reader.hpp"
#include "schedulers.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

// GPU nodes are commonly tainted with the name of their resource (kubernetes/kubernetes
// plugin/pkg/admission/extendedresourcetoleration adds the same toleration).
std::vector<TolerationRule> tolerate_gpu_taint(const std::string& resource) {
  Condition has_gpu;
  has_gpu.gpu = {{Comparison<GpuCount>::Op::Greater, GpuCount(0)}};
  return {{has_gpu, {{.key = resource, .op = "Exists", .value = "", .effect = "NoSchedule", .seconds = {}}}}};
}

constexpr std::string_view kApiVersion = "plimsoll.dev/v1alpha1";
constexpr std::string_view kKind = "Policy";

/// An override before it is laid over the base.
struct NamespaceRule {
  std::vector<std::string> names;
  std::optional<Value> policy;
};

/// What the text holds: settings that are complete, overrides that are not yet.
struct Document {
  Policy policy;
  std::vector<NamespaceRule> namespaces;
};

auto reject_or_warn() {
  return one_of<OnInvalid>({{"reject", OnInvalid::Reject}, {"warn", OnInvalid::Warn}});
}

void read_mode(const Value& value, Mode& out) {
  if (value.node().kind == yaml::Node::Kind::Bool) {
    value.refuse(fmt::format("must be enforce, shadow or disabled, not {} (a boolean to YAML); did you mean {}?",
                             value.node().text, quoted(value.node().truth() ? "enforce" : "disabled")));
  } else {
    one_of<Mode>({{"enforce", Mode::Enforce}, {"shadow", Mode::Shadow}, {"disabled", Mode::Disabled}})(value, out);
  }
}

/// `true` (always), `false` (never), or a condition.
void read_require_estimate(const Value& value, std::optional<Condition>& out) {
  if (value.node().kind == yaml::Node::Kind::Map) {
    read(value, out.emplace());
  } else if (value.node().kind == yaml::Node::Kind::Bool) {
    out = value.node().truth() ? std::optional<Condition>(Condition{}) : std::nullopt;
  } else {
    value.refuse(fmt::format("must be true, false (without quotes) or a condition, not {}", describe(value.node())));
  }
}

}  // namespace

template <>
const Schema<Estimates>& schema<Estimates>() {
  static const Schema<Estimates> kSchema{{
      group<Estimates>("onInvalidEstimate", {field("created", &Estimates::created, reject_or_warn()),
                                             field("controlled", &Estimates::controlled, reject_or_warn())}),
      field("onUnknownKey", &Estimates::on_unknown_key, reject_or_warn()),
      field("onImpossibleDeadline", &Estimates::on_impossible_deadline, reject_or_warn()),
      field("sidecars", &Estimates::sidecars, list_of(written_as(kContainer))),
  }};
  return kSchema;
}

template <>
const Schema<Settings>& schema<Settings>() {
  static const Schema<Settings> kSchema{joined<Settings>({
      {
          field("mode", &Settings::mode, read_mode),
          group<Settings>("canary", {required(field("percent", &Settings::canary_percent,
                                                    [](const Value& value, std::optional<std::int64_t>& out) {
                                                      read_integer(value, out.emplace(), 0, 100);
                                                    }))}),
          field("onError", &Settings::on_error, one_of<OnError>({{"allow", OnError::Allow}, {"deny", OnError::Deny}})),
          field("decideAt", &Settings::decide_at, one_of<DecideAt>({{"job", DecideAt::Job}, {"pod", DecideAt::Pod}})),
          field("requireEstimate", &Settings::require_estimate, read_require_estimate),
      },
      fields_of(&Settings::estimates),
      {
          table("resources", &Settings::resources),
          table("gpu", &Settings::gpu),
          tables("tolerations", &Settings::tolerations),
          field("lists", &Settings::lists, one_of<Lists>({{"warn", Lists::Warn}, {"template", Lists::Template}})),
          table("priority", &Settings::priority),
          group<Settings>("runtime", {table("podDeadline", &Settings::pod_deadline),
                                      table("jobDeadline", &Settings::job_deadline)}),
          field("schedulers", &Settings::schedulers, list_of(written_as(kScheduler))),
          tables("schedulerProfiles", &Settings::scheduler_profiles),
          table("queues", &Settings::queues),
          table("disruption", &Settings::disruption),
          tables("nodeAffinity", &Settings::node_affinity),
          tables("placement", &Settings::placement),
      },
  })};
  return kSchema;
}

template <>
const Schema<NamespaceRule>& schema<NamespaceRule>() {
  static const Schema<NamespaceRule> kSchema{{
      required(group<NamespaceRule>(
          "match", {required(field("names", &NamespaceRule::names, one_or_more(written_as(kNamespaceGlob))))})),
      required(
          field("policy", &NamespaceRule::policy, [](const Value& value, std::optional<Value>& out) { out = value; })),
  }};
  return kSchema;
}

template <>
const Schema<Policy>& schema<Policy>() {
  static const Schema<Policy> kSchema{joined<Policy>({
      {
          required(constant<Policy>("apiVersion", kApiVersion)),
          required(constant<Policy>("kind", kKind)),
          field("prefix", &Policy::prefix, written_as(kAnnotationPrefix)),
          field("skipNamespaces", &Policy::skip_namespaces, list_of(written_as(kNamespace))),
          field("jobControllers", &Policy::job_controllers, list_of(written_as(kAnyText))),
          kinds_field(),
      },
      fields_of(&Policy::base),
  })};
  return kSchema;
}

template <>
const Schema<Document>& schema<Document>() {
  static const Schema<Document> kSchema{
      joined<Document>({fields_of(&Document::policy), {tables("namespaces", &Document::namespaces)}})};
  return kSchema;
}

namespace {

template <class T>
bool has_field(std::string_view name) {
  const auto& fields = schema<T>().fields;
  return std::any_of(fields.begin(), fields.end(), [&](const Field<T>& field) { return field.name == name; });
}

/// The members of `document` that an override may be laid over.
yaml::Node settings_part(yaml::Node document) {
  std::erase_if(document.entries, [](const yaml::Node::Entry& entry) { return !has_field<Settings>(entry.key.text); });
  return document;
}

/// `base` with `over` laid over it: maps key by key, everything else replaced. Nesting is bounded by the parser.
yaml::Node laid_over(yaml::Node base, const yaml::Node& over) {
  if (base.kind != yaml::Node::Kind::Map || over.kind != yaml::Node::Kind::Map) return over;
  base.mark = over.mark;
  for (const yaml::Node::Entry& entry : over.entries) {
    const auto same = std::find_if(base.entries.begin(), base.entries.end(), [&](const yaml::Node::Entry& candidate) {
      return candidate.key.text == entry.key.text;
    });
    if (same == base.entries.end()) {
      base.entries.push_back(entry);
    } else {
      *same = {entry.key, laid_over(std::move(same->value), entry.value)};
    }
  }
  return base;
}

void check_placement(const Value& value, const Settings& settings) {
  std::vector<Entry> entries;
  for (const PlacementRule& rule : settings.placement) {
    entries.push_back({&rule.when, fmt::format("placement[{}]", entries.size())});
  }
  if (!entries.empty()) refuse_unreached(*value.find("placement"), entries);
}

// What no table can tell alone.
void check_settings(const Value& value, const Settings& settings) {
  check_placement(value, settings);
  check_scheduler_profiles(value, settings);
}

Settings read_override(const Value& value, const yaml::Node& base, Problems& problems) {
  Settings settings = default_policy().base;
  if (!is_table(value, names_of(schema<Settings>().fields))) return settings;
  yaml::Node own = value.node();
  std::erase_if(own.entries, [&](const yaml::Node::Entry& entry) {
    if (has_field<Settings>(entry.key.text) || !has_field<Document>(entry.key.text)) return false;
    value.refuse_key(entry, "holds for the whole cluster and cannot differ between namespaces");
    return true;
  });
  const yaml::Node complete = laid_over(base, own);
  const Value laid(complete, value.path(), problems);
  read_table(laid, settings);
  check_settings(laid, settings);
  if (complete.find("tolerations") == nullptr) settings.tolerations = tolerate_gpu_taint(settings.gpu.resource);
  return settings;
}

void check_names(const yaml::Node& root, const Document& document, Problems& problems) {
  const auto list = Value(root, "", problems).find("namespaces");
  if (!list || !list->is_sound()) return;
  std::vector<std::vector<std::string>> names;
  for (const NamespaceRule& rule : document.namespaces) names.push_back(rule.names);
  refuse_unused_names(*list, names, document.policy.skip_namespaces);
}

Policy read_policy(const yaml::Node& root, Problems& problems) {
  Document document{.policy = default_policy(), .namespaces = {}};
  const Value whole(root, "", problems);
  read_table(whole, document);
  check_settings(whole, document.policy.base);
  const yaml::Node base = settings_part(root);
  if (base.find("tolerations") == nullptr) {
    document.policy.base.tolerations = tolerate_gpu_taint(document.policy.base.gpu.resource);
  }
  for (const NamespaceRule& rule : document.namespaces) {
    if (!rule.policy) continue;
    document.policy.namespaces.push_back({rule.names, read_override(*rule.policy, base, problems)});
    document.policy.overrides.add(rule.names);
  }
  check_names(root, document, problems);
  return std::move(document.policy);
}

/// In the order of the text, each once.
Problems in_order(Problems problems) {
  const auto place = [](const Problem& problem) { return std::pair(problem.line, problem.column); };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  Problems distinct;
  for (Problem& problem : problems) {
    const auto here = std::lower_bound(distinct.begin(), distinct.end(), place(problem),
                                       [&](const Problem& other, const auto& at) { return place(other) < at; });
    const bool is_told =
        std::any_of(here, distinct.end(), [&](const Problem& other) { return other.message == problem.message; });
    if (!is_told) distinct.push_back(std::move(problem));
  }
  return distinct;
}

Problem to_problem(const Error& error) {
  Problem problem{.message = error.message};
  const std::size_t colon = error.where.find(':');
  if (colon != std::string::npos) {
    const char* const text = error.where.data();
    std::from_chars(text, text + colon, problem.line);
    std::from_chars(text + colon + 1, text + error.where.size(), problem.column);
  }
  return problem;
}

}  // namespace

const KindRule* Policy::find_kind(std::string_view group, std::string_view kind) const {
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const KindRule& r) { return r.kind == kind && r.group == group; });
  return found == kinds.end() ? nullptr : &*found;
}

void GlobIndex::add(const std::vector<std::string>& globs) {
  for (const std::string& glob : globs) {
    const std::string_view start = std::string_view(glob).substr(0, glob.find_first_of("*?"));
    by_start_[std::string(start)].push_back({glob, count_});
    lengths_.insert(start.size());
  }
  ++count_;
}

std::optional<std::size_t> GlobIndex::find(std::string_view name) const {
  std::size_t first = count_;
  for (const std::size_t length : lengths_) {
    if (length > name.size()) break;
    const auto candidates = by_start_.find(name.substr(0, length));
    if (candidates == by_start_.end()) continue;
    for (const Glob& glob : candidates->second) {
      if (glob.list >= first) break;
      if (matches_glob(glob.text, name)) first = glob.list;
    }
  }
  return first == count_ ? std::nullopt : std::optional(first);
}

const Settings& Policy::settings_for(std::string_view name) const {
  const auto found = overrides.find(name);
  return found ? namespaces[*found].settings : base;
}

std::string to_text(const Problem& problem) {
  std::string text;
  if (problem.line > 0) text = fmt::format("{}:{}: ", problem.line, problem.column);
  if (!problem.path.empty()) text += problem.path + ": ";
  return text + problem.message;
}

Policy default_policy() {
  Policy policy;
  policy.base.tolerations = tolerate_gpu_taint(policy.base.gpu.resource);
  return policy;
}

std::vector<std::string> field_paths() {
  std::vector<std::string> paths;
  list_table<Document>("", paths);
  list_table<Condition>("when", paths);
  return paths;
}

Result<Policy, Problems> parse_policy(std::string_view yaml) {
  auto documents = yaml::parse(yaml);
  if (!documents.has_value()) return Unexpected<Problems>{{to_problem(documents.error())}};
  Problems problems;
  if (documents->empty()) {
    problems.push_back({.message = fmt::format("the policy is empty: it must at least say apiVersion: {} and kind: {}",
                                               kApiVersion, kKind)});
    return Unexpected<Problems>{std::move(problems)};
  }
  for (std::size_t i = 1; i < documents->size(); ++i) {
    Value((*documents)[i], "", problems).refuse("another document starts here: a file holds one policy");
  }
  Policy policy = read_policy(documents->front(), problems);
  if (!problems.empty()) return Unexpected<Problems>{in_order(std::move(problems))};
  policy.revision = digest::short_hash(yaml);
  return policy;
}

}  // namespace plimsoll::config
