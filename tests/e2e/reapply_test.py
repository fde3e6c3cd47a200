"""`kubectl apply` of a file that was applied before, and `kubectl diff`: no change, and no complaint about immutable fields.

A Job's template is immutable, and what Plimsoll added to it is in the cluster but not in its author's file. Every golden Job that is to be
mutated is applied here, client side and server side: in one namespace per policy, by one call of kubectl for all of them, and once more
where Plimsoll is kept out. What kubectl says must be the same in both places. Nobody runs these Jobs (spec.managedBy), so that only
kubectl and Plimsoll write to them.
"""

import functools
import json
from dataclasses import dataclass

import pytest
import yaml

from cluster.kubectl import Kubectl, Object
from goldens import load_context, load_input, mutated_jobs
from objects import differences

MARKER = "plimsoll.dev/decision"
CASES = list(mutated_jobs())
SERVER_SIDE = "server side"
UNDECIDED = "again-undecided"  # the namespace where Plimsoll is kept out

DEFAULT_PREFIX = "estimate.plimsoll.dev/"

# Fields of the whole cluster's policy; an override for namespaces may not have them.
CLUSTER_WIDE = ("apiVersion", "kind", "prefix", "skipNamespaces", "jobControllers", "namespaces")


@dataclass
class Outcome:
    """What came of applying one Job again."""

    stored: Object
    said: str  # by kubectl: "unchanged", "configured", ...
    refusal: str
    changed: dict[str, object]
    has_diff: bool


def slug(case: str) -> str:
    return case.replace("/", "-")[:60].rstrip("-")


@functools.cache
def policy_of(case: str) -> dict:
    policy = load_context(case).get("policy", {})
    return {key: value for key, value in policy.items() if key not in CLUSTER_WIDE}


@functools.cache
def namespace_of(case: str) -> str:
    """One per policy, named after the first case that has it."""
    return "again-" + slug(next(other for other in CASES if policy_of(other) == policy_of(case)))[:50].rstrip("-")


def make_job(case: str, namespace: str) -> Object:
    made = load_input(case, namespace)
    made["metadata"]["name"] = slug(case)
    for key in ("generateName", "ownerReferences"):  # an owner that does not exist has its objects collected
        made["metadata"].pop(key, None)
    made["spec"]["managedBy"] = "e2e.plimsoll.dev/nobody"
    return made


def template_annotations(made: Object) -> dict[str, str]:
    return (made["spec"]["template"].get("metadata") or {}).get("annotations") or {}


def why_not_again(case: str) -> str:
    """Why this file cannot be applied again, whoever decided it; empty when it can."""
    if load_context(case).get("policy", {}).get("prefix", DEFAULT_PREFIX) != DEFAULT_PREFIX:
        return "a prefix is the whole cluster's: this policy cannot stand beside the others"
    if policy_of(case).get("lists") == "template" or policy_of(case).get("resources", {}).get("authored") in ("raise", "replace"):
        return "the policy asks for changes of what the author wrote, which his file then contradicts"
    if MARKER in template_annotations(load_input(case)):
        return "the file brings an old decision, which gave way to the new one"
    if load_input(case)["spec"].get("suspend") is False:
        return "the file resumes what was suspended for a queue: nobody can tell its false from the API server's"
    if load_input(case)["spec"]["template"]["spec"].get("schedulerName") == "default-scheduler" and policy_of(case).get("schedulers"):
        return "the file names the default scheduler: nobody can tell its word from the API server's"
    if any(value is None for value in _leaves(load_input(case))):
        return "kubectl takes a null for the wish to delete"
    return ""


def _leaves(node):
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
    if children is None:
        yield node
    else:
        for child in children:
            yield from _leaves(child)


@pytest.fixture(scope="module")
def policy(state_directory):
    """The goldens' policies side by side, one per namespace."""
    overrides = {namespace_of(case): policy_of(case) for case in CASES}
    path = state_directory / "policy-of-the-goldens.yaml"
    path.write_text(yaml.safe_dump({
        "apiVersion": "plimsoll.dev/v1alpha1", "kind": "Policy",
        "namespaces": [{"match": {"names": [name]}, "policy": override} for name, override in overrides.items() if override],
    }), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def namespaces(admin) -> None:
    labels = {namespace_of(case): {} for case in CASES} | {UNDECIDED: {"plimsoll.dev/mode": "disabled"}}
    admin.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": label}}
                  for name, label in labels.items()))


@dataclass
class Round:
    """By the Jobs' names: what came of those that could be created, and why the others could not."""

    outcomes: dict[str, Outcome]
    refusals: dict[str, str]


def apply_again(admin: Kubectl, jobs: list[Object], *flags: str) -> Round:
    admin.attempt("apply", *flags, "-f", "-", objects=jobs)
    before = stored_jobs(admin, jobs)
    refused = [job for job in jobs if job["metadata"]["name"] not in before]
    refusals = {job["metadata"]["name"]: admin.attempt("apply", *flags, "--dry-run=server", "-f", "-", objects=[job]).stderr.strip()
                for job in refused}  # alone, as not every refusal names its object
    kept = [job for job in jobs if job["metadata"]["name"] in before]
    second = admin.attempt("apply", *flags, "-f", "-", objects=kept)
    diff = admin.attempt("diff", *flags, "-f", "-", objects=kept)
    after = stored_jobs(admin, kept)
    admin.run("delete", "--wait=false", "-f", "-", objects=kept)

    outcomes = {}
    for name, job in before.items():
        said = lines_about(name, second.stdout)
        outcomes[name] = Outcome(
            stored=job, said=said[0].split()[-1] if said else "", refusal="\n".join(lines_about(name, second.stderr)),
            # Server side, the API server counts some of these as written though nothing changed, with Plimsoll and without.
            changed={path: value for path, value in differences(job, after[name]).items() if path != "metadata.resourceVersion"},
            has_diff=f".Job.{job['metadata']['namespace']}.{name}" in diff.stdout)
    return Round(outcomes, refusals)


def stored_jobs(admin: Kubectl, jobs: list[Object]) -> dict[str, Object]:
    wanted = {(job["metadata"]["namespace"], job["metadata"]["name"]) for job in jobs}
    stored = json.loads(admin.run("get", "jobs", "--all-namespaces", "-o", "json"))["items"]
    return {job["metadata"]["name"]: job for job in stored if (job["metadata"]["namespace"], job["metadata"]["name"]) in wanted}


def lines_about(name: str, text: str) -> list[str]:
    return [line for line in text.splitlines() if f'"{name}"' in line or f"/{name} " in line or f"/{name};" in line]


@dataclass
class Comparison:
    side: str
    decided: Round
    undecided: Round


@pytest.fixture(scope="module", params=["client side", SERVER_SIDE])
def comparison(request, plimsoll, admin, namespaces) -> Comparison:
    flags = ("--server-side", "--field-manager=author") if request.param == SERVER_SIDE else ()
    return Comparison(request.param, apply_again(admin, [make_job(case, namespace_of(case)) for case in CASES], *flags),
                      apply_again(admin, [make_job(case, UNDECIDED) for case in CASES], *flags))


def is_another_elsewhere(case: str, refusal: str) -> bool:
    """Whether the golden is refused here for the lack of its clock, its owner, its user or its namespace."""
    context = load_context(case)
    return ("has passed" in refusal or "ownerReferences" in load_input(case)["metadata"] or "request" in context
            or "namespaces" in context.get("policy", {}))


@pytest.mark.parametrize("case", CASES)
def test_applying_again_changes_nothing(comparison, case):
    name = slug(case)
    if name in comparison.undecided.refusals:
        pytest.skip(f"the API server refuses it: {comparison.undecided.refusals[name][:160]}")
    if why_not_again(case):
        pytest.skip(why_not_again(case))
    if name in comparison.decided.refusals:
        assert is_another_elsewhere(case, comparison.decided.refusals[name]), comparison.decided.refusals[name]
        pytest.skip(f"not what it is in its own context: {comparison.decided.refusals[name][-160:]}")
    ours, plain = comparison.decided.outcomes[name], comparison.undecided.outcomes[name]
    if MARKER not in template_annotations(ours.stored):
        assert is_another_elsewhere(case, ""), "was not mutated"
        pytest.skip("mutated only for the user or in the namespace of the case")
    assert (ours.refusal, ours.said, ours.changed, ours.has_diff) == (plain.refusal, plain.said, plain.changed, plain.has_diff)


def test_most_golden_jobs_were_applied(comparison):
    mutated = [outcome for outcome in comparison.decided.outcomes.values() if MARKER in template_annotations(outcome.stored)]
    assert len(mutated) > 0.8 * len(CASES)
