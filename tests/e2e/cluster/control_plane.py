"""etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok on loopback: real but for the nodes, which kwok plays.

Ports are free ones, state is a directory of the caller's, and nothing survives `stop()`. The API server makes its own serving
certificate, and clients authenticate with static tokens, so that no certificate has to be made before it starts.
"""

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from cluster.kubectl import Kubectl
from cluster.processes import Process, free_ports, wait_until

HERE = Path(__file__).resolve().parent

# User -> groups. system:masters may do anything, impersonation included.
_USERS = {
    "admin": ["system:masters"],
    "kwok": ["system:masters"],
    "system:kube-controller-manager": [],
    "system:kube-scheduler": [],
}


class ControlPlane:
    def __init__(self, programs: dict[str, Path], state: Path, api_server_flags: tuple[str, ...] = (), feature_gates: str = ""):
        """Requires: `programs` as build.find_programs() gives them; `state` is empty. `feature_gates`: "A=true,B=true", for all of them."""
        self.state = state
        self.logs = state / "log"
        self.audit_log = self.logs / "audit.log"
        self.kubectl = Kubectl(programs["kubectl"], state / "admin.kubeconfig")
        self._programs = programs
        self._gates = (f"--feature-gates={feature_gates}",) if feature_gates else ()
        self._api_server_flags = api_server_flags + self._gates
        self._running: list[Process] = []  # in the order in which they were started
        self._tokens = {user: secrets.token_hex(16) for user in _USERS}
        self._certificate = state / "apiserver" / "apiserver.crt"

    def start(self) -> None:
        """Starts everything and returns when nodes are ready and Pods may be created. Errors: nothing is left running."""
        self.logs.mkdir(parents=True)
        try:
            etcd_url = self._start_etcd()
            self._start_api_server(etcd_url)
            self._start_controllers()
            self._start_kwok()
            self.kubectl.run("apply", "-f", str(HERE / "nodes.yaml"))
            wait_until("nodes to be ready", self._nodes_are_ready, seconds=60)
            self.kubectl.wait_for_service_account()
            for process in self._running:
                if process.exit_code is not None:
                    raise RuntimeError(f"{process.name} ended with {process.exit_code}; its log ends:\n{process.tail()}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in reversed(self._running):
            process.stop()
        self._running.clear()

    @contextlib.contextmanager
    def without_api_server(self) -> Iterator[None]:
        """Stops it, and starts it again on the same port when the block ends; the others wait for it and go on."""
        place = self._running.index(self._api_server)
        self._api_server.stop(seconds=5)  # it would wait a minute for its watchers
        try:
            yield
        finally:
            self._api_server = self._running[place] = self._api_server.again()
            self._wait_for_api_server()

    @contextlib.contextmanager
    def scheduler(self, config: Path) -> Iterator[Process]:
        """Another scheduler, beside the cluster's own, for as long as the block lasts."""
        process = Process([self._programs["kube-scheduler"], f"--config={config}", "--secure-port=0"], self.logs / f"{config.stem}.log")
        try:
            yield process
        finally:
            process.stop()

    def version(self) -> str:
        return yaml.safe_load(self.kubectl.raw("/version"))["gitVersion"]

    def _start(self, name: str, *flags: str) -> Process:
        process = Process([self._programs[name], *flags], self.logs / f"{name}.log")
        self._running.append(process)
        return process

    def _start_etcd(self) -> str:
        clients, peers = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        self._start(
            "etcd", "--name=only", f"--data-dir={self.state / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
            f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}", f"--initial-cluster=only={peers}")
        return clients  # the API server retries until etcd answers

    def _start_api_server(self, etcd_url: str) -> None:
        (port,) = free_ports(1)
        signing_key = self.state / "service-accounts.key"
        subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", signing_key],
                       check=True, capture_output=True)
        tokens = self.state / "tokens.csv"
        tokens.write_text("".join(f'{self._tokens[user]},{user},{user},"{",".join(groups)}"\n' for user, groups in _USERS.items()))
        self._api_server = self._start(
            "kube-apiserver", f"--etcd-servers={etcd_url}",
            "--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={self._certificate.parent}",
            # With a loopback address it would look for a default route to advertise.
            "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
            f"--token-auth-file={tokens}", "--authorization-mode=Node,RBAC", "--allow-privileged",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={signing_key}", f"--service-account-signing-key-file={signing_key}",
            f"--audit-policy-file={HERE / 'audit-policy.yaml'}", f"--audit-log-path={self.audit_log}",
            *self._api_server_flags)
        self._api_server.wait_until("it made its certificate", self._certificate.is_file)
        self.url = f"https://127.0.0.1:{port}"
        for user in _USERS:
            self._write_kubeconfig(user)
        self._wait_for_api_server()

    def _wait_for_api_server(self) -> None:
        self._api_server.wait_until("it was ready", lambda: self.kubectl.attempt("get", "--raw=/readyz").exit_code == 0)

    def _start_controllers(self) -> None:
        # Port 0: no server of their own. The controllers use accounts of their own as in most clusters, so that a Job's Pods come from
        # system:serviceaccount:kube-system:job-controller. High rates: a test waits for every object they make.
        self._start(
            "kube-controller-manager", f"--kubeconfig={self._kubeconfig('system:kube-controller-manager')}", "--secure-port=0",
            "--leader-elect=false", "--use-service-account-credentials", "--kube-api-qps=200", "--kube-api-burst=400",
            f"--service-account-private-key-file={self.state / 'service-accounts.key'}", f"--root-ca-file={self._certificate}", *self._gates)
        self._start(
            "kube-scheduler", f"--kubeconfig={self._kubeconfig('system:kube-scheduler')}", "--secure-port=0",
            "--leader-elect=false", "--kube-api-qps=200", "--kube-api-burst=400", *self._gates)

    def _start_kwok(self) -> None:
        (port,) = free_ports(1)
        self._start(
            "kwok", f"--kubeconfig={self._kubeconfig('kwok')}", f"--config={HERE / 'stages.yaml'}", "--manage-all-nodes=true",
            "--node-ip=10.0.0.1", "--cidr=10.0.0.1/16", f"--server-address=127.0.0.1:{port}",
            # Without leases the node controller would call the nodes unreachable after 50 s.
            "--node-lease-duration-seconds=40")

    def _nodes_are_ready(self) -> bool:
        nodes = self.kubectl.select("nodes")
        # Tainted not-ready by admission; the node controller takes that away.
        return bool(nodes) and not any("node.kubernetes.io/not-ready" == taint["key"]
                                       for node in nodes for taint in node["spec"].get("taints", []))

    def _kubeconfig(self, user: str) -> Path:
        return self.state / f"{user.removeprefix('system:')}.kubeconfig"

    def _write_kubeconfig(self, user: str) -> None:
        self.write_kubeconfig(self._kubeconfig(user), {"token": self._tokens[user]})

    def write_kubeconfig(self, path: Path, user: dict) -> None:
        """For somebody who proves to be himself by `user`, the credentials of a kubeconfig."""
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "only",
            "clusters": [{"name": "only", "cluster": {"server": self.url, "certificate-authority": str(self._certificate)}}],
            "users": [{"name": "only", "user": user}],
            "contexts": [{"name": "only", "context": {"cluster": "only", "user": "only"}}],
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config))
