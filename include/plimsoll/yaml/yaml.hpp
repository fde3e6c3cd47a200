// YAML with line numbers, typed as sigs.k8s.io/yaml types it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::yaml {

/// A place in the text. Units: lines and columns from 1; a column counts bytes.
struct Mark {
  std::size_t line = 0;
  std::size_t column = 0;
  bool operator==(const Mark&) const = default;
};

/// A parsed value. Aliases are resolved, merge keys (`<<`) applied.
struct Node {
  enum class Kind { Null, Bool, Int, Float, String, Sequence, Map };

  Kind kind = Kind::Null;
  /// Where it begins, its anchor and tag included; of a value that was left out (`key:`), where its key begins.
  Mark mark;
  /// Of a scalar: its text without quotes, as written. For Bool and Null this may be `yes` or `~`.
  std::string text;
  /// Of a scalar: whether it was quoted or a block scalar (then kind is String).
  bool quoted = false;
  std::vector<Node> items;
  /// Members in the order of the text. Keys are unique as JSON names them: `1` and `"1"` are duplicates, and so
  /// refused.
  struct Entry;
  std::vector<Entry> entries;

  [[nodiscard]] bool is_scalar() const { return kind != Kind::Sequence && kind != Kind::Map; }
  /// The member whose key is `key` in JSON (`yes:` is "true"), or null when this is no map or has none.
  [[nodiscard]] const Node* find(std::string_view key) const;
  /// Of a Bool: its value.
  [[nodiscard]] bool truth() const;
};

struct Node::Entry {
  Node key;
  Node value;
};

/// All documents of a stream; empty ones are left out. JSON is read as the YAML it is.
///
/// A merge (`<<`) writes over the keys before it and yields to those after it, as kubectl has it.
///
/// Errors: ErrorCode::Invalid, `where` is `line:column`: syntax, bytes that are not UTF-8, control characters,
/// duplicate keys, keys that are null or not scalars, unknown aliases, infinity and NaN, nesting beyond some 500 levels
/// (with aliases json::kMaxDepth), aliases that expand to more than 1,000,000 nodes.
///
/// Source: resolve.go and decode.go of go.yaml.in/yaml/v2, which sigs.k8s.io/yaml reads with.
[[nodiscard]] Result<std::vector<Node>> parse(std::string_view text);

/// Compact JSON text of `node`: what sigs.k8s.io/yaml's YAMLToJSON gives, members in their order.
[[nodiscard]] std::string to_json(const Node& node);

/// Block-style YAML of a JSON value as kubectl lays it out, members in their order, final newline. Strings that YAML
/// would read as something else are quoted. Reading it back gives an equal value (within the nesting that parse takes).
[[nodiscard]] std::string write(json::View view);

/// The text of each document of a stream that is not empty, comments and `---` before it included; together they are
/// all of `text`. Errors: as parse.
[[nodiscard]] Result<std::vector<std::string_view>> split(std::string_view text);

/// A text that was edited.
struct Edited {
  std::string text;
  /// Values that changed but could not be edited as they are written, and so were written anew, comments lost.
  std::vector<Mark> rewritten = {};
};

/// `text`, one document, changed where it has to so that its value is `wanted`; every byte of the rest stays.
///
/// What is new takes on the style of its neighbours. Comments go only with a value that is replaced as a whole, or at
/// the end of the line of one that is removed. An alias or merge key whose value is to differ from its anchor's is
/// written out.
///
/// Errors: as parse; ErrorCode::Invalid when `text` is not one document.
[[nodiscard]] Result<Edited> edit(std::string_view text, json::View wanted);

}  // namespace plimsoll::yaml
