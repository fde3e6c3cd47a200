"""The audit log as an auditor meets it: chained, killed, restarted, tampered with, rotated; and replayed."""

import gzip
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import reviews
from program import POLICY, PROGRAM, environment, run, wait_until
from reviews import ESTIMATE, PREFIX, estimates, make_job, make_pod, make_review

KEY = "0123456789abcdef0123456789abcdef"


def send(server, count: int, **fields) -> None:
    with server.connect() as connection:
        for _ in range(count):
            connection.send(reviews.post_review(make_review(make_job(), **fields)))
            connection.read_response()


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def verify(*arguments) -> tuple[int, str]:
    done = run("audit", "verify", *arguments)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def chained(start, tmp_path) -> Path:
    """A log of one server's life: start, ten records, stop."""
    log = tmp_path / "audit.jsonl"
    server = start("--audit-chain", f"--audit-log={log}")
    send(server, 10)
    assert server.stop() == 0
    return log


def test_a_chained_log_is_in_order_and_read_as_any_other(chained):
    code, said = verify(chained)
    assert code == 0, said
    assert "12 lines in order, numbers 1 to 12" in said and "the server's stop is the last" in said
    done = run("audit", "-o", "json", chained)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 10)


@pytest.mark.parametrize("tamper, line, what", [
    (lambda l: l[:4] + [l[4].replace(b'"user":"ada"', b'"user":"eve"')] + l[5:], 5, "is changed"),
    (lambda l: l[:4] + l[5:], 5, "a line is removed before it (number 5 of the chain)"),
    (lambda l: l[1:], 1, "lines before it are removed"),
    (lambda l: l[:4] + [b'{"v":1}\n'] + l[4:], 5, "is inserted"),
    (lambda l: l[:4] + [l[5], l[4]] + l[6:], 6, "is out of order"),
    (lambda l: l[:4] + [l[3]] + l[4:], 5, "is out of order"),
    (lambda l: l[:-1] + [l[-1][:-20]], 12, "is torn"),
], ids=["changed", "removed", "head removed", "inserted", "swapped", "repeated", "torn"])
def test_one_line_that_was_tampered_with_is_named(chained, tamper, line, what):
    chained.write_bytes(b"".join(tamper(lines_of(chained))))
    code, said = verify(chained)
    assert code == 3
    assert f"{chained}:{line}: {what}" in said


def test_files_that_hold_no_chain_do_not_pass(chained, tmp_path):
    chained.write_bytes(b'{"v":1}\n')
    assert verify(chained)[0] == 3
    chained.write_bytes(b"")
    assert verify(chained)[0] == 3
    assert verify(tmp_path / "nothing")[0] == 2


def test_a_server_that_is_killed_leaves_a_log_that_its_successor_continues(start, tmp_path):
    log = tmp_path / "audit.jsonl"
    server = start("--audit-chain", f"--audit-log={log}")
    send(server, 20)
    wait_until(lambda: len(lines_of(log)) == 21, "the records")
    server.signal(signal.SIGKILL)
    server.wait()
    whole = log.read_bytes()
    # As if the kill had come in the middle of a write.
    log.write_bytes(whole + b'{"v":1,"time":"2026-')
    assert "is torn" in verify(log)[1]

    server = start("--audit-chain", f"--audit-log={log}")
    send(server, 5)
    assert server.stop() == 0
    code, said = verify(log)
    assert code == 0, said
    assert f"{log}: note: line 22 is torn: it could not be finished, as the next line says" in said
    assert len({json.loads(line)["chain"] for line in lines_of(log) if line.endswith(b"}\n")}) == 1

    # What stood before the restart cannot be taken away.
    lines = lines_of(log)
    log.write_bytes(b"".join(lines[:15] + lines[22:]))
    code, said = verify(log)
    assert (code, f"{log}:16: 6 lines are removed before it" in said) == (3, True), said


def test_a_key_makes_a_chain_that_nobody_else_can_make(start, tmp_path):
    log, key, other = tmp_path / "audit.jsonl", tmp_path / "key", tmp_path / "other"
    key.write_text(KEY + "\n")
    other.write_text(KEY[::-1])
    server = start("--audit-chain", f"--audit-chain-key-file={key}", f"--audit-log={log}")
    send(server, 3)
    assert server.stop() == 0
    assert verify("--key-file", key, log)[0] == 0
    assert verify(log)[0] == 3
    assert verify("--key-file", other, log)[0] == 3
    other.write_text("short")
    assert verify("--key-file", other, log)[0] == 2


def test_the_file_is_rotated_by_size_and_its_files_join(start, tmp_path):
    log = tmp_path / "audit.jsonl"
    server = start("--audit-chain", f"--audit-log={log}", "--audit-log-max-size=64Ki", "--audit-log-max-backups=3")
    for _ in range(12):
        send(server, 20)
        count = sum(len(lines_of(path)) for path in tmp_path.glob("audit.jsonl*"))
        assert count
    assert server.stop() == 0
    files = sorted(tmp_path.glob("audit.jsonl*"))
    assert [path.name for path in files] == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2", "audit.jsonl.3"]
    assert all(path.stat().st_size <= 64 * 1024 for path in files)
    assert all(path.read_bytes().endswith(b"\n") for path in files)
    assert verify(*files)[0] == 0
    code, said = verify(files[0], files[1], files[3])
    assert code == 3 and "missing before it" in said and f"{files[1]}:1: " in said
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(files[2].read_bytes()))
    assert verify(files[0], files[1], packed, files[3])[0] == 0


def test_a_file_that_logrotate_renames_is_left_for_a_new_one(start, tmp_path):
    log, old = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl-old"
    server = start("--audit-chain", f"--audit-log={log}")
    send(server, 3)
    wait_until(lambda: len(lines_of(log)) == 4, "the first records")
    log.rename(old)
    send(server, 3)
    wait_until(lambda: log.exists() and len(lines_of(log)) == 4, "the new file")
    # copytruncate, the other way.
    copy = tmp_path / "audit.jsonl-copy"
    copy.write_bytes(log.read_bytes())
    os.truncate(log, 0)
    send(server, 3)
    assert server.stop() == 0
    assert len(lines_of(old)) == 4
    code, said = verify(log, copy, old)
    assert code == 0, said
    assert sum(b'"uid"' in line for path in (log, copy, old) for line in lines_of(path)) == 9


def test_two_servers_do_not_write_one_chain(start, tmp_path):
    log = tmp_path / "audit.jsonl"
    start("--audit-chain", f"--audit-log={log}")
    second = run("serve", "--self-signed", "--dns-name=localhost", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0",
                 "--audit-chain", f"--audit-log={log}")
    assert second.returncode == 2
    assert "another process writes a chain into it" in second.stderr


@pytest.mark.parametrize("flags, what", [
    (["--audit-log=/nowhere/at/all.jsonl"], "cannot be opened for appending: No such file or directory"),
    (["--audit-log-max-size=1Mi"], "standard output is not rotated"),
    (["--audit-log=x", "--audit-log-max-size=12GiB"], "--audit-log-max-size"),
    (["--audit-log=x", "--audit-log-max-size=1Ki"], "must be at least 64Ki"),
    (["--audit-chain-key-file=x"], "--audit-chain"),
    (["--audit-chain", "--audit-chain-key-file=/nowhere"], "/nowhere"),
    (["--audit-input=all"], "--audit-input"),
])
def test_what_cannot_work_is_refused_at_the_start(flags, what, tmp_path):
    done = run("serve", "--self-signed", "--dns-name=localhost", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert what in done.stderr


def test_a_closed_standard_output_is_no_place_for_a_log():
    command = ["/bin/sh", "-c", 'exec "$0" serve --self-signed --dns-name=localhost --listen=127.0.0.1:0 --health-listen=127.0.0.1:0 >&-', PROGRAM]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=environment(), timeout=20)
    assert done.returncode == 2
    assert "standard output cannot be written to" in done.stderr


def test_lines_that_nobody_reads_any_more_are_counted(start):
    server = start("--audit-log=-", stdout=subprocess.PIPE)
    server.process.stdout.close()
    send(server, 20)
    assert server.stop() == 0
    logged = {line["msg"]: line for line in server.logged()}
    assert logged["audit log closed"]["auditDropped"] == 20
    assert "audit log cannot be written: records are lost" in logged


NEW_POLICY = """
apiVersion: plimsoll.dev/v1alpha1
kind: Policy
resources:
  margin: {high: 1.1, medium: 2, low: 2}
  memory: {max: 16Gi}
"""


def test_recorded_inputs_are_decided_again(start, tmp_path):
    log = tmp_path / "audit.jsonl"
    server = start("--audit-chain", "--audit-input=redacted", f"--audit-log={log}", policy=None)
    secret = make_pod({**ESTIMATE, "example.com/token": "SECRET"})
    secret["spec"]["containers"][0] |= {"env": [{"name": "TOKEN", "value": "SECRET -Xmx6g"}], "args": ["--token=SECRET"]}
    asked = [make_review(make_job()), make_review(secret), make_review(make_job(estimates(memory="30Gi")), namespace="ml"),
             make_review(make_job(estimates(memory="8"))), make_review(make_job({})), make_review(make_pod(), dryRun=True),
             make_review(None, operation="DELETE")]
    for review in asked:
        server.exchange(reviews.post_review(review))
    assert server.stop() == 0
    assert "SECRET" not in log.read_text()
    assert verify(log)[0] == 0

    same = run("audit", "replay", "-o", "json", log)
    assert (same.returncode, same.stderr) == (0, "")
    totals = json.loads(same.stdout)
    assert (totals["total"]["objects"], totals["total"]["differing"], totals["withoutInput"]) == (len(asked), 0, 0)
    assert totals["total"]["before"] == totals["total"]["after"]

    policy = tmp_path / "new.yaml"
    policy.write_text(NEW_POLICY)
    other = run("audit", "replay", "--policy", policy, "-o", "json", log)
    assert (other.returncode, other.stderr) == (3, "")
    *objects, totals = map(json.loads, other.stdout.splitlines())
    verdicts = [(o["before"]["verdict"], o["after"]["verdict"]) for o in objects]
    assert verdicts.count(("Mutated", "Rejected")) == 1
    assert {"rule": "resources", "path": "spec.template.spec.containers[0].resources.requests.memory", "before": "5Gi",
            "after": "8Gi"} in objects[0]["changes"]
    assert totals["namespaces"]["ml"] | {"before": None} == {
        "objects": 1, "differing": 1, "newlyRejected": 1, "newlyAllowed": 0, "before": None,
        "after": {"cpu": "0", "memory": "0", "gpu": 0}}
    assert totals["rules"]["resources"]["altered"] > 0
    # The Job's 4Gi and the Pod's, whose heap was 6Gi.
    assert totals["namespaces"]["research"]["before"]["memory"] == "11Gi"
    assert totals["namespaces"]["research"]["after"]["memory"] == "16Gi"

    text = run("audit", "replay", "--policy", policy, log).stdout
    assert "resources.requests.memory: 5Gi → 8Gi" in text and "Mutated → Rejected (BadEstimate)" in text


def test_records_without_input_are_counted_and_named(chained):
    done = run("audit", "replay", chained)
    assert done.returncode == 0
    assert "10 records hold no input" in done.stdout
    assert f"{chained}:2: Job research/train holds no input" in done.stderr
