// Files that are replaced while the program runs: noticed, read whole, and offered to whoever uses them.
//
// What is watched is the directory, never the file: the kubelet swaps a symbolic link beside it (`..data`), editors
// rename a new file over the old, and a watch on the file would follow the old one into nothing. All paths are read
// every ten seconds as well, for file systems that tell nothing and directories that come and go. What counts is bytes:
// only contents that differ from the last ones are offered.
//
// Files that belong together (a certificate and its key) are one watch and are offered together. Half-written ones do
// no harm: a file that is being written is left alone until it is closed, what only a poll has found must read the same
// twice, and a refusal is told only when it has stood for a while.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plimsoll/base/result.hpp"

namespace plimsoll::reload {

/// The longest file that is read; a ConfigMap or Secret holds 1 MiB at most.
inline constexpr std::size_t kLongestFile = std::size_t{4} << 20;

/// What the files of a watch hold, in the order of its paths; of one that cannot be read, why: Error::where is its
/// path.
using Contents = std::vector<Result<std::string>>;

/// Reads all of `paths`, again where they change under the reading. For the first time, before they are watched.
[[nodiscard]] Contents read_files(const std::vector<std::string>& paths);

/// A line for each thing that is wrong with what was offered.
using Problems = std::vector<std::string>;

/// Some files that make one value.
struct Watch {
  std::vector<std::string> paths;
  /// What the owner has read and used already; empty: the first reading is offered too.
  Contents known;
  /// Uses the contents from now on, or keeps what it has and says what is wrong with these.
  std::function<Result<void, Problems>(const Contents&)> take;
  /// Told once of contents that were refused and then stayed on disk for Times::refusal. May be absent.
  std::function<void(const Problems&)> on_refused = {};
};

/// One thread that watches any number of files.
///
/// Threads: watch() and last_look() from any; what the watches call runs on the watcher's own thread.
class FileWatcher {
 public:
  struct Times {
    /// How often everything is read whatever the events say.
    std::chrono::milliseconds poll{10'000};
    /// How long contents that no event vouches for must stay the same.
    std::chrono::milliseconds settle{250};
    /// How long a refused file has to be mended before anyone hears of it: a pair that is copied file by file.
    std::chrono::milliseconds refusal{1'000};
  };

  FileWatcher();
  explicit FileWatcher(Times times);
  ~FileWatcher();  ///< stops, after the call into a watch that may be running
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;

  /// Watches `watch.paths` from now on. Requires: what its functions refer to outlives this.
  void watch(Watch watch);

  /// When all files were last read: what is known of them is true of this moment at least.
  [[nodiscard]] std::chrono::steady_clock::time_point last_look() const;

  /// Whether the kernel tells of changes; without (too many inotify instances on a node) the poll alone finds them.
  [[nodiscard]] bool is_notified() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::reload
