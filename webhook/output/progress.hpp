// How far a long input is read, on a terminal's last line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace plimsoll::webhook {

/// `[#####.....]  52%  512 of 980 MiB`, at most `width` columns.
[[nodiscard]] std::string draw_progress(std::uint64_t done, std::uint64_t total, std::size_t width);

/// Draws on standard error when that is a terminal and the input is long; otherwise nothing.
class Progress {
 public:
  Progress();
  /// What was read of an input; at most ten times in a second something is drawn. `total` 0: not known.
  void show(std::uint64_t done, std::uint64_t total);
  /// Takes the bar away, so that something else can be written.
  void hide();

 private:
  std::size_t width_ = 0;  // 0: no terminal
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace plimsoll::webhook
