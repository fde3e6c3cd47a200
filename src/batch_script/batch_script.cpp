#include "plimsoll/batch_script/batch_script.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "dialects.hpp"
#include "directives.hpp"

namespace plimsoll::batch_script {
namespace {

void sort_by_place(std::vector<Remark>& remarks) {
  std::ranges::stable_sort(remarks, {},
                           [](const Remark& remark) { return std::tuple(remark.place.line, remark.place.column); });
}

// The order in which people think of them.
void sort_by_key(std::vector<Estimate>& estimates) {
  constexpr std::string_view kKeys[] = {"duration", "cpu",       "memory",   "ephemeral-storage",
                                        "gpu",      "gpu-model", "deadline", "family"};
  std::ranges::sort(estimates, {}, [&](const Estimate& estimate) { return std::ranges::find(kKeys, estimate.key); });
}

}  // namespace

Result<Script, std::vector<Remark>> parse_script(std::string_view text) {
  Findings findings;
  const Directives directives = find_directives(text, findings);
  Script script;
  script.scheduler = directives.scheduler;
  if (directives.lines.empty() && findings.problems.empty()) {
    // What looked like directives explains why there are none.
    findings.problems = std::move(findings.warnings);
    findings.refuse({1, 1}, {}, "there is no #SBATCH or #PBS directive before the first command");
  }
  if (script.scheduler == Scheduler::Slurm) {
    translate_slurm(directives, script, findings);
  } else {
    translate_pbs(directives, script, findings);
  }
  sort_by_place(findings.problems);
  if (!findings.problems.empty()) return Unexpected{std::move(findings.problems)};
  sort_by_key(script.estimates);
  sort_by_place(findings.warnings);
  sort_by_place(findings.untranslated);
  script.warnings = std::move(findings.warnings);
  script.untranslated = std::move(findings.untranslated);
  return script;
}

}  // namespace plimsoll::batch_script
