"""Bodies that are no review are answered 400 with the reason; reviews of something that is no workload are allowed as they are, and
say why. Neither takes the server down."""

import gzip
import json

import pytest

import reviews
from reviews import PREFIX
from wire import post

GOOD = reviews.encode(reviews.make_review(reviews.make_job(), uid="good"))
KIB, MIB = 1 << 10, 1 << 20


def replace(old: str | bytes, new: str | bytes) -> bytes:
    old, new = (part.encode() if isinstance(part, str) else part for part in (old, new))
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


# name: (body, what the answer says)
MALFORMED = {
    "nothing": (b"", "byte 0: not JSON: there is no value"),
    "blanks": (b" \n\t ", "not JSON: there is no value"),
    "a word": (b"hello", "byte 0: not JSON: no value can begin here"),
    "HTML": (b"<html></html>", "byte 0: not JSON: no value can begin here"),
    "YAML": (b"kind: AdmissionReview\n", "byte 0: not JSON: no value can begin here"),
    "the last byte is missing": (GOOD[:-1], f"byte {len(GOOD) - 1}: not JSON: a comma or }} is missing"),
    "cut in a string": (GOOD[:GOOD.index(b"train") + 2], "not JSON: a string is not closed"),
    "cut after a key": (b'{"kind":', "byte 8: not JSON"),
    "a byte behind": (GOOD + b"x", f"byte {len(GOOD)}: not JSON: something follows the value"),
    "two reviews": (GOOD + GOOD, "something follows the value"),
    "a NUL behind": (GOOD + b"\0", f"byte {len(GOOD)}: not JSON: a NUL byte"),
    "NULs": (b"\0" * 100, "byte 0: not JSON: a NUL byte"),
    "a NUL in a string": (replace("train", b"tr\0ain"), "not JSON: a NUL byte"),
    "gzip": (gzip.compress(GOOD), "not JSON"),
    "a byte-order mark": (b"\xef\xbb\xbf" + GOOD, "byte 0: not JSON"),
    "UTF-16": (GOOD.decode().encode("utf-16-le"), "byte 1: not JSON: a NUL byte"),
    "a byte that is no UTF-8": (replace("train", b"tr\xffain"), "not JSON: malformed UTF-8"),
    "an overlong encoding": (replace("train", b"tr\xc0\xafain"), "not JSON: malformed UTF-8"),
    "an encoded surrogate": (replace("train", b"\xed\xa0\x80"), "not JSON: malformed UTF-8"),
    "a code point above Unicode": (replace("train", b"\xf5\x80\x80\x80"), "not JSON: malformed UTF-8"),
    "a lone high surrogate": (replace("train", r"\ud800"), "not JSON: half of a surrogate pair"),
    "a lone low surrogate": (replace("train", r"\udc00"), "not JSON: half of a surrogate pair"),
    "a line break in a string": (replace("train", "tr\nain"), "a control character that should be escaped"),
    "an unknown escape": (replace("train", r"tr\x41in"), "an unknown escape"),
    "a comment": (b"/* review */" + GOOD, "byte 0: not JSON"),
    "a trailing comma": (GOOD[:-1] + b",}", "not JSON: a member's name in double quotes is missing"),
    "single quotes": (GOOD.replace(b'"', b"'"), "byte 1: not JSON: a member's name in double quotes is missing"),
    "a key without quotes": (replace('"kind"', "kind"), "not JSON: a member's name in double quotes is missing"),
    "NaN": (replace("false", "NaN"), "not JSON: no value can begin here"),
    "Infinity": (replace("false", "-Infinity"), "not JSON"),
    "100,000 digits": (replace("false", "9" * 100_000), "not JSON: a number is too large"),
    "a huge exponent": (replace("false", "1e999999"), "not JSON: a number is too large"),
    "a leading zero": (replace("false", "007"), "not JSON"),
    "3,000,000 open arrays": (b"[" * 3_000_000, "byte 1025: JSON nested deeper than 1024 levels"),
    "1,000,000 open objects": (b'{"a":' * 1_000_000, "JSON nested deeper than 1024 levels"),
    "3,000,000 nested arrays in a review": (replace('"oldObject": null', '"oldObject": ' + "[" * 3_000_000 + "]" * 3_000_000),
                                            "JSON nested deeper than 1024 levels"),
    "null": (b"null", "the body is null, not an AdmissionReview object"),
    "a boolean": (b"true", "the body is a boolean, not an AdmissionReview object"),
    "a number": (b"42", "the body is a number, not an AdmissionReview object"),
    "a string": (b'"AdmissionReview"', "the body is a string, not an AdmissionReview object"),
    "an array": (b"[%s]" % GOOD, "the body is an array, not an AdmissionReview object"),
    "an empty object": (b"{}", "/kind: kind is missing, not AdmissionReview"),
    "no kind": (replace('"kind": "AdmissionReview", ', ""), "/kind: kind is missing, not AdmissionReview"),
    "another kind": (replace("AdmissionReview", "ConversionReview"), '/kind: kind is "ConversionReview", not AdmissionReview'),
    "a kind that is a number": (replace('"AdmissionReview"', "7"), "/kind: kind is a number, not AdmissionReview"),
    "a kind of 1 MiB": (replace("AdmissionReview", "x" * MIB), 'kind is "' + "x" * 64 + '…", not AdmissionReview'),
    "a kind that rings the bell": (replace("AdmissionReview", r"\u0007\u202e"), r'kind is "\u{7}\u{202e}", not AdmissionReview'),
    "version v2": (replace("k8s.io/v1", "k8s.io/v2"), '/apiVersion: apiVersion is "admission.k8s.io/v2", not admission.k8s.io/v1 or'),
    "another group": (replace("admission.k8s.io/v1", "batch/v1"), '/apiVersion: apiVersion is "batch/v1", not admission.k8s.io/v1 or'),
    "no version": (replace('"apiVersion": "admission.k8s.io/v1", ', ""), "/apiVersion: apiVersion is missing"),
    "a version that is null": (replace('"admission.k8s.io/v1"', "null"), "/apiVersion: apiVersion is null"),
    "no request": (b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}', "/request: request is missing, not an object"),
    "a response": (b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "1"}}', "/request: request is missing"),
    "the key request twice, first a number": (replace('"request"', '"request": 5, "request"'), "/request: request is a number"),
    "a request that is an array": (replace('"request": {', '"request": [], "_": {'), "/request: request is an array, not an object"),
    "no uid": (replace('"uid": "good", ', ""), "/request/uid: request.uid is missing, not a string"),
    "an empty uid": (replace('"good"', '""'), "/request/uid: request.uid is empty"),
    "a uid that is a number": (replace('"good"', "7"), "/request/uid: request.uid is a number, not a string"),
    "a uid that is null": (replace('"good"', "null"), "/request/uid: request.uid is null, not a string"),
    "a uid that is an object": (replace('"good"', '{"a": 1}'), "/request/uid: request.uid is an object, not a string"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_is_refused_with_the_reason(server, name):
    body, want = MALFORMED[name]
    response = server.exchange(post(body))
    assert response.status == 400
    assert want in response.text
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(response.body) < KIB
    assert response.text.rstrip("\n").isprintable()


# What stands at a path of the review, and the warning; None: nothing is to be said.
NO_WORKLOAD = {
    "object null": ("object", None, "spec.template.spec: there is no pod spec here"),
    "object an array": ("object", [], "spec.template.spec: there is no pod spec here"),
    "object a string": ("object", "Job", "spec.template.spec: there is no pod spec here"),
    "object empty": ("object", {}, "spec.template.spec: there is no pod spec here"),
    "spec an array": ("object.spec", [], "spec.template.spec: there is no pod spec here"),
    "spec null": ("object.spec", None, "spec.template.spec: there is no pod spec here"),
    "template an array": ("object.spec.template", [], "spec.template.spec: there is no pod spec here"),
    "pod spec an array": ("object.spec.template.spec", [{}], "spec.template.spec: there is no pod spec here"),
    "metadata an array": ("object.metadata", [], "metadata: must be a map"),
    "template's metadata an array": ("object.spec.template.metadata", [], "spec.template.metadata: must be a map"),
    "annotations an array": ("object.spec.template.metadata.annotations", [], "spec.template.metadata.annotations: must be a map"),
    "annotations a string": ("object.spec.template.metadata.annotations", "memory: 4Gi",
                             "spec.template.metadata.annotations: must be a map"),
    "containers an object": ("object.spec.template.spec.containers", {"main": {}}, "spec.template.spec.containers: must be a list"),
    "containers a string": ("object.spec.template.spec.containers", "main", "spec.template.spec.containers: must be a list"),
    "a container a number": ("object.spec.template.spec.containers", [5], "spec.template.spec.containers[0]: every container must have a name"),
    "a container an array": ("object.spec.template.spec.containers", [[]], "spec.template.spec.containers[0]: every container must have a name"),
    "a name a number": ("object.spec.template.spec.containers.0.name", 5, "spec.template.spec.containers[0]: every container must have a name"),
    "a name empty": ("object.spec.template.spec.containers.0.name", "", "spec.template.spec.containers[0]: every container must have a name"),
    "initContainers an object": ("object.spec.template.spec.initContainers", {"a": 1}, "spec.template.spec.initContainers: must be a list"),
    "resources an array": ("object.spec.template.spec.containers.0.resources", [], "spec.template.spec.containers[0].resources: must be a map"),
    "resources a string": ("object.spec.template.spec.containers.0.resources", "4Gi", "spec.template.spec.containers[0].resources: must be a map"),
    "requests an array": ("object.spec.template.spec.containers.0.resources", {"requests": []},
                          "spec.template.spec.containers[0].resources.requests: must be a map"),
    "limits a number": ("object.spec.template.spec.containers.0.resources", {"limits": 2},
                        "spec.template.spec.containers[0].resources.limits: must be a map"),
    "an amount an array": ("object.spec.template.spec.containers.0.resources", {"requests": {"cpu": []}},
                           'spec.template.spec.containers[0].resources.requests.cpu: must be a quantity, such as "2" or "4Gi"'),
    "an amount no quantity": ("object.spec.template.spec.containers.0.resources", {"limits": {"memory": "lots"}},
                              'spec.template.spec.containers[0].resources.limits.memory: "lots" is not a quantity'),
    "kind a string": ("kind", "Job", None),
    "kind an array": ("kind", [], None),
    "no such operation": ("operation", "CREAT", None),
    "operation a number": ("operation", 5, None),
}


def change(review: dict, path: str, value) -> None:
    *parents, last = path.split(".")
    at = review["request"]
    for key in parents:
        at = at[int(key)] if isinstance(at, list) else at[key]
    at[int(last) if isinstance(at, list) else last] = value


@pytest.mark.parametrize("name", NO_WORKLOAD)
def test_what_is_no_workload_is_allowed_as_it_is_and_the_reason_is_said(server, name):
    path, value, warning = NO_WORKLOAD[name]
    review = reviews.make_review(reviews.make_job())
    change(review, path, value)
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert response["allowed"] and "patch" not in response
    warnings = response.get("warnings", [])
    assert len(warnings) == (warning is not None)
    assert all(text.startswith(warning) for text in warnings)
    assert server.record_of(response["uid"])["verdict"] == "Skipped"


# Where only a member beside the estimate is odd, the numbers still come.
ODD = {
    "userInfo an array": ("userInfo", []),
    "groups a string": ("userInfo.groups", "system:masters"),
    "groups of numbers": ("userInfo.groups", [1, None, {}]),
    "dryRun a string": ("dryRun", "yes"),
    "namespace a number": ("namespace", 5),
    "name an array": ("name", []),
    "owners an object": ("object.metadata.ownerReferences", {"controller": True}),
    "an owner a number": ("object.metadata.ownerReferences", [5]),
    "an unknown field with a number beyond 64 bits": ("object.spec.someday", 123456789012345678901234567890),
    "a marker that is no JSON": ("object.spec.template.metadata.annotations.plimsoll/dev/decision", "{"),
    "a marker that is an array": ("object.spec.template.metadata.annotations.plimsoll/dev/decision", "[]"),
    "a marker of another format": ("object.spec.template.metadata.annotations.plimsoll/dev/decision", '{"v":99,"set":7}'),
    "a marker with wrong types": ("object.spec.template.metadata.annotations.plimsoll/dev/decision", '{"v":1,"set":[],"was":"x","estimate":5}'),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_members_beside_the_estimate_do_not_matter(server, name):
    path, value = ODD[name]
    review = reviews.make_review(reviews.make_job())
    if path.endswith("plimsoll/dev/decision"):
        review["request"]["object"]["spec"]["template"]["metadata"]["annotations"] = {**reviews.ESTIMATE, "plimsoll.dev/decision": value}
    else:
        change(review, path, value)
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    stored = reviews.read_patched(response, review["request"]["object"])
    assert stored["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] == {"cpu": "2", "memory": "5Gi"}


# Rules add to these; a shape that they cannot add to is the author's to mend, not a fault of ours.
MISSHAPEN = {
    "tolerations an object": {"tolerations": {}},
    "tolerations a string": {"tolerations": "all"},
    "affinity an array": {"affinity": []},
    "node affinity a string": {"affinity": {"nodeAffinity": "x"}},
    "preferred terms an object": {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": {}}}},
    "pod anti-affinity an array": {"affinity": {"podAntiAffinity": []}},
    "nodeSelector an array": {"nodeSelector": []},
    "a deadline a string": {"activeDeadlineSeconds": "soon"},
    "a priority class a number": {"priorityClassName": 5},
    "restartPolicy a number": {"restartPolicy": 5},
    "volumes an object": {"volumes": {}},
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_misshapen_pod_spec_is_no_bug_of_ours(server, name):
    annotations = reviews.estimates(duration="90m", memory="40Gi", gpu="1", gpu_memory="20Gi")
    review = reviews.make_review(reviews.make_job(annotations))
    review["request"]["object"]["spec"]["template"]["spec"].update(MISSHAPEN[name])
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert response["allowed"]
    assert server.record_of(response["uid"])["verdict"] != "Failed"


def test_of_a_key_that_is_there_twice_the_first_counts(server):
    """As in the policy's YAML reader nothing is merged; the API server itself never sends such a review."""
    review = reviews.make_review(reviews.make_job())
    body = reviews.encode(review).replace(b'"uid": ', b'"uid": "first", "uid": ')
    response = json.loads(server.exchange(post(body)).body)["response"]
    assert response["uid"] == "first"


def test_a_body_of_exactly_8_mib_is_taken(server):
    review = reviews.make_review(reviews.make_job())
    body = reviews.encode(review)
    response = reviews.read_answer(server.exchange(post(body + b" " * (8 * MIB - len(body)))), review)
    assert "patch" in response


def make_large(**pod_spec) -> dict:
    job = reviews.make_job(reviews.estimates(duration="90m", memory="40Gi", gpu="1"))
    job["spec"]["template"]["spec"].update(pod_spec)
    return job


def containers(count: int, **first) -> list[dict]:
    return [{"name": "main", "image": "x", **first}] + [{"name": f"istio-{i}", "image": "x"} for i in range(1, count)]


def terms(count: int) -> dict:
    one = {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [one] * count}}}


TOLERATIONS = [{"key": f"key-{i}", "operator": "Exists"} for i in range(30_000)]
# Some MiB each, as an author may send them: the API server looks for what is too large only later.
LARGE = {
    "containers": make_large(containers=containers(50_000)),
    "tolerations": make_large(tolerations=TOLERATIONS),
    "affinity terms": make_large(affinity=terms(30_000)),
    "volumes in memory, all mounted": make_large(
        volumes=[{"name": f"v{i}", "emptyDir": {"medium": "Memory", "sizeLimit": "1Ki"}} for i in range(25_000)],
        containers=containers(1, volumeMounts=[{"name": f"v{i}", "mountPath": "/x"} for i in range(25_000)])),
    "resources": make_large(containers=containers(1, resources={"limits": {f"example.com/{i}": "1" for i in range(100_000)}})),
    "estimates": reviews.make_job({f"{PREFIX}key-{i}": "1" for i in range(50_000)}),
    "estimates of containers": reviews.make_job({PREFIX + "containers": json.dumps({f"c{i}": {"memory": "8"} for i in range(100_000)})}),
    "a model list": reviews.make_job({PREFIX + "gpu-model": "x," * 1_000_000}),
    "an argument": make_large(containers=containers(1, args=["-Xmx" * 1_000_000])),
    "a number": reviews.make_job({PREFIX + "memory": "1" * 3_000_000}),
    "a marker": reviews.make_job({**reviews.ESTIMATE, "plimsoll.dev/decision": json.dumps(
        {"v": 1, "policy": "p", "estimate": "e", "container": "main", "set": {"tolerations": TOLERATIONS}})}),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_object_does_not_keep_others_waiting(server, name):
    """What takes as long as the square of its size takes far longer than this with such objects."""
    review = reviews.make_review(LARGE[name])
    record = server.record_of(reviews.read_answer(server.exchange(reviews.post_review(review)), review)["uid"])
    assert record["latencyUs"] < 3_000_000
