// Unified diffs of short texts, as `diff -u` prints them.
#pragma once

#include <string>
#include <string_view>

#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct DiffNames {
  std::string before;
  std::string after;
};

/// What leads from `before` to `after`, with three lines of context; empty when they are equal. patch(1) can apply it.
[[nodiscard]] std::string unified_diff(std::string_view before, std::string_view after, const DiffNames& names,
                                       Style style);

}  // namespace plimsoll::webhook
