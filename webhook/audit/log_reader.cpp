#include "webhook/audit/log_reader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

constexpr std::size_t kPiece = 128 * 1024;

bool has_input(int file) {
  pollfd entry{.fd = file, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) != 0;
}

}  // namespace

LogReader::File::~File() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

Result<LogReader> LogReader::open(std::string path, Options options) {
  File file(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.descriptor() < 0) {
    return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(errno), display_name(path));
  }
  LogReader reader(std::move(path), std::move(options), std::move(file));
  PLIMSOLL_CHECK(reader.begin_file());
  return reader;
}

LogReader::LogReader(std::string path, Options options, File file)
    : path_(std::move(path)), options_(std::move(options)), file_(std::move(file)), piece_(kPiece, '\0') {}

std::string LogReader::name() const {
  return display_name(path_);
}

Result<void> LogReader::begin_file() {
  struct stat status {};
  const bool is_known = ::fstat(file_.descriptor(), &status) == 0;
  if (is_known && S_ISDIR(status.st_mode)) return fail(ErrorCode::Io, "is a directory", name());
  const bool is_regular = is_known && S_ISREG(status.st_mode);
  if (options_.follow && !is_regular) return fail(ErrorCode::Unsupported, "is no file that could be followed", name());
  size_ = is_regular ? static_cast<std::uint64_t>(status.st_size) : 0;
  return {};
}

Result<std::optional<std::string_view>> LogReader::next() {
  while (true) {
    if (const auto line = take_line()) return line;
    if (is_at_end_) {
      if (!options_.follow) return take_unfinished_line();
      PLIMSOLL_TRY(is_to_go_on, wait_for_more());
      if (!is_to_go_on) return std::optional<std::string_view>();
    } else if (!options_.follow && options_.on_idle && !has_input(file_.descriptor()) && !options_.on_idle()) {
      return std::optional<std::string_view>();
    }
    PLIMSOLL_CHECK(read_piece());
    if (options_.on_progress) options_.on_progress(*this);
  }
}

Result<void> LogReader::read_piece() {
  is_at_end_ = false;
  while (true) {
    if (gunzip_) {
      const Result<std::string_view> unpacked = gunzip_->read();
      if (!unpacked) return fail(unpacked.error().code, unpacked.error().message, name());
      if (!unpacked->empty()) {
        keep(*unpacked);
        return {};
      }
    }
    PLIMSOLL_TRY(bytes, read_file());
    if (bytes.empty()) {
      is_at_end_ = true;
      const Result<void> finished = gunzip_ ? gunzip_->finish() : Result<void>();
      if (!finished) return fail(finished.error().code, finished.error().message, name());
      return {};
    }
    if (std::exchange(is_first_piece_, false) && audit::is_gzip(bytes)) {
      if (options_.follow) return fail(ErrorCode::Unsupported, "is a gzip file, which does not grow", name());
      gunzip_.emplace();
    }
    if (!gunzip_) {
      keep(bytes);
      return {};
    }
    gunzip_->feed(bytes);
  }
}

Result<std::string_view> LogReader::read_file() {
  std::size_t count = 0;
  // Two bytes tell a gzip file, and a pipe may bring them one by one.
  while (count < (is_first_piece_ && !options_.follow ? 2 : 1)) {
    const ssize_t more = ::read(file_.descriptor(), piece_.data() + count, piece_.size() - count);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(errno), name());
    if (more == 0) break;
    count += static_cast<std::size_t>(more);
  }
  bytes_read_ += count;
  return std::string_view(piece_).substr(0, count);
}

void LogReader::keep(std::string_view bytes) {
  lines_.erase(0, std::exchange(begin_, 0));
  searched_ = lines_.size();
  lines_ += bytes;
}

std::optional<std::string_view> LogReader::take_line() {
  while (true) {
    const std::size_t end = lines_.find('\n', searched_);
    if (is_skipping_) {
      begin_ = searched_ = end == std::string::npos ? lines_.size() : end + 1;
      if (end == std::string::npos) return std::nullopt;
      is_skipping_ = false;
      continue;
    }
    const std::string_view rest = std::string_view(lines_).substr(begin_);
    if (end == std::string::npos) {
      searched_ = lines_.size();
      if (rest.size() < kLongestLogLine) return std::nullopt;
      is_skipping_ = true;
      begin_ = lines_.size();
      ++line_number_;
      return rest.substr(0, kLongestLogLine);
    }
    const std::string_view line = rest.substr(0, end - begin_);
    begin_ = searched_ = end + 1;
    ++line_number_;
    return line;
  }
}

std::optional<std::string_view> LogReader::take_unfinished_line() {
  if (begin_ == lines_.size()) return std::nullopt;
  ++line_number_;
  is_unfinished_ = true;
  const std::size_t begin = std::exchange(begin_, lines_.size());
  searched_ = lines_.size();
  return std::string_view(lines_).substr(begin);
}

Result<bool> LogReader::wait_for_more() {
  struct stat open {};
  struct stat named {};
  if (::fstat(file_.descriptor(), &open) != 0) {
    return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(errno), name());
  }
  const bool is_named = ::stat(path_.c_str(), &named) == 0;
  if (is_named && (named.st_dev != open.st_dev || named.st_ino != open.st_ino)) {
    // Something may have been written between our last read and the renaming.
    if (!std::exchange(is_replaced_, true)) return true;
    File next(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (next.descriptor() >= 0) {
      file_ = std::move(next);
      start_over("another file has its name now, which is read from its start");
      return true;
    }
  } else if (static_cast<std::uint64_t>(open.st_size) < bytes_read_) {
    if (::lseek(file_.descriptor(), 0, SEEK_SET) < 0) {
      return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(errno), name());
    }
    start_over("it was truncated and is read from its start");
    return true;
  }
  is_replaced_ = false;
  return !options_.on_idle || options_.on_idle();
}

void LogReader::start_over(std::string_view why) {
  const bool is_unfinished = begin_ != lines_.size();
  lines_.clear();
  begin_ = searched_ = 0;
  is_skipping_ = is_replaced_ = false;
  line_number_ = bytes_read_ = 0;
  if (!options_.on_notice) return;
  options_.on_notice(name() + ": " + std::string(why));
  if (is_unfinished) options_.on_notice(name() + ": its last line had no end and is left out");
}

}  // namespace plimsoll::webhook
