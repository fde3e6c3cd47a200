// Kinds with pod templates: the built-in table, and what a policy says beside it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "plimsoll/base/text.hpp"
#include "reader.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

/// An entry of the policy: what it leaves out is what the built-in entry says, or what Kubernetes would guess.
struct KindEntry {
  std::string group;
  std::string kind;
  std::optional<std::string> resource;
  Level level = Level::Pod;
  std::optional<std::vector<std::string>> templates;
};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool is_kind_name(std::string_view text) {
  return is_dns_label(in_lower_case(text)) && text.front() >= 'A' && text.front() <= 'Z';
}

// RFC 6901, of which no template needs the whole document or an empty name.
bool is_template_pointer(std::string_view text) {
  if (!text.starts_with('/') || text.ends_with('/') || text.find("//") != std::string_view::npos) return false;
  for (std::size_t i = text.find('~'); i != std::string_view::npos; i = text.find('~', i + 1)) {
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

const Syntax kGroup{"a group of the API such as jobset.x-k8s.io", is_dns_subdomain};
const Syntax kKind{"a kind such as JobSet", is_kind_name};
const Syntax kResource{"a resource such as jobsets (lower-case letters, digits, '-')", is_dns_label};

void read_pointer(const Value& value, std::string& out) {
  const auto text = scalar_text(value, "a JSON Pointer such as /spec/template");
  if (!text) return;
  out = *text;
  if (is_template_pointer(out)) return;
  std::string meant = "/" + out;
  std::ranges::replace(meant, '.', '/');
  const bool is_field_path = !out.starts_with('/') && is_template_pointer(meant);
  value.refuse(fmt::format("must be a JSON Pointer such as /spec/template or /spec/tasks/*/template, not {}{}",
                           quoted(out), is_field_path ? "; did you mean " + quoted(meant) + "?" : ""));
}

// As Kubernetes itself guesses. Source: k8s.io/apimachinery/pkg/api/meta/restmapper.go, UnsafeGuessKindToResource.
std::string guess_resource(std::string_view kind) {
  const std::string name = in_lower_case(kind);
  if (name.ends_with('s')) return name + "es";
  if (name.ends_with('y')) return name.substr(0, name.size() - 1) + "ies";
  return name + "s";
}

std::vector<KindRule>::iterator find_rule(std::vector<KindRule>& rules, const KindEntry& entry) {
  return std::ranges::find_if(rules, [&](const KindRule& r) { return r.kind == entry.kind && r.group == entry.group; });
}

/// What only Plimsoll itself can say; empty: nothing.
std::string_view why_fixed(const KindEntry& entry) {
  if (entry.group == "batch" && entry.kind == "Job") return "say decideAt: where Jobs are decided is known";
  if (entry.group == "batch" && entry.kind == "CronJob") return "each Job that a CronJob makes is decided";
  if (entry.group.empty() && entry.kind == "Pod") return "a Pod is decided when it comes";
  return {};
}

}  // namespace

template <>
const Schema<KindEntry>& schema<KindEntry>() {
  static const Schema<KindEntry> kSchema{
      {
          field("group", &KindEntry::group,
                [](const Value& value, std::string& out) {
                  if (scalar_text(value, kGroup.what) != "") read_text(value, out, kGroup);
                }),
          required(field("kind", &KindEntry::kind, written_as(kKind))),
          field(
              "resource", &KindEntry::resource,
              [](const Value& value, std::optional<std::string>& out) { read_text(value, out.emplace(), kResource); }),
          required(field("level", &KindEntry::level,
                         one_of<Level>({{"object", Level::Object}, {"pod", Level::Pod}, {"none", Level::None}}))),
          field("templates", &KindEntry::templates,
                [](const Value& value, std::optional<std::vector<std::string>>& out) {
                  one_or_more(read_pointer)(value, out.emplace());
                }),
      },
      [](const Value& value, const KindEntry& entry) {
        if (const auto why = why_fixed(entry); !why.empty()) value.refuse_member("kind", std::string(why));
      }};
  return kSchema;
}

namespace {

void read_kinds(const Value& value, std::vector<KindRule>& rules) {
  if (!is_list(value)) return;
  std::vector<KindEntry> entries(value.node().items.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Value item = value.item(i);
    const KindEntry& entry = entries[i];
    read_table(item, entries[i]);
    if (!item.is_sound()) continue;
    const bool is_told_before =
        std::any_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(i),
                    [&](const KindEntry& e) { return e.group == entry.group && e.kind == entry.kind; });
    if (is_told_before) {
      item.refuse_member("kind",
                         fmt::format("{} of {} is here a second time", quoted(entry.kind), quoted(entry.group)));
      continue;
    }
    auto rule = find_rule(rules, entry);
    if (rule == rules.end()) {
      rule = rules.insert(rule, {.group = entry.group, .kind = entry.kind, .resource = guess_resource(entry.kind)});
    }
    rule->level = entry.level;
    if (entry.resource) rule->resource = *entry.resource;
    if (entry.templates) rule->templates = *entry.templates;
    if (entry.level == Level::Object && rule->templates.empty()) {
      item.refuse_member("level", "an object is decided in its pod templates: say where, in templates");
    }
  }
}

}  // namespace

Field<Policy> kinds_field() {
  return {"kinds", [](const Value& value, Policy& policy) { read_kinds(value, policy.kinds); },
          [](const std::string& path, std::vector<std::string>& paths) { list_table<KindEntry>(path + "[]", paths); }};
}

const std::vector<KindRule>& built_in_kinds() {
  static const std::vector<KindRule> kKinds = {
#define PLIMSOLL_KIND(group, kind, resource, level, ...) {group, kind, resource, Level::level, {__VA_ARGS__}},
#include "plimsoll/config/kinds.def"
#undef PLIMSOLL_KIND
  };
  return kKinds;
}

}  // namespace plimsoll::config
