"""manifests/scheduler/ on the real scheduler: with the profiles that Plimsoll chooses, short small Jobs fill up nodes and a Job that needs
a whole node finds one; without Plimsoll the same Jobs take a little of every node, and it waits.
"""

import itertools
import json
import re

import pytest
import yaml

from cluster.processes import wait_until
from hooks.registration import MANIFESTS
from objects import job

NODES, GPUS = 3, 8
PROFILES = """
schedulers: [plimsoll-pack, plimsoll-spread]
schedulerProfiles:
- {when: {duration: "<=1h", gpu: "<=1"}, use: plimsoll-pack}
- {when: {duration: ">1h"}, use: plimsoll-spread}
"""
_pools = itertools.count(1)


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    shipped = (MANIFESTS / "policy.yaml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    path.write_text(re.sub(r"(?m)^schedulers:.*\n", "", shipped) + PROFILES, encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


@pytest.fixture(scope="module", autouse=True)
def second_scheduler(admin, control_plane, server):  # pylint: disable=unused-argument
    """As manifests/scheduler/ has it, with the rights of its account and no others."""
    objects = admin.kustomize(MANIFESTS / "scheduler")
    admin.apply(*objects, flags=("--dry-run=server",))
    objects = [each for each in objects if each["kind"] != "Deployment"]
    admin.apply(*objects)
    (config,) = (yaml.safe_load(each["data"]["config.yaml"]) for each in objects if each["kind"] == "ConfigMap")
    token = admin.within("plimsoll-system").run("create", "token", "plimsoll-scheduler").strip()
    kubeconfig = control_plane.logs / "plimsoll-scheduler.kubeconfig"
    control_plane.write_kubeconfig(kubeconfig, {"token": token})
    path = control_plane.logs / "plimsoll-scheduler.yaml"
    path.write_text(json.dumps(config | {"clientConnection": {"kubeconfig": str(kubeconfig)}}), encoding="utf-8")
    with control_plane.scheduler(path) as process:
        lease = ("get", "lease", "plimsoll-scheduler", "-o", "jsonpath={.spec.holderIdentity}")
        process.wait_until("it leads", lambda: admin.within("plimsoll-system").attempt(*lease).stdout)
        yield process


@pytest.fixture
def pool(admin):
    """Nodes of one test alone, by the label `pool`."""
    name = f"pool-{next(_pools)}"
    nodes = []
    for number in range(NODES):
        node = f"{name}-{number}"
        room = {"cpu": "96", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": "110", "nvidia.com/gpu": str(GPUS)}
        nodes.append({"apiVersion": "v1", "kind": "Node",
                      "metadata": {"name": node, "labels": {"kubernetes.io/hostname": node, "kubernetes.io/os": "linux", "pool": name}},
                      "status": {"capacity": room, "allocatable": room}})
    admin.apply(*nodes)
    names = [node["metadata"]["name"] for node in nodes]
    wait_until("the nodes to be ready", lambda: not any(
        taint["key"].startswith("node.kubernetes.io/") for node in admin.select("nodes", "-l", f"pool={name}")
        for taint in node["spec"].get("taints", [])), seconds=60)
    yield name
    admin.run("delete", "node", *names)


def make_job(name: str, pool: str, gpus: int, duration: str) -> dict:
    made = job(name, {"estimate.plimsoll.dev/duration": duration, "estimate.plimsoll.dev/gpu": str(gpus)},
               {"e2e.plimsoll.dev/run-for": "1h"})
    pod_spec = made["spec"]["template"]["spec"]
    pod_spec["nodeSelector"] = {"pool": pool}
    amounts = {"cpu": str(4 * gpus), "memory": f"{16 * gpus}Gi", "nvidia.com/gpu": str(gpus)}
    pod_spec["containers"][0]["resources"] = {"requests": amounts, "limits": amounts}
    return made


def placed(namespace, name: str) -> str:
    """The node of the Job's Pod."""
    (found,) = wait_until(f"a Pod of {name}", lambda: namespace.select("pods", "-l", f"job-name={name}"))
    return found["spec"].get("nodeName", "")


def run_small(namespace, pool: str, count: int) -> list[str]:
    """Nodes of as many Jobs of one GPU, each made when the one before has its place."""
    nodes = []
    for number in range(count):
        name = f"small-{number}"
        namespace.create(make_job(name, pool, 1, "30m"))
        nodes.append(wait_until(f"a place for {name}", lambda name=name: placed(namespace, name)))
    return nodes


def why_pending(namespace, name: str) -> str:
    (found,) = namespace.select("pods", "-l", f"job-name={name}")
    conditions = found.get("status", {}).get("conditions", [])
    return next((each.get("message", "") for each in conditions if each["type"] == "PodScheduled" and each["status"] == "False"), "")


def test_small_jobs_are_packed_and_a_whole_node_stays_free(make_namespace, pool):
    namespace = make_namespace()
    nodes = run_small(namespace, pool, 6)
    assert len(set(nodes)) == 1, nodes
    (one,) = (each for each in namespace.select("pods") if each["spec"]["nodeName"] == nodes[0] and "small-0" in each["metadata"]["name"])
    assert one["spec"]["schedulerName"] == "plimsoll-pack"

    namespace.create(make_job("whole-node", pool, GPUS, "8h"))
    assert wait_until("a place for the whole node", lambda: placed(namespace, "whole-node")) not in nodes


def test_without_plimsoll_every_node_is_taken_in_part_and_a_whole_one_is_waited_for(make_namespace, pool):
    namespace = make_namespace({"plimsoll.dev/mode": "disabled"})
    nodes = run_small(namespace, pool, 6)
    assert len(set(nodes)) == NODES, nodes

    namespace.create(make_job("whole-node", pool, GPUS, "8h"))
    wait_until("the scheduler to give up", lambda: why_pending(namespace, "whole-node"))
    assert f"{NODES} Insufficient nvidia.com/gpu" in why_pending(namespace, "whole-node")
    assert not placed(namespace, "whole-node")


def test_long_large_jobs_go_where_the_most_room_is(make_namespace, pool):
    namespace = make_namespace()
    (packed,) = set(run_small(namespace, pool, 2))
    nodes = []
    for name in ("long-0", "long-1"):
        namespace.create(make_job(name, pool, 4, "8h"))
        nodes.append(wait_until(f"a place for {name}", lambda name=name: placed(namespace, name)))
    assert len({packed, *nodes}) == 3
