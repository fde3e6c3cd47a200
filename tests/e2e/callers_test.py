"""Who calls: the real API server shows what its admission control configuration tells it to, and Plimsoll asks for it.

Credentials belong to an API server's start, so this one is a second control plane. Each Plimsoll demands something else, and each decides
the Jobs of one namespace; which of them the API server has something to show to stands in the kubeconfig that it is given.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from cluster import build
from cluster.api_server import WebhookMetrics
from cluster.control_plane import ControlPlane
from cluster.kubectl import Kubectl
from cluster.processes import free_ports, wait_until
from credentials import AUDIENCE, ISSUER, Authority, Certificate, Issuer
from hooks import registration
from hooks.plimsoll import Plimsoll
from hooks.registration import MANIFESTS
from objects import job

NAMESPACE = "plimsoll-system"
ESTIMATE = {"estimate.plimsoll.dev/memory": "4Gi"}

# What is demanded of the API server, what it shows, and the caller that the audit record names.
ADMITTED = {
    "by-certificate": ("certificate", "certificate", "kube-apiserver"),
    "by-token": ("token", "token", "api-server"),
    "by-both": ("certificate token", "certificate token", "kube-apiserver + api-server"),
}
# What is demanded, what it shows instead, and what the server's log then holds: a message, and words of its reason.
REFUSED = {
    "without-certificate": ("certificate", "token", "TLS handshake failed", "peer did not return a certificate"),
    "without-token": ("token", "certificate", "caller refused", "a token is needed"),
    "with-a-strangers-token": ("token", "strange-token", "caller refused", "not by the key expected"),
    "with-an-old-token": ("token", "old-token", "caller refused", "the token has expired"),
    "with-nothing-for-both": ("certificate token", "", "TLS handshake failed", "peer did not return a certificate"),
}


@dataclass(frozen=True)
class Cluster:
    kubectl: Kubectl
    servers: dict[str, Plimsoll]


class Credentials:
    """What the API server may show, and what holds it to be good."""

    def __init__(self, directory: Path):
        authority = Authority(directory)
        issuer, stranger = Issuer(directory), Issuer(directory, "stranger")
        certificate: Certificate = authority.issue("kube-apiserver")
        self.flags = {
            "certificate": ["--client-auth=required", f"--client-ca-file={authority.certificate}", "--client-name=kube-apiserver"],
            "token": ["--jwt=required", f"--jwt-issuer={ISSUER}", f"--jwt-audience={AUDIENCE}", f"--jwt-keys-file={issuer.jwks}"],
        }
        self.users = {
            "certificate": {"client-certificate": str(certificate.certificate), "client-key": str(certificate.key)},
            "token": {"token": issuer.token("RS256", {"kid": "rsa"}, sub="api-server", exp=int(time.time()) + 3600)},
            "strange-token": {"token": stranger.token("RS256")},
            "old-token": {"token": issuer.token(exp=int(time.time()) - 3600)},
        }


def write_admission_configuration(directory: Path, users: list[dict]) -> Path:
    """The API server shows a webhook the credentials of the user who is named after its Service."""
    kubeconfig = directory / "webhooks.kubeconfig"
    kubeconfig.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "users": users}))
    webhook = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "WebhookAdmissionConfiguration", "kubeConfigFile": str(kubeconfig)}
    configuration = directory / "admission.yaml"
    configuration.write_text(yaml.safe_dump({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AdmissionConfiguration",
        "plugins": [{"name": "MutatingAdmissionWebhook", "configuration": webhook}]}))
    return configuration


def register(kubectl: Kubectl, name: str, server: Plimsoll) -> None:
    """The shipped configuration for Jobs, for one namespace and by a Service of its own."""
    shipped = kubectl.kustomize(MANIFESTS)
    (configuration,) = (manifest for manifest in registration.aimed_at(shipped, server.port, server.ca)
                        if manifest["metadata"]["name"] == "00-plimsoll-jobs")
    configuration["metadata"]["name"] = name
    (webhook,) = (each for each in configuration["webhooks"] if each["name"] == "jobs.plimsoll.dev")
    configuration["webhooks"] = [webhook]
    webhook["name"] = f"{name}.jobs.plimsoll.dev"
    webhook["clientConfig"]["service"] |= {"name": name, "namespace": NAMESPACE}
    webhook["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    # A refusal, and no time-out on a busy machine, is what lets these objects pass.
    webhook["timeoutSeconds"] = 10
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
               "spec": {"type": "ExternalName", "externalName": "127.0.0.1"}}
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, service, configuration)


@pytest.fixture(scope="module")
def cluster(state_directory) -> Iterator[Cluster]:
    directory = state_directory / "log" / "callers"
    directory.mkdir(parents=True)
    credentials = Credentials(directory)
    cases = {name: case[:2] for name, case in (ADMITTED | REFUSED).items()}
    ports = dict(zip(cases, free_ports(len(cases))))
    users = [{"name": f"{name}.{NAMESPACE}.svc:{ports[name]}",
              "user": {key: value for kind in shown.split() for key, value in credentials.users[kind].items()}}
             for name, (_, shown) in cases.items()]
    configuration = write_admission_configuration(directory, users)
    control_plane = ControlPlane(build.find_programs(), directory / "control-plane", (f"--admission-control-config-file={configuration}",))
    servers: dict[str, Plimsoll] = {}
    try:
        control_plane.start()
        control_plane.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for name, (demanded, _) in cases.items():
            (directory / name).mkdir()
            flags = ["--log-level=debug", *(flag for kind in demanded.split() for flag in credentials.flags[kind])]
            servers[name] = Plimsoll(directory / name, flags=tuple(flags), port=ports[name], dns_name=f"{name}.{NAMESPACE}.svc")
            register(control_plane.kubectl, name, servers[name])
        yield Cluster(control_plane.kubectl, servers)
    finally:
        exit_codes = [server.stop() for server in servers.values()]
        control_plane.stop()
    assert not any(exit_codes)


def is_sized(stored: dict) -> bool:
    return "requests" in stored["spec"]["template"]["spec"]["containers"][0].get("resources", {})


@pytest.mark.parametrize("name", ADMITTED)
def test_the_api_server_shows_what_is_required(cluster, name):
    kubectl, server = cluster.kubectl.within(name), cluster.servers[name]
    # The API server learns of a configuration through its own watch, within a second or so.
    wait_until("a Job to be decided", lambda: is_sized(kubectl.create(job("probe", ESTIMATE), "--dry-run=server")))
    stored = kubectl.create(job("train", ESTIMATE))
    assert is_sized(stored)
    (record,) = wait_until("its record", lambda: [r for r in server.audit_records(name, "Job") if r["name"] == "train"])
    assert (record["caller"], record["verdict"]) == (ADMITTED[name][2], "Mutated")
    assert not server.logged("caller refused")
    assert not server.logged("TLS handshake failed")


@pytest.mark.parametrize("name", REFUSED)
def test_a_caller_without_it_is_refused_and_the_object_passes_as_written(cluster, name):
    kubectl, server = cluster.kubectl.within(name), cluster.servers[name]
    _, _, message, words = REFUSED[name]
    metrics = WebhookMetrics(cluster.kubectl, f"{name}.jobs.plimsoll.dev")

    def is_refused() -> bool:
        kubectl.create(job("probe", ESTIMATE), "--dry-run=server")
        return metrics.failed_open() > 0

    wait_until("a refusal", is_refused)
    before = metrics.failed_open()
    stored = kubectl.create(job("train", ESTIMATE))
    assert not is_sized(stored)
    assert metrics.failed_open() == before + 1
    assert server.audit_records(name) == []
    lines = server.logged(message)
    assert lines and all(words in line["why"] for line in lines)
    if message == "caller refused":
        assert {line["level"] for line in lines} == {"warning"}
        assert metrics.calls(code="401") > 0
