"""`plimsoll register` and `plimsoll serve --register` against the real API server: the first with an administrator's rights, the
second with exactly those of manifests/rbac.yaml.

A look of the keeper reads 00-plimsoll-jobs first, then zz-plimsoll-pods; what it did *not* do to the first is known once it has mended
the second.
"""

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from cluster.processes import environment_without_proxy, wait_until
from hooks import registration
from hooks.plimsoll import Plimsoll, program
from hooks.registration import MANIFESTS
from objects import job

JOBS, PODS = "00-plimsoll-jobs", "zz-plimsoll-pods"
ACCOUNT = "system:serviceaccount:plimsoll-system:plimsoll"
KIND = "mutatingwebhookconfigurations"
BROKEN = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n").decode()


@pytest.fixture(scope="module")
def cluster(admin) -> None:
    """manifests/ without the webhooks, which `plimsoll register` makes here."""
    manifests = registration.aimed_at(admin.kustomize(MANIFESTS), 0, b"")
    admin.apply(*(manifest for manifest in manifests if "webhooks" not in manifest))
    wait_until("the account", lambda: admin.within("plimsoll-system").attempt("get", "serviceaccount", "plimsoll").exit_code == 0)


@pytest.fixture
def unregistered(cluster, admin):
    registration.remove_webhooks(admin)
    yield
    registration.remove_webhooks(admin)


def make_token(admin, *flags: str) -> str:
    return admin.within("plimsoll-system").run("create", "token", "plimsoll", "--duration=10m", *flags).strip()


@pytest.fixture
def account(cluster, admin, control_plane, tmp_path) -> Path:
    """A kubeconfig of the server's account; its token is the file `token` beside it, as the kubelet would keep it."""
    (tmp_path / "token").write_text(make_token(admin))
    control_plane.write_kubeconfig(tmp_path / "kubeconfig", {"tokenFile": "token"})
    return tmp_path / "kubeconfig"


@pytest.fixture
def serve(account, tmp_path):
    """Starts replicas of `plimsoll serve --register`."""
    servers = []

    def start(*flags: str | Path, policy: Path = MANIFESTS / "policy.yaml", kubeconfig: Path = account) -> Plimsoll:
        directory = tmp_path / f"replica-{len(servers)}"
        directory.mkdir()
        servers.append(Plimsoll(directory, policy, ("--register", "--kubeconfig", kubeconfig, *flags)))
        return servers[-1]

    yield start
    for server in servers:
        assert server.stop() == 0, server.process.tail()


def run_register(kubeconfig: Path, *flags: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([program(), "register", "--kubeconfig", kubeconfig, *flags], text=True, capture_output=True, timeout=60,
                          check=False, env=environment_without_proxy())


def register(admin, *flags: str | Path, policy: Path = MANIFESTS / "policy.yaml") -> str:
    """What `plimsoll register` printed, run by the administrator."""
    done = run_register(admin.kubeconfig, "--policy", policy, *flags)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bundle(admin, name: str) -> str:
    return admin.get(KIND, name)["webhooks"][0]["clientConfig"].get("caBundle", "")


def version(admin, name: str) -> str:
    return admin.get(KIND, name)["metadata"]["resourceVersion"]


def break_bundle(admin, name: str) -> None:
    patch = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": BROKEN}]
    admin.run("patch", KIND, name, "--type=json", "-p", json.dumps(patch))


def wait_for_bundle(admin, name: str, pem: bytes) -> None:
    wait_until(f"the caBundle of {name}", lambda: base64.b64decode(bundle(admin, name)) == pem, seconds=30)


def let_look(admin, pem: bytes) -> None:
    """Returns when the keepers have looked at everything since: the second mending comes from a look that began after this did."""
    for _ in range(2):
        break_bundle(admin, PODS)
        wait_for_bundle(admin, PODS, pem)


def test_the_account_has_the_rights_that_shared_certificates_need(account, admin, tmp_path):
    secret = ("--secret", "plimsoll-system/plimsoll-tls", "--kubeconfig", account)
    try:
        made_by = ["--tls-secret", secret[1], "--service", "plimsoll.plimsoll-system", *secret[2:]]
        assert Plimsoll(tmp_path, certificates=made_by).stop() == 0
        done = subprocess.run([program(), "certs", "rotate", *secret, "--leaf"], text=True, capture_output=True, timeout=60, check=False,
                              env=environment_without_proxy())
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        admin.within("plimsoll-system").run("delete", "secret", "plimsoll-tls", "--ignore-not-found")


def test_register_creates_what_is_absent_and_leaves_alone_what_is_right(unregistered, admin):
    assert "would be created" in register(admin, "--dry-run")
    assert admin.attempt("get", KIND, JOBS).exit_code != 0

    assert f"{JOBS}: created\n" in (said := register(admin))
    assert "no caBundle yet" in said
    shipped = {m["metadata"]["name"]: m for m in yaml.safe_load_all((MANIFESTS / "webhook-configurations.yaml").read_text())}
    for name in (JOBS, PODS):
        made = admin.get(KIND, name)
        managed = json.loads(admin.run("get", KIND, name, "-o", "json", "--show-managed-fields"))["metadata"]["managedFields"]
        assert [entry["manager"] for entry in managed] == ["plimsoll"]
        for ours, wanted in zip(made["webhooks"], shipped[name]["webhooks"], strict=True):
            assert {field: ours[field] for field in wanted} == wanted

    before = version(admin, JOBS), version(admin, PODS)
    assert register(admin).count("is as it should be") == 3
    assert (version(admin, JOBS), version(admin, PODS)) == before


def test_register_brings_back_our_fields_and_no_others(unregistered, admin, tmp_path):
    register(admin)
    theirs = {"name": "other.example.com", "clientConfig": {"url": "https://192.0.2.1/x"}, "admissionReviewVersions": ["v1"],
              "sideEffects": "None", "failurePolicy": "Ignore", "rules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"],
                                                                           "resources": ["things"], "operations": ["CREATE"]}]}
    condition = {"name": "not-on-fridays", "expression": "true"}
    admin.run("patch", KIND, JOBS, "--type=json", "-p", json.dumps([
        {"op": "add", "path": "/metadata/labels/team", "value": "platform"},
        {"op": "add", "path": "/webhooks/0", "value": theirs},  # ours is the second now
        {"op": "add", "path": "/webhooks/1/matchConditions/0", "value": condition},
        {"op": "replace", "path": "/webhooks/1/matchConditions/1/expression", "value": "false"},
        {"op": "replace", "path": "/webhooks/1/timeoutSeconds", "value": 30},
        {"op": "remove", "path": "/webhooks/1/namespaceSelector/matchExpressions/1"},
        {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": BROKEN},
    ]))
    said = register(admin)
    assert "webhooks[1].timeoutSeconds: 30 → 2" in said
    after = admin.get(KIND, JOBS)
    assert after["metadata"]["labels"]["team"] == "platform"
    other, ours, *_others = after["webhooks"]
    assert other["name"] == "other.example.com" and other["clientConfig"] == theirs["clientConfig"]
    assert ours["matchConditions"][0] == condition
    assert "estimate.plimsoll.dev/" in ours["matchConditions"][1]["expression"]
    assert ours["timeoutSeconds"] == 2 and len(ours["namespaceSelector"]["matchExpressions"]) == 2
    assert ours["clientConfig"]["caBundle"] == BROKEN  # not ours to say without --ca-file
    assert register(admin).count("is as it should be") == 3


@pytest.mark.parametrize("fields", [
    pytest.param({"prefix": "est.example.com/"}, id="another prefix"),
    pytest.param({"jobControllers": ["o'brien", 'a "quoted" \\ name', "line\nbreak", "ünï ' in ['x'] || true"]}, id="hostile names"),
    pytest.param({"requireEstimate": {"namespace": ["a", "ml-*", "x?"], "kind": "Job"}}, id="namespaces by glob"),
    pytest.param({"requireEstimate": True, "namespaces": [
        {"match": {"names": ["free-*"]}, "policy": {"requireEstimate": False}},
        {"match": {"names": ["b"]}, "policy": {"requireEstimate": {"namespace": "c"}}}]}, id="overrides"),
    pytest.param({"skipNamespaces": [], "requireEstimate": True}, id="everything"),
    pytest.param({"kinds": [{"group": "example.com", "kind": "Odd", "level": "pod", "templates": ["/spec/a.b~1c/template", "/spec/in/template"]},
                            {"group": "example.com", "kind": "Plain", "level": "object", "templates": "/spec/podTemplate"}],
                  "namespaces": [{"match": {"names": ["git-*"]}, "policy": {"decideAt": "pod"}}]}, id="kinds"),
])
def test_registration_of_any_policy_is_accepted(unregistered, admin, tmp_path, fields):
    """The API server compiles the conditions as it takes them."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump({"apiVersion": "plimsoll.dev/v1alpha1", "kind": "Policy"} | fields))
    assert register(admin, policy=policy).count(": created") == 3
    assert register(admin, policy=policy).count("is as it should be") == 3
    register(admin)  # and from there to the shipped one
    assert register(admin).count("is as it should be") == 3


def test_account_may_do_what_it_needs_and_nothing_else(cluster, admin):
    def may(verb: str, what: str, namespace: str = "plimsoll-system") -> bool:
        asked = admin.attempt("auth", "can-i", verb, what, "--as", ACCOUNT, "-n", namespace)
        return asked.stdout.strip().endswith("yes")

    for verb in ("get", "patch"):
        assert may(verb, f"{KIND}/{JOBS}") and may(verb, f"{KIND}/{PODS}")
        assert not may(verb, f"{KIND}/other")
    validating = "validatingwebhookconfigurations"
    assert may("patch", f"{validating}/plimsoll-validate") and not may("patch", f"{validating}/other")
    for verb in ("create", "delete", "list", "watch", "update"):
        assert not may(verb, KIND) and not may(verb, f"{KIND}/{JOBS}")
    assert may("get", "secrets/plimsoll-tls") and may("patch", "secrets/plimsoll-tls") and may("create", "secrets")
    assert not may("get", "secrets/other") and not may("list", "secrets")
    assert not may("update", "secrets/plimsoll-tls") and not may("delete", "secrets/plimsoll-tls")
    assert not may("get", "secrets/plimsoll-tls", "default") and not may("create", "secrets", "default")
    assert not may("get", "pods") and not may("create", "pods")


def test_broken_bundle_is_mended_and_what_others_wrote_stays(unregistered, admin, kubectl, serve):
    server = serve()
    register(admin, "--service-port", str(server.port))
    wait_for_bundle(admin, JOBS, server.ca)
    wait_for_bundle(admin, PODS, server.ca)
    registration.wait_until_called(kubectl)

    admin.run("patch", KIND, JOBS, "--type=json", "-p", json.dumps([
        {"op": "replace", "path": "/webhooks/0/timeoutSeconds", "value": 7},
        {"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": BROKEN}]))
    admin.run("label", KIND, JOBS, "team=platform")
    wait_for_bundle(admin, JOBS, server.ca)
    admin.run("patch", KIND, PODS, "--type=json", "-p", '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]')
    wait_for_bundle(admin, PODS, server.ca)
    patch = [{"op": "replace", "path": "/webhooks/1/clientConfig/caBundle", "value": BROKEN}]
    admin.run("patch", "validatingwebhookconfigurations", "plimsoll-validate", "--type=json", "-p", json.dumps(patch))
    wait_until("the caBundle of plimsoll-validate", lambda: base64.b64decode(
        admin.get("validatingwebhookconfigurations", "plimsoll-validate")["webhooks"][1]["clientConfig"]["caBundle"]) == server.ca, seconds=30)

    after = admin.get(KIND, JOBS)
    assert after["webhooks"][0]["timeoutSeconds"] == 7
    assert after["metadata"]["labels"]["team"] == "platform"
    registration.wait_until_called(kubectl)
    assert server.metric(f'plimsoll_ca_bundle_repairs_total{{configuration="{JOBS}"}}') == 2
    assert server.metric(f'plimsoll_registration_misfits_total{{configuration="{JOBS}"}}') == 0


def test_edits_by_others_at_the_same_time_all_survive(unregistered, admin, serve):
    server = serve()
    register(admin)
    for number in range(30):
        admin.run("patch", KIND, JOBS, "--type=json", "-p", json.dumps([
            {"op": "add", "path": f"/metadata/labels/edit-{number}", "value": "x"},
            {"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": BROKEN}]))
    wait_for_bundle(admin, JOBS, server.ca)
    labels = admin.get(KIND, JOBS)["metadata"]["labels"]
    assert all(labels[f"edit-{number}"] == "x" for number in range(30))


def test_replicas_agree_and_follow_the_bundle_through_a_change_of_authority(unregistered, admin, serve, tmp_path):
    first, bundle_file = serve(), tmp_path / "bundle.crt"
    bundle_file.write_bytes(first.ca)
    register(admin)
    two = [serve("--ca-file", bundle_file), serve("--ca-file", bundle_file)]
    wait_for_bundle(admin, JOBS, first.ca)
    assert first.stop() == 0

    for pem in (first.ca + two[0].ca, two[0].ca):  # both authorities, then the new one alone
        staged = tmp_path / "bundle.new"
        staged.write_bytes(pem)
        staged.rename(bundle_file)
        wait_for_bundle(admin, JOBS, pem)
        let_look(admin, pem)
        settled = version(admin, JOBS)
        let_look(admin, pem)
        assert version(admin, JOBS) == settled  # nobody writes what is right

    bundle_file.write_text("no certificate")
    wait_until("it was told", lambda: all("no authority" in server.process.log.read_text() for server in two), seconds=30)
    assert base64.b64decode(bundle(admin, JOBS)) == two[0].ca


def test_bundle_is_left_alone_under_cert_manager(unregistered, admin, serve):
    server = serve()
    register(admin)
    wait_for_bundle(admin, JOBS, server.ca)
    admin.run("annotate", KIND, JOBS, "cert-manager.io/inject-ca-from=plimsoll-system/plimsoll")
    break_bundle(admin, JOBS)
    let_look(admin, server.ca)
    assert bundle(admin, JOBS) == BROKEN

    admin.run("annotate", KIND, JOBS, "cert-manager.io/inject-ca-from-")
    wait_for_bundle(admin, JOBS, server.ca)


def test_misfit_is_told_once_and_counted_until_it_is_mended(unregistered, admin, serve, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump({"apiVersion": "plimsoll.dev/v1alpha1", "kind": "Policy", "prefix": "est.example.com/"}))
    register(admin)
    server = serve(policy=policy)
    misfits = f'plimsoll_registration_misfits_total{{configuration="{JOBS}"}}'
    wait_until("two looks", lambda: server.metric(misfits) >= 2, seconds=30)
    warnings = [line for line in server.process.log.read_text().splitlines() if "does not fit" in line and JOBS in line]
    assert len(warnings) == 1 and "has-estimate" in warnings[0]

    register(admin, policy=policy)
    let_look(admin, server.ca)
    counted = server.metric(misfits)
    let_look(admin, server.ca)
    assert server.metric(misfits) == counted


def test_token_that_is_no_longer_valid_is_replaced_from_its_file(unregistered, admin, account, serve):
    own = admin.within("plimsoll-system")
    own.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token-life", "namespace": "plimsoll-system"}})
    token_file = account.parent / "token"
    token_file.write_text(make_token(admin, "--bound-object-kind=Secret", "--bound-object-name=token-life"))
    server = serve()
    register(admin)
    wait_for_bundle(admin, JOBS, server.ca)

    own.run("delete", "secret", "token-life")  # ends the token at once, where its ten minutes would be long
    wait_until("it is refused", lambda: "401" in server.process.log.read_text(), seconds=60)
    assert server.health("/readyz") == 200
    break_bundle(admin, JOBS)
    token_file.write_text(make_token(admin))
    wait_for_bundle(admin, JOBS, server.ca)


def test_server_serves_and_mends_through_a_restart_of_the_api_server(unregistered, admin, kubectl, control_plane, serve):
    server = serve()
    register(admin, "--service-port", str(server.port))
    wait_for_bundle(admin, JOBS, server.ca)
    break_bundle(admin, PODS)
    with control_plane.without_api_server():
        wait_until("it noticed", lambda: server.metric("plimsoll_registration_look_failures_total") > 0, seconds=30)
        assert server.health("/readyz") == 200
    wait_for_bundle(admin, PODS, server.ca)
    registration.wait_until_called(kubectl)
    kubectl.create(job("after", {"estimate.plimsoll.dev/memory": "1Gi"}))
    assert any(record["verdict"] == "Mutated" for record in server.all_audit_records(kubectl, "Job"))


def test_register_says_what_is_missing(unregistered, account, tmp_path):
    said = run_register(account)
    assert said.returncode == 1 and "403" in said.stderr and "cannot create resource" in said.stderr
    away = tmp_path / "away"
    away.write_text(account.read_text().replace("tokenFile: token", "exec: {command: aws}"))
    said = run_register(away)
    assert said.returncode == 2 and "exec is not supported: supported are token" in said.stderr
