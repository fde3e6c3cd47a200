// The lines of a log: of a file, of standard input, of a gzip file, or of a file that still grows.
//
// Lines are given one at a time from a buffer that holds little more than the longest one, so a log of any size is read
// in the same memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plimsoll/audit/gunzip.hpp"
#include "plimsoll/base/result.hpp"

namespace plimsoll::webhook {

/// A longer line is cut here, and then no JSON. Holds a record with the largest body that the server takes.
inline constexpr std::size_t kLongestLogLine = 32 * 1024 * 1024;

class LogReader {
 public:
  struct Options {
    /// Go on when the end is reached: there will be more. Survives a rotation, by another file under the same name or
    /// by truncation.
    bool follow = false;
    /// Called when nothing can be read at this moment, before waiting for more; false ends the reading. Who follows has
    /// to wait in it.
    std::function<bool()> on_idle = {};
    /// Called after each piece of the file.
    std::function<void(const LogReader&)> on_progress = {};
    /// Called with what the user should know, such as that the file was truncated.
    std::function<void(std::string_view)> on_notice = {};
  };

  /// Opens `path`; "-" is standard input. Errors: ErrorCode::Io; Unsupported for a gzip file that is to be followed.
  [[nodiscard]] static Result<LogReader> open(std::string path, Options options);
  [[nodiscard]] static Result<LogReader> open(std::string path) { return open(std::move(path), {}); }

  /// The next line without its line break, valid until the next call; nothing at the end. A last line without a break
  /// counts, unless the file is followed: then it is waited for.
  /// Errors: ErrorCode::Io, or Invalid for a damaged gzip file; nothing more can be read then.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  /// The number of the line that next() gave last; begins with 1 again in a file that was followed to another.
  [[nodiscard]] std::uint64_t line_number() const { return line_number_; }
  /// Whether that line lacked its line break: the file ends inside it.
  [[nodiscard]] bool is_unfinished() const { return is_unfinished_; }
  /// How much of the file was read, and how large it was when it was opened: packed bytes. Size 0: not known.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The file for messages.
  [[nodiscard]] std::string name() const;

 private:
  /// A file descriptor; standard input is not closed.
  class File {
   public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&& other) noexcept {
      std::swap(descriptor_, other.descriptor_);
      return *this;
    }
    ~File();
    [[nodiscard]] int descriptor() const { return descriptor_; }

   private:
    int descriptor_;
  };

  LogReader(std::string path, Options options, File file);

  Result<void> begin_file();
  Result<void> read_piece();
  Result<std::string_view> read_file();
  void keep(std::string_view bytes);
  std::optional<std::string_view> take_line();
  std::optional<std::string_view> take_unfinished_line();
  Result<bool> wait_for_more();
  void start_over(std::string_view why);

  std::string path_;
  Options options_;
  File file_;
  std::string piece_;
  std::optional<audit::Gunzip> gunzip_;
  bool is_first_piece_ = true;
  bool is_at_end_ = false;
  bool is_replaced_ = false;  // another file has the name; what is left in the old one is read first
  std::string lines_;         // what was read
  std::size_t begin_ = 0;     // of the next line in it
  std::size_t searched_ = 0;  // no line break between begin_ and here
  bool is_skipping_ = false;  // the rest of a line that was cut
  bool is_unfinished_ = false;
  std::uint64_t line_number_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace plimsoll::webhook
