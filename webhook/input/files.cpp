#include "webhook/input/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "plimsoll/base/text.hpp"
#include "webhook/output/stream.hpp"

namespace plimsoll::webhook {
namespace {

// Long enough for any path that a person typed; a cut one could not be found again.
constexpr std::size_t kLongestName = 1024;

Unexpected<Error> refuse(const std::string& path, int error) {
  return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(error), display_name(path));
}

Unexpected<Error> cannot_write(const std::string& path, int error) {
  return fail(ErrorCode::Io, std::string("cannot be written: ") + std::strerror(error), display_name(path));
}

}  // namespace

std::string display_name(const std::string& path) {
  return path == "-" ? "<stdin>" : to_display(path, kLongestName);
}

Result<std::string> load_file(const std::string& path) {
  const bool is_standard_input = path == "-";
  const int file = is_standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return refuse(path, errno);
  std::string bytes;
  std::array<char, 64 * 1024> chunk;
  int error = 0;
  while (true) {
    const ssize_t count = ::read(file, chunk.data(), chunk.size());
    if (count == 0) break;
    if (count > 0) {
      bytes.append(chunk.data(), static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  if (!is_standard_input) ::close(file);
  if (error != 0) return refuse(path, error);
  return bytes;
}

Result<void> store_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string unfinished = path + ".tmp";
  ::unlink(unfinished.c_str());
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return cannot_write(path, errno);
  int error = write_all(file, content);
  if (error == 0 && ::fsync(file) != 0) error = errno;
  ::close(file);
  if (error == 0 && ::rename(unfinished.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(unfinished.c_str());
    return cannot_write(path, error);
  }
  return {};
}

}  // namespace plimsoll::webhook
