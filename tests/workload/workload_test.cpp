#include "plimsoll/workload/workload.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "given.hpp"

namespace plimsoll::workload {
namespace {

using given::job;
using given::pod;

std::string text(const std::optional<Quantity>& quantity) {
  return quantity ? to_text(*quantity) : "-";
}

TEST_CASE("the pod template is found in each kind") {
  struct Case {
    Kind kind;
    std::string_view yaml;
    std::string_view template_path;
    std::string_view metadata_path;
    std::string_view first_container;
  };
  const Case cases[] = {
      {Kind::Pod, "spec: {containers: [{name: a}]}", "", "/metadata", "/spec/containers/0"},
      {Kind::Job, "spec: {template: {spec: {containers: [{name: a}]}}}", "/spec/template", "/metadata",
       "/spec/template/spec/containers/0"},
      {Kind::CronJob, "spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a}]}}}}}",
       "/spec/jobTemplate/spec/template", "/spec/jobTemplate/metadata",
       "/spec/jobTemplate/spec/template/spec/containers/0"},
  };
  for (const Case& c : cases) {
    const auto object = given::object(c.kind, c.yaml);
    CHECK(object.workload.template_path.text() == c.template_path);
    CHECK(object.workload.annotated.front().at.text() == c.metadata_path);
    REQUIRE(object.workload.containers.size() == 1);
    CHECK(object.workload.containers[0].path.text() == c.first_container);
  }
}

TEST_CASE("templates are found where a pattern leads, through lists and maps") {
  const std::string text = given::json_text(
      "spec: {list: [{template: {}}, {}, {template: {}}], map: {b: {template: {}}, 'a/c': {template: {}}}, bare: null, "
      "0: {x: 1}}");
  const json::Document object = *json::Document::parse(text);
  struct Case {
    std::string_view pattern;
    std::string_view want;
  };
  for (const Case& c : {Case{"/spec/list/*/template", "/spec/list/0/template /spec/list/2/template "},
                        Case{"/spec/map/*/template", "/spec/map/b/template /spec/map/a~1c/template "},
                        Case{"/spec/list/2/template", "/spec/list/2/template "}, Case{"/spec/list/7/template", ""},
                        Case{"/spec/list/-/template", ""}, Case{"/spec/bare", ""}, Case{"/spec/bare/*", ""},
                        Case{"/spec/0/x", "/spec/0/x "}, Case{"/spec/map/a~1c/*", "/spec/map/a~1c/template "}}) {
    INFO(c.pattern);
    std::string found;
    for (const json::Pointer& at : find_templates(object.root(), c.pattern)) found += at.text() + " ";
    CHECK(found == c.want);
  }
}

TEST_CASE("a template in another kind is seen with its object, or as the Pod that it becomes") {
  const std::string text = given::json_text(R"(
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: set, annotations: {a: "1"}}
spec:
  replicatedJobs:
  - template:
      metadata: {annotations: {b: "2"}}
      spec: {completions: 4, parallelism: 2, template: {metadata: {labels: {c: "3"}}, spec: {containers: [{name: m}]}}}
)");
  const json::Document object = *json::Document::parse(text);
  const json::Pointer at("/spec/replicatedJobs/0/template/spec/template");
  const Result<Workload> set = view_template(object.root(), at, Seen::AsObject);
  REQUIRE(set.has_value());
  CHECK(set->kind == Kind::Other);
  CHECK(set->kind_name == "JobSet");
  CHECK(set->rounds() == 2);
  CHECK_FALSE(set->controller);
  REQUIRE(set->annotated.size() == 3);
  CHECK(set->annotated[0].at.text() == "/metadata");
  CHECK(set->annotated[1].at.text() == "/spec/replicatedJobs/0/template/metadata");
  CHECK(set->annotated[2].at == at / "metadata");
  CHECK(set->containers[0].path == at / "spec" / "containers" / std::size_t{0});

  const Result<Workload> pod = view_template(object.root(), at, Seen::AsPod);
  REQUIRE(pod.has_value());
  CHECK(pod->kind == Kind::Pod);
  CHECK(pod->controller->kind == "JobSet");
  CHECK(pod->controller->group() == "jobset.x-k8s.io");
  REQUIRE(pod->annotated.size() == 1);
  CHECK(pod->rounds() == 1);
  CHECK(view_template(object.root(), json::Pointer("/spec/none"), Seen::AsObject).error().where == "spec.none.spec");
}

TEST_CASE("containers keep their order and know their role") {
  const auto object = pod(R"(
spec:
  initContainers: [{name: fetch}, {name: proxy, restartPolicy: Always}, {name: odd, restartPolicy: Never}]
  containers: [{name: a}, {name: b}]
)");
  std::string seen;
  for (const Container& container : object.workload.containers) {
    seen += std::string(container.name) + ":" + std::to_string(static_cast<int>(container.role)) + " ";
  }
  CHECK(seen == "a:0 b:0 fetch:1 proxy:2 odd:1 ");
  CHECK(object.workload.find_container("proxy")->path.text() == "/spec/initContainers/1");
  CHECK(object.workload.find_container("none") == nullptr);
}

TEST_CASE("an object that Kubernetes would refuse is refused with the place") {
  struct Case {
    std::string_view yaml;
    std::string_view where;
    std::string_view message;
  };
  const Case cases[] = {
      {"{}", "spec", "no pod spec"},
      {"spec: null", "spec", "no pod spec"},
      {"spec: [1]", "spec", "no pod spec"},
      {"spec: {containers: {a: 1}}", "spec.containers", "list"},
      {"spec: {containers: text}", "spec.containers", "list"},
      {"spec: {initContainers: 3, containers: []}", "spec.initContainers", "list"},
      {"spec: {containers: [{image: x}]}", "spec.containers[0]", "name"},
      {"spec: {containers: [{name: ''}]}", "spec.containers[0]", "name"},
      {"spec: {containers: [{name: 3}]}", "spec.containers[0]", "name"},
      {"spec: {containers: [null]}", "spec.containers[0]", "name"},
      {"spec: {containers: [{name: a, resources: {limits: {cpu: 2 cores}}}]}",
       "spec.containers[0].resources.limits.cpu", "2 cores"},
      {"spec: {containers: [{name: a, resources: {requests: {memory: null}}}]}",
       "spec.containers[0].resources.requests.memory", "quantity"},
      {"spec: {containers: [{name: a, resources: {requests: {nvidia.com/gpu: [1]}}}]}",
       "spec.containers[0].resources.requests[nvidia.com/gpu]", "quantity"},
      {"spec: {containers: [{name: a, resources: []}]}", "spec.containers[0].resources", "map"},
      {"spec: {containers: [{name: a, resources: {limits: x}}]}", "spec.containers[0].resources.limits", "map"},
      {"{metadata: {annotations: []}, spec: {containers: []}}", "metadata.annotations", "map"},
      {"{metadata: {labels: x}, spec: {containers: []}}", "metadata.labels", "map"},
      {"{metadata: [], spec: {containers: []}}", "metadata", "map"},
      {"spec: {containers: [], nodeSelector: [a]}", "spec.nodeSelector", "map"},
      {"spec: {containers: [], tolerations: {a: b}}", "spec.tolerations", "list"},
      {"spec: {containers: [], topologySpreadConstraints: 1}", "spec.topologySpreadConstraints", "list"},
      {"spec: {containers: [], affinity: []}", "spec.affinity", "map"},
      {"spec: {containers: [], affinity: {podAntiAffinity: [1]}}", "spec.affinity.podAntiAffinity", "map"},
      {"spec: {containers: [], affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {}}}}",
       "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution", "list"},
      {"spec: {containers: [], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: []}}}",
       "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution", "map"},
  };
  for (const Case& c : cases) {
    INFO(c.yaml);
    const json::Document document = given::document(c.yaml);
    const auto viewed = view_workload(Kind::Pod, document.root());
    REQUIRE_FALSE(viewed);
    CHECK(viewed.error().code == ErrorCode::Invalid);
    CHECK(viewed.error().where == c.where);
    CHECK_THAT(viewed.error().message, Catch::Contains(std::string(c.message)));
  }
}

TEST_CASE("null and empty members are as if they were absent") {
  for (const std::string_view yaml :
       {"spec: {containers: null, initContainers: null, nodeSelector: null, tolerations: null, affinity: null}",
        "{metadata: {annotations: null, labels: null}, spec: {containers: []}}",
        "spec: {containers: [], affinity: {nodeAffinity: null, podAntiAffinity: {}}}"}) {
    CHECK(pod(yaml).workload.containers.empty());
  }
  CHECK(pod("spec: {containers: [{name: a, resources: {requests: null, limits: {}}}]}").workload.containers.size() ==
        1);
}

TEST_CASE("an object with more parts than any real pod is not looked at") {
  std::string yaml = "spec: {containers: [";
  for (std::size_t i = 0; i <= kMaxContainers; ++i) yaml += "{name: a" + std::to_string(i) + "},";
  const json::Document document = given::document(yaml + "]}");
  CHECK(view_workload(Kind::Pod, document.root()).error().code == ErrorCode::TooLarge);

  yaml = "spec: {containers: [{name: a, resources: {limits: {";
  for (std::size_t i = 0; i <= kMaxAmounts; ++i) yaml += "r" + std::to_string(i) + ": 1,";
  const json::Document amounts = given::document(yaml + "}}}]}");
  CHECK(view_workload(Kind::Pod, amounts.root()).error().code == ErrorCode::TooLarge);
}

TEST_CASE("the controlling owner is the one that says so") {
  CHECK_FALSE(pod("{metadata: {ownerReferences: [{kind: Job, name: a}]}, spec: {}}").workload.controller);
  const auto object = pod(R"(
metadata: {ownerReferences: [{kind: Foo, name: a}, {apiVersion: batch/v1, kind: Job, name: b, controller: true}]}
spec: {}
)");
  REQUIRE(object.workload.controller);
  CHECK(object.workload.controller->kind == "Job");
  CHECK(object.workload.controller->api_version == "batch/v1");
  CHECK(object.workload.controller->name == "b");

  const auto cron =
      given::object(Kind::CronJob, "{metadata: {name: nightly}, spec: {jobTemplate: {spec: {template: {spec: {}}}}}}");
  CHECK(cron.workload.controller->kind == "CronJob");
  CHECK(cron.workload.controller->name == "nightly");
}

TEST_CASE("numbers that the marker names and the object still holds are ours, all others the author's") {
  struct Case {
    std::string_view name;
    std::string_view amounts;  // of container main
    std::string_view marker;
    std::string_view present;
    std::string_view authored;
  };
  const Case cases[] = {
      {"no marker", "{requests: {cpu: 2}}", "", "2", "2"},
      {"set by us, nothing before", "{requests: {cpu: '2'}}", R"({"v":1,"set":{"main.requests.cpu":"2"}})", "2", "-"},
      {"set by us over the author's", "{requests: {cpu: '2'}}",
       R"({"v":1,"set":{"main.requests.cpu":"2"},"was":{"main.requests.cpu":"500m"}})", "2", "500m"},
      {"set by us over a bare number", "{requests: {cpu: '2'}}",
       R"({"v":1,"set":{"main.requests.cpu":"2"},"was":{"main.requests.cpu":1}})", "2", "1"},
      {"edited since", "{requests: {cpu: '3'}}",
       R"({"v":1,"set":{"main.requests.cpu":"2"},"was":{"main.requests.cpu":"1"}})", "3", "3"},
      {"named for another container", "{requests: {cpu: '2'}}", R"({"v":1,"set":{"side.requests.cpu":"2"}})", "2", "2"},
      {"named for the other side", "{requests: {cpu: '2'}}", R"({"v":1,"set":{"main.limits.cpu":"2"}})", "2", "2"},
      {"another format", "{requests: {cpu: '2'}}", R"({"v":2,"set":{"main.requests.cpu":"2"}})", "2", "2"},
      {"torn", "{requests: {cpu: '2'}}", R"({"v":1,"set":{"main.requests.cpu":"2")", "2", "2"},
      {"forged: what was is no quantity", "{requests: {cpu: '2'}}",
       R"({"v":1,"set":{"main.requests.cpu":"2"},"was":{"main.requests.cpu":"two"}})", "2", "-"},
      {"forged: what was is no scalar", "{requests: {cpu: '2'}}",
       R"({"v":1,"set":{"main.requests.cpu":"2"},"was":{"main.requests.cpu":{"a":[1]}}})", "2", "-"},
      {"forged: what was is negative", "{requests: {cpu: '2'}}",
       R"({"v":1,"set":{"main.requests.cpu":"2"},"was":{"main.requests.cpu":"-1"}})", "2", "-"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const auto object = pod("metadata: {annotations: {plimsoll.dev/decision: '" + std::string(c.marker) +
                            "'}}\nspec: {containers: [{name: main, resources: " + std::string(c.amounts) + "}]}");
    const Container& main = object.workload.containers[0];
    CHECK(text(main.present(Side::Request, "cpu")) == c.present);
    CHECK(text(main.authored(Side::Request, "cpu")) == c.authored);
  }
}

TEST_CASE("numbers that LimitRanger's annotation names are not the author's") {
  constexpr std::string_view kSpec = R"(
spec:
  containers:
  - {name: a, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 2Gi}}}
  - {name: b, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 2Gi}}}
  initContainers:
  - {name: i, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 2Gi}}}
)";
  struct Case {
    std::string_view annotation;
    std::string_view not_authored;
  };
  const Case cases[] = {
      {"", ""},
      {"LimitRanger plugin set: cpu request for container a", "a.requests.cpu "},
      {"LimitRanger plugin set: cpu, memory request for container a; cpu limit for container b",
       "a.requests.cpu a.requests.memory b.limits.cpu "},
      {"LimitRanger plugin set: cpu, memory request for init container i; memory limit for init container i",
       "i.requests.cpu i.requests.memory i.limits.memory "},
      {"LimitRanger plugin set: cpu request for container i", ""},       // i is an init container
      {"LimitRanger plugin set: cpu request for init container a", ""},  // a is none
      {"LimitRanger plugin set: cpu request for container gone; memory limit for container b", "b.limits.memory "},
      {"LimitRanger plugin set: cpu wish for container a", ""},
      {"LimitRanger plugin set: ", ""},
      {"LimitRanger plugin set: ; ; cpu request for ; for container a", ""},
      {"somebody else set: cpu request for container a", ""},
  };
  for (const Case& c : cases) {
    INFO(c.annotation);
    const std::string metadata =
        "metadata: {annotations: {kubernetes.io/limit-ranger: '" + std::string(c.annotation) + "'}}";
    const auto object = pod(metadata + std::string(kSpec));
    std::string seen;
    for (const Container& container : object.workload.containers) {
      for (const Amount& amount : container.amounts) {
        if (amount.authored) continue;
        seen += std::string(container.name) + (amount.side == Side::Request ? ".requests." : ".limits.") +
                std::string(amount.resource) + " ";
      }
    }
    CHECK(seen == c.not_authored);
  }
}

TEST_CASE("LimitRanger never runs on a template, so its annotation there is only a text") {
  const auto object = job(R"(
spec:
  template:
    metadata: {annotations: {kubernetes.io/limit-ranger: "LimitRanger plugin set: cpu request for container a"}}
    spec: {containers: [{name: a, resources: {requests: {cpu: 1}}}]}
)");
  CHECK(text(object.workload.containers[0].authored(Side::Request, "cpu")) == "1");
}

TEST_CASE("a limit stands in for a request that is missing") {
  const auto object =
      pod("spec: {containers: [{name: a, resources: {requests: {cpu: 1}, limits: {cpu: 2, memory: 1Gi}}}]}");
  const Container& a = object.workload.containers[0];
  CHECK(text(a.authored_request_or_limit("cpu")) == "1");
  CHECK(text(a.authored_request_or_limit("memory")) == "1Gi");
  CHECK(text(a.authored_request_or_limit("nvidia.com/gpu")) == "-");
}

TEST_CASE("memory never needs less than memory-backed volumes and a visible heap") {
  struct Case {
    std::string_view spec;
    std::string_view want;
  };
  const Case cases[] = {
      {"{}", "0"},
      {"{args: [-Xmx8g]}", "8Gi"},
      {"{args: [-Xmx512m]}", "512Mi"},
      {"{args: [-Xmx1048576k]}", "1Gi"},
      {"{args: [-Xmx1T]}", "1Ti"},
      {"{args: [-Xmx1073741824]}", "1Gi"},
      {"{command: [java, -Xms1g, -Xmx2G, -jar, x.jar]}", "2Gi"},
      {"{command: [sh, -c, 'exec java -Xmx3g -jar x.jar']}", "3Gi"},
      {"{args: ['-Xmx1g -Xmx4g']}", "4Gi"},
      {"{args: [-Xmx]}", "0"},
      {"{args: [-XmxG, 7]}", "0"},
      {"{args: [-Xmx99999999999999999999g]}", "0"},
      {"{env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx6g}]}", "6Gi"},
      {"{env: [{name: JAVA_OPTS, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}", "0"},
      {"{args: [-Xmx1g], env: [{name: JAVA_OPTS, value: -Xmx2g}]}", "2Gi"},
      {"{args: [--conf, spark.executor.memory=8g]}", "8Gi"},
      {"{args: [spark.driver.memory=2g, spark.executor.memory=3g]}", "3Gi"},
      {"{args: ['spark.executor.memory=1g --conf spark.driver.memory=4g']}", "4Gi"},
      {"{args: [spark.executor.memory=2048]}", "2Gi"},  // mebibytes to Spark
      {"{volumeMounts: [{name: shm, mountPath: /dev/shm}]}", "2Gi"},
      {"{volumeMounts: [{name: shm}, {name: ram}]}", "3Gi"},
      {"{volumeMounts: [{name: shm, mountPath: /a}, {name: shm, mountPath: /b, subPath: x}]}", "2Gi"},
      {"{volumeMounts: [{name: unbounded}, {name: disk}, {name: broken}, {name: absent}, {}]}", "0"},
      {"{volumeMounts: [{name: shm}], args: [-Xmx1g]}", "3Gi"},
  };
  for (const Case& c : cases) {
    INFO(c.spec);
    const std::string yaml = R"(
spec:
  volumes:
  - {name: shm, emptyDir: {medium: Memory, sizeLimit: 2Gi}}
  - {name: ram, emptyDir: {medium: Memory, sizeLimit: 1073741824}}
  - {name: unbounded, emptyDir: {medium: Memory}}
  - {name: disk, emptyDir: {sizeLimit: 5Gi}}
  - {name: broken, emptyDir: {medium: Memory, sizeLimit: much}}
  - {emptyDir: {medium: Memory, sizeLimit: 7Gi}}
  containers:
  - )" + std::string(c.spec);
    const auto object = pod(yaml.substr(0, yaml.size() - 1) + (c.spec == "{}" ? "name: a}" : ", name: a}"));
    CHECK(to_text(memory_floor(object.workload, object.workload.containers[0])) == c.want);
  }
}

TEST_CASE("a pod is Guaranteed when its author made every request equal to its limit") {
  struct Case {
    std::string_view containers;
    bool want;
  };
  const Case cases[] = {
      {"[]", false},
      {"[{name: a}]", false},
      {"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]", true},
      {"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1000m, memory: 1024Mi}}}]", true},
      {"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}}]", false},
      {"[{name: a, resources: {limits: {cpu: 1}}}]", false},
      {"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b}]", false},
      {"[{name: a, resources: {requests: {cpu: 1, memory: 1Gi}}}]", false},
  };
  for (const Case& c : cases) {
    INFO(c.containers);
    CHECK(pod("spec: {containers: " + std::string(c.containers) + "}").workload.is_guaranteed() == c.want);
  }
  CHECK_FALSE(
      pod("spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}], initContainers: [{name: i}]}")
          .workload.is_guaranteed());
  CHECK_FALSE(pod(R"(
metadata: {annotations: {kubernetes.io/limit-ranger: "LimitRanger plugin set: cpu limit for container a"}}
spec: {containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}
)")
                  .workload.is_guaranteed());
}

TEST_CASE("devices claimed through DRA are seen wherever they are claimed") {
  CHECK_FALSE(
      pod("spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}").workload.has_device_claims());
  CHECK(pod("spec: {resourceClaims: [{name: g}], containers: []}").workload.has_device_claims());
  CHECK(pod("spec: {containers: [{name: a, resources: {claims: [{name: g}]}}]}").workload.has_device_claims());
  CHECK(pod("spec: {containers: [{name: a, resources: {limits: {deviceclass.resource.kubernetes.io/gpu.example: 1}}}]}")
            .workload.has_device_claims());
  CHECK(job("spec: {scheduling: {resourceClaims: [{name: g}]}, template: {spec: {}}}").workload.has_device_claims());
}

TEST_CASE("resources of the whole pod are known by name") {
  const auto object = pod("spec: {resources: {requests: {cpu: 2}, limits: {memory: 4Gi}}, containers: []}");
  CHECK(object.workload.has_pod_level("cpu"));
  CHECK(object.workload.has_pod_level("memory"));
  CHECK_FALSE(object.workload.has_pod_level("ephemeral-storage"));
}

TEST_CASE("the GPU resources of the known device plugins are GPUs") {
  for (const std::string_view name :
       {"nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb", "amd.com/gpu", "gpu.intel.com/i915",
        "gpu.intel.com/xe", "volcano.sh/vgpu-number", "koordinator.sh/gpu.shared"}) {
    CHECK(is_gpu_resource(name));
    CHECK(counts_gpus(name));
  }
  for (const std::string_view name : {"nvidia.com/gpumem", "nvidia.com/gpumem-percentage", "koordinator.sh/gpu",
                                      "koordinator.sh/gpu-core", "volcano.sh/vgpu-memory"}) {
    CHECK(is_gpu_resource(name));
    CHECK_FALSE(counts_gpus(name));
  }
  for (const std::string_view name : {"cpu", "memory", "rdma/hca", "example.com/gpu", ""}) {
    CHECK_FALSE(is_gpu_resource(name));
  }
}

TEST_CASE("a scalar is ours only while the object holds exactly what the marker says") {
  const auto object = pod(R"(
metadata:
  annotations:
    plimsoll.dev/decision: '{"v":1,"set":{"priorityClassName":"fast","nodeSelector.zone":"b","activeDeadlineSeconds":900},
      "was":{"nodeSelector.zone":"a"}}'
spec: {priorityClassName: fast, nodeSelector: {zone: b, disk: ssd}, activeDeadlineSeconds: 901, containers: []}
)");
  const Workload& w = object.workload;
  CHECK_FALSE(w.authored("priorityClassName", w.pod_spec["priorityClassName"]));
  CHECK(w.authored("nodeSelector.zone", w.pod_spec["nodeSelector"]["zone"]).text() == "a");
  CHECK(w.authored("nodeSelector.disk", w.pod_spec["nodeSelector"]["disk"]).text() == "ssd");
  CHECK(w.authored("activeDeadlineSeconds", w.pod_spec["activeDeadlineSeconds"]).integer() == 901);
  CHECK_FALSE(w.authored("schedulerName", w.pod_spec["schedulerName"]));
}

TEST_CASE("elements of a list are ours by value, in whatever order their members stand") {
  const auto object = pod(R"(
metadata:
  annotations:
    plimsoll.dev/decision: '{"v":1,"set":{"tolerations":[{"key":"gpu","operator":"Exists"}]}}'
spec: {containers: [], tolerations: [{operator: Exists, key: gpu}, {key: gpu}, {key: other, operator: Exists}]}
)");
  const Workload& w = object.workload;
  CHECK(w.is_ours("tolerations", w.pod_spec["tolerations"][0]));
  CHECK_FALSE(w.is_ours("tolerations", w.pod_spec["tolerations"][1]));
  CHECK_FALSE(w.is_ours("topologySpreadConstraints", w.pod_spec["tolerations"][0]));
  CHECK(w.authored_elements("tolerations", w.pod_spec["tolerations"]) == 2);
  CHECK(w.authored_tolerations().size() == 2);
}

TEST_CASE("labels are the template's before the object's, annotations the template's alone") {
  const auto object = job(R"(
metadata: {labels: {a: job, b: job}, annotations: {x: job}}
spec: {template: {metadata: {labels: {a: template}, annotations: {z: template}}, spec: {containers: []}}}
)");
  CHECK(object.workload.label("a") == "template");
  CHECK(object.workload.label("b") == "job");
  CHECK_FALSE(object.workload.label("c"));
  CHECK_FALSE(object.workload.pod_annotation("x"));
  CHECK(object.workload.pod_annotation("z") == "template");
  CHECK(object.workload.restart_policy() == "Always");
}

TEST_CASE("what Plimsoll wrote of labels, annotations and scheduler is not their author's") {
  const auto object = job(R"(
metadata:
  labels: {kueue.x-k8s.io/queue-name: batch, team: a}
  annotations: {scheduling.volcano.sh/group-min-member: "4", b: c}
spec:
  suspend: true
  template:
    metadata:
      labels: {plimsoll.dev/family: f}
      annotations:
        karpenter.sh/do-not-disrupt: "true"
        plimsoll.dev/decision: '{"v":1,"set":{"annotations.karpenter.sh/do-not-disrupt":"true","job.suspend":true,
          "labels.plimsoll.dev/family":"f","objectAnnotations.scheduling.volcano.sh/group-min-member":"4",
          "objectLabels.kueue.x-k8s.io/queue-name":"batch","objectLabels.team":"b","schedulerName":"volcano"},
          "was":{"job.suspend":false,"schedulerName":"default-scheduler"}}'
    spec: {schedulerName: volcano, containers: []}
)");
  const Workload& w = object.workload;
  CHECK_FALSE(w.label("kueue.x-k8s.io/queue-name"));
  CHECK_FALSE(w.object_label("kueue.x-k8s.io/queue-name"));
  CHECK_FALSE(w.label("plimsoll.dev/family"));
  CHECK(w.label("team") == "a");  // it holds another value than the marker says
  CHECK_FALSE(w.object_annotation("scheduling.volcano.sh/group-min-member"));
  CHECK(w.object_annotation("b") == "c");
  CHECK_FALSE(w.authored_annotation("karpenter.sh/do-not-disrupt"));
  CHECK_FALSE(w.scheduler());
  CHECK(w.authored("job.suspend", w.job_spec["suspend"]).boolean() == false);
}

TEST_CASE("a Job without labels has those of its template") {
  const auto team_of = [](std::string_view labels) {
    const auto object = job("metadata: {labels: " + std::string(labels) +
                            "}\nspec: {template: {metadata: {labels: {team: t}}, spec: {containers: []}}}");
    return std::string(object.workload.object_label("team").value_or("none"));
  };
  CHECK(team_of("null") == "t");
  CHECK(team_of("{}") == "t");
  CHECK(team_of("{a: b}") == "none");
  CHECK(team_of("{team: o}") == "o");
}

TEST_CASE("the default scheduler is nobody's choice") {
  const auto scheduler = [](std::string_view spec) {
    const auto object = pod("spec: {" + std::string(spec) + "containers: []}");
    return std::string(object.workload.scheduler().value_or("none"));
  };
  CHECK(scheduler("") == "none");
  CHECK(scheduler("schedulerName: null, ") == "none");
  CHECK(scheduler("schedulerName: '', ") == "none");
  CHECK(scheduler("schedulerName: default-scheduler, ") == "none");
  CHECK(scheduler("schedulerName: volcano, ") == "volcano");
}

TEST_CASE("a Job's own metadata is held to what the API server would decode") {
  for (const std::string_view metadata : {"[]", "{labels: []}", "{annotations: x}"}) {
    INFO(metadata);
    const json::Document document =
        given::document("metadata: " + std::string(metadata) + "\nspec: {template: {spec: {containers: []}}}");
    CHECK_FALSE(view_workload(Kind::Job, document.root()));
  }
}

TEST_CASE("the pods of a Job run in as many rounds as its parallelism makes of its completions") {
  struct Case {
    std::string_view spec;
    std::int64_t want;
  };
  const Case cases[] = {
      {"", 1},
      {"completions: 10,", 10},
      {"completions: 10, parallelism: 4,", 3},
      {"completions: 10, parallelism: 10,", 1},
      {"completions: 10, parallelism: 100,", 1},
      {"parallelism: 5,", 1},
      {"completions: 0,", 1},
      {"completions: 10, parallelism: 0,", 10},
      {"completions: 9223372036854775807, parallelism: 1,", std::numeric_limits<std::int64_t>::max()},
  };
  for (const Case& c : cases) {
    INFO(c.spec);
    const auto object = job("spec: {" + std::string(c.spec) + " template: {spec: {containers: []}}}");
    CHECK(object.workload.rounds() == c.want);
  }
  CHECK(pod("spec: {containers: []}").workload.rounds() == 1);
}

}  // namespace
}  // namespace plimsoll::workload
