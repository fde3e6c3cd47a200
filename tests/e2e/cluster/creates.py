"""A stream of creates, by a client that keeps its connections: kubectl, a process per call, is too slow to be a load.

Nine of ten are server-side dry runs. They take the whole way through admission, and leave etcd and the controllers in peace.
"""

import http.client
import itertools
import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import yaml

from cluster.kubectl import Kubectl
from objects import job

MARKER = "plimsoll.dev/decision"
_ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi"}
_STORED_EVERY = 10
_CLIENTS = 8


@dataclass
class Tally:
    patched: int = 0
    unpatched: int = 0
    stored: int = 0
    failures: list[str] = field(default_factory=list)  # what a user would have seen

    @property
    def created(self) -> int:
        return self.patched + self.unpatched


class Creates:
    """Creates suspended Jobs with an estimate in `kubectl`'s namespace from construction to finish(), and `at_least` of them."""

    def __init__(self, kubectl: Kubectl, at_least: int):
        config = yaml.safe_load(kubectl.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self._address = urlsplit(cluster["server"]).netloc
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}", "Content-Type": "application/json"}
        self._path = f"/apis/batch/v1/namespaces/{kubectl.namespace}/jobs"
        made = job("", _ESTIMATE, suspend=True)
        made["metadata"] = {"generateName": "create-", "annotations": _ESTIMATE}
        self._body = json.dumps(made).encode()
        self._at_least = at_least
        self._numbers = itertools.count()
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self.tally = Tally()
        self._threads = [threading.Thread(target=self._create, daemon=True) for _ in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int, seconds: float = 120) -> None:
        """Returns when so many creates more have been answered."""
        wanted = self._answered() + more
        deadline = time.monotonic() + seconds
        while self._answered() < wanted:
            assert time.monotonic() < deadline, f"{self._answered()} of {wanted} creates within {seconds} s"
            time.sleep(0.01)

    def finish(self) -> Tally:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        return self.tally

    def _answered(self) -> int:
        with self._lock:
            return self.tally.created + len(self.tally.failures)

    def _create(self) -> None:
        connection = http.client.HTTPSConnection(self._address, timeout=60, context=self._tls)
        # No number is taken that is not used, so what is stored is one of ten to the last.
        while not self._is_over.is_set() or self._answered() < self._at_least:
            is_stored = next(self._numbers) % _STORED_EVERY == 0
            try:
                connection.request("POST", self._path + ("" if is_stored else "?dryRun=All"), self._body, self._headers)
                response = connection.getresponse()
                status, body = response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                status, body = 0, repr(error).encode()
                connection.close()
            self._count(is_stored, status, body)
        connection.close()

    def _count(self, is_stored: bool, status: int, body: bytes) -> None:
        is_patched = status == 201 and MARKER in json.loads(body)["spec"]["template"]["metadata"].get("annotations", {})
        with self._lock:
            if status != 201:
                self.tally.failures.append(f"{status} {body.decode(errors='replace')}")
            elif is_patched:
                self.tally.patched += 1
            else:
                self.tally.unpatched += 1
            self.tally.stored += status == 201 and is_stored
