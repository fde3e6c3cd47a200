// Pods by what they would make the scheduler count. Source of the cases: those of PodRequests in
// k8s.io/component-helpers/resource/helpers_test.go, KEP-753, KEP-2837, and DefaultPodLevelResources in
// k8s.io/kubernetes/pkg/api/pod/util.go.
#include "plimsoll/workload/effective_requests.hpp"

#include <catch2/catch.hpp>

#include "given.hpp"

namespace plimsoll::workload {
namespace {

std::string to_text(const std::vector<Need>& needs) {
  std::string text;
  for (const Need& need : needs) {
    text += (text.empty() ? "" : ", ") + std::string(need.resource) + " " + plimsoll::to_text(need.quantity);
  }
  return text;
}

std::string asking(std::string_view name, std::string_view requests, std::string_view more = "") {
  return "{name: " + std::string(name) + ", resources: {requests: {" + std::string(requests) + "}}" +
         std::string(more) + "}";
}
constexpr std::string_view kSidecar = ", restartPolicy: Always";

TEST_CASE("the scheduler counts the most that a pod needs at one time") {
  struct Case {
    std::string_view name;
    std::string spec;
    std::string_view want;
  };
  const Case cases[] = {
      {"nothing is asked for", "containers: [{name: a}]", ""},
      {"containers run together",
       "containers: [" + asking("a", "cpu: 500m, memory: 1Gi") + ", " + asking("b", "cpu: 1") + "]",
       "cpu 1500m, memory 1Gi"},
      {"a limit alone becomes a request",
       "containers: [{name: a, resources: {limits: {cpu: 2, nvidia.com/gpu: 1}}}, " + asking("b", "cpu: 1") + "]",
       "cpu 3, nvidia.com/gpu 1"},
      {"init containers run one after the other, before the rest",
       "initContainers: [" + asking("i", "cpu: 2") + ", " + asking("j", "cpu: 3") + "], containers: [" +
           asking("a", "cpu: 1") + "]",
       "cpu 3"},
      {"a smaller init container does not show",
       "initContainers: [" + asking("i", "cpu: 500m") + "], containers: [" + asking("a", "cpu: 1") + "]", "cpu 1"},
      {"each resource has its own height",
       "initContainers: [" + asking("i", "cpu: 4, memory: 1Gi") + "], containers: [" +
           asking("a", "cpu: 1, memory: 8Gi") + "]",
       "cpu 4, memory 8Gi"},
      {"a sidecar runs with the containers",
       "initContainers: [" + asking("s", "cpu: 1", kSidecar) + "], containers: [" + asking("a", "cpu: 2") + "]",
       "cpu 3"},
      {"an init container runs beside the sidecars before it",
       "initContainers: [" + asking("s", "cpu: 1", kSidecar) + ", " + asking("i", "cpu: 4") + "], containers: [" +
           asking("a", "cpu: 2") + "]",
       "cpu 5"},
      {"not beside those after it",
       "initContainers: [" + asking("i", "cpu: 4") + ", " + asking("s", "cpu: 1", kSidecar) + "], containers: [" +
           asking("a", "cpu: 2") + "]",
       "cpu 4"},
      {"sidecars add up on the way",
       "initContainers: [" + asking("s", "cpu: 1", kSidecar) + ", " + asking("i", "cpu: 2") + ", " +
           asking("t", "cpu: 2", kSidecar) + ", " + asking("j", "cpu: 1") + "], containers: [" +
           asking("a", "cpu: 500m") + "]",
       "cpu 4"},
      {"another restart policy makes no sidecar",
       "initContainers: [" + asking("i", "cpu: 1", ", restartPolicy: Never") + "], containers: [" +
           asking("a", "cpu: 2") + "]",
       "cpu 2"},
      {"overhead comes on top", "overhead: {cpu: 250m, memory: 120Mi}, containers: [" + asking("a", "cpu: 1") + "]",
       "cpu 1250m, memory 120Mi"},
      {"what is said of the whole pod goes before its containers",
       "resources: {requests: {cpu: 4}}, containers: [" + asking("a", "cpu: 1, memory: 1Gi") + "]",
       "cpu 4, memory 1Gi"},
      {"... and overhead on top of that",
       "overhead: {cpu: 250m}, resources: {requests: {cpu: 4}}, containers: [" + asking("a", "cpu: 1") + "]",
       "cpu 4250m"},
      {"a limit of the whole pod is its request where no container asks",
       "resources: {limits: {cpu: 4, memory: 8Gi}}, containers: [" + asking("a", "cpu: 1") + "]", "cpu 1, memory 8Gi"},
      {"only cpu, memory and huge pages are the whole pod's",
       "resources: {requests: {nvidia.com/gpu: 4, hugepages-2Mi: 8Mi}}, containers: [{name: a}]", "hugepages-2Mi 8Mi"},
      {"an empty one says nothing", "resources: {requests: {}}, containers: [" + asking("a", "cpu: 1") + "]", "cpu 1"},
      {"no finer than thousandths, each of them rounded",
       "containers: [" + asking("a", "cpu: 100u") + ", " + asking("b", "cpu: 100u") + "]", "cpu 2m"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const auto object = given::pod("{metadata: {name: p}, spec: {" + c.spec + "}}");
    CHECK(to_text(effective_requests(object.workload)) == c.want);
  }
}

TEST_CASE("the API server holds the pod's request against all containers, init containers too") {
  const auto object = given::pod("{spec: {overhead: {cpu: 1}, resources: {requests: {cpu: 8}}, initContainers: [" +
                                 asking("i", "cpu: 4") + "], containers: [" + asking("a", "cpu: 2") + "]}}");
  CHECK(to_text(container_requests(object.workload)) == "cpu 4");
}

}  // namespace
}  // namespace plimsoll::workload
