#include "webhook/audit/text.hpp"

#include <catch2/catch.hpp>

#include "plimsoll/json/document.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;

namespace {

audit::EntryChange change(std::string rule, std::string path, std::string from, std::string to) {
  return {.rule = std::move(rule), .path = std::move(path), .from = std::move(from), .to = std::move(to), .reason = {}};
}

TEST_CASE("a cell of CSV is text, whatever it holds") {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"a,b", "\"a,b\""},
      {"say \"hi\"", "\"say \"\"hi\"\"\""},
      {"=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""},
      {"+1", "'+1"},
      {"-1", "'-1"},
      {"@x", "'@x"},
      {"＝1", "'＝1"},
      {"a=b", "a=b"},
      {"\t=1", "\\u{9}=1"},
      {"a\r\nb", "a\\u{d}\\u{a}b"},
      {"\x1b[31m\u202e", "\\u{1b}[31m\\u{202e}"},
      {"\xff", "\\xff"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(to_csv(c.text) == c.want);
  }
  CHECK(to_csv(std::string(5000, 'x')).size() == 1024 + std::string_view("…").size());
}

TEST_CASE("JSON for a terminal is the same value without what disturbs one") {
  struct Case {
    std::string json;
    std::string want;
  };
  const Case cases[] = {
      {R"({"a":[1,null,"é艾🚢"]})", R"({"a":[1,null,"é艾🚢"]})"},
      {"\"\u202e\u200b\x7f\u0085\"", R"("\u202e\u200b\u007f\u0085")"},
      {"\"\U000E0001\"", R"("\udb40\udc01")"},
      {R"("\u001b")", R"("\u001b")"},
      {"", ""},
  };
  for (const Case& c : cases) {
    INFO(c.json);
    const std::string safe = to_safe_json(c.json);
    CHECK(safe == c.want);
    if (c.json.empty()) continue;
    const auto before = json::Document::parse(c.json);
    const auto after = json::Document::parse(safe);
    CHECK(before->root() == after->root());
  }
}

TEST_CASE("an entry is summed up on one line") {
  struct Case {
    audit::Entry entry;
    std::string want;
  };
  const std::string requests = "spec.containers[0].resources.requests";
  audit::Entry mutated;
  mutated.verdict = "Mutated";
  mutated.changes = {
      change("resources", requests + ".cpu", "", R"("2")"), change("gpu", requests + "[nvidia.com/gpu]", "1", R"("4")"),
      change("priority", "spec.priorityClassName", "", R"("long")"), change("", "spec.tolerations", "{}", "")};
  audit::Entry slight;
  slight.verdict = "Mutated";
  slight.changes = {change("priority", "spec.priorityClassName", "", R"("long")")};
  audit::Entry refused;
  refused.verdict = "Rejected";
  refused.reason = "BadEstimate";
  refused.message = "the estimate has 2 problems";
  refused.problems = {{"OutOfRange", "metadata.annotations[estimate.plimsoll.dev/memory]", "8", "is 8 bytes"},
                      {"UnknownKey", "metadata.annotations[estimate.plimsoll.dev/x]", "", "is unknown"}};
  audit::Entry skipped;
  skipped.verdict = "Skipped";
  skipped.reason = "OptedOut";
  skipped.message = "plimsoll.dev/mode is disabled";
  audit::Entry strange;
  strange.verdict = "Postponed\x1b[31m";
  strange.reason = "Later\n";
  const Case cases[] = {
      {mutated, "cpu nothing → 2, nvidia.com/gpu 1 → 4, and 2 more (priority, taken back)"},
      {slight, "1 change (priority)"},
      {refused, "BadEstimate: estimate.plimsoll.dev/memory \"8\" is 8 bytes; and 1 more"},
      {skipped, "OptedOut: plimsoll.dev/mode is disabled"},
      {strange, "Later\\u{a}"},
      {{}, ""},
  };
  for (const Case& c : cases) CHECK(summarise(c.entry) == c.want);
  CHECK(to_row(strange)[1].text == "Postponed\\u{1b}[31m");
}

TEST_CASE("an object is shown with its namespace, and with what its name is to be made from") {
  audit::Entry entry;
  entry.kind = "Job";
  entry.name_space = "research";
  entry.generate_name = "train-";
  entry.user = "ada";
  CHECK(to_row(entry)[2].text == "Job research/train-*");
  CHECK(to_row(entry)[3].text == "ada");
  entry.name = "train-x7k2p";
  entry.owner = "CronJob/nightly";
  entry.dry_run = true;
  CHECK(to_row(entry)[2].text == "Job research/train-x7k2p");
  CHECK(to_row(entry)[3].text == "CronJob/nightly");
  CHECK(to_row(entry)[4].text == "dry run: ");
}

TEST_CASE("every line of CSV has as many cells as its header, and rows as many as their columns") {
  const auto cells = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
  CHECK(cells(entry_csv_header()) == cells(to_csv_line(audit::Entry())));
  for (const audit::Key key :
       {audit::Key::Namespace, audit::Key::Rule, audit::Key::Verdict, audit::Key::Reason, audit::Key::Problem,
        audit::Key::Owner, audit::Key::User, audit::Key::Caller, audit::Key::Kind}) {
    CHECK(cells(sum_csv_header()) == cells(to_csv_line(key, {})));
    CHECK(sum_columns(key).size() == to_row(key, audit::NamedSum()).size());
  }
  CHECK(entry_columns().size() == to_row(audit::Entry()).size());
}

TEST_CASE("sums are rounded for people and exact for programs") {
  audit::NamedSum named{"research", {}};
  named.sum.entries = 3;
  named.sum.asked = {.cpu = MilliCpu(1250), .memory = Bytes(1500LL << 20), .gpu = GpuCount(2)};
  named.sum.after = {.cpu = MilliCpu(121'540), .memory = Bytes(1'088'931LL << 20), .gpu = GpuCount(3)};
  std::string row;
  for (const Cell& cell : to_row(audit::Key::Namespace, named)) row += cell.text + "|";
  CHECK(row == "research|3|||1.2|0 → 121.5|1.5Gi|0 → 1Ti|2|0 → 3|");
  CHECK_THAT(to_csv_line(audit::Key::Namespace, named),
             Catch::Contains(",1250,0,121540,1572864000,0,1141826912256,2,0,3,"));
}

}  // namespace
