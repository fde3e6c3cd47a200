"""Clients that mean harm, or might as well: each is bounded, refused properly and counted, and a good request is answered after it.

Under sanitizers: PLIMSOLL_BIN=build/asan/plimsoll. What is wrong with a single request stands in transport_test.py.
"""

import socket
import ssl
import subprocess
import time
from contextlib import ExitStack

import pytest

import reviews
from metrics_test import scrape
from program import wait_until
from wire import Connection, chunked, post

GOOD = reviews.encode(reviews.make_review(reviews.make_job(), uid="hostile"))


def refused(server, cause: str) -> float:
    return sum(value for name, value in scrape(server).items() if name.startswith("plimsoll_http_refused_total") and f'cause="{cause}"' in name)


# name: (bytes, status, the cause under which it is counted; None: the endpoint's own answer)
REQUESTS = {
    "the beginning of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed"),
    "a length and chunks": (post(GOOD).replace(b"Host:", b"Transfer-Encoding: chunked\r\nHost:"), 400, "malformed"),
    "two lengths": (post(GOOD).replace(b"Host:", b"Content-Length: 3\r\nHost:"), 400, "malformed"),
    "a folded header": (post(GOOD, headers={"X": "a\r\n b"}), 400, "malformed"),
    "bare line feeds": (post(GOOD).replace(b"\r\n", b"\n"), 400, "malformed"),
    "a blank before the colon": (post(GOOD).replace(b"Host:", b"Host :"), 400, "malformed"),
    "a huge header": (post(GOOD, headers={"X": "a" * 100_000}), 431, "head_too_large"),
    "a hundred thousand headers": (b"POST /mutate HTTP/1.1\r\n" + b"A: b\r\n" * 100_000, 431, "head_too_large"),
    "endless chunk extensions": (post(b"", headers={"Content-Length": None, "Transfer-Encoding": "chunked"}) +
                                 (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 20, 431, "head_too_large"),
    "endless trailers": (post(b"", headers={"Content-Length": None, "Transfer-Encoding": "chunked"}) + b"1\r\nx\r\n0\r\n" +
                         b"A: b\r\n" * 20_000, 431, "head_too_large"),
    "a body of 16 MiB": (post(b"", headers={"Content-Length": str(16 << 20)}), 413, "body_too_large"),
    "an unknown expectation": (post(b"", headers={"Expect": "cake"}), 417, "unknown_expectation"),
    "an unknown coding": (post(b"", headers={"Content-Length": None, "Transfer-Encoding": "gzip"}), 501, "unknown_coding"),
    "JSON 1,000,000 levels deep": (post(b"[" * 1_000_000), 400, None),
    "objects 1,000,000 levels deep": (post(b'{"a":' * 1_000_000), 400, None),
    "nothing": (post(b""), 400, None),
    "OPTIONS": (post(b"", method="OPTIONS"), 405, None),
    "TRACE": (post(b"", method="TRACE"), 405, None),
    "CONNECT": (post(b"", "localhost:443", method="CONNECT"), 404, None),
    "HTTP/1.0 without a host": (b"POST /mutate HTTP/1.0\r\n\r\n", 415, None),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_hostile_request_is_refused_and_counted(server, name):
    request, status, cause = REQUESTS[name]
    before = refused(server, cause) if cause else 0
    with server.connect() as connection:
        connection.send(request)
        assert connection.read_response().status == status
    if cause:
        assert refused(server, cause) == before + 1


def test_trailers_are_not_headers(server):
    """A proxy that checks headers does not see them; so neither do we."""
    head = post(b"", headers={"Content-Length": None, "Content-Type": None, "Transfer-Encoding": "chunked"})
    body = chunked(GOOD)[:-2] + b"Content-Type: application/json\r\n\r\n"
    assert server.exchange(head + body).status == 415


def test_a_thousand_pipelined_requests_are_answered_one_by_one(server):
    with server.connect() as connection:
        connection.socket.settimeout(60)
        for _ in range(10):
            connection.send(post(b"", method="GET") * 50)
            for _ in range(50):
                assert connection.read_response().status == 405


def test_an_answer_that_is_never_read_holds_up_nobody(server):
    with ExitStack() as stack:
        for _ in range(10):
            connection = stack.enter_context(server.connect())
            connection.socket.settimeout(0.2)
            try:
                while True:
                    connection.socket.sendall(post(b"", method="GET") * 1000)
            except (TimeoutError, ssl.SSLError, OSError):
                pass
        assert server.exchange(post(GOOD)).status == 200


def test_many_that_never_finish_hold_up_nobody(server):
    with ExitStack() as stack:
        for i in range(60):
            begun = (b"POST /mu", post(GOOD)[:150], post(GOOD)[:-1])[i % 3]
            stack.enter_context(server.connect()).send(begun)
        assert server.exchange(post(GOOD)).status == 200


def test_handshakes_that_stall_hold_up_nobody_for_long(server):
    """Two hundred connections without a word: more than there may be handshakes at once."""
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        told = time.monotonic()
        assert server.exchange(post(GOOD)).status == 200
        assert time.monotonic() - told < 9  # the time-out of a handshake is 10 s


def test_a_client_cannot_renegotiate(server):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", "-legacy_renegotiation"],
                          input=b"R\n", capture_output=True, timeout=30)
    assert b"no renegotiation" in done.stderr


def test_who_leaves_is_forgotten(server):
    def is_quiet() -> bool:
        return scrape(server)["plimsoll_http_connections"] <= 2  # the session's slow head may still be there

    for _ in range(20):
        Connection(server.port).close()
        with server.connect() as connection:
            connection.send(post(GOOD)[:-1])
    wait_until(is_quiet, "no connection left")
