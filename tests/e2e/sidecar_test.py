"""A second webhook that adds a container to Pods, called before Plimsoll and after it."""

import json

import pytest

from cluster.api_server import AuditLog
from cluster.processes import wait_until
from hooks.registration import PODS_WEBHOOK
from objects import job, limit_range, pod

MARKER = "plimsoll.dev/decision"
ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/duration": "4m"}
ABOUT_SIDECAR = {"estimate.plimsoll.dev/memory.sidecar": "256Mi", "estimate.plimsoll.dev/cpu.sidecar": "100m"}
DEFAULT_CONTAINER = {"kubectl.kubernetes.io/default-container": "main"}
SIZED = {"requests": {"memory": "1280Mi"}, "limits": {"memory": "1280Mi"}}  # 1Gi x 1.25
SIZED_SIDECAR = {"requests": {"memory": "320Mi", "cpu": "100m"}, "limits": {"memory": "320Mi"}}

# Configurations of webhooks are called in the order of their names.
BEFORE, AFTER = "mm-sidecar-injector", "zzz-sidecar-injector"
both_orders = pytest.mark.parametrize("configuration", [pytest.param(BEFORE, id="before"), pytest.param(AFTER, id="after")])


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def resources_by_container(stored: dict) -> dict[str, dict]:
    return {container["name"]: container["resources"] for container in stored["spec"]["containers"]}


def patches_of_plimsoll(api_audit_log, namespace: str) -> list[list[dict]]:
    """The patch of each of its calls for the one Pod that was created."""
    (event,) = (event for event in api_audit_log.events(namespace, "pods") if event["objectRef"].get("name") == "p")
    return [call.patch for call in AuditLog.webhook_calls(event) if call.webhook == PODS_WEBHOOK]


@both_orders
def test_sidecar_without_estimate_stays_as_it_is(kubectl, server, inject_sidecars, api_audit_log, configuration):
    inject_sidecars(configuration)
    stored = kubectl.create(pod("p", ESTIMATE | DEFAULT_CONTAINER))

    assert resources_by_container(stored) == {"main": SIZED, "sidecar": {}}
    assert (stored["spec"]["priorityClassName"], stored["spec"]["priority"]) == ("plimsoll-minutes", 3000)
    # Called again, as something changed after its first call, and with nothing to add.
    first, second = patches_of_plimsoll(api_audit_log, kubectl.namespace)
    assert first and not second
    assert not server.patch_offline(stored)


@both_orders
def test_sidecar_with_an_estimate_of_its_own_is_sized(kubectl, server, inject_sidecars, api_audit_log, configuration):
    inject_sidecars(configuration)
    stored = kubectl.create(pod("p", ESTIMATE | DEFAULT_CONTAINER | ABOUT_SIDECAR))

    assert resources_by_container(stored) == {"main": SIZED, "sidecar": SIZED_SIDECAR}
    assert stored["spec"]["activeDeadlineSeconds"] == 3 * 4 * 60
    first, second = patches_of_plimsoll(api_audit_log, kubectl.namespace)
    assert first
    # What joined after the first call is all that the second adds, and what it remembers.
    touched = {op["path"].removeprefix("/spec/containers/").split("/")[0] for op in second if op["path"].startswith("/spec")}
    assert touched == ({"1"} if configuration == AFTER else set())
    marker = json.loads(stored["metadata"]["annotations"][MARKER])
    assert {slot.split(".")[0] for slot in marker["set"] if ".requests." in slot} == {"main", "sidecar"}
    assert not server.patch_offline(stored)
    records = server.all_audit_records(kubectl, "Pod")
    assert [record["verdict"] for record in records if record["name"] == "p"] == [
        "Mutated", "Mutated" if configuration == AFTER else "Unchanged"]


@both_orders
def test_estimate_about_the_only_container_survives_the_injection(kubectl, server, inject_sidecars, configuration):
    """Without a default container the estimate is about the only one; once a sidecar has joined there are two."""
    inject_sidecars(configuration)
    output = kubectl.attempt("create", "-f", "-", "-o", "json", objects=[pod("p", ESTIMATE)])
    if configuration == BEFORE:
        assert output.exit_code != 0
        assert "main, sidecar" in output.stderr
        return
    stored = json.loads(output.stdout)
    assert resources_by_container(stored) == {"main": SIZED, "sidecar": {}}


@both_orders
def test_pods_of_a_decided_job_keep_their_numbers_beside_a_sidecar(kubectl, inject_sidecars, configuration):
    inject_sidecars(configuration)
    kubectl.create(job("j", {}, ESTIMATE))
    kubectl.run("wait", "--for=condition=complete", "job/j", "--timeout=60s")
    (run,) = kubectl.select("pods")
    assert resources_by_container(run) == {"main": SIZED, "sidecar": {}}


@both_orders
def test_sidecar_that_gets_a_limit_ranges_defaults(kubectl, server, inject_sidecars, configuration):
    """LimitRanger runs before all webhooks; a sidecar gets its defaults in the second pass."""
    kubectl.apply(limit_range({"cpu": "200m", "memory": "128Mi"}))
    wait_until("the LimitRange to act", lambda: "limit-ranger" in str(kubectl.create(pod("probe"), "--dry-run=server")))
    inject_sidecars(configuration)
    stored = kubectl.create(pod("p", ESTIMATE | DEFAULT_CONTAINER | {"estimate.plimsoll.dev/cpu": "2"}))
    assert resources_by_container(stored) == {
        "main": {"requests": {"cpu": "2", "memory": "1280Mi"}, "limits": {"cpu": "2", "memory": "1280Mi"}},
        "sidecar": {"requests": {"cpu": "200m", "memory": "128Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}}
    assert not server.patch_offline(stored)
