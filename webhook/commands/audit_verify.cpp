#include "webhook/commands/audit_verify.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "plimsoll/audit/chain.hpp"
#include "webhook/audit/log_reader.hpp"
#include "webhook/compose/audit_log.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

Result<audit::ChainReport> read_chain(const std::string& file, const std::string& key) {
  PLIMSOLL_TRY(log, LogReader::open(file));
  audit::ChainReader chain(key);
  while (true) {
    PLIMSOLL_TRY(line, log.next());
    if (!line) return std::move(chain).finish();
    chain.read(*line, log.is_unfinished() ? audit::ChainReader::End::OfFile : audit::ChainReader::End::LineBreak);
  }
}

std::string describe(const audit::ChainReport& report) {
  std::string text = fmt::format("{} lines in order, numbers {} to {} of chain {}", report.lines - report.uncovered,
                                 report.before->seq + 1, report.last->seq, report.last->chain);
  text +=
      report.is_closed ? "; the server's stop is the last" : "; no stop at the end: still written, killed, or cut off";
  return text + fmt::format("; last hash {}", report.last->hash);
}

void add_notes(const std::string& name, const audit::ChainReport& report, std::string& out) {
  const auto note = [&](const std::string& text) { out += fmt::format("{}: note: {}\n", name, text); };
  if (report.uncovered > 0) note(fmt::format("{} lines before the chain begins are not covered", report.uncovered));
  if (report.before && report.before->seq > 0)
    note(fmt::format("continues the file that ends with {}", report.before->hash));
  for (const std::string& text : report.notes) note(text);
  if (report.lost > 0) note(fmt::format("the server says that it lost {} records", report.lost));
}

}  // namespace

Report verify_audit_log(const VerifyOptions& options) {
  Report report;
  std::string key;
  if (!options.key_file.empty()) {
    Result<std::string> loaded = load_chain_key(options.key_file);
    if (!loaded) return {{}, fmt::format("{}: {}\n", loaded.error().where, loaded.error().message), ExitCode::Unusable};
    key = std::move(*loaded);
  }
  const std::vector<std::string> files = options.files.empty() ? std::vector<std::string>{"-"} : options.files;
  std::vector<audit::ChainReport> sound;
  std::vector<std::string> names;
  const auto reject = [&](const std::string& line) {
    report.out += line + "\n";
    report.exit_code = worse(report.exit_code, ExitCode::Rejected);
  };
  for (const std::string& file : files) {
    Result<audit::ChainReport> read = read_chain(file, key);
    const std::string name = display_name(file);
    if (!read) {
      report.err += fmt::format("{}: {}\n", read.error().where, read.error().message);
      report.exit_code = worse(report.exit_code, ExitCode::Unusable);
      continue;
    }
    if (read->fault) {
      reject(fmt::format("{}:{}: {}", name, read->fault->line, read->fault->what));
    } else if (!read->last) {
      reject(fmt::format("{}: holds no chain: {}", name, read->lines == 0 ? "it is empty" : "no line carries a hash"));
    } else {
      report.out += fmt::format("{}: {}\n", name, describe(*read));
      add_notes(name, *read, report.out);
      sound.push_back(std::move(*read));
      names.push_back(name);
    }
  }
  for (const audit::BrokenJoint& joint : audit::find_broken_joints(sound)) {
    reject(fmt::format("{}:{}: {}", names[joint.file], sound[joint.file].first_line, joint.what));
  }
  return report;
}

Action declare_audit_verify(CLI::App& command) {
  const auto options = std::make_shared<VerifyOptions>();
  command.add_option("FILE", options->files,
                     "chained audit logs, in any order, gzip too; - is standard input, as is none");
  command.add_option("--key-file", options->key_file, "the secret of --audit-chain-key-file")->type_name("FILE");
  command.footer(
      R"(Reads what `plimsoll serve --audit-chain` wrote and names the first line of each file that was changed,
removed, inserted or moved, or is torn; of several files also whether they follow one another.
What a chain proves, and what it cannot, is in docs/audit.md.

Exit codes: 0 all lines are in order, 2 a file cannot be read, 3 a line is not in order.

Examples:
  plimsoll audit verify audit.jsonl audit.jsonl.*
  plimsoll audit verify --key-file chain.key audit.jsonl)");
  return [options] { return verify_audit_log(*options); };
}

}  // namespace plimsoll::webhook
