#!/usr/bin/python3
"""The server beside nginx: requests a second over TLS with kept connections, each server alone on one core and wrk on the other.

nginx answers the same POST with a static body of the same size: what TLS and HTTP cost without deciding anything. Both run at the
same time of the same minute, in turn, several rounds; a figure is the median of the rounds.

    tests/bench/serve_bench.py build/plimsoll [--seconds 4] [--rounds 5]
"""

import argparse
import http.client
import json
import os
import re
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = (1, 8, 64)

NGINX = """
daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/nginx.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_buffer_size 64k; client_max_body_size 8m; keepalive_requests 1000000; keepalive_timeout 120s;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {directory}/tls.crt; ssl_certificate_key {directory}/tls.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / {{ error_page 405 =200 $uri; default_type application/json; return 200 '{body}'; }}
  }}
}}
"""


def review() -> bytes:
    """The recorded Job of 7.7 KB with an estimate: a decision that changes eleven places."""
    body = json.loads((ROOT / "tests/samples/job-create-1.37.json").read_text())
    template = body["request"]["object"]["spec"]["template"]
    annotations = template.setdefault("metadata", {}).setdefault("annotations", {})
    estimate = {"duration": "2h", "cpu": "4", "memory": "40Gi", "gpu": "2", "gpu-memory": "30Gi",
                "container": template["spec"]["containers"][0]["name"]}
    annotations.update({f"estimate.plimsoll.dev/{key}": value for key, value in estimate.items()})
    return json.dumps(body, separators=(",", ":")).encode()


def make_certificate(directory: Path) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", directory / "tls.key", "-out", directory / "tls.crt"], check=True, stderr=subprocess.DEVNULL)


def post(port: int, body: bytes) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
    connection.request("POST", "/mutate?timeout=10s", body, {"Content-Type": "application/json"})
    return connection.getresponse().read()


def start_plimsoll(program: str, directory: Path) -> tuple[subprocess.Popen, int]:
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, program, "serve", "--threads=1", "--listen=127.0.0.1:0", "--health-listen=127.0.0.1:0",
         f"--tls-cert-file={directory}/tls.crt", f"--tls-private-key-file={directory}/tls.key",
         f"--policy={ROOT}/manifests/policy.yaml", f"--audit-log={directory}/audit.jsonl", "--drain-delay=0s"],
        stderr=subprocess.PIPE, text=True)
    return process, json.loads(process.stderr.readline())["https"]


def start_nginx(directory: Path, answer: bytes, port: int) -> subprocess.Popen:
    # nginx has variables in `return`: a body of as many bytes serves as well as the very answer.
    configuration = directory / "nginx.conf"
    configuration.write_text(NGINX.format(directory=directory, port=port, body="x" * len(answer)))
    return subprocess.Popen(["taskset", "-c", SERVER_CORE, "nginx", "-p", directory, "-c", configuration], stderr=subprocess.DEVNULL)


def children(pid: int) -> list[int]:
    below = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [pid] + [g for child in below for g in children(child)]


def cpu_seconds(pid: int) -> float:
    total = 0
    for each in children(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def load(port: int, connections: int, seconds: int, script: Path) -> float:
    out = subprocess.run(["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                          f"https://127.0.0.1:{port}/mutate?timeout=10s"], check=True, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx.*: (\d+)", out)
    if bad:
        sys.exit(f"{bad[1]} requests were not answered with 200\n{out}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    body = review()
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        make_certificate(directory)
        script = directory / "post.lua"
        (directory / "review.json").write_bytes(body)
        script.write_text(f'local f = io.open("{directory}/review.json"); wrk.method = "POST"; wrk.body = f:read("*a"); f:close()\n'
                          'wrk.headers["Content-Type"] = "application/json"\n')
        plimsoll, port = start_plimsoll(arguments.program, directory)
        answer = post(port, body)
        nginx_port = port + 1 if port < 65000 else port - 1
        nginx = start_nginx(directory, answer, nginx_port)
        try:
            for _ in range(50):
                try:
                    post(nginx_port, body)
                    break
                except OSError:
                    time.sleep(0.1)
            print(f"review {len(body)} bytes, answer {len(answer)} bytes; medians of {arguments.rounds} rounds of {arguments.seconds} s")
            print(f"{'connections':>11} {'plimsoll/s':>11} {'nginx/s':>9} {'ratio':>6} {'CPU/request':>12} {'RSS':>9}")
            for connections in CONNECTIONS:
                ours, theirs, cpu = [], [], []
                for done in range(arguments.rounds):
                    print(f"\r  c={connections} round {done + 1}/{arguments.rounds}", end="", file=sys.stderr, flush=True)
                    before = cpu_seconds(plimsoll.pid)
                    ours.append(load(port, connections, arguments.seconds, script))
                    cpu.append((cpu_seconds(plimsoll.pid) - before) / (ours[-1] * arguments.seconds) * 1000)
                    theirs.append(load(nginx_port, connections, arguments.seconds, script))
                print("\r" + " " * 30 + "\r", end="", file=sys.stderr)
                rate, floor = statistics.median(ours), statistics.median(theirs)
                print(f"{connections:>11} {rate:>11.0f} {floor:>9.0f} {rate / floor:>6.2f} {statistics.median(cpu):>9.3f} ms "
                      f"{resident_mib(plimsoll.pid):>5.1f} MiB", flush=True)
        finally:
            for process in (plimsoll, nginx):
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)


if __name__ == "__main__":
    main()
