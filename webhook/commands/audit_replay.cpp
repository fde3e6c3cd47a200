#include "webhook/commands/audit_replay.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "plimsoll/audit/chain.hpp"
#include "plimsoll/audit/replay.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/audit/log_reader.hpp"
#include "webhook/audit/text.hpp"
#include "webhook/input/policy_file.hpp"
#include "webhook/output/progress.hpp"
#include "webhook/output/table.hpp"

namespace plimsoll::webhook {
namespace {

using audit::ChangeDifference;
using audit::Footprint;
using audit::Replayed;
using audit::ReplayTotals;

constexpr std::uint64_t kMaxComplaints = 5;
// As much of a value as a line can take; -o json has all of it.
constexpr std::size_t kValueLimit = 80;

std::string name_of(const audit::Entry& entry) {
  const std::string& name = entry.name.empty() ? entry.generate_name + "*" : entry.name;
  return fmt::format("{} {}/{}", entry.kind, entry.name_space, name);
}

std::string shown(const std::string& json) {
  if (json.empty()) return "nothing";
  const bool is_text = json.size() >= 2 && json.front() == '"';
  return to_display(is_text ? std::string_view(json).substr(1, json.size() - 2) : json, kValueLimit);
}

std::string describe_verdict(const audit::Entry& entry) {
  return entry.reason.empty() ? entry.verdict : fmt::format("{} ({})", entry.verdict, entry.reason);
}

std::string describe(const Replayed& replayed) {
  const audit::Entry& before = replayed.before;
  const audit::Entry& after = replayed.after;
  std::vector<std::string> parts;
  if (before.verdict != after.verdict || before.reason != after.reason) {
    const bool says_why = after.verdict == decide::to_text(decide::Verdict::Rejected);
    parts.push_back(fmt::format("{} → {}{}", describe_verdict(before), describe_verdict(after),
                                says_why ? ": " + to_display(after.message, 200) : ""));
  }
  for (const ChangeDifference& change : replayed.changes) {
    parts.push_back(
        fmt::format("{}: {} → {}", to_display(change.path, 200), shown(change.before), shown(change.after)));
  }
  if (parts.empty()) parts.emplace_back("other warnings or problems");
  std::string line = fmt::format("{} {}: ", plimsoll::to_text(before.time), to_display(name_of(before), 400));
  for (const std::string& part : parts) line += (&part == parts.data() ? "" : "; ") + part;
  return line + "\n";
}

void write(json::Writer& w, const Footprint& footprint) {
  w.begin_object().member("cpu", to_text(footprint.cpu)).member("memory", to_text(footprint.memory));
  w.member("gpu", footprint.gpus.count()).end_object();
}

void write_value(json::Writer& w, std::string_view key, const std::string& json) {
  w.key(key).raw(json.empty() ? "null" : json);
}

std::string to_json(const Replayed& replayed) {
  json::Writer w;
  const audit::Entry& before = replayed.before;
  w.begin_object().member("time", plimsoll::to_text(before.time)).member("uid", before.uid).member("kind", before.kind);
  w.member("namespace", before.name_space).member("name", before.name).member("generateName", before.generate_name);
  for (const auto& [key, entry] : {std::pair("before", &replayed.before), std::pair("after", &replayed.after)}) {
    w.key(key).begin_object().member("verdict", entry->verdict).member("reason", entry->reason);
    w.member("message", entry->message).member("policy", entry->policy);
    w.key("requests");
    write(w, entry == &replayed.before ? replayed.footprint_before : replayed.footprint_after);
    w.end_object();
  }
  w.key("changes").begin_array();
  for (const ChangeDifference& change : replayed.changes) {
    w.begin_object().member("rule", change.rule).member("path", change.path);
    write_value(w, "before", change.before);
    write_value(w, "after", change.after);
    w.end_object();
  }
  w.end_array().end_object();
  return to_safe_json(w.text()) + "\n";
}

std::int64_t number(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

void write_members(json::Writer& w, const ReplayTotals::Sum& sum) {
  w.member("objects", number(sum.objects)).member("differing", number(sum.differing));
  w.member("newlyRejected", number(sum.newly_rejected)).member("newlyAllowed", number(sum.newly_allowed));
  w.key("before");
  write(w, sum.before);
  w.key("after");
  write(w, sum.after);
}

std::string to_json(const ReplayTotals& totals) {
  json::Writer w;
  w.begin_object().key("total").begin_object();
  write_members(w, totals.total);
  w.end_object().key("namespaces").begin_object();
  for (const auto& [name, sum] : totals.namespaces) {
    w.key(name).begin_object();
    write_members(w, sum);
    w.end_object();
  }
  w.end_object().key("rules").begin_object();
  for (const auto& [name, sum] : totals.rules) {
    w.key(name).begin_object().member("added", number(sum.added)).member("dropped", number(sum.dropped));
    w.member("altered", number(sum.altered)).end_object();
  }
  w.end_object().member("withoutInput", number(totals.without_input)).member("outOfTime", number(totals.out_of_time));
  w.member("failed", number(totals.failed));
  w.member("differingUnderSamePolicy", number(totals.differing_under_same_policy)).end_object();
  return to_safe_json(w.text()) + "\n";
}

template <class T>
std::string before_and_after(T before, T after) {
  return before == after ? to_text(before) : to_text(before) + " → " + to_text(after);
}

std::vector<Cell> to_cells(const std::string& name, const ReplayTotals::Sum& sum) {
  return {{to_display(name)},
          {std::to_string(sum.objects)},
          {std::to_string(sum.differing)},
          {std::to_string(sum.newly_rejected)},
          {std::to_string(sum.newly_allowed)},
          {before_and_after(sum.before.cpu, sum.after.cpu)},
          {before_and_after(sum.before.memory, sum.after.memory)},
          {before_and_after(sum.before.gpus, sum.after.gpus)}};
}

void write_tables(const ReplayTotals& totals, Stream& out) {
  constexpr auto kRight = Column::Align::Right;
  if (totals.total.differing > 0) out << "\n";
  Table namespaces({{.heading = "NAMESPACE"},
                    {.heading = "OBJECTS", .align = kRight},
                    {.heading = "DIFFER", .align = kRight},
                    {.heading = "NEWLY REFUSED", .align = kRight},
                    {.heading = "NEWLY ALLOWED", .align = kRight},
                    {.heading = "CPU"},
                    {.heading = "MEMORY"},
                    {.heading = "GPU"}},
                   0, Style::Plain, out);
  for (const auto& [name, sum] : totals.namespaces) namespaces.add(to_cells(name, sum));
  namespaces.add(to_cells("(all)", totals.total));
  namespaces.flush();
  if (!totals.rules.empty()) {
    out << "\n";
    Table rules({{.heading = "RULE"},
                 {.heading = "ADDED", .align = kRight},
                 {.heading = "DROPPED", .align = kRight},
                 {.heading = "OTHER VALUE", .align = kRight}},
                0, Style::Plain, out);
    for (const auto& [name, sum] : totals.rules) {
      rules.add({{name.empty() ? "(taken back)" : to_display(name)},
                 {std::to_string(sum.added)},
                 {std::to_string(sum.dropped)},
                 {std::to_string(sum.altered)}});
    }
    rules.flush();
  }
  out << "\n";
  const auto tell = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) out << fmt::format("{} {}\n", count, what);
  };
  tell(totals.without_input,
       "records hold no input: they were written without --audit-input=redacted, or it was too large");
  tell(totals.out_of_time, "records were let pass undecided when the caller's time was up: not replayed");
  tell(totals.differing_under_same_policy, "of those that differ were decided by this same policy, in another version");
  tell(totals.failed, "would fail Plimsoll's own check");
}

class Replaying {
 public:
  Replaying(const ReplayOptions& options, decide::Snapshot world, audit::Filter filter, Stream& out)
      : options_(options), world_(std::move(world)), filter_(std::move(filter)), out_(out) {
    out_.before_writing([this] { progress_.hide(); });
  }

  Report run() && {
    const std::vector<std::string> standard_input = {"-"};
    for (const std::string& file : options_.files.empty() ? standard_input : options_.files) {
      if (out_.is_open()) read(file);
    }
    if (malformed_ > kMaxComplaints) complain(fmt::format("{} lines cannot be replayed", malformed_));
    if (options_.output == ReplayOptions::Output::Json) {
      out_ << to_json(totals_);
    } else {
      write_tables(totals_, out_);
    }
    if (totals_.total.newly_rejected > 0) report_.exit_code = worse(report_.exit_code, ExitCode::Rejected);
    if (totals_.failed > 0) report_.exit_code = worse(report_.exit_code, ExitCode::Failure);
    progress_.hide();
    out_.finish(report_);
    out_.before_writing({});
    return std::move(report_);
  }

 private:
  void read(const std::string& file) {
    auto reader = LogReader::open(
        file, {.on_progress = [this](const LogReader& at) { progress_.show(at.bytes_read(), at.size()); }});
    if (!reader) return refuse(reader.error());
    while (out_.is_open()) {
      const auto line = reader->next();
      if (!line) return refuse(line.error());
      if (!*line) break;
      if (!audit::is_event(**line)) take(*reader, **line);
    }
  }

  void take(const LogReader& reader, std::string_view line) {
    const Result<Replayed> replayed = audit::replay(line, world_);
    if (!replayed) {
      report_.exit_code = worse(report_.exit_code, ExitCode::Unusable);
      if (++malformed_ > kMaxComplaints) return;
      const Error& error = replayed.error();
      return complain(fmt::format("{}:{}: cannot be replayed: {}{}", reader.name(), reader.line_number(),
                                  error.where.empty() ? "" : error.where + ": ", error.message));
    }
    if (!audit::matches(filter_, replayed->before)) return;
    totals_.add(*replayed);
    if (replayed->state == Replayed::State::NoInput && ++unnamed_ <= kMaxComplaints) {
      complain(fmt::format("{}:{}: {} holds no input", reader.name(), reader.line_number(),
                           to_display(name_of(replayed->before), 400)));
    }
    if (!replayed->differs) return;
    out_ << (options_.output == ReplayOptions::Output::Json ? to_json(*replayed) : describe(*replayed));
  }

  void refuse(const Error& error) {
    complain(fmt::format("{}: {}", error.where, error.message));
    report_.exit_code = worse(report_.exit_code, ExitCode::Unusable);
  }

  void complain(const std::string& what) { report_.err += what + "\n"; }

  const ReplayOptions& options_;
  decide::Snapshot world_;
  audit::Filter filter_;
  Stream& out_;
  Progress progress_;
  Report report_;
  ReplayTotals totals_;
  std::uint64_t malformed_ = 0;
  std::uint64_t unnamed_ = 0;
};

}  // namespace

Report replay_audit_log(const ReplayOptions& options, Stream& out) {
  config::Policy policy = config::default_policy();
  if (!options.policy_file.empty()) {
    Result<config::Policy, std::vector<std::string>> loaded = load_policy(options.policy_file);
    if (!loaded) {
      Report report{.out = {}, .err = {}, .exit_code = ExitCode::Unusable};
      for (const std::string& line : loaded.error()) report.err += line + "\n";
      return report;
    }
    policy = std::move(loaded).value();
  }
  const TimePoint now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Result<audit::Filter> filter = make_filter(options.filter, now);
  if (!filter) {
    return {{}, fmt::format("{}: {}\n", filter.error().where, filter.error().message), ExitCode::Unusable};
  }
  return Replaying(options, {std::make_shared<const config::Policy>(std::move(policy))}, std::move(*filter), out).run();
}

Action declare_audit_replay(CLI::App& command) {
  const auto options = std::make_shared<ReplayOptions>();
  const auto output = std::make_shared<std::string>("text");
  command.add_option("FILE", options->files, "audit logs, gzip too; - is standard input, as is none");
  command.add_option("--policy", options->policy_file, "policy file; none: the built-in policy")->type_name("FILE");
  declare_filter(command, options->filter);
  command.add_option("-o,--output", *output, "text or json, a line for each object and one for the sums")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command.footer(
      R"(Decides what `plimsoll serve --audit-input redacted` recorded again, each as of its time, and shows what
would be otherwise: a line for each object, then sums by namespace and by rule. CPU, MEMORY and GPU are what one pod of each
object requests, before and after; a refused object requests nothing. Dry runs, CronJobs, Pods whose Job was decided and
objects that came by a second time are not in these sums.

Exit codes: 0 nothing is newly refused, 3 something is, 2 input that cannot be used, 1 Plimsoll failed its own check.

Examples:
  plimsoll audit replay --policy new-policy.yaml audit.jsonl
  plimsoll audit replay --policy new-policy.yaml --namespace 'ml-*' -o json audit.jsonl.*.gz)");
  return [options, output] {
    options->output = *output == "json" ? ReplayOptions::Output::Json : ReplayOptions::Output::Text;
    Stream out(STDOUT_FILENO);
    return replay_audit_log(*options, out);
  };
}

}  // namespace plimsoll::webhook
