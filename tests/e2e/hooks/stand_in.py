"""A webhook server of a few lines: records what the API server sends it, and answers as the test wishes."""

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# The `request` of an AdmissionReview -> the JSON patch to answer with; empty: allowed as it is.
Answer = Callable[[dict], list[dict]]


def unchanged(_request: dict) -> list[dict]:
    return []


def make_certificate(directory: Path, name: str) -> tuple[Path, Path]:
    """A certificate for the DNS name `name` that is its own CA, and its key."""
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2",
                    "-subj", "/CN=stand-in", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class StandIn:
    """A TLS server on a free loopback port that answers AdmissionReviews."""

    def __init__(self, directory: Path, dns_name: str, answer: Answer = unchanged):
        certificate, key = make_certificate(directory, dns_name)
        self.ca = certificate.read_bytes()
        self._answer = answer
        self._reviews: list[dict] = []
        self._lock = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        # The handshake belongs to the connection's thread, not to the one that accepts.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def reviews(self, namespace: str, kind: str = "") -> list[dict]:
        """The AdmissionReviews received so far for objects of a namespace."""
        with self._lock:
            return [review for review in self._reviews
                    if review["request"]["namespace"] == namespace and kind in ("", review["request"]["kind"]["kind"])]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _respond(self, review: dict) -> dict:
        with self._lock:
            self._reviews.append(review)
        patch = self._answer(review["request"])
        response = {"uid": review["request"]["uid"], "allowed": True}
        if patch:
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        return {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}

    def _make_handler(self):
        respond = self._respond

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # named by BaseHTTPRequestHandler
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = json.dumps(respond(json.loads(body))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        return Handler


def inject_sidecar(request: dict) -> list[dict]:
    """An Answer: appends a container named `sidecar` to a Pod that has none yet, as service meshes do."""
    if any(container["name"] == "sidecar" for container in request["object"]["spec"]["containers"]):
        return []
    return [{"op": "add", "path": "/spec/containers/-", "value": {"name": "sidecar", "image": "registry.example/sidecar:1"}}]
