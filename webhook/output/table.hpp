// Rows under headings, fitted to the width of a terminal, while they still come.
//
// The widths follow from the first rows. On a narrow terminal columns that are not needed are left out, and what does
// not fit is cut; elsewhere nothing is cut, and a long cell moves those after it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "webhook/output/stream.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

/// How many columns of a terminal `text` takes: two for an East Asian wide character, none for a combining mark.
[[nodiscard]] std::size_t count_columns(std::string_view text);

struct Column {
  enum class Align { Left, Right };
  enum class Cut { End, Start };
  enum class Need { Always, IfRoom };
  std::string heading;
  /// It is not made narrower to fit a terminal. What stands to the right is a number and is never cut.
  std::size_t least = 4;
  Align align = Align::Left;
  Cut cut = Cut::End;
  Need need = Need::Always;
};

struct Cell {
  std::string text;         ///< safe for a terminal
  std::string colour = {};  ///< the parameter of ANSI's SGR, `31`; empty: none
};

class Table {
 public:
  /// `width`: columns of the terminal; 0: no terminal, nothing is cut.
  Table(std::vector<Column> columns, std::size_t width, Style style, Stream& out);

  /// Requires: as many cells as columns.
  void add(std::vector<Cell> row);
  /// Writes the rows that were waiting for others; with none at all not even the headings.
  void flush();

 private:
  void settle();
  void narrow();
  void write(const std::vector<Cell>& row);

  std::vector<Column> columns_;
  std::size_t width_;
  Style style_;
  Stream& out_;
  std::vector<std::vector<Cell>> waiting_;
  std::vector<std::size_t> widths_;  // empty: not settled; 0: left out
};

/// Columns of the terminal that standard output is; 0 when it is none.
[[nodiscard]] std::size_t detect_width();

}  // namespace plimsoll::webhook
