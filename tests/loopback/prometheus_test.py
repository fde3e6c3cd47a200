"""A real Prometheus scrapes the server, knows what it counts, and takes the alerts that are shipped."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import urllib.parse
from contextlib import contextmanager

import pytest

import reviews
from program import ROOT, wait_until
from reviews import make_job, make_review

ALERTS = ROOT / "manifests" / "monitoring" / "alerts.yaml"

needs_prometheus = pytest.mark.skipif(not shutil.which("prometheus") or not shutil.which("promtool"),
                                      reason="prometheus or promtool is not installed (Debian: prometheus)")


@contextmanager
def prometheus(directory, target: int):
    """Prometheus' API, as a function of path and parameters, while it scrapes the port twice a second."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configuration = directory / "prometheus.yml"
    configuration.write_text(json.dumps({
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [{"job_name": "plimsoll", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}]}))
    log = directory / "prometheus.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={directory / 'tsdb'}",
                                    f"--web.listen-address=127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)

    def fetch(path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask(path: str, **parameters: str):
        status, body = fetch(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        assert status == 200, body
        return json.loads(body)["data"]

    def is_up() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return fetch("/-/ready")[0] == 200
        except OSError:
            return False

    try:
        wait_until(is_up, "Prometheus is ready", patience=60)
        yield ask
    finally:
        process.terminate()
        process.wait(timeout=60)


@needs_prometheus
def test_prometheus_scrapes_the_server_and_evaluates_the_alerts(start, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n")
    server = start(f"--policy={policy}")
    review = make_review(make_job())
    for _ in range(3):
        reviews.read_answer(server.exchange(reviews.post_review(review)), review)

    with prometheus(tmp_path, server.health_port) as ask:

        def value(query: str) -> float | None:
            result = ask("query", query=query)["result"]
            return float(result[0]["value"][1]) if len(result) == 1 else None

        wait_until(lambda: value("up") == 1, "the target is up", patience=60)
        (target,) = ask("targets", state="active")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        counted = 'plimsoll_requests_total{kind="Job",verdict="Mutated",dry_run="false"}'
        assert value(counted) == 3
        assert value("sum(plimsoll_requests_total)") == 3
        assert value("plimsoll_request_duration_seconds_count") == 3
        assert value('plimsoll_request_duration_seconds_bucket{le="+Inf"}') == 3
        days_left = (value("plimsoll_certificate_not_after_seconds") - value("process_start_time_seconds")) / 86400
        assert 364 < days_left < 366

        reviews.read_answer(server.exchange(reviews.post_review(review)), review)
        wait_until(lambda: value(counted) == 4, "the fourth is scraped", patience=60)

        policy.write_text("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nfrob: 1\n")
        wait_until(lambda: any(alert["labels"]["alertname"] == "PlimsollReloadRefused" and alert["state"] == "firing"
                               for alert in ask("alerts")["alerts"]), "the alert of a refused policy", patience=60)
        rules = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
        assert len(rules) == ALERTS.read_text().count("- alert:")
        assert {rule["health"] for rule in rules} == {"ok"}
        firing = {rule["name"] for rule in rules if rule["state"] == "firing"}
        assert firing == {"PlimsollReloadRefused"}


@needs_prometheus
@pytest.mark.parametrize("command", [("check", "rules", ALERTS), ("test", "rules", "alerts.test.yaml")], ids=["check", "test"])
def test_alerts_are_as_promtool_wants_and_speak_when_they_should(command):
    done = subprocess.run(["promtool", *command], cwd=ROOT / "tests" / "loopback", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_of_its_silence_and_of_its_voice():
    cases = (ROOT / "tests" / "loopback" / "alerts.test.yaml").read_text()
    for name in re.findall(r"- alert: (\w+)", ALERTS.read_text()):
        assert f"alertname: {name}}}" in cases and f'alertname="{name}"' in cases, name
