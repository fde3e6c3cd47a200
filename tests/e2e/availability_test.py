"""The server goes away: objects are created as their authors wrote them."""

import pytest

from cluster.api_server import WebhookMetrics
from goldens import load_input
from hooks.registration import JOBS_WEBHOOK

MARKER = "plimsoll.dev/decision"


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def test_server_that_was_stopped_stops_nobody(kubectl, server):
    before = kubectl.create(load_input("seeds/data-job"))
    assert MARKER in before["spec"]["template"]["metadata"]["annotations"]
    kubectl.run("delete", "job", "clean-events")
    assert server.stop() == 0

    metrics = WebhookMetrics(kubectl, JOBS_WEBHOOK)
    failed_before = metrics.failed_open()
    output = kubectl.attempt("create", "-f", "-", objects=[load_input("seeds/data-job")])
    assert (output.exit_code, output.stderr) == (0, "")
    stored = kubectl.get("job", "clean-events")
    assert MARKER not in stored["spec"]["template"]["metadata"]["annotations"]
    assert stored["spec"]["template"]["spec"]["containers"][0]["resources"] == {}
    assert metrics.failed_open() == failed_before + 1
    kubectl.run("wait", "--for=condition=complete", "job/clean-events", "--timeout=60s")
