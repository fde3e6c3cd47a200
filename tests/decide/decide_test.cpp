#include "plimsoll/decide/decide.hpp"

#include "reviews.hpp"

namespace plimsoll::decide {
namespace {

using given::kNow;
using given::review;
using given::world;

constexpr std::string_view kJobController = "system:serviceaccount:kube-system:job-controller";

TEST_CASE("what is none of our business is skipped, each with its reason") {
  struct Case {
    std::string_view reason;
    std::string_view kind;
    std::string_view yaml;
    given::Request request = {};
    std::string_view policy = "";
  };
  constexpr std::string_view kPod =
      "metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}\nspec: {containers: [{name: a}]}";
  const Case cases[] = {
      {reason::kUnsupportedKind, "ConfigMap", "{}"},
      {reason::kNotCreate, "Pod", kPod, {.operation = "UPDATE"}},
      {reason::kNotCreate, "Pod", kPod, {.operation = "DELETE"}},
      {reason::kNotCreate, "Pod", kPod, {.operation = "CONNECT"}},
      {reason::kNotCreate, "Pod", kPod, {.operation = "create"}},
      {reason::kSubresource, "Pod", kPod, {.sub_resource = "status"}},
      {reason::kSkippedNamespace, "Pod", kPod, {.name_space = "kube-system"}},
      {reason::kSkippedNamespace, "Pod", kPod, {.name_space = "plimsoll-system"}},
      {reason::kPolicyDisabled, "Pod", kPod, {}, "mode: disabled"},
      {reason::kPolicyDisabled, "Pod", kPod, {}, "namespaces: [{match: {names: [def*]}, policy: {mode: disabled}}]"},
      {reason::kOptedOut, "Pod",
       "metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi, plimsoll.dev/mode: disabled}}\nspec: {containers: "
       "[{name: a}]}"},
      {reason::kOptedOut, "Job",
       "metadata: {annotations: {plimsoll.dev/mode: disabled}}\nspec: {template: {metadata: {annotations: "
       "{estimate.plimsoll.dev/memory: 4Gi}}, spec: {containers: [{name: a}]}}}"},
      {reason::kOptedOut, "Job",
       "spec: {template: {metadata: {annotations: {plimsoll.dev/mode: disabled, estimate.plimsoll.dev/memory: 4Gi}}, "
       "spec: "
       "{containers: [{name: a}]}}}"},
      {reason::kMirrorPod, "Pod",
       "metadata: {annotations: {kubernetes.io/config.mirror: x, estimate.plimsoll.dev/memory: 4Gi}}\nspec: "
       "{containers: [{name: a}]}"},
      {reason::kMirrorPod, "Pod",
       "metadata: {ownerReferences: [{kind: Node, name: n, controller: true}]}\nspec: {containers: [{name: a}]}"},
      {reason::kBoundPod, "Pod",
       "metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}\nspec: {nodeName: n1, containers: [{name: a}]}"},
      {reason::kKueueManaged, "Pod",
       "metadata: {labels: {kueue.x-k8s.io/managed: 'true'}, annotations: {estimate.plimsoll.dev/memory: 4Gi}}\nspec: "
       "{containers: [{name: a}]}"},
      {reason::kAutoscaled, "Pod",
       "metadata: {annotations: {vpaUpdates: 'x', estimate.plimsoll.dev/memory: 4Gi}}\nspec: {containers: [{name: "
       "a}]}"},
      {reason::kNoEstimate, "Pod", "spec: {containers: [{name: a}]}"},
      {reason::kNoEstimate, "Job", "spec: {template: {spec: {containers: [{name: a}]}}}"},
      {reason::kMalformed, "Pod", "spec: {containers: [{image: x}]}"},
      {reason::kMalformed, "Pod", "{}"},
      {reason::kMalformed, "Job", "spec: {containers: [{name: a}]}"},
  };
  for (const Case& c : cases) {
    INFO(c.reason << "\n" << c.yaml);
    const auto asked = review(c.kind, c.yaml, c.request);
    const Decision decision = decide(asked, world(c.policy), kNow);
    CHECK(to_text(decision.verdict) == "Skipped");
    CHECK(decision.reason == c.reason);
    CHECK_FALSE(decision.message.empty());
    CHECK(decision.patch.empty());
    CHECK(make_answer(asked, decision).allowed);
  }
  const auto nothing = given::review_of_json("Pod", "null");
  CHECK(decide(nothing, world(), kNow).reason == reason::kMalformed);
}

TEST_CASE("the Pod of a decided Job is left alone when the Job's controller made it, and decided when another did") {
  const auto asked = review("Job", R"(
metadata: {name: j}
spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}, spec: {containers: [{name: a}]}}}
)");
  const std::string job = given::patched(asked, decide(asked, world(), kNow));
  const auto parsed = json::Document::parse(job);
  const json::View pod_template = parsed->root()["spec"]["template"];
  const auto pod = [&](std::string_view owner, std::string_view annotation = "") {
    std::string metadata = json::write(pod_template["metadata"]);
    metadata.insert(1, "\"ownerReferences\":[{\"apiVersion\":\"batch/v1\",\"kind\":\"" + std::string(owner) +
                           "\",\"name\":\"j\",\"controller\":true}],");
    if (!annotation.empty()) metadata.insert(metadata.find("\"annotations\":{") + 15, annotation);
    return "{\"metadata\":" + metadata + ",\"spec\":" + json::write(pod_template["spec"]) + "}";
  };
  const auto by_controller = given::review_of_json("Pod", pod("Job"), {.user = kJobController});
  CHECK(decide(by_controller, world(), kNow).reason == reason::kDecidedAtJob);
  // The same estimate was decided: numbers stand, whoever sends them.
  CHECK(decide(given::review_of_json("Pod", pod("Job")), world(), kNow).reason == reason::kAlreadyDecided);
  CHECK(decide(given::review_of_json("Pod", pod("Foo"), {.user = kJobController}), world(), kNow).reason ==
        reason::kAlreadyDecided);
  // A forged marker without the Job's controller behind it is no way round.
  const auto forged = review("Pod", R"(
metadata:
  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: j, controller: true}]
  annotations: {plimsoll.dev/decision: '{"v":1,"estimate":"forged"}', estimate.plimsoll.dev/memory: 4Gi}
spec: {containers: [{name: a}]}
)");
  CHECK(to_text(decide(forged, world(), kNow).verdict) == "Mutated");
}

TEST_CASE("a LimitRange default below what the Job was given is lifted, and nothing else touched") {
  const auto pod = review("Pod", R"(
metadata:
  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: j, controller: true}]
  annotations:
    plimsoll.dev/decision: '{"v":1,"estimate":"x","set":{"a.requests.cpu":"4"}}'
    kubernetes.io/limit-ranger: "LimitRanger plugin set: cpu limit for container a"
spec: {containers: [{name: a, resources: {requests: {cpu: "4"}, limits: {cpu: "1"}}}]}
)",
                          {.user = kJobController});
  const Decision decision = decide(pod, world(), kNow);
  CHECK(to_text(decision.verdict) == "Mutated");
  CHECK(patch::write_patch(decision.patch) ==
        R"([{"op":"add","path":"/spec/containers/0/resources/limits/cpu","value":"4"}])");
}

TEST_CASE("in shadow a decision is made and told, and nothing is changed or refused") {
  using Route = admission::Route;
  constexpr std::string_view kGood =
      "annotations: {estimate.plimsoll.dev/memory: 4Gi%}}\nspec: {containers: [{name: a}]}";
  constexpr std::string_view kBad =
      "annotations: {estimate.plimsoll.dev/memory: '8'%}}\nspec: {containers: [{name: a}]}";
  struct Case {
    std::string_view object;
    std::string_view mode;  // an annotation
    std::string_view policy;
    Route route;
    std::string_view want;  // verdict, reason
  };
  const Case cases[] = {
      {kGood, "", "mode: shadow", Route::Mutate, "Unchanged WouldMutate"},
      {kBad, "", "mode: shadow", Route::Mutate, "Unchanged WouldReject"},
      {kGood, "", "", Route::Shadow, "Unchanged WouldMutate"},
      {kBad, "", "", Route::Shadow, "Unchanged WouldReject"},
      {kGood, "shadow", "", Route::Mutate, "Unchanged WouldMutate"},
      {kBad, "shadow", "", Route::Mutate, "Unchanged WouldReject"},
      // The lower counts.
      {kGood, "enforce", "mode: shadow", Route::Mutate, "Unchanged WouldMutate"},
      {kGood, "enforce", "", Route::Shadow, "Unchanged WouldMutate"},
      {kGood, "disabled", "mode: shadow", Route::Mutate, "Skipped OptedOut"},
      {kGood, "", "mode: disabled", Route::Shadow, "Skipped PolicyDisabled"},
      // Not where an estimate is required.
      {kGood, "shadow", "requireEstimate: true", Route::Mutate, "Mutated "},
      {kGood, "", "canary: {percent: 0}", Route::Mutate, "Unchanged WouldMutate"},
      {kGood, "", "canary: {percent: 100}", Route::Mutate, "Mutated "},
      {kGood, "", "canary: {percent: 100}", Route::Shadow, "Unchanged WouldMutate"},
  };
  for (const Case& c : cases) {
    std::string object = "metadata: {" + std::string(c.object);
    const std::string mode = c.mode.empty() ? "" : ", plimsoll.dev/mode: " + std::string(c.mode);
    object.replace(object.find('%'), 1, mode);
    INFO(object << "\n" << c.policy);
    const auto asked = review("Pod", object, {.route = c.route});
    const Decision decision = decide(asked, world(c.policy), kNow);
    CHECK(std::string(to_text(decision.verdict)) + " " + std::string(decision.reason) == c.want);
    const admission::Answer answer = make_answer(asked, decision);
    if (decision.verdict == Verdict::Unchanged) {
      CHECK(decision.changes.empty() == (decision.reason == reason::kWouldReject));
      CHECK(decision.problems.empty() == (decision.reason == reason::kWouldMutate));
      CHECK(answer.allowed);
      CHECK(answer.patch.empty());
      REQUIRE_FALSE(answer.warnings.empty());
      CHECK_THAT(answer.warnings.front(), Catch::StartsWith("shadow: would "));
    }
  }
}

TEST_CASE("a canary takes the same families each time, and as many as it says") {
  int enforced = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string object = "metadata: {name: job-" + std::to_string(i) +
                               ", annotations: {estimate.plimsoll.dev/memory: 4Gi}}\nspec: {containers: [{name: a}]}";
    const auto asked = review("Pod", object);
    const bool at_20 = decide(asked, world("canary: {percent: 20}"), kNow).verdict == Verdict::Mutated;
    const bool at_30 = decide(asked, world("canary: {percent: 30}"), kNow).verdict == Verdict::Mutated;
    CHECK((at_30 || !at_20));  // who is in stays in
    enforced += at_20 ? 1 : 0;
  }
  CHECK(enforced > 150);
  CHECK(enforced < 250);
}

TEST_CASE("the Pods of a Job in shadow are not decided again") {
  constexpr std::string_view kPod = R"(
metadata:
  name: j-x
  ownerReferences: [{apiVersion: batch/v1, kind: Job, name: j, controller: true}]
  annotations: {estimate.plimsoll.dev/memory: 4Gi}
spec: {containers: [{name: a}]}
)";
  for (const std::string_view policy : {"mode: shadow", "canary: {percent: 0}", "canary: {percent: 100}"}) {
    CHECK(decide(review("Pod", kPod, {.user = kJobController}), world(policy), kNow).reason == reason::kDecidedAtJob);
  }
  CHECK(decide(review("Pod", kPod, {.user = kJobController}), world(), kNow).verdict == Verdict::Mutated);
  CHECK(decide(review("Pod", kPod), world("mode: shadow"), kNow).reason == reason::kWouldMutate);
}

TEST_CASE("a bad estimate is refused where a person made the object, and told where a controller did") {
  constexpr std::string_view kBad =
      "annotations: {estimate.plimsoll.dev/memory: '8', estimate.plimsoll.dev/cpu: '2', "
      "estimate.plimsoll.dev/duration: '90'}}\nspec: {containers: [{name: a}]}";
  const auto by_person = review("Pod", "metadata: {" + std::string(kBad));
  const Decision refused = decide(by_person, world(), kNow);
  CHECK(to_text(refused.verdict) == "Rejected");
  CHECK(refused.reason == reason::kBadEstimate);
  CHECK(refused.patch.empty());
  const admission::Answer answer = make_answer(by_person, refused);
  CHECK_FALSE(answer.allowed);
  CHECK(answer.code == 422);
  CHECK(answer.reason == "Invalid");
  REQUIRE(answer.causes.size() == 2);
  CHECK(answer.causes[1].field == "metadata.annotations[estimate.plimsoll.dev/memory]");
  CHECK_THAT(answer.message, Catch::StartsWith("the estimate of this Pod has 2 problems: "));

  const auto by_controller = review(
      "Pod", "metadata: {ownerReferences: [{kind: ReplicaSet, name: r, controller: true}], " + std::string(kBad));
  const Decision warned = decide(by_controller, world(), kNow);
  CHECK(to_text(warned.verdict) == "Mutated");
  CHECK(warned.problems.size() == 2);
  CHECK(warned.warnings.size() == 2);
  CHECK(patch::write_patch(warned.patch).find("memory") == std::string::npos);  // the bad field is absent

  CHECK(to_text(decide(by_person, world("onInvalidEstimate: {created: warn}"), kNow).verdict) == "Mutated");
  CHECK(to_text(decide(by_controller, world("onInvalidEstimate: {controlled: reject}"), kNow).verdict) == "Rejected");
}

TEST_CASE("where an estimate is required its absence is refused, and opting out does not help") {
  const auto plain = review("Pod", "spec: {containers: [{name: a}]}");
  const Decision refused = decide(plain, world("requireEstimate: true"), kNow);
  CHECK(to_text(refused.verdict) == "Rejected");
  CHECK(refused.reason == reason::kEstimateRequired);
  CHECK(make_answer(plain, refused).code == 403);
  CHECK(make_answer(plain, refused).reason == "Forbidden");

  const auto opted_out =
      review("Pod", "metadata: {annotations: {plimsoll.dev/mode: disabled}}\nspec: {containers: [{name: a}]}");
  CHECK(decide(opted_out, world("requireEstimate: true"), kNow).reason == reason::kEstimateRequired);
  CHECK(decide(opted_out, world("requireEstimate: {namespace: ml}"), kNow).reason == reason::kOptedOut);

  const auto owned = review(
      "Pod",
      "metadata: {ownerReferences: [{kind: ReplicaSet, name: r, controller: true}]}\nspec: {containers: [{name: a}]}");
  const Decision warned = decide(owned, world("requireEstimate: true"), kNow);
  CHECK(warned.reason == reason::kNoEstimate);
  CHECK(warned.warnings.size() == 1);
}

TEST_CASE("an unknown mode is ignored with a warning") {
  for (const std::string_view mode : {"off", "Shadow", "Disabled", "enforce"}) {
    const auto asked = review("Pod", "metadata: {annotations: {plimsoll.dev/mode: '" + std::string(mode) +
                                         "', estimate.plimsoll.dev/cpu: '1'}}\nspec: {containers: [{name: a}]}");
    const Decision decision = decide(asked, world(), kNow);
    CHECK(to_text(decision.verdict) == "Mutated");
    CHECK(decision.warnings.size() == (mode == "enforce" ? 0 : 1));
  }
}

TEST_CASE("a CronJob is left unchanged, and its decision shows the Job it would make") {
  const auto asked = review("CronJob", R"(
metadata: {name: nightly}
spec: {jobTemplate: {spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}, spec: {containers: [{name: a}]}}}}}
)");
  const Decision decision = decide(asked, world(), kNow);
  CHECK(to_text(decision.verdict) == "Unchanged");
  CHECK(decision.reason == reason::kCronJob);
  CHECK(decision.is_preview);
  CHECK(decision.patch.empty());
  REQUIRE(decision.changes.size() == 2);
  CHECK(decision.changes[0].place.text() ==
        "/spec/jobTemplate/spec/template/spec/containers/0/resources/requests/memory");
}

TEST_CASE("an author's own invalid object is decided all the same, and never becomes our failure") {
  for (const std::string_view spec : {
           "{containers: [{name: a, resources: {requests: {cpu: 4}, limits: {cpu: 2}}}]}",
           "{containers: [{name: a, resources: {requests: {cpu: -4}}}]}",
           "{containers: [{name: a, resources: {limits: {cpu: -1}}}]}",
           "{containers: [{name: a, resources: {requests: {nvidia.com/gpu: 1}}}]}",
           "{containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1500m}}}]}",
           "{activeDeadlineSeconds: 0, containers: [{name: a}]}",
           "{activeDeadlineSeconds: soon, restartPolicy: Never, containers: [{name: a}]}",
           "{resources: {requests: {memory: 1Gi}}, containers: [{name: a, resources: {requests: {memory: 2Gi}}}]}",
           "{affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}, "
           "containers: [{name: a}]}",
       }) {
    INFO(spec);
    const auto asked = review("Pod",
                              "metadata: {annotations: {estimate.plimsoll.dev/cpu: '1', "
                              "estimate.plimsoll.dev/ephemeral-storage: 1Gi}}\nspec: " +
                                  std::string(spec));
    const Decision decision = decide(asked, world("placement: [{spread: {over: host}}]"), kNow);
    CHECK(to_text(decision.verdict) == "Mutated");
  }
}

TEST_CASE("a forged marker that would lead to an invalid object is put aside") {
  // It claims that 1 cpu was ours and that 8 stood there before, above the author's limit.
  const auto asked = review("Pod", R"(
metadata:
  annotations:
    estimate.plimsoll.dev/memory: 1Gi
    plimsoll.dev/decision: '{"v":1,"estimate":"other","set":{"a.requests.cpu":"1"},"was":{"a.requests.cpu":"8"}}'
spec: {containers: [{name: a, resources: {requests: {cpu: "1"}, limits: {cpu: "2"}}}]}
)");
  const Decision decision = decide(asked, world(), kNow);
  CHECK(to_text(decision.verdict) == "Mutated");
  REQUIRE(decision.warnings.size() == 1);
  CHECK_THAT(decision.warnings[0], Catch::Contains("put aside"));
  const std::string after = given::patched(asked, decision);
  CHECK_THAT(after, Catch::Contains(R"("requests":{"cpu":"1")"));
  CHECK(decide(given::review_of_json("Pod", after), world(), kNow).patch.empty());
}

TEST_CASE("the answer carries the uid, at most twenty short warnings, and what does not change in a second pass") {
  std::string spec = "{containers: [";
  std::string annotations;
  for (int i = 0; i < 40; ++i) {
    const std::string name = "container-with-a-rather-long-name-" + std::to_string(i);
    spec += "{name: " + name + ", resources: {limits: {memory: 1Gi}}}, ";
    annotations += "estimate.plimsoll.dev/memory." + name + ": 4Gi, ";
  }
  const auto asked =
      review("Pod", "metadata: {annotations: {" + annotations +
                        "estimate.plimsoll.dev/cpu.container-with-a-rather-long-name-1: '2'}}\nspec: " + spec + "]}");
  const admission::Answer answer = make_answer(asked, decide(asked, world(), kNow));
  CHECK(answer.uid == "u1");
  CHECK(answer.allowed);
  CHECK_FALSE(answer.patch.empty());
  CHECK(answer.warnings.size() == 20);
  CHECK(answer.warnings.back() == "and 21 more warnings");
  for (const std::string& warning : answer.warnings) CHECK(warning.size() <= 124);  // 120 and an ellipsis
  std::string keys;
  for (const auto& [key, value] : answer.audit_annotations) keys += key + "=" + value.substr(0, 9) + " ";
  CHECK_THAT(keys, Catch::Contains("verdict=Mutated") && Catch::Contains("rules=resources"));
}

TEST_CASE("an answer names its review in a key of its own, whatever the verdict, when the uid can be one") {
  struct Case {
    std::string_view spec;
    std::string uid;
    std::string_view want;
  };
  constexpr std::string_view kEstimated =
      "metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}\nspec: {containers: [{name: a}]}";
  const Case cases[] = {
      {kEstimated, "7f6c1b1e-8a55-4a0c-9a83-0d3f4a1c2b5e", "review.7f6c1b1e-8a55-4a0c-9a83-0d3f4a1c2b5e=Mutated"},
      {"spec: {containers: []}", "u1", "review.u1=Skipped"},
      {"metadata: {annotations: {estimate.plimsoll.dev/memory: '8'}}\nspec: {containers: [{name: a}]}", "u1",
       "review.u1=Rejected"},
      {kEstimated, "", ""},
      {kEstimated, "a/b", ""},
      {kEstimated, "a-", ""},
      {kEstimated, "a\n", ""},
      {kEstimated, std::string(57, 'x'), ""},
  };
  for (const Case& c : cases) {
    INFO(c.uid);
    auto asked = review("Pod", c.spec);
    asked.uid = c.uid;
    std::string found;
    for (const auto& [key, value] : make_answer(asked, decide(asked, world(), kNow)).audit_annotations) {
      if (key.starts_with("review.")) found += key + "=" + value;
    }
    CHECK(found == c.want);
  }
}

TEST_CASE("our own failure is answered as the policy says") {
  const auto asked = review("Pod", "spec: {containers: []}");
  Decision failed;
  failed.verdict = Verdict::Failed;
  failed.reason = reason::kBug;
  CHECK(make_answer(asked, failed).allowed);
  failed.deny_on_failure = true;
  const admission::Answer denied = make_answer(asked, failed);
  CHECK_FALSE(denied.allowed);
  CHECK(denied.code == 500);
}

std::string job_set(std::size_t count) {
  std::string yaml =
      "apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {name: s, annotations: "
      "{estimate.plimsoll.dev/memory: 1Gi}}\nspec:\n  replicatedJobs:\n";
  for (std::size_t i = 0; i < count; ++i) {
    yaml += "  - template: {spec: {template: {spec: {containers: [{name: a}]}}}}\n";
  }
  return yaml;
}

TEST_CASE("an object is one decision, however many templates it has; with more than any has it is not looked at") {
  const Decision most = decide(review("JobSet", job_set(workload::kMaxTemplates)), world(), kNow);
  CHECK(most.verdict == Verdict::Mutated);
  CHECK(most.further.size() == workload::kMaxTemplates - 1);
  const auto asked = review("JobSet", job_set(3));
  const Decision three = decide(asked, world(), kNow);
  const admission::Answer answer = make_answer(asked, three);
  for (const auto& [key, value] : answer.audit_annotations) {
    if (key == "estimate") CHECK(value == three.estimate.hash);  // all have the same
  }
  const Decision more = decide(review("JobSet", job_set(workload::kMaxTemplates + 1)), world(), kNow);
  CHECK(more.reason == reason::kMalformed);
  CHECK(more.warnings == std::vector<std::string>{"there are more pod templates than in any real object"});
}

TEST_CASE("of estimates that nobody reads no more are named than of problems") {
  std::string yaml = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n";
  for (int i = 0; i < 100; ++i) yaml += "    estimate.plimsoll.dev/key" + std::to_string(i) + ": a\n";
  yaml += "spec: {template: {spec: {containers: [{name: a}]}}}";
  CHECK(decide(review("Deployment", yaml), world(), kNow).warnings.size() == estimate::kMaxProblems);
}

TEST_CASE("who validates is never answered with a patch, whatever was sent") {
  for (const std::string_view kind : {"Pod", "Job"}) {
    const std::string estimate = "metadata: {annotations: {estimate.plimsoll.dev/memory: 1Gi}}";
    const std::string containers = "spec: {containers: [{name: a}]}";
    const std::string yaml =
        kind == "Pod" ? estimate + "\n" + containers : "spec: {template: {" + estimate + ", " + containers + "}}";
    for (const std::string_view operation : {"CREATE", "UPDATE", "DELETE"}) {
      INFO(kind << " " << operation);
      const Decision decision =
          decide(review(kind, yaml, {.operation = operation, .route = admission::Route::Validate}), world(), kNow);
      CHECK(decision.patch.empty());
      CHECK(decision.verdict != Verdict::Mutated);
      CHECK(decision.reason == (operation == "DELETE" ? reason::kNotCreate
                                : kind == "Pod"       ? reason::kDecidedAtPod
                                                      : reason::kValidated));
    }
  }
}

}  // namespace
}  // namespace plimsoll::decide
