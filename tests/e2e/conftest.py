"""Fixtures of the end-to-end tests: one control plane for the session, one namespace per test."""

import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import build
from cluster.api_server import AuditLog
from cluster.control_plane import ControlPlane
from cluster.kubectl import Kubectl, Object
from cluster.processes import wait_until
from hooks import registration
from hooks.plimsoll import Plimsoll
from hooks.registration import MANIFESTS
from hooks.stand_in import StandIn, inject_sidecar
from objects import pod

_kept_logs = pytest.StashKey[Path]()
_namespace_numbers = itertools.count(1)


def pytest_configure() -> None:
    missing = build.missing_programs()
    if missing:
        pytest.exit(f"not built yet: {', '.join(missing)}. `make e2e` builds them (tests/e2e/cluster/build.py)", returncode=2)


def pytest_report_header() -> str:
    return f"control plane: {build.find_programs()['kube-apiserver']}"


def pytest_terminal_summary(terminalreporter, config) -> None:
    if _kept_logs in config.stash:
        terminalreporter.write_line(f"logs of the control plane and of plimsoll: {config.stash[_kept_logs]}")


@pytest.fixture(scope="session")
def state_directory(request) -> Iterator[Path]:
    """Where the session's programs keep their state and logs; the logs stay when a test fails or PLIMSOLL_KEEP_LOGS is set."""
    directory = Path(tempfile.mkdtemp(prefix="plimsoll-e2e-"))
    yield directory
    if request.session.testsfailed or os.environ.get("PLIMSOLL_KEEP_LOGS"):
        for entry in directory.iterdir():
            if entry.name != "log":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        request.config.stash[_kept_logs] = directory / "log"
    else:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def control_plane(state_directory) -> Iterator[ControlPlane]:
    control_plane = ControlPlane(build.find_programs(), state_directory)
    control_plane.start()
    yield control_plane
    control_plane.stop()


@pytest.fixture(scope="session")
def admin(control_plane) -> Kubectl:
    """kubectl in namespace `default`, for what belongs to the whole cluster."""
    return control_plane.kubectl


@pytest.fixture(scope="session")
def api_audit_log(control_plane) -> AuditLog:
    """The API server's own audit log."""
    return AuditLog(control_plane.audit_log)


@pytest.fixture
def make_namespace(admin, request) -> Iterator[Callable[..., Kubectl]]:
    """Makes a namespace with the given labels and returns kubectl in it; removed after the test."""
    names = []

    def make(labels: dict[str, str] | None = None) -> Kubectl:
        slug = re.sub("[^a-z0-9]+", "-", request.node.originalname.removeprefix("test_").lower())[:40].strip("-")
        name = f"{slug}-{next(_namespace_numbers)}"
        admin.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}})
        names.append(name)
        kubectl = admin.within(name)
        kubectl.wait_for_service_account()
        return kubectl

    yield make
    if names:
        admin.run("delete", "namespace", "--wait=false", *names)


@pytest.fixture
def kubectl(make_namespace) -> Kubectl:
    """kubectl in a fresh namespace."""
    return make_namespace()


@pytest.fixture(scope="module")
def policy() -> Path:
    """The policy that `plimsoll` runs with: the shipped one, unless a module has a fixture of this name."""
    return MANIFESTS / "policy.yaml"


@pytest.fixture(scope="module")
def plimsoll(admin, control_plane, policy, request) -> Iterator[Plimsoll]:
    """The real program, called by the API server as manifests/ says, until the module's tests are over."""
    directory = control_plane.logs / request.module.__name__
    directory.mkdir()
    server = Plimsoll(directory, policy)
    try:
        registration.apply_manifests(admin, server.port, server.ca)
        yield server
    finally:
        registration.remove_webhooks(admin)
        exit_code = server.stop()
    assert exit_code == 0, f"plimsoll ended with {exit_code}; its log ends:\n{server.process.tail()}"


@pytest.fixture
def inject_sidecars(admin, kubectl, state_directory) -> Iterator[Callable[[str], StandIn]]:
    """Registers, under the given configuration name, a webhook that adds a sidecar to the Pods of the test's namespace.
    Names before "zz-plimsoll-pods" make it run before Plimsoll's hook."""
    undo: list[Callable[[], object]] = []

    def inject(configuration: str) -> StandIn:
        server = StandIn(state_directory, f"sidecar-injector.{kubectl.namespace}.svc", inject_sidecar)
        undo.append(server.stop)
        undo.append(lambda: admin.run("delete", "mutatingwebhookconfiguration", configuration, "--ignore-not-found"))
        registration.register_sidecar_injector(kubectl, configuration, server.port, server.ca)
        return server

    yield inject
    for step in reversed(undo):
        step()


@pytest.fixture
def make_priority_class(admin) -> Iterator[Callable[[Object], None]]:
    """Makes a PriorityClass, and takes it away after the test: a class may be the default of every namespace."""
    names = []

    def make(priority_class: Object) -> None:
        names.append(priority_class["metadata"]["name"])
        admin.apply(priority_class)

    yield make
    if names:
        admin.run("delete", "priorityclass", *names)
        # Admission learns of it through a watch of its own; a default that lingers would be the next test's.
        wait_until("no default class", lambda: "priorityClassName" not in admin.create(pod("probe"), "--dry-run=server")["spec"])
