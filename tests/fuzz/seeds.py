"""The first corpora of the fuzzers: the golden cases, the recorded reviews, and what the unit tests' tables hold."""
import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent


def write(directory: Path, content: bytes, name: str | None = None) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / (name or hashlib.sha256(content).hexdigest()[:16])).write_bytes(content)


def review_of(obj: dict) -> dict:
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    metadata = obj.get("metadata") or {}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {"uid": "7f6c1b1e-8a55-4a0c-9a83-0d3f4a1c2b5e",
                        "kind": {"group": group, "version": version, "kind": obj.get("kind")},
                        "name": metadata.get("name"), "namespace": metadata.get("namespace") or "default", "operation": "CREATE",
                        "userInfo": {"username": "ada", "groups": ["system:authenticated"]},
                        "object": obj, "oldObject": None, "dryRun": False}}


def golden_objects() -> list[dict]:
    objects = []
    for path in sorted((ROOT / "tests/golden/mutate").rglob("input.yaml")):
        objects += [obj for obj in yaml.safe_load_all(path.read_text()) if isinstance(obj, dict)]
    return objects


def audit_lines(reviews: list[dict]) -> list[bytes]:
    """The lines that the program writes for these reviews, with what a replay needs."""
    sys.path.insert(0, str(ROOT / "tests" / "loopback"))
    from program import serving  # pylint: disable=import-outside-toplevel
    import reviews as wire_reviews  # pylint: disable=import-outside-toplevel

    with tempfile.TemporaryDirectory() as directory:
        with serving(Path(directory), "--audit-input=redacted", "--audit-chain") as server:
            for review in reviews:
                server.exchange(wire_reviews.post_review(review))
            server.stop()
            return server.audit_log.read_bytes().splitlines()


def write_all(directory: Path) -> None:
    """Adds to DIRECTORY/<fuzzer>/ what is not there yet."""
    reviews = [review_of(obj) for obj in golden_objects()]
    for review in reviews:
        write(directory / "review", json.dumps(review, default=str).encode())
    for path in sorted((ROOT / "tests/samples").glob("*.json")):
        write(directory / "review", path.read_bytes())
    # Times and hashes differ from run to run, so that only their place can name them.
    for number, line in enumerate(audit_lines(json.loads(json.dumps(reviews, default=str)))):
        write(directory / "audit_line", line, f"line-{number}")
    for path in [ROOT / "manifests/policy.yaml", *sorted((ROOT / "tests/golden").rglob("policy.yaml"))]:
        write(directory / "policy", path.read_bytes())
    for path in sorted((ROOT / "tests/golden").rglob("context.yaml")):
        policy = (yaml.safe_load(path.read_text()) or {}).get("policy")
        if isinstance(policy, dict):
            write(directory / "policy", yaml.safe_dump(policy).encode())
    for name, tests in (("quantity", "units/quantity_test.cpp"), ("duration", "units/duration_test.cpp")):
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', (ROOT / "tests" / tests).read_text()):
            if len(text) < 40:
                write(directory / name, text.encode())
    for path in sorted((ROOT / "tests/auth").glob("*.cpp")):
        for text in re.findall(r'"((?:[^"\\]|\\.){12,})"', path.read_text()):
            write(directory / "jwt", text.encode().decode("unicode_escape", errors="ignore").encode())
        for claims in re.findall(r'R"\((\{[^\n]*"iss"[^\n]*\})\)"', path.read_text()):
            write(directory / "jwt", b'{"alg":"ES256"}\n' + claims.encode())
    for path in sorted((ROOT / "tests/fuzz/regressions").glob("*/*")):
        write(directory / path.parent.name, path.read_bytes(), path.name)

