#include "plimsoll/plan/plan.hpp"

#include <algorithm>

#include "rule.hpp"

namespace plimsoll::plan {
namespace {

constexpr Rule kRules[] = {
#define PLIMSOLL_RULE(function, name) {name, rules::function},
#include "rules.def"
#undef PLIMSOLL_RULE
};

Input make_input(const workload::Workload& workload, const estimate::Estimate& estimate,
                 const config::Settings& settings, const Creator& creator) {
  Input input{.workload = workload,
              .estimate = estimate,
              .settings = settings,
              .creator = creator,
              .subject = make_subject(workload, estimate),
              .foreign_sizing = find_foreign_sizing(workload),
              .gpu = {},
              .band = {},
              .kueue = {},
              .volcano = nullptr,
              .wanted_containers = {}};
  return input;
}

Input make_whole_input(const workload::Workload& workload, const estimate::Estimate& estimate,
                       const config::Settings& settings, const Creator& creator) {
  Input input = make_input(workload, estimate, settings, creator);
  input.gpu = choose_gpu(input);
  input.band = choose_band(input);
  input.kueue = choose_kueue(input);
  input.volcano = choose_volcano(input);
  return input;
}

}  // namespace

std::vector<std::string_view> rule_names() {
  std::vector<std::string_view> names;
  for (const Rule& rule : kRules) names.push_back(rule.name);
  return names;
}

Plan make_plan(const workload::Workload& workload, const estimate::Estimate& estimate, const config::Settings& settings,
               const Creator& creator) {
  const Input input = make_whole_input(workload, estimate, settings, creator);
  Outcome out;
  constexpr std::size_t kUsual = 16;
  out.changes.reserve(kUsual);
  for (const Rule& rule : kRules) {
    const std::size_t before = out.changes.size();
    rule.apply(input, out);
    for (std::size_t i = before; i < out.changes.size(); ++i) out.changes[i].rule = rule.name;
  }
  return {std::move(out.changes), std::move(out.warnings)};
}

Plan make_plan_for_containers(const workload::Workload& workload, const estimate::Estimate& estimate,
                              const config::Settings& settings, const Creator& creator,
                              const std::vector<bool>& wanted) {
  Input input = make_input(workload, estimate, settings, creator);
  input.wanted_containers = wanted;
  Outcome out;
  rules::resources(input, out);
  for (Change& change : out.changes) change.rule = "resources";
  return {std::move(out.changes), std::move(out.warnings)};
}

void weigh_gpus(const workload::Workload& workload, const config::Settings& settings, const Creator& creator,
                estimate::Reading& reading) {
  const auto has_gpus = [](const estimate::ContainerEstimate& e) { return e.gpu && e.gpu->value > GpuCount(0); };
  if (std::ranges::none_of(reading.estimate.containers, has_gpus)) return;
  const GpuChoice choice = choose_gpu(make_input(workload, reading.estimate, settings, creator));
  for (const GpuChoice::Misfit& misfit : choice.misfits) {
    estimate::ContainerEstimate& asked = reading.estimate.containers[misfit.container];
    estimate::Problem problem{estimate::Problem::Reason::AboveMaximum, {}, {}, misfit.message};
    if (asked.gpu_memory) {
      problem.where = asked.gpu_memory->origin.where;
      problem.value = to_text(asked.gpu_memory->value);
      asked.gpu_memory.reset();
    } else {
      problem.where = asked.gpu->origin.where;
      problem.value = to_text(asked.gpu->value);
      asked.gpu.reset();
    }
    if (reading.problems.size() < estimate::kMaxProblems) reading.problems.push_back(std::move(problem));
  }
}

bool holds(const config::Condition& condition, const workload::Workload& workload, const estimate::Estimate& estimate,
           const Creator& creator) {
  return holds(condition, make_subject(workload, estimate), workload, estimate, creator);
}

}  // namespace plimsoll::plan
