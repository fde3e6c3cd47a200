"""Plimsoll's audit log beside the API server's own: the same calls, found in either from the other."""

import pytest

from cluster.api_server import AuditLog
from hooks.registration import JOBS_WEBHOOK, PODS_WEBHOOK
from objects import job, pod

ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi", "estimate.plimsoll.dev/duration": "4m"}


@pytest.fixture(scope="module", autouse=True)
def server(plimsoll):
    return plimsoll


def test_each_call_for_a_pod_is_joined_by_the_uid_of_its_review(kubectl, server, api_audit_log):
    kubectl.create(pod("p", ESTIMATE))
    ours = server.all_audit_records(kubectl)
    (event,) = (event for event in api_audit_log.events(kubectl.namespace, "pods") if event["objectRef"].get("name") == "p")

    # Called twice, as the Priority plugin ran in between; the values of other keys are those of the first call.
    assert [record["verdict"] for record in ours] == ["Mutated", "Unchanged"]
    reviews = AuditLog.reviews(event, PODS_WEBHOOK)
    assert reviews == {record["uid"]: record["verdict"] for record in ours}
    assert len(reviews) == len(AuditLog.webhook_calls(event)) == 2
    # The event's own id is that of the request, which is no review's.
    assert event["auditID"] not in reviews

    found = server.find_audit_records(*(word for uid in reviews for word in ("--uid", uid)))
    assert found == ours
    assert {record["user"] for record in found} == {event["user"]["username"]}


def test_refused_object_is_joined_with_the_reasons_that_only_our_record_has(kubectl, server, api_audit_log):
    kubectl.attempt("create", "-f", "-", objects=[job("bad", {}, {"estimate.plimsoll.dev/memory": "8"})])
    kubectl.create(job("good", {}, ESTIMATE))
    server.all_audit_records(kubectl)
    verdicts = {}
    for event in api_audit_log.events(kubectl.namespace, "jobs"):
        ((uid, verdict),) = AuditLog.reviews(event, JOBS_WEBHOOK).items()
        (record,) = server.find_audit_records("--uid", uid)
        assert (record["verdict"], record["namespace"]) == (verdict, event["objectRef"]["namespace"])
        verdicts[event["responseStatus"]["code"]] = (verdict, [problem["reason"] for problem in record["problems"]])
    assert verdicts == {422: ("Rejected", ["OutOfRange"]), 201: ("Mutated", [])}
