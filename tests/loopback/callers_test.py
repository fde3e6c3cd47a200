"""Who may call: client certificates and tokens, over real TLS."""

import hashlib
import hmac
import json
import re
import ssl
import time

import pytest

import reviews
from credentials import AUDIENCE, ISSUER, Authority, Certificate, Issuer, base64url
from program import run, wait_until
from reviews import make_job, make_review
from wire import Response, post


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def api_server(authority) -> Certificate:
    return authority.issue("kube-apiserver")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("issuer"))


def demanding_certificate(authority: Authority, demand: str = "required", *names: str) -> list[str]:
    return [f"--client-auth={demand}", f"--client-ca-file={authority.certificate}", *(f"--client-name={name}" for name in names)]


def demanding_token(keys, demand: str = "required") -> list[str]:
    return [f"--jwt={demand}", f"--jwt-issuer={ISSUER}", f"--jwt-audience={AUDIENCE}", f"--jwt-keys-file={keys}", "--jwt-leeway=0s"]


def showing(server, shown: Certificate | None) -> ssl.SSLContext:
    tls = ssl.create_default_context(cafile=server.authority)
    if shown:
        tls.load_cert_chain(shown.certificate, shown.key)
    return tls


def call(server, shown: Certificate | None = None, token: str = "", review: dict | None = None) -> Response:
    """Calls on a connection of its own. Errors: those of TLS, where the server refuses the certificate."""
    headers = {"Authorization": f"Bearer {token}" if token else None}
    with server.connect(showing(server, shown)) as connection:
        connection.send(reviews.post_review(review or make_review(make_job()), headers=headers))
        return connection.read_response()


def refusal_of(server, shown: Certificate | None) -> str:
    """How the server refuses a certificate in the handshake: as the client sees it, in the log of neither side a review."""
    with pytest.raises(ssl.SSLError) as refused:
        call(server, shown)
    return refused.value.reason


def refusals(server) -> list[dict]:
    return [line for line in server.logged() if line["msg"] == "caller refused"]


def counted(server) -> dict[str, int]:
    """The refused by cause, without those of which there are none."""
    samples = re.findall(r'^plimsoll_callers_refused_total\{cause="(\w+)"\} (\d+)$', server.health("/metrics").text, re.MULTILINE)
    assert len(samples) == 12, "each cause is there from the start"
    return {cause: int(count) for cause, count in samples if count != "0"}


def test_nobody_is_asked_by_default(server, api_server, issuer):
    for shown, token in ((None, ""), (api_server, ""), (None, issuer.token()), (None, "nonsense")):
        review = make_review(make_job())
        assert call(server, shown, token, review).status == 200
        assert server.record_of(review["request"]["uid"])["caller"] == ""


def test_a_required_client_certificate(start, authority, api_server, tmp_path):
    server = start(*demanding_certificate(authority, "required", "other", "kube-apiserver", "spiffe://cluster/api"), "--log-level=debug")
    review = make_review(make_job())
    assert call(server, api_server, review=review).status == 200
    assert server.record_of(review["request"]["uid"])["caller"] == "kube-apiserver"
    assert [line["caller"] for line in server.logged() if line["msg"] == "call"] == ["kube-apiserver"]

    by_uri = authority.issue("by-uri", extensions=("subjectAltName=DNS:x.example.com,URI:spiffe://cluster/api",))
    assert call(server, by_uri).status == 200

    stranger = call(server, authority.issue("kubelet"))
    assert (stranger.status, stranger.text) == (403, 'the client certificate of "kubelet" is good, but this caller is not allowed here\n')
    assert "www-authenticate" not in stranger.headers
    assert [(line["level"], line["cause"]) for line in refusals(server)] == [("warning", "name_not_allowed")]
    assert counted(server) == {"name_not_allowed": 1}

    assert refusal_of(server, None) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert refusal_of(server, Authority(tmp_path, "others").issue("kube-apiserver")) == "TLSV1_ALERT_UNKNOWN_CA"
    assert refusal_of(server, authority.issue("expired", ends_in=-60)) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"
    assert refusal_of(server, authority.issue("early", begins_in=600)) == "SSLV3_ALERT_BAD_CERTIFICATE"
    assert refusal_of(server, authority.issue("server", extensions=("extendedKeyUsage=serverAuth",))) == "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"
    def why() -> list[str]:
        return [line["why"] for line in server.logged() if line["msg"] == "TLS handshake failed"]

    wait_until(lambda: len(why()) == 5, "five lines in the log")
    for reason, words in zip(why(), ("peer did not return a certificate", "unable to get local issuer certificate", "certificate has expired",
                                   "certificate is not yet valid", "unsuitable certificate purpose")):
        assert words in reason


def test_an_optional_client_certificate_may_be_missing_but_not_wrong(start, authority, api_server, tmp_path):
    server = start(*demanding_certificate(authority, "optional"))
    for shown, caller in ((None, ""), (api_server, "kube-apiserver")):
        review = make_review(make_job())
        assert call(server, shown, review=review).status == 200
        assert server.record_of(review["request"]["uid"])["caller"] == caller
    assert refusal_of(server, Authority(tmp_path, "others").issue("kube-apiserver")) == "TLSV1_ALERT_UNKNOWN_CA"
    assert refusal_of(server, authority.issue("long-gone", ends_in=-60)) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"


@pytest.mark.parametrize("kind", ["pem", "jwks"])
def test_a_required_token(start, issuer, tmp_path, kind):
    server = start(*demanding_token(getattr(issuer, kind)))
    for algorithm, kid in (("RS256", "rsa"), ("ES256", "ec"), ("RS256", None), ("ES256", None)):
        review = make_review(make_job())
        token = issuer.token(algorithm, {"kid": kid} if kid else {}, sub="api", aud=["other", AUDIENCE])
        assert call(server, token=token, review=review).status == 200
        assert server.record_of(review["request"]["uid"])["caller"] == "api"

    missing = call(server)
    assert (missing.status, missing.headers["www-authenticate"]) == (401, 'Bearer realm="plimsoll"')
    assert missing.text == "a token is needed: Authorization: Bearer, then a JWT\n"

    now = int(time.time())
    text = ".".join(base64url(json.dumps(part).encode())
                    for part in ({"alg": "HS256"}, {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 600}))
    confused = f"{text}.{base64url(hmac.digest(issuer.pem.read_bytes(), text.encode(), hashlib.sha256))}"
    wrong = {
        "token_expired": (issuer.token(exp=now - 1), "the token has expired"),
        "token_not_yet_valid": (issuer.token(nbf=now + 600), "the token is not valid yet"),
        "issuer_wrong": (issuer.token(iss="https://evil.example"), f'it is "https://evil.example", "{ISSUER}" is expected'),
        "audience_wrong": (issuer.token(aud="vault"), 'its "aud" is "vault", "plimsoll" is expected'),
        "signature_wrong": (Issuer(tmp_path, "stranger").token(), "the token has a signature that is not by the key expected"),
        "token_unsupported": (confused, 'the token has the "alg" "HS256"'),
        "token_malformed": ("nonsense", "the token is not a JWT"),
    }
    for cause, (token, want) in wrong.items():
        refused = call(server, token=token)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer realm="plimsoll", error="invalid_token"')
        assert want in refused.text
        assert not refused.closes, "the next request may be better"
    assert [line["cause"] for line in refusals(server)] == ["no_token", *wrong]
    log = server.log.read_text()
    assert not any(part in log for token, _ in wrong.values() for part in token.split(".") if len(part) > 8), "tokens are secrets"
    left_out = [line["note"] for line in server.logged() if line["msg"] == "token key left out"]
    assert left_out == ([] if kind == "pem" else ['key 3 ("symmetric") is left out: is symmetric: whoever can check a signature could make one'])


def test_who_may_not_call_is_told_before_anything_is_looked_at(start, issuer):
    server = start(*demanding_token(issuer.jwks))
    for request in (post(b"no review"), post(b"", method="GET"), post(b"", target="/elsewhere"), post(b"{}", headers={"Content-Type": "text/plain"})):
        assert server.exchange(request).status == 401
    twice = post(b"{}", headers={"Authorization": f"Bearer {issuer.token()}", "authorization": "Bearer other"})
    assert server.exchange(twice).status == 400
    for path in ("/livez", "/readyz"):
        assert server.health(path).status == 200


def test_an_optional_token_may_be_missing_but_not_wrong(start, issuer):
    server = start(*demanding_token(issuer.pem, "optional"))
    assert call(server).status == 200
    assert call(server, token=issuer.token()).status == 200
    assert call(server, token=issuer.token(exp=1)).status == 401
    basic = post(b"{}", headers={"Authorization": "Basic YTpi"})
    assert server.exchange(basic).status == 401


def test_both_required_means_both(start, authority, api_server, issuer):
    server = start(*demanding_certificate(authority), *demanding_token(issuer.jwks))
    review = make_review(make_job())
    assert call(server, api_server, issuer.token(sub="api"), review).status == 200
    assert server.record_of(review["request"]["uid"])["caller"] == "kube-apiserver + api"
    assert call(server, api_server).status == 401
    with pytest.raises(ssl.SSLError):
        call(server, None, issuer.token())


def test_a_kept_connection_outlives_neither_its_certificate_nor_its_token(start, authority, issuer):
    lifetime = 6
    by_certificate = start(*demanding_certificate(authority))
    by_token = start(*demanding_token(issuer.pem))
    certificate = authority.issue("short-lived", ends_in=lifetime)
    token = issuer.token(exp=int(time.time()) + lifetime)
    body = reviews.encode(make_review(make_job()))
    requests = [post(body), post(body, headers={"Authorization": f"Bearer {token}"})]
    with by_certificate.connect(showing(by_certificate, certificate)) as first, by_token.connect() as second:

        def statuses() -> list[int]:
            for connection, request in zip((first, second), requests):
                connection.send(request)
            return [connection.read_response().status for connection in (first, second)]

        assert statuses() == [200, 200]
        wait_until(lambda: statuses() == [403, 401], "both to expire")
        second.send(post(body, headers={"Authorization": f"Bearer {issuer.token()}"}))
        assert second.read_response().status == 200, "a new token is as good on an old connection"
    assert {line["cause"] for line in refusals(by_certificate)} == {"certificate_expired"}
    assert {line["cause"] for line in refusals(by_token)} == {"token_expired"}


def test_refused_callers_cannot_flood_the_log(start, issuer):
    server = start(*demanding_token(issuer.pem))
    with server.connect() as connection:
        for _ in range(500):
            connection.send(post(b"{}"))
            assert connection.read_response().status == 401
    assert call(server, token="nonsense").status == 401
    lines = refusals(server)
    assert len([line for line in lines if line["cause"] == "no_token"]) < 100
    assert len([line for line in lines if line["cause"] == "token_malformed"]) == 1
    assert counted(server) == {"no_token": 500, "token_malformed": 1}


FLAGS = {
    "certificates of nobody": (["--client-auth=required"], "--client-auth required needs --client-ca-file"),
    "an authority to no end": (["--client-ca-file=ca.crt"], "--client-ca-file has no effect with --client-auth off: say --client-auth optional or"),
    "a name to no end": (["--client-name=api"], "--client-name has no effect with --client-auth off"),
    "tokens of any issuer": (["--jwt=required", "--jwt-audience=a", "--jwt-keys-file=k"], "--jwt required needs --jwt-issuer"),
    "tokens for anybody": (["--jwt=optional", "--jwt-issuer=i", "--jwt-keys-file=k"], "--jwt optional needs --jwt-audience"),
    "tokens signed by anybody": (["--jwt=required", "--jwt-issuer=i", "--jwt-audience=a"], "--jwt required needs --jwt-keys-file"),
    "keys to no end": (["--jwt-keys-file=k"], "--jwt-keys-file has no effect with --jwt off: say --jwt optional or --jwt required"),
    "a leeway of hours": (["--jwt-leeway=2h"], "--jwt-leeway: must be between 0s and 10m"),
    "a word that is no demand": (["--client-auth=on"], "--client-auth: on not in {off,optional,required}"),
    "an authority that is not there": (["--client-auth=required", "--client-ca-file=missing"], "missing: cannot be read: No such file or directory"),
    "an authority that is none": (["--client-auth=required", "--client-ca-file=words"], "words: holds no certificate; PEM is needed"),
    "a leaf as an authority": (["--client-auth=required", "--client-ca-file=leaf"], "leaf: certificate 1 is not an authority's"),
    "keys that are none": (["--jwt=required", "--jwt-issuer=i", "--jwt-audience=a", "--jwt-keys-file=words"], "words: holds no key that could be used"),
}


@pytest.mark.parametrize("name", FLAGS)
def test_flags_that_contradict_each_other_or_lead_nowhere_are_named(tmp_path, api_server, name):
    flags, want = FLAGS[name]
    (tmp_path / "words").write_text("words")
    (tmp_path / "leaf").write_bytes(api_server.certificate.read_bytes())
    done = run("serve", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0", "--self-signed", "--dns-name=localhost", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert want in done.stderr


def test_flags_may_come_from_the_environment(start, issuer):
    server = start(env={"PLIMSOLL_SERVE_JWT": "required", "PLIMSOLL_SERVE_JWT_ISSUER": ISSUER, "PLIMSOLL_SERVE_JWT_AUDIENCE": AUDIENCE,
                        "PLIMSOLL_SERVE_JWT_KEYS_FILE": str(issuer.jwks)})
    assert call(server).status == 401
    assert call(server, token=issuer.token()).status == 200
