"""Pods that no decided Job brings: bare ones, and those of Deployments. The API server's own plugins have touched them before Plimsoll."""

import json

import pytest
import yaml

from cluster.api_server import AuditLog, WebhookMetrics, tally
from cluster.kubectl import Kubectl
from cluster.processes import wait_until
from goldens import load_input
from hooks.registration import MANIFESTS, PODS_WEBHOOK
from objects import deployment, job, pod, priority_class

MARKER = "plimsoll.dev/decision"
ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/duration": "4m"}
GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
SIZED = {"requests": {"memory": "1280Mi"}, "limits": {"memory": "1280Mi"}}  # 1Gi x 1.25


@pytest.fixture(scope="module")
def policy(state_directory):
    """The shipped policy; in namespaces whose name begins so, it knows the cluster's default class."""
    policy = yaml.safe_load((MANIFESTS / "policy.yaml").read_text(encoding="utf-8"))
    policy["namespaces"].append({"match": {"names": ["default-class-known-*"]}, "policy": {"priority": {"defaultClass": "standard"}}})
    path = state_directory / "policy-that-knows-the-default-class.yaml"
    path.write_text(yaml.safe_dump(policy), encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def priority_of(stored: dict) -> tuple:
    return tuple(stored["spec"].get(field) for field in ("priorityClassName", "priority", "preemptionPolicy"))


def resources_of(stored: dict, container: int = 0) -> dict:
    return stored["spec"]["containers"][container]["resources"]


def create_with_warnings(kubectl: Kubectl, made: dict) -> tuple[dict, str]:
    output = kubectl.attempt("create", "-f", "-", "-o", "json", objects=[made])
    assert output.exit_code == 0, output.stderr
    return json.loads(output.stdout), output.stderr


def test_tensorflow_pod_is_sized_scheduled_and_tolerates_its_nodes_taint(kubectl, server):
    stored = kubectl.create(load_input("seeds/tensorflow-pod"))

    assert resources_of(stored) == {"requests": {"cpu": "4", "memory": "15Gi", "nvidia.com/gpu": "1"},
                                    "limits": {"memory": "15Gi", "nvidia.com/gpu": "1"}}
    assert stored["spec"]["activeDeadlineSeconds"] == 3 * 2 * 3600
    assert GPU_TOLERATION in stored["spec"]["tolerations"]
    assert not server.patch_offline(stored)
    kubectl.run("wait", "--for=condition=Ready", "pod/tensorflow", "--timeout=30s")


def test_priority_triple_is_that_of_the_class_after_both_passes(kubectl, server, api_audit_log):
    stored = kubectl.create(pod("p", ESTIMATE))

    assert priority_of(stored) == ("plimsoll-minutes", 3000, "Never")
    # The Priority plugin ran again after Plimsoll, which left alone what it then found.
    (event,) = api_audit_log.events(kubectl.namespace, "pods")
    calls = AuditLog.webhook_calls(event)
    assert tally(calls) == {PODS_WEBHOOK: 2}
    assert [call.mutated for call in calls] == [True, False]
    assert [(record["verdict"], record["reason"]) for record in server.all_audit_records(kubectl)] == [
        ("Mutated", ""), ("Unchanged", "AlreadyDecided")]
    assert priority_of(kubectl.get("pod", "p")) == ("plimsoll-minutes", 3000, "Never")


def test_class_that_is_the_target_already_is_left_alone(kubectl, api_audit_log):
    stored = kubectl.create(pod("p", ESTIMATE, priorityClassName="plimsoll-minutes"))
    assert priority_of(stored) == ("plimsoll-minutes", 3000, "Never")
    (event,) = api_audit_log.events(kubectl.namespace, "pods")
    assert not [op for call in AuditLog.webhook_calls(event) for op in call.patch if op["path"].startswith("/spec/pri")]


def test_class_that_the_author_chose_is_kept(kubectl):
    stored, warnings = create_with_warnings(kubectl, pod("p", ESTIMATE, priorityClassName="plimsoll-long"))
    assert priority_of(stored) == ("plimsoll-long", 1000, "Never")
    assert "plimsoll-long" in warnings and "plimsoll-minutes" in warnings


@pytest.fixture
def default_class(kubectl, make_priority_class):
    """A globalDefault PriorityClass `standard`, which the API server already gives to Pods without a class."""
    make_priority_class(priority_class("standard", 500, globalDefault=True))
    wait_until("the default class", lambda: kubectl.create(pod("probe"), "--dry-run=server")["spec"].get("priorityClassName"))


def test_default_class_counts_as_chosen_where_the_policy_does_not_know_it(kubectl, default_class):
    stored, warnings = create_with_warnings(kubectl, pod("p", ESTIMATE))
    assert priority_of(stored) == ("standard", 500, "PreemptLowerPriority")
    assert resources_of(stored) == SIZED
    assert 'priority class "standard" is kept' in warnings


def test_default_class_known_to_the_policy_gives_way(kubectl, default_class, server):
    stored = kubectl.create(pod("p", ESTIMATE))
    assert priority_of(stored) == ("plimsoll-minutes", 3000, "Never")
    assert not server.patch_offline(stored)


def test_jobs_class_is_chosen_whatever_the_default_is(kubectl, default_class):
    kubectl.create(job("j", {}, ESTIMATE))
    kubectl.run("wait", "--for=condition=complete", "job/j", "--timeout=60s")
    assert [priority_of(stored) for stored in kubectl.select("pods")] == [("plimsoll-minutes", 3000, "Never")]


def test_mirror_pod_is_untouched(kubectl, server):
    made = pod("static-cpu-0", ESTIMATE | {"kubernetes.io/config.mirror": "0123"}, nodeName="cpu-0")
    made["spec"]["automountServiceAccountToken"] = False
    stored = kubectl.create(made)
    assert (resources_of(stored), MARKER in stored["metadata"]["annotations"]) == ({}, False)
    assert not server.all_audit_records(kubectl)


def test_kube_system_is_untouched(admin, server):
    kubectl = admin.within("kube-system")
    kubectl.wait_for_service_account()
    before = WebhookMetrics(kubectl, PODS_WEBHOOK).calls()
    stored = kubectl.create(pod("p", ESTIMATE), "--dry-run=server")
    decided_job = kubectl.create(job("j", {}, ESTIMATE), "--dry-run=server")
    assert (resources_of(stored), MARKER in stored["metadata"]["annotations"]) == ({}, False)
    assert decided_job["spec"]["template"]["spec"]["containers"][0]["resources"] == {}
    assert WebhookMetrics(kubectl, PODS_WEBHOOK).calls() == before
    assert not server.audit_records("kube-system")


def test_pod_without_estimate_is_untouched(kubectl, server):
    stored = kubectl.create(pod("p"))
    assert resources_of(stored) == {}
    assert not server.all_audit_records(kubectl)


def test_deployments_pods_get_a_toleration_and_never_a_deadline(kubectl, server):
    template = load_input("seeds/tf-serving-pod")
    template["metadata"]["annotations"]["estimate.plimsoll.dev/duration"] = "4m"
    kubectl.create(deployment("tf-serving", template, replicas=3))
    kubectl.run("wait", "--for=condition=Available", "deployment/tf-serving", "--timeout=60s")

    pods = kubectl.select("pods")
    assert len(pods) == 3
    for stored in pods:
        assert GPU_TOLERATION in stored["spec"]["tolerations"]
        assert "activeDeadlineSeconds" not in stored["spec"]
        assert priority_of(stored) == ("plimsoll-hours", 2000, "Never")  # the band for minutes is bound to a deadline
        assert resources_of(stored) == {"requests": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"},
                                        "limits": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"}}
    records = [record for record in server.all_audit_records(kubectl, "Pod") if record["verdict"] == "Mutated"]
    assert len(records) == 3
    assert {record["owner"].split("/")[0] for record in records} == {"ReplicaSet"}


def test_bad_estimate_in_a_deployment_is_left_out_and_said(kubectl, server):
    template = pod("t", {"estimate.plimsoll.dev/memory": "1Gi"}, restartPolicy="Always")
    kubectl.apply(deployment("web", template, replicas=0))
    template["metadata"]["annotations"]["estimate.plimsoll.dev/cpu"] = "4000"  # at its creation it would be refused
    kubectl.apply(deployment("web", template, replicas=1))
    kubectl.run("wait", "--for=condition=Available", "deployment/web", "--timeout=60s")
    (stored,) = kubectl.select("pods")
    assert resources_of(stored) == SIZED
    record = server.all_audit_records(kubectl, "Pod")[0]
    assert any("4000" in warning for warning in record["warnings"])


@pytest.mark.parametrize("pod_level", [{"requests": {"memory": "2Gi"}}, {"limits": {"cpu": "2", "memory": "2Gi"}}, {}])
def test_pod_level_resources_are_accepted(kubectl, server, pod_level):
    """Up to 1.36 pod-level requests are defaulted before Plimsoll, from 1.37 after it."""
    made = pod("p", ESTIMATE | {"estimate.plimsoll.dev/cpu": "1500m"}, resources=pod_level)
    made["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "100m"}}
    stored = kubectl.create(made)
    assert not server.patch_offline(stored)
    assert {record["verdict"] for record in server.all_audit_records(kubectl)} <= {"Mutated", "Unchanged"}
    kubectl.run("wait", "--for=condition=Ready", "pod/p", "--timeout=30s")


def test_gpu_from_a_device_class_is_not_asked_for_twice(kubectl, server):
    """Dynamic resource allocation through an extended resource's name."""
    made = pod("p", ESTIMATE | {"estimate.plimsoll.dev/gpu": "1"})
    asked = {"deviceclass.resource.kubernetes.io/gpu.nvidia.com": "1"}
    made["spec"]["containers"][0]["resources"] = {"requests": asked, "limits": asked}
    stored = kubectl.create(made)
    assert resources_of(stored) == {side: asked | {"memory": "1280Mi"} for side in ("requests", "limits")}
    assert not server.patch_offline(stored)


def test_class_that_does_not_exist_is_refused_as_ever(kubectl):
    output = kubectl.attempt("create", "-f", "-", "--dry-run=server", objects=[pod("p", ESTIMATE, priorityClassName="no-such")])
    assert output.exit_code != 0
    assert 'no PriorityClass with name no-such was found' in output.stderr


def forge(marker: str, **fields) -> dict:
    made = pod("forged", ESTIMATE | {MARKER: marker})
    made["metadata"] |= fields
    return made


def owner(uid: str = "00000000-0000-0000-0000-000000000001") -> dict:
    return {"ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": "owner", "uid": uid, "controller": True}]}


def honest_marker(kubectl: Kubectl) -> dict:
    """The marker of a Pod with the same estimate."""
    honest = kubectl.create(pod("honest", ESTIMATE), "--dry-run=server")
    return json.loads(honest["metadata"]["annotations"][MARKER])


FORGERIES = {
    "no JSON": lambda marker: "decided",
    "nothing in it": lambda marker: {},
    "another format": lambda marker: marker | {"v": 99},
    "another estimate": lambda marker: marker | {"estimate": "00000000"},
    "taken from a Pod that was decided": lambda marker: marker,
    "names nothing that was set": lambda marker: {key: value for key, value in marker.items() if key != "set"},
    "names what is not there": lambda marker: marker | {"set": {"priorityClassName": "plimsoll-long"}},
    "says what stood there before": lambda marker: marker | {"was": {"main.requests.memory": "1Mi", "main.limits.memory": "1Mi"}},
}


@pytest.mark.parametrize("fields", [pytest.param({}, id="bare"), pytest.param(owner(), id="claims a Job")])
@pytest.mark.parametrize("forgery", [
    "no JSON", "nothing in it", "another format", "another estimate", "names nothing that was set",
    "taken from a Pod that was decided", "names what is not there", "says what stood there before",
])
def test_forged_marker_is_no_way_round(kubectl, forgery, fields):
    forged = FORGERIES[forgery](honest_marker(kubectl))
    text = forged if isinstance(forged, str) else json.dumps(forged)
    # A dry run: the owner does not exist, and the garbage collector would take a stored Pod away.
    stored = kubectl.create(forge(text, **fields), "--dry-run=server")
    assert resources_of(stored) == SIZED
    assert priority_of(stored) == ("plimsoll-minutes", 3000, "Never")
    assert stored["spec"]["activeDeadlineSeconds"] == 3 * 4 * 60


def test_forged_marker_at_a_job_is_no_way_round(kubectl):
    honest = kubectl.create(job("honest", {}, ESTIMATE), "--dry-run=server")["spec"]["template"]
    forged = kubectl.create(job("forged", {}, ESTIMATE | {MARKER: honest["metadata"]["annotations"][MARKER]}), "--dry-run=server")
    assert forged["spec"]["template"]["spec"] == honest["spec"]


def test_forged_marker_does_not_save_a_bad_estimate(kubectl):
    made = forge(json.dumps(honest_marker(kubectl)))
    made["metadata"]["annotations"]["estimate.plimsoll.dev/memory"] = "8"
    output = kubectl.attempt("create", "-f", "-", objects=[made])
    assert output.exit_code != 0
    assert 'did you mean "8Gi"?' in output.stderr
