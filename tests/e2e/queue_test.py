"""Queues, deadlines of Jobs and protection from eviction on the real API server. Kueue itself is not here: a dummy hook does what its
defaulting hook does, called before Plimsoll's and after it; and the tests resume Jobs as Kueue would."""

import pytest
import yaml

from cluster.api_server import AuditLog, WebhookMetrics
from cluster.processes import wait_until
from hooks import registration
from hooks.registration import JOBS_WEBHOOK, PODS_WEBHOOK
from hooks.stand_in import StandIn
from objects import job, pod

QUEUE = "kueue.x-k8s.io/queue-name"
MAX_TIME = "kueue.x-k8s.io/max-exec-time-seconds"
MARKER = "plimsoll.dev/decision"
ESTIMATE = {"estimate.plimsoll.dev/duration": "30m", "estimate.plimsoll.dev/cpu": "1"}

# By the namespace, which is named after the test.
POLICY = {
    "apiVersion": "plimsoll.dev/v1alpha1", "kind": "Policy",
    "namespaces": [
        {"match": {"names": ["kueue-*"]}, "policy": {
            "queues": {"kueue": [{"when": {"duration": "<=1h"}, "queue": "short"}]},
            "runtime": {"jobDeadline": {"factor": 2, "pending": "1h"}}}},
        {"match": {"names": ["volcano-*"]}, "policy": {
            "schedulers": ["volcano"], "queues": {"volcano": [{"queue": "batch", "gang": True}]}}},
        {"match": {"names": ["spared-*"]}, "policy": {"disruption": {"protectFrom": ["cluster-autoscaler", "karpenter"]}}},
        {"match": {"names": ["deadline-*"]}, "policy": {"runtime": {"jobDeadline": {"factor": 1, "pending": "1s"}}}},
    ],
}

# Configurations of webhooks are called in the order of their names: Plimsoll's is called 00-plimsoll-jobs.
BEFORE, AFTER = "00-dummy-kueue", "kueue-mutating-webhook-configuration"
both_orders = pytest.mark.parametrize("configuration", [pytest.param(BEFORE, id="before"), pytest.param(AFTER, id="after")])


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICY))
    return file


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture
def add_hook(admin, kubectl, state_directory):
    """Registers a hook for the Jobs of the test's namespace, under the given configuration name."""
    undo = []

    def add(configuration: str, answer) -> StandIn:
        server = StandIn(state_directory, f"sidecar-injector.{kubectl.namespace}.svc", answer)
        undo.append(server.stop)
        undo.append(lambda: admin.run("delete", "mutatingwebhookconfiguration", configuration, "--ignore-not-found"))
        registration.register_job_hook(kubectl, configuration, server.port, server.ca)
        return server

    yield add
    for step in reversed(undo):
        step()


def suspend_what_is_queued(request: dict) -> list[dict]:
    """As Kueue's defaulting hook does."""
    made = request["object"]
    is_queued = bool(made["metadata"].get("labels", {}).get(QUEUE))
    return [{"op": "replace", "path": "/spec/suspend", "value": True}] if is_queued and not made["spec"]["suspend"] else []


def queue_by_default(request: dict) -> list[dict]:
    """As Kueue's defaulting hook does in a namespace that has a LocalQueue called `default`."""
    labels = request["object"]["metadata"].get("labels")
    if labels and QUEUE in labels:
        return suspend_what_is_queued(request)
    return [{"op": "add", "path": "/metadata/labels", "value": (labels or {}) | {QUEUE: "default"}},
            {"op": "replace", "path": "/spec/suspend", "value": True}]


def add_a_label(request: dict) -> list[dict]:
    labels = request["object"]["metadata"].get("labels") or {}
    return [] if "team" in labels else [{"op": "add", "path": "/metadata/labels", "value": labels | {"team": "a"}}]


def patches_of_plimsoll(api_audit_log, namespace: str) -> list[list[dict]]:
    """The patch of each of its calls for the test's Job."""
    (event,) = (event for event in api_audit_log.events(namespace, "jobs") if event["objectRef"].get("name") == "j")
    return [call.patch for call in AuditLog.webhook_calls(event) if call.webhook == JOBS_WEBHOOK]


def labelled(made: dict, labels: dict[str, str]) -> dict:
    made["metadata"]["labels"] = labels
    return made


def test_kueue_job_is_stored_in_its_queue_and_suspended(kubectl, server, api_audit_log):
    stored = kubectl.create(job("j", {}, ESTIMATE, backoffLimit=1, completions=4, parallelism=2))
    assert stored["metadata"]["labels"] == {QUEUE: "short", MAX_TIME: str(2 * 1800 * (2 + 1))}
    assert stored["spec"]["suspend"] is True
    assert "activeDeadlineSeconds" not in stored["spec"]
    assert len(patches_of_plimsoll(api_audit_log, kubectl.namespace)) == 1
    assert not server.patch_offline(stored | {"metadata": stored["metadata"] | {"namespace": kubectl.namespace}})
    wait_until("the Job controller to leave it alone",
               lambda: any(condition["type"] == "Suspended" for condition in kubectl.get("job", "j")["status"].get("conditions", [])))
    assert not kubectl.select("pods")


def test_kueue_resumes_it_and_nothing_is_decided_again(kubectl, admin, server):
    kubectl.create(job("j", {}, ESTIMATE))
    metrics = {webhook: WebhookMetrics(admin, webhook) for webhook in (JOBS_WEBHOOK, PODS_WEBHOOK)}
    before = {webhook: each.calls() for webhook, each in metrics.items()}

    # What Kueue writes when it admits: into the template, which may change while the Job is suspended, then into suspend.
    kubectl.run("patch", "job", "j", "--type=merge", "-p",
                '{"spec": {"suspend": false, "template": {"metadata": {"labels": {"kueue.x-k8s.io/podset": "main"}}}}}')
    kubectl.run("wait", "--for=condition=complete", "job/j", "--timeout=60s")

    (run,) = kubectl.select("pods")
    assert run["metadata"]["labels"]["kueue.x-k8s.io/podset"] == "main"
    assert run["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "1"
    assert run["metadata"]["annotations"][MARKER] == kubectl.get("job", "j")["spec"]["template"]["metadata"]["annotations"][MARKER]
    assert {webhook: each.calls() for webhook, each in metrics.items()} == before
    assert [record["verdict"] for record in server.all_audit_records(kubectl) if record["kind"] == "Job"] == ["Mutated"]


def test_kueue_job_applied_again_stays_as_it_is(kubectl):
    made = job("j", {}, ESTIMATE)
    for flags in ((), ("--server-side", "--field-manager=author", "--force-conflicts")):
        kubectl.apply(made, flags=flags)
        kubectl.apply(made, flags=flags)
        stored = kubectl.get("job", "j")
        assert (stored["metadata"]["labels"][QUEUE], stored["spec"]["suspend"]) == ("short", True)
        kubectl.run("delete", "job", "j")


@both_orders
def test_kueue_hook_beside_ours(kubectl, server, add_hook, api_audit_log, configuration):
    """Where it comes first it has seen no queue; the Job is suspended all the same."""
    hook = add_hook(configuration, suspend_what_is_queued)
    stored = kubectl.create(job("j", {}, ESTIMATE))
    assert (stored["metadata"]["labels"][QUEUE], stored["spec"]["suspend"]) == ("short", True)
    (seen,) = [review["request"]["object"] for review in hook.reviews(kubectl.namespace, "Job")
               if review["request"]["object"]["metadata"]["name"] == "j"]
    assert seen["spec"]["suspend"] is (configuration == AFTER)
    assert [bool(patch) for patch in patches_of_plimsoll(api_audit_log, kubectl.namespace)] == [True]


@both_orders
def test_kueue_hook_suspends_for_an_authors_queue(kubectl, add_hook, api_audit_log, configuration):
    add_hook(configuration, suspend_what_is_queued)
    stored = kubectl.create(labelled(job("j", {}, ESTIMATE), {QUEUE: "mine"}))
    assert (stored["metadata"]["labels"][QUEUE], stored["spec"]["suspend"]) == ("mine", True)
    # When its hook comes later ours is called again, and has nothing to add.
    patches = patches_of_plimsoll(api_audit_log, kubectl.namespace)
    assert [bool(patch) for patch in patches] == ([True, False] if configuration == AFTER else [True])


@both_orders
def test_kueue_default_queue_and_ours(kubectl, add_hook, configuration):
    """Whoever comes first names the queue."""
    add_hook(configuration, queue_by_default)
    stored = kubectl.create(job("j", {}, ESTIMATE))
    assert stored["metadata"]["labels"][QUEUE] == ("default" if configuration == BEFORE else "short")
    assert stored["spec"]["suspend"] is True


def test_kueue_hooks_on_both_sides_do_not_fight(kubectl, server, add_hook, api_audit_log):
    add_hook(BEFORE, suspend_what_is_queued)
    add_hook(AFTER, add_a_label)
    stored = kubectl.create(job("j", {}, ESTIMATE))
    assert stored["metadata"]["labels"][QUEUE] == "short" and stored["metadata"]["labels"]["team"] == "a"
    assert stored["spec"]["suspend"] is True
    assert [bool(patch) for patch in patches_of_plimsoll(api_audit_log, kubectl.namespace)] == [True, False]
    assert [record["reason"] for record in server.all_audit_records(kubectl, "Job") if record["name"] == "j"] == ["", "AlreadyDecided"]


def test_kueue_queue_of_the_template_is_that_of_a_job_without_labels(kubectl):
    """The API server gives the Job its template's labels before it calls anybody."""
    made = job("j", {}, ESTIMATE)
    made["spec"]["template"]["metadata"]["labels"] = {QUEUE: "mine"}
    assert kubectl.create(made)["metadata"]["labels"][QUEUE] == "mine"


def test_kueue_leaves_a_job_that_its_author_holds_back(kubectl):
    output = kubectl.attempt("create", "-f", "-", objects=[job("j", {}, ESTIMATE, suspend=True)])
    assert "suspend: true is kept" in output.stderr
    assert QUEUE not in kubectl.get("job", "j")["metadata"].get("labels", {})


def test_volcano_is_named_with_its_queue_and_the_gang(kubectl):
    stored = kubectl.create(job("j", {}, ESTIMATE, completions=4, parallelism=2))
    assert stored["metadata"]["annotations"]["scheduling.volcano.sh/group-min-member"] == "2"
    wait_until("the Job's Pods", lambda: len(kubectl.select("pods")) == 2)
    for run in kubectl.select("pods"):
        assert run["spec"]["schedulerName"] == "volcano"
        assert run["metadata"]["annotations"]["scheduling.volcano.sh/queue-name"] == "batch"
    bare = kubectl.create(pod("p", ESTIMATE))
    assert (bare["spec"]["schedulerName"], bare["metadata"]["annotations"]["scheduling.volcano.sh/queue-name"]) == ("volcano", "batch")
    other = kubectl.create(pod("q", ESTIMATE, schedulerName="another"))
    assert other["spec"]["schedulerName"] == "another"
    assert "scheduling.volcano.sh/queue-name" not in other["metadata"]["annotations"]


def test_spared_pods_say_so(kubectl):
    protection = {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false", "karpenter.sh/do-not-disrupt": "true"}
    kubectl.create(job("j", {}, ESTIMATE))
    wait_until("the Job's Pod", lambda: kubectl.select("pods"))
    kubectl.create(pod("p", ESTIMATE))
    kubectl.create(pod("q", ESTIMATE | {"estimate.plimsoll.dev/interruptible": "true"}))
    for run in kubectl.select("pods"):
        wanted = {} if run["metadata"]["name"] == "q" else protection
        assert {key: run["metadata"]["annotations"].get(key) for key in protection} == {key: wanted.get(key) for key in protection}


def test_deadline_of_a_job_ends_what_finds_no_node(kubectl):
    made = job("j", {}, ESTIMATE | {"estimate.plimsoll.dev/duration": "2s"}, backoffLimit=0)
    made["spec"]["template"]["spec"]["nodeSelector"] = {"nowhere": "to-be-found"}
    assert kubectl.create(made)["spec"]["activeDeadlineSeconds"] == 3
    kubectl.run("wait", "--for=condition=failed", "job/j", "--timeout=60s")
    (reason,) = {condition["reason"] for condition in kubectl.get("job", "j")["status"]["conditions"] if condition["type"] == "Failed"}
    assert reason == "DeadlineExceeded"


def test_deadline_of_a_suspended_job_begins_when_it_is_resumed(kubectl):
    stored = kubectl.create(job("j", {}, ESTIMATE, backoffLimit=0, suspend=True))
    assert stored["spec"]["activeDeadlineSeconds"] == 1801
    wait_until("the Job to be seen as suspended", lambda: kubectl.get("job", "j")["status"].get("conditions"))
    assert "startTime" not in kubectl.get("job", "j")["status"]
    kubectl.run("patch", "job", "j", "--type=merge", "-p", '{"spec": {"suspend": false}}')
    wait_until("the clock to run", lambda: "startTime" in kubectl.get("job", "j")["status"])
    kubectl.run("wait", "--for=condition=complete", "job/j", "--timeout=60s")


def test_deadline_of_an_author_stands(kubectl):
    assert kubectl.create(job("j", {}, ESTIMATE, activeDeadlineSeconds=60))["spec"]["activeDeadlineSeconds"] == 60
