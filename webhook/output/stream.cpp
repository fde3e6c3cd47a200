#include "webhook/output/stream.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace plimsoll::webhook {
namespace {

// Large enough that writing costs nothing beside reading.
constexpr std::size_t kPiece = 64 * 1024;

}  // namespace

int write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      // Whoever shares our output may have made it non-blocking.
      pollfd ready{.fd = file, .events = POLLOUT, .revents = 0};
      if (errno == EAGAIN && (::poll(&ready, 1, -1) >= 0 || errno == EINTR)) continue;
      return errno;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Stream& Stream::operator<<(std::string_view text) {
  if (failure_ != 0) return *this;
  text_ += text;
  if (text_.size() >= kPiece) flush();
  return *this;
}

void Stream::flush() {
  if (text_.empty() || failure_ != 0) return;
  if (clear_) clear_();
  failure_ = write_all(file_, text_);
  text_.clear();
}

bool Stream::has_lost_reader() const {
  pollfd entry{.fd = file_, .events = 0, .revents = 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLERR | POLLHUP)) != 0;
}

void Stream::finish(Report& report) {
  flush();
  if (failure_ == 0 || failure_ == EPIPE) return;
  report.err += std::string("plimsoll: cannot write the output: ") + std::strerror(failure_) + "\n";
  report.exit_code = worse(report.exit_code, ExitCode::Failure);
}

}  // namespace plimsoll::webhook
