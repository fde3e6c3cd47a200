#include "webhook/output/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "webhook/output/stream.hpp"

namespace plimsoll::webhook {
namespace {

// Read in less time than it takes to read a bar.
constexpr std::uint64_t kLong = 16 * 1024 * 1024;
constexpr std::uint64_t kMebibyte = 1024 * 1024;
constexpr std::chrono::milliseconds kPause{100};
constexpr std::size_t kWidestBar = 40;
constexpr std::string_view kEraseLine = "\r\033[K";

}  // namespace

std::string draw_progress(std::uint64_t done, std::uint64_t total, std::size_t width) {
  // A file may have grown since its size was asked.
  done = std::min(done, total);
  const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
  const std::string words = fmt::format("{:>3}%  {} of {} MiB", percent, done / kMebibyte, total / kMebibyte);
  if (width < words.size() + 8) return words.substr(0, width);
  const std::size_t bar = std::min(width - words.size() - 3, kWidestBar);
  const std::size_t filled = total == 0 ? bar : static_cast<std::size_t>(done * bar / total);
  return fmt::format("[{:#<{}}{:.<{}}] {}", "", filled, "", bar - filled, words);
}

Progress::Progress() {
  winsize size{};
  if (::isatty(STDERR_FILENO) == 1 && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) width_ = size.ws_col;
}

void Progress::show(std::uint64_t done, std::uint64_t total) {
  if (width_ == 0 || total < kLong) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - drawn_ < kPause) return;
  drawn_ = now;
  is_shown_ = true;
  // Nobody is left to tell when this fails.
  static_cast<void>(write_all(STDERR_FILENO, std::string(kEraseLine) + draw_progress(done, total, width_ - 1)));
}

void Progress::hide() {
  if (!is_shown_) return;
  is_shown_ = false;
  static_cast<void>(write_all(STDERR_FILENO, kEraseLine));
}

}  // namespace plimsoll::webhook
