#!/usr/bin/python3
"""Runs the fuzzers, each for a while and as many at once as there are processors, and says what they found.

    run.py [--seconds 600] [--corpus DIRECTORY] [--junit FILE] [FUZZER…]

The corpus keeps what one run learns for the next. A finding is an input under build/fuzz/findings that ends its fuzzer
again when named on its command line; exit 1 when there is one.
"""
import argparse
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import seeds

BUILD = seeds.ROOT / "build" / "fuzz"
FUZZERS = ["review", "policy", "quantity", "duration", "jwt", "audit_line"]
# A body of 8 MiB finds nothing that one of 16 KiB does not, and takes 500 times as long.
LONGEST = {"quantity": 64, "duration": 64, "jwt": 8192}


def run(corpus: Path, name: str, seconds: int) -> bool:
    findings = BUILD / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    directory = corpus / name
    directory.mkdir(parents=True, exist_ok=True)
    command = [BUILD / "tests" / f"fuzz_{name}", directory, f"-max_total_time={seconds}", f"-max_len={LONGEST.get(name, 16384)}",
               f"-artifact_prefix={findings}/{name}-", "-timeout=30", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace")
    (BUILD / f"fuzz_{name}.log").write_text(text)
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    covered = re.findall(r"cov: (\d+)", text)
    # One write: others print too.
    verdict = "FOUND SOMETHING" if done.returncode else "nothing found"
    said = (f"{name:12} {verdict:16} {executed.group(1) if executed else '?':>12} inputs, "
            f"{covered[-1] if covered else '?'} edges, {len(list(directory.iterdir()))} kept\n")
    if done.returncode:
        said += "\n".join([line for line in text.splitlines() if not line.startswith("#")][-60:]) + "\n"
    print(said, end="", flush=True)
    return done.returncode == 0


def write_junit(path: Path, results: dict[str, bool]) -> None:
    suite = ElementTree.Element("testsuite", name="fuzz", tests=str(len(results)), failures=str(list(results.values()).count(False)))
    for name, passed in results.items():
        case = ElementTree.SubElement(suite, "testcase", classname="fuzz", name=name)
        if not passed:
            ElementTree.SubElement(case, "failure", message="see the input under build/fuzz/findings")
    ElementTree.ElementTree(suite).write(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="for each fuzzer")
    parser.add_argument("--corpus", type=Path, default=Path.home() / ".cache" / "plimsoll" / "fuzz")
    parser.add_argument("--junit", type=Path)
    parser.add_argument("fuzzers", nargs="*", default=FUZZERS)
    options = parser.parse_args()
    seeds.write_all(options.corpus)
    with ThreadPoolExecutor(os.cpu_count()) as at_once:
        passed = at_once.map(lambda name: run(options.corpus, name, options.seconds), options.fuzzers)
        results = dict(zip(options.fuzzers, passed))
    if options.junit:
        write_junit(options.junit, results)
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
