"""Requests and answers as bytes: a client that can also say what no well-behaved client says."""

import socket
import ssl
import time
from dataclasses import dataclass

# Longer than any time-out of the server that a test waits for.
TIMEOUT = 30.0


@dataclass
class Response:
    status: int
    headers: dict[str, str]  # by lower-case name
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def closes(self) -> bool:
        return self.headers.get("connection") == "close"


class Connection:
    """One connection to 127.0.0.1, with TLS when a context is given."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, server_name: str = "localhost"):
        raw = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.socket = tls.wrap_socket(raw, server_hostname=server_name) if tls else raw
        except BaseException:
            raw.close()
            raise
        self.unread = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Sends; a server that has answered already and closes is no error, as its answer can still be read."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def send_slowly(self, data: bytes, seconds: float, pieces: int = 10) -> None:
        size = -(-len(data) // pieces)
        for start in range(0, len(data), size):
            self.send(data[start:start + size])
            time.sleep(seconds / pieces)

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            return b""

    def _receive_more(self) -> None:
        piece = self._receive()
        if not piece:
            raise EOFError(f"the server closed after {self.unread!r}")
        self.unread += piece

    def read_head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self.unread:
            self._receive_more()
        head, _, self.unread = self.unread.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        assert version == "HTTP/1.1"
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), f"a header is there twice: {lines}"
        return int(status), headers

    def read_response(self, has_body: bool = True) -> Response:
        """One final answer. The server never answers in chunks."""
        status, headers = self.read_head()
        size = int(headers["content-length"]) if has_body else 0
        while len(self.unread) < size:
            self._receive_more()
        body, self.unread = self.unread[:size], self.unread[size:]
        return Response(status, headers, body)

    def ends(self) -> bool:
        """Whether the server closes, without a further byte."""
        return not self.unread and self._receive() == b""


def post(body: bytes, target: str = "/mutate", headers: dict[str, str | None] | None = None, method: str = "POST",
         version: str = "HTTP/1.1") -> bytes:
    """The bytes of one request; a header set to None is left out."""
    fields = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def plain_get(port: int, path: str, method: str = "GET") -> Response:
    with Connection(port) as connection:
        connection.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return connection.read_response(has_body=method != "HEAD")
