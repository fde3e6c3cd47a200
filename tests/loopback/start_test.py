"""What cannot be used is said at the start, with its name, and the exit code is 2."""

import itertools
import os
import socket
import subprocess

import pytest

from program import POLICY, run

LOCAL = ("--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0")
SELF_MADE = ("--self-signed", "--dns-name=localhost", "--audit-log=audit.jsonl")


def serve(directory, *arguments: str, env: dict[str, str] | None = None) -> str:
    """What `serve` says when it does not start."""
    done = run("serve", *arguments, env=env, cwd=directory)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("plimsoll serve: ") and done.stderr.endswith("\n")
    return done.stderr


def make_certificate(directory, name: str, *more: str, key: tuple[str, ...] = ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", f"{name}.key", "-out", f"{name}.crt", *more],
                   cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A directory with certificates and keys, good and bad."""
    directory = tmp_path_factory.mktemp("files")
    make_certificate(directory, "good")
    make_certificate(directory, "other")
    make_certificate(directory, "weak", key=("rsa:1024",))
    subprocess.run(["openssl", "ec", "-in", "good.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key"], cwd=directory, check=True,
                   capture_output=True)
    (directory / "empty").touch()
    (directory / "words").write_text("certificate\n")
    good = (directory / "good.crt").read_text()
    (directory / "torn.crt").write_text(good[: len(good) // 2])
    (directory / "garbled.crt").write_text(good.replace("M", "A", 3))
    (directory / "reversed.crt").write_text((directory / "other.crt").read_text() + good)
    (directory / "policy.yaml").write_text("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nmoed: enforce\n")
    return directory


PAIRS = {
    "neither": ((), "say --tls-cert-file and --tls-private-key-file, --tls-secret, or --self-signed"),
    "no key": (("good.crt",), "--tls-cert-file requires --tls-private-key-file"),
    "a certificate that is not there": (("missing.crt", "good.key"), "missing.crt: cannot be read: No such file or directory"),
    "a key that is not there": (("good.crt", "missing.key"), "missing.key: cannot be read: No such file or directory"),
    "a directory": ((".", "good.key"), ".: cannot be read: Is a directory"),
    "the key of another": (("good.crt", "other.key"), 'other.key: is not the key of the first certificate in "good.crt"'),
    "the wrong order": (("reversed.crt", "good.key"), "good.key: is not the key of the first certificate in \"reversed.crt\" but of number 2; "
                                                      "the server's own certificate must come first"),
    "swapped": (("good.key", "good.crt"), "good.key: holds a private key but no certificate; are the two files swapped?"),
    "an empty certificate": (("empty", "good.key"), "empty: is empty; a PEM certificate chain is needed"),
    "an empty key": (("good.crt", "empty"), "empty: is empty; a PEM private key is needed"),
    "words for a certificate": (("words", "good.key"), "words: holds no certificate; PEM is needed"),
    "words for a key": (("good.crt", "words"), "words: holds no private key; PEM is needed"),
    "a torn certificate": (("torn.crt", "good.key"), "torn.crt: certificate 1 is malformed"),
    "a garbled certificate": (("garbled.crt", "good.key"), "garbled.crt: certificate 1 is malformed"),
    "a key with a passphrase": (("good.crt", "locked.key"), "locked.key: holds an encrypted private key; a key without a passphrase is needed"),
    "a device": (("/dev/zero", "good.key"), "/dev/zero: is larger than 256 KiB, so it is not a PEM file"),
    "a key of 1024 bits": (("weak.crt", "weak.key"), "weak.crt: the certificate cannot be served: ee key too small"),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_certificate_that_cannot_be_served_is_named(files, name):
    pair, want = PAIRS[name]
    flags = [f"{flag}={file}" for flag, file in zip(("--tls-cert-file", "--tls-private-key-file"), pair)]
    assert want in serve(files, *LOCAL, *flags)


FLAGS = {
    "no name": (("--self-signed",), "a self-made certificate needs a name: say --dns-name or --service"),
    "a name that is none": (("--self-signed", "--dns-name=two words"), '"two words" is neither a DNS name such as'),
    "a name without self-made": (("--dns-name=localhost",), "say --tls-cert-file and --tls-private-key-file, --tls-secret, or --self-signed"),
    "a name beside a file": (("--dns-name=localhost", "--tls-cert-file=a", "--tls-private-key-file=b"), "--tls-cert-file excludes --dns-name"),
    "a Service that is none": (("--self-signed", "--service=plimsoll"), '--service: "plimsoll" is not a Service\'s NAME.NAMESPACE'),
    "a Secret that is none": (("--tls-secret=plimsoll", "--dns-name=a"), '"plimsoll" is not a Secret\'s NAMESPACE/NAME'),
    "a Secret without a name": (("--tls-secret=a/b",), "a self-made certificate needs a name"),
    "two sources": (("--tls-secret=a/b", "--self-signed"), "excludes --tls-secret"),
    "a life of nothing": (("--tls-secret=a/b", "--dns-name=a", "--ca-life=0s"), "must be a second or more"),
    "a life without a Secret": ((*SELF_MADE, "--ca-life=9d"), "--ca-life requires --tls-secret"),
    "both kinds of certificate": ((*SELF_MADE, "--tls-cert-file=good.crt", "--tls-private-key-file=good.key"), "--tls-cert-file excludes --self-signed"),
    "a policy that is not there": ((*SELF_MADE, "--policy=missing.yaml"), "missing.yaml: cannot be read: No such file or directory"),
    "a policy that is a directory": ((*SELF_MADE, "--policy=."), ".: cannot be read: Is a directory"),
    "a policy with a typo": ((*SELF_MADE, "--policy=policy.yaml"), 'policy.yaml:3:1: moed: unknown field; did you mean "mode"?'),
    "an audit log that is a directory": ((*SELF_MADE[:2], "--audit-log=."), "plimsoll serve: .: "),
    "an audit log under a file": ((*SELF_MADE[:2], "--audit-log=good.crt/audit.jsonl"), "plimsoll serve: good.crt/audit.jsonl: "),
    "a CA file in no directory": ((*SELF_MADE, "--ca-out=missing/ca.crt"), "missing/ca.crt: cannot be written"),
    "an address without a port": ((*SELF_MADE, "--listen=127.0.0.1"), '"127.0.0.1" is not an address to listen on; write ":8443"'),
    "an address that is a name": ((*SELF_MADE, "--listen=localhost:0"), '"localhost:0" is not an address to listen on'),
    "an address of another machine": ((*SELF_MADE, "--listen=192.0.2.1:0"), "cannot listen on 192.0.2.1 port 0: Cannot assign requested address"),
    "a port that is none": ((*SELF_MADE, "--listen=:70000"), '":70000" is not an address to listen on'),
    "an IPv6 address without brackets": ((*SELF_MADE, "--listen=::1:0"), '"::1:0" is not an address to listen on'),
    "a health address that is none": ((*SELF_MADE, "--health-listen=x"), '"x" is not an address to listen on'),
    "a delay without a unit": ((*SELF_MADE, "--drain-delay=5"), '--drain-delay: "5" is not a duration: it has no unit'),
    "a negative delay": ((*SELF_MADE, "--drain-delay=-1s"), "--drain-delay: must not be negative"),
    "a life without end": ((*SELF_MADE, "--max-connection-age=106751d"), "--max-connection-age: must be at most 36500d"),
    "a time-out of letters": ((*SELF_MADE, "--stop-timeout=long"), '--stop-timeout: "long" is not a duration'),
    "no threads": ((*SELF_MADE, "--threads=0"), "--threads: Value 0 not in range 1 to 64"),
    "threads of letters": ((*SELF_MADE, "--threads=two"), "--threads: Value two not in range 1 to 64"),
    "no connections": ((*SELF_MADE, "--max-connections=0"), "--max-connections: Value 0 not in range 1 to 100000"),
    "a level that is none": ((*SELF_MADE, "--log-level=loud"), "--log-level: loud not in {debug,info,warning,error}"),
    "an unknown flag": ((*SELF_MADE, "--lisen=:0"), "--lisen"),
    "a word too many": ((*SELF_MADE, "now"), "now"),
    "a flag without a value": (("--self-signed", "--dns-name"), "--dns-name"),
}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_that_cannot_be_used_is_named(files, name):
    flags, want = FLAGS[name]
    given = {flag.split("=")[0] for flag in flags}
    assert want in serve(files, *(flag for flag in LOCAL if flag.split("=")[0] not in given), *flags)


def test_a_variable_that_cannot_be_used_is_named(files):
    assert "--threads: Value many not in range" in serve(files, *LOCAL, *SELF_MADE, env={"PLIMSOLL_SERVE_THREADS": "many"})
    assert "missing.yaml: cannot be read" in serve(files, *LOCAL, *SELF_MADE, env={"PLIMSOLL_SERVE_POLICY": "missing.yaml"})


@pytest.mark.parametrize("flag", ["--listen", "--health-listen"])
def test_a_port_in_use_is_named(files, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = [address for address in LOCAL if not address.startswith(flag)]
        assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in serve(files, *SELF_MADE, *other, f"{flag}=127.0.0.1:{port}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_file_without_permission_is_named(files, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    for flag in ("--policy", "--audit-log", "--ca-out"):
        others = [option for option in SELF_MADE if not str(option).startswith(flag)]
        assert "locked" in serve(files, *LOCAL, *others, f"{flag}={locked / 'file'}")


# Policies: what stands behind the two lines that each begins with, and the problems, each without its file.
POLICIES = {
    "an unknown field": ("modee: enforce", ['3:1: modee: unknown field; did you mean "mode"?']),
    "an unknown field inside": ("gpu: {max_per_pod: 3}", ['3:7: gpu.max_per_pod: unknown field; did you mean "maxPerPod"?']),
    "off": ("mode: off", ['3:7: mode: must be enforce, shadow or disabled, not off (a boolean to YAML); did you mean "disabled"?']),
    "a word too long": ("mode: enforced", ['3:7: mode: must be enforce, shadow or disabled, not "enforced"; did you mean "enforce"?']),
    "a list for a word": ("mode: [enforce]", ["3:7: mode: must be enforce, shadow or disabled, not a list"]),
    "a key twice": ("mode: enforce\nmode: disabled", ['4:1: the key "mode" is here a second time; it was first set at line 3, column 1']),
    "a margin below one": ("resources:\n  margin: {high: 0.9}", ['4:18: resources.margin.high: must be 1 or more, not "0.9"']),
    "a word for a list": ("sidecars: istio-proxy", ['3:11: sidecars: must be a list, not "istio-proxy"']),
    "a condition on nothing": ('requireEstimate: {gpus: ">0"}', ['3:19: requireEstimate.gpus: unknown field; did you mean "gpu"?']),
    "two problems": ("onError: Deny\ngpu: {maxPerPod: many}", ['3:10: onError: must be allow or deny, not "Deny"; did you mean "deny"?',
                                                              '4:18: gpu.maxPerPod: must be a whole number from 1 to 1024, not "many"']),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_malformed_policy_is_refused_alike_by_serve_and_check(files, name, tmp_path):
    text, problems = POLICIES[name]
    (tmp_path / "policy.yaml").write_text(f"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n{text}\n")
    want = [f"policy.yaml:{problem}" for problem in problems]
    assert serve(tmp_path, *LOCAL, *SELF_MADE, "--policy=policy.yaml").splitlines() == [f"plimsoll serve: {line}" for line in want]
    done = run("check", "policy.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (2, want, "")
    assert not (tmp_path / "audit.jsonl").exists()


# Not one of them is a policy, however it is read.
NO_POLICIES = {
    "nothing": b"",
    "a word": b"policy\n",
    "a list": b"- mode: enforce\n",
    "null": b"null\n",
    "two documents": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n---\nmode: disabled\n",
    "another kind": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Polity\n",
    "another version": b"apiVersion: plimsoll.dev/v9\nkind: Policy\n",
    "a tab": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\ngpu:\n\tmaxPerPod: 3\n",
    "an open bracket": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nsidecars: [a, b\n",
    "an open quote": b'apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nmode: "enforce\n',
    "bytes that are no UTF-8": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nmode: \xff\xfe\n",
    "NULs": b"\0" * 100,
    "an alias that holds itself": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nsidecars: &a [*a]\n",
    "an alias of nothing": b"apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nsidecars: *a\n",
    "a billion laughs": b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (b, b, b",".join([b"*%c" % a] * 9)) for a, b in itertools.pairwise(b"abcdefghijkl")),
    "100,000 open brackets": b"sidecars: " + b"[" * 100_000,
    "a program": None,
}


@pytest.mark.parametrize("name", NO_POLICIES)
def test_what_is_no_policy_is_refused_alike_by_serve_and_check(name, tmp_path):
    content = NO_POLICIES[name]
    (tmp_path / "policy.yaml").write_bytes(content if content is not None else open("/bin/true", "rb").read())
    complaints = [line.removeprefix("plimsoll serve: ") for line in serve(tmp_path, *LOCAL, *SELF_MADE, "--policy=policy.yaml").splitlines()]
    done = run("check", "policy.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (2, complaints)
    assert complaints and all(line.startswith("policy.yaml:") and line.isprintable() and len(line) < 500 for line in complaints)


def test_the_shipped_policy_has_no_problem():
    done = run("check", POLICY)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{POLICY}: ok\n")
