"""Files that change under a running server: the policy, the served certificate. What is bad replaces nothing that is good."""

import json
import ssl
import subprocess
import threading
import time

import pytest

import reviews
from kubelet import Volume
from program import wait_until
from wire import Connection

HEAD = "apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n"
# An estimate of 4Gi becomes 5Gi or 8Gi: which policy decided can be seen in every answer.
FIVE = HEAD + "resources: {margin: {medium: 1.25}}\n"
EIGHT = HEAD + "resources: {margin: {medium: 2}}\n"
BAD = HEAD + "resources:\n  margin: {medium: 2}\n  memry: {}\n"


def decide(connection: Connection) -> tuple[str, str]:
    """The memory that an answer gives, and the revision of the policy that it names."""
    review = reviews.make_review(reviews.make_job())
    connection.send(reviews.post_review(review))
    template = reviews.read_patched(reviews.read_answer(connection.read_response(), review), review["request"]["object"])["spec"]["template"]
    marker = json.loads(template["metadata"]["annotations"]["plimsoll.dev/decision"])
    return template["spec"]["containers"][0]["resources"]["requests"]["memory"], marker["policy"]


def memory(server) -> str:
    with server.connect() as connection:
        return decide(connection)[0]


def lines(server, message: str) -> list[dict]:
    return [line for line in server.logged() if line["msg"] == message]


def checks(server) -> str:
    response = server.health("/readyz?verbose")
    assert response.status == 200, response.text
    return response.text


def test_a_policy_is_swapped_under_traffic_and_each_request_is_decided_by_one(start, tmp_path):
    volume = Volume(tmp_path / "policy", policy_yaml=FIVE)
    server = start(policy=volume.path("policy.yaml"))
    seen: list[tuple[str, str]] = []
    failures: list[BaseException] = []
    is_over = threading.Event()

    def ask() -> None:
        try:
            with server.connect() as connection:
                while not is_over.is_set():
                    seen.append(decide(connection))
        except BaseException as failure:  # noqa: BLE001: told by the test's own thread
            failures.append(failure)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for text, want in ((EIGHT, "8Gi"), (FIVE, "5Gi"), (EIGHT, "8Gi")):
            volume.update(policy_yaml=text)
            wait_until(lambda: memory(server) == want, f"decisions that give {want}")
    finally:
        is_over.set()
        for caller in callers:
            caller.join()
    assert not failures
    assert len(set(seen)) == 2, "each revision goes with its numbers"
    assert {given for given, _ in seen} == {"5Gi", "8Gi"}
    wait_until(lambda: len(lines(server, "policy reloaded")) == 3, "three log lines")
    assert {line["revision"] for line in lines(server, "policy reloaded")} == {revision for _, revision in seen}


def test_a_bad_policy_replaces_nothing_and_is_told_with_its_place(start, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(FIVE)
    server = start(policy=policy)
    policy.write_text(BAD)
    wait_until(lambda: lines(server, "policy refused: the one before stays in use"), "an error in the log")
    (line,) = lines(server, "policy refused: the one before stays in use")
    assert line["level"] == "error"
    assert line["why"].startswith(f"{policy}:5:3: resources.memry: unknown field; did you mean \"memory\"?")
    assert memory(server) == "5Gi"
    assert f"[+]policy ok: revision {server.logged()[0]['policy']}; what is on disk is refused: {policy}:5:3: " in checks(server)
    assert server.health("/readyz").text == "ok\n"

    policy.write_text(EIGHT)
    wait_until(lambda: memory(server) == "8Gi", "the mended policy")
    wait_until(lambda: "refused" not in checks(server), "nothing to complain of")
    numbers = server.health("/metrics").text
    assert 'plimsoll_reloads_total{result="applied",value="policy"} 1\n' in numbers
    assert 'plimsoll_reloads_total{result="refused",value="policy"} 1\n' in numbers
    assert 'plimsoll_reloads_total{result="applied",value="certificate"} 0\n' in numbers


def test_a_policy_that_is_taken_away_stays_in_use(start, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(EIGHT)
    server = start(policy=policy)
    policy.unlink()
    wait_until(lambda: lines(server, "policy refused: the one before stays in use"), "an error in the log")
    assert memory(server) == "8Gi"
    assert "policy.yaml: cannot be read: No such file or directory" in checks(server)
    policy.write_text(FIVE)
    wait_until(lambda: memory(server) == "5Gi", "the new policy")


def openssl(directory, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> dict[str, tuple[str, str]]:
    """Certificates that sign themselves, by their common names, each with its key. `late` has expired."""
    directory = tmp_path_factory.mktemp("pairs")
    (directory / "ca.cnf").write_text("[ca]\ndefault_ca = it\n[it]\ndatabase = index\nserial = serial\nnew_certs_dir = .\ndefault_md = sha256\n"
                                      "policy = any\nx509_extensions = names\n[any]\ncommonName = supplied\n"
                                      "[names]\nsubjectAltName = DNS:localhost\n")
    made = {}
    for name, end in (("first", "20360101000000Z"), ("second", "20360101000000Z"), ("late", "20250101000000Z")):
        (directory / "index").write_text("")
        (directory / "serial").write_text(f"0{len(made) + 1}\n")
        openssl(directory, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(directory, "ca", "-config", "ca.cnf", "-selfsign", "-batch", "-notext", "-in", f"{name}.csr", "-keyfile", f"{name}.key",
                "-startdate", "20240101000000Z", "-enddate", end, "-out", f"{name}.crt")
        made[name] = ((directory / f"{name}.crt").read_text(), (directory / f"{name}.key").read_text())
    return made


def shown(server) -> str:
    """The common name of the certificate that a new connection is shown, trusted or not."""
    unquestioned = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unquestioned.check_hostname, unquestioned.verify_mode = False, ssl.CERT_NONE
    with Connection(server.port, unquestioned) as connection:
        der = connection.socket.getpeercert(binary_form=True)
    return next(name for name in ("first", "second", "late") if name.encode() in der)


def start_with(start, certificate, key):
    return start(f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}", self_signed=False)


def test_a_certificate_is_swapped_as_the_kubelet_does_it_and_no_connection_ends(start, tmp_path, pairs):
    volume = Volume(tmp_path / "tls", tls_crt=pairs["first"][0], tls_key=pairs["first"][1])
    server = start_with(start, volume.path("tls.crt"), volume.path("tls.key"))
    trusting = ssl.create_default_context(cadata=pairs["first"][0])
    with Connection(server.port, trusting) as open_before:
        before = decide(open_before)
        for name in ("second", "first", "second"):
            volume.update(tls_crt=pairs[name][0], tls_key=pairs[name][1])
            wait_until(lambda: shown(server) == name, f"a handshake that shows {name}")
            assert decide(open_before) == before
    assert not lines(server, "certificate refused: the one before stays in use")
    assert "[+]certificate ok: valid until 2036-01-01T00:00:00Z\n" in checks(server)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["certificate first", "key first"])
def test_a_pair_that_is_written_half_is_waited_for(start, tmp_path, pairs, order):
    files = [tmp_path / "tls.crt", tmp_path / "tls.key"]
    for file, text in zip(files, pairs["first"]):
        file.write_text(text)
    server = start_with(start, *files)
    files[order[0]].write_text(pairs["second"][order[0]])
    time.sleep(0.2)
    assert shown(server) == "first"
    files[order[1]].write_text(pairs["second"][order[1]])
    wait_until(lambda: shown(server) == "second", "the new pair")
    assert "refused" not in checks(server)


def test_a_pair_that_never_matches_is_told_and_the_old_one_served(start, tmp_path, pairs):
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    certificate.write_text(pairs["first"][0])
    key.write_text(pairs["first"][1])
    server = start_with(start, certificate, key)
    certificate.write_text(pairs["second"][0])
    wait_until(lambda: lines(server, "certificate refused: the one before stays in use"), "an error in the log")
    assert shown(server) == "first"
    assert f"; what is on disk is refused: {key}: is not the key of the first certificate" in checks(server)
    assert "PRIVATE" not in server.log.read_text()
    key.write_text(pairs["second"][1])
    wait_until(lambda: shown(server) == "second", "the whole pair")


def test_files_that_are_taken_away_leave_what_is_served(start, tmp_path, pairs):
    directory = tmp_path / "tls"
    volume = Volume(directory, tls_crt=pairs["first"][0], tls_key=pairs["first"][1])
    server = start_with(start, volume.path("tls.crt"), volume.path("tls.key"))
    directory.rename(tmp_path / "gone")
    wait_until(lambda: lines(server, "certificate refused: the one before stays in use"), "an error in the log")
    assert shown(server) == "first"
    Volume(directory, tls_crt=pairs["second"][0], tls_key=pairs["second"][1])
    wait_until(lambda: shown(server) == "second", "the new directory's")


def test_a_server_whose_certificate_has_expired_is_not_ready_until_it_has_another(start, tmp_path, pairs):
    volume = Volume(tmp_path / "tls", tls_crt=pairs["late"][0], tls_key=pairs["late"][1])
    server = start_with(start, volume.path("tls.crt"), volume.path("tls.key"))
    response = server.health("/readyz")
    assert response.status == 503
    assert "[+]policy ok: revision " in response.text
    assert "[-]certificate: expired at 2025-01-01T00:00:00Z\n" in response.text
    assert response.text.endswith("readyz check failed\n")
    assert server.health("/livez").status == 200
    volume.update(tls_crt=pairs["first"][0], tls_key=pairs["first"][1])
    wait_until(lambda: server.health("/readyz").status == 200, "readiness")
    assert shown(server) == "first"


CONFIG = "apiVersion: plimsoll.dev/v1alpha1\nkind: ServerConfig\n"


def test_a_server_is_told_everything_by_a_file(start, tmp_path, pairs):
    (tmp_path / "tls.crt").write_text(pairs["first"][0])
    (tmp_path / "tls.key").write_text(pairs["first"][1])
    (tmp_path / "policy.yaml").write_text(EIGHT)
    config = tmp_path / "server.yaml"
    config.write_text(CONFIG + f"policy: {tmp_path}/policy.yaml\ntlsCertFile: {tmp_path}/tls.crt\ntlsPrivateKeyFile: {tmp_path}/tls.key\n")
    server = start(f"--config={config}", self_signed=False, policy=None)
    server.tls = ssl.create_default_context(cadata=pairs["first"][0])
    assert memory(server) == "8Gi"


def test_what_can_change_in_the_config_changes_and_the_rest_is_named(start, tmp_path):
    volume = Volume(tmp_path / "config", server_yaml=CONFIG + "threads: 2\n")
    server = start(f"--config={volume.path('server.yaml')}", "--stop-timeout=7s")

    volume.update(server_yaml=CONFIG + "logLevel: debug\nthreads: 3\nauditLog: elsewhere\nstopTimeout: 1h\n")
    wait_until(lambda: lines(server, "server config: these fields want a restart"), "a warning")
    (warning,) = lines(server, "server config: these fields want a restart")
    assert (warning["level"], warning["fields"]) == ("warning", "threads"), "what a flag says the file cannot change"
    assert "[+]config ok: a restart is wanted for threads\n" in checks(server)
    server.exchange(b"broken\r\n\r\n")
    wait_until(lambda: lines(server, "request refused"), "a line of level debug")

    volume.update(server_yaml=CONFIG + "thraeds: 3\n")
    wait_until(lambda: lines(server, "server config refused: the one before stays in use"), "an error in the log")
    assert 'server.yaml:3:1: thraeds: unknown field; did you mean "threads"?' in checks(server)

    volume.update(server_yaml=CONFIG + "threads: 2\n")
    wait_until(lambda: "[+]config ok\n" in checks(server), "nothing to tell")
    server.exchange(b"broken\r\n\r\n")
    assert len(lines(server, "request refused")) == 1, "the level is what it was"


def test_limits_on_connections_change_for_new_ones(start, tmp_path):
    config = tmp_path / "server.yaml"
    config.write_text(CONFIG)
    server = start(f"--config={config}", "--threads=1")
    review = reviews.post_review(reviews.make_review(reviews.make_job()))

    def closes(connection: Connection) -> bool:
        connection.send(review)
        return connection.read_response().closes

    with server.connect() as open_before:
        assert not closes(open_before)
        config.write_text(CONFIG + "maxRequestsPerConnection: 2\nmaxConnectionAge: 1h\n")
        wait_until(lambda: lines(server, "server config reloaded"), "a log line")
        assert "[+]config ok\n" in checks(server), "no restart is wanted"
        with server.connect() as opened_after:
            assert [closes(opened_after) for _ in range(2)] == [False, True]
        assert [closes(open_before) for _ in range(3)] == [False, False, False]


def test_the_drain_obeys_the_config_of_its_moment(start, tmp_path):
    config = tmp_path / "server.yaml"
    config.write_text(CONFIG + "drainDelay: 1h\n")
    # Without the harness's own --drain-delay, which would win.
    server = start(f"--config={config}", env={"PLIMSOLL_SERVE_DRAIN_DELAY": ""})
    config.write_text(CONFIG + "drainDelay: 10ms\n")
    wait_until(lambda: lines(server, "server config reloaded"), "a log line")
    server.signal()
    assert server.wait() == 0
    assert lines(server, "stopping")[0]["drainMs"] == 10
