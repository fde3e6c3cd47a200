"""An annotated Job on a real control plane: created by kubectl, decided, run by the Job controller on kwok's nodes, and deleted."""

import json

import pytest

from cluster.api_server import AuditLog, WebhookMetrics, tally
from cluster.kubectl import Object
from cluster.processes import wait_until
from goldens import load_input
from hooks.registration import JOBS_WEBHOOK, PODS_WEBHOOK
from objects import differences, job

MARKER = "plimsoll.dev/decision"
RUN_FOR = "e2e.plimsoll.dev/run-for"
GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
SMALL_A100 = ["NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-PCIE-40GB"]


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture
def undecided(make_namespace):
    """Creates an object, as a dry run, in a namespace that keeps Plimsoll out: what the API server alone makes of it."""
    kubectl = make_namespace({"plimsoll.dev/mode": "disabled"})
    return lambda made: kubectl.create(made, "--dry-run=server")


def changes(plain: Object, decided: Object) -> dict[str, object]:
    """What Plimsoll did: the differences without those of any two creations, the marker apart."""
    found = differences(plain["spec"], decided["spec"])
    return {path: value for path, value in found.items()
            if not path.endswith(("controller-uid", MARKER)) and not path.startswith("selector.")}


def test_stored_job_has_every_field_of_the_decision_and_nothing_else(kubectl, undecided):
    made = load_input("seeds/training-job")
    stored = kubectl.create(made)

    family = "resnet-training-a6578a37"
    assert changes(undecided(made), stored) == {
        "template.metadata.labels.plimsoll.dev/family": family,
        "template.spec.containers.0.resources.requests": {"cpu": "16", "memory": "108135Mi", "nvidia.com/gpu": "4"},
        "template.spec.containers.0.resources.limits": {"memory": "108135Mi", "nvidia.com/gpu": "4"},
        "template.spec.priorityClassName": "plimsoll-long",
        "template.spec.activeDeadlineSeconds": 3 * 6 * 3600,
        "template.spec.tolerations": [GPU_TOLERATION],
        "template.spec.affinity": {
            "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": {
                "matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "In", "values": SMALL_A100}]}}]},
            "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": {
                "labelSelector": {"matchLabels": {"plimsoll.dev/family": family}}, "topologyKey": "kubernetes.io/hostname"}}]},
        },
    }
    assert not differences(made["metadata"], stored["metadata"]).keys() & {"annotations", "labels"}
    marker = json.loads(stored["spec"]["template"]["metadata"]["annotations"][MARKER])
    assert (marker["v"], marker["container"]) == (1, "train")
    assert marker["set"]["train.requests.memory"] == "108135Mi"
    assert "was" not in marker


def test_data_job_is_sized_from_its_own_and_its_templates_annotations(kubectl, undecided):
    made = load_input("seeds/data-job")
    stored = kubectl.create(made)

    assert changes(undecided(made), stored) == {
        # 3Gi (the template's word) and 20Gi, x 1.25
        "template.spec.containers.0.resources.requests": {"cpu": "1500m", "memory": "3840Mi", "ephemeral-storage": "25Gi"},
        "template.spec.containers.0.resources.limits": {"memory": "3840Mi", "ephemeral-storage": "25Gi"},
        "template.spec.priorityClassName": "plimsoll-hours",
        "template.spec.activeDeadlineSeconds": 3 * 45 * 60,
    }


def test_pods_arrive_as_decided_are_scheduled_and_complete(kubectl, server, api_audit_log, admin):
    pods_hook, jobs_hook = WebhookMetrics(kubectl, PODS_WEBHOOK), WebhookMetrics(kubectl, JOBS_WEBHOOK)
    before = pods_hook.calls(), pods_hook.excluded(), jobs_hook.calls()

    made = load_input("seeds/training-job")
    template = kubectl.create(made)["spec"]["template"]
    kubectl.run("wait", "--for=condition=complete", "job/resnet-training", "--timeout=60s")

    assert kubectl.get("job", "resnet-training")["status"]["succeeded"] == 4
    gpu_nodes = {node["metadata"]["name"] for node in admin.select("nodes", "-l", "nvidia.com/gpu.present=true")}
    pods = kubectl.select("pods")
    assert len(pods) == 4
    for pod in pods:
        assert pod["status"]["phase"] == "Succeeded"
        assert pod["spec"]["nodeName"] in gpu_nodes
        assert pod["metadata"]["annotations"][MARKER] == template["metadata"]["annotations"][MARKER]
        assert pod["metadata"]["labels"]["plimsoll.dev/family"] == template["metadata"]["labels"]["plimsoll.dev/family"]
        assert pod["spec"]["containers"][0]["resources"] == template["spec"]["containers"][0]["resources"]
        for field in ("affinity", "priorityClassName", "activeDeadlineSeconds"):
            assert pod["spec"][field] == template["spec"][field]
        assert pod["spec"]["tolerations"][0] == GPU_TOLERATION  # the API server appends its own two
        assert (pod["spec"]["priority"], pod["spec"]["preemptionPolicy"]) == (1000, "Never")

    # Decided once: neither counter nor log knows of a call for one of the Pods.
    assert (pods_hook.calls(), pods_hook.excluded(), jobs_hook.calls()) == (before[0], before[1] + 4, before[2] + 1)
    events = api_audit_log.events(kubectl.namespace, "pods")
    assert len(events) == 4
    assert not any(AuditLog.webhook_calls(event) for event in events)
    assert [(record["kind"], record["verdict"]) for record in server.all_audit_records(kubectl)] == [("Job", "Mutated")]


def test_pod_goes_to_the_smallest_gpu_that_holds_it(kubectl):
    estimate = {"estimate.plimsoll.dev/gpu": "1", "estimate.plimsoll.dev/gpu-memory": "30Gi"}
    kubectl.create(job("one", {}, estimate))
    kubectl.run("wait", "--for=condition=complete", "job/one", "--timeout=60s")
    (pod,) = kubectl.select("pods")
    assert pod["spec"]["nodeName"] == "a100-40-0"


def test_kubernetes_own_audit_log_has_the_patch_that_ours_has(kubectl, server, api_audit_log):
    kubectl.create(load_input("seeds/training-job"))
    kubectl.create(load_input("seeds/data-job"))

    records = {record["name"]: record for record in server.all_audit_records(kubectl, "Job")}
    events = {event["objectRef"]["name"]: event for event in api_audit_log.events(kubectl.namespace, "jobs")}
    assert records.keys() == events.keys() == {"resnet-training", "clean-events"}
    for name, record in records.items():
        (call,) = AuditLog.webhook_calls(events[name])
        assert (call.round, call.configuration, call.webhook, call.mutated) == (0, "00-plimsoll-jobs", JOBS_WEBHOOK, True)
        assert call.patch == record["patch"] != []
        ours = {key.removeprefix(f"{JOBS_WEBHOOK}/"): value for key, value in events[name]["annotations"].items()
                if key.startswith(JOBS_WEBHOOK)}
        assert ours == {f"review.{record['uid']}": record["verdict"], "verdict": record["verdict"], "policy": record["policy"],
                        "estimate": record["estimate"]["hash"], "rules": ",".join(sorted({change["rule"] for change in record["changes"]}))}


def test_status_updates_and_finalizers_are_undisturbed(kubectl, server):
    made = load_input("seeds/training-job")
    made["metadata"]["finalizers"] = ["e2e.plimsoll.dev/hold"]
    stored = kubectl.create(made)
    kubectl.run("wait", "--for=condition=complete", "job/resnet-training", "--timeout=60s")

    # The Job controller's finalizer has gone from every Pod, or they could not be deleted.
    wait_until("the Pods to be released", lambda: not any("finalizers" in pod["metadata"] for pod in kubectl.select("pods")))
    kubectl.run("delete", "job", "resnet-training", "--cascade=foreground", "--wait=false")
    wait_until("the Pods to be gone", lambda: not kubectl.select("pods"))
    held = kubectl.get("job", "resnet-training")
    assert held["metadata"]["deletionTimestamp"]
    assert held["spec"] == stored["spec"]
    kubectl.run("patch", "job", "resnet-training", "--type=json", "-p", '[{"op": "remove", "path": "/metadata/finalizers"}]')
    wait_until("the Job to be gone", lambda: not kubectl.select("jobs"))

    assert [record["operation"] for record in server.all_audit_records(kubectl)] == ["CREATE"]


def test_job_is_suspended_and_resumed(kubectl, server):
    made = load_input("seeds/training-job")
    made["spec"]["template"]["metadata"]["annotations"][RUN_FOR] = "1h"
    stored = kubectl.create(made)
    wait_until("its Pods to run", lambda: kubectl.get("job", "resnet-training")["status"].get("ready") == 4)

    kubectl.run("patch", "job", "resnet-training", "-p", '{"spec": {"suspend": true}}')
    wait_until("its Pods to be gone", lambda: not kubectl.select("pods"))
    kubectl.run("wait", "--for=condition=suspended", "job/resnet-training", "--timeout=30s")
    kubectl.run("patch", "job", "resnet-training", "-p", '{"spec": {"suspend": false}}')
    wait_until("its Pods to run again", lambda: kubectl.get("job", "resnet-training")["status"].get("ready") == 4)

    assert kubectl.get("job", "resnet-training")["spec"] == stored["spec"]
    assert [record["kind"] for record in server.all_audit_records(kubectl)] == ["Job"]


def test_job_created_suspended_is_decided_and_runs_when_resumed(kubectl):
    made = load_input("seeds/data-job")
    made["spec"]["suspend"] = True
    stored = kubectl.create(made)
    assert stored["spec"]["template"]["spec"]["priorityClassName"] == "plimsoll-hours"
    kubectl.run("patch", "job", "clean-events", "-p", '{"spec": {"suspend": false}}')
    kubectl.run("wait", "--for=condition=complete", "job/clean-events", "--timeout=60s")


def test_failed_pods_are_replaced_by_others_like_them(kubectl, server):
    made = job("unlucky", {}, {"estimate.plimsoll.dev/memory": "1Gi", "e2e.plimsoll.dev/exit": "OOMKilled"}, backoffLimit=1)
    kubectl.create(made)
    kubectl.run("wait", "--for=condition=failed", "job/unlucky", "--timeout=90s")
    assert [pod["spec"]["containers"][0]["resources"]["limits"] for pod in kubectl.select("pods")] == [{"memory": "1280Mi"}] * 2
    assert len(server.all_audit_records(kubectl)) == 1


def test_job_with_a_generated_name_is_decided(kubectl, api_audit_log):
    made = load_input("seeds/data-job")
    made["metadata"]["generateName"] = made["metadata"].pop("name") + "-"
    stored = kubectl.create(made)
    assert stored["metadata"]["name"].startswith("clean-events-")
    assert MARKER in stored["spec"]["template"]["metadata"]["annotations"]
    (event,) = api_audit_log.events(kubectl.namespace, "jobs")
    assert tally(AuditLog.webhook_calls(event)) == {JOBS_WEBHOOK: 1}
