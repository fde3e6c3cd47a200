#!/usr/bin/python3
"""What a create costs on the real API server: with Plimsoll in full, with a MutatingAdmissionPolicy that makes the same change, with neither.

Server-side dry runs of a Pod and of a Job of about 3 KB, in three namespaces that differ in who changes them. Blocks of a few hundred
milliseconds of each variant follow each other in random order, so that what else the machine does falls on all of them alike; a difference
is taken within a round of blocks, and its interval (95 %) is bootstrapped over the rounds. The policy is given Plimsoll's own patch as
constants, marker included, and the two results are compared before anything is timed.

    tests/bench/api_server_cost.py build/plimsoll [--seconds 20]     eight minutes: 20 s for each of two kinds at 1, 8 and 32 in flight, …

The control plane is that of tests/e2e, without an audit log of the API server's own.
"""

import argparse
import contextlib
import dataclasses
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

# pylint: disable=wrong-import-position
from cluster import build  # noqa: E402
from cluster.control_plane import ControlPlane  # noqa: E402
from cluster.kubectl import Kubectl, Object  # noqa: E402
from cluster.processes import wait_until  # noqa: E402
from hooks import registration  # noqa: E402
from hooks.plimsoll import Plimsoll, program  # noqa: E402
from serve_bench import make_certificate, review  # noqa: E402

VARIANTS = ("plimsoll", "policy", "neither")
IN_FLIGHT = (1, 8, 32)
BLOCK_SECONDS = 0.25
BOOTSTRAPS = 2000
ESTIMATE = {"duration": "2h", "cpu": "750m", "memory": "900Mi", "container": "main"}
# What the API server or a controller adds to an object that a user sends.
ADDED_METADATA = ("managedFields", "ownerReferences", "creationTimestamp", "generation", "uid", "namespace")
ADDED_TO_PODS = ("tolerations", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName", "schedulerName",
                 "enableServiceLinks", "dnsPolicy", "terminationGracePeriodSeconds")


@dataclasses.dataclass(frozen=True)
class Kind:
    word: str  # "Pod"
    path: str  # of the namespaced collection
    resource: str
    made: Object


def made_by_a_user(sample: str) -> Object:
    """The object of a recorded review as its author may have sent it, with an estimate."""
    made = json.loads((ROOT / "tests/samples" / sample).read_text(encoding="utf-8"))["request"]["object"]
    made.pop("status", None)
    for field in ADDED_METADATA:
        made["metadata"].pop(field, None)
    made["metadata"]["name"] = "made"
    labels = made["metadata"].get("labels", {})
    for key in [key for key in labels if key.startswith("batch.kubernetes.io/") or key in ("job-name", "controller-uid")]:
        del labels[key]
    pod = made if made["kind"] == "Pod" else made["spec"]["template"]
    for field in ADDED_TO_PODS:
        pod["spec"].pop(field, None)
    pod["spec"]["volumes"] = [v for v in pod["spec"].get("volumes", []) if not v["name"].startswith("kube-api-access-")]
    for container in pod["spec"]["containers"]:
        mounts = container.get("volumeMounts", [])
        container["volumeMounts"] = [mount for mount in mounts if not mount["name"].startswith("kube-api-access-")]
    estimate = ESTIMATE | {"container": pod["spec"]["containers"][0]["name"]}
    made["metadata"].setdefault("annotations", {}).update({f"estimate.plimsoll.dev/{key}": value for key, value in estimate.items()})
    return made


KINDS = (Kind("Pod", "/api/v1/namespaces/{}/pods", "pods", made_by_a_user("pod-create-1.37.json")),
         Kind("Job", "/apis/batch/v1/namespaces/{}/jobs", "jobs", made_by_a_user("job-create-1.37.json")))


# --- The cluster and who changes what in it

@contextlib.contextmanager
def control_plane(directory: Path) -> Iterator[ControlPlane]:
    missing = build.missing_programs()
    if missing:
        sys.exit(f"not built yet: {', '.join(missing)}; tests/e2e/cluster/build.py builds them")
    no_audit = directory / "no-audit.yaml"
    no_audit.write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None}]\n")
    (directory / "state").mkdir()
    started = ControlPlane(build.find_programs(), directory / "state", (f"--audit-policy-file={no_audit}",))
    started.start()
    try:
        yield started
    finally:
        started.stop()


def make_namespaces(admin: Kubectl) -> dict[str, Kubectl]:
    namespaces = {}
    for variant in VARIANTS:
        labels = {} if variant == "plimsoll" else {"plimsoll.dev/mode": "disabled"}
        admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"by-{variant}", "labels": labels}})
        namespaces[variant] = admin.within(f"by-{variant}")
    for kubectl in namespaces.values():
        kubectl.wait_for_service_account()
    return namespaces


def recorded_patch(server: Plimsoll, namespace: Kubectl, kind: Kind) -> list[dict]:
    """What Plimsoll answers the API server for the object; of several passes the one that changed it."""
    namespace.create(kind.made, "--dry-run=server")
    (record,) = wait_until("the audit record", lambda: [r for r in server.audit_records(namespace.namespace, kind.word) if r["patch"]])
    return record["patch"]


def to_cel(value: object) -> str:
    """A JSON value as a CEL literal; CEL wants maps and lists of one type, so that what they hold is made dynamic."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: dyn({to_cel(each)})" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(f"dyn({to_cel(each)})" for each in value) + "]"
    return json.dumps(value)


def same_change_as_policy(kind: Kind, patch: list[dict]) -> list[Object]:
    """A MutatingAdmissionPolicy for its namespace, and the binding that puts it in force. Like Plimsoll's webhook it looks at objects with
    an estimate and asks to be called again; the marker keeps it from making its change twice."""
    group, version = (["batch"], ["v1"]) if kind.word == "Job" else ([""], ["v1"])
    operations = [", ".join([f'op: {json.dumps(step["op"])}', f'path: {json.dumps(step["path"])}']
                            + ([f'value: {to_cel(step["value"])}'] if "value" in step else [])) for step in patch]
    name = f"{kind.resource}.same-change.test"
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "by-policy"}},
                "resourceRules": [{"apiGroups": group, "apiVersions": version, "resources": [kind.resource], "operations": ["CREATE"]}]},
            "matchConditions": [
                {"name": "has-estimate", "expression": "has(object.metadata.annotations) && "
                 "object.metadata.annotations.exists(key, key.startsWith('estimate.plimsoll.dev/'))"},
                {"name": "is-not-decided", "expression": "!('plimsoll.dev/decision' in object.metadata.annotations)"}],
            "failurePolicy": "Fail", "reinvocationPolicy": "IfNeeded",
            "mutations": [{"patchType": "JSONPatch",
                           "jsonPatch": {"expression": "[" + ", ".join(f"JSONPatch{{{each}}}" for each in operations) + "]"}}]}}
    binding = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name},
               "spec": {"policyName": name}}
    return [policy, binding]


def without_what_always_differs(stored: Object) -> Object:
    text = json.dumps(stored)
    text = text.replace("by-policy", "by-plimsoll").replace(stored["metadata"]["uid"], "uid")
    text = re.sub(r"kube-api-access-\w+", "kube-api-access", text)
    compared = json.loads(text)
    for field in ("managedFields", "creationTimestamp"):
        compared["metadata"].pop(field, None)
    return compared


def check_same_change(namespaces: dict[str, Kubectl], kind: Kind) -> None:
    """Waits until the policy is in force. Errors: TimeoutError when it does not come to what Plimsoll comes to."""

    def is_same() -> bool:
        ours, theirs = (without_what_always_differs(namespaces[who].create(kind.made, "--dry-run=server")) for who in VARIANTS[:2])
        return ours == theirs

    wait_until(f"the policy's {kind.word} to be Plimsoll's", is_same, seconds=30)
    bare = namespaces["neither"].create(kind.made, "--dry-run=server")
    if "plimsoll.dev/decision" in bare["metadata"]["annotations"]:
        sys.exit(f"the {kind.word} that nobody should change was changed")


# --- Measuring

def cpu_seconds(pid: int) -> float:
    """Of all its threads, to the nanosecond; /proc/PID/stat counts in hundredths."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    return int(re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


class Load:
    """The load generator with its targets, by name."""

    def __init__(self, directory: Path, targets: dict[str, dict]):
        program_path, targets_file = directory / "load", directory / "targets.json"
        environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}
        subprocess.run(["go", "build", "-trimpath", "-o", program_path, "."], cwd=ROOT / "tests/bench/load", env=environment, check=True)
        targets_file.write_text(json.dumps(list(targets.values())))
        self._numbers = {name: number for number, name in enumerate(targets)}
        clean = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
        self._child = subprocess.Popen([program_path, targets_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean)

    def send(self, target: str, in_flight: int, requests: int) -> list[float]:
        """Milliseconds of each."""
        print(json.dumps({"target": self._numbers[target], "inFlight": in_flight, "requests": requests}), file=self._child.stdin, flush=True)
        answer = self._child.stdout.readline()
        if not answer:
            sys.exit("the load generator ended; its message is above")
        return [microseconds / 1000 for microseconds in json.loads(answer)]

    def stop(self) -> None:
        self._child.stdin.close()
        self._child.wait(10)


@dataclasses.dataclass
class Cell:
    """One kind at one number in flight: a round holds a block of each variant."""

    rounds: list[dict[str, list[float]]]
    api_server_cpu: dict[str, float]  # seconds
    plimsoll_cpu: float
    calls: float


def measure(load: Load, kind: Kind, in_flight: int, seconds: float, server: Plimsoll, api_server: int) -> Cell:
    def name(variant: str) -> str:
        return f"{kind.word} {variant}"

    for variant in VARIANTS:  # connections, caches
        load.send(name(variant), in_flight, 50 + 4 * in_flight)
    began = time.monotonic()
    load.send(name("plimsoll"), in_flight, 100)
    requests = max(2 * in_flight, int(100 * BLOCK_SECONDS / (time.monotonic() - began)))

    def calls() -> float:
        return server.metric("plimsoll_request_duration_seconds_count")

    cell = Cell([], dict.fromkeys(VARIANTS, 0.0), 0, 0)
    cpu_before, calls_before = cpu_seconds(server.process.pid), calls()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        this_round = {}
        for variant in random.sample(VARIANTS, len(VARIANTS)):
            before = cpu_seconds(api_server)
            this_round[variant] = load.send(name(variant), in_flight, requests)
            cell.api_server_cpu[variant] += cpu_seconds(api_server) - before
        cell.rounds.append(this_round)
        show_progress(f"{kind.word}, {in_flight} in flight: round {len(cell.rounds)}, {max(0, end - time.monotonic()):.0f} s to go")
    time.sleep(0.1)  # the last audit records
    cell.plimsoll_cpu = cpu_seconds(server.process.pid) - cpu_before
    cell.calls = calls() - calls_before
    return cell


def show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r  {text:<70}", end="", file=sys.stderr, flush=True)


def differences(cell: Cell, variant: str, base: str) -> tuple[float, float, float]:
    """By how much the variant's median is above the base's, within a round: the median of the rounds, and the interval of 95 %."""
    found = [statistics.median(r[variant]) - statistics.median(r[base]) for r in cell.rounds]
    resampled = sorted(statistics.median(random.choices(found, k=len(found))) for _ in range(BOOTSTRAPS))
    return statistics.median(found), resampled[int(0.025 * BOOTSTRAPS)], resampled[int(0.975 * BOOTSTRAPS)]


def show(kind: Kind, in_flight: int, cell: Cell) -> None:
    for variant in VARIANTS:
        times = sorted(time for each in cell.rounds for time in each[variant])
        median, p90, p99 = (times[int(share * (len(times) - 1))] for share in (0.5, 0.9, 0.99))
        added = "" if variant == "neither" else "{:+.2f} [{:+.2f}, {:+.2f}]".format(*differences(cell, variant, "neither"))
        ours = f"{cell.plimsoll_cpu / cell.calls * 1000:.3f}" if variant == "plimsoll" else ""
        calls = f"{cell.calls / len(times):.2f}" if variant == "plimsoll" else ""
        print(f"{kind.word:<5}{in_flight:>9}  {variant:<9}{len(times):>7}{median:>9.2f}{p90:>9.2f}{p99:>9.2f}  {added:<24}"
              f"{cell.api_server_cpu[variant] / len(times) * 1000:>10.2f}{calls:>7}{ours:>10}")
    print(f"{'':14}  plimsoll − policy: {'{:+.2f} [{:+.2f}, {:+.2f}] ms'.format(*differences(cell, 'plimsoll', 'policy'))}", flush=True)


def measure_start(directory: Path, times: int = 20) -> list[float]:
    """Milliseconds from exec until /readyz says 200, with the certificate in files."""
    make_certificate(directory)
    found = []
    for _ in range(times):
        began = time.monotonic()
        child = subprocess.Popen(
            [program(), "serve", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0", f"--tls-cert-file={directory}/tls.crt",
             f"--tls-private-key-file={directory}/tls.key", f"--policy={ROOT}/manifests/policy.yaml",
             f"--audit-log={directory}/start-audit.jsonl", "--drain-delay=0s"], stderr=subprocess.PIPE, text=True)
        port = json.loads(child.stderr.readline())["health"]
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                break
        found.append((time.monotonic() - began) * 1000)
        child.terminate()
        child.communicate()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="plimsoll")
    parser.add_argument("--seconds", type=float, default=20, help="for each of the six rows of the table")
    arguments = parser.parse_args()
    os.environ["PLIMSOLL_BIN"] = arguments.program
    with tempfile.TemporaryDirectory(prefix="plimsoll-cost-") as name, contextlib.ExitStack() as undo:
        directory = Path(name)
        starts = measure_start(directory)
        print(f"ready after exec, certificate in files: median {statistics.median(starts):.1f} ms, "
              f"{min(starts):.1f} to {max(starts):.1f} of {len(starts)}", flush=True)
        show_progress("starting the control plane")
        plane = undo.enter_context(control_plane(directory))
        admin = plane.kubectl
        server = Plimsoll(directory / "plimsoll")
        undo.callback(server.stop)
        registration.apply_manifests(admin, server.port, server.ca)
        namespaces = make_namespaces(admin)
        for kind in KINDS:
            patch = recorded_patch(server, namespaces["plimsoll"], kind)
            admin.apply(*same_change_as_policy(kind, patch))
            check_same_change(namespaces, kind)
            print(f"{kind.word}: {len(json.dumps(kind.made, separators=(',', ':')))} bytes, {len(patch)} operations")
        load = Load(directory, targets(plane, server, directory))
        undo.callback(load.stop)
        api_server = api_server_pid(plane)
        print(f"{'':43}milliseconds          added to neither's median   CPU ms a create    calls    CPU ms")
        print(f"{'':5}{'in flight':>9}  {'':9}{'creates':>7}{'median':>9}{'p90':>9}{'p99':>9}  {'[95 %]':<24}"
              f"{'API server':>10}{'each':>7}{'a call':>10}", flush=True)
        for kind in KINDS:
            for in_flight in IN_FLIGHT:
                cell = measure(load, kind, in_flight, arguments.seconds, server, api_server)
                show_progress("")
                show(kind, in_flight, cell)
        print(f"plimsoll under the API server: RSS {resident_mib(server.process.pid):.1f} MiB, at most "
              f"{resident_mib(server.process.pid, 'VmHWM'):.1f}")
        measure_alone(load, server, arguments.seconds / 2)


def api_server_pid(plane: ControlPlane) -> int:
    flag = f"--secure-port={plane.url.rpartition(':')[2]}".encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if flag in entry.read_bytes().split(b"\0"):
                return int(entry.parent.name)
    sys.exit("the API server has no process")


def targets(plane: ControlPlane, server: Plimsoll, directory: Path) -> dict[str, dict]:
    # What kubectl uses.
    access = yaml.safe_load(plane.kubectl.kubeconfig.read_text(encoding="utf-8"))
    token, authority_file = access["users"][0]["user"]["token"], access["clusters"][0]["cluster"]["certificate-authority"]
    found = {}
    for kind in KINDS:
        for variant in VARIANTS:
            url = f"{plane.url}{kind.path.format('by-' + variant)}?dryRun=All&fieldManager=kubectl-create&fieldValidation=Strict"
            found[f"{kind.word} {variant}"] = {
                "url": url, "body": json.dumps(kind.made, separators=(",", ":")), "authorityFile": authority_file,
                "headers": {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"},
                "wantedStatus": 201}
    authority = directory / "plimsoll-ca.pem"
    authority.write_bytes(server.ca)
    found["alone"] = {"url": f"https://127.0.0.1:{server.port}/mutate?timeout=10s", "body": review().decode(),
                      "authorityFile": str(authority), "serverName": registration.SERVICE_DNS_NAME,
                      "headers": {"Content-Type": "application/json"}, "wantedStatus": 200}
    return found


def measure_alone(load: Load, server: Plimsoll, seconds: float) -> None:
    """Without an API server: 64 connections, as fast as it goes."""
    end = time.monotonic() + seconds
    before, sent = cpu_seconds(server.process.pid), 0
    while time.monotonic() < end:
        sent += len(load.send("alone", 64, 2000))
        show_progress(f"64 connections at the webhook's own port: {sent} calls, RSS {resident_mib(server.process.pid):.1f} MiB")
    show_progress("")
    cpu = (cpu_seconds(server.process.pid) - before) / sent * 1000
    print(f"64 connections at its own port: {sent} calls, {cpu:.3f} ms CPU a call, RSS {resident_mib(server.process.pid):.1f} MiB, "
          f"at most {resident_mib(server.process.pid, 'VmHWM'):.1f}")


if __name__ == "__main__":
    main()
