"""Three times what one thread can answer: what is refused is refused at once, what is answered is right, nothing grows.

The server has one core, the load (open_loop.cpp) another. Every answer is compared byte by byte with the one that the quiet server
gave, but for the uid. On a machine that has other work the latencies are those of its scheduler.

What is held at a time is the requests that wait for their turn, as many as can be answered in the callers' time: the faster the machine,
the more. So «nothing grows» is told by what one waiting request and one connection may take.
"""

import json
import os
import resource
import select
import subprocess
import time
from dataclasses import dataclass

import pytest

import reviews
from program import PROGRAM, ROOT, serving
from reload_test import resident
from wire import Response, post

LOAD = PROGRAM.parent / "tests" / "plimsoll_load"
SECONDS = int(os.environ.get("PLIMSOLL_SOAK_SECONDS", "25"))
TIMES = 3
SERVER_CORE, LOAD_CORE = 0, 1
MIB = 1 << 20
CONNECTION = 20 << 10  # bytes: OpenSSL's state and ours; 17.5 KiB were measured, idle, after requests of 8 and of 90 KB
ALLOCATOR = 1.25  # what malloc holds beside what was asked of it
UID = "00000000-0000-4000-8000-000000000000"


def make_recorded() -> dict:
    """The Job of 7.7 KB that tests/bench asks about: a decision that changes eleven places."""
    review = json.loads((ROOT / "tests/samples/job-create-1.37.json").read_text())
    template = review["request"]["object"]["spec"]["template"]
    annotations = template.setdefault("metadata", {}).setdefault("annotations", {})
    annotations |= reviews.estimates(duration="2h", cpu="4", memory="40Gi", gpu="2", gpu_memory="30Gi",
                                     container=template["spec"]["containers"][0]["name"])
    review["request"]["uid"] = UID
    return review


def make_large() -> dict:
    """What takes long to decode for its size: 100 KB of next to nothing."""
    job = reviews.make_job()
    job["metadata"]["managedFields"] = [{"fieldsV1": [[]] * 30_000}]
    return reviews.make_review(job, uid=UID)


@dataclass
class Case:
    """The line of those who wait is as long as the caller's time, and each of them has a connection."""

    review: dict
    timeout: str
    connections: int


CASES = {"large": Case(make_large(), "1s", 2500), "recorded": Case(make_recorded(), "100ms", 900)}


def seconds(timeout: str) -> float:
    return float(timeout[:-2]) / 1000 if timeout.endswith("ms") else float(timeout[:-1])


class Asker:
    """One kind of request, sent by one caller or by a load of them."""

    def __init__(self, server, directory, case: Case):
        self.server, self.case, self.directory = server, case, directory
        self.refused = 0
        self.request = post(json.dumps(case.review, separators=(",", ":")).encode(), f"/mutate?timeout={case.timeout}")
        first = self.ask()
        answer = reviews.read_answer(first, case.review)
        stored = reviews.read_patched(answer, case.review["request"]["object"])
        assert stored["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] in ("2", "4"), stored
        self.answer = first.body
        (directory / "request").write_bytes(self.request)
        (directory / "answer").write_bytes(self.answer)

    def ask(self) -> Response:
        with self.server.connect() as connection:
            connection.send(self.request)
            return connection.read_response()

    def until_answered(self) -> float:
        """How long a caller is refused who asks again and again."""
        began = time.monotonic()
        while (response := self.ask()).status == 503 and time.monotonic() < began + 10:
            self.refused += 1
            time.sleep(0.01)
        assert response.body == self.answer, response
        return time.monotonic() - began

    def load(self, rate: float, length: float, connections: int, each_second=lambda: None, afterwards=lambda: None) -> dict:
        """`rate` requests a second whatever becomes of them; 0 is as many as are answered."""
        arguments = [LOAD, str(self.server.port), str(rate), str(length), str(connections), self.directory / "request",
                     self.directory / "answer"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "asking\n"
            while not select.select([process.stdout], [], [], 1)[0]:
                each_second()
            assert process.stdout.readline() == "asked\n"
            afterwards()
            counted = process.stdout.read()
        assert process.returncode == 0
        return json.loads(counted)


@pytest.fixture
def cores():
    before = os.sched_getaffinity(0)
    if not {SERVER_CORE, LOAD_CORE} <= before:
        pytest.skip("needs two cores: the load must not take the server's time")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    os.sched_setaffinity(0, {SERVER_CORE})  # a server started now inherits it
    yield
    os.sched_setaffinity(0, before)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("name", CASES)
def test_three_times_what_can_be_answered(tmp_path, cores, name):
    case = CASES[name]
    sizes: list[float] = []
    recovery: list[float] = []
    # The load keeps its connections whatever it is told, so it is not told to close them.
    with serving(tmp_path / "server", "--threads=1", "--audit-log=/dev/null", "--max-connections=4000",
                 "--max-requests-per-connection=10000000") as server:
        os.sched_setaffinity(0, {LOAD_CORE})
        asker = Asker(server, tmp_path, case)
        capacity = max(asker.load(0, 2, 64)["answered"]["count"] / 2 for _ in range(3))
        before = resident(server.process.pid)
        counts = asker.load(TIMES * capacity, SECONDS, case.connections, lambda: sizes.append(resident(server.process.pid)),
                            lambda: recovery.append(asker.until_answered()))
        single = asker.until_answered()
        sizes.append(resident(server.process.pid))
        metrics = server.health("/metrics").text

    answered, refused, lag = (counts[key] for key in ("answered", "refused", "lag"))
    asked = lag["count"] - counts["skipped"]
    said = sum(float(line.split()[-1]) for line in metrics.splitlines() if line.startswith("plimsoll_") and 'cause="too_late"' in line)
    bound = before + (case.connections * CONNECTION + counts["waiting"] * len(asker.request)) * ALLOCATOR / MIB
    print(f"\n{name}: {len(asker.request)} bytes, capacity {capacity:.0f}/s; {asked} asked in {SECONDS} s, {asked / SECONDS / capacity:.2f} times"
          f" that ({counts['skipped']} more found no free connection)\n"
          f"  {answered['count']} answered ({answered['count'] / SECONDS / capacity:.2f} of capacity): {answered['p50']} ms at the median,"
          f" {answered['p99']} at p99, {answered['max']} at most; {counts['out_of_time']} allowed as their time was up; {counts['wrong']} wrong\n"
          f"  {refused['count']} refused ({said:.0f} by the server's count): {refused['p50']} ms at the median, {refused['p90']} at p90,"
          f" {refused['p99']} at p99, {refused['max']} at most (the load was late by {lag['p50']} ms at the median, {lag['p99']} at p99)\n"
          f"  RSS {before:.1f} MiB before, {sizes[-1]:.1f} at the end, {max(sizes):.1f} at most of {bound:.1f} for {counts['waiting']} that waited;"
          f" answered again"
          f" {recovery[0] * 1000:.0f} ms after the load, then in {single * 1000:.1f} ms")
    assert counts["wrong"] == 0
    assert asked > 0.9 * TIMES * capacity * SECONDS, "the load could not keep up"
    assert said == refused["count"] + asker.refused > asker.refused
    assert refused["p99"] < 10
    assert answered["p50"] < 1000 * seconds(case.timeout)
    assert recovery[0] < 1
    assert max(sizes) < bound, f"RSS: {sizes}"
