// What becomes of an object: the patch, the marker, and taking back.
#include "reviews.hpp"

namespace plimsoll::decide {
namespace {

using given::kNow;
using given::review;
using given::world;

std::string decided_patch(std::string_view yaml, std::string_view policy) {
  const auto asked = review("Pod", yaml);
  std::string text;
  for (const patch::Operation& operation : decide(asked, world(policy), kNow).patch.operations) {
    if (operation.path.text().find("annotations") == std::string::npos)
      text += operation.path.text() + " " + (operation.value ? json::write(operation.value) : "") + "\n";
  }
  return text;
}

TEST_CASE("parents that are missing, null or empty are made as needed") {
  struct Case {
    std::string_view container;
    std::string_view want;
  };
  const Case cases[] = {
      {"{name: a}", "/spec/containers/0/resources {\"requests\":{\"cpu\":\"1\"}}\n"},
      {"{name: a, resources: null}", "/spec/containers/0/resources {\"requests\":{\"cpu\":\"1\"}}\n"},
      {"{name: a, resources: {}}", "/spec/containers/0/resources/requests {\"cpu\":\"1\"}\n"},
      {"{name: a, resources: {requests: null}}", "/spec/containers/0/resources/requests {\"cpu\":\"1\"}\n"},
      {"{name: a, resources: {requests: {}}}", "/spec/containers/0/resources/requests/cpu \"1\"\n"},
      {"{name: a, resources: {limits: {memory: 1Gi}}}", "/spec/containers/0/resources/requests {\"cpu\":\"1\"}\n"},
  };
  for (const Case& c : cases) {
    CHECK(decided_patch("metadata: {annotations: {estimate.plimsoll.dev/cpu: '1'}}\nspec: {containers: [" +
                            std::string(c.container) + "]}",
                        "") == c.want);
  }
  CHECK(
      decided_patch("metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}\nspec: {affinity: null, containers: "
                    "[{name: a}]}",
                    "nodeAffinity: [{require: [{key: z, in: [b, c]}], prefer: [{key: s, exists: true}]}]") ==
      R"(/spec/affinity {"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"z","operator":"In","values":["b","c"]}]}]},"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":50,"preference":{"matchExpressions":[{"key":"s","operator":"Exists"}]}}]}})"
      "\n");
}

TEST_CASE("of a Job its own labels, annotations and spec are written as well, each where it is missing") {
  struct Case {
    std::string_view metadata;
    std::string_view spec;
    std::string_view want;  // without the template's annotations
  };
  const Case cases[] = {
      {"{name: j}", "",
       "/metadata/labels {\"kueue.x-k8s.io/queue-name\":\"q\"}\n"
       "/metadata/annotations {\"scheduling.volcano.sh/group-min-member\":\"3\"}\n/spec/suspend true\n"},
      {"{labels: null, annotations: {a: b}}", "suspend: null,",
       "/metadata/labels {\"kueue.x-k8s.io/queue-name\":\"q\"}\n"
       "/metadata/annotations/scheduling.volcano.sh~1group-min-member \"3\"\n/spec/suspend true\n"},
      {"{labels: {a: b}, annotations: {}}", "suspend: false,",
       "/metadata/labels/kueue.x-k8s.io~1queue-name \"q\"\n"
       "/metadata/annotations/scheduling.volcano.sh~1group-min-member \"3\"\n/spec/suspend true\n"},
      {"null", "",
       "/metadata {\"labels\":{\"kueue.x-k8s.io/queue-name\":\"q\"},"
       "\"annotations\":{\"scheduling.volcano.sh/group-min-member\":\"3\"}}\n/spec/suspend true\n"},
  };
  for (const Case& c : cases) {
    INFO(c.metadata << " " << c.spec);
    const auto asked =
        review("Job", "metadata: " + std::string(c.metadata) + "\nspec: {parallelism: 3, " + std::string(c.spec) +
                          "template: {metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}, "
                          "spec: {restartPolicy: Never, schedulerName: volcano, containers: []}}}");
    const Decision decision =
        decide(asked, world("queues: {kueue: [{queue: q}], volcano: [{queue: v, gang: true}]}"), kNow);
    std::string text;
    for (const patch::Operation& operation : decision.patch.operations) {
      if (operation.path.text().starts_with("/spec/template")) continue;
      text += operation.path.text() + " " + json::write(operation.value) + "\n";
    }
    CHECK(text == c.want);
  }
}

TEST_CASE("without room in the Job's own annotations nothing is written") {
  const auto decided = [](std::size_t size) {
    const auto asked =
        review("Job", "metadata: {annotations: {a: " + std::string(size, 'x') +
                          "}}\nspec: {parallelism: 3, template: {metadata: {annotations: "
                          "{estimate.plimsoll.dev/duration: 1h}}, spec: {schedulerName: volcano, containers: []}}}");
    return decide(asked, world("queues: {volcano: [{queue: v, gang: true}]}"), kNow).reason;
  };
  const std::size_t room = (std::size_t{256} << 10U) - workload::kVolcanoMinMember.size() - 1 - 1;
  CHECK(decided(room).empty());
  CHECK(decided(room + 1) == reason::kNoRoom);
}

TEST_CASE("a requirement is added to every term, and an empty term is not mended") {
  CHECK(
      decided_patch(R"(
metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}
spec:
  containers: [{name: a}]
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
    {matchExpressions: [{key: k, operator: Exists}]}, {}, {matchFields: [{key: metadata.name, operator: In, values: [n]}]},
    {matchExpressions: [{key: z, operator: In, values: [b, c]}]}]}}}
)",
                    "nodeAffinity: [{require: [{key: z, in: [b, c]}]}]") ==
      R"(/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/- {"key":"z","operator":"In","values":["b","c"]})"
      "\n"
      R"(/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/2/matchExpressions [{"key":"z","operator":"In","values":["b","c"]}])"
      "\n");
}

TEST_CASE("at a Pod another class takes the computed priority with it, and the same class changes nothing") {
  constexpr std::string_view kPolicy = "priority: {defaultClass: normal, bands: [{class: batch}]}";
  CHECK(decided_patch(R"(
metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}
spec: {priorityClassName: normal, priority: 5, preemptionPolicy: PreemptLowerPriority, containers: [{name: a}]}
)",
                      kPolicy) == "/spec/priority \n/spec/preemptionPolicy \n/spec/priorityClassName \"batch\"\n");
  CHECK(
      decided_patch(
          "metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}\nspec: {priority: 0, containers: [{name: a}]}",
          kPolicy) == "/spec/priority \n/spec/priorityClassName \"batch\"\n");
  const auto same = review("Pod", R"(
metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}
spec: {priorityClassName: batch, priority: 5, containers: [{name: a}]}
)");
  CHECK(decide(same, world(kPolicy), kNow).reason == reason::kNothingToDo);
}

TEST_CASE(
    "at a Pod a class whose numbers the policy knows brings them, and the API server has nothing left to compute") {
  struct Case {
    std::string_view object;
    std::string_view want;
  };
  constexpr std::string_view kPolicy =
      "priority: {defaultClass: normal, bands: [{class: batch, value: 3000, preemptionPolicy: Never}]}";
  const Case cases[] = {
      {"priorityClassName: normal, priority: 5, preemptionPolicy: PreemptLowerPriority",
       "/spec/priorityClassName \"batch\"\n/spec/priority 3000\n/spec/preemptionPolicy \"Never\"\n"},
      {"priority: 0, preemptionPolicy: Never", "/spec/priorityClassName \"batch\"\n/spec/priority 3000\n"},
      {"priority: 3000, preemptionPolicy: Never", "/spec/priorityClassName \"batch\"\n"},
      {"restartPolicy: Never", "/spec/priorityClassName \"batch\"\n"},  // not from an API server
  };
  for (const Case& c : cases) {
    INFO(c.object);
    CHECK(decided_patch("metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}\nspec: {" +
                            std::string(c.object) + ", containers: [{name: a}]}",
                        kPolicy) == c.want);
  }
}

// Decides, lets `edit` change the object as its author would, and decides again.
struct Edited {
  std::string first;
  Decision second;
  std::string after;
};
template <class Edit>
Edited decide_twice(std::string_view kind, std::string_view yaml, std::string_view policy, Edit edit) {
  const auto asked = review(kind, yaml);
  Edited edited;
  edited.first = given::patched(asked, decide(asked, world(policy), kNow));
  const auto again = given::review_of_json(kind, edit(edited.first));
  edited.second = decide(again, world(policy), kNow);
  edited.after = given::patched(again, edited.second);
  return edited;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

constexpr std::string_view kEverything = R"(
resources: {authored: raise}
priority: {bands: [{class: short, when: {duration: '<=1h'}}]}
runtime: {podDeadline: {factor: 2, floor: 1m}}
tolerations: [{when: {duration: '<=1h'}, add: [{key: spot, operator: Exists}]}]
nodeAffinity: [{when: {duration: '<=1h'}, require: [{key: zone, in: [b]}, {key: pool, in: [left, right]}], prefer: [{key: s, exists: true}]}]
placement: [{when: {duration: '<=1h'}, spread: {over: host}}]
lists: template
)";

constexpr std::string_view kBare = R"(
metadata: {name: j}
spec:
  template:
    metadata: {annotations: {estimate.plimsoll.dev/duration: 1h, estimate.plimsoll.dev/memory: 4Gi}}
    spec: {restartPolicy: Never, containers: [{name: a, resources: {requests: {memory: 1Gi}}}]}
)";

TEST_CASE("when the estimate changes, what it no longer asks for is taken back") {
  const Edited edited = decide_twice("Job", kBare, kEverything, [](const std::string& object) {
    return replaced(replaced(object, R"("estimate.plimsoll.dev/duration":"1h",)", ""), "4Gi", "512Mi");
  });
  for (const char* ours : {"short", "spot", "zone", "pool", "plimsoll.dev/family", "activeDeadlineSeconds"}) {
    CHECK_THAT(edited.first, Catch::Contains(ours));
    CHECK(edited.after.find(ours) == std::string::npos);
  }
  CHECK_THAT(edited.first, Catch::Contains(R"("requests":{"memory":"5Gi"})"));
  CHECK_THAT(edited.after, Catch::Contains(R"("requests":{"memory":"1Gi"})"));  // back to the author's
  CHECK_THAT(edited.after, Catch::Contains(R"("limits":{"memory":"1Gi"})"));
  for (const AppliedChange& change : edited.second.changes) CHECK_FALSE(change.reason.empty());
}

TEST_CASE("when the estimate changes, what it still asks for stays") {
  for (const std::string_view lists : {"template", "warn"}) {
    const Edited edited = decide_twice(
        "Job", kBare, replaced(std::string(kEverything), "lists: template", "lists: " + std::string(lists)),
        [](const std::string& object) { return replaced(object, "duration\":\"1h\"", "duration\":\"30m\""); });
    INFO(lists);
    CHECK(edited.second.warnings.empty());
    for (const char* ours :
         {"short", "spot", "zone", "pool", "plimsoll.dev/family", "\"activeDeadlineSeconds\":3600"}) {
      CHECK_THAT(edited.after, Catch::Contains(ours));
    }
  }
}

TEST_CASE("the author's own part of a list stays when ours is taken back") {
  const Edited edited = decide_twice("Pod", R"(
metadata: {annotations: {estimate.plimsoll.dev/duration: 1h}}
spec:
  containers: [{name: a}]
  tolerations: [{key: mine}]
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: k, operator: Exists}]}]},
    preferredDuringSchedulingIgnoredDuringExecution: [{weight: 50, preference: {matchExpressions: [{key: s, operator: Exists}]}}]}}
)",
                                     kEverything, [](const std::string& object) {
                                       return replaced(object, "duration\":\"1h\"", "duration\":\"2h\"");
                                     });
  CHECK_THAT(edited.after, Catch::Contains(R"("tolerations":[{"key":"mine"}])"));
  CHECK_THAT(edited.after,
             Catch::Contains(R"("nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}])"));
  CHECK_THAT(edited.after,
             Catch::Contains(R"([{"weight":50,"preference":{"matchExpressions":[{"key":"s","operator":"Exists"}]}}])"));
}

TEST_CASE("a term that the author put beside ours stays when ours is taken back") {
  const Edited edited = decide_twice("Job", kBare, kEverything, [](const std::string& object) {
    return replaced(replaced(object, "\"nodeSelectorTerms\":[",
                             R"("nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]},)"),
                    "duration\":\"1h\"", "duration\":\"2h\"");
  });
  CHECK_THAT(edited.after,
             Catch::Contains(R"("nodeSelectorTerms":[{"matchExpressions":[{"key":"k","operator":"Exists"}]}])"));
}

TEST_CASE("what was edited since is its author's") {
  const Edited edited = decide_twice("Job", kBare, kEverything, [](const std::string& object) {
    return replaced(replaced(object, "duration\":\"1h\"", "duration\":\"2h\""), "\"activeDeadlineSeconds\":7200",
                    "\"activeDeadlineSeconds\":99");
  });
  CHECK_THAT(edited.after, Catch::Contains("\"activeDeadlineSeconds\":99"));
}

TEST_CASE("what the author wrote as we would have is never claimed") {
  const Edited edited = decide_twice(
      "Pod", R"(
metadata: {labels: {plimsoll.dev/family: p-148de9c5}, name: p, annotations: {estimate.plimsoll.dev/duration: 1h}}
spec: {containers: [{name: a}]}
)",
      "placement: [{when: {duration: '<=1h'}, spread: {over: host}}]",
      [](const std::string& object) { return replaced(object, "duration\":\"1h\"", "duration\":\"2h\""); });
  CHECK_THAT(edited.after, Catch::Contains(R"("labels":{"plimsoll.dev/family":"p-148de9c5"})"));
  CHECK(edited.after.find("topologyKey") == std::string::npos);
}

TEST_CASE("deciding the result again changes nothing: an hour later, under another policy") {
  const auto asked = review("Pod", R"(
metadata: {name: p, annotations: {estimate.plimsoll.dev/duration: 1h, estimate.plimsoll.dev/deadline: +2h,
  estimate.plimsoll.dev/memory: 4Gi, estimate.plimsoll.dev/memory.b: 1Gi}}
spec: {restartPolicy: Never, containers: [{name: a}, {name: istio-proxy}, {name: b, resources: {requests: {memory: 2Gi}, limits: {memory: 2Gi}}}]}
)");
  const Decision first = decide(asked, world("sidecars: [istio-proxy, b]"), kNow);
  REQUIRE(to_text(first.verdict) == "Mutated");
  const auto again = given::review_of_json("Pod", given::patched(asked, first));
  constexpr std::string_view kPolicies[] = {"", "sidecars: [istio-proxy, b]", kEverything,
                                            "resources: {authored: raise, margin: {medium: 4}}"};
  for (const std::string_view policy : kPolicies) {
    INFO(policy);
    const Decision second = decide(again, world(policy), kNow + std::chrono::hours(3));
    CHECK(second.reason == reason::kAlreadyDecided);
    CHECK(second.patch.empty());
  }
}

TEST_CASE("a container that joined after the decision is sized beside what stands") {
  const auto asked = review("Pod", R"(
metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi, estimate.plimsoll.dev/memory.late: 1Gi}}
spec: {containers: [{name: a}]}
)");
  const std::string first = given::patched(asked, decide(asked, world(), kNow));
  const auto joined =
      given::review_of_json("Pod", replaced(first, "\"containers\":[", "\"containers\":[{\"name\":\"late\"},"));
  const Decision second = decide(joined, world("resources: {margin: {medium: 2}}"), kNow);
  REQUIRE(second.changes.size() == 2);
  CHECK(second.changes[0].place.text() == "/spec/containers/0/resources/requests/memory");
  CHECK(second.changes[0].to == "\"2Gi\"");
  const std::string after = given::patched(joined, second);
  CHECK_THAT(after, Catch::Contains("late.limits.memory") && Catch::Contains("a.limits.memory"));
  CHECK(decide(given::review_of_json("Pod", after), world(), kNow).patch.empty());
}

TEST_CASE("a marker of another format is overwritten, and one that holds nothing any more removed") {
  const auto newer = review("Pod", R"(
metadata: {annotations: {plimsoll.dev/decision: '{"v":2}', estimate.plimsoll.dev/cpu: '1'}}
spec: {containers: [{name: a}]}
)");
  CHECK_THAT(given::patched(newer, decide(newer, world(), kNow)), Catch::Contains(R"({\"v\":1,)"));
  const auto empty = review("Pod", R"(
metadata: {annotations: {plimsoll.dev/decision: '{"v":1,"estimate":"x","set":{"a.requests.cpu":"7"}}', estimate.plimsoll.dev/duration: 1h}}
spec: {containers: [{name: a}]}
)");
  CHECK(patch::write_patch(decide(empty, world(), kNow).patch) ==
        R"([{"op":"remove","path":"/metadata/annotations/plimsoll.dev~1decision"}])");
}

}  // namespace
}  // namespace plimsoll::decide
