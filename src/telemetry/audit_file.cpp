#include "audit_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace plimsoll::telemetry {
namespace {

// Longer than a record of the largest body can be.
constexpr std::uint64_t kTailLimit = std::uint64_t{32} << 20;
// The owner writes; its group, such as a log shipper beside it, reads.
constexpr mode_t kMode = 0640;

Unexpected<Error> refuse(std::string_view what, int error, const std::string& path) {
  return fail(ErrorCode::Io, std::string(what) + ": " + std::strerror(error), path);
}

Result<int> open_file(const std::string& path, AuditFile::Writers writers) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (descriptor >= 0) {
    if (writers == AuditFile::Writers::Many || ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
      return descriptor;
    }
    ::close(descriptor);
    return fail(ErrorCode::Io, "another process writes a chain into it", path);
  }
  // A device or a pipe may be for writing alone.
  const int error = errno;
  const int write_only = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (write_only >= 0) return write_only;
  return refuse("cannot be opened for appending", error, path);
}

}  // namespace

Result<AuditFile> AuditFile::open(const std::string& path, const Limits& limits, Writers writers) {
  if (path == "-") {
    // A number of our own: were standard output closed, the next socket would get its number, and the log with it.
    const int descriptor = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (descriptor < 0) return refuse("standard output cannot be written to", errno, "--audit-log");
    return AuditFile(descriptor, {}, limits, writers);
  }
  PLIMSOLL_TRY(descriptor, open_file(path, writers));
  return AuditFile(descriptor, path, limits, writers);
}

AuditFile::AuditFile(int descriptor, std::string path, Limits limits, Writers writers)
    : descriptor_(descriptor), path_(std::move(path)), limits_(limits), writers_(writers) {
  adopt();
}

AuditFile::AuditFile(AuditFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      limits_(other.limits_),
      writers_(other.writers_),
      is_regular_(other.is_regular_),
      size_(other.size_) {}

AuditFile& AuditFile::operator=(AuditFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  limits_ = other.limits_;
  writers_ = other.writers_;
  is_regular_ = other.is_regular_;
  size_ = other.size_;
  return *this;
}

AuditFile::~AuditFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AuditFile::adopt() {
  struct stat status {};
  // Standard output may be a file too; it is the business of whoever opened it.
  is_regular_ = !path_.empty() && ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  size_ = is_regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
}

AuditFile::Tail AuditFile::read_tail() const {
  Tail tail;
  if (!is_regular_ || size_ == 0) return tail;
  // Usually the last line is short: look back further only where it is not.
  for (std::uint64_t reach = std::min<std::uint64_t>(size_, 64 << 10);; reach = std::min(size_, reach * 8)) {
    std::string bytes(reach, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
      const ssize_t count = ::pread(descriptor_, bytes.data() + filled, bytes.size() - filled,
                                    static_cast<off_t>(size_ - reach + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return tail;
      filled += static_cast<std::size_t>(count);
    }
    const std::size_t last = bytes.rfind('\n');
    const std::size_t before = last == std::string::npos || last == 0 ? std::string::npos : bytes.rfind('\n', last - 1);
    const bool is_whole = before != std::string::npos || reach == size_ || reach >= kTailLimit;
    if (!is_whole) continue;
    tail.unfinished = bytes.substr(last == std::string::npos ? 0 : last + 1);
    if (last != std::string::npos) {
      const std::size_t begin = before == std::string::npos ? 0 : before + 1;
      tail.last_line = bytes.substr(begin, last - begin);
    }
    return tail;
  }
}

AuditFile::Written AuditFile::append(std::string_view text) {
  Written written;
  while (written.bytes < text.size()) {
    const ssize_t count = ::write(descriptor_, text.data() + written.bytes, text.size() - written.bytes);
    if (count >= 0) {
      written.bytes += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      // Whoever shares standard output with us may have made it non-blocking.
      pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, -1) >= 0 || errno == EINTR) continue;
    }
    written.error = errno;
    break;
  }
  size_ += written.bytes;
  return written;
}

bool AuditFile::take_back(std::size_t bytes) {
  if (!is_regular_ || ::ftruncate(descriptor_, static_cast<off_t>(size_ - bytes)) != 0) return false;
  size_ -= bytes;
  return true;
}

AuditFile::Change AuditFile::follow() {
  if (!is_regular_) return Change::None;
  struct stat ours {};
  struct stat named {};
  if (::fstat(descriptor_, &ours) != 0) return Change::None;
  const bool is_named = ::stat(path_.c_str(), &named) == 0;
  if (!is_named || named.st_ino != ours.st_ino || named.st_dev != ours.st_dev) {
    // Where no new one can be opened the old one is still better than none.
    return reopen() ? Change::Replaced : Change::None;
  }
  const auto size = static_cast<std::uint64_t>(ours.st_size);
  const bool is_cut = size < size_;
  size_ = size;
  return is_cut ? Change::Truncated : Change::None;
}

bool AuditFile::is_full_with(std::size_t waiting, std::size_t line) const {
  const std::uint64_t before = size_ + waiting;
  return is_regular_ && limits_.max_size > 0 && before > 0 && before + line > limits_.max_size;
}

Result<void> AuditFile::rotate() {
  // Renamed the last time, when the new one could not be opened: the older ones must not move on once more.
  if (::access(path_.c_str(), F_OK) != 0) return reopen();
  const auto backup = [&](std::size_t number) { return path_ + "." + std::to_string(number); };
  for (std::size_t number = limits_.max_backups; number > 1; --number) {
    // Missing ones have nothing to give.
    static_cast<void>(std::rename(backup(number - 1).c_str(), backup(number).c_str()));
  }
  if (std::rename(path_.c_str(), backup(1).c_str()) != 0) return refuse("cannot be renamed", errno, path_);
  return reopen();
}

Result<void> AuditFile::reopen() {
  PLIMSOLL_TRY(descriptor, open_file(path_, writers_));
  ::close(descriptor_);
  descriptor_ = descriptor;
  adopt();
  return {};
}

}  // namespace plimsoll::telemetry
