"""Servers are replaced, and servers die, while the API server calls.

Rolling restarts under `failurePolicy: Fail`: whatever call came to nothing would be a create that fails. Deaths under `Ignore`, as shipped:
users notice nothing, and every object without a patch is one that the API server counted. PLIMSOLL_CREATES says how many creates a rolling
restart spans at least (`make e2e-rollout`: 10,000).
"""

import itertools
import os
import subprocess

import pytest

from cluster.api_server import WebhookMetrics
from cluster.creates import MARKER, Creates
from cluster.processes import wait_until
from hooks import registration
from hooks.balancer import Balancer
from hooks.plimsoll import Plimsoll, program
from hooks.registration import JOBS_WEBHOOK, PODS_WEBHOOK
from objects import job

CREATES = int(os.environ.get("PLIMSOLL_CREATES", "600"))
RESTARTS = 4  # at least: both of the first replicas, and two of those that came after
# Above the balancer's round of probes, as the 10 s of a real one are above what endpoints take to follow.
DRAIN_DELAY = "1s"
# Two seconds are the answer to a hanging server; what is asked here is whether every call is answered, on a machine of any speed.
FAIL = {"failurePolicy": "Fail", "timeoutSeconds": 10}
IGNORE = {"failurePolicy": "Ignore", "timeoutSeconds": 10}

_names = itertools.count(1)


class Calls:
    """What the API server says of its calls of both webhooks since construction."""

    def __init__(self, admin):
        self._metrics = [WebhookMetrics(admin, webhook) for webhook in (JOBS_WEBHOOK, PODS_WEBHOOK)]
        self._before = self._read()

    def answered(self) -> int:
        return self._read()[0] - self._before[0]

    def unanswered(self) -> int:
        (answered, made, _), (answered_before, made_before, _) = self._read(), self._before
        return (made - made_before) - (answered - answered_before)

    def failed_open(self) -> int:
        return self._read()[2] - self._before[2]

    def _read(self) -> tuple[int, int, int]:
        return (sum(one.calls(code="200") for one in self._metrics), sum(one.calls() for one in self._metrics),
                sum(one.failed_open() for one in self._metrics))


@pytest.fixture(scope="module")
def certificates(control_plane):
    """Of one authority, for all replicas."""
    directory = control_plane.logs / "rollout_test" / "certificates"
    subprocess.run([program(), "certs", "make", "--dir", directory, "--service", "plimsoll.plimsoll-system"], check=True,
                   capture_output=True, timeout=30)
    return directory


@pytest.fixture
def start(control_plane, certificates):
    """Starts a replica that has never been before."""
    started = []

    def start_one() -> Plimsoll:
        flags = ["--tls-cert-file", certificates / "tls.crt", "--tls-private-key-file", certificates / "tls.key"]
        started.append(Plimsoll(control_plane.logs / "rollout_test" / f"replica-{next(_names)}", certificates=flags,
                                drain_delay=DRAIN_DELAY))
        return started[-1]

    yield start_one
    for server in started:
        server.stop()


@pytest.fixture
def service(start):
    """Two replicas, and what plays the Service before them."""
    balancer = Balancer(start(), start())
    yield balancer
    balancer.stop()


@pytest.fixture
def register(admin, certificates):
    """Has the API server call the port, on the given terms, until the test is over."""
    yield lambda port, terms: registration.apply_manifests(admin, port, (certificates / "ca.crt").read_bytes(), terms)
    registration.remove_webhooks(admin)


def both_ready(service) -> list[Plimsoll]:
    wait_until("both replicas to be ready", lambda: len(service.ready()) == 2)
    return service.ready()


def marked(kubectl) -> list[bool]:
    """Of each Job that is stored, whether it was decided."""
    return [MARKER in one["spec"]["template"]["metadata"].get("annotations", {}) for one in kubectl.select("jobs")]


def test_rolling_restarts_under_load_fail_no_create(admin, kubectl, service, start, register):
    calls = Calls(admin)
    register(service.port, FAIL)
    running, gone = both_ready(service), []
    creates = Creates(kubectl, CREATES)
    try:
        # As a Deployment does with maxUnavailable 0: one more that is ready, then one less.
        while len(gone) < RESTARTS or creates.tally.created < CREATES:
            running.append(start())
            service.add(running[-1])
            wait_until("the Service to know the new one", lambda: running[-1] in service.ready())
            creates.wait_for(20)
            old = running.pop(0)
            assert old.stop() == 0, old.process.tail()
            service.remove(old)
            gone.append(old)
    finally:
        tally = creates.finish()
    last = list(running)
    for server in last:
        assert server.stop() == 0, server.process.tail()

    decided = [server.decided() for server in gone + last]
    print(f"\n{tally.created} creates ({tally.stored} stored), {len(gone)} restarts, {len(tally.failures)} failed, "
          f"{tally.unpatched} unpatched; calls by replica: {' '.join(map(str, decided))}")
    assert tally.failures == []
    assert tally.unpatched == 0
    assert tally.patched >= CREATES
    stored = marked(kubectl)
    assert len(stored) == tally.stored and all(stored)
    assert calls.unanswered() == 0
    # Each call was decided once and recorded, by replicas that all had a share.
    assert sum(decided) == calls.answered()
    assert all(decided), decided
    for server in gone + last:
        assert [line["requestsCut"] for line in server.logged("stopped")] == [0]
        assert [line["auditDropped"] for line in server.logged("audit log closed")] == [0]


def test_server_that_is_killed_stops_nobody(admin, kubectl, start, register):
    server = start()
    register(server.port, IGNORE)
    calls = Calls(admin)
    creates = Creates(kubectl, 300)
    try:
        creates.wait_for(100)
        server.process.kill()
        creates.wait_for(200)
    finally:
        tally = creates.finish()

    print(f"\n{tally.created} creates, {len(tally.failures)} failed, {tally.patched} patched, {tally.unpatched} not")
    assert tally.failures == []
    assert tally.patched >= 100 and tally.unpatched >= 200 - 10  # those under way when it died
    assert tally.unpatched == calls.failed_open() == calls.unanswered()
    assert len(marked(kubectl)) == tally.stored


def test_one_of_two_servers_is_killed_and_the_other_takes_over(admin, kubectl, service, register):
    register(service.port, IGNORE)
    calls = Calls(admin)
    victim, survivor = both_ready(service)
    creates = Creates(kubectl, 400)
    try:
        creates.wait_for(100)
        victim.process.kill()
        wait_until("the Service to know", lambda: service.ready() == [survivor], every=0.01)
        creates.wait_for(50)  # those that were under way meanwhile
        lost = creates.tally.unpatched
        creates.wait_for(200)
    finally:
        tally = creates.finish()

    print(f"\n{tally.created} creates, {len(tally.failures)} failed, {tally.patched} patched, {tally.unpatched} not")
    assert tally.failures == []
    assert tally.unpatched == lost == calls.failed_open()
    assert tally.patched == tally.created - lost == calls.answered()
    stored = marked(kubectl)
    assert len(stored) == tally.stored and stored.count(False) <= lost


def test_job_of_200_pods_costs_one_call(admin, kubectl, start, register):
    server = start()
    register(server.port, IGNORE)
    calls = Calls(admin)
    decided = server.metric("plimsoll_requests_total")
    excluded = WebhookMetrics(admin, PODS_WEBHOOK).excluded()
    kubectl.create(job("wide", {"estimate.plimsoll.dev/memory": "1Gi"}, parallelism=200, completions=200))
    kubectl.run("wait", "--for=condition=complete", "job/wide", "--timeout=180s")

    pods = kubectl.select("pods")
    assert len(pods) == kubectl.get("job", "wide")["status"]["succeeded"] == 200
    assert all(MARKER in pod["metadata"]["annotations"] for pod in pods)
    assert {pod["spec"]["containers"][0]["resources"]["limits"]["memory"] for pod in pods} == {"1280Mi"}
    assert (calls.answered(), calls.unanswered()) == (1, 0)
    assert WebhookMetrics(admin, PODS_WEBHOOK).excluded() - excluded == 200
    assert server.metric("plimsoll_requests_total") - decided == 1
    assert server.metric('plimsoll_requests_total{dry_run="false",kind="Job",verdict="Mutated"}') >= 1
