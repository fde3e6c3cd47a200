"""What people see who use kubectl: dry runs, refusals, exports."""

import copy
import json

import pytest

from goldens import load_input
from objects import differences, job, pod

MARKER = "plimsoll.dev/decision"
ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/duration": "4m"}


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


# --- Dry runs ---


@pytest.mark.parametrize("case", ["seeds/training-job", "seeds/data-job", "seeds/tensorflow-pod"])
def test_dry_run_answers_the_same_and_stores_nothing(kubectl, server, case):
    made = load_input(case)
    kind, name = made["kind"].lower(), made["metadata"]["name"]
    tried = kubectl.create(made, "--dry-run=server")
    assert kubectl.attempt("get", kind, name).exit_code != 0
    stored = kubectl.create(made)

    by_chance = ("controller-uid", "kube-api-access", "metadata.uid", "metadata.resourceVersion", "metadata.creationTimestamp",
                 "metadata.managedFields")
    found = {path: value for path, value in differences(tried, stored).items()
             if not any(part in f"{path}={value}" for part in by_chance)}
    assert not found
    decisions = [(record["dryRun"], record["verdict"], record["patch"]) for record in server.all_audit_records(kubectl)
                 if record["verdict"] == "Mutated"]
    assert [dry_run for dry_run, _, _ in decisions] == [True, False]
    assert decisions[0][1:] == decisions[1][1:]


def test_apply_as_a_dry_run_changes_nothing(kubectl):
    made = load_input("seeds/training-job")
    tried = json.loads(kubectl.apply(made, flags=("--dry-run=server", "-o", "json")))
    assert tried["spec"]["template"]["spec"]["priorityClassName"] == "plimsoll-long"
    assert not kubectl.select("jobs")


# --- Refusals ---

BAD = {"estimate.plimsoll.dev/memory": "8", "estimate.plimsoll.dev/duration": "90"}
TWO_PROBLEMS = """\
* spec.template.metadata.annotations[estimate.plimsoll.dev/duration]: Invalid value: "90": is not a duration: it has no unit; \
did you mean "90m"?
* spec.template.metadata.annotations[estimate.plimsoll.dev/memory]: Invalid value: "8": is 8 bytes: did you mean "8Gi"?
"""


@pytest.mark.parametrize("verb", [("create",), ("apply",), ("apply", "--server-side"), ("create", "--dry-run=server")],
                         ids=lambda verb: " ".join(verb))
def test_refusal_as_kubectl_prints_it(kubectl, verb):
    output = kubectl.attempt(*verb, "-f", "-", objects=[job("bad", {}, BAD)])
    assert (output.exit_code, output.stdout) == (1, "")
    assert output.stderr == 'The Job "bad" is invalid: \n' + TWO_PROBLEMS
    assert not kubectl.select("jobs")


def test_misspelt_key_is_refused_with_the_nearest(kubectl):
    output = kubectl.attempt("create", "-f", "-", objects=[pod("bad", {"estimate.plimsoll.dev/memroy": "8Gi"})])
    assert output.exit_code == 1
    assert output.stderr == (
        'The Pod "bad" is invalid: metadata.annotations[estimate.plimsoll.dev/memroy]: Invalid value: "8Gi": is no known estimate:'
        ' did you mean "estimate.plimsoll.dev/memory"?\n')


def test_refusals_status_says_who_and_why(kubectl):
    """What other clients get. (That kubectl's own words differ shows that it got the causes, too.)"""
    output = kubectl.attempt("create", "-v=8", "-f", "-", objects=[job("bad", {}, {"estimate.plimsoll.dev/cpu": "4000"})])
    assert 'status="422 Unprocessable Entity"' in output.stderr
    assert r'admission webhook \"jobs.plimsoll.dev\" denied the request: the estimate of this Job has a problem: ' in output.stderr


def test_refusal_is_in_the_audit_log_with_its_problems(kubectl, server):
    kubectl.attempt("create", "-f", "-", objects=[job("bad", {}, BAD)])
    (record,) = server.all_audit_records(kubectl, "Job")
    assert (record["verdict"], record["user"], len(record["problems"])) == ("Rejected", "admin", 2)


def test_warnings_are_printed(kubectl):
    made = job("kept", {}, ESTIMATE)
    made["spec"]["template"]["spec"]["priorityClassName"] = "plimsoll-long"
    output = kubectl.attempt("create", "-f", "-", objects=[made])
    assert output.exit_code == 0
    assert output.stderr == 'Warning: priority class "plimsoll-long" is kept; the estimate is in band plimsoll-minutes\n'


# --- Exported, edited, created again ---


def exported(stored: dict) -> dict:
    """As people clean what `kubectl get -o yaml` gave them, before they create it again."""
    made = copy.deepcopy(stored)
    for field in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
        made["metadata"].pop(field, None)
    made.pop("status", None)
    made["spec"].pop("selector")
    labels = made["spec"]["template"]["metadata"]["labels"]
    for label in [label for label in labels if label.endswith(("controller-uid", "job-name"))]:
        del labels[label]
    return made


def decision_of(stored: dict) -> tuple[dict, dict]:
    """The Pod spec, and the marker. An empty affinity, which may remain where a term was taken back, says the same as none."""
    template = copy.deepcopy(stored["spec"]["template"])
    affinity = template["spec"].get("affinity", {})
    template["spec"]["affinity"] = {kind: terms for kind, terms in affinity.items() if terms}
    return template["spec"], json.loads(template["metadata"]["annotations"][MARKER])


def test_exported_job_created_again_stays_as_it_was(kubectl, server):
    first = kubectl.create(load_input("seeds/training-job"))
    again = exported(kubectl.get("job", "resnet-training"))
    kubectl.run("delete", "job", "resnet-training")
    assert decision_of(kubectl.create(again)) == decision_of(first)
    assert [record["verdict"] for record in server.all_audit_records(kubectl, "Job")] == ["Mutated", "Unchanged"]


def test_exported_job_with_another_estimate_is_decided_anew(kubectl):
    kubectl.create(load_input("seeds/training-job"))
    edited = exported(kubectl.get("job", "resnet-training"))
    kubectl.run("delete", "job", "resnet-training")
    estimates = {"estimate.plimsoll.dev/memory": "20Gi", "estimate.plimsoll.dev/duration": "2h"}
    edited["spec"]["template"]["metadata"]["annotations"] |= estimates
    recreated = kubectl.create(edited)

    # As if it had been written so in the first place: 20Gi is below what makes Pods spread, and 2h is in another band.
    fresh = load_input("seeds/training-job")
    fresh["metadata"]["name"] = "fresh"
    fresh["spec"]["template"]["metadata"]["annotations"] |= estimates
    assert decision_of(recreated) == decision_of(kubectl.create(fresh, "--dry-run=server"))
    spec, _ = decision_of(recreated)
    assert spec["containers"][0]["resources"]["limits"]["memory"] == "22Gi"
    assert (spec["priorityClassName"], spec["activeDeadlineSeconds"]) == ("plimsoll-hours", 3 * 2 * 3600)
    assert "podAntiAffinity" not in spec["affinity"]


def test_numbers_of_the_author_survive_export_and_edit(kubectl):
    made = job("authored", {}, ESTIMATE)
    made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"memory": "3Gi"}, "limits": {"memory": "4Gi"}}
    kubectl.create(made)
    edited = exported(kubectl.get("job", "authored"))
    kubectl.run("delete", "job", "authored")
    edited["spec"]["template"]["metadata"]["annotations"]["estimate.plimsoll.dev/memory"] = "2Gi"
    spec, _ = decision_of(kubectl.create(edited))
    assert spec["containers"][0]["resources"] == {"requests": {"memory": "3Gi"}, "limits": {"memory": "4Gi"}}


def test_exported_pod_with_another_estimate_is_decided_anew(kubectl):
    """A Pod's export carries the API server's own numbers too: its service account's volume, its priority."""
    stored = kubectl.create(pod("p", ESTIMATE))
    kubectl.run("delete", "pod", "p", "--now")
    for field in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
        stored["metadata"].pop(field, None)
    del stored["status"]
    stored["metadata"]["annotations"] |= {"estimate.plimsoll.dev/memory": "2Gi", "estimate.plimsoll.dev/duration": "2h"}
    again = kubectl.create(stored)
    assert again["spec"]["containers"][0]["resources"] == {"requests": {"memory": "2560Mi"}, "limits": {"memory": "2560Mi"}}
    assert (again["spec"]["priorityClassName"], again["spec"]["priority"]) == ("plimsoll-hours", 2000)
    assert again["spec"]["activeDeadlineSeconds"] == 3 * 2 * 3600
