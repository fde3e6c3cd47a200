// What the text of a scalar means.
//
// YAML leaves it to the reader whether `yes` is a word or a truth. What counts here is what the cluster will see, and
// kubectl and the API server read YAML through sigs.k8s.io/yaml, which is YAML 1.1 as go.yaml.in/yaml/v2 implements it:
// `on` is true, 0755 is octal, `1e3` a number, a date a string. Numbers are put into JSON as Go's encoding/json puts
// them.
#pragma once

#include <string>
#include <string_view>

#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {

/// The kind of a plain scalar without a tag.
/// Source: resolve.go of go.yaml.in/yaml/v2.
[[nodiscard]] Node::Kind resolve_plain(std::string_view text);

/// Whether `text` is one of the spellings of infinity and not-a-number, which JSON has no place for.
[[nodiscard]] bool is_infinite_or_nan(std::string_view text);

/// Whether `text` is one of the spellings of true.
[[nodiscard]] bool is_true(std::string_view text);

/// The JSON number that an Int or Float of this text becomes.
/// Requires: `kind` is what resolve_plain says of `text`, and it is finite.
[[nodiscard]] std::string to_json_number(Node::Kind kind, std::string_view text);

/// The member name that a scalar key becomes in JSON: `yes` is "true", 0x10 is "16".
/// Requires: a scalar other than null.
/// Source: convertToJSONableObject of sigs.k8s.io/yaml.
[[nodiscard]] std::string to_member_name(const Node& key);

}  // namespace plimsoll::yaml
