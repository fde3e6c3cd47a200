"""What manifests/webhook-configurations.yaml makes the real API server send, and what it keeps back.

A stand-in takes Plimsoll's place: it records every review, and marks Jobs as decided. What a selector keeps back is proved by the
recorder and by the API server's own counters.
"""

import itertools

import pytest

from cluster.api_server import AuditLog, WebhookMetrics, tally
from cluster.processes import wait_until
from hooks import registration
from hooks.registration import JOBS_WEBHOOK, PODS_WEBHOOK
from hooks.stand_in import StandIn
from objects import job, limit_range, pod

ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi"}
MARKER = {"plimsoll.dev/decision": "{}"}
MIRROR = {"kubernetes.io/config.mirror": "0123"}
LIMIT_RANGER = {"kubernetes.io/limit-ranger": "LimitRanger plugin set: memory limit for container main"}

JOB_CONTROLLER = "system:serviceaccount:kube-system:job-controller"
CONTROLLER_MANAGER = "system:kube-controller-manager"

# A mirror Pod must have a node (and then another condition would keep it back); our own namespace takes no ordinary Pod.
REFUSED_AFTER_WEBHOOKS = ["must set spec.nodeName", "violates PodSecurity"]

UID = "00000000-0000-0000-0000-000000000001"
JOB_OWNER = {"apiVersion": "batch/v1", "kind": "Job", "name": "owner", "uid": UID, "controller": True}


def mark_jobs(request: dict) -> list[dict]:
    """Answers for Plimsoll: a Job's Pod template gets the marker, everything else stays."""
    if request["kind"]["kind"] != "Job":
        return []
    annotations = request["object"]["spec"]["template"]["metadata"].get("annotations", {})
    if "plimsoll.dev/decision" in annotations:
        return []
    return [{"op": "add", "path": "/spec/template/metadata/annotations", "value": annotations | MARKER}]


@pytest.fixture(scope="module")
def recorder(admin, state_directory):
    server = StandIn(state_directory, registration.SERVICE_DNS_NAME, mark_jobs)
    registration.apply_manifests(admin, server.port, server.ca)
    yield server
    registration.remove_webhooks(admin)
    server.stop()


_names = (f"probe-{n}" for n in itertools.count())


def is_sent(recorder, kubectl, made: dict, user: str = "") -> bool:
    """Whether creating the object calls Plimsoll. Nothing is stored, so that no controller adds calls of its own."""
    made["metadata"]["name"] = next(_names)
    client = kubectl.impersonating(user, "system:masters") if user else kubectl
    output = client.attempt("create", "-f", "-", "--dry-run=server", objects=[made])
    assert output.exit_code == 0 or any(refusal in output.stderr for refusal in REFUSED_AFTER_WEBHOOKS), output.stderr
    named = [review for review in recorder.reviews(kubectl.namespace) if review["request"]["name"] == made["metadata"]["name"]]
    return bool(named)


@pytest.mark.parametrize("annotations, template_annotations, sent", [
    pytest.param({}, {}, False, id="no annotation"),
    pytest.param({"example.com/note": "x"}, {"example.com/note": "x"}, False, id="other annotations only"),
    pytest.param({"estimate.plimsoll.development/memory": "1Gi"}, {}, False, id="a longer prefix"),
    pytest.param({}, MARKER, False, id="a marker without an estimate"),
    pytest.param(ESTIMATE, {}, True, id="an estimate on the Job"),
    pytest.param({}, ESTIMATE, True, id="an estimate on the template"),
    pytest.param({"estimate.plimsoll.dev/memroy": "1Gi"}, {}, True, id="a misspelt estimate"),
    pytest.param(ESTIMATE, MARKER, True, id="an estimate and a marker"),
])
def test_job_is_sent_for_its_estimates(recorder, kubectl, annotations, template_annotations, sent):
    assert is_sent(recorder, kubectl, job("j", annotations, template_annotations)) == sent


def test_job_without_template_metadata_is_judged_by_its_own_annotations(recorder, kubectl):
    for annotations, sent in ((ESTIMATE, True), ({}, False)):
        made = job("j", annotations)
        del made["spec"]["template"]["metadata"]
        assert is_sent(recorder, kubectl, made) == sent


def owned(by: dict, annotations: dict) -> dict:
    made = pod("p", annotations)
    made["metadata"]["ownerReferences"] = [by]
    return made


@pytest.mark.parametrize("made, user, sent", [
    pytest.param(pod("p"), "", False, id="no annotation"),
    pytest.param(pod("p", {"example.com/note": "x"}), "", False, id="other annotations only"),
    pytest.param(pod("p", ESTIMATE), "", True, id="an estimate"),
    pytest.param(pod("p", ESTIMATE, nodeName="cpu-0"), "", False, id="a node already chosen"),
    pytest.param(pod("p", ESTIMATE | MIRROR), "", False, id="a mirror Pod"),
    pytest.param(pod("p", MARKER), "", False, id="a marker without an estimate"),
    pytest.param(pod("p", LIMIT_RANGER), "", False, id="LimitRanger's annotation without marker or estimate"),
    # A decided Job's Pod: marker, controlling Job, and the Job controller as its creator.
    pytest.param(owned(JOB_OWNER, ESTIMATE | MARKER), JOB_CONTROLLER, False, id="decided at its Job"),
    pytest.param(owned(JOB_OWNER, ESTIMATE | MARKER), CONTROLLER_MANAGER, False, id="decided at its Job, controllers share one account"),
    pytest.param(owned(JOB_OWNER, MARKER), JOB_CONTROLLER, False, id="decided at its Job by the Job's own annotations"),
    # Any one of these missing, and the marker may be forged: sent.
    pytest.param(owned(JOB_OWNER, ESTIMATE), JOB_CONTROLLER, True, id="a Job's Pod that was not decided"),
    pytest.param(owned(JOB_OWNER, ESTIMATE | MARKER), "", True, id="marker and owner forged by a user"),
    pytest.param(owned(JOB_OWNER, ESTIMATE | MARKER), "system:serviceaccount:default:job-controller", True,
                 id="marker and owner forged by an account of the same name"),
    pytest.param(pod("p", ESTIMATE | MARKER), JOB_CONTROLLER, True, id="no owner"),
    pytest.param(owned(JOB_OWNER | {"controller": False}, ESTIMATE | MARKER), JOB_CONTROLLER, True, id="an owner not in control"),
    pytest.param(owned(JOB_OWNER | {"kind": "CronJob"}, ESTIMATE | MARKER), JOB_CONTROLLER, True, id="an owner of another kind"),
    pytest.param(owned(JOB_OWNER | {"apiVersion": "batch.example.com/v1"}, ESTIMATE | MARKER), JOB_CONTROLLER, True,
                 id="a Job of another API group"),
    # LimitRanger has added defaults since: Plimsoll has to look again, whether or not the template carries the estimate.
    pytest.param(owned(JOB_OWNER, ESTIMATE | MARKER | LIMIT_RANGER), JOB_CONTROLLER, True, id="decided, then given a LimitRange's defaults"),
    pytest.param(owned(JOB_OWNER, MARKER | LIMIT_RANGER), JOB_CONTROLLER, True,
                 id="decided by the Job's own annotations, then given a LimitRange's defaults"),
])
def test_pod_is_sent_unless_decided_or_without_estimate(recorder, kubectl, made, user, sent):
    assert is_sent(recorder, kubectl, made, user) == sent


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", "plimsoll-system"])
def test_reserved_namespaces_are_left_alone(recorder, admin, namespace):
    kubectl = admin.within(namespace)
    kubectl.wait_for_service_account()
    assert not is_sent(recorder, kubectl, job("j", ESTIMATE))
    assert not is_sent(recorder, kubectl, pod("p", ESTIMATE))


@pytest.mark.parametrize("mode, sent", [("disabled", False), ("enforce", True), ("shadow", True)])
def test_namespace_label_decides(recorder, make_namespace, mode, sent):
    kubectl = make_namespace({"plimsoll.dev/mode": mode})
    assert is_sent(recorder, kubectl, job("j", ESTIMATE)) == sent
    assert is_sent(recorder, kubectl, pod("p", ESTIMATE)) == sent


def test_conditions_never_fail(recorder, admin):
    """Runs after the tables above: an expression that errs on some object counts here, and failurePolicy would hide it."""
    assert WebhookMetrics(admin, JOBS_WEBHOOK).condition_errors() == 0
    assert WebhookMetrics(admin, PODS_WEBHOOK).condition_errors() == 0


def test_decided_job_runs_to_completion_without_a_call_for_its_pods(recorder, kubectl, api_audit_log):
    pods = WebhookMetrics(kubectl, PODS_WEBHOOK)
    jobs = WebhookMetrics(kubectl, JOBS_WEBHOOK)
    calls_before, excluded_before, jobs_before = pods.calls(), pods.excluded(), jobs.calls()

    kubectl.create(job("three-runs", {}, ESTIMATE, completions=3, parallelism=3))
    kubectl.run("wait", "--for=condition=complete", "job/three-runs", "--timeout=30s")

    assert len(kubectl.select("pods")) == 3
    assert all(p["metadata"]["annotations"].items() >= MARKER.items() for p in kubectl.select("pods"))
    assert jobs.calls() == jobs_before + 1
    assert pods.calls() == calls_before
    assert pods.excluded() == excluded_before + 3
    assert [review["request"]["kind"]["kind"] for review in recorder.reviews(kubectl.namespace)] == ["Job"]
    for event in api_audit_log.events(kubectl.namespace, "pods"):
        assert event["user"]["username"] == JOB_CONTROLLER
        assert not AuditLog.webhook_calls(event)


def test_job_without_estimate_costs_no_call(recorder, kubectl):
    jobs, pods = WebhookMetrics(kubectl, JOBS_WEBHOOK), WebhookMetrics(kubectl, PODS_WEBHOOK)
    before = jobs.calls(), pods.calls()

    kubectl.create(job("plain"))
    kubectl.run("wait", "--for=condition=complete", "job/plain", "--timeout=30s")

    assert (jobs.calls(), pods.calls()) == before
    assert not recorder.reviews(kubectl.namespace)


def test_pods_of_a_decided_job_are_sent_where_a_limit_range_added_to_them(recorder, kubectl):
    kubectl.apply(limit_range({"memory": "256Mi"}))
    wait_until("the LimitRange to act", lambda: "limit-ranger" in str(kubectl.create(pod("probe"), "--dry-run=server")))

    kubectl.create(job("limited", ESTIMATE))  # on the Job alone: its Pod has the marker and no estimate
    kubectl.run("wait", "--for=condition=complete", "job/limited", "--timeout=30s")

    assert [review["request"]["kind"]["kind"] for review in recorder.reviews(kubectl.namespace)] == ["Job", "Pod"]


def test_updates_are_not_sent(recorder, kubectl):
    kubectl.create(job("paused", ESTIMATE, suspend=True))
    kubectl.run("annotate", "job", "paused", "estimate.plimsoll.dev/cpu=2")
    kubectl.run("patch", "job", "paused", "-p", '{"spec": {"suspend": false}}')
    kubectl.run("wait", "--for=condition=complete", "job/paused", "--timeout=30s")
    kubectl.run("delete", "job", "paused")

    jobs = recorder.reviews(kubectl.namespace, "Job")
    assert [review["request"]["operation"] for review in jobs] == ["CREATE"]


def test_api_server_speaks_v1_and_allows_dry_runs(recorder, kubectl):
    kubectl.create(job("j", ESTIMATE), "--dry-run=server")
    (review,) = recorder.reviews(kubectl.namespace)
    assert review["apiVersion"] == "admission.k8s.io/v1"
    assert review["request"]["dryRun"] is True


@pytest.mark.parametrize("configuration, containers_at_first_call", [
    pytest.param("mm-sidecar-injector", ["main", "sidecar"], id="before"),
    pytest.param("zzz-sidecar-injector", ["main"], id="after"),
])
def test_sidecar_of_another_webhook_is_seen(recorder, kubectl, inject_sidecars, api_audit_log, configuration, containers_at_first_call):
    inject_sidecars(configuration)
    kubectl.create(pod("p", ESTIMATE))

    calls = [review["request"]["object"]["spec"]["containers"] for review in recorder.reviews(kubectl.namespace, "Pod")
             if review["request"]["name"] == "p"]
    seen = [[container["name"] for container in containers] for containers in calls]
    assert seen[0] == containers_at_first_call
    # reinvocationPolicy: IfNeeded. Called again, as a container was added later, or mounted a service account's token.
    assert seen[1:] == [["main", "sidecar"]]
    (event,) = (e for e in api_audit_log.events(kubectl.namespace, "pods") if e["objectRef"].get("name") == "p")
    assert tally(AuditLog.webhook_calls(event))[PODS_WEBHOOK] == 2


def test_server_that_is_away_stops_nobody(recorder, kubectl, admin, state_directory):
    away = StandIn(state_directory, registration.SERVICE_DNS_NAME)
    away.stop()
    metrics = WebhookMetrics(admin, JOBS_WEBHOOK)
    failed_before = metrics.failed_open()
    manifests = admin.kustomize(registration.MANIFESTS)
    admin.apply(*registration.aimed_at(manifests, away.port, away.ca))

    def created_unseen() -> bool:
        kubectl.create(job("unseen", ESTIMATE), "--dry-run=server")
        return metrics.failed_open() > failed_before

    try:
        wait_until("a call to fail open", created_unseen)
    finally:
        registration.apply_manifests(admin, recorder.port, recorder.ca)
