#include "syntax.hpp"

#include <algorithm>

#include "plimsoll/base/text.hpp"

namespace plimsoll::config {
namespace {

constexpr std::size_t kLabelLimit = 63;
constexpr std::size_t kSubdomainLimit = 253;

// <cctype> depends on the locale; Kubernetes means ASCII.
bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_letter_or_digit(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/// Up to 63 characters that `is_inner` allows, the first and the last allowed by `is_end`.
bool is_bounded_word(std::string_view text, bool (*is_end)(char), bool (*is_inner)(char)) {
  return !text.empty() && text.size() <= kLabelLimit && is_end(text.front()) && is_end(text.back()) &&
         std::all_of(text.begin(), text.end(), is_inner);
}

bool is_name_part(std::string_view text) {
  return is_bounded_word(text, is_letter_or_digit,
                         [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_not_empty(std::string_view text) {
  return !text.empty();
}

// PriorityClasses called system-* are Kubernetes' own: no estimate may claim them.
bool is_priority_class(std::string_view text) {
  return is_dns_subdomain(text) && !text.starts_with("system-");
}

// The default one is never missing, and to write it says nothing.
bool is_scheduler(std::string_view text) {
  return is_dns_subdomain(text) && text != "default-scheduler";
}

// A LocalQueue is named in a label, so that its name must be a label's value too.
bool is_queue(std::string_view text) {
  return is_dns_subdomain(text) && text.size() <= kLabelLimit;
}

bool is_namespace_glob(std::string_view text) {
  return !text.empty() && text.size() <= kLabelLimit && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower_or_digit(c) || c == '-' || c == '*' || c == '?';
  });
}

bool is_kind_glob(std::string_view text) {
  return matches_glob(text, "Pod") || std::ranges::any_of(built_in_kinds(), [&](const KindRule& rule) {
           return rule.level == Level::Object && matches_glob(text, rule.kind);
         });
}

// A resource is extended when it has a domain that is not Kubernetes' own and still is a qualified name after the
// "requests." that ResourceQuota puts before it.
bool is_extended_resource(std::string_view text) {
  return text.find('/') != std::string_view::npos && text.find("kubernetes.io/") == std::string_view::npos &&
         !text.starts_with("requests.") && is_qualified_name("requests." + std::string(text));
}

// plimsoll.dev/ itself holds the decision's marker and the mode, which are no estimates.
bool is_annotation_prefix(std::string_view text) {
  return text.ends_with('/') && is_dns_subdomain(text.substr(0, text.size() - 1)) && text != "plimsoll.dev/";
}

}  // namespace

bool is_dns_label(std::string_view text) {
  return is_bounded_word(text, is_lower_or_digit, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  // Only the whole is bounded, not each label: Kubernetes does the same.
  if (text.empty() || text.size() > kSubdomainLimit) return false;
  const auto is_inner = [](char c) { return is_lower_or_digit(c) || c == '-'; };
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || !is_lower_or_digit(label.front()) || !is_lower_or_digit(label.back())) return false;
    if (!std::all_of(label.begin(), label.end(), is_inner)) return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

bool is_qualified_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_name_part(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_name_part(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_name_part(text);
}

const Syntax kAnyText{"a text that is not empty", is_not_empty};
const Syntax kGlob{"a name or a glob (not empty)", is_not_empty};
const Syntax kLabelKey{"a label key such as example.com/name", is_qualified_name};
const Syntax kLabelValue{"a label value (at most 63 letters, digits, '-', '_', '.')", is_label_value};
const Syntax kNodeLabelValue{"a label value (1 to 63 letters, digits, '-', '_', '.')", is_name_part};
const Syntax kPriorityClass{"a PriorityClass (lower-case letters, digits, '-', '.'; never system-*)",
                            is_priority_class};
const Syntax kScheduler{"a scheduler (lower-case letters, digits, '-', '.'; not default-scheduler)", is_scheduler};
const Syntax kQueue{"a queue (at most 63 lower-case letters, digits, '-', '.')", is_queue};
const Syntax kNamespace{"a namespace (lower-case letters, digits, '-')", is_dns_label};
const Syntax kNamespaceGlob{"a namespace or a glob (lower-case letters, digits, '-', '*', '?')", is_namespace_glob};
const Syntax kKindGlob{"Job, Pod, JobSet, another kind that is decided at the object, or a glob that matches one",
                       is_kind_glob};
const Syntax kContainer{"a container (lower-case letters, digits, '-')", is_dns_label};
const Syntax kGpuModel{"a model (1 to 63 letters, digits, '-', '_', '.')", is_name_part};
const Syntax kExtendedResource{"an extended resource with its domain, such as nvidia.com/gpu", is_extended_resource};
const Syntax kAnnotationPrefix{"a DNS name and '/', such as estimate.example.com/ (never plimsoll.dev/)",
                               is_annotation_prefix};

void read_text(const Value& value, std::string& out, const Syntax& syntax) {
  const auto text = scalar_text(value, syntax.what);
  if (!text) return;
  if (syntax.matches(*text)) {
    out = *text;
  } else {
    value.refuse("must be " + std::string(syntax.what) + ", not " + quoted(*text));
  }
}

void read_labels(const Value& value, std::map<std::string, std::vector<std::string>>& out, const Syntax& values) {
  out.clear();
  if (value.node().kind != yaml::Node::Kind::Map) {
    value.refuse("must be a map from labels to values, not " + describe(value.node()));
    return;
  }
  for (const yaml::Node::Entry& entry : value.node().entries) {
    if (!kLabelKey.matches(entry.key.text)) {
      value.refuse_key(entry, "must be " + std::string(kLabelKey.what) + ", not " + quoted(entry.key.text));
    }
    one_or_more(written_as(values))(value.member(entry), out[entry.key.text]);
  }
}

}  // namespace plimsoll::config
