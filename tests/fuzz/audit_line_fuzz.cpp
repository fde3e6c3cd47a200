// Lines of an audit log, which may come from anywhere: read, filtered, summed up, verified and replayed.
#include <algorithm>

#include "demand.hpp"
#include "plimsoll/audit/chain.hpp"
#include "plimsoll/audit/entry.hpp"
#include "plimsoll/audit/filter.hpp"
#include "plimsoll/audit/replay.hpp"
#include "plimsoll/audit/sums.hpp"

namespace plimsoll::fuzz {
namespace {

void try_record(const std::string& line) {
  static const decide::Snapshot kWorld{std::make_shared<const config::Policy>(config::default_policy())};
  const auto entry = audit::decode_record(line);
  if (!entry) return demand(!entry.error().message.empty(), "a refusal says why");

  // Its own words as patterns; a name with a backslash or a star in it need not match itself.
  const audit::Filter filter{.names = {entry->name + "*"}, .owners = {"*" + entry->owner}, .users = {entry->user}};
  static_cast<void>(audit::matches(filter, *entry));
  demand(audit::matches({}, *entry), "a filter without conditions leaves an entry out");
  for (const audit::Key key : {audit::Key::Namespace, audit::Key::Rule, audit::Key::Verdict, audit::Key::Reason,
                               audit::Key::Problem, audit::Key::Owner, audit::Key::User, audit::Key::Kind}) {
    audit::Sums sums(key);
    sums.add(*entry);
    static_cast<void>(sums.sorted());
  }
  if (const auto replayed = audit::replay(line, kWorld)) {
    audit::ReplayTotals totals;
    totals.add(*replayed);
    totals.add(*replayed);
  }
}

// All of the input, as a file whose lines may be chained.
void try_chain(std::string_view lines) {
  audit::ChainReader reader;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const auto ended =
        end == std::string_view::npos ? audit::ChainReader::End::OfFile : audit::ChainReader::End::LineBreak;
    reader.read(lines.substr(0, end), ended);
    static_cast<void>(audit::is_event(lines.substr(0, end)));
    lines.remove_prefix(std::min(lines.size(), end == std::string_view::npos ? end : end + 1));
  }
  const audit::ChainReport report = std::move(reader).finish();
  demand(!report.fault || report.fault->line <= report.lines, "a fault beyond the end");
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string input = plimsoll::fuzz::to_string(bytes, size);
  plimsoll::fuzz::try_record(input);
  plimsoll::fuzz::try_chain(input);
  return 0;
}
