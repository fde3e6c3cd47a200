#include "match_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plimsoll/base/text.hpp"

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
std::string to_demand(const config::Policy& policy, Kind kind) {
  std::string demand = to_demand(policy.base, kind);
  for (auto part = policy.namespaces.rbegin(); part != policy.namespaces.rend(); ++part)
    demand = choose(in_namespaces(part->names), to_demand(part->settings, kind), demand);
  return demand;
}

std::string has_estimate(const config::Policy& policy, Kind kind) {
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
  return fmt::format(R"(!(has(object.metadata.annotations) &&
  'plimsoll.dev/decision' in object.metadata.annotations &&
  !('kubernetes.io/limit-ranger' in object.metadata.annotations) &&
  has(object.metadata.ownerReferences) &&
  object.metadata.ownerReferences.exists(owner, owner.kind == 'Job' && owner.apiVersion == 'batch/v1' &&
                                                has(owner.controller) && owner.controller) &&
  request.userInfo.username in {}))",
                     to_cel_list(policy.job_controllers));
}

}  // namespace

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
  if (const std::string demand = to_demand(policy, kind); demand != kAlways) {
    std::string expression = has_estimate(policy, kind);
    if (demand != kNever) expression += " ||\n(" + demand + ")";
    conditions.push_back({"has-estimate", std::move(expression)});
  }
  if (kind == Kind::Job) return conditions;
  conditions.push_back(
      {"is-no-mirror-pod",
       "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"});
  conditions.push_back({"has-no-node-yet", "!has(object.spec.nodeName) || object.spec.nodeName == ''"});
  if (!policy.job_controllers.empty())
    conditions.push_back({"is-not-decided-at-its-job", is_not_decided_at_its_job(policy)});
  return conditions;
}

}  // namespace plimsoll::kube
