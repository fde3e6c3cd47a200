// RFC 6901 JSON Pointers, built segment by segment.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::json {

/// A place in a JSON document. Value type; the text is always validly escaped.
class Pointer {
 public:
  /// The whole document.
  Pointer() = default;
  /// Requires: `text` is a valid pointer ("" or starting with '/'); for literals in code.
  explicit Pointer(std::string text) : text_(std::move(text)) {}

  /// Goes one member deeper; `~` and `/` in `key` are escaped.
  Pointer& operator/=(std::string_view key);
  /// This, one member deeper.
  [[nodiscard]] Pointer operator/(std::string_view key) const;
  /// This, one array element deeper.
  [[nodiscard]] Pointer operator/(std::size_t index) const;

  [[nodiscard]] const std::string& text() const { return text_; }
  /// The unescaped reference tokens.
  [[nodiscard]] std::vector<std::string> tokens() const;
  /// What holds this place. Requires: not the whole document.
  [[nodiscard]] Pointer parent() const;
  /// The last of tokens(). Requires: not the whole document.
  [[nodiscard]] std::string last() const;

  bool operator==(const Pointer&) const = default;
  auto operator<=>(const Pointer&) const = default;

 private:
  std::string text_;
};

/// The same place as Kubernetes writes it in its own messages: `spec.containers[0].resources.limits[nvidia.com/gpu]`.
/// A token of digits is an index; a token that holds anything but letters, digits, `-` and `_` is put into brackets.
[[nodiscard]] std::string to_field_path(const Pointer& pointer);

/// Makes the field path `path` one token longer.
void append_field(std::string& path, std::string_view token);

}  // namespace plimsoll::json
