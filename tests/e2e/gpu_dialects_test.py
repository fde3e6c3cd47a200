"""Each GPU dialect on the real API server: the Job is stored in its words, and its Pods are valid and arrive with them."""

import pytest
import yaml

from cluster.processes import wait_until
from objects import job

ESTIMATE = {"estimate.plimsoll.dev/gpu": "2", "estimate.plimsoll.dev/gpu-memory": "10Gi"}

# By the namespace, which is named after the test's parameter.
POLICY = {
    "apiVersion": "plimsoll.dev/v1alpha1", "kind": "Policy",
    "namespaces": [
        {"match": {"names": [f"{dialect}-*"]}, "policy": {"gpu": {"dialect": dialect} | settings}}
        for dialect, settings in {
            "mig": {"mig": {"profiles": ["1g.5gb", "3g.20gb"]}},
            "hami": {}, "koordinator": {}, "volcano-vgpu": {}, "kai": {},
            "dra": {"dra": {"claimTemplates": [{"name": "two-a100", "gpus": 2, "memory": "40Gi"}]}},
        }.items()
    ],
}

AMOUNTS = {
    "mig": {"nvidia.com/mig-3g.20gb": "2"},
    "hami": {"nvidia.com/gpu": "2", "nvidia.com/gpumem": "10240"},
    "koordinator": {"koordinator.sh/gpu.shared": "2", "koordinator.sh/gpu-memory": "20Gi"},
    "volcano-vgpu": {"volcano.sh/vgpu-number": "2", "volcano.sh/vgpu-memory": "10240"},
}


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text(yaml.safe_dump(POLICY))
    return file


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture
def within(admin):
    """kubectl in a namespace of the given name, removed after the test."""
    made = []

    def make(name: str):
        admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        made.append(name)
        kubectl = admin.within(name)
        kubectl.wait_for_service_account()
        return kubectl

    yield make
    admin.run("delete", "namespace", "--wait=false", *made)


def pod_of(kubectl, name: str) -> dict:
    """The first Pod that the Job controller makes: the API server has found it valid."""
    wait_until(f"a Pod of {name}", lambda: kubectl.select("pods"))
    return kubectl.select("pods")[0]


@pytest.mark.parametrize("dialect", AMOUNTS)
def test_shares_are_resources(within, dialect):
    kubectl = within(f"{dialect}-1")
    stored = kubectl.create(job("train", {}, ESTIMATE))
    for template in (stored["spec"]["template"], pod_of(kubectl, "train")):
        resources = template["spec"]["containers"][0]["resources"]
        assert resources == {"requests": AMOUNTS[dialect], "limits": AMOUNTS[dialect]}


def test_kai_reads_annotations_of_the_pod(within):
    kubectl = within("kai-1")
    stored = kubectl.create(job("train", {}, ESTIMATE))
    for template in (stored["spec"]["template"], pod_of(kubectl, "train")):
        annotations = template["metadata"]["annotations"]
        assert (annotations["gpu-memory"], annotations["gpu-fraction-num-devices"]) == ("10240", "2")
        assert not template["spec"]["containers"][0]["resources"]


def test_dra_claims_from_the_policys_template(within):
    kubectl = within("dra-1")
    kubectl.apply({"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate", "metadata": {"name": "two-a100"},
                   "spec": {"spec": {"devices": {"requests": [{"name": "gpus", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 2}}]}}}})
    stored = kubectl.create(job("train", {}, ESTIMATE))
    for template in (stored["spec"]["template"], pod_of(kubectl, "train")):
        (claim,) = template["spec"]["resourceClaims"]
        assert claim["resourceClaimTemplateName"] == "two-a100"
        assert [used["name"] for used in template["spec"]["containers"][0]["resources"]["claims"]] == [claim["name"]]
    # Kubernetes' own controller makes the claim of it.
    wait_until("the Pod's claim", lambda: kubectl.select("resourceclaims"))


def test_what_no_shape_holds_is_refused_with_the_shapes_there_are(within):
    kubectl = within("mig-2")
    output = kubectl.attempt("create", "-f", "-", objects=[job("train", {}, ESTIMATE | {"estimate.plimsoll.dev/gpu-memory": "30Gi"})])
    assert output.exit_code != 0
    assert "3g.20gb" in output.stderr and "estimate.plimsoll.dev/gpu-memory" in output.stderr, output.stderr
