"""Kinds with pod templates of their own, after each project's documented example, and the Pods that its operator makes.

The operators are not here: their kinds are, as CRDs with the right names and open schemas, and a Pod is made by hand as the operator would
make it: the template's metadata and spec, with the object for a controlling owner.
"""

import json
import re
import subprocess

import pytest
import yaml

from cluster.api_server import WebhookMetrics
from cluster.kubectl import Kubectl, Object
from cluster.processes import wait_until
from goldens import GOLDENS, load_input
from hooks import registration
from hooks.plimsoll import program
from objects import deployment, job, pod

MARKER = "plimsoll.dev/decision"
ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/cpu": "2"}
SIZED = {"requests": {"cpu": "2", "memory": "1280Mi"}, "limits": {"memory": "1280Mi"}}

# The case that holds the example, what the kind is called in the API, where its templates stand.
DECIDED = {
    "kinds/jobset": ("jobsets", ["spec.replicatedJobs.*.template.spec.template"]),
    "kinds/pytorchjob": ("pytorchjobs", ["spec.pytorchReplicaSpecs.*.template"]),
    "kinds/tfjob": ("tfjobs", ["spec.tfReplicaSpecs.*.template"]),
    "kinds/mpijob": ("mpijobs", ["spec.mpiReplicaSpecs.*.template"]),
    "kinds/raycluster": ("rayclusters", ["spec.headGroupSpec.template", "spec.workerGroupSpecs.*.template"]),
    "kinds/rayjob": ("rayjobs", ["spec.rayClusterSpec.headGroupSpec.template", "spec.rayClusterSpec.workerGroupSpecs.*.template"]),
    "kinds/volcano-job": ("jobs", ["spec.tasks.*.template"]),
}
LEFT = {
    "kinds/sparkapplication": "sparkapplications",
    "kinds/seldon": "seldondeployments",
    "kinds/trainjob": "trainjobs",
    "kinds/workflow": "workflows",
    "kinds/katib": "experiments",
    "kinds/inferenceservice": "inferenceservices",
    "kinds/custom": "trainings",
}
POLICY = """\
apiVersion: plimsoll.dev/v1alpha1
kind: Policy
kinds:
- {group: example.com, kind: Training, templates: /spec/roles/*/template, level: object}
namespaces:
- {match: {names: ["gitops-*"]}, policy: {decideAt: pod}}
"""


def definition(example: Object, plural: str) -> Object:
    group, _, version = example["apiVersion"].partition("/")
    is_open = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    # Groups of k8s.io belong to Kubernetes, which asks who approved of them.
    metadata = {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata,
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"plural": plural, "singular": example["kind"].lower(), "kind": example["kind"]},
                     "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": is_open}}]}}


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text(POLICY)
    return file


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll, policy, admin):
    """Registered for this policy's kinds, as `plimsoll register --print` says, in a cluster that has all of them."""
    plurals = {case: plural for case, (plural, _) in DECIDED.items()} | LEFT
    definitions = [definition(load_input(case), plural) for case, plural in plurals.items()]
    admin.apply(*definitions)
    names = [made["metadata"]["name"] for made in definitions]
    admin.run("wait", "--for=condition=Established", "--timeout=60s", *(f"customresourcedefinition/{name}" for name in names))
    printed = subprocess.run([program(), "register", "--print", "--policy", policy], text=True, capture_output=True, check=True).stdout
    admin.apply(*registration.aimed_at(list(yaml.safe_load_all(printed)), plimsoll.port, plimsoll.ca))
    for webhook, probe in (("objects.plimsoll.dev", load_input("kinds/custom")), ("validate.plimsoll.dev", cron_job("1Gi"))):
        wait_until_called(admin, webhook, probe)
    yield plimsoll
    admin.run("delete", "customresourcedefinition", *names)


def wait_until_called(admin: Kubectl, webhook: str, probe: Object) -> None:
    metrics = WebhookMetrics(admin, webhook)

    def is_called() -> bool:
        before = metrics.calls(code="200")
        admin.attempt("create", "-f", "-", "--dry-run=server", objects=[probe])
        return metrics.calls(code="200") > before

    wait_until(f"the API server to call {webhook}", is_called)


def cron_job(memory: str, annotations: dict[str, str] | None = None) -> Object:
    spec = job("j", {}, {"estimate.plimsoll.dev/memory": memory})["spec"]
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "annotations": annotations or {}},
            "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": spec}}}


def templates_of(made: Object, paths: list[str]) -> list[Object]:
    def follow(value, tokens: list[str]) -> list[Object]:
        if value is None or not tokens:
            return [] if value is None else [value]
        if tokens[0] == "*":
            inner = value.values() if isinstance(value, dict) else value
            return [found for one in inner for found in follow(one, tokens[1:])]
        return follow(value.get(tokens[0]), tokens[1:])

    return [found for path in paths for found in follow(made, path.split("."))]


def made_by_operator(owner: Object, template: Object, name: str, kind: str = "Pod", **labels: str) -> Object:
    """What its operator makes of a template."""
    reference = {key: owner["metadata"][key] for key in ("name", "uid")} | {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    metadata = template.get("metadata", {})
    return {"apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "annotations": metadata.get("annotations", {}), "labels": metadata.get("labels", {}) | labels,
                         "ownerReferences": [reference | {"controller": True}]},
            "spec": template["spec"]}


def without_revision(value: Object) -> Object:
    return json.loads(re.sub(r'\\"policy\\":\\"\w+\\"', "", json.dumps(value)))


def resource_of(made: Object, plural: str) -> str:
    return f"{plural}.{made['apiVersion'].partition('/')[0]}"


@pytest.mark.parametrize("case", DECIDED)
def test_object_and_its_pods(case, kubectl, server):
    plural, paths = DECIDED[case]
    made = load_input(case)
    kubectl.run("create", "-f", "-", objects=[made])
    stored = kubectl.get(resource_of(made, plural), made["metadata"]["name"])
    expected = next(yaml.safe_load_all((GOLDENS / case / "expected.yaml").read_text()))
    assert without_revision(stored["spec"]) == without_revision(expected["spec"])

    for number, template in enumerate(templates_of(stored, paths)):
        wanted = made_by_operator(stored, template, f"p{number}", **{"ray.io/is-ray-node": "yes"} if "ray" in case else {})
        of_template = [container.get("resources", {}) for container in template["spec"]["containers"]]
        if MARKER not in wanted["metadata"]["annotations"]:
            assert of_template == [{}]
        as_stored = kubectl.create(wanted)
        assert [container["resources"] for container in as_stored["spec"]["containers"]] == of_template
        assert as_stored["metadata"].get("annotations", {}).get(MARKER) == wanted["metadata"]["annotations"].get(MARKER)
    of_pods = [record for record in server.all_audit_records(kubectl) if record["kind"] == "Pod"]
    assert {record["reason"] for record in of_pods} <= {"AlreadyDecided"}
    assert all(record["owner"].startswith(made["kind"] + "/") for record in of_pods)
    (decision,) = [record for record in server.all_audit_records(kubectl, made["kind"]) if record["verdict"] == "Mutated"]
    assert len(decision.get("furtherEstimates", [])) + 1 == len(templates_of(stored, paths))


def test_jobs_of_a_jobset_and_their_pods(kubectl, server):
    """The JobSet controller makes Jobs of the templates, and the real Job controller their Pods."""
    stored = kubectl.create(load_input("kinds/jobset"))
    workers = stored["spec"]["replicatedJobs"][1]["template"]
    made = made_by_operator(stored, workers, "workers-0", "Job") | {"apiVersion": "batch/v1"}
    made_job = kubectl.create(made)
    resources = {"requests": {"memory": "10Gi"}, "limits": {"memory": "10Gi"}}
    assert made_job["spec"]["template"]["spec"]["containers"][0]["resources"] == resources
    pods = wait_until("the Job's Pods", lambda: len(found := kubectl.select("pods")) == 4 and found)
    assert all(one["spec"]["containers"][0]["resources"] == resources for one in pods)
    assert [record["reason"] for record in server.all_audit_records(kubectl, "Job")] == ["AlreadyDecided"]
    assert not [record for record in server.all_audit_records(kubectl) if record["kind"] == "Pod"]


def test_bad_estimate_at_one_template_is_refused_with_its_place(kubectl):
    output = kubectl.attempt("create", "-f", "-", objects=[load_input("kinds/bad-at-one-template")])
    assert output.exit_code != 0
    assert "spec.pytorchReplicaSpecs.Worker.template.metadata.annotations[estimate.plimsoll.dev/memory]" in output.stderr
    assert 'did you mean "8Gi"?' in output.stderr


def test_kind_of_the_policy_is_decided(kubectl):
    stored = kubectl.create(load_input("kinds/custom"))
    for role in stored["spec"]["roles"].values():
        assert role["template"]["spec"]["containers"][0]["resources"]["requests"] == {"memory": "1280Mi"}


@pytest.mark.parametrize("case", [case for case in LEFT if case != "kinds/custom"])
def test_object_that_is_left_as_it_is(case, kubectl):
    made = load_input(case)
    made["metadata"].setdefault("name", "left")
    kubectl.run("create", "-f", "-", objects=[made])
    assert kubectl.get(resource_of(made, LEFT[case]), made["metadata"]["name"])["spec"] == made["spec"]


@pytest.mark.parametrize("labels", [{"spark-role": "driver"}, {"ray.io/is-ray-node": "yes"}, {"type": "flink-native-kubernetes"},
                                    {"app.kubernetes.io/name": "trino"}])
def test_pods_of_engines_that_size_themselves_keep_their_resources(labels, kubectl):
    made = pod("p", ESTIMATE)
    made["metadata"]["labels"] = labels
    made["spec"]["containers"][0]["resources"] = {"requests": {"memory": "2Gi"}}
    assert kubectl.create(made)["spec"]["containers"][0]["resources"] == {"requests": {"memory": "2Gi"}}


def test_statefulset_and_daemonset_are_left_and_their_pods_are_decided(kubectl):
    template = pod("t", ESTIMATE, restartPolicy="Always")
    for kind, fields in (("StatefulSet", {"serviceName": "s"}), ("DaemonSet", {})):
        made = deployment(kind.lower(), template) | {"kind": kind}
        made["spec"] |= fields
        stored = kubectl.create(made)
        assert stored["spec"]["template"]["spec"]["containers"][0]["resources"] == {}
        selector = f"-lapp={kind.lower()}"
        pods = wait_until(f"the {kind}'s Pods", lambda selector=selector: kubectl.select("pods", selector))
        assert all(one["spec"]["containers"][0]["resources"] == SIZED for one in pods)


def test_gitops_keeps_the_job_as_it_was_applied(make_namespace, admin, server):
    name = "gitops-kinds"
    admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        kubectl = admin.within(name)
        kubectl.wait_for_service_account()
        stored = kubectl.create(job("train", {}, ESTIMATE))
        assert stored["spec"]["template"]["spec"]["containers"][0]["resources"] == {}
        assert MARKER not in stored["spec"]["template"]["metadata"]["annotations"]
        (made,) = wait_until("the Job's Pod", lambda: kubectl.select("pods"))
        assert made["spec"]["containers"][0]["resources"] == SIZED
        reasons = [(record["kind"], record["verdict"], record["reason"]) for record in server.all_audit_records(kubectl)]
        assert reasons[0] == ("Job", "Unchanged", "DecidedAtPod")
        assert ("Pod", "Mutated", "") in reasons
    finally:
        admin.run("delete", "namespace", name, "--wait=false")


class TestValidate:
    """Nothing is changed; what would go wrong later is said now."""

    def test_bad_cronjob_is_refused(self, kubectl):
        output = kubectl.attempt("create", "-f", "-", objects=[cron_job("8")])
        assert output.exit_code != 0
        assert "spec.jobTemplate.spec.template.metadata.annotations[estimate.plimsoll.dev/memory]" in output.stderr

    def test_update_is_warned_of(self, kubectl, server):
        kubectl.apply(cron_job("8Gi"))
        output = kubectl.attempt("apply", "-f", "-", objects=[cron_job("8")])
        assert output.exit_code == 0, output.stderr
        assert 'Warning: spec.jobTemplate.spec.template.metadata.annotations[estimate.plimsoll.dev/memory]: "8" is 8 bytes' in output.stderr
        records = server.all_audit_records(kubectl, "CronJob")
        assert [(record["operation"], record["verdict"], record["reason"]) for record in records] == [
            ("CREATE", "Unchanged", "Validated"), ("UPDATE", "Unchanged", "Validated")]

    def test_estimate_on_the_wrong_metadata_is_named(self, kubectl):
        output = kubectl.attempt("create", "-f", "-", objects=[cron_job("1Gi", {"estimate.plimsoll.dev/duration": "1h"})])
        assert "metadata.annotations[estimate.plimsoll.dev/duration] is not read" in output.stderr

    def test_deployment(self, kubectl):
        bad = deployment("web", pod("t", {"estimate.plimsoll.dev/memory": "12GiB"}, restartPolicy="Always"), replicas=0)
        output = kubectl.attempt("create", "-f", "-", objects=[bad])
        assert output.exit_code != 0 and 'did you mean "12Gi"?' in output.stderr

    def test_what_a_controller_made_is_not_sent(self, kubectl, admin):
        metrics = WebhookMetrics(admin, "validate.plimsoll.dev")
        kubectl.create(deployment("web", pod("t", ESTIMATE, restartPolicy="Always"), replicas=1))
        wait_until("its ReplicaSet", lambda: kubectl.select("replicasets"))
        kubectl.run("wait", "--for=condition=Available", "deployment/web", "--timeout=60s")
        records = metrics.calls()
        replica_set = kubectl.select("replicasets")[0]
        kubectl.run("annotate", "replicaset", replica_set["metadata"]["name"], "a=b")
        assert metrics.calls() == records

    def test_without_an_estimate_nothing_is_sent(self, kubectl, admin):
        metrics = WebhookMetrics(admin, "validate.plimsoll.dev")
        before = metrics.calls()
        kubectl.create(deployment("web", pod("t", {}, restartPolicy="Always"), replicas=0))
        assert metrics.calls() == before
