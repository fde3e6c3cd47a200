// yaml-cpp's events of a text, its exceptions turned into errors.
#pragma once

#include <yaml-cpp/eventhandler.h>

#include <string_view>

#include "plimsoll/base/result.hpp"

namespace plimsoll::yaml {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Hands the events of all documents to `handler`. Errors: as parse has them.
[[nodiscard]] Result<void> read_events(std::string_view text, YAML::EventHandler& handler);

/// A null as it is written at the head of `text`, such as `~`, or nothing.
[[nodiscard]] std::string_view null_word(std::string_view text);

}  // namespace plimsoll::yaml
