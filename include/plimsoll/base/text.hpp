// Words that people typed: showing them safely, and guessing what was meant.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll {

/// The longest piece of user text that is ever echoed, in code points.
inline constexpr std::size_t kDisplayLimit = 64;

/// `text` made fit for a message, log line, terminal or page: control characters, invalid UTF-8, bidirectional and
/// zero-width characters become `\u{…}` or `\x…` escapes, and what is longer than `limit` code points is cut with an
/// ellipsis.
[[nodiscard]] std::string to_display(std::string_view text, std::size_t limit = kDisplayLimit);

/// to_display between double quotes.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t limit = kDisplayLimit);

/// The candidate closest to `word`, the first of equals, that at most `limit` insertions, deletions, substitutions and
/// swaps of neighbours lead to; nothing when there is none.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates,
                                                      std::size_t limit = 2);

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters and `?` for one.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace plimsoll
