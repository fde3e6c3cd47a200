#include "webhook/input/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

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

/// Fills and closes `file`, which is called `unfinished`, and gives it its name, unless there was an error already.
Result<void> finish(int file, const std::string& unfinished, const std::string& path, std::string_view content,
                    int error) {
  if (error == 0) error = write_all(file, content);
  if (error == 0 && ::fsync(file) != 0) error = errno;
  ::close(file);
  if (error == 0 && ::rename(unfinished.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(unfinished.c_str());
    return cannot_write(path, error);
  }
  return {};
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
  return finish(file, unfinished, path, content, 0);
}

Result<void> replace_file(const std::string& path, std::string_view content) {
  struct stat before {};
  if (::stat(path.c_str(), &before) != 0) return cannot_write(path, errno);
  if (!S_ISREG(before.st_mode)) return fail(ErrorCode::Io, "is no regular file", display_name(path));
  if (::access(path.c_str(), W_OK) != 0) return cannot_write(path, errno);
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  if (!real) return cannot_write(path, errno);
  // A name of its own: what stands beside a file of the author's may be theirs too.
  std::string unfinished = std::string(real.get()) + ".XXXXXX";
  const int file = ::mkostemp(unfinished.data(), O_CLOEXEC);
  if (file < 0) return cannot_write(path, errno);
  struct stat made {};
  int error = ::fstat(file, &made) != 0 ? errno : 0;
  const bool is_owned_alike = made.st_uid == before.st_uid && made.st_gid == before.st_gid;
  if (error == 0 && !is_owned_alike && ::fchown(file, before.st_uid, before.st_gid) != 0) error = errno;
  if (error == 0 && ::fchmod(file, before.st_mode & 07777U) != 0) error = errno;
  return finish(file, unfinished, real.get(), content, error);
}

}  // namespace plimsoll::webhook
