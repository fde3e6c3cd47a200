#include "webhook/audit/flags.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "plimsoll/decide/decide.hpp"

namespace plimsoll::webhook {
namespace {

using audit::DryRuns;
using decide::Verdict;

constexpr std::array<std::pair<std::string_view, DryRuns>, 3> kDryRuns = {
    {{"include", DryRuns::Included}, {"exclude", DryRuns::Excluded}, {"only", DryRuns::Only}}};

/// In CLI11's terms: what is wrong with a verdict, or nothing. The other words are not checked, as there may be new
/// ones.
std::string refuse_unknown_verdict(const std::string& text) {
  std::vector<std::string_view> known;
  for (const Verdict verdict :
       {Verdict::Mutated, Verdict::Unchanged, Verdict::Skipped, Verdict::Rejected, Verdict::Failed}) {
    known.push_back(decide::to_text(verdict));
  }
  const bool is_pattern = text.find_first_of("*?") != std::string::npos;
  for (const std::string_view verdict : known) {
    if (is_pattern || CLI::detail::to_lower(text) == CLI::detail::to_lower(std::string(verdict))) return {};
  }
  std::string message = plimsoll::quoted(text) + " is no verdict, which are:";
  for (const std::string_view verdict : known) message += " " + std::string(verdict);
  return message;
}

std::string refuse_unknown_choice(const std::string& text) {
  for (const auto& [word, choice] : kDryRuns) {
    if (word == text) return {};
  }
  return plimsoll::quoted(text) + " is none of include, exclude and only";
}

CLI::Option* add_patterns(CLI::App& command, const std::string& name, std::vector<std::string>& patterns,
                          const std::string& description) {
  // One value for each flag: what follows it is a file.
  return command.add_option(name, patterns, description)->allow_extra_args(false)->delimiter(',')->type_name("NAME");
}

}  // namespace

void declare_filter(CLI::App& command, FilterFlags& flags) {
  audit::Filter& filter = flags.filter;
  add_patterns(command, "-n,--namespace", filter.namespaces, "of the object; * and ? stand for any characters");
  add_patterns(command, "--verdict", filter.verdicts, "mutated, unchanged, skipped, rejected or failed")
      ->check(refuse_unknown_verdict)
      ->type_name("VERDICT");
  add_patterns(command, "--reason", filter.reasons, "of the verdict or of a problem, such as BadEstimate, OutOfRange")
      ->type_name("REASON");
  add_patterns(command, "--rule", filter.rules, "of a change, such as gpu")->type_name("RULE");
  add_patterns(command, "--kind", filter.kinds, "of the object")->type_name("KIND");
  add_patterns(command, "--name", filter.names, "of the object, or what its name is made from");
  add_patterns(command, "--owner", filter.owners, "the controlling owner, such as CronJob/nightly");
  add_patterns(command, "--user", filter.users, "who sent the request");
  add_patterns(command, "--caller", filter.callers, "who sent the review, by certificate or token");
  add_patterns(command, "--uid", filter.uids, "of the review")->type_name("UID");
  command.add_option("--since", flags.since, "not before: RFC 3339, or how long ago, such as 2h")->type_name("TIME");
  command.add_option("--until", flags.until, "before: the same")->type_name("TIME");
  command
      .add_option_function<std::string>(
          "--dry-run",
          [&filter](const std::string& text) {
            for (const auto& [word, choice] : kDryRuns) {
              if (word == text) filter.dry_runs = choice;
            }
          },
          "include (default), exclude or only")
      ->check(refuse_unknown_choice)
      ->type_name("CHOICE");
}

Result<audit::Filter> make_filter(const FilterFlags& flags, TimePoint now) {
  audit::Filter filter = flags.filter;
  for (const auto& [text, flag, instant] :
       {std::tuple{&flags.since, "--since", &filter.since}, std::tuple{&flags.until, "--until", &filter.until}}) {
    if (text->empty()) continue;
    auto parsed = audit::parse_instant(*text, now);
    if (!parsed) return fail(parsed.error().code, std::move(parsed).error().message, flag);
    *instant = *parsed;
  }
  return filter;
}

}  // namespace plimsoll::webhook
