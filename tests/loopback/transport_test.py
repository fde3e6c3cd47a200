"""HTTP and TLS: what is not a request for us gets the status that says so, and what is odd but legal is served."""

import gzip
import ssl
import time
import warnings

import pytest

import reviews
from wire import Connection, chunked, plain_get, post

REVIEW = reviews.make_review(reviews.make_job(), uid="transport")
GOOD = reviews.encode(REVIEW)
MIB = 1 << 20


def post_chunked(body: bytes, **headers: str) -> bytes:
    return post(b"", headers={"Content-Length": None, "Transfer-Encoding": "chunked", **headers}) + body


def post_with(**headers: str | None) -> bytes:
    return post(GOOD, headers={name.replace("_", "-"): value for name, value in headers.items()})


# name: (bytes, status, what the answer says). Nothing is lost of the connection after these.
REFUSED = {
    "another path": (post(GOOD, "/"), 404, "there is nothing at /: use /mutate"),
    "a path behind": (post(GOOD, "/mutate/"), 404, "there is nothing at /mutate/: use /mutate"),
    "a path in capitals": (post(GOOD, "/MUTATE"), 404, "there is nothing at /MUTATE"),
    "an escaped path": (post(GOOD, "/%6dutate"), 404, "there is nothing at /%6dutate"),
    "a path with a query": (post(GOOD, "/review?timeout=2s"), 404, "there is nothing at /review: use /mutate or /validate"),
    "a path of raw bytes": (post(GOOD, "/\xff\xfe"), 404, r"there is nothing at /\xff\xfe"),
    "a path of 15,000 bytes": (post(GOOD, "/" + "a" * 15_000), 404, "there is nothing at /" + "a" * 63 + "…: use /mutate"),
    "the health path": (post(b"", "/livez", method="GET"), 404, "there is nothing at /livez"),
    "GET": (post(b"", method="GET"), 405, "GET is not allowed here: use POST"),
    "PUT": (post(GOOD, method="PUT"), 405, "PUT is not allowed here: use POST"),
    "DELETE": (post(b"", method="DELETE"), 405, "DELETE is not allowed here: use POST"),
    "OPTIONS": (post(b"", method="OPTIONS"), 405, "OPTIONS is not allowed here: use POST"),
    "a method of our own": (post(GOOD, method="MUTATE"), 405, "MUTATE is not allowed here: use POST"),
    "no content type": (post_with(Content_Type=None), 415, 'content type "" is not understood: use application/json'),
    "text": (post_with(Content_Type="text/plain"), 415, 'content type "text/plain" is not understood: use application/json'),
    "YAML": (post_with(Content_Type="application/yaml"), 415, 'content type "application/yaml" is not understood'),
    "protobuf": (post_with(Content_Type="application/vnd.kubernetes.protobuf"), 415, "is not understood: use application/json"),
    "nearly JSON": (post_with(Content_Type="application/jsonx"), 415, 'content type "application/jsonx" is not understood'),
    "a body that is encoded": (post(gzip.compress(GOOD), headers={"Content-Encoding": "gzip"}), 400, "not JSON"),
    "no length": (post(b"", headers={"Content-Length": None}), 400, "not JSON: there is no value"),
    "a length that is one short": (post_with(Content_Length=str(len(GOOD) - 1))[:-1], 400, "not JSON: a comma or } is missing"),
    "an empty timeout": (post(GOOD, "/mutate?timeout="), 400, 'timeout: "" is not a duration'),
    "a timeout of letters": (post(GOOD, "/mutate?timeout=soon"), 400, 'timeout: "soon" is not a duration'),
    "a timeout without a unit": (post(GOOD, "/mutate?timeout=2"), 400, 'timeout: "2" is not a duration: it has no unit'),
    "a negative timeout": (post(GOOD, "/mutate?timeout=-1s"), 400, "timeout: must be more than zero"),
    "a timeout of nothing": (post(GOOD, "/mutate?timeout=0s"), 400, "timeout: must be more than zero"),
    "a timeout of centuries": (post(GOOD, "/mutate?timeout=99999999999999h"), 400, "it is longer than 292 years"),
    "an escaped timeout": (post(GOOD, "/mutate?timeout=%32s"), 400, 'timeout: "%32s" is not a duration'),
    "a bad timeout behind another key": (post(GOOD, "/mutate?dry=1&timeout=x"), 400, 'timeout: "x" is not a duration'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_is_not_for_us_is_refused_and_the_connection_kept(server, name):
    request, status, want = REFUSED[name]
    with server.connect() as connection:
        connection.send(request)
        response = connection.read_response()
        assert (response.status, response.closes) == (status, False), response.text
        assert want in response.text
        assert response.headers.get("allow") == ("POST" if status == 405 else None)
        connection.send(post(GOOD))
        assert "patch" in reviews.read_answer(connection.read_response(), REVIEW)


# name: (bytes, status, what the answer says). After these nobody knows where the next request would begin.
BROKEN = {
    "no HTTP at all": (b"hello\r\n\r\n", 400, "malformed request: bad method"),
    "a request line without a version": (b"POST /mutate\r\n\r\n", 400, "malformed request"),
    "bare line feeds": (post(GOOD).replace(b"\r\n", b"\n"), 400, "malformed request"),
    "a control character in the path": (post(GOOD, "/\x01"), 400, "malformed request: bad target"),
    "HTTP/2.0": (post(GOOD, version="HTTP/2.0"), 400, "malformed request: bad version"),
    "HTTP/1.9": (post(GOOD, version="HTTP/1.9"), 400, "malformed request: bad version"),
    "HTTP/2 without an upgrade": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed request: bad version"),
    "a header without a colon": (b"POST /mutate HTTP/1.1\r\nHost localhost\r\n\r\n", 400, "malformed request: bad field"),
    "a blank before the colon": (b"POST /mutate HTTP/1.1\r\nHost : localhost\r\n\r\n", 400, "malformed request: bad field"),
    "a header on two lines": (post(GOOD, headers={"X": "a\r\n b"}), 400, "a header must not go on in the next line"),
    "a header on two lines, by a tab": (post(GOOD, headers={"X": "a\r\n\tb"}), 400, "a header must not go on in the next line"),
    "a NUL in a header": (post_with(X="a\0b"), 400, "malformed request: bad value"),
    "no host": (post_with(Host=None), 400, "HTTP/1.1 needs exactly one Host header"),
    "two hosts": (post(GOOD).replace(b"Host: localhost", b"Host: localhost\r\nHost: elsewhere"), 400, "HTTP/1.1 needs exactly one Host header"),
    "a header of 20,000 bytes": (post_with(X="a" * 20_000), 431, "the head of the request is larger than 16384 bytes"),
    "10,000 headers": (b"POST /mutate HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n", 431, "the head of the request is larger"),
    "a path of 20,000 bytes": (post(GOOD, "/" + "a" * 20_000), 431, "the head of the request is larger"),
    "a head without an end": (b"POST /mutate HTTP/1.1\r\nX: " + b"a" * 100_000, 431, "the head of the request is larger"),
    "a body of 8 MiB and a byte": (post(b" " * (8 * MIB + 1)), 413, "the body is larger than 8388608 bytes"),
    "a length of 8 MiB and a byte, and no body": (post(b"", headers={"Content-Length": str(8 * MIB + 1)}), 413, "the body is larger"),
    "chunks of 8 MiB and a byte": (post_chunked(chunked(b" " * (8 * MIB + 1), 65536)), 413, "the body is larger than 8388608 bytes"),
    "a chunk of 16 EiB": (post_chunked(b"ffffffffffffffff\r\nx"), 413, "the body is larger"),
    "a chunk beyond counting": (post_chunked(b"fffffffffffffffff\r\nx"), 400, "malformed request: bad chunk"),
    "a chunk without a size": (post_chunked(b"\r\n\r\n"), 400, "malformed request: bad chunk"),
    "a chunk of letters": (post_chunked(b"zz\r\n"), 400, "malformed request: bad chunk"),
    "a chunk that is longer than it says": (post_chunked(b"1\r\nxyz\r\n"), 400, "malformed request"),
    "a chunk's extension without an end": (post_chunked(b"5;" + b"a" * 20_000), 431, "the head of the request is larger"),
    "a length beside chunks": (post_chunked(chunked(GOOD), Content_Length="5").replace(b"Content_Length", b"Content-Length"), 400,
                               "malformed request"),
    "two lengths": (post(GOOD).replace(b"Host:", b"Content-Length: 5\r\nHost:"), 400, "malformed request: multiple Content-Length"),
    "the same length twice": (post(GOOD).replace(b"Host:", b"Content-Length: %d\r\nHost:" % len(GOOD)), 400, "there is more than one Content-Length"),
    "a list of lengths": (post_with(Content_Length=f"{len(GOOD)}, {len(GOOD)}"), 400, "Content-Length"),
    "two codings": (post(b"", headers={"Content-Length": None, "Transfer-Encoding": "identity"}).replace(
        b"Host:", b"Transfer-Encoding: chunked\r\nHost:"), 400, "malformed request: bad Transfer-Encoding"),
    "a negative length": (post_with(Content_Length="-1"), 400, "malformed request: bad Content-Length"),
    "a length with a sign": (post_with(Content_Length="+5"), 400, "malformed request: bad Content-Length"),
    "a length in hexadecimal": (post_with(Content_Length="0x10"), 400, "malformed request: bad Content-Length"),
    "a length of letters": (post_with(Content_Length="long"), 400, "malformed request: bad Content-Length"),
    "an empty length": (post_with(Content_Length=""), 400, "malformed request: bad Content-Length"),
    "a length beyond counting": (post_with(Content_Length="9" * 20), 400, "malformed request: bad Content-Length"),
    "an unknown coding": (post(b"", headers={"Content-Length": None, "Transfer-Encoding": "gzip, chunked"}), 501,
                          "the only Transfer-Encoding served is chunked"),
    "chunks in HTTP/1.0": (post(b"", version="HTTP/1.0", headers={"Content-Length": None, "Transfer-Encoding": "chunked"}), 400,
                           "HTTP/1.0 has no Transfer-Encoding"),
    "an unknown expectation": (post_with(Expect="cake"), 417, "the only expectation served is 100-continue"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_request_is_answered_and_its_connection_closed(server, name):
    request, status, want = BROKEN[name]
    with server.connect() as connection:
        connection.send(request)
        response = connection.read_response()
        assert response.status == status, response.text
        assert want in response.text
        assert response.closes and connection.ends()


SERVED = {
    "as the API server sends it": post(GOOD, "/mutate?timeout=2s", {"Accept": "application/json, */*", "User-Agent": "kube-apiserver-admission"}),
    "parameters of the content type": post_with(Content_Type="application/json; charset=utf-8"),
    "a content type in capitals": post_with(Content_Type="APPLICATION/JSON"),
    "a header of 15,000 bytes": post_with(X="a" * 15_000),
    "a target with its host": post(GOOD, "https://localhost:8443/mutate?timeout=2s"),
    "chunks": post_chunked(chunked(GOOD)),
    "chunks of one byte": post_chunked(chunked(GOOD, 1)),
    "chunks with extensions and trailers": post_chunked(b"%x;a=b\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(GOOD), GOOD)),
    "keys that are not ours": post(GOOD, "/mutate?dryRun=All&&x&timeout=2s&"),
    "a key without a value": post(GOOD, "/mutate?timeout"),
    "of two timeouts the first": post(GOOD, "/mutate?timeout=2s&timeout=x"),
    "a fraction of an hour": post(GOOD, "/mutate?timeout=0.5h"),
    "an upgrade that is not taken up": post_with(Connection="Upgrade, HTTP2-Settings", Upgrade="h2c"),
}


@pytest.mark.parametrize("name", SERVED)
def test_odd_but_legal_requests_are_served(server, name):
    response = server.exchange(SERVED[name])
    assert "patch" in reviews.read_answer(response, REVIEW)
    assert not response.closes


def test_http_1_0_is_answered_and_closed_unless_it_asks_to_be_kept(server):
    with server.connect() as connection:
        connection.send(post(GOOD, version="HTTP/1.0", headers={"Host": None, "Connection": "keep-alive"}))
        response = connection.read_response()
        assert (response.status, response.headers["connection"]) == (200, "keep-alive")
        connection.send(post(GOOD, version="HTTP/1.0", headers={"Host": None}))
        response = connection.read_response()
        assert response.status == 200 and response.closes and connection.ends()


def test_a_client_that_asks_to_be_closed_is_closed(server):
    with server.connect() as connection:
        connection.send(post_with(Connection="close"))
        assert connection.read_response().closes and connection.ends()


def test_a_body_is_asked_for_when_the_client_waits_to_be_asked(server):
    with server.connect() as connection:
        connection.send(post(b"", headers={"Content-Length": str(len(GOOD)), "Expect": "100-continue"}))
        assert connection.read_head() == (100, {})
        connection.send(GOOD)
        assert "patch" in reviews.read_answer(connection.read_response(), REVIEW)


def test_a_body_that_is_too_large_is_not_asked_for(server):
    with server.connect() as connection:
        connection.send(post(b"", headers={"Content-Length": str(9 * MIB), "Expect": "100-continue"}))
        assert connection.read_response().status == 413


def test_pipelined_requests_are_answered_in_order(server):
    some = [reviews.make_review(reviews.make_job()) for _ in range(10)]
    with server.connect() as connection:
        connection.send(b"".join(map(reviews.post_review, some)) + b"broken\r\n\r\n")
        for review in some:
            assert "patch" in reviews.read_answer(connection.read_response(), review)
        assert connection.read_response().status == 400


def test_a_request_may_come_byte_by_byte(server):
    with server.connect() as connection:
        request = post(GOOD)
        for start in range(0, len(request)):
            connection.send(request[start:start + 1])
        assert "patch" in reviews.read_answer(connection.read_response(), REVIEW)


def test_a_client_may_go_away_at_any_time(server):
    request = post(GOOD)
    for length in range(0, len(request), 50):
        with server.connect() as connection:
            connection.send(request[:length])


def test_a_length_that_promises_more_than_comes_keeps_nobody_else_waiting(server):
    with server.connect() as waiting:
        waiting.send(post_with(Content_Length=str(len(GOOD) + 1)))
        assert "patch" in reviews.read_answer(server.exchange(post(GOOD)), REVIEW)
        waiting.send(b" ")
        assert "patch" in reviews.read_answer(waiting.read_response(), REVIEW)


def test_a_head_that_does_not_come_is_not_waited_for(server, slow_head):
    """Limits::header_timeout is 10 s; the clock was started with the session."""
    connection, started = slow_head
    response = connection.read_response()
    assert response.status == 408 and response.closes and connection.ends()
    assert "the request did not arrive in time" in response.text
    assert time.monotonic() - started >= 9.9


def make_context(server, lowest: ssl.TLSVersion, highest: ssl.TLSVersion, *protocols: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    if highest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT@SECLEVEL=0")  # or the client would not even try
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_tls_below_1_2_is_refused(server, version):
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        server.connect(make_context(server, version, version))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_served(server, version):
    with server.connect(make_context(server, version, version)) as connection:
        assert connection.socket.version() == version.name.replace("_", ".")
        connection.send(post(GOOD))
        assert "patch" in reviews.read_answer(connection.read_response(), REVIEW)


@pytest.mark.parametrize("offered", [("h2", "http/1.1"), ("http/1.1",)])
def test_http_1_1_is_chosen_also_where_h2_is_offered(server, offered):
    with server.connect(make_context(server, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, *offered)) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"


def test_a_client_that_speaks_only_h2_is_told(server):
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        server.connect(make_context(server, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, "h2"))


def test_plain_http_on_the_tls_port_is_told_so(server):
    with Connection(server.port) as connection:
        connection.send(post(GOOD))
        response = connection.read_response()
        assert (response.status, response.text.strip()) == (400, "this port speaks HTTPS only")
        assert connection.ends()


@pytest.mark.parametrize("garbage", [b"\0" * 1000, b"\x16\x03\x01\xff\xff" + b"\0" * 1000, b"\x80\x2e\x01\0\x02" + b"\0" * 100, b"SSH-2.0-OpenSSH\r\n"])
def test_garbage_instead_of_a_handshake_ends_the_connection(server, garbage):
    with Connection(server.port) as connection:
        connection.send(garbage)
        try:
            while connection.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass


HEALTH = {
    "/livez": (200, "ok"),
    "/readyz": (200, "ok"),
    "/": (404, "there is nothing at /: use /livez, /readyz or /metrics"),
    "/mutate": (404, "there is nothing at /mutate: use /livez, /readyz or /metrics"),
}


@pytest.mark.parametrize("path", HEALTH)
def test_the_health_port_answers_its_two_paths(server, path):
    response = server.health(path)
    assert (response.status, response.text.strip()) == HEALTH[path]


def test_readiness_lists_its_checks_on_request(server):
    response = server.health("/readyz?verbose")
    assert response.status == 200
    assert [line.split(" ok")[0] for line in response.text.splitlines()] == [
        "[+]shutdown", "[+]config", "[+]policy", "[+]certificate", "[+]client_ca", "[+]jwt_keys", "readyz check passed"]


def test_the_health_port_takes_get_and_head_only(server):
    response = plain_get(server.health_port, "/livez", "POST")
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
    response = plain_get(server.health_port, "/livez", "HEAD")
    assert (response.status, response.headers["content-length"], response.body) == (200, "3", b"")
