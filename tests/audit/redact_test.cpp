#include "plimsoll/audit/redact.hpp"

#include "decide/reviews.hpp"
#include "plimsoll/audit/record.hpp"

namespace plimsoll::audit {
namespace {

using given::kNow;

constexpr std::string_view kPrefix = "estimate.plimsoll.dev/";

std::string redacted(std::string_view kind, std::string_view yaml, const given::Request& request = {}) {
  const Result<std::string> kept = redact(given::review(kind, yaml, request), kPrefix);
  if (!kept) FAIL(kept.error().message);
  return *kept;
}

std::string decided(const admission::Review& review, const decide::Snapshot& world) {
  return encode_record(make_record(review, decide::decide(review, world, kNow), {.time = kNow}));
}

// Decides `yaml` and what is kept of it; both must come to the same, in every byte of the record.
void check_replay(std::string_view kind, std::string_view yaml, std::string_view policy = "") {
  INFO(yaml);
  const auto world = given::world(policy);
  const admission::Review review = given::review(kind, yaml);
  const Result<std::string> kept = redact(review, world.policy->prefix);
  REQUIRE(kept);
  INFO(*kept);
  const auto document = json::Document::parse(*kept);
  REQUIRE(document);
  const auto restored = restore(document->root());
  REQUIRE(restored);
  auto line = decided(*restored, world);
  const std::string uid = R"("uid":"replay")";
  line.replace(line.find(uid), uid.size(), R"("uid":"u1")");
  CHECK(line == decided(review, world));
}

constexpr std::string_view kHostile = R"(
apiVersion: v1
kind: Pod
metadata:
  name: train
  generateName: train-
  uid: SECRET
  labels: {app: train}
  managedFields: [{manager: SECRET}]
  finalizers: [SECRET]
  ownerReferences:
  - {apiVersion: v1, kind: SECRET, name: SECRET, uid: SECRET}
  - {apiVersion: batch/v1, kind: Job, name: owner, uid: SECRET, controller: true, extra: SECRET}
  annotations:
    estimate.plimsoll.dev/memory: 4Gi
    estimate.plimsoll.dev/container: main
    kubectl.kubernetes.io/last-applied-configuration: '{"env": "SECRET"}'
    kubectl.kubernetes.io/default-container: SECRET
    kubernetes.io/limit-ranger: "LimitRanger plugin set: cpu, SECRET request for container main; cpu limit for container SECRET; SECRET"
    kubernetes.io/config.source: SECRET
    vpaUpdates.example.com: SECRET
    plimsoll.dev/other: SECRET
    plimsoll.dev/decision: 'SECRET'
    example.com/SECRET: SECRET
    SECRET: ""
spec:
  serviceAccountName: SECRET
  hostname: SECRET
  nodeName: ""
  schedulingGroup: {podGroupName: SECRET}
  imagePullSecrets: [{name: SECRET}]
  securityContext: {seLinuxOptions: {user: SECRET}}
  hostAliases: [{ip: SECRET}]
  resourceClaims: [{name: SECRET}]
  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: SECRET}]}}
  volumes:
  - {name: SECRET, secret: {secretName: SECRET}}
  - {name: shm, emptyDir: {medium: Memory, sizeLimit: 1Gi, extra: SECRET}}
  - {name: SECRET2, hostPath: {path: SECRET}}
  containers:
  - name: main
    image: registry.example.com/SECRET
    command: [java, SECRET, "-Xmx3g-SECRET", "-DSECRET=1"]
    args: ["--conf", "spark.executor.memory=5g,SECRET"]
    env:
    - {name: SECRET, value: SECRET}
    - {name: JAVA_TOOL_OPTIONS, value: "-javaagent:SECRET -Xmx2048m -Dpassword=SECRET"}
    - {name: X, valueFrom: {secretKeyRef: {name: SECRET, key: SECRET}}}
    envFrom: [{secretRef: {name: SECRET}}]
    lifecycle: {postStart: {exec: {command: [SECRET]}}}
    livenessProbe: {exec: {command: [SECRET]}, httpGet: {httpHeaders: [{name: Authorization, value: SECRET}]}}
    resources: {requests: {cpu: 1}, claims: [{name: SECRET}], extra: SECRET}
    volumeMounts: [{name: shm, mountPath: /SECRET}, {name: SECRET, mountPath: /SECRET}]
    terminationMessagePath: SECRET
  ephemeralContainers: [{name: SECRET}]
)";

TEST_CASE("environment, commands, images, volumes and the annotations of others are not kept") {
  const std::string kept = redacted("Pod", kHostile);
  INFO(kept);
  CHECK(kept.find("SECRET") == std::string::npos);
  // The larger of both heaps, and nothing of the words around it.
  CHECK(kept.find(R"("args":["-Xmx5242880k"])") != std::string::npos);
  CHECK(kept.find(R"("LimitRanger plugin set: cpu request for container main")") != std::string::npos);
  CHECK(kept.find(R"({"name":"shm","emptyDir":{"medium":"Memory","sizeLimit":"1Gi"}})") != std::string::npos);
  CHECK(kept.find(R"("ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"owner","controller":true}])") !=
        std::string::npos);
  check_replay("Pod", kHostile);
}

TEST_CASE("a record line of a hostile object holds no secret, whatever becomes of it") {
  const std::string object = given::json_text(kHostile);
  const char* const requests[] = {R"("operation":"CREATE")", R"("operation":"UPDATE")", R"("operation":"DELETE")",
                                  R"("operation":"CREATE","subResource":"ephemeralcontainers")",
                                  R"("operation":"CREATE","namespace":"kube-system")"};
  const char* const kinds[] = {
      R"({"group":"","version":"v1","kind":"Pod"})", R"({"group":"batch","version":"v1","kind":"Job"})",
      R"({"group":"batch","version":"v1","kind":"CronJob"})", R"({"group":"","version":"v1","kind":"Secret"})"};
  for (const char* request : requests) {
    for (const char* kind : kinds) {
      const std::string body =
          R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u1","kind":)" +
          std::string(kind) + ',' + request +
          R"(,"userInfo":{"username":"ada","groups":["g"],"extra":{"token":["SECRET"]}},"options":{"fieldManager":"SECRET"},"object":)" +
          object + R"(,"oldObject":)" + object + "}}";
      auto review = admission::decode_review(body);
      REQUIRE(review);
      decide::Decision decision = decide::decide(*review, given::world(), kNow);
      const std::string line = encode_record(make_record(*review, std::move(decision),
                                                         {.time = kNow,
                                                          .input = keep_input(body, RecordedInput::Redacted),
                                                          .estimate_prefix = std::string(kPrefix)}),
                                             RecordedInput::Redacted);
      INFO(line);
      CHECK(line.find("SECRET") == std::string::npos);
      CHECK(line.find(R"(,"request":{"kind":{)") != std::string::npos);
      CHECK(json::Document::parse(line));
    }
  }
}

TEST_CASE("of what is never decided not even names are kept") {
  constexpr std::string_view kYaml = "metadata: {name: a}\nspec: {containers: [{name: b}]}";
  CHECK(redacted("ConfigMap", kYaml).find("object") == std::string::npos);
  CHECK(redacted("Pod", kYaml, {.operation = "UPDATE"}).find("object") == std::string::npos);
  CHECK(redacted("Pod", kYaml, {.sub_resource = "eviction"}).find("object") == std::string::npos);
  CHECK(redacted("Pod", kYaml, {.name_space = "kube-system"}).find("object") != std::string::npos);
}

TEST_CASE("what is kept is plain ASCII, and means the same") {
  const std::string kept =
      redacted("Pod", "metadata: {annotations: {estimate.plimsoll.dev/family: \"a\\u202Eé\\U0001F600\\u007F\"}}");
  INFO(kept);
  CHECK(kept.find(R"("a\u202e\u00e9\ud83d\ude00\u007f")") != std::string::npos);
  const auto document = json::Document::parse(kept);
  REQUIRE(document);
  CHECK(document->root()["object"]["metadata"]["annotations"]["estimate.plimsoll.dev/family"].text() ==
        "a\u202Eé\U0001F600\x7f");
}

TEST_CASE("what is kept is decided as the object itself") {
  const char* const policy = R"(
priority: {bands: [{class: short, when: {duration: "<=1h"}, bound: 3}, {class: any, when: {}}], defaultClass: standard}
tolerations: [{when: {labels: {team: [ml]}}, add: [{key: t, operator: Exists}]}]
nodeAffinity: [{when: {}, require: [{key: zone, in: [a, b]}]}]
placement: [{when: {}, spread: {over: kubernetes.io/hostname}}]
schedulers: [volcano]
queues: {kueue: [{when: {interruptible: false}, queue: batch}], volcano: [{queue: v, gang: true}]}
disruption: {protectFrom: [cluster-autoscaler, karpenter]}
runtime: {jobDeadline: {pending: 1h}}
)";
  const std::string estimated =
      "metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi, estimate.plimsoll.dev/cpu: '2', "
      "estimate.plimsoll.dev/duration: 30m";
  const std::string pods = "template: {spec: {restartPolicy: Never, containers: [{name: b}]}}}";
  struct Case {
    const char* kind;
    std::string yaml;
  };
  const Case cases[] = {
      {"Pod", estimated + "}}\nspec: {restartPolicy: Never, containers: [{name: a}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, args: [-Xmx4000g]}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, args: [-Xmx12345678]}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, command: [-Xmx8000000t]}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, env: [{name: E, value: -Xmx9g}, {name: F, value: "
                          "spark.driver.memory=80g}]}]}"},
      {"Pod", estimated + "}, labels: {team: ml, spark-role: driver}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", vpaUpdates: 'x'}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", vpaUpdates: 7}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", kubernetes.io/config.mirror: x}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", plimsoll.dev/mode: disabled}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", plimsoll.dev/mode: other}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", kubectl.kubernetes.io/default-container: b}}\nspec: {containers: [{name: a}, {name: b}]}"},
      {"Pod", estimated + ", kubectl.kubernetes.io/default-container: c}}\nspec: {containers: [{name: a}, {name: b}]}"},
      {"Pod", estimated + ", kubernetes.io/limit-ranger: 'LimitRanger plugin set: cpu, memory request for container a; "
                          "memory limit for "
                          "container a; cpu request for init container b'}}\nspec: {containers: [{name: a, resources: "
                          "{requests: {cpu: "
                          "100m, memory: 1Gi}, limits: {memory: 1Gi}}}], initContainers: [{name: b, resources: "
                          "{requests: {cpu: 1}}}]}"},
      {"Pod",
       estimated + ", example.com/large: " + std::string(262144 - 700, 'y') + "}}\nspec: {containers: [{name: a}]}"},
      {"Pod",
       estimated + ", example.com/large: " + std::string(262144 - 300, 'y') + "}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated + ", example.com/large: " + std::string(262144, 'y') + "}}\nspec: {containers: [{name: a}]}"},
      {"Pod", estimated +
                  ", estimate.plimsoll.dev/gpu: '1'}}\nspec: {containers: [{name: a}], resourceClaims: [{name: gpu}]}"},
      {"Pod",
       estimated +
           ", estimate.plimsoll.dev/gpu: '1'}}\nspec: {containers: [{name: a, resources: {claims: [{name: gpu}]}}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a}], schedulingGroup: {podGroupName: g}}"},
      {"Pod",
       estimated +
           "}}\nspec: {containers: [{name: a}], priorityClassName: standard, priority: 5, preemptionPolicy: Never}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a}], resources: {requests: {memory: 1Gi}}}"},
      {"Pod",
       estimated + "}}\nspec: {containers: [{name: a}], nodeSelector: {zone: c}, tolerations: [{operator: Exists}]}"},
      {"Pod",
       estimated +
           "}}\nspec: {containers: [{name: a}], affinity: {nodeAffinity: "
           "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: [{key: f}]}, {}]}}}}"},
      {"Pod", estimated + "}}\nspec: {nodeName: n, containers: [{name: a}]}"},
      {"Pod",
       estimated +
           "}}\nspec: {containers: [{name: a, volumeMounts: [{name: m}, {name: m}, {name: d}]}], volumes: [{name: m, "
           "emptyDir: {medium: Memory, sizeLimit: 30Gi}}, {name: d, emptyDir: {sizeLimit: 50Gi}}]}"},
      // What the API server would refuse is refused, or passed over, with the same words.
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, resources: {requests: {cpu: [1]}}}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, resources: {limits: {cpu: twelve}}}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{name: a, resources: [x]}]}"},
      {"Pod", estimated + "}}\nspec: {containers: {name: a}}"},
      {"Pod", estimated + "}}\nspec: {containers: [a, {name: b}]}"},
      {"Pod", estimated + "}}\nspec: {containers: [{image: b}]}"},
      {"Pod", estimated + "}}\nspec: {affinity: [x], containers: [{name: b}]}"},
      {"Pod", estimated + "}}\nspec: {affinity: {nodeAffinity: x}, containers: [{name: b}]}"},
      {"Pod", estimated + "}}\nspec: {nodeSelector: [x], containers: [{name: b}]}"},
      {"Pod", estimated + "}}\nspec: x"},
      {"Pod", "metadata: {annotations: [x]}\nspec: {containers: [{name: b}]}"},
      {"Pod", "metadata: {labels: x, annotations: {estimate.plimsoll.dev/memory: 4}}\nspec: {containers: [{name: b}]}"},
      {"Pod", "metadata: null\nspec: {containers: [{name: b}]}"},
      {"Job",
       "spec: {template: {metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}, spec: {restartPolicy: Never, "
       "containers: [{name: b}]}}}"},
      {"Job", estimated +
                  "}}\nspec: {scheduling: {resourceClaims: [{name: x}]}, template: {spec: {containers: [{name: b}]}}}"},
      {"Job", estimated + "}}\nspec: {template: x}"},
      {"Job", estimated + "}}\nspec: [x]"},
      {"Job", estimated + ", plimsoll.dev/mode: disabled}}\nspec: {template: {spec: {containers: [{name: b}]}}}"},
      {"Job", estimated + "}}\nspec: {completions: 9, parallelism: 2, backoffLimit: 1, " + pods},
      {"Job", estimated + "}}\nspec: {completions: 9, backoffLimitPerIndex: 2, suspend: true, " + pods},
      {"Job", estimated + "}}\nspec: {activeDeadlineSeconds: 60, suspend: 'true', " + pods},
      {"Job", estimated +
                  ", kueue.x-k8s.io/queue-name: mine, kueue.x-k8s.io/job-min-parallelism: '2'}}\nspec: "
                  "{completions: 9, parallelism: 9, " +
                  pods},
      {"Job", estimated +
                  ", scheduling.volcano.sh/group-min-member: '2'}, labels: {kueue.x-k8s.io/queue-name: mine, "
                  "kueue.x-k8s.io/max-exec-time-seconds: '60'}}\nspec: {parallelism: 9, " +
                  pods},
      {"Pod", estimated + ", karpenter.sh/do-not-disrupt: 'false', scheduling.volcano.sh/queue-name: mine}}\nspec: "
                          "{restartPolicy: Never, schedulerName: volcano, containers: [{name: a}]}"},
      {"Pod",
       estimated + ", scheduling.k8s.io/group-name: mine}}\nspec: {schedulerName: volcano, containers: [{name: a}]}"},
      {"CronJob", "metadata: {name: nightly, annotations: {plimsoll.dev/mode: disabled}}\nspec: {jobTemplate: {" +
                      estimated + "}}, spec: {template: {spec: {containers: [{name: b}]}}}}}"},
  };
  for (const Case& c : cases) {
    check_replay(c.kind, c.yaml);
    check_replay(c.kind, c.yaml, policy);
  }
  check_replay("Pod", kHostile, policy);
}

TEST_CASE("a marker is kept where it is one, so that what was decided stays decided") {
  const std::string before = given::json_text(
      "metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi}}\nspec: {containers: [{name: a}, {name: b}]}");
  for (const char* forged :
       {"", R"({"v":1,"estimate":"x","set":{"hostname":"h"}})", R"({"v":2,"set":{"a.requests.memory":"1Gi"}})", "{"}) {
    const std::string yaml =
        std::string("metadata: {annotations: {estimate.plimsoll.dev/memory: 4Gi, plimsoll.dev/decision: '") + forged +
        "'}}\nspec: {hostname: h, containers: [{name: a}]}";
    check_replay("Pod", yaml);
    const admission::Review review = given::review("Pod", yaml);
    const std::string after = given::patched(review, decide::decide(review, given::world(), kNow));
    check_replay("Pod", after);
  }
}

TEST_CASE("what is too large is not kept, and the record says so") {
  const std::string yaml = "metadata: {annotations: {estimate.plimsoll.dev/memory: '" +
                           std::string(kRedactedLimit, '8') + "'}}\nspec: {containers: [{name: a}]}";
  CHECK(redact(given::review("Pod", yaml), kPrefix).error().code == ErrorCode::TooLarge);
  Record record;
  record.input.body = "no review";
  CHECK(encode_record(record, RecordedInput::Redacted).ends_with(R"(,"request":null})"));
}

}  // namespace
}  // namespace plimsoll::audit
