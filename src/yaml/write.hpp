// Values as text, in the style of the text around them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plimsoll/json/document.hpp"

namespace plimsoll::yaml {

/// How block style is indented. Units: columns.
struct Layout {
  std::size_t step = 2;      ///< a map below the key of a map
  std::size_t sequence = 0;  ///< a dash below the key of its sequence
  std::size_t dash = 2;      ///< what stands in a sequence, from its dash on
};

/// Where a value begins: on a line of its own, after `key:` or after a dash.
enum class Place { Root, Member, Item };

/// Block style, with the white space that separates it from its colon. `indent` is the column of its own entries.
[[nodiscard]] std::string write_block(json::View view, Place place, std::size_t indent, const Layout& layout);

/// How values in brackets are written.
struct Flow {
  enum class Quotes { AsNeeded, Always };  ///< Always: as JSON has it
  Quotes quotes = Quotes::AsNeeded;
  std::string after_colon = " ";
  std::string after_comma = " ";
  /// Whether each entry has a line of its own, then how far it is indented, and how much more those inside it are.
  bool has_lines = false;
  std::string indent = {};
  std::string step = "  ";
};

[[nodiscard]] std::string write_flow(json::View view, const Flow& flow);
[[nodiscard]] std::string write_flow_key(std::string_view key, const Flow& flow);

/// A text on one line, with quotes where it would be read as something else.
[[nodiscard]] std::string to_scalar(std::string_view text);
[[nodiscard]] std::string in_double_quotes(std::string_view text);
/// Nothing but single quotes, where they can hold it.
[[nodiscard]] std::string in_single_quotes(std::string_view text);
/// Whether `text` is best written as lines of a block.
[[nodiscard]] bool is_block(std::string_view text);

}  // namespace plimsoll::yaml
