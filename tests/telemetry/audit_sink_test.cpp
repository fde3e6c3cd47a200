#include "plimsoll/telemetry/audit_sink.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "plimsoll/audit/chain.hpp"

namespace plimsoll::telemetry {
namespace {

namespace fs = std::filesystem;

class Directory {
 public:
  Directory() {
    std::string pattern = (fs::temp_directory_path() / "plimsoll-audit-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { fs::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void write_records(AuditOptions options, int count) {
  Result<AuditSink> sink = AuditSink::open(std::move(options));
  REQUIRE(sink);
  for (int i = 0; i < count; ++i) {
    audit::Record record;
    record.uid = "u" + std::to_string(i);
    sink->enqueue(std::move(record));
  }
  sink->finish();
  CHECK(sink->dropped() == 0);
}

audit::ChainReport verify(const std::string& path) {
  audit::ChainReader reader;
  for (const std::string& line : lines_of(path)) reader.read(line);
  return std::move(reader).finish();
}

TEST_CASE("a line that another process left unfinished is ended before the next") {
  const Directory directory;
  const std::string path = directory.file("log");
  std::ofstream(path) << "{\"v\":1}\n{\"v\":";
  write_records({.path = path}, 2);
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 4);
  CHECK(lines[1] == "{\"v\":");
  CHECK(lines[2].find("\"u0\"") != std::string::npos);
}

TEST_CASE("a chain goes on over restarts, also where the last line lacks its line break or is long") {
  const Directory directory;
  const std::string path = directory.file("log");
  const AuditOptions options{.path = path, .chaining = Chaining::Hashes};
  write_records(options, 3);
  fs::resize_file(path, fs::file_size(path) - 1);
  write_records(options, 2);
  {
    Result<AuditSink> sink = AuditSink::open(options);
    REQUIRE(sink);
    audit::Record record;
    record.decision.warnings.assign(500, std::string(1000, 'w'));
    sink->enqueue(std::move(record));
  }
  write_records(options, 1);
  const audit::ChainReport report = verify(path);
  INFO((report.fault ? report.fault->what : ""));
  CHECK_FALSE(report.fault);
  CHECK(report.notes.empty());
  CHECK(report.last->seq == 7 + 8);
  CHECK(report.is_closed);
}

TEST_CASE("a chain with another key does not go on") {
  const Directory directory;
  const std::string path = directory.file("log");
  write_records({.path = path, .chaining = Chaining::Hashes}, 1);
  write_records({.path = path, .chaining = Chaining::Hashes, .chain_key = std::string(32, 'k')}, 1);
  CHECK(audit::read_link(lines_of(path).back(), std::string(32, 'k'))->seq == 3);
  CHECK(verify(path).fault);
}

TEST_CASE("files are rotated at a record's end, and no more are kept than wanted") {
  const Directory directory;
  const std::string path = directory.file("log");
  write_records({.path = path, .chaining = Chaining::Hashes, .max_size = 8192, .max_backups = 2}, 100);
  CHECK(fs::exists(path + ".2"));
  CHECK_FALSE(fs::exists(path + ".3"));
  std::vector<audit::ChainReport> reports;
  for (const std::string& file : {path, path + ".1", path + ".2"}) {
    CHECK(fs::file_size(file) <= 8192);
    reports.push_back(verify(file));
    CHECK_FALSE(reports.back().fault);
  }
  CHECK(audit::find_broken_joints(reports).empty());
}

TEST_CASE("what was lost is told in the chain") {
  const Directory directory;
  const std::string path = directory.file("log");
  Result<AuditSink> sink = AuditSink::open({.path = path, .queue_limit = 0, .chaining = Chaining::Hashes});
  REQUIRE(sink);
  for (int i = 0; i < 5; ++i) sink->enqueue({});
  sink->finish();
  CHECK(sink->dropped() == 5);
  CHECK(verify(path).lost == 5);
}

TEST_CASE("all that a record holds counts for the queue, not its body alone") {
  const auto change = [](audit::Record& record) -> std::string& { return record.decision.changes.emplace_back().to; };
  const auto warning = [](audit::Record& record) -> std::string& { return record.decision.warnings.emplace_back(); };
  const auto body = [](audit::Record& record) -> std::string& { return record.input.body; };
  using Place = std::string& (*)(audit::Record&);
  for (const Place place : {Place(change), Place(warning), Place(body)}) {
    Result<AuditSink> sink = AuditSink::open({.path = "/dev/null", .queue_bytes = 100'000});
    REQUIRE(sink);
    audit::Record record;
    place(record).assign(50'000, 'x');
    sink->enqueue(record);
    CHECK(sink->dropped() == 0);
    place(record).assign(100'000, 'x');
    sink->enqueue(std::move(record));
    CHECK(sink->dropped() == 1);
  }
}

// Standard output that is this file, which takes no more bytes than it is told to. Nothing of it can be taken back.
class NarrowOutput {
 public:
  explicit NarrowOutput(const std::string& path) : path_(path), before_(::dup(STDOUT_FILENO)) {
    std::signal(SIGXFSZ, SIG_IGN);
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::close(file);
  }
  NarrowOutput(const NarrowOutput&) = delete;
  NarrowOutput& operator=(const NarrowOutput&) = delete;
  ~NarrowOutput() {
    leave_room(RLIM_INFINITY);
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
  }

  void leave_room(rlim_t bytes) const {
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : fs::file_size(path_) + bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }

 private:
  std::string path_;
  int before_;
};

template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

TEST_CASE("what a full disk left unfinished is named in the chain, however often it filled up again") {
  // Of the lines that then come: the line break that ends the one before, and some bytes.
  const std::vector<std::vector<rlim_t>> rooms{{10}, {10, 1}, {10, 1, 1, 0, 7}, {10, 5}, {10, 1, 5, 1, 3}};
  for (const std::vector<rlim_t>& room : rooms) {
    const Directory directory;
    const std::string path = directory.file("log");
    std::uint64_t dropped = 0;
    bool is_told = true;
    {
      const NarrowOutput output(path);
      Result<AuditSink> sink = AuditSink::open({.chaining = Chaining::Hashes});
      is_told = sink && comes_true([&] { return lines_of(path).size() == 1; });
      for (const rlim_t bytes : room) {
        output.leave_room(bytes);
        sink->enqueue({});
        ++dropped;
        is_told = is_told && comes_true([&] { return sink->dropped() == dropped; });
      }
      output.leave_room(RLIM_INFINITY);
      sink->enqueue({});
      sink->finish();
    }
    CHECK(is_told);
    const audit::ChainReport report = verify(path);
    INFO((report.fault ? std::to_string(report.fault->line) + ": " + report.fault->what : ""));
    CHECK_FALSE(report.fault);
    CHECK(report.notes.size() == 1);
    CHECK(report.lost == dropped);
    CHECK(report.is_closed);
  }
}

TEST_CASE("a record that lacks nothing but its line break is not lost") {
  const Directory directory;
  const std::string path = directory.file("log");
  audit::Link link = audit::make_first_link("0123456789abcdef");
  link.seq = 1;
  const std::size_t line = audit::seal(audit::encode_record({}), link, "").size();
  bool is_written = true;
  {
    const NarrowOutput output(path);
    Result<AuditSink> sink = AuditSink::open({.chaining = Chaining::Hashes});
    is_written = sink && comes_true([&] { return lines_of(path).size() == 1; });
    const auto size = fs::file_size(path) + line;
    output.leave_room(line);
    sink->enqueue({});
    is_written = is_written && comes_true([&] { return fs::file_size(path) == size; });
    // One more comes while the disk is still full.
    sink->enqueue({});
    is_written = is_written && comes_true([&] { return sink->dropped() > 0; });
    output.leave_room(RLIM_INFINITY);
    sink->finish();
    is_written = is_written && sink->dropped() == 1;
  }
  CHECK(is_written);
  const audit::ChainReport report = verify(path);
  INFO((report.fault ? std::to_string(report.fault->line) + ": " + report.fault->what : ""));
  CHECK_FALSE(report.fault);
  CHECK(report.notes.empty());
  CHECK(report.lost == 1);
}

TEST_CASE("what cannot be opened is no log, and no directory is made for it") {
  const Directory directory;
  for (const std::string& path : {directory.file("a/b/log"), directory.file(""), std::string("/")}) {
    const Result<AuditSink> sink = AuditSink::open({.path = path});
    REQUIRE_FALSE(sink);
    CHECK(sink.error().code == ErrorCode::Io);
  }
  CHECK_FALSE(fs::exists(directory.file("a")));
  CHECK(AuditSink::open({.path = "/dev/null"}));
}

}  // namespace
}  // namespace plimsoll::telemetry
