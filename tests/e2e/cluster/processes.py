"""Programs started by a test: their own log file, no proxy, stopped by pid, gone when the test runner is gone."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

T = TypeVar("T")


def environment_without_proxy() -> dict[str, str]:
    """The API server would send webhook calls through a proxy; kubectl its requests."""
    return {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k != "KUBECONFIG"}


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago: held together, so that they differ, then let go."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait_until(what: str, probe: Callable[[], T], seconds: float = 20.0, every: float = 0.1) -> T:
    """Calls `probe` until it returns something true, and returns that; fails with the last answer when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}; the last answer was {answer!r}")
        time.sleep(every)


class Process:
    """One running program. Its standard output and error go to `log`."""

    def __init__(self, command: list[str | Path], log: Path):
        self.name = Path(command[0]).name
        self._command = command
        self.log = log
        with open(log, "ab") as sink:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, env=environment_without_proxy(),
                start_new_session=True, preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL))

    def again(self) -> "Process":
        """The same program, started anew, after it has been stopped."""
        return Process(self._command, self.log)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        return self._child.poll()

    def wait_until(self, what: str, probe: Callable[[], object], seconds: float = 60.0):
        """As the free function, but gives up at once when the program has ended."""

        def probe_living():
            if self.exit_code is not None:
                raise RuntimeError(f"{self.name} ended with {self.exit_code} before {what}; its log ends:\n{self.tail()}")
            return probe()

        return wait_until(what, probe_living, seconds)

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def terminate(self) -> None:
        """Asks it to stop, without waiting."""
        if self.exit_code is None:
            self._child.terminate()

    def kill(self) -> None:
        """Ends it as the kernel does when memory runs out: at once, without a word to anybody."""
        self._child.kill()
        self._child.wait()

    def stop(self, seconds: float = 10.0) -> int:
        """Stops it and returns its exit code; kills it when it has not ended in time."""
        self.terminate()
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()
