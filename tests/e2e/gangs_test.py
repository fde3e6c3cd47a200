"""Kubernetes' own gangs, with the gates on: a Job says `spec.scheduling`, and the Job controller makes a PodGroup, which takes its priority class
from the Job's template. So the class has to stand there before; at the Pods group and Pod would disagree.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import build
from cluster.control_plane import ControlPlane
from cluster.kubectl import Kubectl
from cluster.processes import wait_until
from objects import job, pod

GATES = "GenericWorkload=true,WorkloadWithJob=true"
ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/duration": "4m"}


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory) -> Iterator[ControlPlane]:
    """One of its own: the gates are read at the start."""
    state: Path = tmp_path_factory.mktemp("gangs")
    control_plane = ControlPlane(build.find_programs(), state, ("--runtime-config=scheduling.k8s.io/v1beta1=true",), GATES)
    try:
        control_plane.start()
    except RuntimeError as error:
        pytest.skip(f"this version has no such gates: {error}")
    yield control_plane
    control_plane.stop()


@pytest.fixture(scope="module")
def admin(control_plane) -> Kubectl:
    return control_plane.kubectl


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def test_group_and_pods_have_the_class_and_the_size_of_the_job(kubectl, server):
    made = job("gang", {}, ESTIMATE, parallelism=2, completions=2, completionMode="Indexed",
               scheduling={"schedulingPolicy": {"gang": {"minCount": 2}}})
    stored = kubectl.create(made)
    assert stored["spec"]["scheduling"] == made["spec"]["scheduling"]  # the gates are on
    assert stored["spec"]["template"]["spec"]["priorityClassName"] == "plimsoll-minutes"

    (group,) = wait_until("the Job's group", lambda: kubectl.select("podgroups.scheduling.k8s.io"))
    assert group["spec"]["priorityClassName"] == "plimsoll-minutes"
    pods = wait_until("its Pods", lambda: len(found := kubectl.select("pods")) == 2 and found)
    for one in pods:
        assert one["spec"]["schedulingGroup"] == {"podGroupName": group["metadata"]["name"]}
        assert (one["spec"]["priorityClassName"], one["spec"]["priority"]) == ("plimsoll-minutes", group["spec"]["priority"])
        assert one["spec"]["containers"][0]["resources"] == {"requests": {"memory": "1280Mi"}, "limits": {"memory": "1280Mi"}}
    assert [record["kind"] for record in server.all_audit_records(kubectl)] == ["Job"]


def test_pod_of_a_group_gets_a_size_and_no_class(kubectl):
    kubectl.create(job("gang", {}, {}, parallelism=2, completions=2, completionMode="Indexed",
                       scheduling={"schedulingPolicy": {"gang": {"minCount": 2}}}))
    (group,) = wait_until("the Job's group", lambda: kubectl.select("podgroups.scheduling.k8s.io"))
    stored = kubectl.create(pod("late", ESTIMATE, schedulingGroup={"podGroupName": group["metadata"]["name"]}))
    assert stored["spec"]["containers"][0]["resources"]["requests"] == {"memory": "1280Mi"}
    assert "priorityClassName" not in stored["spec"]
