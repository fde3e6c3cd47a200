"""Kubernetes objects for tests, as short as the API server accepts them."""

from cluster.kubectl import Object


def pod(name: str, annotations: dict[str, str] | None = None, **spec) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations or {}}, "spec": _pod_spec(spec)}


def job(name: str, annotations: dict[str, str] | None = None, template_annotations: dict[str, str] | None = None, **spec) -> Object:
    """`spec` is the Job's own: completions, parallelism, suspend ..."""
    template = {"metadata": {"annotations": template_annotations or {}}, "spec": _pod_spec({})}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"template": template} | spec}


def limit_range(container_defaults: dict[str, str], maxima: dict[str, str] | None = None) -> Object:
    """A LimitRange whose default requests and limits for containers are `container_defaults`."""
    limit = {"type": "Container", "default": container_defaults, "defaultRequest": container_defaults}
    if maxima:
        limit["max"] = maxima
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits"}, "spec": {"limits": [limit]}}


def resource_quota(hard: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "quota"}, "spec": {"hard": hard}}


def priority_class(name: str, value: int, **fields) -> Object:
    """`fields`: globalDefault, preemptionPolicy. PriorityClasses are the whole cluster's: delete it when the test is over."""
    return {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value} | fields


def _pod_spec(fields: dict) -> dict:
    return {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]} | fields
