#include "plimsoll/plan/plan.hpp"

#include "rule.hpp"

namespace plimsoll::plan {
namespace {

constexpr Rule kRules[] = {
    {"resources", rules::resources},     {"gpu", rules::gpu},           {"priority", rules::priority},
    {"tolerations", rules::tolerations}, {"affinity", rules::affinity}, {"placement", rules::placement},
    {"runtime", rules::runtime},
};

Input make_input(const workload::Workload& workload, const estimate::Estimate& estimate,
                 const config::Settings& settings, const Creator& creator) {
  Input input{.workload = workload,
              .estimate = estimate,
              .settings = settings,
              .creator = creator,
              .subject = make_subject(workload, estimate),
              .foreign_sizing = find_foreign_sizing(workload),
              .gpu = choose_gpu(workload, estimate, settings),
              .band = {},
              .wanted_containers = {}};
  input.band = choose_band(input);
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
  const Input input = make_input(workload, estimate, settings, creator);
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

bool holds(const config::Condition& condition, const workload::Workload& workload, const estimate::Estimate& estimate,
           const Creator& creator) {
  return holds(condition, make_subject(workload, estimate), workload, estimate, creator);
}

}  // namespace plimsoll::plan
