"""GET /metrics: what came of each request, in Prometheus' format, with no more series than there were at the start."""

import copy
import re
import shutil
import subprocess

import pytest

import registration_test
import reviews
from program import ROOT, wait_until
from reviews import estimates, make_job, make_pod, make_review
from wire import plain_get

SERIES = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (\S+)$")


def scrape(server) -> dict[str, float]:
    response = plain_get(server.health_port, "/metrics")
    assert response.status == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    series = {}
    for line in response.body.decode().splitlines():
        if line and not line.startswith("#"):
            name, labels, value = SERIES.match(line).groups()
            assert name + (labels or "") not in series
            series[name + (labels or "")] = float(value)
    return series


def grown(server, review: dict) -> dict[str, float]:
    """What one request adds; process metrics and times aside."""
    before = scrape(server)
    reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    after = scrape(server)
    assert set(after) == set(before), "no request makes a new series"
    return {name: after[name] - before[name] for name in after
            if after[name] != before[name] and not name.startswith("process_") and "_seconds" not in name
            and "connection" not in name and "handshake" not in name}


def requests(kind: str, verdict: str, dry_run: str = "false") -> str:
    return f'plimsoll_requests_total{{dry_run="{dry_run}",kind="{kind}",verdict="{verdict}"}}'


def test_a_mutated_job_is_counted_with_the_rules_that_changed_it(server):
    added = grown(server, make_review(make_job()))
    assert added.pop(requests("Job", "Mutated")) == 1
    assert added.pop('plimsoll_changes_total{rule="resources"}') >= 2
    assert all(name.startswith("plimsoll_changes_total") for name in added)


def test_a_dry_run_is_counted_apart(server):
    review = make_review(make_job())
    review["request"]["dryRun"] = True
    assert grown(server, review)[requests("Job", "Mutated", "true")] == 1


def test_a_refusal_is_counted_with_each_of_its_problems(server):
    added = grown(server, make_review(make_job(estimates(memory="8", cpu="4000", duration="90"))))
    assert added == {requests("Job", "Rejected"): 1, 'plimsoll_unpatched_total{reason="BadEstimate"}': 1,
                     'plimsoll_estimate_problems_total{reason="OutOfRange"}': 2,
                     'plimsoll_estimate_problems_total{reason="Malformed"}': 1}


def test_an_object_without_estimate_is_counted_by_the_reason(server):
    pod = make_pod({})
    assert grown(server, make_review(pod)) == {requests("Pod", "Skipped"): 1,
                                               'plimsoll_unpatched_total{reason="NoEstimate"}': 1}


@pytest.mark.parametrize("kind", ["Secret", 'x"} 1\nforged_total 7', "\x1b[31m", "A" * 5000], ids=["another", "forged", "escape", "long"])
def test_a_kind_that_users_make_up_is_counted_as_other(server, kind):
    review = make_review(copy.deepcopy(make_job()))
    review["request"]["kind"]["kind"] = kind
    review["request"]["object"]["kind"] = kind
    assert grown(server, review)[requests("other", "Skipped")] == 1


def test_times_of_all_steps_are_counted(server):
    before = scrape(server)
    review = make_review(make_job())
    reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    after = scrape(server)
    for name in ("plimsoll_request_duration_seconds_count",
                 *(f'plimsoll_step_duration_seconds_count{{step="{step}"}}' for step in ("decode", "decide", "encode"))):
        assert after[name] == before[name] + 1
    for step in ("decode", "decide", "encode"):
        name = f'plimsoll_step_duration_seconds_sum{{step="{step}"}}'
        assert 0 < after[name] - before[name] < 60


def test_every_name_and_type_is_as_prometheus_wants(server):
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    text = plain_get(server.health_port, "/metrics").body
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=20)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


def described(metrics: str) -> dict[str, tuple[str, frozenset[str]]]:
    """The type and the labels of each metric, without those that a histogram adds."""
    found = {}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", metrics, re.MULTILINE):
        lines = re.findall(rf"^{name}(?:_count|_bucket|_sum)?(\{{.*\}})? \S+$", metrics, re.MULTILINE)
        found[name] = kind, frozenset(label for line in lines for label in re.findall(r'(\w+)="', line)) - {"le"}
    return found


def test_operators_are_told_of_every_metric(start, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(registration_test.KUBECONFIG)
    told = {name: (kind, frozenset(filter(None, labels.split(",")))) for name, labels, kind in re.findall(
        r"^\| `((?:plimsoll|process)_\w+)(?:\{([\w,]+)\})?` \| (counter|gauge|histogram) \|",
        (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)}
    # Its Secret needs an API server.
    assert told.pop("plimsoll_authority_not_after_seconds") == ("gauge", frozenset())
    server = start("--register", f"--kubeconfig={kubeconfig}")

    def scraped() -> str:
        return plain_get(server.health_port, "/metrics").body.decode()

    # The registrations are looked after from a moment after the ports are open.
    wait_until(lambda: "plimsoll_registration_look_failures_total" in scraped(), "the metrics of registrations")
    assert told == described(scraped())


def test_alerts_are_about_metrics_that_there_are():
    told = (ROOT / "docs" / "operations.md").read_text()
    alerts = (ROOT / "manifests" / "monitoring" / "alerts.yaml").read_text()
    assert set(re.findall(r"\bplimsoll_\w+", alerts)) <= set(re.findall(r"^\| `(plimsoll_\w+)", told, re.MULTILINE))
    assert re.findall(r"- alert: (\w+)", alerts) == re.findall(r"^\| `(Plimsoll\w+)`", told, re.MULTILINE)


def test_what_every_client_library_tells_of_its_process_is_told(server):
    series = scrape(server)
    for name in ("process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                 "process_start_time_seconds", "process_open_fds", "process_max_fds", "process_threads"):
        assert series[name] > 0, name
    assert any(name.startswith('plimsoll_build_info{version="') and value == 1 for name, value in series.items())
    assert series["plimsoll_audit_dropped_total"] == 0
