// Where audit records become lines, off the request's way.
//
// A bounded queue and one writer thread: a full queue drops the record and counts it, because a slow disk must not hold
// up anybody's pod. A record is on disk within a second, in whole lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "plimsoll/audit/record.hpp"
#include "plimsoll/base/result.hpp"

namespace plimsoll::telemetry {

/// Units: records. A second of the highest rate measured, and more than any burst that one API server sends.
inline constexpr std::size_t kAuditQueueLimit = 8192;
/// Units: bytes of memory that waiting records may hold, the bodies that are kept for a replay included. A usual Job's
/// record holds some 24 KB.
inline constexpr std::size_t kAuditQueueBytes = std::size_t{64} << 20;

enum class Chaining { None, Hashes };

struct AuditOptions {
  std::string path = "-";  ///< "-": standard output
  std::size_t queue_limit = kAuditQueueLimit;
  std::size_t queue_bytes = kAuditQueueBytes;
  audit::RecordedInput input = audit::RecordedInput::None;
  Chaining chaining = Chaining::None;
  std::string chain_key = {};   ///< of the HMAC; empty: plain SHA-256
  std::uint64_t max_size = 0;   ///< bytes after which the file is rotated; 0: never
  std::size_t max_backups = 5;  ///< rotated files that are kept
};

/// Threads: enqueue, input and dropped from any thread; the rest from one.
class AuditSink {
 public:
  /// Appends to the file, which is made when it is not there, or writes to standard output. With a chain the last line
  /// of the file is continued.
  /// Errors: ErrorCode::Io when the file cannot be opened for appending, or another process writes a chain into it.
  [[nodiscard]] static Result<AuditSink> open(AuditOptions options);

  AuditSink(AuditSink&&) noexcept;
  AuditSink& operator=(AuditSink&&) noexcept;
  /// Finishes, then closes.
  ~AuditSink();

  /// Hands `record` over. Never blocks on the disk; drops it when the queue is full.
  void enqueue(audit::Record record);

  /// Writes what is queued, which a reader of standard output may hold up, and takes no more records.
  void finish();

  /// What is to be kept of a request's body.
  [[nodiscard]] audit::RecordedInput input() const;

  /// Records that were dropped so far, because the queue was full or they could not be written.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  class Writer;
  explicit AuditSink(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace plimsoll::telemetry
