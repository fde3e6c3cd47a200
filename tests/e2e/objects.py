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


def deployment(name: str, template: Object, **spec) -> Object:
    """`template`: a Pod whose metadata and spec the Deployment's Pods get."""
    labels = {"app": name}
    metadata = {key: value for key, value in template["metadata"].items() if key in ("annotations", "labels")}
    metadata["labels"] = metadata.get("labels", {}) | labels
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": metadata, "spec": template["spec"]}} | spec}


def differences(before: Object, after: Object) -> dict[str, object]:
    """What `after` has that `before` has not, by path ("spec.containers.0.image"); None where something is gone. Lists are compared
    element by element; of something new, the whole value."""
    found: dict[str, object] = {}

    def compare(path: str, old, new) -> None:
        if isinstance(old, dict) and isinstance(new, dict):
            for key in old.keys() | new.keys():
                compare(f"{path}.{key}".removeprefix("."), old.get(key), new.get(key))
        elif isinstance(old, list) and isinstance(new, list):
            for index in range(max(len(old), len(new))):
                compare(f"{path}.{index}", old[index] if index < len(old) else None, new[index] if index < len(new) else None)
        elif old != new:
            found[path] = new

    compare("", before, after)
    return found


def _pod_spec(fields: dict) -> dict:
    return {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]} | fields
