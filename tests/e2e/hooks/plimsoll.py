"""Plimsoll's own program, started as an operator would start it."""

import itertools
import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from cluster.kubectl import Kubectl, Object
from cluster.processes import Process, wait_until
from hooks.registration import MANIFESTS, SERVICE_DNS_NAME

# The log line on standard error that names the ports: {"msg": "listening", "https": 40001, "health": 40002, ...}
_MESSAGE, _LISTENING, _HTTPS, _HEALTH = "msg", "listening", "https", "health"

_probe_numbers = itertools.count(1)


def program() -> Path:
    """The binary under test. Errors: FileNotFoundError that says how to make it."""
    path = Path(os.environ.get("PLIMSOLL_BIN") or MANIFESTS.parent / "build" / "plimsoll").resolve()
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not there: run `make build`, or set PLIMSOLL_BIN")
    return path


class Plimsoll:
    """A running `plimsoll serve`. Its log is `<directory>/plimsoll.log`, its audit log `<directory>/plimsoll-audit.jsonl`."""

    def __init__(self, directory: Path, policy: Path = MANIFESTS / "policy.yaml", flags: tuple[str | Path, ...] = (), port: int = 0,
                 dns_name: str = SERVICE_DNS_NAME, certificates: list[str | Path] | None = None, drain_delay: str = "0s"):
        """`flags` come on top; port 0 is any. `certificates` are the flags that say where the certificate comes from; without any it is
        made in memory, for `dns_name`. A drain delay is for who has a load balancer that must learn that it goes."""
        directory.mkdir(parents=True, exist_ok=True)
        self._policy = policy
        self._ca = directory / "plimsoll-ca.crt"
        self._audit_log = directory / "plimsoll-audit.jsonl"
        self.process = Process(
            [program(), "serve", "--listen", f"127.0.0.1:{port}", "--health-listen", "127.0.0.1:0", "--policy", policy,
             "--audit-log", self._audit_log,
             *(certificates or ["--self-signed", "--dns-name", dns_name, "--ca-out", self._ca]),
             "--drain-delay", drain_delay, *flags],
            directory / "plimsoll.log")
        try:
            listening = self.process.wait_until("it named its ports", self._find_listening_line, seconds=10)
            self.port: int = listening[_HTTPS]
            self.health_port: int = listening[_HEALTH]
            self.process.wait_until("it was ready", lambda: self.health("/readyz") == 200, seconds=10)
        except BaseException:
            self.process.stop()
            raise

    @property
    def ca(self) -> bytes:
        return self._ca.read_bytes()

    def health(self, path: str) -> int:
        """The HTTP status of a path of the health port; 0 when nobody answers."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.health_port}{path}", timeout=2) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def metric(self, sample: str) -> float:
        """The value of a sample of its metrics, `name{label="value"}`, or the sum of all that begin so; 0 when there is none."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.health_port}/metrics", timeout=2) as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(sample))

    def logged(self, message: str) -> list[dict]:
        """The lines of its log with this message; of a log at level debug also those about single connections."""
        lines = (json.loads(line) for line in self.process.log.read_text(encoding="utf-8").splitlines() if line.startswith("{"))
        return [line for line in lines if line["msg"] == message]

    def decided(self) -> int:
        """How many decisions its audit log holds: all it ever made, once it has ended."""
        return len(self._audit_log.read_bytes().splitlines()) if self._audit_log.exists() else 0

    def audit_records(self, namespace: str, kind: str = "") -> list[dict]:
        """Its audit records of a namespace, oldest first. They reach the file within a second: poll."""
        if not self._audit_log.exists():
            return []
        records = map(json.loads, self._audit_log.read_text(encoding="utf-8").splitlines())
        return [record for record in records if record["namespace"] == namespace and kind in ("", record["kind"])]

    def all_audit_records(self, kubectl: Kubectl, kind: str = "") -> list[dict]:
        """The audit records of every decision so far in `kubectl`'s namespace. To know that there are no more, it has one more decision
        made, of a dry run that changes nothing, and waits for that one's record."""
        last = f"last-{next(_probe_numbers)}"
        probe = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": last, "annotations": {"estimate.plimsoll.dev/cpu": "1"}},
                 "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/probe:1"}]}}
        kubectl.attempt("create", "-f", "-", "--dry-run=server", objects=[probe])
        wait_until("the last decision's record",
                   lambda: any(record["name"] == last for record in self.audit_records(kubectl.namespace)))
        return [record for record in self.audit_records(kubectl.namespace, kind) if not record["name"].startswith("last-")]

    def find_audit_records(self, *filters: str) -> list[dict]:
        """The audit records that `plimsoll audit` finds."""
        done = subprocess.run([program(), "audit", self._audit_log, "-o", "json", *filters], text=True, capture_output=True, timeout=30,
                              check=False)
        assert done.returncode == 0, f"plimsoll audit: exit code {done.returncode}\n{done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def patch_offline(self, made: Object) -> list[dict]:
        """The patch that `plimsoll mutate` has for an object under the same policy."""
        done = subprocess.run([program(), "mutate", "-f", "-", "-o", "patch", "--policy", self._policy], input=json.dumps(made), text=True,
                              capture_output=True, timeout=30, check=False)
        assert done.returncode == 0, f"plimsoll mutate: exit code {done.returncode}\n{done.stderr}"
        return json.loads(done.stdout)

    def stop(self) -> int:
        """Its exit code."""
        return self.process.stop(seconds=40)

    def _find_listening_line(self) -> dict | None:
        for line in self.process.log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(entry, dict) and entry.get(_MESSAGE) == _LISTENING:
                return entry
        return None
