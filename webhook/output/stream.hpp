// Standard output, for a command whose output is too long to be a Report, or comes while it runs.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "webhook/report.hpp"

namespace plimsoll::webhook {

/// Writes all of `text` to the file descriptor. Gives errno's value; 0 when all was written.
int write_all(int file, std::string_view text);

/// Gathers text and writes it in large pieces.
class Stream {
 public:
  explicit Stream(int file) : file_(file) {}

  Stream& operator<<(std::string_view text);
  void flush();

  /// Called before anything is written: a progress bar has to go first.
  void before_writing(std::function<void()> clear) { clear_ = std::move(clear); }

  /// False when the rest would be lost: the reader has gone, or the disk is full.
  [[nodiscard]] bool is_open() const { return failure_ == 0; }
  /// Whether the reader of a pipe has gone, though nothing was written since.
  [[nodiscard]] bool has_lost_reader() const;

  /// Writes the rest. A reader that has gone away is no failure; another is, and `report` says so.
  void finish(Report& report);

 private:
  int file_;
  int failure_ = 0;
  std::string text_;
  std::function<void()> clear_;
};

}  // namespace plimsoll::webhook
