"""`plimsoll audit` on files, pipes and terminals: what it reads, what it lets through, and how it ends."""

import csv
import fcntl
import gzip
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
from contextlib import contextmanager

import pytest

from program import PROGRAM, environment, run, wait_until

HOSTILE = "\x1b[31m\x07\x9b2J\u202e\u2066\u200b\ufeff\u2028\r\n\t\x00" + "x" * 5000


def record(number: int = 0, **members) -> dict:
    """One record; what is not named is empty or usual."""
    usual = {"v": 1, "time": f"2026-01-01T00:00:{number % 60:02}.000Z", "uid": f"uid-{number}", "dryRun": False, "operation": "CREATE",
             "kind": "Job", "namespace": "research", "name": f"train-{number}", "generateName": "", "owner": "", "user": "ada", "caller": "",
             "verdict": "Mutated", "reason": "", "message": "", "estimate": {"containers": {}},
             "changes": [{"rule": "resources", "path": "spec.template.spec.containers[0].resources.requests.memory", "from": "1Gi",
                          "to": "5Gi", "reason": "estimate 4Gi x 1.25"}],
             "problems": [], "warnings": [], "patch": [], "policy": "default", "input": "sha256:0", "latencyUs": 100}
    assert members.keys() <= usual.keys()
    return {**usual, **members}


REFUSED = {"verdict": "Rejected", "reason": "BadEstimate", "message": "the estimate has a problem", "changes": [],
           "problems": [{"reason": "OutOfRange", "path": "metadata.annotations[estimate.plimsoll.dev/memory]", "value": "8",
                         "message": "is 8 bytes"}]}


def encode(*records: dict) -> bytes:
    return "".join(json.dumps(each, separators=(",", ":"), ensure_ascii=False) + "\n" for each in records).encode()


def uids(done) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["uid"] for line in done.stdout.splitlines()]


def is_harmless(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


# Exit code, and what is said in which stream.
EXITS = {
    "an empty log": ((), b"", 0, "out", ""),
    "a record": ((), encode(record()), 0, "out", "Mutated  Job research/train-0  ada"),
    "sums of nothing": (("--sum",), b"", 0, "out", "0 records\n"),
    "no such file": (("missing.jsonl",), b"", 2, "err", "missing.jsonl: cannot be read: No such file or directory"),
    "a directory": (("/",), b"", 2, "err", "/: is a directory"),
    "no JSON": ((), b"words\n", 2, "err", "<stdin>:1: no audit record: byte 0: not JSON"),
    "another format": ((), encode(record()) + b'{"v":2}\n', 2, "err", "<stdin>:2: no audit record: v: 2 is a format"),
    "a verdict that is none": (("--verdict", "regected"), b"", 2, "err", '"regected" is no verdict, which are: Mutated'),
    "a time that is none": (("--since", "yesterday"), b"", 2, "err", '--since: "yesterday"'),
    "a format that is none": (("-o", "yaml"), b"", 2, "err", '"yaml" is no format, which are: table json csv'),
    "nothing to sum up by": (("--by", "colour"), b"", 2, "err", '"colour" is nothing to sum up by'),
    "standard input is not followed": (("-F",), b"", 2, "err", "--follow: needs one file"),
    "sums have no end": (("-F", "--sum", "x"), b"", 2, "err", "--follow: sums are known at the end"),
    "a device is not followed": (("-F", "/dev/null"), b"", 2, "err", "/dev/null: is no file that could be followed"),
    "a damaged gzip file": ((), gzip.compress(encode(record()))[:-8] + b"12345678", 2, "err", "<stdin>: the gzip file is damaged"),
    "a gzip file that was cut off": ((), gzip.compress(encode(record()))[:-1], 2, "err", "<stdin>: the gzip file is cut off"),
}


@pytest.mark.parametrize("name", EXITS)
def test_exit_codes(name):
    arguments, stdin, code, stream, want = EXITS[name]
    done = run("audit", *arguments, stdin=stdin)
    assert done.returncode == code, done.stderr
    assert want in (done.stdout if stream == "out" else done.stderr)
    assert is_harmless(done.stdout + done.stderr)


def test_a_malformed_line_is_named_and_passed_over(tmp_path):
    (tmp_path / "log").write_bytes(encode(record(1)) + b'{"v":1,"time":"2026-01-\n' + encode(record(2)) + b"\n" * 10)
    done = run("audit", "log", "-o", "json", cwd=tmp_path)
    assert done.returncode == 2
    assert [json.loads(line)["uid"] for line in done.stdout.splitlines()] == ["uid-1", "uid-2"]
    lines = done.stderr.splitlines()
    assert lines[0].startswith("log:2: no audit record: byte 23: not JSON")
    assert lines[1].startswith("log:4: ")
    assert (len(lines), lines[-1]) == (6, "11 lines are no audit records")


def test_filters_choose_records():
    log = encode(record(1), record(2, namespace="ingest", user="grace"), record(3, **REFUSED), record(4, dryRun=True),
                 record(5, owner="CronJob/nightly", kind="Pod", caller="kube-apiserver"))
    for arguments, want in ((("-n", "ingest"), [2]), (("-n", "res*,ingest", "--user=grace"), [2]), (("--verdict=rejected",), [3]),
                            (("--reason", "OutOfRange"), [3]), (("--rule", "resources", "--kind", "pod"), [5]),
                            (("--owner", "CronJob/*"), [5]), (("--caller", "kube-*"), [5]), (("--dry-run=only",), [4]), (("--dry-run=exclude",), [1, 2, 3, 5]),
                            (("--uid", "uid-1", "--uid", "uid-5"), [1, 5]), (("--since", "2026-01-01T00:00:04Z"), [4, 5]),
                            (("--until", "2026-01-01T00:00:02Z"), [1]), (("--since", "1h"), []), (("--name", "train-3"), [3])):
        assert uids(run("audit", "-o", "json", *arguments, stdin=log)) == [f"uid-{number}" for number in want], arguments


def test_a_flag_takes_one_value_and_what_follows_is_a_file(tmp_path):
    (tmp_path / "log").write_bytes(encode(record(1)))
    assert uids(run("audit", "-o", "json", "-n", "research", "log", cwd=tmp_path)) == ["uid-1"]


def test_gzip_is_known_by_its_first_bytes_and_may_have_many_members(tmp_path):
    (tmp_path / "old.1").write_bytes(gzip.compress(encode(record(1))) + gzip.compress(encode(record(2))))
    (tmp_path / "new.gz").write_bytes(encode(record(3)))  # not packed, whatever its name says
    assert uids(run("audit", "old.1", "new.gz", "-", "-o", "json", cwd=tmp_path, stdin=gzip.compress(encode(record(4))))) == [
        "uid-1", "uid-2", "uid-3", "uid-4"]


def test_json_is_the_record_as_it_was_written():
    hostile = {**record(1, user=HOSTILE), "later": {"x": [1.5, None]}}
    done = run("audit", "-o", "json", stdin=encode(hostile))
    assert json.loads(done.stdout) == hostile
    assert is_harmless(done.stdout)


@pytest.mark.parametrize("arguments", [(), ("-o", "json"), ("-o", "csv"), ("--sum",), ("--sum", "-o", "csv"), ("--sum", "-o", "json"),
                                       ("--by", "owner")])
def test_hostile_text_reaches_no_terminal(arguments):
    change = {"rule": HOSTILE, "path": "spec.containers[0].resources.requests.cpu" + HOSTILE, "from": HOSTILE, "to": {HOSTILE: HOSTILE},
              "reason": HOSTILE}
    problem = {name: HOSTILE for name in ("reason", "path", "value", "message")}
    texts = {name: HOSTILE for name in ("uid", "operation", "kind", "namespace", "name", "generateName", "owner", "user", "caller", "verdict",
                                        "reason", "message", "policy", "input")}
    log = encode(record(1, **texts, changes=[change], problems=[problem]), record(2, changes=[change]), record(3, **REFUSED))
    done = run("audit", *arguments, stdin=log)
    assert done.returncode == 0, done.stderr
    assert is_harmless(done.stdout)
    if "json" not in arguments:
        assert "x" * 1025 not in done.stdout


def test_csv_is_read_back_and_computes_nothing():
    values = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", 'a "quoted", cell', "plain", "a\r\nb"]
    done = run("audit", "-o", "csv", stdin=encode(*(record(number, user=value) for number, value in enumerate(values))))
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [row["user"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'＝1", 'a "quoted", cell', "plain", "a\\u{d}\\u{a}b"]
    assert {(row["memoryBytesBefore"], row["memoryBytesAfter"], row["rules"]) for row in rows} == {(str(1 << 30), str(5 << 30), "resources")}


def test_sums_say_who_asked_what_was_changed_and_what_was_refused():
    asked = {"containers": {"main": {"memory": {"value": "4Gi", "origin": "annotation"}}}}
    log = encode(record(1, estimate=asked), record(2, estimate=asked, namespace="ingest"), record(3, **REFUSED), record(4, dryRun=True))
    done = run("audit", "--sum", stdin=log)
    assert re.search(r"^4 records, 2026-01-01T00:00:01Z to 2026-01-01T00:00:04Z: 3 mutated, 1 rejected; 1 of them dry runs$", done.stdout, re.M)
    assert re.search(r"^research +3 +2 +1 +4Gi +1Gi → 5Gi$", done.stdout, re.M)
    assert re.search(r"^resources +3 +2 +2Gi → 10Gi$", done.stdout, re.M)
    assert re.search(r"^BadEstimate +1 +the estimate has a problem$", done.stdout, re.M)
    assert re.search(r'^OutOfRange +1 +"8" is 8 bytes$', done.stdout, re.M)

    sums = json.loads(run("audit", "--sum", "-o", "json", stdin=log).stdout)
    assert sums["total"]["records"] == 4
    assert [(each["name"], each["memoryBytesAsked"], each["memoryBytesAfter"]) for each in sums["by"]["namespace"]] == [
        ("research", 4 << 30, 5 << 30), ("ingest", 4 << 30, 5 << 30)]
    rows = list(csv.DictReader(io.StringIO(run("audit", "--by=verdict", "-o", "csv", stdin=log).stdout)))
    assert [(row["by"], row["name"], row["records"], row["dryRuns"]) for row in rows] == [
        ("verdict", "Mutated", "3", "1"), ("verdict", "Rejected", "1", "0")]


class Follower:
    """`plimsoll audit -F` on a file, whose output is gathered as it comes."""

    def __init__(self, path, *arguments):
        self.out = self.err = ""
        self.process = subprocess.Popen([PROGRAM, "audit", "-F", "-o", "json", path, *arguments], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        self._threads = [threading.Thread(target=gather, daemon=True) for gather in (self._gather_output, self._gather_notes)]
        for thread in self._threads:
            thread.start()

    def _gather_output(self):
        for line in self.process.stdout:
            self.out += line.decode()

    def _gather_notes(self):
        for line in self.process.stderr:
            self.err += line.decode()

    def has_said(self, word: str) -> bool:
        return word in self.err

    def wait_for(self, *numbers: int):
        want = [f"uid-{number}" for number in numbers]
        wait_until(lambda: [json.loads(line)["uid"] for line in self.out.splitlines()] == want, f"{want}")

    def stop(self, number) -> tuple[int, str]:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        for thread in self._threads:
            thread.join()
        return code, self.err


@contextmanager
def following(path, *arguments):
    follower = Follower(path, *arguments)
    try:
        yield follower
    finally:
        follower.process.kill()
        follower.process.wait()
        follower.process.stdout.close()
        follower.process.stderr.close()


def append(path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_growing_file_is_followed_by_whole_lines_through_rotations(tmp_path, ending):
    log = tmp_path / "audit.jsonl"
    log.write_bytes(encode(record(1), record(2, namespace="ingest")))
    with following(log, "-n", "research") as follower:
        follower.wait_for(1)
        third = encode(record(3))
        append(log, third[:50])
        append(log, third[50:] + encode(record(4)))
        follower.wait_for(1, 3, 4)

        log.rename(tmp_path / "audit.jsonl.1")
        append(tmp_path / "audit.jsonl.1", encode(record(5)))  # the writer has not noticed yet
        append(log, encode(record(6)))
        follower.wait_for(1, 3, 4, 5, 6)

        log.write_bytes(b"")  # copied and truncated
        wait_until(lambda: follower.has_said("truncated"), "the truncation to be seen")
        append(log, encode(record(7)))
        follower.wait_for(1, 3, 4, 5, 6, 7)

        code, notes = follower.stop(ending)
    assert code == 0, notes
    assert "another file has its name now" in notes and "truncated" in notes


def test_following_ends_with_its_reader(tmp_path):
    log = tmp_path / "audit.jsonl"
    log.write_bytes(encode(record(1)))
    with following(log) as follower:
        follower.wait_for(1)
    process = subprocess.Popen(f'"{PROGRAM}" audit -F "{log}" -o json | head -n 1; echo "${{PIPESTATUS[0]}}"', shell=True,
                               executable="/bin/bash", stdout=subprocess.PIPE, env=environment())
    out, _ = process.communicate(timeout=20)
    assert out.splitlines()[1:] == [b"0"], "though nothing more was written to the file"


def test_a_reader_that_goes_away_is_no_failure(tmp_path):
    (tmp_path / "log").write_bytes(encode(*(record(number) for number in range(3000))))
    done = subprocess.run(f'"{PROGRAM}" audit log | head -n 2; echo "${{PIPESTATUS[0]}}"', shell=True, executable="/bin/bash", cwd=tmp_path,
                          capture_output=True, timeout=20, env=environment())
    assert (len(done.stdout.splitlines()), done.stdout.splitlines()[-1], done.stderr) == (3, b"0", b"")


def test_a_full_disk_is_our_failure(tmp_path):
    (tmp_path / "log").write_bytes(encode(record()))
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "audit", tmp_path / "log"], stdout=full, stderr=subprocess.PIPE, timeout=20, env=environment())
    assert (done.returncode, done.stderr) == (1, b"plimsoll: cannot write the output: No space left on device\n")


def test_lines_of_a_pipe_are_shown_as_they_come():
    process = subprocess.Popen([PROGRAM, "audit", "-o", "json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
    try:
        for number in range(3):
            process.stdin.write(encode(record(number)))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["uid"] == f"uid-{number}"
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def on_terminal(width: int, *arguments, colour: bool = True) -> str:
    """What a terminal of that width is sent."""
    try:
        master, slave = pty.openpty()
    except OSError as error:  # a chroot without /dev/pts
        pytest.skip(f"no terminal to be had: {error}")
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen([PROGRAM, "audit", *arguments], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env=environment({"NO_COLOR": "" if colour else "1", "TERM": "xterm"}))
    os.close(slave)
    out = b""
    try:
        while piece := os.read(master, 65536):
            out += piece
    except OSError:  # EIO: the last writer has gone
        pass
    finally:
        os.close(master)
    assert process.wait(timeout=20) == 0
    return out.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", [30, 60, 80, 100, 200])
def test_a_table_fits_the_terminal(tmp_path, width):
    long_ones = [record(number, **{**REFUSED, "user": "system:serviceaccount:" + "u" * 40, "name": "n" * number}) for number in range(150)]
    (tmp_path / "log").write_bytes(encode(*long_ones, record(1, user="艾达", message="é" * 300)))
    for arguments in ((), ("--sum",), ("--by", "user")):
        plain = on_terminal(width, tmp_path / "log", *arguments, colour=False)
        assert "\x1b" not in plain
        lines = plain.splitlines()[1 if "--sum" in arguments or "--by" in arguments else 0:]  # the first line of sums is a sentence
        assert lines and max(map(len, lines)) <= width, arguments
        assert "\x1b[31mRejected\x1b[0m" in on_terminal(width + 60, tmp_path / "log")


def test_a_bar_shows_how_far_a_long_input_is_read_and_goes_away(tmp_path):
    (tmp_path / "log").write_bytes(encode(*(record(number) for number in range(1000))) * 45)
    assert (tmp_path / "log").stat().st_size > 16 << 20
    shown = on_terminal(80, tmp_path / "log", "--sum")
    bars = re.findall(r"\r\x1b\[K(\[[#.]+\] +\d+%  \d+ of \d+ MiB)", shown)
    assert bars and all(len(bar) < 80 for bar in bars)
    assert re.search(r"MiB\r\x1b\[K45000 records", shown), "the bar is taken away before anything else is written"
    (tmp_path / "short").write_bytes(encode(record()))
    assert "MiB" not in on_terminal(80, tmp_path / "short", "--sum")
