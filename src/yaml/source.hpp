// Where each value of a document stands in its text.
//
// yaml-cpp tells where values begin, not where they end, and nothing of colons and dashes. So its events give the
// structure, and one walk through the text finds the places: the end of a plain scalar where as many characters are
// passed as its value has, white space apart; of a block scalar by its indentation; of all else by its last part.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"

namespace plimsoll::yaml {

/// A value as it is written: aliases and merge keys are not resolved. Units: byte offsets.
struct Piece {
  enum class Kind { Empty, Scalar, Alias, Sequence, Map };
  /// An entry of a map, or of a sequence (which has no keys).
  struct Part;

  Kind kind = Kind::Empty;
  bool is_flow = false;  ///< in brackets
  /// A map in an unusual form: with `? key`, or a pair in a flow sequence without braces.
  bool is_odd = false;
  bool is_tagged = false;
  bool is_plain = false;   ///< a scalar without quotes that is no block
  std::size_t anchor = 0;  ///< a number; of an alias, that of what it refers to
  std::size_t begin = 0;   ///< of its anchor and tag, if it has any
  std::size_t head = 0;    ///< past anchor and tag
  std::size_t content = 0;
  std::size_t end = 0;
  std::string text = {};  ///< of a scalar, as read
  std::vector<Part> parts;
};

struct Piece::Part {
  Piece key;
  /// Past its colon or dash; 0 when it has none.
  std::size_t after = 0;
  Piece value;

  [[nodiscard]] const Piece& first() const { return key.kind == Kind::Empty ? value : key; }
};

/// The one document in `text`. Errors: ErrorCode::Unsupported when its places cannot be found.
/// Requires: parse takes `text`, which begins with no byte-order mark.
[[nodiscard]] Result<Piece> locate(std::string_view text);

/// The end of the line of `at`: its line break (`\r\n` counts as one), or the end of the text.
[[nodiscard]] std::size_t line_end(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t line_begin(std::string_view text, std::size_t at);
/// Past the line of `at` with its line break.
[[nodiscard]] std::size_t next_line(std::string_view text, std::size_t at);
/// Past spaces, tabs, line breaks and comments.
[[nodiscard]] std::size_t skip_space(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t column_of(std::string_view text, std::size_t at);

}  // namespace plimsoll::yaml
