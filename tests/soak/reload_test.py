"""Ten thousand updates of a ConfigMap under load, as the kubelet makes them, and a thousand of a certificate.

Each policy sizes cpu and memory by the same factor of its own, and is long enough to be torn if it could be. So every answer
tells which policy decided it, three times: by the revision in its marker, by its cpu and by its memory.
"""

import hashlib
import json
import os
import ssl
import subprocess
import threading
import time

import reviews
from kubelet import Volume
from program import serving, wait_until

UPDATES = int(os.environ.get("PLIMSOLL_SOAK_UPDATES", "10000"))
CALLERS = 3
PAUSE = 0.005  # between two updates: the kubelet makes one a minute
MIB = 1024 * 1024


def make_policy(number: int) -> str:
    factor = f"{1 + number % 1000 / 1000:.3f}"
    padding = f"# update {number}, padded to more than one read\n" * 1000
    return (f"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nresources:\n  margin: {{medium: {factor}}}\n{padding}"
            f"  cpu: {{request: {factor}}}\n")


def make_bad_policy(number: int) -> str:
    return make_policy(number) + "frob: 1\n"


def revision(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def cpu(text: str) -> int:
    """In thousandths."""
    return int(text[:-1]) if text.endswith("m") else int(text) * 1000


UNITS = {"Ki": 1024, "Mi": MIB, "Gi": 1024 * MIB}


def memory(text: str) -> int:
    return int(text[:-2]) * UNITS[text[-2:]] if text[-2:] in UNITS else int(text)


class Caller(threading.Thread):
    """Asks again and again, on connections of a hundred requests, and notes by which update each answer was decided."""

    def __init__(self, server, updates: dict[str, int]):
        super().__init__()
        self.server, self.updates = server, updates
        self.is_over = threading.Event()
        self.failure: BaseException | None = None
        self.decided: list[int] = []
        self.connections = 0

    def run(self) -> None:
        try:
            while not self.is_over.is_set():
                self.connections += 1
                with self.server.connect() as connection:
                    for _ in range(100):
                        self.ask(connection)
        except BaseException as failure:  # noqa: BLE001: raised by the test's own thread
            self.failure = failure

    def ask(self, connection) -> None:
        review = reviews.make_review(reviews.make_job())
        connection.send(reviews.post_review(review))
        response = connection.read_response()
        stored = reviews.read_patched(reviews.read_answer(response, review), review["request"]["object"])["spec"]["template"]
        marker = json.loads(stored["metadata"]["annotations"]["plimsoll.dev/decision"])
        requests = stored["spec"]["containers"][0]["resources"]["requests"]
        number = self.updates[marker["policy"]]
        thousandths = 1000 + number % 1000
        assert cpu(requests["cpu"]) == 2 * thousandths, (number, requests)
        assert memory(requests["memory"]) == -(-4 * 1024 * thousandths // 1000) * MIB, (number, requests)
        assert not self.decided or number >= self.decided[-1], "an older policy after a newer one"
        self.decided.append(number)


def make_pair(directory, name: str) -> tuple[str, str]:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{name}.key", "-out", f"{name}.crt"],
                   cwd=directory, check=True, capture_output=True)
    return (directory / f"{name}.crt").read_text(), (directory / f"{name}.key").read_text()


def resident(pid: int) -> float:
    """Units: MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def descriptors(pid: int) -> int:
    """Open files but the callers' connections, which come and go."""
    found = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found += not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            pass
    return found


def test_every_answer_is_decided_by_one_whole_policy_and_nothing_grows(tmp_path):
    pairs = [make_pair(tmp_path, "one"), make_pair(tmp_path, "two")]
    updates = {revision(make_policy(0)): 0}
    policy = Volume(tmp_path / "policy", policy_yaml=make_policy(0))
    certificate = Volume(tmp_path / "certs", tls_crt=pairs[0][0], tls_key=pairs[0][1])
    arguments = (f"--tls-cert-file={certificate.path('tls.crt')}", f"--tls-private-key-file={certificate.path('tls.key')}",
                 "--audit-log=/dev/null", "--drain-delay=0s")
    with serving(tmp_path / "server", *arguments, policy=policy.path("policy.yaml"), self_signed=False) as server:
        server.tls = ssl.create_default_context(cadata=pairs[0][0] + pairs[1][0])
        callers = [Caller(server, updates) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        pid = server.process.pid
        samples = []
        began = time.monotonic()
        try:
            for number in range(1, UPDATES + 1):
                text = make_policy(number)
                updates[revision(text)] = number
                if number % 50 == 0:
                    policy.update(policy_yaml=make_bad_policy(number))
                policy.update(policy_yaml=text)
                if number % 10 == 0:
                    crt, key = pairs[number // 10 % 2]
                    certificate.update(tls_crt=crt, tls_key=key)
                time.sleep(PAUSE)
                if number % max(1, UPDATES // 20) == 0:
                    samples.append((resident(pid), descriptors(pid)))
                assert not any(caller.failure for caller in callers)
            wait_until(lambda: all(caller.decided and caller.decided[-1] == UPDATES for caller in callers), "the last policy everywhere")
        finally:
            for caller in callers:
                caller.is_over.set()
            for caller in callers:
                caller.join()
        took = time.monotonic() - began
        assert server.health("/readyz").status == 200
        logged = [line["msg"] for line in server.logged()]

    for caller in callers:
        if caller.failure:
            raise caller.failure
    answers = sum(len(caller.decided) for caller in callers)
    deciding = len({number for caller in callers for number in caller.decided})
    sizes, open_files = zip(*samples)
    warm = sizes[len(sizes) // 4]
    print(f"\n{UPDATES} updates in {took:.0f} s: {logged.count('policy reloaded')} policies and {logged.count('certificate reloaded')} certificates"
          f" taken over; {answers} answers on {sum(caller.connections for caller in callers)} connections by {deciding} policies;"
          f" RSS {warm:.1f} MiB after a quarter, {sizes[-1]:.1f} at the end, {max(sizes):.1f} at most; open files {min(open_files)} to {max(open_files)}")
    assert "certificate refused: the one before stays in use" not in logged
    assert logged.count("policy reloaded") >= UPDATES // 20
    assert sizes[-1] < warm * 1.1 + 2, f"RSS: {sizes}"
    # The watcher may be reading one file, the server's log and audit log are the rest.
    assert max(open_files) - min(open_files) <= 3, open_files
