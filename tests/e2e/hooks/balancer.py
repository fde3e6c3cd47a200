"""Spreads TCP connections over servers on loopback as a Service does over Pods: new ones go in turn to those that say they are ready, and
an open one stays where it is until either end closes it."""

import itertools
import socket
import threading
from typing import Protocol

_PROBE_EVERY = 0.1


class Backend(Protocol):
    port: int

    def health(self, path: str) -> int: ...


class Balancer:
    def __init__(self, *backends: Backend):
        self._lock = threading.Lock()
        self._is_ready: dict[Backend, bool] = {}
        self._turn = itertools.count()
        for backend in backends:
            self.add(backend)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._is_over = threading.Event()
        for task in (self._accept, self._probe):
            threading.Thread(target=task, daemon=True).start()

    def add(self, backend: Backend) -> None:
        is_ready = _says_ready(backend)
        with self._lock:
            self._is_ready[backend] = is_ready

    def remove(self, backend: Backend) -> None:
        with self._lock:
            del self._is_ready[backend]

    def ready(self) -> list[Backend]:
        """As of the last probe."""
        with self._lock:
            return [backend for backend, is_ready in self._is_ready.items() if is_ready]

    def stop(self) -> None:
        self._is_over.set()
        # Wakes accept(), which close() alone would not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _probe(self) -> None:
        while not self._is_over.wait(_PROBE_EVERY):
            with self._lock:
                backends = list(self._is_ready)
            for backend in backends:
                is_ready = _says_ready(backend)
                with self._lock:
                    if backend in self._is_ready:
                        self._is_ready[backend] = is_ready

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            ready = self.ready()
            try:
                # Without a ready one, as a Service without endpoints: refused.
                server = socket.create_connection(("127.0.0.1", ready[next(self._turn) % len(ready)].port)) if ready else None
            except OSError:
                server = None
            if not server:
                client.close()
                continue
            for source, target in ((client, server), (server, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _says_ready(backend: Backend) -> bool:
    return backend.health("/readyz") == 200


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One end is gone without a word: the other has to hear of it, or it would wait for an answer.
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
