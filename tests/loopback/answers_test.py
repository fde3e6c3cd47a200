"""The contract of the answer, for good requests: echoed, patched, kept alive, many at once, and in time."""

import concurrent.futures
import itertools
import json
import time

import pytest

import json_patch
import reviews
from program import ROOT
from reviews import ESTIMATE, estimates, make_job, make_pod, make_review
from wire import post

SAMPLES = sorted((ROOT / "tests" / "samples").glob("*.json"))
SIZES = {"duration": ("30s", "90m", "1d12h"), "cpu": ("100m", "2", "16"), "memory": ("64Mi", "4Gi", "100Gi"), "gpu": ("0", "1", "8"),
         "confidence": ("low", "high"), "deadline": ("+30m", "+6h", "2099-01-01T00:00:00Z")}


def ask(server, review: dict) -> dict:
    return reviews.read_answer(server.exchange(reviews.post_review(review)), review)


def assert_allowed_unchanged(response: dict) -> None:
    """Nothing but the permission, and the name under which both audit logs know the review."""
    assert set(response) == {"uid", "allowed", "auditAnnotations"} and response["allowed"]
    assert set(response["auditAnnotations"]) == {f"review.{response['uid']}"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("make", [make_job, make_pod])
def test_both_versions_are_echoed_with_the_same_patch(server, version, make):
    review = make_review(make(), version=version)
    response = ask(server, review)
    assert reviews.read_patch(response) == reviews.read_patch(ask(server, make_review(make())))
    assert response["auditAnnotations"]["verdict"] == "Mutated"


@pytest.mark.parametrize("uid", ["1", "ÄÖ-漢字-🚢", "a b", '"\\/', "\u202e\u0007", "x" * 10_000, "null"])
def test_any_uid_is_echoed_as_it_was(server, uid):
    assert "patch" in ask(server, make_review(make_job(), uid=uid))


def test_every_estimate_gives_an_answer_that_applies_and_is_final(server):
    """Each value of each key beside the usual ones, on Jobs and Pods; deciding again on the result changes nothing."""
    with server.connect() as connection:

        def ask_here(obj: dict) -> dict:
            review = make_review(obj)
            connection.send(reviews.post_review(review))
            return reviews.read_answer(connection.read_response(), review)

        for make, (key, values) in itertools.product((make_job, make_pod), SIZES.items()):
            for value in values:
                obj = make({**ESTIMATE, **estimates(**{key: value})})
                response = ask_here(obj)
                assert response["allowed"], response
                stored = reviews.read_patched(response, obj)
                pod_spec = stored["spec"]["template"]["spec"] if make is make_job else stored["spec"]
                resources = pod_spec["containers"][0]["resources"]
                assert resources["limits"]["memory"] == resources["requests"]["memory"]
                assert "patch" not in ask_here(stored)


def test_unknown_fields_survive(server):
    job = make_job()
    pod_spec = job["spec"]["template"]["spec"]
    for at in (job, job["spec"], job["spec"]["template"], pod_spec, pod_spec["containers"][0]):
        at["fromTheFuture"] = {"list": [1, {"a": None}], "text": "\u2028"}
    pod_spec["containers"][0]["resources"] = {"fromTheFuture": True, "requests": {"example.com/thing": "1"}, "limits": {"example.com/thing": "1"}}
    stored = reviews.read_patched(ask(server, make_review(job)), job)
    assert stored["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "2", "memory": "5Gi", "example.com/thing": "1"}

    def is_within(small, large) -> bool:
        if isinstance(small, dict):
            return isinstance(large, dict) and all(key in large and is_within(value, large[key]) for key, value in small.items())
        if isinstance(small, list):
            return isinstance(large, list) and len(small) == len(large) and all(map(is_within, small, large))
        return small == large

    assert is_within(job, stored)


def test_the_same_object_gives_the_same_bytes(server):
    review = make_review(make_job())
    bodies = {server.exchange(reviews.post_review(review)).body for _ in range(5)}
    assert len(bodies) == 1


def test_there_are_samples():
    assert len(SAMPLES) >= 7


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_recorded_reviews_are_answered(server, path):
    body = path.read_bytes()
    review = json.loads(body)
    response = reviews.read_answer(server.exchange(post(body, "/mutate?timeout=10s")), review)
    assert response["allowed"]
    if review["request"]["operation"] != "CREATE":
        assert_allowed_unchanged(response)
    elif "patch" in response:
        json_patch.apply(review["request"]["object"], reviews.read_patch(response))


@pytest.mark.parametrize("path", [path for path in SAMPLES if "create" in path.stem], ids=lambda path: path.stem)
def test_recorded_reviews_with_an_estimate_are_patched(server, path):
    review = json.loads(path.read_bytes())
    obj = review["request"]["object"]
    at = obj["spec"]["template"] if obj["kind"] == "Job" else obj
    metadata = at.setdefault("metadata", {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **estimates(duration="90m", memory="40Gi"),
                               "estimate.plimsoll.dev/container": at["spec"]["containers"][0]["name"]}
    response = ask(server, review)
    assert response["allowed"] and "patch" in response
    reviews.read_patched(response, obj)


# What is left alone; the reason stands in the audit log.
LEFT_ALONE = {
    "no estimate": (make_review(make_job({})), "NoEstimate"),
    "UPDATE": (make_review(make_job(), operation="UPDATE"), "NotCreate"),
    "DELETE": (make_review(None, operation="DELETE"), "NotCreate"),
    "CONNECT": (make_review(None, operation="CONNECT"), "NotCreate"),
    "a subresource": (make_review(make_pod(), subResource="binding"), "Subresource"),
    "kube-system": (make_review(make_pod(), namespace="kube-system"), "SkippedNamespace"),
    "another kind": (make_review({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}), "UnsupportedKind"),
    "a Job of another group": (make_review({**make_job(), "apiVersion": "example.com/v1"}), "UnsupportedKind"),
    "opted out": (make_review(make_job({**ESTIMATE, "plimsoll.dev/mode": "disabled"})), "OptedOut"),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_is_not_decided_is_allowed_unchanged(server, name):
    review, reason = LEFT_ALONE[name]
    review = {**review, "request": {**review["request"], "uid": reviews.new_uid()}}
    response = ask(server, review)
    assert_allowed_unchanged(response)
    record = server.record_of(response["uid"])
    assert (record["verdict"], record["reason"], record["patch"]) == ("Skipped", reason, [])


def test_fifty_requests_on_one_connection(server):
    with server.connect() as connection:
        for _ in range(50):
            review = make_review(make_job())
            connection.send(reviews.post_review(review))
            http = connection.read_response()
            assert "patch" in reviews.read_answer(http, review)
            assert "connection" not in http.headers


def test_the_last_of_a_thousand_requests_on_a_connection_says_so(server):
    """A kept connection pins its client to one replica, so now and then a new one is wanted."""
    request = post(b"")
    with server.connect() as connection:
        for number in range(1, 1000):
            connection.send(request)
            assert not connection.read_response().closes, number
        connection.send(request)
        assert connection.read_response().closes and connection.ends()


def test_64_connections_at_once(server):
    with concurrent.futures.ThreadPoolExecutor(64) as pool:

        def ask_ten(number: int) -> int:
            with server.connect() as connection:
                for i in range(10):
                    review = make_review(make_job(name=f"job-{number}-{i}"), uid=f"parallel-{number}-{i}")
                    connection.send(reviews.post_review(review))
                    response = reviews.read_answer(connection.read_response(), review)
                    assert "patch" in response
            return 10

        assert sum(pool.map(ask_ten, range(64))) == 640


def test_64_connections_may_wait_while_another_is_served(server):
    waiting = [server.connect() for _ in range(64)]
    try:
        review = make_review(make_job())
        request = reviews.post_review(review)
        for connection in waiting:
            connection.send(request[:-10])
        assert "patch" in ask(server, make_review(make_job()))
        for connection in waiting:
            connection.send(request[-10:])
        for connection in waiting:
            assert "patch" in reviews.read_answer(connection.read_response(), review)
    finally:
        for connection in waiting:
            connection.close()


def test_a_request_whose_time_is_up_is_allowed_without_a_patch(server):
    review = make_review(make_job())
    request = reviews.post_review(review, target="/mutate?timeout=1s")
    with server.connect() as connection:
        connection.send_slowly(request, seconds=1.3)
        response = reviews.read_answer(connection.read_response(), review)
        assert_allowed_unchanged(response)
        record = server.record_of(response["uid"])
        assert (record["verdict"], record["reason"], record["changes"]) == ("Skipped", "OutOfTime", [])
        assert record["latencyUs"] >= 1_000_000

        # The next on the same connection has a time of its own.
        connection.send(reviews.post_review(review, target="/mutate?timeout=1s"))
        assert "patch" in reviews.read_answer(connection.read_response(), review)


def test_time_between_requests_does_not_count(server):
    review = make_review(make_job())
    with server.connect() as connection:
        for _ in range(2):
            connection.send(reviews.post_review(review, target="/mutate?timeout=500ms"))
            assert "patch" in reviews.read_answer(connection.read_response(), review)
            time.sleep(0.6)


def test_a_bad_estimate_that_comes_late_is_allowed_too(server):
    review = make_review(make_job(estimates(memory="8")))
    response = reviews.read_answer(server.exchange(reviews.post_review(review, target="/mutate?timeout=1ns")), review)
    assert response["allowed"]
