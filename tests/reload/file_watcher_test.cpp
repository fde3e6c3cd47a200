#include "plimsoll/reload/file_watcher.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace fs = std::filesystem;
using namespace plimsoll;
using namespace plimsoll::reload;
using namespace std::chrono_literals;

namespace {

// So long that nothing may depend on it, and far above what a busy machine takes.
constexpr auto kPatience = 20s;

// Without the poll, so that what is found was told by the kernel.
constexpr FileWatcher::Times kByEvents{.poll = 1h, .settle = 30ms, .refusal = 60ms};
// Where the kernel tells nothing.
constexpr FileWatcher::Times kByPoll{.poll = 30ms, .settle = 30ms, .refusal = 60ms};

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "plimsoll-reload-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { fs::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

void write_beside_and_rename(const fs::path& path, const std::string& text) {
  write(path.string() + "~", text);
  fs::rename(path.string() + "~", path);
}

// As the kubelet writes a ConfigMap or Secret: a new directory, then the link `..data` is swapped, then the old one
// goes.
void swap_as_kubelet(const fs::path& volume, const std::string& version, const std::string& a, const std::string& b) {
  const fs::path next = volume / (".." + version);
  fs::create_directories(next);
  write(next / "a", a);
  write(next / "b", b);
  const fs::path old = fs::is_symlink(volume / "..data") ? fs::read_symlink(volume / "..data") : fs::path();
  fs::create_symlink(".." + version, volume / "..data_tmp");
  fs::rename(volume / "..data_tmp", volume / "..data");
  for (const char* name : {"a", "b"}) {
    if (!fs::is_symlink(volume / name)) fs::create_symlink(fs::path("..data") / name, volume / name);
  }
  if (!old.empty()) fs::remove_all(volume / old);
}

// What the files said: `a|b`, with `-` for one that cannot be read.
std::string show(const Contents& contents) {
  std::string text;
  for (const Result<std::string>& one : contents) text += (text.empty() ? "" : "|") + (one ? *one : std::string("-"));
  return text;
}

// Keeps what a watch was offered. What holds `bad` is refused.
class Owner {
 public:
  Watch watch(std::vector<fs::path> paths) {
    Watch watch;
    for (const fs::path& path : paths) watch.paths.push_back(path.string());
    watch.known = read_files(watch.paths);
    watch.take = [this](const Contents& contents) -> Result<void, Problems> {
      const std::string text = show(contents);
      tell("offered " + text);
      if (text.find("bad") != std::string::npos) return Unexpected{Problems{text}};
      return {};
    };
    watch.on_refused = [this](const Problems& problems) { tell("refused " + problems.at(0)); };
    return watch;
  }

  // The next thing it is told.
  std::string next() {
    std::unique_lock lock(mutex_);
    if (!told_.wait_for(lock, kPatience, [&] { return !heard_.empty(); })) return "nothing";
    std::string text = std::move(heard_.front());
    heard_.pop_front();
    return text;
  }

  // Skips what comes before `wanted`: of several states on the way some may be seen, the last must be.
  bool hears(const std::string& wanted) {
    while (true) {
      const std::string text = next();
      if (text == wanted) return true;
      if (text == "nothing") return false;
    }
  }

 private:
  void tell(std::string text) {
    {
      const std::lock_guard lock(mutex_);
      heard_.push_back(std::move(text));
    }
    told_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable told_;
  std::deque<std::string> heard_;
};

}  // namespace

TEST_CASE("whatever way a file is replaced, its new contents are offered") {
  struct Case {
    const char* name;
    void (*change)(const fs::path& file);
    const char* want;
  };
  const Case cases[] = {
      {"written in place", [](const fs::path& file) { write(file, "new"); }, "offered new"},
      {"renamed over", [](const fs::path& file) { write_beside_and_rename(file, "new"); }, "offered new"},
      {"an editor's back-up, then a new file",
       [](const fs::path& file) {
         fs::rename(file, file.string() + ".bak");
         write(file, "new");
       },
       "offered new"},
      {"removed and written again",
       [](const fs::path& file) {
         fs::remove(file);
         write(file, "new");
       },
       "offered new"},
      {"linked",
       [](const fs::path& file) {
         write(file.string() + ".other", "new");
         fs::remove(file);
         fs::create_hard_link(file.string() + ".other", file);
       },
       "offered new"},
      {"a symbolic link instead",
       [](const fs::path& file) {
         write(file.string() + ".other", "new");
         fs::create_symlink(file.string() + ".other", file.string() + ".link");
         fs::rename(file.string() + ".link", file);
       },
       "offered new"},
      {"removed", [](const fs::path& file) { fs::remove(file); }, "offered -"},
      {"a directory in its place",
       [](const fs::path& file) {
         fs::remove(file);
         fs::create_directory(file);
       },
       "offered -"},
      {"a FIFO in its place",
       [](const fs::path& file) {
         fs::remove(file);
         REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
       },
       "offered -"},
      {"too long", [](const fs::path& file) { write(file, std::string(kLongestFile + 1, 'x')); }, "offered -"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const Directory directory;
    write(directory / "policy.yaml", "old");
    Owner owner;
    FileWatcher watcher(kByEvents);
    watcher.watch(owner.watch({directory / "policy.yaml"}));
    each.change(directory / "policy.yaml");
    CHECK(owner.hears(each.want));
  }
}

TEST_CASE("contents are offered only when their bytes differ") {
  const Directory directory;
  write(directory / "policy.yaml", "same");
  Owner owner;
  FileWatcher watcher(kByEvents);
  watcher.watch(owner.watch({directory / "policy.yaml"}));
  write(directory / "policy.yaml", "same");
  write_beside_and_rename(directory / "policy.yaml", "same");
  fs::permissions(directory / "policy.yaml", fs::perms::owner_read);
  write(directory / "other", "of no interest");
  fs::permissions(directory / "policy.yaml", fs::perms::owner_all);
  write_beside_and_rename(directory / "policy.yaml", "another");
  CHECK(owner.next() == "offered another");
}

TEST_CASE("a pair that the kubelet swaps is never offered half") {
  const Directory directory;
  swap_as_kubelet(directory / "volume", "0", "0", "0");
  Owner owner;
  FileWatcher watcher(kByEvents);
  watcher.watch(owner.watch({directory / "volume/a", directory / "volume/b"}));
  for (int i = 1; i <= 200; ++i) {
    const std::string version = std::to_string(i);
    swap_as_kubelet(directory / "volume", version, version, version);
  }
  std::string last;
  while (last != "offered 200|200") {
    const std::string text = owner.next();
    REQUIRE(text != "nothing");
    const std::size_t bar = text.find('|');
    CHECK(text.substr(8, bar - 8) == text.substr(bar + 1));
    last = text;
  }
}

TEST_CASE("a file that is being written is left alone until it is closed") {
  const Directory directory;
  write(directory / "policy.yaml", "old");
  Owner owner;
  FileWatcher watcher(kByEvents);
  watcher.watch(owner.watch({directory / "policy.yaml"}));
  std::ofstream file(directory / "policy.yaml", std::ios::trunc);
  for (int i = 0; i < 10; ++i) {
    file << "part " << std::flush;
    ::usleep(15'000);
  }
  file.close();
  CHECK(owner.next() == "offered part part part part part part part part part part ");
}

TEST_CASE("where the kernel tells nothing, the poll finds the change, whole") {
  const Directory directory;
  write(directory / "elsewhere", "old");  // the watched directory holds but a link, and sees nothing of its target
  fs::create_directory(directory / "watched");
  fs::create_symlink(directory / "elsewhere", directory / "watched/policy.yaml");
  Owner owner;
  FileWatcher watcher(kByPoll);
  watcher.watch(owner.watch({directory / "watched/policy.yaml"}));
  write(directory / "elsewhere", "new");
  CHECK(owner.hears("offered new"));
  write(directory / "elsewhere", "newer");
  CHECK(owner.hears("offered newer"));
}

TEST_CASE("a directory may go and come back, and be another") {
  const FileWatcher::Times times{.poll = 100ms, .settle = 30ms, .refusal = 60ms};
  const Directory directory;
  fs::create_directory(directory / "etc");
  write(directory / "etc/policy.yaml", "old");
  Owner owner;
  FileWatcher watcher(times);
  watcher.watch(owner.watch({directory / "etc/policy.yaml"}));

  SECTION("removed, and made again") {
    fs::remove_all(directory / "etc");
    CHECK(owner.hears("offered -"));
    fs::create_directory(directory / "etc");
    write(directory / "etc/policy.yaml", "new");
  }
  SECTION("renamed away, and another in its place") {
    fs::create_directory(directory / "next");
    write(directory / "next/policy.yaml", "new");
    fs::rename(directory / "etc", directory / "before");
    fs::rename(directory / "next", directory / "etc");
  }
  CHECK(owner.hears("offered new"));
  write(directory / "etc/policy.yaml", "newer");
  CHECK(owner.hears("offered newer"));
}

TEST_CASE("a directory that is not there yet is waited for") {
  const FileWatcher::Times times{.poll = 50ms, .settle = 30ms, .refusal = 60ms};
  const Directory directory;
  Owner owner;
  FileWatcher watcher(times);
  watcher.watch(owner.watch({directory / "later/policy.yaml"}));
  fs::create_directory(directory / "later");
  write(directory / "later/policy.yaml", "here");
  CHECK(owner.hears("offered here"));
}

TEST_CASE("a refusal is told once, when it has stood") {
  const Directory directory;
  write(directory / "policy.yaml", "old");
  Owner owner;
  FileWatcher watcher(kByEvents);
  watcher.watch(owner.watch({directory / "policy.yaml"}));
  write_beside_and_rename(directory / "policy.yaml", "bad");
  CHECK(owner.next() == "offered bad");
  CHECK(owner.next() == "refused bad");
  // The old contents again are a change of what is on disk.
  write_beside_and_rename(directory / "policy.yaml", "old");
  CHECK(owner.next() == "offered old");
}

TEST_CASE("a pair that is copied file by file is refused by nobody") {
  const FileWatcher::Times times{.poll = 1h, .settle = 30ms, .refusal = 1h};
  const Directory directory;
  write(directory / "a", "1");
  write(directory / "b", "1");
  Owner owner;
  FileWatcher watcher(times);
  watcher.watch(owner.watch({directory / "a", directory / "b"}));
  write_beside_and_rename(directory / "a", "bad until b comes");
  CHECK(owner.next() == "offered bad until b comes|1");
  write_beside_and_rename(directory / "a", "2");
  CHECK(owner.next() == "offered 2|1");
}

TEST_CASE("several watches share one thread and one directory") {
  const Directory directory;
  write(directory / "a", "1");
  write(directory / "b", "1");
  Owner first;
  Owner second;
  FileWatcher watcher(kByEvents);
  watcher.watch(first.watch({directory / "a"}));
  watcher.watch(second.watch({(directory / "").string() + "/b"}));  // the same directory, spelt in another way
  write_beside_and_rename(directory / "b", "2");
  CHECK(second.next() == "offered 2");
  write_beside_and_rename(directory / "a", "3");
  CHECK(first.next() == "offered 3");
}

TEST_CASE("what changed between the first reading and the watch is offered") {
  const Directory directory;
  write(directory / "policy.yaml", "old");
  Owner owner;
  Watch watch = owner.watch({directory / "policy.yaml"});
  write(directory / "policy.yaml", "new");
  FileWatcher watcher(kByEvents);
  watcher.watch(std::move(watch));
  CHECK(owner.next() == "offered new");
}

TEST_CASE("a watcher stops at once, whenever that is") {
  const Directory directory;
  for (int i = 0; i < 50; ++i) {
    Owner owner;
    FileWatcher watcher;  // its poll is ten seconds: these fifty would take minutes
    watcher.watch(owner.watch({directory / "policy.yaml"}));
    if (i % 2 == 0) write(directory / "policy.yaml", std::to_string(i));
  }
}

TEST_CASE("the last look is never older than the poll") {
  const Directory directory;
  write(directory / "policy.yaml", "old");
  Owner owner;
  FileWatcher watcher(kByPoll);
  CHECK(watcher.is_notified());
  watcher.watch(owner.watch({directory / "policy.yaml"}));
  const auto before = std::chrono::steady_clock::now();
  while (watcher.last_look() < before) ::usleep(1'000);
}
