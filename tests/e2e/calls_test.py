"""How often the API server calls Plimsoll for one Pod, by the API server's own count."""

import copy

import pytest
import yaml

from cluster.api_server import WebhookMetrics
from hooks.registration import MANIFESTS, PODS_WEBHOOK
from objects import job, pod

ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/duration": "4m"}
ABOUT_SIDECAR = {"estimate.plimsoll.dev/memory.sidecar": "256Mi", "kubectl.kubernetes.io/default-container": "main"}
MARKER = "plimsoll.dev/decision"


def bands_that_know(bands: list[dict], off_by: int = 0) -> list[dict]:
    """The shipped bands with what the shipped PriorityClasses say."""
    classes = {each["metadata"]["name"]: each
               for each in yaml.safe_load_all((MANIFESTS / "priority-classes.yaml").read_text(encoding="utf-8"))}
    bands = copy.deepcopy(bands)
    for band in bands:
        of_class = classes[band["class"]]
        band |= {"value": of_class["value"] + off_by, "preemptionPolicy": of_class["preemptionPolicy"]}
    return bands


@pytest.fixture(scope="module")
def policy(state_directory):
    """The shipped policy; in namespaces whose name begins so, it knows what the classes say, or is mistaken."""
    policy = yaml.safe_load((MANIFESTS / "policy.yaml").read_text(encoding="utf-8"))
    bands = policy["priority"]["bands"]
    policy["namespaces"] += [{"match": {"names": ["known-class-*"]}, "policy": {"priority": {"bands": bands_that_know(bands)}}},
                             {"match": {"names": ["mistaken-*"]}, "policy": {"priority": {"bands": bands_that_know(bands, 1)}}}]
    path = state_directory / "policy-that-knows-classes.yaml"
    path.write_text(yaml.safe_dump(policy), encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture
def calls(admin):
    """How many calls for Pods an action costs."""
    metrics = WebhookMetrics(admin, PODS_WEBHOOK)

    def count(action) -> tuple[dict, int]:
        before = metrics.calls()
        return action(), metrics.calls() - before

    return count


def priority_of(stored: dict) -> tuple:
    return tuple(stored["spec"].get(field) for field in ("priorityClassName", "priority", "preemptionPolicy"))


def test_class_without_numbers_costs_a_second_call(kubectl, calls):
    """The Priority plugin fills in its value and preemption policy after Plimsoll, and whoever asked for it is called again."""
    stored, made = calls(lambda: kubectl.create(pod("p", ESTIMATE)))
    assert (priority_of(stored), made) == (("plimsoll-minutes", 3000, "Never"), 2)


def test_known_class_costs_one_call(kubectl, calls):
    stored, made = calls(lambda: kubectl.create(pod("p", ESTIMATE)))
    assert (priority_of(stored), made) == (("plimsoll-minutes", 3000, "Never"), 1)


def test_class_that_the_pod_has_already_costs_one_call(kubectl, calls):
    _, made = calls(lambda: kubectl.create(pod("p", ESTIMATE, priorityClassName="plimsoll-minutes")))
    assert made == 1


def test_known_class_and_a_sidecar_that_joins_later(kubectl, calls, inject_sidecars):
    """What a later hook adds is still seen: then the API server calls again."""
    inject_sidecars("zzz-sidecar-injector")
    stored, made = calls(lambda: kubectl.create(pod("p", ESTIMATE | ABOUT_SIDECAR)))
    assert made == 2
    assert [container["resources"]["limits"] for container in stored["spec"]["containers"]] == [{"memory": "1280Mi"}, {"memory": "320Mi"}]


def test_known_class_and_a_forged_marker(kubectl, calls, server):
    honest = kubectl.create(pod("honest", ESTIMATE), "--dry-run=server")
    forged = pod("p", ESTIMATE | {MARKER: honest["metadata"]["annotations"][MARKER]})
    stored, made = calls(lambda: kubectl.create(forged))
    assert (priority_of(stored), made) == (priority_of(honest), 1)
    assert stored["spec"]["containers"][0]["resources"] == honest["spec"]["containers"][0]["resources"]
    assert not server.patch_offline(stored)


def test_known_class_of_a_job_is_only_named(kubectl, calls):
    """In a template the numbers are the author's: none are written, and the Job's Pods cost no call."""
    stored, made = calls(lambda: (kubectl.create(job("j", {}, ESTIMATE)),
                                  kubectl.run("wait", "--for=condition=complete", "job/j", "--timeout=60s"))[0])
    assert made == 0
    assert priority_of(stored["spec"]["template"]) == ("plimsoll-minutes", None, None)
    (run,) = kubectl.select("pods")
    assert priority_of(run) == ("plimsoll-minutes", 3000, "Never")


def test_mistaken_value_is_refused_with_both_numbers(kubectl):
    """What docs/policy.md warns of: the API server compares."""
    output = kubectl.attempt("create", "-f", "-", objects=[pod("p", ESTIMATE)])
    assert output.exit_code != 0
    assert "the integer value of priority (3001)" in output.stderr and "computed 3000" in output.stderr
