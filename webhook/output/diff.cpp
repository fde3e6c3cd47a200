// The shortest edit script is found as in Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): walk the
// edit graph along diagonals k = x - y, furthest first, with d = 0, 1, 2 ... edits; then walk the remembered fronts
// back.
#include "webhook/output/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace plimsoll::webhook {
namespace {

constexpr std::ptrdiff_t kContext = 3;
// The fronts of so many edits take 16 MB; texts that differ more are shown as replaced.
constexpr std::ptrdiff_t kMostEdits = 2000;

using Lines = std::vector<std::string_view>;

/// Lines with their line breaks, so that a missing last one counts as a difference.
Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

struct Edit {
  char mark = ' ';  ///< ' ' kept, '-' removed, '+' added
  std::string_view line;
};
using Script = std::vector<Edit>;

void append_replacement(const Lines& before, const Lines& after, Script& script) {
  for (const std::string_view line : before) script.push_back({'-', line});
  for (const std::string_view line : after) script.push_back({'+', line});
}

/// The shortest script, in reverse order; nothing when it has more than kMostEdits edits.
bool find_shortest(const Lines& before, const Lines& after, Script& reversed) {
  const auto n = std::ssize(before);
  const auto m = std::ssize(after);
  const auto line = [](const Lines& lines, std::ptrdiff_t i) { return lines[static_cast<std::size_t>(i)]; };
  // fronts[d][k + d + 1] is the furthest x on diagonal k after d edits; one slot to spare on either side.
  std::vector<std::vector<std::ptrdiff_t>> fronts;
  const auto furthest = [&](std::ptrdiff_t d, std::ptrdiff_t k) -> std::ptrdiff_t& {
    return fronts[static_cast<std::size_t>(d)][static_cast<std::size_t>(k + d + 1)];
  };
  // Whether the best way to diagonal k with d edits comes down from k + 1 (an added line).
  const auto comes_down = [&](std::ptrdiff_t d, std::ptrdiff_t k) {
    return k == -d || (k != d && furthest(d - 1, k - 1) < furthest(d - 1, k + 1));
  };
  std::ptrdiff_t edits = 0;
  for (bool found = false; !found; ++edits) {
    if (edits > kMostEdits) return false;
    fronts.emplace_back(static_cast<std::size_t>(2 * edits + 3), 0);
    for (std::ptrdiff_t k = -edits; k <= edits && !found; k += 2) {
      std::ptrdiff_t x = 0;
      if (edits > 0) x = comes_down(edits, k) ? furthest(edits - 1, k + 1) : furthest(edits - 1, k - 1) + 1;
      while (x < n && x - k < m && line(before, x) == line(after, x - k)) ++x;
      furthest(edits, k) = x;
      found = x >= n && x - k >= m;
    }
  }
  std::ptrdiff_t x = n;
  std::ptrdiff_t y = m;
  for (std::ptrdiff_t d = edits - 1; d >= 0; --d) {
    const std::ptrdiff_t k = x - y;
    const bool down = d > 0 && comes_down(d, k);
    std::ptrdiff_t from = 0;
    if (d > 0) from = down ? furthest(d - 1, k + 1) : furthest(d - 1, k - 1) + 1;
    for (; x > from; --x, --y) reversed.push_back({' ', line(before, x - 1)});
    if (d == 0) break;
    if (down) {
      reversed.push_back({'+', line(after, --y)});
    } else {
      reversed.push_back({'-', line(before, --x)});
    }
  }
  return true;
}

Script make_script(Lines before, Lines after) {
  const auto ends = std::ranges::mismatch(before, after);
  Script script;
  for (const std::string_view line : Lines(before.begin(), ends.in1)) script.push_back({' ', line});
  before.erase(before.begin(), ends.in1);
  after.erase(after.begin(), ends.in2);
  Script reversed;
  if (find_shortest(before, after, reversed)) {
    script.insert(script.end(), reversed.rbegin(), reversed.rend());
  } else {
    append_replacement(before, after, script);
  }
  return script;
}

class Printer {
 public:
  explicit Printer(Style style) : style_(style) {}

  void line(std::string_view text, const char* colour) {
    const bool has_break = text.ends_with('\n');
    if (has_break) text.remove_suffix(1);
    const bool coloured = style_ == Style::Coloured && *colour != '\0';
    if (coloured) out_ += colour;
    out_ += text;
    if (coloured) out_ += "\033[0m";
    out_ += '\n';
    if (!has_break) out_ += "\\ No newline at end of file\n";
  }
  void edit(const Edit& edit) {
    line(edit.mark + std::string(edit.line), edit.mark == '-' ? "\033[31m" : edit.mark == '+' ? "\033[32m" : "");
  }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  Style style_;
  std::string out_;
};

/// "12,5" as in `@@ -12,5 +12,6 @@`; an empty range names the line before it.
std::string range(std::size_t lines_before, std::size_t count) {
  const std::size_t first = count == 0 ? lines_before : lines_before + 1;
  return count == 1 ? std::to_string(first) : fmt::format("{},{}", first, count);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, const DiffNames& names, Style style) {
  if (before == after) return {};
  const Script script = make_script(split_lines(before), split_lines(after));
  Printer printer(style);
  printer.line(fmt::format("--- {}\n", names.before), "\033[1m");
  printer.line(fmt::format("+++ {}\n", names.after), "\033[1m");

  const auto is_change = [](const Edit& edit) { return edit.mark != ' '; };
  std::size_t seen_before = 0;
  std::size_t seen_after = 0;
  auto at = script.begin();
  while (true) {
    const auto change = std::find_if(at, script.end(), is_change);
    if (change == script.end()) break;
    const auto first = change - std::min(kContext, change - at);
    seen_before += static_cast<std::size_t>(first - at);
    seen_after += static_cast<std::size_t>(first - at);
    // A hunk ends where more than two contexts' worth of lines stay the same.
    auto last = change + 1;
    while (true) {
      const auto next = std::find_if(last, script.end(), is_change);
      if (next == script.end() || next - last > 2 * kContext) {
        last += std::min(kContext, script.end() - last);
        break;
      }
      last = next + 1;
    }
    const auto removed =
        static_cast<std::size_t>(std::count_if(first, last, [](const Edit& e) { return e.mark != '+'; }));
    const auto added =
        static_cast<std::size_t>(std::count_if(first, last, [](const Edit& e) { return e.mark != '-'; }));
    printer.line(fmt::format("@@ -{} +{} @@\n", range(seen_before, removed), range(seen_after, added)), "\033[36m");
    std::for_each(first, last, [&](const Edit& edit) { printer.edit(edit); });
    seen_before += removed;
    seen_after += added;
    at = last;
  }
  return std::move(printer).take();
}

}  // namespace plimsoll::webhook
