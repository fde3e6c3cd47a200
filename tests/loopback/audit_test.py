"""The audit log: one whole line per decision, within a second, with what product and operators agreed on and nothing else."""

import hashlib
import json
import re
import signal
import subprocess
import threading
from datetime import datetime, timezone

import pytest

import reviews
from program import wait_until
from reviews import ESTIMATE, PREFIX, estimates, make_job, make_pod, make_review

TEXT, NUMBER, LIST = str, int, list
FIELDS = {"v": NUMBER, "time": TEXT, "uid": TEXT, "dryRun": bool, "operation": TEXT, "kind": TEXT, "namespace": TEXT, "name": TEXT,
          "generateName": TEXT, "owner": TEXT, "user": TEXT, "caller": TEXT, "verdict": TEXT, "reason": TEXT, "message": TEXT, "estimate": dict,
          "changes": LIST, "problems": LIST, "warnings": LIST, "patch": LIST, "policy": TEXT, "input": TEXT, "latencyUs": NUMBER}


def ask(server, review: dict) -> tuple[dict, dict]:
    """The answer and the record of it."""
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    return response, server.record_of(review["request"]["uid"], patience=1.0)


def check_schema(record: dict) -> None:
    assert {name: type(value) for name, value in record.items()} == FIELDS
    assert list(record) == list(FIELDS), "the order is that of the documentation"
    assert record["v"] == 1
    written = datetime.fromisoformat(record["time"].replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - written).total_seconds()) < 60
    assert record["verdict"] in ("Mutated", "Unchanged", "Skipped", "Rejected", "Failed")
    assert re.fullmatch("[0-9a-f]{8}|default", record["policy"])
    assert re.fullmatch("sha256:[0-9a-f]{64}", record["input"])
    assert 0 < record["latencyUs"] < 60_000_000
    for change in record["changes"]:
        assert set(change) == {"rule", "path", "from", "to", "reason"}
        assert not change["path"].startswith("/"), "users see Kubernetes' field paths"
    for problem in record["problems"]:
        assert {name: type(value) for name, value in problem.items()} == {"reason": str, "path": str, "value": str, "message": str}
    assert all(isinstance(warning, str) for warning in record["warnings"])


def test_a_mutation_is_recorded_with_its_numbers_and_reasons(server):
    job = make_job({**ESTIMATE, "example.com/team": "foreign"})
    job["metadata"] |= {"generateName": "train-", "ownerReferences": [
        {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "1", "controller": True}]}
    review = make_review(job, dryRun=True)
    response, record = ask(server, review)
    check_schema(record)
    assert record["dryRun"] is True
    assert [record[name] for name in ("operation", "kind", "namespace", "name", "generateName", "owner", "user")] == [
        "CREATE", "Job", "research", "train", "train-", "CronJob/nightly", "ada"]
    assert (record["verdict"], record["reason"], record["problems"]) == ("Mutated", "", [])
    assert record["estimate"]["duration"] == {"value": "1h30m", "origin": "annotation"}
    assert record["estimate"]["containers"] == {"main": {"cpu": {"value": "2", "origin": "annotation"},
                                                          "memory": {"value": "4Gi", "origin": "annotation"}}}
    memory = "spec.template.spec.containers[0].resources.requests.memory"
    assert {"rule": "resources", "path": memory, "from": None, "to": "5Gi",
            "reason": "estimate 4Gi x 1.25 (medium confidence) = 5Gi"} in record["changes"]
    assert record["patch"] == reviews.read_patch(response)
    assert record["policy"] == response["auditAnnotations"]["policy"]
    assert record["input"] == "sha256:" + hashlib.sha256(reviews.encode(review)).hexdigest()


def test_a_refusal_is_recorded_with_its_problems(server):
    _, record = ask(server, make_review(make_job(estimates(memory="12GiB"))))
    check_schema(record)
    assert (record["verdict"], record["reason"], record["changes"], record["patch"]) == ("Rejected", "BadEstimate", [], [])
    assert [(problem["reason"], problem["path"], problem["value"]) for problem in record["problems"]] == [
        ("Malformed", f"spec.template.metadata.annotations[{PREFIX}memory]", "12GiB")]


@pytest.mark.parametrize("review", [
    make_review(make_job({})), make_review(None, operation="DELETE"), make_review(make_pod(), namespace="kube-system"),
    make_review(None), make_review(make_pod({**ESTIMATE, PREFIX + "someday": "1"})), make_review(make_job(), version="v1beta1"),
], ids=["no estimate", "DELETE", "kube-system", "null", "warning", "v1beta1"])
def test_every_verdict_has_the_same_fields(server, review):
    check_schema(ask(server, {**review, "request": {**review["request"], "uid": reviews.new_uid()}})[1])


def test_secrets_are_not_recorded(server):
    """Environment, arguments, annotations and labels of others, and what an object's author wrote beside its numbers."""
    job = make_job({**ESTIMATE, "example.com/token": "secret-annotation"})
    job["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "secret-applied"}
    job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"] = {"label": "secret-label"}
    pod_spec = job["spec"]["template"]["spec"]
    pod_spec["containers"][0] |= {"env": [{"name": "TOKEN", "value": "secret-env -Xmx1g"}], "args": ["--token=secret-argument", "-Xmx1g"],
                                  "command": ["secret-command"], "image": "registry/secret-image"}
    pod_spec["imagePullSecrets"] = [{"name": "secret-pull"}]
    pod_spec["nodeSelector"] = {"key": "secret-selector"}
    pod_spec["tolerations"] = [{"key": "secret-toleration", "operator": "Exists"}]
    review = make_review(job, options={"kind": "CreateOptions", "fieldManager": "secret-manager"}, oldObject={"secret-old": 1})
    review["request"]["userInfo"]["extra"] = {"credential-id": ["secret-credential"]}
    _, record = ask(server, review)
    assert record["verdict"] == "Mutated"
    assert "secret" not in json.dumps(record)


def test_hostile_text_makes_no_second_line_and_no_terminal_codes(server):
    hostile = 'x\n{"v":1}\r\x1b[31m\u202e\u2028\x7f\x00"\\'
    job = make_job({**ESTIMATE, PREFIX + "family": hostile, PREFIX + "memory": hostile, PREFIX + "cpu." + hostile: "1"})
    job["metadata"] |= {"name": hostile, "generateName": hostile, "ownerReferences": [
        {"apiVersion": hostile, "kind": hostile, "name": hostile, "uid": "1", "controller": True}]}
    job["spec"]["template"]["spec"]["containers"].append({"name": hostile, "image": "x"})
    review = make_review(job, namespace=hostile, operation="CREATE", userInfo={"username": hostile, "groups": [hostile]})
    _, record = ask(server, review)
    check_schema(record)

    def is_harmless(value) -> bool:
        if isinstance(value, dict):
            return all(is_harmless(part) for pair in value.items() for part in pair)
        if isinstance(value, list):
            return all(map(is_harmless, value))
        return not isinstance(value, str) or value.isprintable()

    # The patch is the one that was sent, and a value in it the one that is stored.
    assert is_harmless({name: value for name, value in record.items() if name not in ("patch", "changes")})
    assert is_harmless([{**change, "from": None, "to": None} for change in record["changes"]])
    line = next(line for line in server.audit_log.read_bytes().splitlines() if record["uid"].encode() in line)
    assert all(byte >= 0x20 and byte != 0x7f for byte in line)


def test_long_names_are_cut(server):
    _, record = ask(server, make_review(make_job(name="n" * 100_000), userInfo={"username": "u" * 100_000}))
    check_schema(record)
    assert len(json.dumps({name: value for name, value in record.items() if name != "patch"})) < 10_000


def test_a_request_that_is_no_review_is_not_recorded(server):
    ask(server, make_review(make_job()))  # lines are in order: when this one is there, all before it are
    before = len(server.records())
    for body in (b"", b"{}", b"[" * 10_000):
        assert server.exchange(reviews.post(body)).status == 400
    ask(server, make_review(make_job()))
    assert len(server.records()) == before + 1


def test_lines_are_whole_and_none_is_lost_under_load(start):
    server = start("--threads=4")

    def send(number: int) -> None:
        with server.connect() as connection:
            for i in range(100):
                review = make_review(make_job(), uid=f"{number}-{i}")
                connection.send(reviews.post_review(review))
                connection.read_response()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.stop() == 0
    records = server.records()
    assert {record["uid"] for record in records} == {f"{number}-{i}" for number in range(8) for i in range(100)}
    assert len(records) == 800
    assert [line for line in server.logged() if line["msg"] == "audit log closed"][0]["auditDropped"] == 0


def test_a_log_that_is_there_is_continued(start, tmp_path):
    log = tmp_path / "audit.jsonl"
    for number in (1, 2):
        server = start(f"--audit-log={log}")
        assert server.exchange(reviews.post_review(make_review(make_job(), uid=f"run-{number}"))).status == 200
        assert server.stop() == 0
    assert [json.loads(line)["uid"] for line in log.read_text().splitlines()] == ["run-1", "run-2"]


def test_standard_output_can_be_the_log(start):
    server = start("--audit-log=-", stdout=subprocess.PIPE)
    review = make_review(make_job())
    assert server.exchange(reviews.post_review(review)).status == 200
    record = json.loads(server.process.stdout.readline())
    check_schema(record)
    assert record["uid"] == review["request"]["uid"]
    assert server.stop() == 0
    assert server.process.stdout.read() == b""


def test_a_reader_of_standard_output_that_goes_away_takes_nobody_with_it(start):
    server = start("--audit-log=-", stdout=subprocess.PIPE)
    server.process.stdout.close()
    for _ in range(20):
        review = make_review(make_job())
        assert "patch" in reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert server.stop() == 0


def test_a_reader_of_standard_output_that_does_not_read_holds_nobody_up(start):
    """The pipe fills up, then the queue behind it; requests go on, and so does the log."""
    server = start("--audit-log=-", "--log-level=debug", stdout=subprocess.PIPE)
    with server.connect() as connection:
        for _ in range(200):
            review = make_review(make_job())
            connection.send(reviews.post_review(review, target="/mutate?timeout=2s"))
            assert "patch" in reviews.read_answer(connection.read_response(), review)
    assert server.exchange(b"broken\r\n\r\n").status == 400
    wait_until(lambda: server.logged()[-1]["msg"] == "request refused", "a log line")

    server.signal()
    wait_until(lambda: server.logged()[-1]["msg"] == "stopped", "the last log line")
    with server.process.stdout as late_reader:
        assert len(late_reader.read().splitlines()) == 200
    assert server.wait() == 0


def test_a_second_signal_ends_the_wait_for_a_reader_of_standard_output(start):
    server = start("--audit-log=-", stdout=subprocess.PIPE)
    with server.connect() as connection:
        for _ in range(100):
            connection.send(reviews.post_review(make_review(make_job())))
            connection.read_response()
    server.signal()
    wait_until(lambda: server.logged()[-1]["msg"] == "stopped", "the last log line")
    server.signal()
    assert server.wait() == -signal.SIGTERM
    server.process.stdout.close()


def test_a_full_disk_is_counted_and_holds_nobody_up(start):
    server = start("--audit-log=/dev/full")
    for _ in range(3):
        review = make_review(make_job())
        assert "patch" in reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert server.stop() == 0
    wait_until(lambda: any(line["msg"] == "audit log closed" for line in server.logged()), "the last log line")
    assert server.logged()[-1]["auditDropped"] > 0
