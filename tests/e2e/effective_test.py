"""What `plimsoll mutate -o explain` says that the scheduler counts, against the scheduler: a Pod goes to a node that has exactly so
much, and not to one that has a thousandth of a core, or a byte, less."""

import re
import subprocess

import pytest
import yaml

from cluster.processes import wait_until
from hooks.plimsoll import program
from hooks.registration import MANIFESTS
from objects import pod

WHOLE_POD = {"estimate.plimsoll.dev/container": "*", "estimate.plimsoll.dev/cpu": "3", "estimate.plimsoll.dev/memory": "4Gi"}
DURATION = {"estimate.plimsoll.dev/duration": "1h"}
GUARD = "plimsoll-e2e/exact"  # keeps others off these nodes


def container(name: str, cpu: str = "", memory: str = "", sidecar: bool = False, limits: dict | None = None) -> dict:
    requests = {key: value for key, value in {"cpu": cpu, "memory": memory}.items() if value}
    made = {"name": name, "image": f"registry.example/{name}:1"}
    resources = {key: value for key, value in {"requests": requests, "limits": limits}.items() if value}
    return made | ({"resources": resources} if resources else {}) | ({"restartPolicy": "Always"} if sidecar else {})


# Annotations, spec, and what is counted.
CASES = {
    "containers": (DURATION, {"containers": [container("a", "1500m", "1Gi"), container("b", "250m", "300M")]}, "1750m", 1373741824),
    "limits-alone": (DURATION, {"containers": [container("a", limits={"cpu": "2", "memory": "1Gi"})]}, "2", 1 << 30),
    "sidecars-and-init-containers": (DURATION, {
        "containers": [container("a", "500m", "256Mi")],
        "initContainers": [container("early", "2", "64Mi"), container("proxy", "1", "128Mi", sidecar=True),
                           container("between", "3", "1Gi"), container("logs", "100m", "512Mi", sidecar=True),
                           container("late", "100m", "700Mi")]}, "4", (128 + 512 + 700) << 20),
    "overhead": (DURATION, {"runtimeClassName": "heavy", "containers": [container("a", "1", "1Gi")]}, "1250m", (1 << 30) + (120 << 20)),
    "pod-level": (DURATION, {"resources": {"requests": {"cpu": "4", "memory": "2Gi"}},
                             "containers": [container("a", "1", "1Gi"), container("b")]}, "4", 2 << 30),
    "pod-level-limit-alone": (DURATION, {"resources": {"limits": {"cpu": "4", "memory": "2Gi"}},
                                         "containers": [container("a", "1"), container("b")]}, "1", 2 << 30),
    "pod-level-with-overhead": (DURATION, {"runtimeClassName": "heavy", "resources": {"requests": {"cpu": "4", "memory": "2Gi"}},
                                           "containers": [container("a")]}, "4250m", (2 << 30) + (120 << 20)),
    "estimate-divided": (WHOLE_POD, {"containers": [container("a"), container("b"), container("c", "500m", "1Gi")]}, "3", 5 << 30),
    "estimate-beside-sidecars": (WHOLE_POD, {
        "containers": [container("a")],
        "initContainers": [container("download"), container("proxy", "200m", "300Mi", sidecar=True), container("unpack"),
                           container("cache", sidecar=True), container("warm")]}, "3", 5 << 30),
    "estimate-with-overhead": (WHOLE_POD, {"runtimeClassName": "heavy", "containers": [container("a"), container("b")]},
                               "3250m", (5 << 30) + (120 << 20)),
    "estimate-at-the-pods-level": (WHOLE_POD, {"resources": {"limits": {"cpu": "8", "memory": "16Gi"}},
                                               "containers": [container("a", "1", "1Gi"), container("b")]}, "3", 5 << 30),
    "estimate-below-an-init-container": (WHOLE_POD, {"containers": [container("a")], "initContainers": [container("unpack", "6", "16Gi")]},
                                         "6", 16 << 30),
}


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture(scope="module", autouse=True)
def runtime_class(admin):
    admin.apply({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "heavy"}, "handler": "heavy",
                 "overhead": {"podFixed": {"cpu": "250m", "memory": "120Mi"}}})
    yield
    admin.run("delete", "runtimeclass", "heavy")


@pytest.fixture
def make_nodes(admin):
    made = []

    def make(name: str, cpu_milli: int, memory: int) -> None:
        amounts = {"cpu": f"{cpu_milli}m", "memory": str(memory), "ephemeral-storage": "1Ti", "pods": "110"}
        admin.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                     "spec": {"taints": [{"key": GUARD, "effect": "NoSchedule"}]},
                     "status": {"capacity": amounts, "allocatable": amounts}})
        made.append(name)
        wait_until(f"node {name} is ready", lambda: not any(
            taint["key"] == "node.kubernetes.io/not-ready" for taint in admin.get("node", name)["spec"].get("taints", [])))

    yield make
    if made:
        admin.run("delete", "node", *made)


def counted(stored: dict) -> dict[str, str]:
    """By Plimsoll, offline."""
    done = subprocess.run([program(), "mutate", "-f", "-", "-o", "explain", "--policy", MANIFESTS / "policy.yaml"],
                          input=yaml.safe_dump(stored), text=True, capture_output=True, check=True)
    line = re.search(r"^What the scheduler counts for each Pod:\n  (.*)$", done.stdout, re.MULTILINE)
    assert line, done.stdout
    return dict(entry.split(" ") for entry in line[1].split(", "))


def in_bytes(quantity: str) -> int:
    units = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 10**3, "M": 10**6, "G": 10**9, "": 1}
    number, unit = re.fullmatch(r"(\d+)(\D*)", quantity).groups()
    return int(number) * units[unit]


def in_milli(quantity: str) -> int:
    return int(quantity[:-1]) if quantity.endswith("m") else int(quantity) * 1000


def scheduled(kubectl, name: str) -> dict:
    """The Pod's condition PodScheduled, once the scheduler has looked at it."""
    def find() -> dict | None:
        conditions = kubectl.get("pod", name).get("status", {}).get("conditions", [])
        return next((condition for condition in conditions if condition["type"] == "PodScheduled"), None)
    return wait_until(f"the scheduler looks at {name}", find)


@pytest.mark.parametrize("case", CASES)
def test_the_scheduler_counts_what_we_say(kubectl, make_nodes, case):
    annotations, spec, cpu, memory = CASES[case]

    def make(name: str, *flags: str) -> dict:
        return kubectl.create(pod(name, annotations, nodeSelector={"kubernetes.io/hostname": f"{case}-{name}"},
                                  tolerations=[{"key": GUARD, "operator": "Exists"}], **spec), *flags)

    ours = counted(make("any", "--dry-run=server"))
    assert (ours["cpu"], in_bytes(ours["memory"])) == (cpu, memory)

    milli = in_milli(ours["cpu"])
    make_nodes(f"{case}-exact", milli, memory)
    make_nodes(f"{case}-less-cpu", milli - 1, memory)
    make_nodes(f"{case}-less-memory", milli, memory - 1)
    for name in ("exact", "less-cpu", "less-memory"):
        make(name)
    assert scheduled(kubectl, "exact")["status"] == "True"
    for name, lacks in (("less-cpu", "Insufficient cpu"), ("less-memory", "Insufficient memory")):
        condition = scheduled(kubectl, name)
        assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
        assert lacks in condition["message"]
        wait_until("the event is there", lambda name=name, lacks=lacks: any(
            event["reason"] == "FailedScheduling" and event["involvedObject"]["name"] == name and lacks in event.get("message", "")
            for event in kubectl.select("events")))


def test_an_estimate_of_the_pod_is_read_at_a_job(kubectl, make_nodes):
    """The Pods that the Job controller makes are counted as the Job's decision says, without overhead."""
    template = {"metadata": {"annotations": WHOLE_POD},
                "spec": {"restartPolicy": "Never", "containers": [container("a"), container("b", "500m", "1Gi")],
                         "initContainers": [container("download"), container("proxy", "200m", "300Mi", sidecar=True)],
                         "nodeSelector": {"kubernetes.io/hostname": "of-a-job"}, "tolerations": [{"key": GUARD, "operator": "Exists"}]}}
    make_nodes("of-a-job", 3000, 5 << 30)
    kubectl.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": {"template": template}})
    (made,) = wait_until("the Job has a Pod", lambda: kubectl.select("pods"))
    assert counted(made | {"spec": {key: value for key, value in made["spec"].items() if key != "nodeName"}}) == {
        "cpu": "3", "memory": "5Gi"}
    assert scheduled(kubectl, made["metadata"]["name"])["status"] == "True"
