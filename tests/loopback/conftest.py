"""One server for the tests that only ask, with the shipped policy; those about its life start their own."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import reviews
from program import PROGRAM, Server, serving
from wire import Connection

_numbers = itertools.count(1)


def pytest_configure() -> None:
    if not PROGRAM.is_file():
        pytest.exit(f"{PROGRAM} is not built yet: `make build` does it, or name another with PLIMSOLL_BIN", returncode=2)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("shared"), "--log-level=debug") as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def slow_head(shared_server) -> Iterator[tuple[Connection, float]]:
    """A request whose head never ends, and when it began: at the start of the session, so that no test need wait for its end."""
    with shared_server.connect() as connection:
        started = time.monotonic()
        connection.send(b"POST /mutate HTTP/1.1\r\nHost: local")
        yield connection, started


@pytest.fixture
def server(shared_server) -> Iterator[Server]:
    """The shared server; after the test it must be the same process still, and answer a good request as ever."""
    pid = shared_server.process.pid
    yield shared_server
    assert shared_server.process.poll() is None, shared_server.log.read_text()
    review = reviews.make_review(reviews.make_job())
    response = reviews.read_answer(shared_server.exchange(reviews.post_review(review)), review)
    stored = reviews.read_patched(response, review["request"]["object"])
    requests = stored["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]
    assert requests == {"cpu": "2", "memory": "5Gi"}
    assert shared_server.process.pid == pid


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Server]]:
    """Starts servers of the test's own."""
    with ExitStack() as stack:

        def start_one(*arguments: str | Path, **options) -> Server:
            return stack.enter_context(serving(tmp_path / f"server-{next(_numbers)}", *arguments, **options))

        yield start_one
