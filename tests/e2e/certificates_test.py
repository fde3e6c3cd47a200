"""Certificates change while the API server calls: no creation fails, and whatever is served is trusted by every published caBundle.

PLIMSOLL_CREATES says how many Jobs are created at least while things rotate (`make e2e-rotation`: 10,000).
"""

import base64
import json
import os
import ssl
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster.api_server import WebhookMetrics
from cluster.processes import wait_until
from hooks import registration
from hooks.balancer import Balancer
from hooks.plimsoll import Plimsoll, program
from hooks.registration import JOBS_WEBHOOK, MANIFESTS, SERVICE_DNS_NAME
from objects import job

CREATES = int(os.environ.get("PLIMSOLL_CREATES", "300"))
BATCH = 25
NAMESPACE, SECRET = "plimsoll-system", "plimsoll-tls"
ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi"}
# An authority may sign three seconds after the caBundles have it; everything else is as in earnest.
SHARED = ["--tls-secret", f"{NAMESPACE}/{SECRET}", "--service", "plimsoll.plimsoll-system", "--register", "--ca-settle", "3s"]


def secret(admin) -> dict[str, str]:
    data = admin.within(NAMESPACE).get("secret", SECRET)["data"]
    return {name: base64.b64decode(text).decode() for name, text in data.items()}


def bundles(admin) -> list[str]:
    items = json.loads(admin.raw("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"))["items"]
    ours = [item for item in items if item["metadata"]["name"] in ("00-plimsoll-jobs", "zz-plimsoll-pods")]
    return [base64.b64decode(item["webhooks"][0]["clientConfig"]["caBundle"]).decode() for item in ours]


def served(port: int, bundle: str | None = None) -> str:
    """The certificate that a new connection is shown; verified for the Service's name where a bundle is given."""
    context = ssl.create_default_context(cadata=bundle) if bundle else ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=SERVICE_DNS_NAME) as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


def certs(*arguments: object) -> str:
    done = subprocess.run([program(), "certs", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"plimsoll certs {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Traffic:
    """Creates Jobs, and holds what the servers show to the published caBundles, from construction to finish()."""

    def __init__(self, kubectl, admin, ports: list[int]):
        self._kubectl, self._admin, self._ports = kubectl, admin, ports
        self._metrics = WebhookMetrics(admin, JOBS_WEBHOOK)
        self._failed_before, self._calls_before = self._metrics.failed_open(), self._metrics.calls(code="200")
        self._is_over = threading.Event()
        self.created, self.handshakes, self.failures = 0, 0, []
        self._threads = [threading.Thread(target=self._create), threading.Thread(target=self._probe)]
        for thread in self._threads:
            thread.start()

    def _create(self) -> None:
        while not self._is_over.is_set() or self.created < CREATES:
            made = [job("", ESTIMATE, suspend=True) for _ in range(BATCH)]
            for one in made:
                one["metadata"] = {"generateName": "rotation-", "annotations": ESTIMATE}
            output = self._kubectl.attempt("create", "-f", "-", objects=made)
            if output.exit_code != 0:
                self.failures.append(output.stderr)
            self.created += BATCH

    def _probe(self) -> None:
        while not self._is_over.is_set():
            for bundle in bundles(self._admin):
                for port in self._ports:
                    try:
                        served(port, bundle)
                    except OSError as error:
                        self.failures.append(f"port {port}: {error}")
                    self.handshakes += 1

    def finish(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        assert self.failures == []
        assert self._metrics.failed_open() - self._failed_before == 0
        assert self._metrics.calls(code="200") - self._calls_before >= self.created >= CREATES
        assert self.handshakes > 0
        unmarked = [one["metadata"]["name"] for one in self._kubectl.select("jobs")
                    if "plimsoll.dev/decision" not in one["spec"]["template"]["metadata"].get("annotations", {})]
        assert unmarked == []


@pytest.fixture(scope="module")
def replicas(admin, control_plane):
    """Two servers that start at once without any certificate, behind what plays the Service."""
    admin.apply(*[one for one in admin.kustomize(MANIFESTS) if one["kind"] == "Namespace"])
    directory = control_plane.logs / "certificates_test"
    flags = [*SHARED, "--kubeconfig", admin.kubeconfig]
    # Processes end with the thread that started them, so the pool stays.
    pool = ThreadPoolExecutor()
    started = list(pool.map(lambda name: Plimsoll(directory / name, certificates=flags), ("a", "b")))
    balancer = Balancer(*started)
    try:
        registration.apply_manifests(admin, balancer.port, secret(admin)["ca.crt"].encode())
        yield started
    finally:
        registration.remove_webhooks(admin)
        codes = [server.stop() for server in started]
        balancer.stop()
        pool.shutdown()
        admin.within(NAMESPACE).run("delete", "secret", SECRET, "--ignore-not-found")
    assert codes == [0, 0]


def wait_until_all_serve(admin, replicas, leaf: str) -> None:
    wait_until("every replica to serve it", lambda: {served(one.port) for one in replicas} == {leaf}, seconds=30)


def test_certificate_swaps_by_file_under_load_and_nothing_fails(admin, kubectl, control_plane):
    # The first test: the replicas of the others keep the caBundle for themselves.
    directory = control_plane.logs / "certificates_test" / "files"
    certs("make", "--dir", directory, "--service", "plimsoll.plimsoll-system")
    flags = ["--tls-cert-file", directory / "tls.crt", "--tls-private-key-file", directory / "tls.key"]
    server = Plimsoll(directory, certificates=flags)
    try:
        registration.apply_manifests(admin, server.port, (directory / "ca.crt").read_bytes())
        traffic = Traffic(kubectl, admin, [server.port])
        try:
            for _ in range(3):
                certs("rotate", "--dir", directory, "--leaf")
                wait_until_all_serve(admin, [server], (directory / "tls.crt").read_text())
        finally:
            traffic.finish()
    finally:
        registration.remove_webhooks(admin)
        server.stop()


def test_replicas_that_start_together_agree_on_one_set(admin, replicas):
    stored = secret(admin)
    assert {served(one.port, stored["ca.crt"]) for one in replicas} == {stored["tls.crt"]}
    assert admin.within(NAMESPACE).get("secret", SECRET)["type"] == "kubernetes.io/tls"
    shown = certs("show", "--secret", f"{NAMESPACE}/{SECRET}", "--kubeconfig", admin.kubeconfig)
    assert "keys belong to their certificates" in shown and SERVICE_DNS_NAME in shown


def test_certificate_and_authority_rotate_under_load_and_nothing_fails(admin, kubectl, replicas):
    before = secret(admin)
    where = ("--secret", f"{NAMESPACE}/{SECRET}", "--kubeconfig", admin.kubeconfig)
    traffic = Traffic(kubectl, admin, [one.port for one in replicas])
    try:
        certs("rotate", *where, "--leaf")
        renewed = secret(admin)
        assert renewed["tls.crt"] != before["tls.crt"] and renewed["ca.crt"] == before["ca.crt"]
        wait_until_all_serve(admin, replicas, renewed["tls.crt"])

        certs("rotate", *where)
        announced = secret(admin)
        assert announced["authority.crt"] == before["authority.crt"] and announced["tls.crt"] == renewed["tls.crt"]
        assert announced["ca.crt"] == before["authority.crt"] + announced["next.crt"]
        wait_until("the next authority to take over", lambda: secret(admin)["authority.crt"] == announced["next.crt"], seconds=60)
        after = secret(admin)
        assert after["former.crt"] == before["authority.crt"] and "next.crt" not in after
        wait_until_all_serve(admin, replicas, after["tls.crt"])
    finally:
        traffic.finish()


def test_leaked_keys_are_worth_nothing_after_a_rotation_now(admin, kubectl, replicas):
    before = secret(admin)
    certs("rotate", "--secret", f"{NAMESPACE}/{SECRET}", "--kubeconfig", admin.kubeconfig, "--now")
    after = secret(admin)
    assert before["authority.crt"] not in after["ca.crt"]
    wait_until_all_serve(admin, replicas, after["tls.crt"])
    wait_until("the old authority to be gone", lambda: not any(before["authority.crt"] in one for one in bundles(admin)), seconds=30)

    def is_decided() -> bool:
        made = kubectl.create(job("probe", ESTIMATE, suspend=True), "--dry-run=server")
        return "plimsoll.dev/decision" in made["spec"]["template"]["metadata"].get("annotations", {})

    wait_until("the API server to trust the new one", is_decided, seconds=30)


def test_secret_that_is_deleted_comes_back_as_it_was(admin, replicas):
    before = secret(admin)
    admin.within(NAMESPACE).run("delete", "secret", SECRET)
    wait_until("the Secret", lambda: admin.within(NAMESPACE).attempt("get", "secret", SECRET).exit_code == 0, seconds=30)
    assert secret(admin) == before
