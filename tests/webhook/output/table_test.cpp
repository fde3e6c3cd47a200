#include "webhook/output/table.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "webhook/output/progress.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll::webhook;

namespace {

using Rows = std::vector<std::vector<Cell>>;

std::string drawn(std::vector<Column> columns, const Rows& rows, std::size_t width, Style style = Style::Plain) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("out", "");
  const int file = ::open(path.c_str(), O_WRONLY);
  REQUIRE(file >= 0);
  Stream out(file);
  Table table(std::move(columns), width, style, out);
  for (const auto& row : rows) table.add(row);
  table.flush();
  out.flush();
  ::close(file);
  return directory.read("out");
}

std::vector<Column> three() {
  return {{.heading = "NAME", .least = 4},
          {.heading = "COUNT", .align = Column::Align::Right},
          {.heading = "WHY", .least = 6}};
}

TEST_CASE("columns of a terminal are counted, not bytes") {
  struct Case {
    std::string_view text;
    std::size_t want;
  };
  const Case cases[] = {{"", 0},        {"abc", 3},  {"é", 1},    {"→…", 2}, {"艾达", 4},
                        {"e\u0301", 1}, {"ＡＢ", 4}, {"한글", 4}, {"🚢", 2},  {"\xff\xfe", 2}};
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(count_columns(c.text) == c.want);
  }
}

TEST_CASE("without a terminal nothing is cut, and no line ends in blanks") {
  CHECK(drawn(three(), {{{"a"}, {"7"}, {"because"}}, {{"longer"}, {"12345678"}, {""}}}, 0) ==
        "NAME       COUNT  WHY\n"
        "a              7  because\n"
        "longer  12345678\n");
  CHECK(drawn(three(), {}, 0).empty());
}

TEST_CASE("on a terminal the last column gives way first, numbers never") {
  const Rows rows = {{{"a-long-name"}, {"123"}, {"a reason of many words"}}};
  CHECK(drawn(three(), rows, 80) == "NAME         COUNT  WHY\na-long-name    123  a reason of many words\n");
  CHECK(drawn(three(), rows, 40) == "NAME         COUNT  WHY\na-long-name    123  a reason of many wo…\n");
  // Half of the terminal is its, while others can give.
  CHECK(drawn(three(), rows, 30) == "NAME    COUNT  WHY\na-lon…    123  a reason of ma…\n");
  CHECK(drawn(three(), rows, 19) == "NAME  COUNT  WHY\na-l…    123  a rea…\n");
  // Narrower than all can be: the end is lost.
  CHECK(drawn(three(), rows, 8) == "NAME  C…\na-l…  1…\n");
}

TEST_CASE("on a narrow terminal a column that is not needed is left out") {
  std::vector<Column> columns = three();
  columns[1].need = Column::Need::IfRoom;
  const Rows rows = {{{"name"}, {"123"}, {"why not"}}};
  CHECK(drawn(columns, rows, 20) == "NAME  COUNT  WHY\nname    123  why not\n");
  CHECK(drawn(columns, rows, 18) == "NAME  WHY\nname  why not\n");
}

TEST_CASE("what is cut is cut between characters, at the end or at the start") {
  std::vector<Column> columns = {{.heading = "A", .least = 5}, {.heading = "B", .least = 5, .cut = Column::Cut::Start}};
  CHECK(drawn(columns, {{{"艾达艾达"}, {"艾达艾达"}}}, 12) == "A      B\n艾达…  …艾达\n");
}

TEST_CASE("later rows keep the widths of the first ones") {
  Rows rows(100, {{"a"}, {"1"}, {"b"}});
  rows.push_back({{"abcdefgh"}, {"1"}, {"bcdefgh"}});
  const std::string on_terminal = drawn(three(), rows, 80);
  CHECK(on_terminal.ends_with("abc…      1  bc…\n"));
  CHECK(drawn(three(), rows, 0).ends_with("abcdefgh      1  bcdefgh\n"));
}

TEST_CASE("colours are around the text alone, and only where they are wanted") {
  const Rows rows = {{{"a", "31"}, {"1"}, {"b", "2"}}};
  CHECK(drawn(three(), rows, 0, Style::Coloured) ==
        "\033[1mNAME\033[0m  \033[1mCOUNT\033[0m  \033[1mWHY\033[0m\n\033[31ma\033[0m         1  \033[2mb\033[0m\n");
  CHECK(drawn(three(), rows, 0).find('\033') == std::string::npos);
}

TEST_CASE("a bar says how far it is, as wide as there is room") {
  constexpr std::uint64_t kMebibyte = 1024 * 1024;
  CHECK(draw_progress(0, 100 * kMebibyte, 40) == "[...................]   0%  0 of 100 MiB");
  CHECK(draw_progress(50 * kMebibyte, 100 * kMebibyte, 41) == "[#########..........]  50%  50 of 100 MiB");
  CHECK(draw_progress(120 * kMebibyte, 100 * kMebibyte, 30) == "[#######] 100%  100 of 100 MiB");
  CHECK(draw_progress(1, 100 * kMebibyte, 12) == "  0%  0 of 1");
  CHECK(draw_progress(0, 0, 10).size() <= 10);
}

TEST_CASE("a stream whose reader has gone is closed, and that is no failure; a full disk is one") {
  std::signal(SIGPIPE, SIG_IGN);  // as main does
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  Stream pipe(ends[1]);
  CHECK_FALSE(pipe.has_lost_reader());
  ::close(ends[0]);
  CHECK(pipe.has_lost_reader());
  Report report;
  (pipe << "text").finish(report);
  CHECK_FALSE(pipe.is_open());
  CHECK(report.exit_code == ExitCode::Ok);
  ::close(ends[1]);

  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  Stream disk(full);
  (disk << "text").finish(report);
  ::close(full);
  CHECK(report.exit_code == ExitCode::Failure);
  CHECK_THAT(report.err, Catch::Contains("No space left"));
}

}  // namespace
