#include "webhook/audit/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::webhook {
namespace {

using audit::Entry;
using audit::EntryChange;
using audit::Key;
using audit::NamedSum;
using audit::Sum;

// The longest that the server itself writes (docs/audit.md); a log by somebody else may hold more.
constexpr std::size_t kTextLimit = 1024;

std::string shown(std::string_view text) {
  return to_display(text, kTextLimit);
}

// Excel and its kin compute what begins like this, full-width forms too; OWASP, "CSV Injection".
constexpr std::array<std::string_view, 8> kFormulas = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};

/// `Job research/train`; what a name is made from ends with `*`.
std::string object_of(const Entry& entry) {
  const std::string name = entry.name.empty() && !entry.generate_name.empty() ? entry.generate_name + "*" : entry.name;
  return shown(fmt::format("{} {}/{}", entry.kind, entry.name_space, name));
}

/// A compact JSON value without the quotes of a text.
std::string plain(std::string_view json) {
  if (json.empty()) return "nothing";
  const bool is_plain_text = json.size() > 2 && json.front() == '"' && json.find('\\') == std::string_view::npos;
  return shown(is_plain_text ? json.substr(1, json.size() - 2) : json);
}

/// `cpu` of `...resources.requests.cpu`, `nvidia.com/gpu` of `...requests[nvidia.com/gpu]`.
std::string_view last_key(std::string_view path) {
  if (path.ends_with(']')) {
    path.remove_suffix(1);
    return path.substr(path.rfind('[') + 1);
  }
  return path.substr(path.rfind('.') + 1);
}

std::string summarise_changes(const Entry& entry) {
  std::string text;
  std::set<std::string_view> other_rules;
  std::size_t others = 0;
  for (const EntryChange& change : entry.changes) {
    if (!audit::find_request(change)) {
      ++others;
      other_rules.insert(change.rule.empty() ? std::string_view("taken back") : std::string_view(change.rule));
      continue;
    }
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {} → {}", shown(last_key(change.path)), plain(change.from), plain(change.to));
  }
  if (others == 0) return text;
  std::string rules;
  for (const std::string_view rule : other_rules) rules += (rules.empty() ? "" : ", ") + shown(rule);
  if (!text.empty()) return fmt::format("{}, and {} more ({})", text, others, rules);
  return fmt::format("{} {} ({})", others, others == 1 ? "change" : "changes", rules);
}

/// The first problem and how many there are, without the path that leads to its annotation.
std::string summarise_problems(const std::vector<audit::EntryProblem>& problems) {
  const audit::EntryProblem& first = problems.front();
  std::string text = shown(last_key(first.path));
  if (!first.value.empty()) text += " \"" + shown(first.value) + "\"";
  text += " " + shown(first.message);
  return problems.size() == 1 ? text : fmt::format("{}; and {} more", text, problems.size() - 1);
}

std::string colour_of(std::string_view verdict) {
  if (verdict == "Mutated") return "32";
  if (verdict == "Rejected" || verdict == "Failed") return "31";
  return "2";
}

std::string rules_of(const Entry& entry) {
  std::set<std::string_view> rules;
  for (const EntryChange& change : entry.changes) {
    if (!change.rule.empty()) rules.insert(change.rule);
  }
  std::string list;
  for (const std::string_view rule : rules) list += (list.empty() ? "" : " ") + std::string(rule);
  return list;
}

std::string join_csv(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) line += (line.empty() ? "" : ",") + cell;
  return line + "\n";
}

void append_unit(std::string& text, std::uint32_t unit) {
  text += fmt::format("\\u{:04x}", unit);
}

std::string count(std::uint64_t number) {
  return number == 0 ? std::string() : std::to_string(number);
}

/// With one decimal at most, as sums are for looking at; csv and json have the exact numbers.
std::string round(double value, std::string_view unit) {
  const std::string text = fmt::format("{:.1f}", value);
  return (text.ends_with(".0") ? text.substr(0, text.size() - 2) : text) + std::string(unit);
}
std::string round(MilliCpu cpu) {
  return round(static_cast<double>(cpu.count()) / 1000, "");
}
std::string round(Bytes bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"", "Ki", "Mi", "Gi", "Ti"};
  auto value = static_cast<double>(bytes.count());
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) value /= 1024, ++unit;
  return round(value, kUnits[unit]);
}
std::string round(GpuCount gpus) {
  return std::to_string(gpus.count());
}

template <class Amount>
std::string amount(Amount value) {
  return value == Amount() ? std::string() : round(value);
}

template <class Amount>
std::string change(Amount before, Amount after) {
  if (before == Amount() && after == Amount()) return {};
  return round(before) + " → " + round(after);
}

/// A number of `sum` as all outputs name it.
struct Number {
  std::string_view name;
  std::int64_t value;
};
std::vector<Number> numbers_of(const Sum& sum) {
  const auto whole = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  return {{"records", whole(sum.entries)},
          {"dryRuns", whole(sum.dry_runs)},
          {"mutated", whole(sum.mutated)},
          {"unchanged", whole(sum.unchanged)},
          {"skipped", whole(sum.skipped)},
          {"rejected", whole(sum.rejected)},
          {"failed", whole(sum.failed)},
          {"changes", whole(sum.changes)},
          {"cpuMilliAsked", sum.asked.cpu.count()},
          {"cpuMilliBefore", sum.before.cpu.count()},
          {"cpuMilliAfter", sum.after.cpu.count()},
          {"memoryBytesAsked", sum.asked.memory.count()},
          {"memoryBytesBefore", sum.before.memory.count()},
          {"memoryBytesAfter", sum.after.memory.count()},
          {"gpusAsked", sum.asked.gpu.count()},
          {"gpusBefore", sum.before.gpu.count()},
          {"gpusAfter", sum.after.gpu.count()}};
}

std::string heading(Key key) {
  std::string text(to_word(key));
  for (char& c : text) c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

std::string to_csv(std::string_view text) {
  std::string cell = shown(text);
  if (std::ranges::any_of(kFormulas, [&](std::string_view sign) { return cell.starts_with(sign); })) {
    cell.insert(0, 1, '\'');
  }
  if (cell.find_first_of("\",") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string to_safe_json(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    std::size_t length = 1;
    while (at + length < json.size() && (static_cast<unsigned char>(json[at + length]) & 0xC0U) == 0x80U) ++length;
    const std::string_view character = json.substr(at, length);
    at += length;
    if (static_cast<unsigned char>(character[0]) < 0x7F) {
      safe += character;
      continue;
    }
    const std::string display = to_display(character);
    if (display == character) {
      safe += character;
      continue;
    }
    // What to_display would not show is `\u{hex}`.
    const auto code = static_cast<std::uint32_t>(std::stoul(display.substr(3), nullptr, 16));
    if (code < 0x10000) {
      append_unit(safe, code);
    } else {
      append_unit(safe, 0xD800 + ((code - 0x10000) >> 10U));
      append_unit(safe, 0xDC00 + ((code - 0x10000) & 0x3FFU));
    }
  }
  return safe;
}

std::string summarise(const Entry& entry) {
  if (entry.verdict == "Mutated") return summarise_changes(entry);
  const std::string why = entry.problems.empty() ? shown(entry.message) : summarise_problems(entry.problems);
  return why.empty() ? shown(entry.reason) : fmt::format("{}: {}", shown(entry.reason), why);
}

std::vector<Column> entry_columns() {
  return {{.heading = "TIME", .least = 20},
          {.heading = "VERDICT", .least = 9},
          {.heading = "OBJECT", .least = 20},
          {.heading = "FOR", .least = 12, .cut = Column::Cut::Start, .need = Column::Need::IfRoom},
          {.heading = "WHAT AND WHY", .least = 24}};
}

std::vector<Cell> to_row(const Entry& entry) {
  return {{to_text(std::chrono::floor<std::chrono::seconds>(entry.time)), {}},
          {shown(entry.verdict), colour_of(entry.verdict)},
          {object_of(entry), {}},
          {shown(entry.owner.empty() ? entry.user : entry.owner), {}},
          {(entry.dry_run ? "dry run: " : "") + summarise(entry), {}}};
}

std::string entry_csv_header() {
  return "time,uid,dryRun,operation,kind,namespace,name,generateName,owner,user,caller,verdict,reason,message,rules,"
         "cpuMilliBefore,cpuMilliAfter,memoryBytesBefore,memoryBytesAfter,gpusBefore,gpusAfter,policy,latencyUs\n";
}

std::string to_csv_line(const Entry& entry) {
  Sum sum;
  for (const EntryChange& change : entry.changes) audit::add(sum, change);
  return join_csv({to_text(entry.time),
                   to_csv(entry.uid),
                   entry.dry_run ? "true" : "false",
                   to_csv(entry.operation),
                   to_csv(entry.kind),
                   to_csv(entry.name_space),
                   to_csv(entry.name),
                   to_csv(entry.generate_name),
                   to_csv(entry.owner),
                   to_csv(entry.user),
                   to_csv(entry.caller),
                   to_csv(entry.verdict),
                   to_csv(entry.reason),
                   to_csv(entry.message),
                   to_csv(rules_of(entry)),
                   std::to_string(sum.before.cpu.count()),
                   std::to_string(sum.after.cpu.count()),
                   std::to_string(sum.before.memory.count()),
                   std::to_string(sum.after.memory.count()),
                   std::to_string(sum.before.gpu.count()),
                   std::to_string(sum.after.gpu.count()),
                   to_csv(entry.policy),
                   std::to_string(entry.latency.count())});
}

std::string_view to_word(Key key) {
  switch (key) {
    case Key::Namespace:
      return "namespace";
    case Key::Rule:
      return "rule";
    case Key::Verdict:
      return "verdict";
    case Key::Reason:
      return "reason";
    case Key::Problem:
      return "problem";
    case Key::Owner:
      return "owner";
    case Key::User:
      return "user";
    case Key::Caller:
      return "caller";
    case Key::Kind:
      return "kind";
  }
  return "";
}

std::vector<Column> sum_columns(Key key) {
  const auto number = [](std::string title, Column::Need need = Column::Need::Always) {
    return Column{.heading = std::move(title), .align = Column::Align::Right, .need = need};
  };
  const Column name{.heading = heading(key), .least = 12};
  switch (key) {
    case Key::Rule:
      return {name, number("RECORDS"), number("CHANGES"), number("CPU"), number("MEMORY"), number("GPUS")};
    case Key::Problem:
    case Key::Reason:
      return {name, number("RECORDS"), {.heading = "FOR EXAMPLE", .least = 20}};
    default:
      return {name,
              number("RECORDS"),
              number("MUTATED"),
              number("REJECTED"),
              number("CPU ASKED", Column::Need::IfRoom),
              number("CPU"),
              number("MEMORY ASKED", Column::Need::IfRoom),
              number("MEMORY"),
              number("GPUS ASKED", Column::Need::IfRoom),
              number("GPUS")};
  }
}

std::vector<Cell> to_row(Key key, const NamedSum& named) {
  const Sum& sum = named.sum;
  const std::string_view nameless = key == Key::Rule ? "(taken back)" : "-";
  const Cell name{named.name.empty() ? std::string(nameless) : shown(named.name), {}};
  const Cell records{count(sum.entries), {}};
  const Cell cpu{change(sum.before.cpu, sum.after.cpu), {}};
  const Cell memory{change(sum.before.memory, sum.after.memory), {}};
  const Cell gpus{change(sum.before.gpu, sum.after.gpu), {}};
  switch (key) {
    case Key::Rule:
      return {name, records, {count(sum.changes), {}}, cpu, memory, gpus};
    case Key::Problem:
    case Key::Reason:
      return {name, records, {shown(sum.example), {}}};
    default:
      return {name,
              records,
              {count(sum.mutated), {}},
              {count(sum.rejected), sum.rejected == 0 ? "" : "31"},
              {amount(sum.asked.cpu), {}},
              cpu,
              {amount(sum.asked.memory), {}},
              memory,
              {amount(sum.asked.gpu), {}},
              gpus};
  }
}

std::string sum_csv_header() {
  std::vector<std::string> cells = {"by", "name"};
  for (const Number& number : numbers_of({})) cells.emplace_back(number.name);
  cells.emplace_back("example");
  return join_csv(cells);
}

std::string to_csv_line(Key key, const NamedSum& named) {
  std::vector<std::string> cells = {std::string(to_word(key)), to_csv(named.name)};
  for (const Number& number : numbers_of(named.sum)) cells.push_back(std::to_string(number.value));
  cells.push_back(to_csv(named.sum.example));
  return join_csv(cells);
}

void write_members(json::Writer& writer, const Sum& sum) {
  for (const Number& number : numbers_of(sum)) writer.member(number.name, number.value);
  if (!sum.example.empty()) writer.member("example", shown(sum.example));
}

}  // namespace plimsoll::webhook
