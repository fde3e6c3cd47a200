"""`plimsoll certs`: what it makes is trusted by OpenSSL under every name, and a running server follows it without a cut connection."""

import json
import re
import ssl
import stat
import subprocess

import pytest

from program import run, wait_until

NAMES = ["localhost", "127.0.0.1", "::1", "plimsoll.plimsoll-system.svc", "plimsoll.plimsoll-system.svc.cluster.local",
         "plimsoll.plimsoll-system", "plimsoll"]
MAKE = ["--service=plimsoll.plimsoll-system", "--dns-name=localhost", "--dns-name=127.0.0.1", "--dns-name=::1"]


def certs(*arguments, code: int = 0):
    done = run("certs", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def made(tmp_path):
    directory = tmp_path / "certs"
    certs("make", "--dir", directory, *MAKE)
    return directory


def verify(directory, name: str) -> subprocess.CompletedProcess:
    kind = "-verify_ip" if re.fullmatch(r"[0-9.]+|.*::.*", name) else "-verify_hostname"
    return subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", directory / "ca.crt", kind, name,
                           directory / "tls.crt"], capture_output=True, text=True, check=False)


def test_openssl_trusts_each_made_chain_by_each_name(made):
    for step in (None, "--leaf", "", "--published", "--now"):
        if step is not None:
            certs("rotate", "--dir", made, *([step] if step else []))
        for name in NAMES:
            done = verify(made, name)
            assert done.returncode == 0, (step, name, done.stderr)
        assert verify(made, "kubernetes.default.svc").returncode != 0
    text = subprocess.run(["openssl", "x509", "-in", made / "tls.crt", "-noout", "-text"], capture_output=True, text=True).stdout
    assert "CA:FALSE" in text and "TLS Web Server Authentication" in text and "prime256v1" in text


def test_old_certificates_stay_trusted_while_the_authority_changes_and_no_longer_after_now(made):
    old = (made / "tls.crt").read_bytes()
    certs("rotate", "--dir", made)
    certs("rotate", "--dir", made, code=2)
    certs("rotate", "--dir", made, "--published")
    assert (made / "tls.crt").read_bytes() != old
    new = (made / "tls.crt").read_bytes()
    for certificate in (old, new):
        (made / "tls.crt").write_bytes(certificate)
        assert verify(made, "localhost").returncode == 0
    certs("rotate", "--dir", made, "--now")
    for certificate in (old, new):
        (made / "tls.crt").write_bytes(certificate)
        assert verify(made, "localhost").returncode != 0


def test_keys_are_their_owners_alone_and_nothing_is_overwritten_by_accident(made):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()}
    assert modes["tls.key"] == modes["authority.key"] == 0o600
    before = (made / "authority.key").read_bytes()
    refused = certs("make", "--dir", made, *MAKE, code=2)
    assert "authority.key" in refused.stderr and "--force" in refused.stderr
    assert (made / "authority.key").read_bytes() == before
    certs("make", "--dir", made, *MAKE, "--force")
    assert (made / "authority.key").read_bytes() != before


def test_show_tells_what_fits_and_what_expires(made, tmp_path):
    certs("make", "--dir", tmp_path / "other", *MAKE)
    files = [made / "tls.crt", "--key", made / "tls.key", "--ca-file", made / "ca.crt"]
    shown = json.loads(certs("show", *files, "--name=localhost", "-o", "json").stdout)
    assert shown["problems"] == [] and set(shown["certificates"][0]["names"]) == set(NAMES)
    assert 0 < shown["certificates"][0]["secondsLeft"] <= 90 * 86400
    cases = {
        "expires in 8": [*files, "--within=91d"],
        "hostname mismatch": [*files, "--name=elsewhere"],
        "is not the key": [made / "tls.crt", "--key", tmp_path / "other" / "tls.key"],
        "unable to get local issuer": [made / "tls.crt", "--ca-file", tmp_path / "other" / "ca.crt"],
    }
    for problem, arguments in cases.items():
        assert problem in certs("show", *arguments, code=3).stdout
    for arguments in ([], [tmp_path / "absent"], [made / "tls.key"], ["--dir", tmp_path], ["--connect", "127.0.0.1:1"]):
        certs("show", *arguments, code=2)


def test_a_running_server_shows_the_new_certificate_and_cuts_no_connection(made, start):
    server = start(f"--tls-cert-file={made / 'tls.crt'}", f"--tls-private-key-file={made / 'tls.key'}", self_signed=False)
    trusting = ssl.create_default_context(cafile=made / "ca.crt")

    def shown() -> str:
        return json.loads(certs("show", "--connect", f"127.0.0.1:{server.port}", "-o", "json").stdout)["certificates"][0]["sha256"]

    before = shown()
    with server.connect(trusting) as connection:
        connection.send(b"GET /mutate HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.read_response().status == 405
        certs("rotate", "--dir", made, "--leaf")
        wait_until(lambda: shown() != before, "the new certificate")
        connection.send(b"GET /mutate HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.read_response().status == 405
    with server.connect(trusting) as connection:
        connection.send(b"GET /mutate HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.read_response().status == 405
    metrics = server.health("/metrics").body.decode()
    assert re.search(r"^plimsoll_certificate_not_after_seconds \d", metrics, re.MULTILINE)
