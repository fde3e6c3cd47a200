"""Keys of tokens and authorities of client certificates that change under a running server."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import reviews
from credentials import AUDIENCE, ISSUER, Authority, Certificate, Issuer
from kubelet import Volume
from program import wait_until
from wire import Connection, post

BODY = reviews.encode(reviews.make_review(reviews.make_job()))


@pytest.fixture(scope="module")
def issuers(tmp_path_factory) -> tuple[Issuer, Issuer]:
    directory = tmp_path_factory.mktemp("issuers")
    return Issuer(directory, "old"), Issuer(directory, "new")


@pytest.fixture(scope="module")
def authorities(tmp_path_factory) -> tuple[Authority, Authority]:
    directory = tmp_path_factory.mktemp("authorities")
    return Authority(directory, "old"), Authority(directory, "new")


@pytest.fixture(scope="module")
def callers(authorities) -> tuple[Certificate, Certificate]:
    old, new = authorities
    return old.issue("api-old"), new.issue("api-new")


class Renamed:
    """A directory with one file, which is replaced by renaming another over it."""

    def __init__(self, directory: Path, **files: str):
        self.directory = directory
        directory.mkdir()
        self.update(**files)

    def path(self, name: str) -> Path:
        return self.directory / name

    def update(self, **files: str) -> None:
        for name, text in files.items():
            name = name.replace("_", ".")
            self.path(name + ".new").write_text(text)
            self.path(name + ".new").rename(self.path(name))


def demanding_tokens(keys: Path) -> list[str]:
    return ["--jwt=required", f"--jwt-issuer={ISSUER}", f"--jwt-audience={AUDIENCE}", f"--jwt-keys-file={keys}"]


def demanding_certificates(authority: Path) -> list[str]:
    return ["--client-auth=required", f"--client-ca-file={authority}"]


def showing(server, shown: Certificate) -> ssl.SSLContext:
    tls = ssl.create_default_context(cafile=server.authority)
    tls.load_cert_chain(shown.certificate, shown.key)
    return tls


def ask(connection: Connection, token: str = "") -> int:
    connection.send(post(BODY, headers={"Authorization": f"Bearer {token}" if token else None}))
    return connection.read_response().status


def status_of(server, token: str) -> int:
    with server.connect() as connection:
        return ask(connection, token)


def is_let_in(server, shown: Certificate) -> bool:
    """Whether a new connection with this certificate is served. In TLS 1.3 the refusal comes after the handshake."""
    try:
        with server.connect(showing(server, shown)) as connection:
            assert ask(connection) == 200
            return True
    except ssl.SSLError as refusal:
        assert refusal.reason == "TLSV1_ALERT_UNKNOWN_CA"
        return False


@contextmanager
def asking(server, *tokens: str) -> Iterator[list[list[int]]]:
    """For each token somebody who calls over and over, and what he was answered. Every call is answered."""
    answers: list[list[int]] = [[] for _ in tokens]
    failures: list[BaseException] = []
    is_over = threading.Event()

    def call(token: str, answered: list[int]) -> None:
        try:
            while not is_over.is_set():
                with server.connect() as connection:
                    for _ in range(500):  # below --max-requests-per-connection
                        answered.append(ask(connection, token))
                        if is_over.is_set():
                            return
        except BaseException as failure:  # noqa: BLE001: told by the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=call, args=pair) for pair in zip(tokens, answers)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert not failures


def lines(server, message: str) -> list[dict]:
    return [line for line in server.logged() if line["msg"] == message]


def check(server, name: str) -> str:
    response = server.health("/readyz?verbose")
    assert response.status == 200, response.text
    return next(line for line in response.text.splitlines() if line.startswith(f"[+]{name} "))


def reloads(server, value: str, result: str) -> int:
    sample = f'plimsoll_reloads_total{{result="{result}",value="{value}"}} '
    return next(int(line.removeprefix(sample)) for line in server.health("/metrics").text.splitlines() if line.startswith(sample))


def changes(answers: list[int]) -> list[int]:
    """Without repetitions: a key that is gone stays gone."""
    return [status for status, before in zip(answers, [None, *answers]) if status != before]


@pytest.mark.parametrize("kind", [Renamed, Volume], ids=["by rename", "as the kubelet does it"])
def test_keys_rotate_under_requests_and_none_is_lost(start, issuers, tmp_path, kind):
    old, new = issuers
    files = kind(tmp_path / "keys", keys_pem=old.pem.read_text())
    server = start(*demanding_tokens(files.path("keys.pem")))
    old_token, new_token = old.token(), new.token()
    first = check(server, "jwt_keys")
    with asking(server, old_token, new_token) as (by_old, by_new):
        wait_until(lambda: by_old and by_new, "answers before")
        files.update(keys_pem=old.pem.read_text() + new.pem.read_text())
        wait_until(lambda: status_of(server, new_token) == 200, "the new key")
        assert status_of(server, old_token) == 200
        files.update(keys_pem=new.pem.read_text())
        wait_until(lambda: status_of(server, old_token) == 401, "the end of the old key")
        assert status_of(server, new_token) == 200
        seen = len(by_old), len(by_new)
        wait_until(lambda: len(by_old) > seen[0] and len(by_new) > seen[1], "answers afterwards")
    assert (changes(by_old), changes(by_new)) == ([200, 401], [401, 200])
    assert check(server, "jwt_keys") != first
    # They are told of when they are in use already.
    wait_until(lambda: len(lines(server, "token key file reloaded")) == 2, "two log lines")
    assert lines(server, "token key file reloaded")[-1]["revision"] in check(server, "jwt_keys")
    assert (reloads(server, "jwt_keys", "applied"), reloads(server, "jwt_keys", "refused")) == (2, 0)


def test_keys_that_cannot_be_used_replace_nothing(start, issuers, tmp_path):
    old, new = issuers
    keys = tmp_path / "keys.json"
    keys.write_bytes(old.jwks.read_bytes())
    server = start(*demanding_tokens(keys))
    left_out = lines(server, "token key left out")
    assert [line["file"] for line in left_out] == [str(keys)]
    good = check(server, "jwt_keys")

    keys.write_text("words")
    wait_until(lambda: lines(server, "token key file refused: the one before stays in use"), "an error in the log")
    assert status_of(server, old.token()) == 200
    assert check(server, "jwt_keys").startswith(f"{good}; what is on disk is refused: {keys}: holds no key that could be used")
    assert reloads(server, "jwt_keys", "refused") == 1
    keys.unlink()
    wait_until(lambda: check(server, "jwt_keys").endswith(f"{keys}: cannot be read: No such file or directory"), "another complaint")
    assert status_of(server, old.token()) == 200

    keys.write_bytes(new.jwks.read_bytes())
    wait_until(lambda: status_of(server, new.token()) == 200, "the new keys")
    assert status_of(server, old.token()) == 401
    wait_until(lambda: "refused" not in check(server, "jwt_keys"), "nothing to complain of")
    assert len(lines(server, "token key left out")) == 2, "told of the new file as well"


@pytest.mark.parametrize("kind", [Renamed, Volume], ids=["by rename", "as the kubelet does it"])
def test_client_authorities_are_swapped_and_no_connection_ends(start, authorities, callers, tmp_path, kind):
    old_ca, new_ca = (authority.certificate.read_text() for authority in authorities)
    old, new = callers
    files = kind(tmp_path / "authorities", ca_crt=old_ca)
    server = start(*demanding_certificates(files.path("ca.crt")))
    assert (is_let_in(server, old), is_let_in(server, new)) == (True, False)
    with server.connect(showing(server, old)) as open_before:
        assert ask(open_before) == 200
        files.update(ca_crt=old_ca + new_ca)
        wait_until(lambda: is_let_in(server, new), "the new authority")
        assert is_let_in(server, old)
        assert ask(open_before) == 200
        files.update(ca_crt=new_ca)
        wait_until(lambda: not is_let_in(server, old), "the end of the old authority")
        assert is_let_in(server, new)
        assert ask(open_before) == 200, "an open connection keeps what it was opened with"
    wait_until(lambda: reloads(server, "client_ca", "applied") == 2, "two that are counted")
    assert reloads(server, "client_ca", "refused") == 0


@pytest.mark.parametrize("bad", ["words", "leaf"])
def test_client_authorities_that_cannot_be_used_replace_nothing(start, authorities, callers, tmp_path, bad):
    old, new = callers
    authority = tmp_path / "ca.crt"
    authority.write_bytes(authorities[0].certificate.read_bytes())
    server = start(*demanding_certificates(authority))
    good = check(server, "client_ca")

    authority.write_bytes(new.certificate.read_bytes() if bad == "leaf" else b"words")
    wait_until(lambda: lines(server, "client CA file refused: the one before stays in use"), "an error in the log")
    assert (is_let_in(server, old), is_let_in(server, new)) == (True, False)
    assert check(server, "client_ca").startswith(f"{good}; what is on disk is refused: {authority}: ")
    assert (reloads(server, "client_ca", "refused"), reloads(server, "certificate", "refused")) == (1, 0)

    authority.write_bytes(authorities[1].certificate.read_bytes())
    wait_until(lambda: is_let_in(server, new), "the new authority")
    wait_until(lambda: "refused" not in check(server, "client_ca"), "nothing to complain of")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["certificate first", "authorities first"])
def test_certificate_and_client_authorities_are_swapped_in_either_order(start, authorities, callers, tmp_path, order):
    servers = Authority(tmp_path, "servers")
    shown = [servers.issue(name, extensions=("subjectAltName=DNS:localhost",)) for name in ("first", "second")]
    volume = Volume(tmp_path / "tls", tls_crt=shown[0].certificate.read_text(), tls_key=shown[0].key.read_text())
    trusted = Volume(tmp_path / "callers", ca_crt=authorities[0].certificate.read_text())
    server = start(f"--tls-cert-file={volume.path('tls.crt')}", f"--tls-private-key-file={volume.path('tls.key')}",
                   *demanding_certificates(trusted.path("ca.crt")), self_signed=False)
    server.authority = servers.certificate
    now = [0, 0]

    def is_so() -> bool:
        with server.connect(showing(server, callers[now[1]])) as connection:
            subject = dict(field[0] for field in connection.socket.getpeercert()["subject"])
            return subject["commonName"] == ("first", "second")[now[0]]

    def swap(which: int) -> None:
        now[which] = 1
        if which == 0:
            volume.update(tls_crt=shown[1].certificate.read_text(), tls_key=shown[1].key.read_text())
        else:
            trusted.update(ca_crt=authorities[1].certificate.read_text())

    assert is_so()
    for which in order:
        swap(which)
        wait_until(lambda: is_so() and is_let_in(server, callers[now[1]]), "the swap")
        assert not is_let_in(server, callers[1 - now[1]])


def test_what_is_not_asked_for_is_said_to_be_off(server):
    assert (check(server, "client_ca"), check(server, "jwt_keys")) == ("[+]client_ca ok: off", "[+]jwt_keys ok: off")
