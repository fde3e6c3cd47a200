"""AdmissionReviews as an API server writes them, and what its answers must hold."""

import base64
import copy
import itertools
import json

import json_patch
from wire import Response, post

PREFIX = "estimate.plimsoll.dev/"
ESTIMATE = {PREFIX + "duration": "90m", PREFIX + "cpu": "2", PREFIX + "memory": "4Gi"}

_numbers = itertools.count(1)


def new_uid() -> str:
    return f"00000000-0000-4000-8000-{next(_numbers):012d}"


def estimates(**values: str) -> dict[str, str]:
    """Annotations by their keys under the prefix; `gpu_memory` is `gpu-memory`."""
    return {PREFIX + key.replace("_", "-"): value for key, value in values.items()}


def make_job(annotations: dict | None = None, name: str = "train", containers: list[dict] | None = None) -> dict:
    template = {"metadata": {"annotations": ESTIMATE if annotations is None else annotations},
                "spec": {"restartPolicy": "Never", "containers": containers or [{"name": "main", "image": "busybox"}]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "research"}, "spec": {"template": template}}


def make_pod(annotations: dict | None = None, name: str = "train") -> dict:
    metadata = {"name": name, "namespace": "research", "annotations": ESTIMATE if annotations is None else annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "main", "image": "busybox"}]}}


def make_review(obj: dict | None, uid: str | None = None, version: str = "v1", **request) -> dict:
    """A review of the creation of `obj`; `request` replaces members of the request, None takes them away."""
    api_version, kind = (obj or {}).get("apiVersion", "batch/v1"), (obj or {}).get("kind", "Job")
    group, _, short = api_version.rpartition("/")
    metadata = (obj or {}).get("metadata", {})
    members = {"uid": uid or new_uid(), "kind": {"group": group, "version": short, "kind": kind},
               "name": metadata.get("name", ""), "namespace": metadata.get("namespace", "research"), "operation": "CREATE",
               "userInfo": {"username": "ada", "groups": ["system:authenticated"]}, "object": obj, "oldObject": None, "dryRun": False}
    members = {name: value for name, value in {**members, **request}.items() if value is not None or name in ("object", "oldObject")}
    return {"apiVersion": f"admission.k8s.io/{version}", "kind": "AdmissionReview", "request": members}


def encode(review: dict) -> bytes:
    return json.dumps(review, ensure_ascii=False).encode()


def post_review(review: dict, **options) -> bytes:
    return post(encode(review), **options)


def read_answer(http: Response, review: dict) -> dict:
    """The `response` of an answer, which must be one that the API server takes (apiserver/pkg/admission/plugin/webhook/request)."""
    assert http.status == 200, http.text
    assert http.headers["content-type"] == "application/json"
    whole = json.loads(http.body)
    assert set(whole) == {"kind", "apiVersion", "response"}
    assert whole["kind"] == "AdmissionReview"
    assert whole["apiVersion"] == review["apiVersion"]
    response = whole["response"]
    assert set(response) <= {"uid", "allowed", "status", "patch", "patchType", "auditAnnotations", "warnings"}
    assert response["uid"] == review["request"]["uid"]
    assert isinstance(response["allowed"], bool)
    assert ("status" in response) == (not response["allowed"])
    assert ("patch" in response) == ("patchType" in response)
    for warning in response.get("warnings", []):
        assert 0 < len(warning) <= 120, warning
        assert warning.isprintable(), warning
    for key, value in response.get("auditAnnotations", {}).items():
        assert isinstance(value, str) and value.isprintable() and "/" not in key
    if "patch" in response:
        assert response["allowed"] and response["patchType"] == "JSONPatch"
        assert read_patch(response), "an empty patch"
    return response


def read_patch(response: dict) -> list[dict]:
    return json.loads(base64.b64decode(response["patch"], validate=True))


def read_patched(response: dict, obj: dict) -> dict:
    """The object as it is stored."""
    return json_patch.apply(copy.deepcopy(obj), read_patch(response) if "patch" in response else [])
