"""Bad estimates of every key: 422, with the field, the value, what is wrong with it and what was probably meant."""

import time

import pytest

import reviews
from reviews import PREFIX

FIELD = "spec.template.metadata.annotations"
UNITS = 'write numbers with the units d, h, m, s, ms, us or ns, such as "90m", "1h30m" or "1d12h"'
SUFFIXES = 'write a number with one of the suffixes m k M G T P E Ki Mi Gi Ti Pi Ei or none, such as "500m", "2" or "12Gi"'
RELATIVE = '; a deadline is RFC 3339 or "+" and a duration, such as "+6h"'
RFC_3339 = 'is not a time; write RFC 3339, such as "2026-01-02T15:04:05Z" or "2026-01-02T15:04:05+01:00"'
MODELS = "is no GPU model of the policy, which lists: T4, A10, L4, A100, L40S, A100-80GB, H100"
INVALID, FORBIDDEN = "FieldValueInvalid", "FieldValueForbidden"

# key, value, what is wrong with it; the reason is FieldValueInvalid unless a fourth says otherwise.
CAUSES = [
    ("duration", "", f"is not a duration: it is empty; {UNITS}"),
    ("duration", "90", 'is not a duration: it has no unit; did you mean "90m"?'),
    ("duration", "soon", f'is not a duration: a number is missing before "soon"; {UNITS}'),
    ("duration", "0s", 'must be more than zero, such as "90m"'),
    ("duration", "-5m", 'must be more than zero, such as "90m"'),
    ("duration", "1h 30m", 'is not a duration: white space is not allowed; did you mean "1h30m"?'),
    ("duration", "5 min", 'is not a duration: white space is not allowed; did you mean "5m"?'),
    ("duration", "90minutes", 'is not a duration: unknown unit "minutes"; did you mean "90m"?'),
    ("duration", "1H", 'is not a duration: unknown unit "H"; did you mean "1h"?'),
    ("duration", "1w", 'is not a duration: unknown unit "w"; did you mean "7d"?'),
    ("duration", "P1M", 'is not a duration: years and months have no fixed length: say days, such as "P30D"'),
    ("duration", "02:30", 'is not a duration: hours and minutes, or minutes and seconds? Say "02:30:00" or "00:02:30"'),
    ("duration", "1.5.2h", f"is not a duration: a number has two decimal points; {UNITS}"),
    ("duration", "9999999999h", f"is not a duration: it is longer than 292 years; {UNITS}"),
    ("duration", "٣m", f'is not a duration: a number is missing before "٣m"; {UNITS}'),
    ("cpu", "", f"is not a quantity: it is empty; {SUFFIXES}"),
    ("cpu", "two", f"is not a quantity: it does not start with a number; {SUFFIXES}"),
    ("cpu", "2 cores", 'is not a quantity: white space is not allowed; did you mean "2"?'),
    ("cpu", "1,5", 'is not a quantity: a comma is not allowed; did you mean "1.5"?'),
    ("cpu", "0x10", 'is not a quantity: unknown suffix "x10"; did you mean "16"?'),
    ("cpu", "4000", 'is 4000 whole cores: did you mean "4000m"?'),
    ("cpu", "0", 'must be at least "1m" (a thousandth of a core)'),
    ("cpu", "-1", 'must be at least "1m" (a thousandth of a core)'),
    ("cpu", "2Gi", 'is a size, not a number of cores: use "2" or "500m"'),
    ("memory", "", f"is not a quantity: it is empty; {SUFFIXES}"),
    ("memory", "8", 'is 8 bytes: did you mean "8Gi"?'),
    ("memory", "512", 'is 512 bytes: did you mean "512Mi"?'),
    ("memory", "12GiB", 'is not a quantity: unknown suffix "GiB"; did you mean "12Gi"?'),
    ("memory", "12GB", 'is not a quantity: unknown suffix "GB"; did you mean "12G" or "12Gi"?'),
    ("memory", "4g", 'is not a quantity: unknown suffix "g"; did you mean "4G" or "4Gi"?'),
    ("memory", "4 Gi", 'is not a quantity: white space is not allowed; did you mean "4Gi"?'),
    ("memory", "1,5Gi", 'is not a quantity: a comma is not allowed; did you mean "1.5Gi"?'),
    ("memory", "lots", f"is not a quantity: it does not start with a number; {SUFFIXES}"),
    ("memory", "512m", 'is in thousandths of a byte: did you mean "512Mi"?'),
    ("memory", "1Ki", 'is less than the smallest estimate, "1Mi"'),
    ("memory", "0", 'must be more than zero, such as "4Gi"'),
    ("memory", "-4Gi", 'must be more than zero, such as "4Gi"'),
    ("memory", "2Ti", 'is above the most that the policy allows here, "1Ti"', FORBIDDEN),
    ("memory", "1e400", 'is above the most that the policy allows here, "1Ti"', FORBIDDEN),
    ("ephemeral-storage", "10", 'is 10 bytes: did you mean "10Gi"?'),
    ("ephemeral-storage", "10GB", 'is not a quantity: unknown suffix "GB"; did you mean "10G" or "10Gi"?'),
    ("ephemeral-storage", "-1Gi", 'must be more than zero, such as "4Gi"'),
    ("gpu", "", f"is not a quantity: it is empty; {SUFFIXES}"),
    ("gpu", "one", f"is not a quantity: it does not start with a number; {SUFFIXES}"),
    ("gpu", "0.5", f'must be a whole number of GPUs; say how much memory is needed with "{PREFIX}gpu-memory"'),
    ("gpu", "-1", "must not be negative"),
    ("gpu", "9", "is above the most GPUs that the policy allows a pod, 8", FORBIDDEN),
    ("gpu-memory", "16", 'is 16 bytes: did you mean "16Gi"?'),
    ("gpu-memory", "16GB", 'is not a quantity: unknown suffix "GB"; did you mean "16G" or "16Gi"?'),
    ("interruptible", "maybe", 'must be "true", "false", or how often the work is saved, such as "10m"'),
    ("cuda", "<=12.4", 'must be the oldest version that will do, such as ">=12.4"'),
    ("extended", "rdma/hca", 'must be a list such as "rdma/hca=1,hugepages-2Mi=4Gi"'),
    ("extended", "rdma/hca=0.5", 'at "rdma/hca": must be a whole number, more than zero'),
    ("gpu-memory", "16Gi", f'says how much memory each GPU needs, but not how many GPUs: add "{PREFIX}gpu"'),
    ("gpu-model", "", MODELS),
    ("gpu-model", "H200", MODELS),
    ("gpu-model", "H100,B200", f'"B200" {MODELS}'),
    ("deadline", "", RFC_3339 + RELATIVE),
    ("deadline", "tomorrow", RFC_3339 + RELATIVE),
    ("deadline", "2099-02-30T00:00:00Z", RFC_3339 + RELATIVE),
    ("deadline", "+6", 'must be an RFC 3339 time or "+" and a duration, such as "+6h"'),
    ("deadline", "+-6h", 'must be an RFC 3339 time or "+" and a duration, such as "+6h"'),
    ("confidence", "", 'must be "low", "medium" or "high"'),
    ("confidence", "High", 'must be "low", "medium" or "high"'),
    ("confidence", "0.9", 'must be "low", "medium" or "high"'),
    ("container", "", "is no container here; there are: main"),
    ("container", "mian", 'is no container here: did you mean "main"?'),
    ("container", "trainer", "is no container here; there are: main"),
    ("containers", "", 'must be JSON such as {"main": {"memory": "4Gi"}}'),
    ("containers", "main", 'must be JSON such as {"main": {"memory": "4Gi"}}'),
    ("containers", "[" * 50, 'must be JSON such as {"main": {"memory": "4Gi"}}'),
    ("containers", '{"main": 5}', '"main": must be an object such as {"memory": "4Gi"}'),
    ("memory.main", "8", 'is 8 bytes: did you mean "8Gi"?'),
    ("cpu.main", "4000", 'is 4000 whole cores: did you mean "4000m"?'),
    ("memory.mian", "4Gi", 'names a container that is not here: did you mean "main"?'),
    ("memroy", "4Gi", f'is no known estimate: did you mean "{PREFIX}memory"?', FORBIDDEN),
    ("Memory", "4Gi", f'is no known estimate: did you mean "{PREFIX}memory"?', FORBIDDEN),
    ("cpus", "2", f'is no known estimate: did you mean "{PREFIX}cpu"?', FORBIDDEN),
    ("gpus", "1", f'is no known estimate: did you mean "{PREFIX}gpu"?', FORBIDDEN),
    ("durration", "1h", f'is no known estimate: did you mean "{PREFIX}duration"?', FORBIDDEN),
    ("memroy.main", "4Gi", f'is no known estimate: did you mean "{PREFIX}memory.main"?', FORBIDDEN),
]


def refusal(server, annotations: dict, **options) -> list[dict]:
    """The causes of the refusal of a Job with these annotations."""
    review = reviews.make_review(reviews.make_job(annotations, **options))
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert not response["allowed"]
    status = response["status"]
    assert (status["status"], status["code"], status["reason"]) == ("Failure", 422, "Invalid")
    assert (status["details"]["kind"], status["details"]["name"]) == ("Job", "train")
    assert status["message"].startswith("the estimate of this Job has ") and status["message"].isprintable()
    for cause in status["details"]["causes"]:
        assert set(cause) == {"reason", "message", "field"}
        assert cause["field"].isprintable() and cause["message"].isprintable()
    assert response["auditAnnotations"]["verdict"] == "Rejected"
    return status["details"]["causes"]


def cause(key: str, value: str, wrong: str, reason: str = INVALID) -> dict:
    return {"reason": reason, "field": f"{FIELD}[{PREFIX}{key}]", "message": f'Invalid value: "{value}": {wrong}'}


@pytest.mark.parametrize("row", CAUSES, ids=lambda row: f"{row[0]}={row[1][:20]}")
def test_a_bad_estimate_is_refused_with_its_cause(server, row):
    key, value = row[:2]
    assert refusal(server, {PREFIX + key: value}) == [cause(*row)]


IN_CONTAINERS = [
    ('{"main": {"memory": "8"}}', "[main][memory]", "8", 'is 8 bytes: did you mean "8Gi"?', INVALID),
    ('{"main": {"cpu": 4000}}', "[main][cpu]", "4000", 'is 4000 whole cores: did you mean "4000m"?', INVALID),
    ('{"main": {"memory": []}}', "[main][memory]", "[]", 'must be a string such as "4Gi"', INVALID),
    ('{"main": {"memory": null}}', "[main][memory]", "null", 'must be a string such as "4Gi"', INVALID),
    ('{"main": {"memroy": "8Gi"}}', "[main][memroy]", "8Gi", 'is no known estimate: did you mean "memory"?', FORBIDDEN),
    ('{"mian": {"cpu": "1"}}', "[mian][cpu]", "1", 'names a container that is not here: did you mean "main"?', INVALID),
]


@pytest.mark.parametrize("row", IN_CONTAINERS, ids=lambda row: row[0])
def test_a_bad_estimate_in_the_containers_annotation_is_refused_with_its_member(server, row):
    text, member, value, wrong, reason = row
    want = {"reason": reason, "field": f"{FIELD}[{PREFIX}containers]{member}", "message": f'Invalid value: "{value}": {wrong}'}
    assert refusal(server, estimates := {PREFIX + "containers": text}) == [want], estimates


def test_values_are_strings(server):
    for value in (5, 2.5, True, ["4Gi"], {"main": "4Gi"}):
        [cause] = refusal(server, {PREFIX + "memory": value})
        assert cause["field"] == f"{FIELD}[{PREFIX}memory]"
        assert "is not a string: quote it: " in cause["message"]


def test_a_deadline_that_has_passed_is_refused_with_the_time(server):
    [cause] = refusal(server, reviews.estimates(deadline="2020-01-01T00:00:00Z"))
    now = time.strftime("%Y-%m-%dT%H:", time.gmtime())
    assert cause["message"].startswith('Invalid value: "2020-01-01T00:00:00Z": has passed (it is ' + now)


def test_two_containers_that_could_be_meant_are_named(server):
    containers = [{"name": "loader", "image": "x"}, {"name": "trainer", "image": "x"}, {"name": "istio-proxy", "image": "x"}]
    [cause] = refusal(server, reviews.ESTIMATE, containers=containers)
    assert cause == {"reason": "FieldValueRequired", "field": f"{FIELD}[{PREFIX}container]",
                     "message": "Required value: is needed: the estimate could be about any of: loader, trainer (or \"*\": all of them together)"}


def test_all_problems_are_said_at_once(server):
    causes = refusal(server, reviews.estimates(duration="90", memory="12GiB", cpu="4000", gpu="0.5", confidence="sure", memroy="1Gi"))
    assert {cause["field"] for cause in causes} == {
        f"{FIELD}[{PREFIX}{key}]" for key in ("duration", "memory", "cpu", "gpu", "confidence", "memroy")}


def test_a_thousand_problems_are_cut_at_twenty(server):
    assert len(refusal(server, {f"{PREFIX}memory.c{i}": "8" for i in range(1000)},
                       containers=[{"name": f"c{i}", "image": "x"} for i in range(200)])) == 20


HOSTILE = ["\x1b[31mred", "a\r\nb", "\u202egnp.exe", "\u200b", "\x7f", "x" * 100_000, "\ufeff8", '"', "\\", "{{.}}", "%s%n", "<script>", "$(id)"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:10]))
def test_hostile_text_is_cut_and_escaped_wherever_it_is_echoed(server, text):
    annotations = {PREFIX + "memory": text, PREFIX + "cpu": "4000", f"{PREFIX}memroy{text}": "1", f"{PREFIX}memory.{text}": "1Gi",
                   f"{PREFIX}mem{text[:2]}ory": "1"}
    causes = refusal(server, annotations)  # checks what is printable
    for cause in causes:
        assert len(cause["field"]) < 300 and len(cause["message"]) < 500


def test_a_pods_and_a_templates_estimates_are_named_where_they_stand(server):
    for obj, field in ((reviews.make_pod(reviews.estimates(gpu="one")), "metadata.annotations"),
                       (reviews.make_job(reviews.estimates(gpu="one")), FIELD)):
        review = reviews.make_review(obj)
        response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
        assert response["status"]["details"]["causes"][0]["field"] == f"{field}[{PREFIX}gpu]"
    job = reviews.make_job({})
    job["metadata"]["annotations"] = reviews.estimates(gpu="one")
    review = reviews.make_review(job)
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert response["status"]["details"]["causes"][0]["field"] == f"metadata.annotations[{PREFIX}gpu]"


def test_what_a_controller_creates_is_warned_of_and_admitted(server):
    """With nobody watching, a refusal would be repeated for ever."""
    annotations = reviews.estimates(memory="8", cpu="2", **{"containers": "x" * 500})
    job = reviews.make_job(annotations)
    job["metadata"]["ownerReferences"] = [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "1", "controller": True}]
    review = reviews.make_review(job)
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert any(f'{PREFIX}memory]: "8" is 8 bytes' in warning for warning in response["warnings"])
    resources = reviews.read_patched(response, job)["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"cpu": "2"}}
    record = server.record_of(response["uid"])
    assert record["verdict"] == "Mutated" and record["owner"] == "CronJob/nightly"
    assert [problem["path"] for problem in record["problems"]] == [f"{FIELD}[{PREFIX}{key}]" for key in ("containers", "memory")]


@pytest.mark.parametrize("key", ["someday", "preemptible", "cuda", "", "memory\x1b[31m-as-expected", "x" * 200, "cpu.sidecar\u202e", "." * 60])
def test_a_key_that_is_like_no_other_is_warned_of(server, key):
    review = reviews.make_review(reviews.make_job({**reviews.ESTIMATE, PREFIX + key: "1"}))
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    assert response["allowed"] and len(response["warnings"]) == 1
