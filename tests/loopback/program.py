"""The built program as a child process: run to its end, or serving until it is told to stop."""

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wire import Connection, Response, plain_get

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = Path(os.environ.get("PLIMSOLL_BIN") or ROOT / "build" / "plimsoll").resolve()
POLICY = ROOT / "manifests" / "policy.yaml"

# Generous: sanitizers and a busy machine make the program many times slower, never wrong.
PATIENCE = 20.0


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's variables without those that the program reads."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
    return {**kept, "NO_COLOR": "1", **(extra or {})}


def run(*arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None, cwd: Path | None = None):
    """Runs one command to its end; the output is decoded, bytes that are no UTF-8 included."""
    done = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, timeout=PATIENCE, env=environment(env), cwd=cwd)
    done.stdout = done.stdout.decode(errors="surrogateescape")
    done.stderr = done.stderr.decode(errors="surrogateescape")
    return done


def wait_until(is_true, what: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not is_true():
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.01)


class Server:
    """`plimsoll serve` on free ports of 127.0.0.1, known to its callers as `localhost`."""

    def __init__(self, directory: Path, *arguments: str | Path, env: dict[str, str] | None = None, self_signed: bool = True,
                 policy: Path | None = POLICY, stdout=subprocess.DEVNULL):
        directory.mkdir(parents=True, exist_ok=True)
        self.audit_log = directory / "audit.jsonl"
        self.authority = directory / "ca.crt"
        self.log = directory / "stderr.jsonl"
        defaults = {"--listen": "127.0.0.1:0", "--health-listen": "127.0.0.1:0", "--drain-delay": "0s",
                    "--audit-log": self.audit_log}
        if policy:
            defaults["--policy"] = policy
        if self_signed:
            defaults |= {"--dns-name": "localhost", "--ca-out": self.authority}
        given = {str(argument).split("=")[0] for argument in arguments}
        given |= {"--" + name.removeprefix("PLIMSOLL_SERVE_").lower().replace("_", "-") for name in env or {}}
        line = [PROGRAM, "serve", *(["--self-signed"] if self_signed else [])]
        line += [f"{flag}={value}" for flag, value in defaults.items() if flag not in given]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*line, *arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=log, env=environment(env))
        try:
            wait_until(lambda: self.process.poll() is not None or b"\n" in self.log.read_bytes(), "a log line that names the ports")
            assert self.log.read_text().startswith("{"), self.log.read_text()
        except BaseException:
            self.process.kill()
            raise
        listening = self.logged()[0]
        self.port: int = listening["https"]
        self.health_port: int = listening["health"]
        self.tls = ssl.create_default_context(cafile=self.authority) if self_signed else None

    def logged(self) -> list[dict]:
        """The log, without a last line that is still being written."""
        return [json.loads(line) for line in self.log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    def connect(self, tls: ssl.SSLContext | None = None) -> Connection:
        return Connection(self.port, tls or self.tls)

    def exchange(self, request: bytes) -> Response:
        """Sends the bytes of one request on a connection of their own and reads its answer."""
        with self.connect() as connection:
            connection.send(request)
            return connection.read_response()

    def health(self, path: str) -> Response:
        return plain_get(self.health_port, path)

    def records(self) -> list[dict]:
        """The audit log; all of its lines must be whole."""
        content = self.audit_log.read_bytes()
        assert not content or content.endswith(b"\n")
        return [json.loads(line) for line in content.splitlines()]

    def record_of(self, uid: str, patience: float = PATIENCE) -> dict:
        """The one record of this uid, which a reader may have to wait for."""
        found: list[dict] = []

        def look() -> bool:
            lines = self.audit_log.read_bytes().splitlines(keepends=True)
            found[:] = [json.loads(line) for line in lines if line.endswith(b"\n") and json.dumps(uid).encode() in line]
            return bool(found)

        wait_until(look, f"an audit record of {uid}", patience)
        assert len(found) == 1
        return found[0]

    def signal(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(timeout=PATIENCE)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.signal()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextmanager
def serving(directory: Path, *arguments: str | Path, **options) -> Iterator[Server]:
    """A server for the length of a block, after which it must end well, unless it has ended in it."""
    server = Server(directory, *arguments, **options)
    try:
        yield server
    finally:
        ended_before = server.process.poll() is not None
        code = server.stop()
    assert ended_before or code == 0, f"exit code {code}: {server.log.read_text()}"
