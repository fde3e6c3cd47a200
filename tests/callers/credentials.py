"""What callers show: client certificates and tokens, made with openssl."""

import base64
import json
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

ISSUER = "https://issuer.example"
AUDIENCE = "plimsoll"

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc")

# `openssl ca` is the one of its commands that sets a certificate's time to the second.
_CA_CONFIG = """
[ca]
default_ca = only
[only]
database = {directory}/index.txt
new_certs_dir = {directory}
rand_serial = yes
default_md = sha256
unique_subject = no
policy = any
copy_extensions = copy
[any]
commonName = optional
organizationName = optional
"""


def _openssl(*arguments: str | Path, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True).stdout


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


class Authority:
    """Signs client certificates."""

    def __init__(self, directory: Path, name: str = "callers"):
        self._directory = directory / name
        self._directory.mkdir(parents=True)
        self._key = self._directory / "ca.key"
        self.certificate = self._directory / "ca.crt"
        (self._directory / "index.txt").touch()
        self._config = self._directory / "ca.cnf"
        self._config.write_text(_CA_CONFIG.format(directory=self._directory))
        _openssl("req", "-x509", *_CURVE, "-days", "2", "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate)

    def issue(self, name: str, subject: str = "", extensions: tuple[str, ...] = ("extendedKeyUsage=clientAuth",),
              begins_in: int = -3600, ends_in: int = 3600) -> Certificate:
        """Times are seconds from now."""
        made = Certificate(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        request = self._directory / f"{name}.csr"
        added = [argument for extension in extensions for argument in ("-addext", extension)]
        _openssl("req", *_CURVE, "-subj", subject or f"/CN={name}", *added, "-keyout", made.key, "-out", request)
        start, end = (datetime.fromtimestamp(time.time() + seconds, timezone.utc).strftime("%Y%m%d%H%M%SZ") for seconds in (begins_in, ends_in))
        _openssl("ca", "-config", self._config, "-batch", "-notext", "-in", request, "-out", made.certificate, "-cert", self.certificate,
                 "-keyfile", self._key, "-startdate", start, "-enddate", end)
        return made


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(signature: bytes, size: int) -> bytes:
    """r and s side by side, of ECDSA's DER: SEQUENCE { INTEGER r, INTEGER s }. Short enough for lengths of one byte."""
    numbers, at = [], 2
    while at < len(signature):
        length = signature[at + 1]
        numbers.append(int.from_bytes(signature[at + 2:at + 2 + length], "big"))
        at += 2 + length
    return b"".join(number.to_bytes(size, "big") for number in numbers)


class Issuer:
    """Signs tokens with RS256 and ES256."""

    def __init__(self, directory: Path, name: str = "issuer"):
        self._directory = directory / name
        self._directory.mkdir(parents=True)
        self._keys = {"RS256": self._directory / "rsa.key", "ES256": self._directory / "ec.key"}
        _openssl("genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self._keys["RS256"])
        _openssl("genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self._keys["ES256"])
        self.pem = self._directory / "keys.pem"
        self.pem.write_bytes(b"".join(_openssl("pkey", "-in", key, "-pubout") for key in self._keys.values()))
        self.jwks = self._directory / "keys.json"
        self.jwks.write_text(json.dumps({"keys": [self._rsa_jwk(), self._ec_jwk(), {"kty": "oct", "kid": "symmetric", "k": "AAAA"}]}))

    def token(self, algorithm: str = "ES256", header: dict | None = None, **claims) -> str:
        """`claims` replace the good ones; None takes one away."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "kube-apiserver", "iat": now, "exp": now + 600} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        parts = ({"alg": algorithm, "typ": "JWT"} | (header or {}), claims)
        text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = _openssl("dgst", "-sha256", "-sign", self._keys[algorithm], stdin=text.encode())
        return f"{text}.{base64url(_raw(signature, 32) if algorithm == 'ES256' else signature)}"

    def _rsa_jwk(self) -> dict:
        modulus = _openssl("rsa", "-in", self._keys["RS256"], "-noout", "-modulus").decode().strip().partition("=")[2]
        return {"kty": "RSA", "kid": "rsa", "use": "sig", "n": base64url(bytes.fromhex(modulus)), "e": "AQAB"}

    def _ec_jwk(self) -> dict:
        # The last 64 bytes of SubjectPublicKeyInfo are the point's coordinates.
        point = _openssl("pkey", "-in", self._keys["ES256"], "-pubout", "-outform", "DER")[-64:]
        return {"kty": "EC", "kid": "ec", "crv": "P-256", "alg": "ES256", "x": base64url(point[:32]), "y": base64url(point[32:])}
