// The file behind the audit log: whole lines in, rotation in between.
//
// Standard output and files are written with write(2) alone, because what counts is which lines arrived. A file that
// was renamed or removed under its name (logrotate) is left for a new one without being told; one that grows beyond its
// limit is rotated here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"

namespace plimsoll::telemetry {

/// Threads: from one.
class AuditFile {
 public:
  struct Limits {
    std::uint64_t max_size = 0;   ///< bytes; 0: none
    std::size_t max_backups = 5;  ///< older files that are kept, `<path>.1` the newest
  };
  enum class Writers { Many, One };

  /// Opens `path` for appending; "-" is standard output. `One` refuses a file that another process has opened so.
  /// Errors: ErrorCode::Io.
  [[nodiscard]] static Result<AuditFile> open(const std::string& path, const Limits& limits, Writers writers);

  AuditFile(AuditFile&& other) noexcept;
  AuditFile& operator=(AuditFile&& other) noexcept;
  ~AuditFile();

  /// What stands at the end of the file, as far back as one line can reach.
  struct Tail {
    std::string last_line;   ///< the last that has its line break, without it
    std::string unfinished;  ///< what follows the last line break
  };
  [[nodiscard]] Tail read_tail() const;

  struct Written {
    std::size_t bytes = 0;
    int error = 0;  ///< errno's value when it is less than all
  };
  /// Appends `text`; waits for a reader of standard output.
  Written append(std::string_view text);
  /// Takes the last `bytes` away again. False where that cannot be done, as with standard output.
  bool take_back(std::size_t bytes);

  enum class Change { None, Replaced, Truncated };
  /// What was done to the file from outside since the last call: after Replaced a new one is open.
  Change follow();

  /// Whether a line of `line` bytes, behind `waiting` ones that are still to be written, would exceed the limit. An empty
  /// file takes a line of any length.
  [[nodiscard]] bool is_full_with(std::size_t waiting, std::size_t line) const;
  /// Renames the file to `<path>.1`, older ones on, and begins a new one. Errors: ErrorCode::Io; the file stays.
  Result<void> rotate();

 private:
  AuditFile(int descriptor, std::string path, Limits limits, Writers writers);
  Result<void> reopen();
  void adopt();

  int descriptor_ = -1;
  std::string path_;
  Limits limits_;
  Writers writers_ = Writers::Many;
  bool is_regular_ = false;
  std::uint64_t size_ = 0;
};

}  // namespace plimsoll::telemetry
