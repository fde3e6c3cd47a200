// The reference tokens of a JSON Pointer, one at a time and without copying where nothing is escaped.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::json {

/// Walks "/a~1b/0" as "a/b", then "0".
class TokenReader {
 public:
  explicit TokenReader(std::string_view pointer) : rest_(pointer) {}

  [[nodiscard]] bool is_at_end() const { return rest_.empty(); }
  /// The next token, unescaped. Valid until the next call. Requires: not at the end.
  [[nodiscard]] std::string_view next();
  /// Bytes of the pointer not yet walked.
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  std::string unescaped_;
};

/// An array index as RFC 6901 writes it: digits without a leading zero.
[[nodiscard]] std::optional<std::size_t> parse_index(std::string_view token);

}  // namespace plimsoll::json
