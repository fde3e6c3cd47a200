// How the files of this module reach what a View stands on, without naming the parser's types in a header.
#pragma once

#include <string>

#include "plimsoll/json/document.hpp"

namespace plimsoll::json {

struct Access {
  [[nodiscard]] static const void* node(View view) { return view.node_; }
  [[nodiscard]] static View view(const void* node) { return View(node); }
};

/// Appends the number at `view` as JSON text; integers of 64 bits survive unchanged, doubles in the shortest form that
/// reads back the same. Requires: a number.
void append_number(std::string& text, View view);

}  // namespace plimsoll::json
