#include "webhook/compose/audit_log.hpp"

#include <CLI/CLI.hpp>

#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/quantity.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

// As many bytes as the hash has: a shorter key would be the weakest part (RFC 2104, section 3).
constexpr std::size_t kShortestKey = 32;
constexpr std::size_t kLongestKey = 4096;
// A smaller file could not hold one record of a usual Job.
constexpr Bytes kLeastSize{std::int64_t{64} << 10};

}  // namespace

void declare_audit_log(CLI::App& command, AuditLogOptions& options) {
  command.add_option("--audit-log", options.file, "a JSON line per decision; -: standard output")
      ->type_name("FILE")
      ->capture_default_str();
  auto* max_size =
      command
          .add_option("--audit-log-max-size", options.max_size, "rotate the file before it is larger, such as 100Mi")
          ->type_name("SIZE");
  command.add_option("--audit-log-max-backups", options.max_backups, "rotated files that are kept, FILE.1 the newest")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->needs(max_size);
  command.add_option("--audit-input", options.input, "redacted: keep what `plimsoll audit replay` needs")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"none", "redacted"}))
      ->capture_default_str();
  auto* chain =
      command.add_flag("--audit-chain", options.chain, "chain the lines by their hashes: plimsoll audit verify");
  command.add_option("--audit-chain-key-file", options.chain_key_file, "make the hashes with this secret (HMAC)")
      ->type_name("FILE")
      ->needs(chain);
}

Result<std::string> load_chain_key(const std::string& path) {
  PLIMSOLL_TRY(key, load_file(path));
  // `openssl rand -hex 32 > key` and editors end a file with a line break that is no part of the secret.
  while (key.ends_with('\n') || key.ends_with('\r')) key.pop_back();
  if (key.size() < kShortestKey) {
    return fail(ErrorCode::Invalid, "holds less than 32 bytes, which can be guessed; make one: openssl rand -hex 32",
                display_name(path));
  }
  if (key.size() > kLongestKey) return fail(ErrorCode::Invalid, "holds more than 4096 bytes", display_name(path));
  return std::move(key);
}

Result<telemetry::AuditOptions> find_audit_log(const AuditLogOptions& options) {
  telemetry::AuditOptions found{.path = options.file, .max_backups = options.max_backups};
  if (options.input == "redacted") found.input = audit::RecordedInput::Redacted;
  if (options.chain) found.chaining = telemetry::Chaining::Hashes;
  if (!options.chain_key_file.empty()) {
    PLIMSOLL_TRY(key, load_chain_key(options.chain_key_file));
    found.chain_key = std::move(key);
  }
  if (!options.max_size.empty()) {
    const std::string flag = "--audit-log-max-size";
    const Result<Bytes> size = parse_quantity(options.max_size).and_then(to_bytes);
    if (!size) return fail(size.error().code, size.error().message, flag);
    if (*size < kLeastSize) return fail(ErrorCode::Invalid, "must be at least " + to_text(kLeastSize), flag);
    if (options.file == "-")
      return fail(ErrorCode::Invalid, "standard output is not rotated: say --audit-log FILE", flag);
    found.max_size = static_cast<std::uint64_t>(size->count());
  }
  return found;
}

}  // namespace plimsoll::webhook
