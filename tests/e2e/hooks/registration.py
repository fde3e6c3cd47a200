"""Registers webhook servers that listen on loopback with the API server: Plimsoll's as manifests/ has it, others as a test needs.

On a real cluster a Service leads to Pods through addresses that kube-proxy makes; there is none here, and the API server would dial the
Service's 10.96.x.x in vain. A Service of type ExternalName is dialled by its name instead, so `externalName: 127.0.0.1` leads to a
server on this machine, and all else is as in production: HTTP/1.1 over TLS, verified for <service>.<namespace>.svc.
"""

import base64
import copy
from pathlib import Path

from cluster.api_server import WebhookMetrics
from cluster.kubectl import Kubectl, Object
from cluster.processes import wait_until

MANIFESTS = Path(__file__).resolve().parents[3] / "manifests"
SERVICE_DNS_NAME = "plimsoll.plimsoll-system.svc"
JOBS_WEBHOOK = "jobs.plimsoll.dev"
PODS_WEBHOOK = "pods.plimsoll.dev"

_PROBE_ESTIMATE = {"estimate.plimsoll.dev/memory": "1Gi"}
_PROBE_POD_SPEC = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/probe:1"}]}


def apply_manifests(kubectl: Kubectl, port: int, ca: bytes, terms: Object | None = None) -> None:
    """Applies manifests/ for a server at 127.0.0.1:`port`, and returns when the API server calls it for Jobs and for Pods. `terms` are
    fields of the webhooks to be otherwise: failurePolicy, timeoutSeconds."""
    manifests = aimed_at(kubectl.kustomize(MANIFESTS), port, ca)
    for manifest in manifests:
        for webhook in manifest.get("webhooks", []):
            webhook |= terms or {}
    kubectl.apply(*manifests)
    wait_until_called(kubectl)


def wait_until_called(kubectl: Kubectl) -> None:
    """Returns when the API server calls what is registered for Jobs and for Pods."""
    for webhook, probe in ((JOBS_WEBHOOK, _probe_job()), (PODS_WEBHOOK, _probe_pod())):
        _wait_until_called(kubectl, webhook, probe)


def remove_webhooks(kubectl: Kubectl) -> None:
    kubectl.run("delete", "mutatingwebhookconfigurations", "00-plimsoll-jobs", "zz-plimsoll-pods", "--ignore-not-found")
    kubectl.run("delete", "validatingwebhookconfigurations", "plimsoll-validate", "--ignore-not-found")


def aimed_at(manifests: list[Object], port: int, ca: bytes) -> list[Object]:
    """The manifests with what differs on loopback: the Service's type, and each webhook's port and CA."""
    manifests = copy.deepcopy(manifests)
    for manifest in manifests:
        if manifest["kind"] == "Service":
            manifest["spec"] = {"type": "ExternalName", "externalName": "127.0.0.1"}
        for webhook in manifest.get("webhooks", []):
            webhook["clientConfig"]["service"]["port"] = port
            webhook["clientConfig"]["caBundle"] = base64.b64encode(ca).decode()
    return manifests


def sidecar_injector(configuration: str, namespace: str, port: int, ca: bytes) -> list[Object]:
    """A webhook for the Pods of one namespace, at plimsoll-system's loopback Service `sidecar-injector`. Its configuration's name
    decides whether it runs before Plimsoll's hook or after."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "sidecar-injector", "namespace": namespace},
               "spec": {"type": "ExternalName", "externalName": "127.0.0.1"}}
    webhook = {
        "name": f"{namespace}.sidecar-injector.test",
        "clientConfig": {"service": {"name": "sidecar-injector", "namespace": namespace, "path": "/inject", "port": port},
                         "caBundle": base64.b64encode(ca).decode()},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
    }
    return [service, {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                      "metadata": {"name": configuration}, "webhooks": [webhook]}]


def register_sidecar_injector(kubectl: Kubectl, configuration: str, port: int, ca: bytes) -> None:
    """Registers it for `kubectl`'s namespace, and returns when the API server calls it."""
    kubectl.apply(*sidecar_injector(configuration, kubectl.namespace, port, ca))
    _wait_until_called(kubectl, f"{kubectl.namespace}.sidecar-injector.test", _probe_pod())


def register_job_hook(kubectl: Kubectl, configuration: str, port: int, ca: bytes) -> None:
    """Registers a hook for the Jobs of `kubectl`'s namespace, and returns when the API server calls it. It is never called again, as
    Kueue's is not."""
    service, hook = sidecar_injector(configuration, kubectl.namespace, port, ca)
    (webhook,) = hook["webhooks"]
    webhook |= {"name": f"{configuration}.{kubectl.namespace}.job-hook.test", "reinvocationPolicy": "Never",
                "rules": [{"apiGroups": ["batch"], "apiVersions": ["v1"], "resources": ["jobs"], "operations": ["CREATE"]}]}
    kubectl.apply(service, hook)
    _wait_until_called(kubectl, webhook["name"], _probe_job())


def _wait_until_called(kubectl: Kubectl, webhook: str, probe: Object) -> None:
    # The API server learns of a configuration through its own watch, within a second or so.
    metrics = WebhookMetrics(kubectl, webhook)
    before = metrics.calls(code="200")

    def is_called() -> bool:
        kubectl.attempt("create", "-f", "-", "--dry-run=server", objects=[probe])
        return metrics.calls(code="200") > before

    wait_until(f"the API server to call {webhook}", is_called)


def _probe_job() -> Object:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "registration-probe", "annotations": _PROBE_ESTIMATE},
            "spec": {"template": {"spec": _PROBE_POD_SPEC}}}


def _probe_pod() -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "registration-probe", "annotations": _PROBE_ESTIMATE},
            "spec": _PROBE_POD_SPEC}
