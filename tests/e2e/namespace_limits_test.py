"""LimitRange and ResourceQuota: what a namespace gives and forbids, before Plimsoll and after it."""

import pytest

from cluster.api_server import WebhookMetrics
from cluster.kubectl import Kubectl
from cluster.processes import wait_until
from hooks.registration import PODS_WEBHOOK
from objects import job, limit_range, pod, resource_quota

ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/cpu": "2"}
SIZED = {"requests": {"cpu": "2", "memory": "1280Mi"}, "limits": {"memory": "1280Mi"}}  # 1Gi x 1.25


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def resources_of(stored: dict) -> dict:
    return stored["spec"]["containers"][0]["resources"]


def apply_limit_range(kubectl: Kubectl, *limits) -> None:
    """Returns when admission knows of it."""
    kubectl.apply(limit_range(*limits))
    wait_until("the LimitRange to act", lambda: "limit-ranger" in str(kubectl.create(pod("probe"), "--dry-run=server")))


def apply_quota(kubectl: Kubectl, hard: dict[str, str]) -> None:
    """Returns when its usage has been counted; until then nothing that it limits is admitted."""
    kubectl.apply(resource_quota(hard))
    wait_until("the quota to be counted", lambda: kubectl.get("resourcequota", "quota").get("status", {}).get("used"))


def wait_for_event(kubectl: Kubectl, reason: str, about: str) -> str:
    """The message of the first event of that reason about the object named `about`."""
    def find() -> str | None:
        events = kubectl.select("events", f"--field-selector=reason={reason},involvedObject.name={about}")
        return events[0]["message"] if events else None

    return wait_until(f"an event {reason} about {about}", find)


def test_defaults_at_a_pod_give_way_to_the_estimate(kubectl, server):
    apply_limit_range(kubectl, {"cpu": "200m", "memory": "256Mi"})
    stored = kubectl.create(pod("p", ESTIMATE))
    # The default limit of cpu cannot be taken away (it would come back): it is lifted to the request.
    assert resources_of(stored) == {"requests": {"cpu": "2", "memory": "1280Mi"}, "limits": {"cpu": "2", "memory": "1280Mi"}}
    assert "LimitRanger" in stored["metadata"]["annotations"]["kubernetes.io/limit-ranger"]
    assert not server.patch_offline(stored)
    kubectl.run("wait", "--for=condition=Ready", "pod/p", "--timeout=30s")


def test_what_the_author_wrote_is_no_default(kubectl):
    apply_limit_range(kubectl, {"cpu": "200m", "memory": "256Mi"})
    made = pod("p", ESTIMATE)
    made["spec"]["containers"][0]["resources"] = {"requests": {"memory": "2Gi"}, "limits": {"memory": "3Gi"}}
    stored = kubectl.create(made)
    assert resources_of(stored) == {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "3Gi"}}


def test_default_limit_below_a_decided_jobs_request_is_repaired_at_its_pod(kubectl, server):
    apply_limit_range(kubectl, {"cpu": "200m", "memory": "256Mi"})
    pods = WebhookMetrics(kubectl, PODS_WEBHOOK)
    calls = pods.calls()

    stored = kubectl.create(job("limited", {}, ESTIMATE))
    assert resources_of(stored["spec"]["template"]) == SIZED
    kubectl.run("wait", "--for=condition=complete", "job/limited", "--timeout=60s")

    (run,) = kubectl.select("pods")
    assert resources_of(run) == {"requests": {"cpu": "2", "memory": "1280Mi"}, "limits": {"cpu": "2", "memory": "1280Mi"}}
    assert pods.calls() > calls
    repair = server.all_audit_records(kubectl, "Pod")[0]
    assert repair["verdict"] == "Mutated"
    assert [(change["path"], change["to"]) for change in repair["changes"]] == [("spec.containers[0].resources.limits.cpu", "2")]


def test_default_limit_above_a_decided_jobs_request_is_left_alone(kubectl, server):
    apply_limit_range(kubectl, {"cpu": "4"})
    kubectl.create(job("limited", ESTIMATE))
    kubectl.run("wait", "--for=condition=complete", "job/limited", "--timeout=60s")
    (run,) = kubectl.select("pods")
    assert resources_of(run) == {"requests": {"cpu": "2", "memory": "1280Mi"}, "limits": {"cpu": "4", "memory": "1280Mi"}}
    assert [record["reason"] for record in server.all_audit_records(kubectl, "Pod")][:1] == ["DecidedAtJob"]


def test_maximum_refuses_the_pod(kubectl):
    apply_limit_range(kubectl, {"cpu": "200m", "memory": "256Mi"}, {"memory": "1Gi"})
    output = kubectl.attempt("create", "-f", "-", objects=[pod("p", ESTIMATE)])
    assert output.exit_code != 0
    assert "maximum memory usage per Container is 1Gi, but limit is 1280Mi" in output.stderr


def test_maximum_refuses_a_jobs_pod_and_an_event_says_so(kubectl):
    apply_limit_range(kubectl, {"cpu": "200m", "memory": "256Mi"}, {"memory": "1Gi"})
    kubectl.create(job("too-big", {}, ESTIMATE))
    message = wait_for_event(kubectl, "FailedCreate", "too-big")
    assert "maximum memory usage per Container is 1Gi, but limit is 1280Mi" in message
    assert not kubectl.select("pods")


def test_quota_counts_what_was_decided(kubectl):
    apply_quota(kubectl, {"requests.nvidia.com/gpu": "4", "requests.memory": "8Gi", "limits.memory": "8Gi"})
    kubectl.create(job("counted", {}, ESTIMATE | {"estimate.plimsoll.dev/gpu": "2", "e2e.plimsoll.dev/run-for": "1h"}))
    used = wait_until("the quota's usage", lambda: _used_if_any(kubectl))
    assert used == {"requests.nvidia.com/gpu": "2", "requests.memory": "1280Mi", "limits.memory": "1280Mi"}


def _used_if_any(kubectl: Kubectl) -> dict | None:
    used = kubectl.get("resourcequota", "quota")["status"]["used"]
    return used if used["requests.nvidia.com/gpu"] != "0" else None


def test_quota_that_is_exceeded_refuses_the_pod(kubectl):
    apply_quota(kubectl, {"requests.nvidia.com/gpu": "1"})
    output = kubectl.attempt("create", "-f", "-", objects=[pod("p", ESTIMATE | {"estimate.plimsoll.dev/gpu": "2"})])
    assert output.exit_code != 0
    assert 'Error from server (Forbidden): error when creating "STDIN": pods "p" is forbidden: exceeded quota: quota' in output.stderr
    assert "requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=0, limited: requests.nvidia.com/gpu=1" in output.stderr


def test_quota_that_is_exceeded_refuses_a_jobs_pod_and_an_event_says_so(kubectl):
    apply_quota(kubectl, {"requests.memory": "1Gi"})
    stored = kubectl.create(job("too-big", {}, ESTIMATE))
    assert resources_of(stored["spec"]["template"]) == SIZED
    message = wait_for_event(kubectl, "FailedCreate", "too-big")
    assert "is forbidden: exceeded quota: quota, requested: requests.memory=1280Mi" in message
    assert not kubectl.select("pods")
