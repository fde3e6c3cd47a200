"""A server's life: its ports, its certificates, its flags, and its end."""

import re
import signal
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack

import pytest

import reviews
from program import wait_until
from reviews import make_job, make_review
from wire import Connection

GOOD = make_review(make_job(), uid="life")
REQUEST = reviews.post_review(GOOD)


def is_answered(server, tls: ssl.SSLContext | None = None) -> bool:
    with server.connect(tls) as connection:
        connection.send(REQUEST)
        return "patch" in reviews.read_answer(connection.read_response(), GOOD)


def is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_the_first_log_line_names_the_ports(start):
    server = start()
    line = server.logged()[0]
    assert set(line) == {"time", "level", "msg", "https", "health", "policy", "certificateUntil"}
    assert (line["level"], line["msg"]) == ("info", "listening")
    assert line["https"] != line["health"] and min(line["https"], line["health"]) > 0
    assert re.fullmatch("[0-9a-f]{8}", line["policy"])
    assert line["certificateUntil"] > line["time"]
    assert is_answered(server)


def test_a_server_without_a_policy_makes_only_changes_that_need_nothing_installed(start):
    server = start(policy=None)
    review = make_review(make_job())
    response = reviews.read_answer(server.exchange(reviews.post_review(review)), review)
    pod_spec = reviews.read_patched(response, review["request"]["object"])["spec"]["template"]["spec"]
    assert set(pod_spec) == {"restartPolicy", "containers"}
    assert pod_spec["containers"][0]["resources"] == {"requests": {"cpu": "2", "memory": "5Gi"}, "limits": {"memory": "5Gi"}}


def test_two_servers_share_no_port(start):
    first, second = start(), start()
    assert len({first.port, first.health_port, second.port, second.health_port}) == 4
    assert is_answered(first) and is_answered(second)


def test_a_port_may_be_taken_again_at_once(start):
    first = start()
    with first.connect():
        assert first.stop() == 0
    assert is_answered(start(f"--listen=127.0.0.1:{first.port}"))


def test_live_and_ready_until_told_to_stop_then_live_only(start):
    server = start("--drain-delay=2s")
    assert [server.health(path).status for path in ("/livez", "/readyz")] == [200, 200]
    with server.connect() as before:
        before.send(REQUEST)
        assert not before.read_response().closes

        server.signal()
        told = time.monotonic()
        wait_until(lambda: server.health("/readyz").status == 503, "not ready")
        assert "[-]shutdown: shutting down\n" in server.health("/readyz").text
        assert server.health("/livez").status == 200

        before.send(REQUEST)
        response = before.read_response()
        assert "patch" in reviews.read_answer(response, GOOD)
        assert response.closes and before.ends()
    with server.connect() as after:
        after.send(REQUEST)
        response = after.read_response()
        assert "patch" in reviews.read_answer(response, GOOD) and response.closes
    assert server.process.poll() is None
    assert server.wait() == 0
    assert 1.9 <= time.monotonic() - told < 10
    assert is_refused(server.port) and is_refused(server.health_port)
    assert [(line["level"], line["msg"]) for line in server.logged()] == [("info", "listening"), ("info", "stopping"), ("info", "stopped"),
                                                                             ("info", "audit log closed")]


def test_a_request_that_has_begun_is_finished(start):
    server = start()
    with server.connect() as connection, server.connect() as idle:
        connection.send(REQUEST[:-10])
        time.sleep(0.1)
        server.signal()
        assert idle.ends()
        assert server.process.poll() is None
        connection.send(REQUEST[-10:])
        response = connection.read_response()
        assert "patch" in reviews.read_answer(response, GOOD) and response.closes
    assert server.wait() == 0
    assert server.logged()[-2]["requestsCut"] == 0
    assert [record["uid"] for record in server.records()] == ["life"]


def test_a_request_that_does_not_end_is_cut(start):
    server = start("--stop-timeout=300ms")
    with server.connect() as connection:
        connection.send(REQUEST[:-10])
        time.sleep(0.1)
        server.signal()
        assert server.wait() == 0
        assert connection.ends()
    assert server.logged()[-2]["requestsCut"] == 1


@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)],
                         ids=lambda numbers: "-".join(number.name for number in numbers))
def test_a_second_signal_ends_the_drain_at_once(start, numbers):
    server = start("--drain-delay=1h")
    server.signal(numbers[0])
    wait_until(lambda: server.health("/readyz").status == 503, "not ready")
    told = time.monotonic()
    server.signal(numbers[1])
    assert server.wait() == 0
    assert time.monotonic() - told < 5


def test_a_second_signal_ends_the_wait_for_open_requests_at_once(start):
    server = start("--stop-timeout=1h")
    with server.connect() as connection:
        connection.send(REQUEST[:-10])
        time.sleep(0.1)
        server.signal()
        wait_until(lambda: is_refused(server.port), "a closed door")
        assert server.process.poll() is None
        told = time.monotonic()
        server.signal()
        assert server.wait() == 0
        assert time.monotonic() - told < 5
    assert server.logged()[-2]["requestsCut"] == 1


def test_a_hangup_of_the_terminals_pipe_is_not_the_end(start):
    server = start()
    server.signal(signal.SIGPIPE)
    assert is_answered(server)


def test_a_connection_over_the_cap_is_closed_at_once_when_none_is_idle(start):
    server = start("--max-connections=3", "--threads=1")
    with ExitStack() as stack:
        kept = [stack.enter_context(server.connect()) for _ in range(3)]
        for connection in kept:
            connection.send(REQUEST[:-1])
        time.sleep(0.2)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            stack.enter_context(server.connect())
        for connection in kept:
            connection.send(REQUEST[-1:])
            assert "patch" in reviews.read_answer(connection.read_response(), GOOD)
        wait_until(lambda: any(line["msg"] == "too many connections" for line in server.logged()), "a warning")
        assert is_served(server)  # now they are idle, and one makes room
        assert kept[0].ends()


@pytest.mark.parametrize("flag", ["--max-requests-per-connection=3", "--max-connection-age=300ms"])
def test_a_connection_has_its_share_and_is_told_with_the_last_answer(start, flag):
    server = start(flag)
    with server.connect() as connection:
        for last in (False, False, True):
            if last:
                time.sleep(0.4)
            connection.send(REQUEST)
            assert connection.read_response().closes == last
        assert connection.ends()
    assert is_answered(server)


def is_served(server) -> bool:
    try:
        return is_answered(server)
    except (ssl.SSLError, ConnectionError, EOFError):
        return False


def make_chain(directory) -> dict[str, str]:
    """A root, an issuer below it and a server's certificate below that, each with its key, by openssl."""
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    for name in ("root", "issuer", "leaf"):
        openssl("genpkey", *curve, "-out", f"{name}.key")
    openssl("req", "-x509", "-new", "-key", "root.key", "-subj", "/CN=root", "-days", "2", "-out", "root.crt")
    for name, above, extensions in (("issuer", "root", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"),
                                    ("leaf", "issuer", "subjectAltName=DNS:localhost,DNS:plimsoll.plimsoll-system.svc")):
        (directory / f"{name}.ext").write_text(extensions + "\n")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{above}.crt", "-CAkey", f"{above}.key", "-CAcreateserial", "-days", "2",
                "-extfile", f"{name}.ext", "-out", f"{name}.crt")
    (directory / "chain.crt").write_text((directory / "leaf.crt").read_text() + (directory / "issuer.crt").read_text())
    return {name: str(directory / name) for name in ("root.crt", "chain.crt", "leaf.crt", "leaf.key")}


def test_certificates_from_files_are_served_with_their_chain(start, tmp_path):
    files = make_chain(tmp_path)
    server = start(f"--tls-cert-file={files['chain.crt']}", f"--tls-private-key-file={files['leaf.key']}", self_signed=False)
    trusting = ssl.create_default_context(cafile=files["root.crt"])
    assert is_answered(server, trusting)
    with Connection(server.port, trusting, server_name="plimsoll.plimsoll-system.svc") as connection:
        assert ("DNS", "plimsoll.plimsoll-system.svc") in connection.socket.getpeercert()["subjectAltName"]
    with pytest.raises(ssl.SSLCertVerificationError):
        Connection(server.port, trusting, server_name="elsewhere.svc")


def test_a_certificate_without_its_issuer_is_served_as_it_is(start, tmp_path):
    files = make_chain(tmp_path)
    server = start(f"--tls-cert-file={files['leaf.crt']}", f"--tls-private-key-file={files['leaf.key']}", self_signed=False)
    with pytest.raises(ssl.SSLCertVerificationError):
        server.connect(ssl.create_default_context(cafile=files["root.crt"]))


def test_a_self_made_certificate_is_good_for_its_names_only(start, tmp_path):
    names = ("plimsoll.plimsoll-system.svc", "plimsoll.plimsoll-system.svc.cluster.local", "localhost", "127.0.0.1")
    server = start(*(f"--dns-name={name}" for name in names))
    for name in names:
        with Connection(server.port, server.tls, server_name=name) as connection:
            connection.send(REQUEST)
            assert "patch" in reviews.read_answer(connection.read_response(), GOOD)
    for name in ("plimsoll.other.svc", "127.0.0.2", "system.svc"):
        with pytest.raises(ssl.SSLCertVerificationError):
            Connection(server.port, server.tls, server_name=name)
    with pytest.raises(ssl.SSLCertVerificationError):
        Connection(server.port, ssl.create_default_context(), server_name="localhost")
    authority = server.authority.read_text()
    assert authority.count("BEGIN CERTIFICATE") == 1 and "PRIVATE" not in authority
    assert list(server.authority.parent.glob("*.key")) == []


def test_two_starts_make_two_authorities(start):
    first, second = start(), start()
    with pytest.raises(ssl.SSLCertVerificationError):
        second.connect(first.tls)


def test_flags_may_be_variables_and_the_command_line_wins(start, tmp_path):
    server = start("--max-connections=7", env={
        "PLIMSOLL_SERVE_LISTEN": "127.0.0.1:0", "PLIMSOLL_SERVE_HEALTH_LISTEN": "127.0.0.1:0", "PLIMSOLL_SERVE_AUDIT_LOG": str(tmp_path / "by-variable"),
        "PLIMSOLL_SERVE_DRAIN_DELAY": "0s", "PLIMSOLL_SERVE_MAX_CONNECTIONS": "1", "PLIMSOLL_SERVE_LOG_LEVEL": "debug"})
    with server.connect():
        assert is_answered(server)
    wait_until(lambda: (tmp_path / "by-variable").read_text().endswith("\n"), "an audit record")
    server.exchange(b"broken\r\n\r\n")
    wait_until(lambda: any(line["msg"] == "request refused" for line in server.logged()), "a line of level debug")
    assert server.stop() == 0


def test_failed_handshakes_are_told_of_once_a_second(start):
    server = start()

    def speak_plainly() -> None:
        with Connection(server.port) as plain:
            plain.send(b"GET / HTTP/1.1\r\n\r\n")
            plain.read_response()

    def told() -> list[dict]:
        return [line for line in server.logged() if line["msg"] == "TLS handshake failed"]

    began = time.monotonic()
    spoken = 0
    while len(told()) < 3:
        assert time.monotonic() - began < 60
        speak_plainly()
        spoken += 1
    assert {line["level"] for line in told()} == {"warning"}
    assert len(told()) <= 1 + (time.monotonic() - began), "at most one a second"
    # Lines and those kept back make up what happened; the log may be a moment behind the last answers.
    assert len(told()) + sum(line["suppressed"] for line in told()) <= spoken
    assert told()[0]["suppressed"] == 0 and told()[1]["suppressed"] > 0
    assert server.stop() == 0


def test_refusals_are_logged_for_those_who_look_closer(start):
    server = start("--log-level=debug")
    server.exchange(b"broken\x1b[31m\r\n\r\n")
    with Connection(server.port) as plain:
        plain.send(b"GET / HTTP/1.1\r\n\r\n")
        plain.read_response()
    wait_until(lambda: {"request refused", "TLS handshake failed"} <= {line["msg"] for line in server.logged()}, "two log lines")
    for line in server.logged()[1:]:
        assert line["level"] == {"request refused": "debug", "TLS handshake failed": "warning"}[line["msg"]]
        assert line["peer"].startswith("127.0.0.1:") and line["why"].isprintable()
