#include "plimsoll/audit/chain.hpp"

#include <catch2/catch.hpp>

#include "plimsoll/digest/digest.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::audit {
namespace {

const TimePoint kNow = parse_time("2026-01-01T00:00:00Z").value();
constexpr const char* kName = "0123456789abcdef";

std::string record(int number) {
  return R"({"v":1,"time":"2026-01-01T00:00:00Z","uid":"u)" + std::to_string(number) + R"("})";
}

// A file as the server writes it: start, the records, stop.
struct File {
  std::vector<std::string> lines;
  Link last = make_first_link(kName);
  std::string key;

  void add(std::string line) { lines.push_back(seal(std::move(line), last, key)); }
  void add(Event::Kind kind, std::uint64_t lost = 0, std::string torn = {}) {
    add(encode_event({.kind = kind, .time = kNow, .lost = lost, .torn = std::move(torn)}));
  }
};

File written(int records, const std::string& key = "") {
  File file;
  file.key = key;
  file.add(Event::Kind::Start);
  for (int i = 1; i <= records; ++i) file.add(record(i));
  file.add(Event::Kind::Stop);
  return file;
}

ChainReport read(const std::vector<std::string>& lines, const std::string& key = "",
                 ChainReader::End end = ChainReader::End::LineBreak) {
  ChainReader reader(key);
  for (const std::string& line : lines) {
    reader.read(line, &line == &lines.back() ? end : ChainReader::End::LineBreak);
  }
  return std::move(reader).finish();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST_CASE("a chained line is the line with four members more, and its hash can be made with sha256sum") {
  Link last = make_first_link(kName);
  const std::string line = seal(record(1), last, "");
  const std::string head =
      R"({"v":1,"time":"2026-01-01T00:00:00Z","uid":"u1","chain":"0123456789abcdef","seq":1,"previous":")" +
      std::string(64, '0') + '"';
  CHECK(line == head + R"(,"hash":")" + digest::sha256_hex(head) + R"("})");
  CHECK(read_link(line, "") == last);
  CHECK(last.seq == 1);
  CHECK_FALSE(read_link(line, "a key"));
}

TEST_CASE("a line that carries no whole chain has no link") {
  Link last = make_first_link(kName);
  const std::string good = seal(record(1), last, "");
  for (const std::string& line :
       {std::string(), std::string("}"), record(1), good + " ", good.substr(1), good.substr(0, good.size() - 1),
        replaced(good, R"("seq":1)", R"("seq":0)"), replaced(good, R"("seq":1)", R"("seq":x)"),
        replaced(good, R"("seq":1)", R"("seq":99999999999999999999)"),
        replaced(good, "0123456789abcdef", "0123456789abcdeF"), replaced(good, R"(,"hash":")", R"(,"hash":"0)")}) {
    INFO(line);
    CHECK_FALSE(read_link(line, ""));
  }
}

TEST_CASE("what the server wrote is in order") {
  for (const char* key : {"", "a key"}) {
    const ChainReport report = read(written(5, key).lines, key);
    CHECK_FALSE(report.fault);
    CHECK(report.lines == 7);
    CHECK(report.uncovered == 0);
    CHECK(report.before == make_first_link(kName));
    CHECK(report.last == written(5, key).last);
    CHECK(report.is_closed);
    CHECK(report.notes.empty());
  }
  CHECK_FALSE(read({}).last);
}

TEST_CASE("one line changed, removed, inserted or moved is found and named") {
  using Lines = std::vector<std::string>;
  struct Case {
    const char* name;
    void (*tamper)(Lines&);
    std::size_t line;
    const char* what;
  };
  const Case cases[] = {
      {"changed", [](Lines& l) { l[3] = replaced(l[3], "u3", "u9"); }, 4, "is changed: its hash is another one"},
      {"its hash changed", [](Lines& l) { l[3][l[3].size() - 3] ^= 1; }, 4, "is changed"},
      {"its number changed", [](Lines& l) { l[3] = replaced(l[3], R"("seq":4)", R"("seq":5)"); }, 4, "is changed"},
      {"its hash taken off", [](Lines& l) { l[3] = record(3); }, 4, "is changed: it has lost its hash"},
      {"two without hashes", [](Lines& l) { l[3] = record(3), l[4] = record(4); }, 4, "carries no hash"},
      {"removed", [](Lines& l) { l.erase(l.begin() + 3); }, 4, "a line is removed before it (number 4 of the chain)"},
      {"two removed", [](Lines& l) { l.erase(l.begin() + 3, l.begin() + 5); }, 4,
       "2 lines are removed before it (numbers 4 to 5"},
      {"the first removed", [](Lines& l) { l.erase(l.begin()); }, 1, "lines before it are removed"},
      {"inserted", [](Lines& l) { l.insert(l.begin() + 3, record(9)); }, 4, "is inserted: the chain passes it by"},
      {"inserted at the end", [](Lines& l) { l.push_back(record(9)); }, 8, "carries no hash"},
      {"repeated", [](Lines& l) { l.insert(l.begin() + 3, l[2]); }, 4,
       "is out of order: it is number 3 and follows number 3"},
      {"changed places", [](Lines& l) { std::swap(l[3], l[4]); }, 5,
       "is out of order: it is number 4 and stands behind number 5"},
      {"moved to the end", [](Lines& l) { l.push_back(l[2]), l.erase(l.begin() + 2); }, 7,
       "is out of order: it is number 3"},
      {"changed, with a hash made anew",
       [](Lines& l) {
         Link before = read_link(l[2], "").value();
         l[3] = seal(record(9), before, "");
       },
       4, "is changed, with a hash made anew"},
      {"inserted, with a hash",
       [](Lines& l) {
         Link before = read_link(l[2], "").value();
         l.insert(l.begin() + 3, seal(record(9), before, ""));
       },
       5, "is out of order: it is number 4 and follows number 4"},
      {"of another chain",
       [](Lines& l) {
         Link other = make_first_link("ffffffffffffffff");
         other.seq = 3;
         l[3] = seal(record(3), other, "");
       },
       4, "is of another chain"},
      {"empty line", [](Lines& l) { l.insert(l.begin() + 3, ""); }, 4, "is inserted"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Lines lines = written(5).lines;
    c.tamper(lines);
    const ChainReport report = read(lines);
    REQUIRE(report.fault);
    CHECK(report.fault->line == c.line);
    CHECK_THAT(report.fault->what, Catch::StartsWith(c.what));
  }
}

TEST_CASE("any byte of any line that is changed is found") {
  const std::vector<std::string> good = written(2).lines;
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (std::size_t at = 0; at < good[i].size(); ++at) {
      std::vector<std::string> lines = good;
      lines[i][at] = lines[i][at] == '1' ? '2' : '1';
      const ChainReport report = read(lines);
      INFO(lines[i]);
      // A first line that is none of the chain any more leaves one without its head.
      REQUIRE(report.fault);
      CHECK(report.fault->line >= i + 1);
      CHECK(report.fault->line <= i + 2);
    }
  }
}

TEST_CASE("a torn last line is a fault, and none any more once the server has named it") {
  File file = written(3);
  file.lines.push_back(seal(record(9), file.last, "").substr(0, 50));
  const ChainReport torn = read(file.lines, "", ChainReader::End::OfFile);
  REQUIRE(torn.fault);
  CHECK(torn.fault->line == 6);
  CHECK_THAT(torn.fault->what, Catch::StartsWith("is torn"));

  File resumed = written(3);
  resumed.lines.push_back(file.lines.back());
  resumed.add(Event::Kind::Start, 0, digest::sha256_hex(file.lines.back()));
  resumed.add(record(4));
  const ChainReport report = read(resumed.lines);
  CHECK_FALSE(report.fault);
  REQUIRE(report.notes.size() == 1);
  CHECK_THAT(report.notes[0], Catch::StartsWith("line 6 is torn"));
  CHECK_FALSE(report.is_closed);

  resumed.lines[5] += "x";
  CHECK(read(resumed.lines).fault);
}

TEST_CASE("a restart continues the chain, so that what stood before it cannot be removed unseen") {
  File file = written(3);
  file.add(Event::Kind::Start);
  file.add(record(4));
  CHECK_FALSE(read(file.lines).fault);
  file.lines.erase(file.lines.begin() + 3, file.lines.begin() + 5);
  const ChainReport report = read(file.lines);
  REQUIRE(report.fault);
  CHECK_THAT(report.fault->what, Catch::StartsWith("2 lines are removed"));
}

TEST_CASE("lines before a restart cannot lose their hashes and pass for older ones") {
  File file = written(2);
  file.add(Event::Kind::Start);
  for (std::size_t i = 0; i < 4; ++i) file.lines[i] = record(static_cast<int>(i));
  const ChainReport report = read(file.lines);
  REQUIRE(report.fault);
  CHECK(report.fault->line == 4);
}

TEST_CASE("lost records are counted, lines from before the chain are not covered, and a new chain is noted") {
  File file = written(2);
  file.add(Event::Kind::Lost, 17);
  CHECK(read(file.lines).lost == 17);

  file.lines.insert(file.lines.begin(), {record(-1), record(0)});
  CHECK(read(file.lines).uncovered == 2);
  CHECK_FALSE(read(file.lines).fault);

  file.last = make_first_link("ffffffffffffffff");
  file.add(Event::Kind::Start);
  const ChainReport report = read(file.lines);
  CHECK_FALSE(report.fault);
  REQUIRE(report.notes.size() == 1);
  CHECK_THAT(report.notes[0], Catch::StartsWith("line 8 begins another chain"));
}

TEST_CASE("who has not the key cannot make the chain anew") {
  const std::vector<std::string> forged = written(3).lines;
  CHECK(read(forged, "the key").fault);
  CHECK(read(written(3, "another key").lines, "the key").fault);
  CHECK(read(written(3, "the key").lines).fault);
}

TEST_CASE("files of one chain join in whatever order they are given") {
  File whole;
  whole.add(Event::Kind::Start);
  std::vector<std::vector<std::string>> files(1);
  const auto rotate = [&] {
    files.back() = whole.lines;
    files.emplace_back();
    whole.lines.clear();
    whole.add(Event::Kind::Rotated);
  };
  whole.add(record(1));
  rotate();
  whole.add(record(2));
  rotate();
  whole.add(record(3));
  files.back() = whole.lines;

  const auto joints = [](std::vector<ChainReport> reports) {
    for (const ChainReport& report : reports) CHECK_FALSE(report.fault);
    return find_broken_joints(reports);
  };
  const ChainReport a = read(files[0]);
  const ChainReport b = read(files[1]);
  const ChainReport c = read(files[2]);
  CHECK(joints({a, b, c}).empty());
  CHECK(joints({c, b, a}).empty());
  CHECK(joints({b, c}).empty());

  const auto missing = joints({a, c});
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].file == 1);
  CHECK_THAT(missing[0].what, Catch::StartsWith("2 lines are missing before it (numbers 3 to 4"));

  std::vector<std::string> cut = files[1];
  cut.pop_back();
  const auto shorter = joints({c, read(cut), a});
  REQUIRE(shorter.size() == 1);
  CHECK(shorter[0].file == 0);
  CHECK_THAT(shorter[0].what, Catch::StartsWith("a line is missing before it (number 4"));

  const auto twice = joints({a, b, b, c});
  REQUIRE(twice.size() == 1);
  CHECK_THAT(twice[0].what, Catch::Contains("which another file holds too"));
}

}  // namespace
}  // namespace plimsoll::audit
