"""Objects that bring others: CronJobs, whose Jobs are decided when they are made."""

from datetime import datetime, timedelta, timezone

import pytest

from cluster.processes import wait_until
from goldens import load_input

MARKER = "plimsoll.dev/decision"


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def spec_of(made_by_it: dict) -> dict:
    return made_by_it["spec"]["template"]["spec"]


def assert_nightly_report_was_decided(made_by_it: dict) -> None:
    assert spec_of(made_by_it)["containers"][0]["resources"] == {  # 700Mi x 1.25
        "requests": {"cpu": "500m", "memory": "875Mi"}, "limits": {"memory": "875Mi"}}
    assert (spec_of(made_by_it)["priorityClassName"], spec_of(made_by_it)["activeDeadlineSeconds"]) == ("plimsoll-hours", 3600)
    (owner,) = made_by_it["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["controller"]) == ("CronJob", True)


def test_cronjob_is_left_unchanged_and_its_job_is_decided(kubectl, server):
    made = load_input("seeds/nightly-report-cronjob")
    stored = kubectl.create(made)
    template = stored["spec"]["jobTemplate"]["spec"]["template"]
    assert template["metadata"]["annotations"] == made["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"]
    assert template["spec"]["containers"][0]["resources"] == {}
    assert [record["reason"] for record in server.all_audit_records(kubectl)] == ["Validated"]

    # The controller believes that it has missed one, and makes that Job at once.
    yesterday = (datetime.now(timezone.utc) - timedelta(hours=25)).strftime("%Y-%m-%dT%H:%M:%SZ")
    kubectl.run("patch", "cronjob", "nightly-report", "--subresource=status", "-p",
                f'{{"status": {{"lastScheduleTime": "{yesterday}"}}}}')
    (made_by_it,) = wait_until("the CronJob's Job", lambda: kubectl.select("jobs"), seconds=60)
    assert_nightly_report_was_decided(made_by_it)
    kubectl.run("wait", "--for=condition=complete", f"job/{made_by_it['metadata']['name']}", "--timeout=60s")

    assert kubectl.get("cronjob", "nightly-report")["spec"] == stored["spec"]
    (record,) = server.all_audit_records(kubectl, "Job")
    assert (record["kind"], record["owner"], record["user"]) == (
        "Job", "CronJob/nightly-report", "system:serviceaccount:kube-system:cronjob-controller")


def test_job_made_from_a_cronjob_by_hand_is_decided(kubectl):
    kubectl.create(load_input("seeds/nightly-report-cronjob"))
    kubectl.run("create", "job", "tonight", "--from=cronjob/nightly-report")
    assert_nightly_report_was_decided(kubectl.get("job", "tonight"))


def test_bad_estimate_in_a_cronjob_does_not_stop_its_jobs(kubectl, server):
    """Nobody would read the refusal, and the controller would try for ever. It came by an update: who creates it so is refused."""
    made = load_input("seeds/nightly-report-cronjob")
    kubectl.apply(made)
    made["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"]["estimate.plimsoll.dev/cpu"] = "4000"
    kubectl.apply(made)
    kubectl.run("create", "job", "tonight", "--from=cronjob/nightly-report")
    resources = spec_of(kubectl.get("job", "tonight"))["containers"][0]["resources"]
    assert resources == {"requests": {"memory": "875Mi"}, "limits": {"memory": "875Mi"}}
    (record,) = server.all_audit_records(kubectl, "Job")
    assert len(record["problems"]) == 1
