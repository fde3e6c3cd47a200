#include "match_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/pointer.hpp"

namespace plimsoll::kube {
namespace {

constexpr std::string_view kAlways = "true";
constexpr std::string_view kNever = "false";

std::string to_cel_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + to_cel_string(text);
  return "[" + out + "]";
}

bool is_glob(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

// RE2, which CEL's matches() speaks.
std::string to_regex(std::string_view glob) {
  std::string out;
  for (const char c : glob) {
    if (c == '*') {
      out += ".*";
    } else if (c == '?') {
      out += '.';
    } else {
      if (std::string_view("\\.+()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

/// That the object's namespace matches one of `globs`.
std::string in_namespaces(const std::vector<std::string>& globs) {
  std::vector<std::string> names;
  std::string regexes;
  for (const std::string& glob : globs) {
    if (glob == "*") return std::string(kAlways);
    if (is_glob(glob)) {
      regexes += (regexes.empty() ? "" : "|") + to_regex(glob);
    } else {
      names.push_back(glob);
    }
  }
  std::string out;
  if (!names.empty()) out = "request.namespace in " + to_cel_list(names);
  if (!regexes.empty())
    out += (out.empty() ? "" : " || ") + ("request.namespace.matches(" + to_cel_string("^(" + regexes + ")$") + ")");
  return out.empty() ? std::string(kNever) : out;
}

/// Which objects without an estimate `settings` want to see: those that they might refuse. What a condition says of
/// sizes, users and labels is left to the server: here it is only asked what can be answered cheaply.
std::string to_demand(const config::Settings& settings, Kind kind) {
  if (!settings.require_estimate || settings.mode == config::Mode::Disabled) return std::string(kNever);
  const config::Condition& condition = *settings.require_estimate;
  const std::string_view name = kind == Kind::Job ? "Job" : "Pod";
  const auto is_meant = [&](const std::string& glob) { return matches_glob(glob, name); };
  if (!condition.kinds.empty() && std::ranges::none_of(condition.kinds, is_meant)) return std::string(kNever);
  return condition.namespaces.empty() ? std::string(kAlways) : in_namespaces(condition.namespaces);
}

std::string choose(const std::string& condition, const std::string& then, const std::string& otherwise) {
  if (then == otherwise || condition == kNever) return otherwise;
  if (condition == kAlways) return then;
  if (then == kAlways) return otherwise == kNever ? condition : fmt::format("({}) || ({})", condition, otherwise);
  if (then == kNever) return fmt::format("!({}){}", condition, otherwise == kAlways ? "" : " && (" + otherwise + ")");
  return fmt::format("({}) ? ({}) : ({})", condition, then, otherwise);
}

/// The same over the whole policy, in which the first override that names a namespace counts.
template <class Say>
std::string over_policy(const config::Policy& policy, Say say) {
  std::string said = say(policy.base);
  for (auto part = policy.namespaces.rbegin(); part != policy.namespaces.rend(); ++part)
    said = choose(in_namespaces(part->names), say(part->settings), said);
  return said;
}

std::string to_demand(const config::Policy& policy, Kind kind) {
  // What is only looked at is never refused for want of an estimate.
  if (kind == Kind::Validated) return std::string(kNever);
  return over_policy(policy, [&](const config::Settings& settings) { return to_demand(settings, kind); });
}

// A field that CEL can select by its name: no word of its own, and nothing but letters and digits.
bool is_selectable(std::string_view token) {
  constexpr std::array<std::string_view, 6> kReserved = {"in", "as", "import", "namespace", "package", "function"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return is_letter(token.front()) && std::ranges::find(kReserved, token) == kReserved.end() &&
         std::ranges::all_of(token, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_selectable(const config::KindRule& rule) {
  return std::ranges::all_of(rule.templates, [](const std::string& pattern) {
    const std::vector<std::string> tokens = json::Pointer(pattern).tokens();
    return std::ranges::all_of(tokens, [](const std::string& token) { return is_selectable(token); });
  });
}

std::string in_metadata_of(const std::string& place, const std::string& prefix) {
  return fmt::format(
      "has({0}.metadata) && has({0}.metadata.annotations) &&\n "
      "{0}.metadata.annotations.exists(key, key.startsWith({1}))",
      place, prefix);
}

// Along the way to the template a Job template's metadata counts too, as workload::view_template() reads it.
std::string in_metadata_on_the_way(const std::string& pattern, const std::string& prefix) {
  std::string expression;
  std::string guards;
  std::string place = "object";
  for (const std::string& token : json::Pointer(pattern).tokens()) {
    place += "." + token;
    guards += (guards.empty() ? "has(" : " has(") + place + ") &&";
    if (!token.ends_with("emplate")) continue;
    expression += " ||\n(" + guards + "\n " + in_metadata_of(place, prefix) + ")";
  }
  return expression;
}

// What stands in lists and maps is for the server to look through: the objects that have such are few.
std::string has_estimate_in_templates(const config::Policy& policy, Kind kind) {
  const std::string prefix = to_cel_string(policy.prefix);
  std::string expression = "(" + in_metadata_of("object", prefix) + ")";
  std::vector<std::string> sent_anyway;
  std::set<std::string> told;
  for (const config::KindRule& rule : policy.kinds) {
    if (!is_sent(rule, kind)) continue;
    if (!is_selectable(rule)) {
      sent_anyway.push_back(rule.resource);
      continue;
    }
    for (const std::string& pattern : rule.templates) {
      if (told.insert(pattern).second) expression += in_metadata_on_the_way(pattern, prefix);
    }
  }
  if (!sent_anyway.empty()) expression += " ||\nrequest.resource.resource in " + to_cel_list(sent_anyway);
  return expression;
}

std::string has_estimate(const config::Policy& policy, Kind kind) {
  if (kind == Kind::Validated) return has_estimate_in_templates(policy, kind);
  const std::string prefix = to_cel_string(policy.prefix);
  if (kind == Kind::Job)
    return fmt::format(R"((has(object.metadata.annotations) &&
 object.metadata.annotations.exists(key, key.startsWith({0}))) ||
(has(object.spec.template.metadata) && has(object.spec.template.metadata.annotations) &&
 object.spec.template.metadata.annotations.exists(key, key.startsWith({0}))))",
                       prefix);
  return fmt::format(R"((has(object.metadata.annotations) &&
 (object.metadata.annotations.exists(key, key.startsWith({})) ||
  ('plimsoll.dev/decision' in object.metadata.annotations && 'kubernetes.io/limit-ranger' in object.metadata.annotations))))",
                     prefix);
}

std::string is_not_decided_at_its_job(const config::Policy& policy) {
  // Where Pods are decided, a marker in the template is an old one.
  const std::string at_pod = over_policy(policy, [](const config::Settings& settings) {
    return std::string(settings.decide_at == config::DecideAt::Pod ? kAlways : kNever);
  });
  if (at_pod == kAlways) return std::string(kAlways);
  return (at_pod == kNever ? "" : "(" + at_pod + ") ||\n") + fmt::format(R"(!(has(object.metadata.annotations) &&
  'plimsoll.dev/decision' in object.metadata.annotations &&
  !('kubernetes.io/limit-ranger' in object.metadata.annotations) &&
  has(object.metadata.ownerReferences) &&
  object.metadata.ownerReferences.exists(owner, owner.kind == 'Job' && owner.apiVersion == 'batch/v1' &&
                                                has(owner.controller) && owner.controller) &&
  request.userInfo.username in {}))",
                                                                         to_cel_list(policy.job_controllers));
}

}  // namespace

bool is_sent(const config::KindRule& rule, Kind kind) {
  const bool is_job = rule.group == "batch" && rule.kind == "Job";
  switch (kind) {
    case Kind::Job:
      return is_job;
    case Kind::Object:
      return !is_job && rule.level == config::Level::Object;
    case Kind::Validated:
      // A Job has been looked at when it was decided, and its template never changes.
      return !is_job && rule.level != config::Level::None && !rule.templates.empty();
    case Kind::Pod:
      return false;
  }
  return false;
}

std::string to_cel_string(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      (out += '\\') += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<MatchCondition> make_match_conditions(const config::Policy& policy, Kind kind) {
  std::vector<MatchCondition> conditions;
  // Objects with a template for each role are few, and their estimates are for the server to look for.
  const std::string demand = kind == Kind::Object ? std::string(kAlways) : to_demand(policy, kind);
  if (demand != kAlways) {
    std::string expression = has_estimate(policy, kind);
    if (demand != kNever) expression += " ||\n(" + demand + ")";
    conditions.push_back({"has-estimate", std::move(expression)});
  }
  if (kind == Kind::Validated) {
    // What somebody made of an object was looked at there, and he would not read what is told.
    conditions.push_back({"has-no-controller",
                          "!has(object.metadata.ownerReferences) ||\n"
                          "!object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller)"});
  }
  if (kind != Kind::Pod) return conditions;
  conditions.push_back(
      {"is-no-mirror-pod",
       "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"});
  conditions.push_back({"has-no-node-yet", "!has(object.spec.nodeName) || object.spec.nodeName == ''"});
  if (policy.job_controllers.empty()) return conditions;
  if (std::string expression = is_not_decided_at_its_job(policy); expression != kAlways)
    conditions.push_back({"is-not-decided-at-its-job", std::move(expression)});
  return conditions;
}

}  // namespace plimsoll::kube
