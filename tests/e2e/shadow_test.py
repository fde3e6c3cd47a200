"""A namespace in shadow on the real API server: decided, told and audited, and nothing changed or refused."""

import json

import pytest

from cluster.api_server import WebhookMetrics
from cluster.processes import wait_until
from hooks.registration import JOBS_WEBHOOK, MANIFESTS, PODS_WEBHOOK
from objects import differences, job, pod

ESTIMATE = {"estimate.plimsoll.dev/memory": "4Gi", "estimate.plimsoll.dev/cpu": "2", "estimate.plimsoll.dev/duration": "10m"}
BAD_ESTIMATE = {"estimate.plimsoll.dev/memory": "8", "estimate.plimsoll.dev/duration": "90"}
SHADOW = {"plimsoll.dev/mode": "shadow"}


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture
def in_shadow(make_namespace):
    return make_namespace(SHADOW)


def test_job_is_stored_as_written_and_its_author_told(in_shadow, make_namespace, server):
    made = job("train", {}, ESTIMATE)
    left_out = make_namespace({"plimsoll.dev/mode": "disabled"}).create(made, "--dry-run=server")
    output = in_shadow.attempt("create", "-f", "-", objects=[made])
    assert output.exit_code == 0, output.stderr
    assert "Warning: shadow: would change" in output.stderr

    stored = in_shadow.get("job", "train")
    changed = {path for path in differences(left_out["spec"], stored["spec"])
               if not path.endswith("controller-uid") and not path.startswith("selector.")}
    assert not changed
    (record,) = server.all_audit_records(in_shadow, "Job")
    assert (record["verdict"], record["reason"], record["patch"]) == ("Unchanged", "WouldMutate", [])
    assert {change["rule"] for change in record["changes"]} >= {"resources", "priority"}


def test_bad_estimate_is_told_and_not_refused(in_shadow, server):
    output = in_shadow.attempt("create", "-f", "-", objects=[job("train", {}, BAD_ESTIMATE)])
    assert output.exit_code == 0, output.stderr
    assert "Warning: shadow: would be refused for 2 problems" in output.stderr
    assert '"8" is 8 bytes: did you mean "8Gi"?' in output.stderr
    (record,) = server.all_audit_records(in_shadow, "Job")
    assert (record["verdict"], record["reason"], len(record["problems"])) == ("Unchanged", "WouldReject", 2)


def test_pods_of_a_job_in_shadow_are_not_decided_again(in_shadow, server):
    in_shadow.create(job("train", {}, ESTIMATE))
    in_shadow.run("wait", "--for=condition=complete", "job/train", "--timeout=60s")
    (made,) = in_shadow.select("pods")
    assert "plimsoll.dev/decision" not in made["metadata"]["annotations"]
    assert "resources" not in made["spec"]["containers"][0] or not made["spec"]["containers"][0]["resources"]
    reasons = {record["kind"]: record["reason"] for record in server.all_audit_records(in_shadow)}
    assert reasons == {"Job": "WouldMutate", "Pod": "DecidedAtJob"}


def test_label_takes_effect_on_the_next_object(make_namespace, admin):
    kubectl = make_namespace()
    assert kubectl.create(pod("before", ESTIMATE))["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "2"
    admin.run("label", "namespace", kubectl.namespace, "plimsoll.dev/mode=shadow")

    def is_left_alone() -> bool:
        return "requests" not in kubectl.create(pod("probe", ESTIMATE), "--dry-run=server")["spec"]["containers"][0]["resources"]

    wait_until("the label to count", is_left_alone)
    enforcing, telling = WebhookMetrics(admin, PODS_WEBHOOK), WebhookMetrics(admin, f"shadow.{PODS_WEBHOOK}")
    before = enforcing.calls(), telling.calls()
    kubectl.create(pod("after", ESTIMATE))
    assert (enforcing.calls() - before[0], telling.calls() - before[1]) == (0, 1)


def test_author_asks_for_shadow_by_annotation(kubectl, server):
    kubectl.create(job("train", {"plimsoll.dev/mode": "shadow"}, ESTIMATE))
    assert json.dumps(kubectl.get("job", "train")["spec"]).find("plimsoll.dev/decision") == -1
    assert [record["reason"] for record in server.all_audit_records(kubectl) if record["kind"] == "Job"] == ["WouldMutate"]
    assert WebhookMetrics(kubectl, JOBS_WEBHOOK).calls() > 0


def test_the_api_server_takes_no_query_in_a_webhooks_path(admin):
    """Which is why shadow has a path of its own (docs/adr/0012)."""
    configuration = next(made for made in admin.kustomize(MANIFESTS) if made["metadata"]["name"] == "00-plimsoll-jobs")
    configuration["metadata"]["name"] = "with-a-query"
    configuration["webhooks"][1]["clientConfig"]["service"]["path"] = "/mutate?mode=shadow"
    output = admin.attempt("create", "-f", "-", "--dry-run=server", objects=[configuration])
    assert output.exit_code != 0
    assert "clientConfig.service.path" in output.stderr
