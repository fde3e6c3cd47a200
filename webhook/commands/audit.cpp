#include "webhook/commands/audit.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include "plimsoll/audit/chain.hpp"
#include "plimsoll/audit/entry.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/audit/log_reader.hpp"
#include "webhook/audit/text.hpp"
#include "webhook/output/progress.hpp"
#include "webhook/output/table.hpp"

namespace plimsoll::webhook {
namespace {

using audit::Entry;
using audit::Key;
using Output = AuditOptions::Output;

// How long a line may wait in a file that is followed.
constexpr std::chrono::milliseconds kPollPause{200};
// A file that is no audit log at all would fill a screen.
constexpr std::uint64_t kMaxComplaints = 5;

/// While it lives, SIGINT and SIGTERM are waited for instead of ending the program, as following ends by them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigprocmask(SIG_BLOCK, &set_, &before_);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  /// Waits; true when one came.
  [[nodiscard]] bool wait(std::chrono::milliseconds pause) const {
    const timespec time{.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(pause).count()};
    return sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

/// Where the entries go that were asked for.
class Listing {
 public:
  Listing(const AuditOptions& options, Stream& out)
      : output_(options.output), out_(out), table_(entry_columns(), options.width, options.style, out) {
    if (output_ == Output::Csv) out_ << entry_csv_header();
  }

  void add(const Entry& entry, std::string_view line) {
    switch (output_) {
      case Output::Table:
        table_.add(to_row(entry));
        break;
      case Output::Json:
        out_ << to_safe_json(line) + "\n";
        break;
      case Output::Csv:
        out_ << to_csv_line(entry);
        break;
    }
  }

  void flush() {
    table_.flush();
    out_.flush();
  }

 private:
  Output output_;
  Stream& out_;
  Table table_;
};

/// One table of sums under its title.
struct Section {
  std::string_view title;
  Key key;
};
constexpr std::array<Section, 4> kOverview = {{{"Who asked for what", Key::Namespace},
                                               {"What was changed", Key::Rule},
                                               {"What was not changed, and why", Key::Reason},
                                               {"What was wrong with estimates", Key::Problem}}};

/// Sums of the entries that were asked for, written at the end.
class Summary {
 public:
  explicit Summary(const AuditOptions& options) : options_(options) {
    if (options.sum_by) {
      sections_.push_back({{"", *options.sum_by}, audit::Sums(*options.sum_by)});
    } else {
      for (const Section& section : kOverview) sections_.push_back({section, audit::Sums(section.key)});
    }
  }

  void add(const Entry& entry) {
    audit::add(total_, entry);
    first_ = total_.entries == 1 ? entry.time : std::min(first_, entry.time);
    last_ = total_.entries == 1 ? entry.time : std::max(last_, entry.time);
    for (auto& [section, sums] : sections_) sums.add(entry);
  }

  void write(Stream& out) const {
    switch (options_.output) {
      case Output::Table:
        write_tables(out);
        break;
      case Output::Json:
        write_json(out);
        break;
      case Output::Csv:
        out << sum_csv_header();
        for (const auto& [section, sums] : sections_) {
          for (const audit::NamedSum& named : sums.sorted()) out << to_csv_line(section.key, named);
        }
        break;
    }
  }

 private:
  void write_tables(Stream& out) const {
    out << fmt::format("{} {}", total_.entries, total_.entries == 1 ? "record" : "records");
    if (total_.entries > 0) out << fmt::format(", {} to {}", to_text(first_), to_text(last_));
    std::string verdicts;
    const std::pair<std::uint64_t, std::string_view> counts[] = {{total_.mutated, "mutated"},
                                                                 {total_.unchanged, "unchanged"},
                                                                 {total_.skipped, "skipped"},
                                                                 {total_.rejected, "rejected"},
                                                                 {total_.failed, "failed"}};
    for (const auto& [count, verdict] : counts) {
      if (count > 0) verdicts += fmt::format("{}{} {}", verdicts.empty() ? ": " : ", ", count, verdict);
    }
    out << verdicts;
    if (total_.dry_runs > 0) out << fmt::format("; {} of them dry runs", total_.dry_runs);
    out << "\n";
    for (const auto& [section, sums] : sections_) {
      const std::vector<audit::NamedSum> all = sums.sorted();
      if (all.empty()) continue;
      const bool is_coloured = options_.style == Style::Coloured;
      if (!section.title.empty()) {
        out << fmt::format("\n{}{}{}", is_coloured ? "\033[4m" : "", section.title, is_coloured ? "\033[0m" : "");
      }
      out << "\n";
      Table table(sum_columns(section.key), options_.width, options_.style, out);
      for (const audit::NamedSum& named : all) table.add(to_row(section.key, named));
      table.flush();
    }
  }

  void write_json(Stream& out) const {
    json::Writer w;
    w.begin_object();
    if (total_.entries > 0) w.member("from", to_text(first_)).member("to", to_text(last_));
    w.key("total").begin_object();
    write_members(w, total_);
    w.end_object().key("by").begin_object();
    for (const auto& [section, sums] : sections_) {
      w.key(to_word(section.key)).begin_array();
      for (const audit::NamedSum& named : sums.sorted()) {
        w.begin_object().member("name", to_display(named.name, kNoLimit));
        write_members(w, named.sum);
        w.end_object();
      }
      w.end_array();
    }
    w.end_object().end_object();
    out << std::move(w).take() + "\n";
  }

  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

  const AuditOptions& options_;
  std::vector<std::pair<Section, audit::Sums>> sections_;
  audit::Sum total_;
  TimePoint first_;
  TimePoint last_;
};

/// One run of the command.
class Reading {
 public:
  Reading(const AuditOptions& options, audit::Filter filter, Stream& out)
      : options_(options), filter_(std::move(filter)), out_(out) {
    if (options.sum) {
      summary_.emplace(options);
    } else {
      listing_.emplace(options, out);
    }
    if (options.follow) signals_.emplace();
    out_.before_writing([this] { progress_.hide(); });
  }

  Report run() && {
    const std::vector<std::string> standard_input = {"-"};
    for (const std::string& file : options_.files.empty() ? standard_input : options_.files) {
      if (is_over_ || !out_.is_open()) break;
      read(file);
    }
    if (summary_) summary_->write(out_);
    if (listing_) listing_->flush();
    if (malformed_ > kMaxComplaints) complain(fmt::format("{} lines are no audit records", malformed_));
    progress_.hide();
    out_.finish(report_);
    out_.before_writing({});
    return std::move(report_);
  }

 private:
  void read(const std::string& file) {
    auto reader = LogReader::open(file, {.follow = options_.follow,
                                         .on_idle = [this] { return go_on(); },
                                         .on_progress =
                                             [this](const LogReader& at) {
                                               progress_.show(at.bytes_read(), at.size());
                                               if (signals_ && signals_->wait({})) is_over_ = true;
                                             },
                                         .on_notice = [this](std::string_view notice) { complain(notice); }});
    if (!reader) return refuse(reader.error());
    while (!is_over_ && out_.is_open()) {
      const auto line = reader->next();
      if (!line) return refuse(line.error());
      if (!*line) break;
      take(*reader, **line);
    }
  }

  void take(const LogReader& reader, std::string_view line) {
    if (audit::is_event(line)) return;
    const Result<Entry> entry = audit::decode_record(std::string(line));
    if (!entry) {
      report_.exit_code = worse(report_.exit_code, ExitCode::Unusable);
      if (++malformed_ > kMaxComplaints) return;
      const Error& error = entry.error();
      complain(fmt::format("{}:{}: no audit record: {}{}", reader.name(), reader.line_number(),
                           error.where.empty() ? "" : error.where + ": ", error.message));
      return;
    }
    if (!audit::matches(filter_, *entry)) return;
    if (summary_) summary_->add(*entry);
    if (listing_) listing_->add(*entry, line);
  }

  /// Nothing can be read now: what there is has to be seen.
  bool go_on() {
    if (listing_) listing_->flush();
    if (!options_.follow) return out_.is_open();
    if (out_.has_lost_reader() || signals_->wait(kPollPause)) is_over_ = true;
    return !is_over_ && out_.is_open();
  }

  void refuse(const Error& error) {
    complain(fmt::format("{}: {}", error.where, error.message));
    report_.exit_code = worse(report_.exit_code, ExitCode::Unusable);
  }

  // At once: whoever follows a log does not wait for a report.
  void complain(std::string_view what) {
    progress_.hide();
    Stream err(STDERR_FILENO);
    err << fmt::format("{}\n", what);
    err.flush();
  }

  const AuditOptions& options_;
  audit::Filter filter_;
  Stream& out_;
  std::optional<Listing> listing_;
  std::optional<Summary> summary_;
  std::optional<StopSignals> signals_;
  Progress progress_;
  Report report_;
  std::uint64_t malformed_ = 0;
  bool is_over_ = false;
};

constexpr const char* kFooter =
    R"(Files are audit logs as `plimsoll serve --audit-log` writes them, gzip or not; without one, or
for -, standard input. A flag given several times, or a list with commas, means any of them;
different flags all have to hold. Lines that are no records are counted, named on standard
error and passed over.

Output:
  table  a line per record, as wide as the terminal
  json   the records as they are in the log, a line each; with sums one object
  csv    for spreadsheets; amounts are plain numbers

Sums: --sum says who asked for what, what was changed by which rule, what was not and why;
--by one of namespace, rule, verdict, reason, problem, owner, user, caller, kind. Amounts are those
of mutated objects without dry runs, of one Pod each: the estimates, and the requests that were
changed, before → after.

Exit codes: 0 all was read (also when interrupted while following), 2 unusable flags or files,
or lines that are no records, 1 our own failure.

Examples:
  plimsoll audit audit.jsonl --verdict rejected --since 24h
  plimsoll audit audit.jsonl.*.gz audit.jsonl --sum
  plimsoll audit audit.jsonl -n research --by owner -o csv
  plimsoll audit -F audit.jsonl --rule gpu
  kubectl logs -f deploy/plimsoll -n plimsoll | plimsoll audit -n research)";

constexpr std::array<std::pair<std::string_view, Output>, 3> kOutputs = {
    {{"table", Output::Table}, {"json", Output::Json}, {"csv", Output::Csv}}};
constexpr std::array kKeys = {Key::Namespace, Key::Rule, Key::Verdict, Key::Reason, Key::Problem,
                              Key::Owner,     Key::User, Key::Caller,  Key::Kind};

std::optional<Output> find_output(std::string_view name) {
  for (const auto& [known, output] : kOutputs) {
    if (known == name) return output;
  }
  return std::nullopt;
}

std::optional<Key> find_key(std::string_view name) {
  for (const Key key : kKeys) {
    if (to_word(key) == name) return key;
  }
  return std::nullopt;
}

std::string refuse_unknown_output(const std::string& name) {
  return find_output(name) ? std::string() : plimsoll::quoted(name) + " is no format, which are: table json csv";
}

std::string refuse_unknown_key(const std::string& name) {
  if (find_key(name)) return {};
  std::string message = plimsoll::quoted(name) + " is nothing to sum up by, which are:";
  for (const Key key : kKeys) message += " " + std::string(to_word(key));
  return message;
}

}  // namespace

Report read_audit_log(const AuditOptions& options, Stream& out) {
  const auto refuse = [](std::string err) { return Report{{}, std::move(err), ExitCode::Unusable}; };
  if (options.follow && (options.files.size() != 1 || options.files.front() == "-")) {
    return refuse("--follow: needs one file; standard input is read as it comes without it\n");
  }
  if (options.follow && options.sum) return refuse("--follow: sums are known at the end, which does not come\n");
  const TimePoint now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Result<audit::Filter> filter = make_filter(options.filter, now);
  if (!filter) return refuse(fmt::format("{}: {}\n", filter.error().where, filter.error().message));
  return Reading(options, std::move(*filter), out).run();
}

Action declare_audit(CLI::App& command) {
  const auto options = std::make_shared<AuditOptions>();
  command.add_option("FILE", options->files, "audit logs; - is standard input, as is none");
  declare_filter(command, options->filter);
  command
      .add_option_function<std::string>(
          "-o,--output", [options](const std::string& name) { options->output = *find_output(name); },
          "table (default), json or csv")
      ->check(refuse_unknown_output)
      ->type_name("FORMAT");
  command.add_flag("--sum", options->sum, "sums instead of records");
  command
      .add_option_function<std::string>(
          "--by",
          [options](const std::string& name) {
            options->sum = true;
            options->sum_by = find_key(name);
          },
          "sums by one thing, such as namespace, rule or reason")
      ->check(refuse_unknown_key)
      ->type_name("THING");
  command.add_flag("-F,--follow", options->follow, "go on as the file grows, through rotations, until interrupted");
  command.footer(kFooter);
  return [options] {
    options->style = detect_style();
    options->width = detect_width();
    Stream out(STDOUT_FILENO);
    return read_audit_log(*options, out);
  };
}

}  // namespace plimsoll::webhook
