#include "plimsoll/reload/file_watcher.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

namespace plimsoll::reload {
namespace {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
constexpr Instant kNever = Instant::max();

// A directory that is not there is looked for more often than the poll comes: its files are most likely on their way.
constexpr std::chrono::milliseconds kMissingPoll{1'000};

constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

Unexpected<Error> refuse(const std::string& path, int error) {
  return fail(error == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
              std::string("cannot be read: ") + std::strerror(error), path);
}

Result<std::string> read_file(const std::string& path) {
  // A FIFO in the file's place must not hold the thread.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return refuse(path, errno);
  struct stat about {};
  if (::fstat(file.number(), &about) != 0) return refuse(path, errno);
  if (!S_ISREG(about.st_mode)) return fail(ErrorCode::Io, "cannot be read: it is no regular file", path);
  std::string bytes;
  std::array<char, 16 * 1024> chunk;
  while (true) {
    const ssize_t count = ::read(file.number(), chunk.data(), chunk.size());
    if (count == 0) return bytes;
    if (count < 0) {
      if (errno == EINTR) continue;
      return refuse(path, errno);
    }
    bytes.append(chunk.data(), static_cast<std::size_t>(count));
    if (bytes.size() > kLongestFile) return fail(ErrorCode::TooLarge, "cannot be read: it is above 4 MiB", path);
  }
}

Contents read_once(const std::vector<std::string>& paths) {
  Contents contents;
  for (const std::string& path : paths) contents.push_back(read_file(path));
  return contents;
}

bool are_equal(const Contents& a, const Contents& b) {
  return std::ranges::equal(a, b, [](const Result<std::string>& one, const Result<std::string>& other) {
    if (one.has_value() != other.has_value()) return false;
    return one ? *one == *other : one.error() == other.error();
  });
}

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

struct Refusal {
  Problems problems;
  Instant due;
};

// One watch, and when it is to be looked at next.
struct Watched {
  Watch watch;
  std::vector<std::pair<std::string, std::string>> places;  // directory and name of each path
  Contents known;                                           // what was offered last
  std::optional<Contents> unconfirmed;                      // what a poll has found once
  Instant due = kNever;
  bool is_whole = false;  // an event vouches that nobody is in the middle of writing
  std::optional<Refusal> refusal;

  [[nodiscard]] bool stands_in(const std::string& directory) const {
    return std::ranges::any_of(places, [&](const auto& place) { return place.first == directory; });
  }
  [[nodiscard]] bool holds(const std::string& directory, std::string_view name) const {
    return std::ranges::any_of(places,
                               [&](const auto& place) { return place.first == directory && place.second == name; });
  }
};

}  // namespace

Contents read_files(const std::vector<std::string>& paths) {
  Contents contents = read_once(paths);
  // One file is read in one go; of several, the first may be from before a swap and the second from after it.
  constexpr int kAttempts = 5;
  for (int i = 0; i < kAttempts && paths.size() > 1; ++i) {
    Contents again = read_once(paths);
    if (are_equal(contents, again)) break;
    contents = std::move(again);
  }
  return contents;
}

class FileWatcher::Impl {
 public:
  explicit Impl(Times times)
      : times_(times),
        events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        last_look_(Clock::now().time_since_epoch().count()),
        thread_([this] { run_watches(); }) {}

  ~Impl() {
    stopping_ = true;
    wake();
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void watch(Watch watch) {
    Watched watched;
    for (const std::string& path : watch.paths) watched.places.push_back(split(path));
    watched.known = std::move(watch.known);
    watched.watch = std::move(watch);
    {
      const std::lock_guard lock(mutex_);
      added_.push_back(std::move(watched));
    }
    wake();
  }

  [[nodiscard]] Instant last_look() const { return Instant(Instant::duration(last_look_.load())); }
  [[nodiscard]] bool is_notified() const noexcept { return events_.number() >= 0; }

 private:
  void wake() const {
    const std::uint64_t one = 1;
    // It can only fail when the counter is full, and then the thread is awake anyway.
    [[maybe_unused]] const ssize_t written = ::write(wake_.number(), &one, sizeof one);
  }

  void run_watches() {
    while (!stopping_) {
      const Instant now = Clock::now();
      if (admit_added() || now >= next_poll_) begin_poll(now);
      for (Watched& watched : watched_) {
        if (stopping_) return;
        if (watched.due <= now) look(watched, now);
        if (watched.refusal && watched.refusal->due <= now) tell_refusal(watched);
      }
      last_look_ = polled_.time_since_epoch().count();
      sleep_until(next_due());
      read_events(Clock::now());
    }
  }

  bool admit_added() {
    const std::lock_guard lock(mutex_);
    if (added_.empty()) return false;
    for (Watched& watched : added_) watched_.push_back(std::move(watched));
    added_.clear();
    return true;
  }

  void begin_poll(Instant now) {
    const bool all_are_there = renew_directories();
    // One that is due already is either about to be read or in the middle of being written.
    for (Watched& watched : watched_) {
      if (watched.due == kNever) watched.due = now;
    }
    polled_ = now;
    next_poll_ = now + (all_are_there ? times_.poll : std::min(times_.poll, kMissingPoll));
  }

  // A directory that was replaced under its name is another directory, and has a number of its own. Returns whether
  // all are there.
  bool renew_directories() {
    if (!is_notified()) return true;
    std::map<int, std::set<std::string>> renewed;
    bool all = true;
    for (const Watched& watched : watched_) {
      for (const auto& [directory, name] : watched.places) {
        const int number = ::inotify_add_watch(events_.number(), directory.c_str(), kEvents);
        if (number >= 0) renewed[number].insert(directory);
        all = all && number >= 0;
      }
    }
    for (const auto& [number, names] : directories_) {
      if (!renewed.contains(number)) ::inotify_rm_watch(events_.number(), number);
    }
    directories_ = std::move(renewed);
    return all;
  }

  [[nodiscard]] Instant next_due() const {
    Instant due = next_poll_;
    for (const Watched& watched : watched_) {
      due = std::min(due, watched.due);
      if (watched.refusal) due = std::min(due, watched.refusal->due);
    }
    return due;
  }

  void sleep_until(Instant due) const {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
    std::array<pollfd, 2> waited{{{wake_.number(), POLLIN, 0}, {events_.number(), POLLIN, 0}}};
    ::poll(waited.data(), waited.size(), static_cast<int>(std::max<std::int64_t>(0, rest.count())));
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = ::read(wake_.number(), &count, sizeof count);
  }

  void read_events(Instant now) {
    if (!is_notified()) return;
    alignas(inotify_event) std::array<char, 4096> buffer;
    while (true) {
      const ssize_t length = ::read(events_.number(), buffer.data(), buffer.size());
      if (length <= 0) return;
      for (const char* at = buffer.data(); at < buffer.data() + length;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        note(*event, event->len > 0 ? std::string_view(event->name) : std::string_view(), now);
        at += sizeof(inotify_event) + event->len;
      }
    }
  }

  void note(const inotify_event& event, std::string_view name, Instant now) {
    if ((event.mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
      // The next poll finds out what there is now; the kernel forgets a directory that was removed by itself.
      if ((event.mask & IN_IGNORED) != 0) directories_.erase(event.wd);
      next_poll_ = std::min(next_poll_, now + times_.settle);
      return;
    }
    const auto found = directories_.find(event.wd);
    if (found == directories_.end()) return;
    for (const std::string& directory : found->second) {
      for (Watched& watched : watched_) {
        if (watched.stands_in(directory)) note(watched, directory, event.mask, name, now);
      }
    }
  }

  void note(Watched& watched, const std::string& directory, std::uint32_t mask, std::string_view name, Instant now) {
    const bool is_own = watched.holds(directory, name);
    // `..data` is the link that the kubelet swaps when all behind it has been written.
    const bool is_swap = (mask & IN_MOVED_TO) != 0 && (is_own || name.starts_with(".."));
    if (is_swap || (is_own && (mask & IN_CLOSE_WRITE) != 0)) {
      watched.due = now;
      watched.is_whole = true;
    } else if (is_own && (mask & IN_MODIFY) != 0) {
      // Somebody has it open and will close it; if he stops in the middle, the poll's turn comes.
      watched.due = now + times_.poll;
      watched.is_whole = false;
    } else if ((is_own || (mask & (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB)) == 0) && watched.due == kNever) {
      watched.due = now + times_.settle;
    }
  }

  void look(Watched& watched, Instant now) {
    watched.due = kNever;
    const bool is_whole = std::exchange(watched.is_whole, false);
    Contents contents = read_files(watched.watch.paths);
    if (are_equal(contents, watched.known)) {
      watched.unconfirmed.reset();
    } else if (is_whole || watched.known.empty() ||
               (watched.unconfirmed && are_equal(contents, *watched.unconfirmed))) {
      watched.unconfirmed.reset();
      watched.known = std::move(contents);
      offer(watched, now);
    } else {
      watched.unconfirmed = std::move(contents);
      watched.due = now + times_.settle;
    }
  }

  void offer(Watched& watched, Instant now) const {
    watched.refusal.reset();
    Result<void, Problems> taken = watched.watch.take(watched.known);
    if (!taken) watched.refusal = Refusal{std::move(taken).error(), now + times_.refusal};
  }

  static void tell_refusal(Watched& watched) {
    const Refusal refusal = *std::exchange(watched.refusal, std::nullopt);
    if (watched.watch.on_refused) watched.watch.on_refused(refusal.problems);
  }

  const Times times_;
  const Descriptor events_;
  const Descriptor wake_;
  std::atomic<bool> stopping_{false};
  std::atomic<Instant::rep> last_look_;

  std::mutex mutex_;
  std::vector<Watched> added_;

  // The thread's own.
  std::vector<Watched> watched_;
  std::map<int, std::set<std::string>> directories_;  // by the kernel's number: how the paths spell it
  Instant next_poll_ = Instant::min();
  Instant polled_ = Clock::now();

  std::thread thread_;
};

FileWatcher::FileWatcher() : FileWatcher(Times{}) {}
FileWatcher::FileWatcher(Times times) : impl_(std::make_unique<Impl>(times)) {}
FileWatcher::~FileWatcher() = default;

void FileWatcher::watch(Watch watch) {
  impl_->watch(std::move(watch));
}
Instant FileWatcher::last_look() const {
  return impl_->last_look();
}
bool FileWatcher::is_notified() const noexcept {
  return impl_->is_notified();
}

}  // namespace plimsoll::reload
