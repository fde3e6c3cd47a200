#include "webhook/audit/log_reader.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "webhook/temporary.hpp"

using namespace plimsoll::webhook;

namespace {

std::vector<std::string> lines_of(const std::string& path) {
  auto reader = LogReader::open(path);
  REQUIRE(reader);
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader->next();
    REQUIRE(line);
    if (!*line) return lines;
    lines.emplace_back(**line);
    CHECK(reader->line_number() == lines.size());
  }
}

TEST_CASE("lines are those between breaks; a last one without a break counts") {
  struct Case {
    std::string text;
    std::vector<std::string> want;
  };
  const std::string long_line(300'000, 'x');
  const Case cases[] = {
      {"", {}},
      {"a\n", {"a"}},
      {"a\nb\n", {"a", "b"}},
      {"a\nb", {"a", "b"}},
      {"\n\na", {"", "", "a"}},
      {"a", {"a"}},
      {"\x1f", {"\x1f"}},  // half of a gzip file's first two bytes
      {long_line + "\nb\n" + long_line, {long_line, "b", long_line}},
  };
  const TemporaryDirectory directory;
  for (const Case& c : cases) CHECK(lines_of(directory.write("log", c.text)) == c.want);
}

TEST_CASE("a line without end is cut, and the next one is whole") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("log", std::string(kLongestLogLine + 1'000'000, 'x') + "\nnext\n");
  auto reader = LogReader::open(path);
  REQUIRE(reader);
  CHECK(reader->next().value()->size() == kLongestLogLine);
  CHECK(reader->next().value() == "next");
  CHECK(reader->line_number() == 2);
  CHECK_FALSE(reader->next().value());
}

TEST_CASE("what cannot be read is said") {
  const TemporaryDirectory directory;
  const auto missing = LogReader::open((directory.path() / "missing").string());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message == "cannot be read: No such file or directory");
  const auto folder = LogReader::open(directory.path().string());
  REQUIRE_FALSE(folder);
  CHECK(folder.error().message == "is a directory");

  auto damaged = LogReader::open(directory.write("log.gz", "\x1f\x8b and then nonsense"));
  REQUIRE(damaged);
  const auto line = damaged->next();
  REQUIRE_FALSE(line);
  CHECK_THAT(line.error().message, Catch::Contains("the gzip file is damaged"));
}

/// Follows a file, and does one thing each time that there is nothing to read; then ends.
struct Followed {
  std::vector<std::string> lines;
  std::vector<std::string> notices;
};
Followed follow(const std::string& path, std::deque<std::function<void()>> events) {
  Followed followed;
  auto reader =
      LogReader::open(path, {.follow = true,
                             .on_idle =
                                 [&] {
                                   if (events.empty()) return false;
                                   events.front()();
                                   events.pop_front();
                                   return true;
                                 },
                             .on_notice = [&](std::string_view notice) { followed.notices.emplace_back(notice); }});
  REQUIRE(reader);
  while (true) {
    const auto line = reader->next();
    REQUIRE(line);
    if (!*line) return followed;
    followed.lines.emplace_back(**line);
  }
}

TEST_CASE("a file that grows is followed by whole lines, through truncation and through another file of its name") {
  const TemporaryDirectory directory;
  const std::string path = directory.write("log", "one\ntw");
  const auto append = [&](const std::string& name, const std::string& text) {
    return [&directory, name, text] { std::ofstream(directory.path() / name, std::ios::app) << text; };
  };
  const auto rename = [&] { std::filesystem::rename(path, path + ".1"); };

  SECTION("growth") {
    const Followed followed =
        follow(path, {append("log", "o\nthr"), [] {}, append("log", "ee\n"), append("log", "unfinished")});
    CHECK(followed.lines == std::vector<std::string>{"one", "two", "three"});
    CHECK(followed.notices.empty());
  }
  SECTION("rotation by renaming: what is written to the old file until the new one is there is read") {
    const Followed followed =
        follow(path, {rename, append("log.1", "o\n"), append("log", "three\n"), append("log", "four\n")});
    CHECK(followed.lines == std::vector<std::string>{"one", "two", "three", "four"});
    REQUIRE(followed.notices.size() == 1);
    CHECK_THAT(followed.notices[0], Catch::Contains("another file has its name now"));
  }
  SECTION("rotation at once") {
    const Followed followed = follow(path, {[&] {
                                              append("log", "o\n")();
                                              rename();
                                              append("log", "three\n")();
                                            },
                                            [] {}});
    CHECK(followed.lines == std::vector<std::string>{"one", "two", "three"});
  }
  SECTION("truncation") {
    const Followed followed = follow(path, {[&] { directory.write("log", "2\n"); }, append("log", "3\n")});
    CHECK(followed.lines == std::vector<std::string>{"one", "2", "3"});
    REQUIRE(followed.notices.size() == 2);
    CHECK_THAT(followed.notices[0], Catch::Contains("truncated"));
    CHECK_THAT(followed.notices[1], Catch::Contains("had no end"));
  }
  SECTION("what cannot grow") {
    const auto gzip =
        LogReader::open(directory.write("log.gz", "\x1f\x8b\x08"), {.follow = true, .on_idle = [] { return false; }});
    CHECK_FALSE(LogReader::open("/dev/null", {.follow = true}));
    REQUIRE(gzip);
  }
}

}  // namespace
