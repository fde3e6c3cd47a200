#include "webhook/output/table.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace plimsoll::webhook {
namespace {

constexpr std::size_t kRowsThatDecide = 100;
constexpr std::size_t kGap = 2;
constexpr std::string_view kEllipsis = "…";
// A terminal that does not say.
constexpr std::size_t kUsualWidth = 80;

struct Range {
  std::uint32_t first, last;
};
// Unicode 15, EastAsianWidth.txt: W and F, by blocks.
constexpr std::array<Range, 13> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0xA4CF},
                                          {0xA960, 0xA97F},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};
// General category Mn, the blocks made for it.
constexpr std::array<Range, 6> kCombining = {
    {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, std::uint32_t c) {
  return std::ranges::any_of(ranges, [c](const Range& range) { return range.first <= c && c <= range.last; });
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// The bytes of the first character; what is not UTF-8 is taken byte by byte.
std::size_t first_length(std::string_view text) {
  std::size_t length = 1;
  while (length < std::min<std::size_t>(text.size(), 4) && is_continuation(text[length])) ++length;
  return length;
}

std::size_t columns_of_first(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(character[i])); };
  std::uint32_t c = byte(0);
  if (character.size() == 2) c &= 0x1FU;
  if (character.size() == 3) c &= 0x0FU;
  if (character.size() == 4) c &= 0x07U;
  for (std::size_t i = 1; i < character.size(); ++i) c = (c << 6U) | (byte(i) & 0x3FU);
  if (is_in(kCombining, c)) return 0;
  return is_in(kWide, c) ? 2 : 1;
}

std::string_view last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && is_continuation(text[at])) --at;
  return text.substr(at);
}

std::string fit(std::string_view text, std::size_t width, Column::Cut cut) {
  std::size_t columns = count_columns(text);
  if (columns <= width) return std::string(text);
  if (width == 0) return {};
  while (columns > width - 1) {
    const std::string_view gone = cut == Column::Cut::End ? last_character(text) : text.substr(0, first_length(text));
    columns -= columns_of_first(gone);
    if (cut == Column::Cut::End) text.remove_suffix(gone.size());
    if (cut == Column::Cut::Start) text.remove_prefix(gone.size());
  }
  return cut == Column::Cut::End ? std::string(text) + std::string(kEllipsis)
                                 : std::string(kEllipsis) + std::string(text);
}

}  // namespace

std::size_t count_columns(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const std::size_t length = first_length(text);
    columns += columns_of_first(text.substr(0, length));
    text.remove_prefix(length);
  }
  return columns;
}

Table::Table(std::vector<Column> columns, std::size_t width, Style style, Stream& out)
    : columns_(std::move(columns)), width_(width), style_(style), out_(out) {}

void Table::add(std::vector<Cell> row) {
  if (!widths_.empty()) {
    write(row);
    return;
  }
  waiting_.push_back(std::move(row));
  if (waiting_.size() >= kRowsThatDecide) flush();
}

void Table::flush() {
  if (waiting_.empty()) return;
  settle();
  std::vector<Cell> headings;
  for (const Column& column : columns_) headings.push_back({column.heading, "1"});
  write(headings);
  for (const auto& row : waiting_) write(row);
  waiting_.clear();
}

void Table::settle() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = count_columns(columns_[i].heading);
    for (const auto& row : waiting_) width = std::max(width, count_columns(row[i].text));
    widths_.push_back(width);
  }
  if (width_ != 0) narrow();
}

void Table::narrow() {
  std::vector<std::size_t> least;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool is_number = columns_[i].align == Column::Align::Right;
    least.push_back(is_number ? widths_[i] : std::min(widths_[i], columns_[i].least));
  }
  const auto total = [](const std::vector<std::size_t>& widths) {
    std::size_t sum = 0;
    for (const std::size_t width : widths) sum += width == 0 ? 0 : width + kGap;
    return sum == 0 ? 0 : sum - kGap;
  };
  for (std::size_t i = columns_.size(); i-- > 0 && total(least) > width_;) {
    if (columns_[i].need == Column::Need::IfRoom) widths_[i] = least[i] = 0;
  }
  // The last column says the most, and at the greatest length: it keeps half of the terminal until the others cannot
  // give more.
  const auto shrink = [&](std::size_t i, std::size_t floor) {
    const std::size_t excess = total(widths_) - std::min(total(widths_), width_);
    const std::size_t spare = widths_[i] - std::min(widths_[i], std::max(least[i], floor));
    widths_[i] -= std::min(excess, spare);
  };
  const std::size_t last = columns_.size() - 1;
  shrink(last, width_ / 2);
  for (std::size_t i = last; i-- > 0;) shrink(i, 0);
  shrink(last, 0);
}

void Table::write(const std::vector<Cell>& row) {
  std::string line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (widths_[i] == 0) continue;
    const std::size_t gap = used == 0 ? 0 : kGap;
    if (width_ != 0 && used + gap >= width_) break;
    const std::size_t room = width_ == 0 ? widths_[i] : std::min(widths_[i], width_ - used - gap);
    const std::string text = width_ == 0 ? row[i].text : fit(row[i].text, room, columns_[i].cut);
    const std::size_t columns = count_columns(text);
    const std::size_t padding = columns < room ? room - columns : 0;
    line.append(gap, ' ');
    if (columns_[i].align == Column::Align::Right) line.append(padding, ' ');
    const bool is_coloured = style_ == Style::Coloured && !row[i].colour.empty() && !text.empty();
    line += is_coloured ? "\033[" + row[i].colour + "m" + text + "\033[0m" : text;
    if (columns_[i].align == Column::Align::Left) line.append(padding, ' ');
    used += gap + std::max(columns, room);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out_ << line + "\n";
}

std::size_t detect_width() {
  if (::isatty(STDOUT_FILENO) != 1) return 0;
  winsize size{};
  const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kUsualWidth;
}

}  // namespace plimsoll::webhook
