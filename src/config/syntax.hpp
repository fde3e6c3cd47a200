// How Kubernetes' names are written, as far as a policy holds them.
//
// Source: k8s.io/apimachinery/pkg/util/validation/validation.go and k8s.io/kubernetes/pkg/apis/core/v1/helper.
#pragma once

#include <string>
#include <string_view>

#include "reader.hpp"

namespace plimsoll::config {

/// A way to write a text, and how to name it in a message: "must be <what>, not …".
struct Syntax {
  std::string_view what;
  bool (*matches)(std::string_view text);
};

/// At most 63 of a-z, 0-9 and '-', no '-' at an end.
[[nodiscard]] bool is_dns_label(std::string_view text);
/// DNS labels joined by dots, at most 253 in all.
[[nodiscard]] bool is_dns_subdomain(std::string_view text);
/// An optional DNS subdomain and '/', then at most 63 of letters, digits, '-', '_', '.'.
[[nodiscard]] bool is_qualified_name(std::string_view text);
/// Empty, or as the name part of a qualified name.
[[nodiscard]] bool is_label_value(std::string_view text);

extern const Syntax kAnyText;
extern const Syntax kGlob;
extern const Syntax kLabelKey;
extern const Syntax kLabelValue;
extern const Syntax kNodeLabelValue;
extern const Syntax kPriorityClass;
extern const Syntax kScheduler;
extern const Syntax kQueue;
extern const Syntax kNamespace;
extern const Syntax kNamespaceGlob;
extern const Syntax kKindGlob;
extern const Syntax kContainer;
extern const Syntax kGpuModel;
extern const Syntax kExtendedResource;
extern const Syntax kAnnotationPrefix;

/// Reads a text into `out`, refusing it when it does not match.
void read_text(const Value& value, std::string& out, const Syntax& syntax);

/// A reader for a text.
[[nodiscard]] inline auto written_as(const Syntax& syntax) {
  return [&syntax](const Value& value, std::string& out) { read_text(value, out, syntax); };
}

/// Reads label keys, each with one or more values.
void read_labels(const Value& value, std::map<std::string, std::vector<std::string>>& out, const Syntax& values);

}  // namespace plimsoll::config
