"""`serve --register` without an API server, and `register` on the command line; with one: tests/e2e/keeping_registration_test.py."""

import json
import time

from program import POLICY, run, serving, wait_until

# Port 1 is nobody's. The files are where an operator would put them.
KUBECONFIG = """
{current-context: here, contexts: [{name: here, context: {cluster: c, user: u}}], users: [{name: u, user: {token: secret-token}}],
 clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1', certificate-authority: ca.crt}}]}
"""


def test_server_without_an_api_server_serves_tells_so_once_and_stops_at_once(tmp_path):
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    with serving(tmp_path, "--register", "--kubeconfig", tmp_path / "kubeconfig") as server:
        wait_until(lambda: "cannot look after the registration" in server.log.read_text(), "the failure is told")
        assert server.health("/readyz").status == 200
        begun = time.monotonic()
    assert time.monotonic() - begun < 15  # not when its next look is due, nor when its patience ends
    log = server.log.read_text()
    told = [json.loads(line)["why"] for line in log.splitlines() if "cannot look after" in line]
    assert told[0].startswith("GET mutatingwebhookconfigurations 00-plimsoll-jobs: cannot connect to 127.0.0.1 port 1: ")
    assert len(set(told)) == len(told)
    assert "secret-token" not in log


def test_register_without_an_api_server_says_where_it_looked(tmp_path):
    nowhere = {"KUBECONFIG": "", "HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "", "KUBERNETES_SERVICE_PORT": ""}
    done = run("register", "--policy", POLICY, env=nowhere)
    assert done.returncode == 2 and "say --kubeconfig FILE" in done.stderr


def test_register_refuses_what_cannot_be_registered(tmp_path):
    empty = tmp_path / "empty.crt"
    empty.touch()
    for flags, words in ((("--ca-file", empty), "is empty"), (("--ca-file", POLICY), "no authority"), (("--url", "http://h/"), "https"),
                         (("--timeout-seconds", "31"), "--timeout-seconds"), (("--policy", empty.with_name("none")), "cannot be read")):
        done = run("register", "--print", *flags)
        assert (done.returncode, done.stdout) == (2, ""), done.stdout
        assert words in done.stderr
    printed = run("register", "--print", "--url", "https://192.0.2.1/mutate", "--failure-policy", "Fail", "--timeout-seconds", "5").stdout
    assert printed.count("url: https://192.0.2.1/mutate\n") == printed.count("url: https://192.0.2.1/mutate/shadow\n") == 3
    assert printed.count("url: https://192.0.2.1/validate\n") == printed.count("url: https://192.0.2.1/validate/shadow\n") == 1
    assert printed.count("failurePolicy: Fail") == printed.count("timeoutSeconds: 5") == 8
