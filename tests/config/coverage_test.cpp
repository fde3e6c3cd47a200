// Policies that contradict themselves, and what is told of them.
#include "coverage.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/text.hpp"

namespace plimsoll::config {
namespace {

using Lines = std::vector<std::string>;

Lines problems_of(std::string_view fields) {
  const auto policy = parse_policy("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n" + std::string(fields) + "\n");
  Lines lines;
  if (policy) return lines;
  for (const Problem& problem : policy.error()) lines.push_back(to_text(problem));
  return lines;
}

struct Case {
  std::string_view text;
  Lines want = {};
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    INFO(c.text);
    CHECK(problems_of(c.text) == c.want);
  }
}

TEST_CASE("a band that never matches is told, and one that may is not") {
  const auto never = [](std::string_view band) {
    return Lines{"6:5: priority.bands[1]: is never reached: band 0 (a) takes " + std::string(band)};
  };
  const Lines by_the_first = never("all that this one would");
  struct Bands {
    std::string_view first, second;
    Lines want = {};
  };
  const Bands cases[] = {
      {"{duration: '<=3h'}", "{duration: '<=5m'}", by_the_first},
      {"{duration: '<=3h'}", "{duration: '<3h'}", by_the_first},
      {"{duration: '<3h'}", "{duration: '<=3h'}"},
      {"{duration: '<3h'}", "{duration: '=2h'}", by_the_first},
      {"{duration: '!=2h'}", "{duration: '=2h'}"},
      {"{duration: '!=2h'}", "{duration: '<2h'}", by_the_first},
      {"{duration: '!=2h'}", "{duration: '<=2h'}"},
      {"{duration: '<=3h'}", "{gpu: '>0'}"},
      {"{duration: '>0s'}", "{duration: '>1h'}", by_the_first},
      {"{duration: '>0s'}", "{}"},
      {"{slack: '<1h'}", "{slack: '<30m'}", by_the_first},
      {"{slack: '<1h'}", "{slack: '<0s'}"},  // the late are not hurried: only a band for them alone takes them
      {"{slack: '<0s'}", "{slack: '<-1h'}", by_the_first},
      {"{slack: '!=1h'}", "{slack: '<-1h'}"},
      {"{}", "{slack: '<0s'}", never("everything")},
      {"{slack: '<0s'}", "{slack: '<1h'}"},
      {"{gpu: '>=0'}", "{}", by_the_first},
      {"{gpu: '>0'}", "{}"},
      {"{cpu: '>2'}", "{cpu: '>=4', duration: '<1h'}", by_the_first},
      {"{cpu: '>2', duration: '<1h'}", "{cpu: '>=4'}"},
      {"{cpu: '>2, <8'}", "{cpu: '>2, <6'}", by_the_first},
      {"{cpu: '>2, <8'}", "{cpu: '>2'}"},
      {"{memory: '>=32Gi'}", "{memory: '>=32G'}"},
      {"{memory: '>=32G'}", "{memory: '>=32Gi'}", by_the_first},
      {"{gpuMemory: '<=40Gi'}", "{gpuMemory: '=24Gi'}", by_the_first},
      {"{confidence: [low, medium]}", "{confidence: low}", by_the_first},
      {"{confidence: low}", "{confidence: [low, medium]}"},
      {"{confidence: [low, medium, high]}", "{}", by_the_first},
      {"{kind: J*}", "{kind: Job}", by_the_first},
      {"{kind: Job}", "{}"},
      {"{kind: '*'}", "{}", by_the_first},
      {"{namespace: ml-*}", "{namespace: [ml-a, 'ml-?-*']}", by_the_first},
      {"{namespace: ml-*}", "{namespace: [ml-a, lm-b]}"},
      {"{scheduler: '*'}", "{duration: '<1h'}", by_the_first},
      {"{interruptible: true}", "{interruptible: false}"},
      {"{interruptible: true}", "{duration: '<1h'}"},
      {"{interruptible: false}", "{interruptible: false, gpu: 1}", by_the_first},
      {"{}", "{interruptible: true}", never("everything")},
      {"{user: '*'}", "{}"},
      {"{user: 'a*'}", "{user: ab}", by_the_first},
      {"{groups: [team-*]}", "{groups: team-a, duration: '<1h'}", by_the_first},
      {"{groups: team-a}", "{groups: [team-a, team-b]}"},
      {"{labels: {team: '*'}}", "{labels: {team: a, tier: b}}", by_the_first},
      {"{labels: {team: a, tier: b}}", "{labels: {team: a}}"},
      {"{labels: {team: a}}", "{labels: {team: [a, b]}}"},
      {"", "{duration: '<1h'}", never("everything")},
  };
  for (const Bands& c : cases) {
    const std::string when = c.first.empty() ? "" : ", when: " + std::string(c.first);
    check({{"priority:\n  bands:\n  - {class: a" + when + "}\n  - {class: b, when: " + std::string(c.second) + "}",
            c.want}});
  }
  check({
      {"priority: {bands: [{class: a, bound: 3, when: {duration: '<1h'}}, {class: b, when: {duration: '<5m'}}]}"},
      {"priority: {bands: [{class: a, when: {duration: '<1h'}}]}\n"
       "namespaces: [{match: {names: x}, policy: {priority: {bands: [{class: b}, {class: c, when: {gpu: 1}}]}}}]",
       {"4:74: namespaces[0].policy.priority.bands[1]: is never reached: band 0 (b) takes everything"}},
  });
}

TEST_CASE("a condition that no object satisfies is told, wherever it stands") {
  check({
      {"priority: {bands: [{class: a, when: {duration: '>3h, <1h'}}]}",
       {"3:48: priority.bands[0].when.duration: never holds: no amount satisfies it"}},
      {"requireEstimate: {gpu: '<0'}", {"3:24: requireEstimate.gpu: never holds: no amount satisfies it"}},
      {"tolerations: [{when: {cpu: '>2, <=2'}, add: [{operator: Exists}]}]",
       {"3:28: tolerations[0].when.cpu: never holds: no amount satisfies it"}},
      {"tolerations: [{when: {memory: '=1Gi, !=1Gi'}, add: [{operator: Exists}]}]",
       {"3:31: tolerations[0].when.memory: never holds: no amount satisfies it"}},
      {"nodeAffinity: [{when: {duration: '<=0s'}, prefer: [{key: a, exists: true}]}]",
       {"3:34: nodeAffinity[0].when.duration: never holds: no amount satisfies it"}},
      {"placement: [{when: {gpuMemory: '=1Gi, =2Gi'}, spread: {over: host}}]",
       {"3:32: placement[0].when.gpuMemory: never holds: no amount satisfies it"}},
      {"requireEstimate: {slack: '<0s'}"},
      {"requireEstimate: {gpu: '>2, <4', duration: '!=1h'}"},
  });
}

TEST_CASE("other lists of which the first counts are held to the same") {
  check({
      {"schedulers: [a, b]\nschedulerProfiles:\n- {when: {gpu: '>=1'}, use: a}\n- {when: {gpu: '>4'}, use: b}",
       {"6:3: schedulerProfiles[1]: is never reached: schedulerProfiles[0] takes all that this one would"}},
      {"queues: {kueue: [{when: {gpu: '>=1'}, queue: a}, {when: {gpu: '>4'}, queue: b}]}",
       {"3:50: queues.kueue[1]: is never reached: kueue[0] takes all that this one would"}},
      {"gpu:\n  dialects:\n  - {when: {gpu: '>=1'}, dialect: kai}\n  - {when: {gpu: '>4'}, dialect: hami}",
       {"6:5: gpu.dialects[1]: is never reached: dialects[0] (kai) takes all that this one would"}},
      {"placement:\n- {spread: {over: host}}\n- {when: {gpu: '>4'}, spread: {over: zone}}",
       {"5:3: placement[1]: is never reached: placement[0] takes everything"}},
      {"namespaces:\n- {match: {names: a}, policy: {placement: [{spread: {over: host}}, {spread: {over: zone}}]}}",
       {"4:68: namespaces[0].policy.placement[1]: is never reached: placement[0] takes everything"}},
  });
}

TEST_CASE("a namespace that an earlier override takes is told") {
  check({
      {"namespaces:\n- {match: {names: 'ml-*'}, policy: {}}\n- {match: {names: [research, ml-vision]}, policy: {}}",
       {"5:30: namespaces[1].match.names[1]: is never used: namespaces[0] takes \"ml-*\""}},
      {"namespaces:\n- {match: {names: [a, b]}, policy: {}}\n- {match: {names: b}, policy: {}}",
       {"5:19: namespaces[1].match.names: is never used: namespaces[0] has it, too"}},
      {"namespaces:\n- {match: {names: 'ml-*'}, policy: {}}\n- {match: {names: 'ml-?-*'}, policy: {}}",
       {"5:19: namespaces[1].match.names: is never used: namespaces[0] takes \"ml-*\""}},
      {"namespaces:\n- {match: {names: 'ml-?'}, policy: {}}\n- {match: {names: 'ml-*'}, policy: {}}"},
      {"namespaces:\n- {match: {names: ml-a}, policy: {}}\n- {match: {names: 'ml-*'}, policy: {}}"},
      {"namespaces:\n- {match: {names: '*'}, policy: {}}\n- {match: {names: '*'}, policy: {}}",
       {"5:19: namespaces[1].match.names: is never used: namespaces[0] takes \"*\""}},
      {"namespaces:\n- {match: {names: kube-system}, policy: {}}",
       {"4:19: namespaces[0].match.names: is never used: skipNamespaces has it"}},
      {"skipNamespaces: [ops]\nnamespaces:\n- {match: {names: [kube-system, ops]}, policy: {}}",
       {"5:33: namespaces[0].match.names[1]: is never used: skipNamespaces has it"}},
      {"namespaces:\n- {match: {names: 'kube-*'}, policy: {}}"},
  });
}

TEST_CASE("requirements that no node satisfies together are told") {
  const auto rule = [](std::string_view a, std::string_view b) {
    return "nodeAffinity:\n- require:\n  - {key: k, " + std::string(a) + "}\n  - {key: k, " + std::string(b) + "}";
  };
  const Lines told = {
      "6:5: nodeAffinity[0].require[1]: no node satisfies it together with the other requirement of "
      "\"k\""};
  struct Pair {
    std::string_view a, b;
    Lines want = {};
  };
  const Pair cases[] = {
      {"in: [a, b]", "in: [c]", told},
      {"in: [a, b]", "in: [b, c]"},
      {"in: a", "notIn: [a, b]", told},
      {"in: [a, c]", "notIn: [a, b]"},
      {"exists: true", "doesNotExist: true", told},
      {"notIn: a", "doesNotExist: true"},
      {"gt: 5", "lt: 6", told},
      {"gt: 5", "lt: 7"},
      {"lt: 6", "gt: 8", told},
      {"in: ['3', '9']", "gt: 8"},
      {"gt: 8", "in: ['3', x]", told},
      {"gt: 1", "doesNotExist: true", told},
      {"gt: 1", "gt: 9"},
      {"exists: true", "in: a"},
  };
  for (const Pair& c : cases) check({{rule(c.a, c.b), c.want}});
  check({{"nodeAffinity:\n- prefer: [{key: k, in: a}, {key: k, in: b}]"},
         {"nodeAffinity:\n- require: [{key: k, in: a}, {key: l, in: b}]"}});
}

TEST_CASE("what is listed twice is told") {
  check({
      {"gpu: {mig: {profiles: [1g.5gb, 3g.20gb, 1g.5gb]}}", {"3:41: gpu.mig.profiles[2]: there is another \"1g.5gb\""}},
      {"gpu: {dra: {claimTemplates: [{name: a}, {name: a, gpus: 2}]}}",
       {"3:41: gpu.dra.claimTemplates[1]: there is another \"a\""}},
      {"gpu: {companions: [{resource: rdma/hca, perGpu: 1}, {resource: rdma/hca, perGpu: 2}]}",
       {"3:53: gpu.companions[1]: there is another \"rdma/hca\""}},
      {"gpu:\n  models:\n  - {name: A100, memory: 40Gi, nodeLabels: {g: a}}\n"
       "  - {name: a100, memory: 80Gi, nodeLabels: {g: b}}",
       {"6:12: gpu.models[1].name: there is another model \"a100\""}},
  });
}

TEST_CASE("a label key that is none is told wherever one may stand") {
  constexpr std::string_view kWhat = "must be a label key";
  const std::string_view fields[] = {
      "tolerations: [{add: [{key: 'a b', operator: Exists}]}]",
      "nodeAffinity: [{prefer: [{key: 'a b', exists: true}]}]",
      "nodeAffinity: [{require: [{key: -a, exists: true}]}]",
      "placement: [{spread: {over: a/b/c}}]",
      "gpu: {memoryLabel: 'a b'}",
      "gpu: {cudaLabel: /x}",
      "gpu: {keepCpuPodsOff: {label: 'Nvidia_com/gpu'}}",
      "gpu: {models: [{name: T4, memory: 15Gi, nodeLabels: {'a b': x}}]}",
      "requireEstimate: {labels: {'a b': x}}",
  };
  for (const std::string_view text : fields) {
    INFO(text);
    const Lines problems = problems_of(text);
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems.front(), Catch::StartsWith("3:") && Catch::Contains(std::string(kWhat)));
  }
}

// Every glob of up to three signs against every other: what is said to be covered must be, name by name.
TEST_CASE("a glob covers another only if it matches all that the other does") {
  std::vector<std::string> globs = {""};
  std::vector<std::string> names = {""};
  for (std::size_t i = 0; i < globs.size() && globs[i].size() < 3; ++i) {
    for (const char c : std::string_view("ab*?")) globs.push_back(globs[i] + c);
  }
  for (std::size_t i = 0; i < names.size() && names[i].size() < 5; ++i) {
    for (const char c : std::string_view("abc")) names.push_back(names[i] + c);
  }
  std::size_t covered = 0;
  for (const std::string& wide : globs) {
    for (const std::string& narrow : globs) {
      bool is_subset = true;
      for (const std::string& name : names) {
        is_subset = is_subset && (!matches_glob(narrow, name) || matches_glob(wide, name));
      }
      if (covers_glob(wide, narrow)) {
        INFO(wide << " " << narrow);
        CHECK(is_subset);
        ++covered;
      }
    }
    CHECK(covers_glob(wide, wide));
    CHECK(covers_glob("*", wide));
  }
  CHECK(covered > 500);
}

}  // namespace
}  // namespace plimsoll::config
