#!/usr/bin/python3
"""The six programs of a Kubernetes control plane: where they are, and how they come to be there.

Debian packages none of them, so they are built from Go modules pinned in pins/, once, into a cache outside the checkout:
${XDG_CACHE_HOME:-~/.cache}/plimsoll/cluster/<pin>/. A program beside its stamp (a hash of its pin) is left alone, so a clean checkout
finds what the one before it built. Programs in $KUBEBUILDER_ASSETS are used as they are; only the rest is built.

    build.py            say where each program is, build those that are missing (v1.37.2: 15 minutes on two cores, then seconds)
    build.py --check    build nothing; exit 1 when a build is needed

Environment: K8S_VERSION (one that pins/ has), KUBEBUILDER_ASSETS, XDG_CACHE_HOME, and Go's own variables.
Exit codes: 0 all there, 1 a build failed or is needed, 2 this machine cannot build what is missing.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

PINS = Path(__file__).resolve().parent / "pins"
DEFAULT_VERSION = "v1.37.2"
GO_NEEDED = (1, 26)

# Program -> (pin, Go package). Kubernetes' pin carries its version in its name.
PACKAGES = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("k8s", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("k8s", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("k8s", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubectl": ("k8s", "k8s.io/kubernetes/cmd/kubectl"),
    "kwok": ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
}


def wanted_version() -> str:
    return os.environ.get("K8S_VERSION") or DEFAULT_VERSION


def find_programs() -> dict[str, Path]:
    """Those of the six programs that are ready to run, by name; KUBEBUILDER_ASSETS goes first."""
    found = {}
    for name in PACKAGES:
        asset = _asset(name)
        built = _cached(name)
        if asset is not None:
            found[name] = asset
        elif built.is_file() and _stamp_file(name).is_file() and _stamp_file(name).read_text() == _stamp(name):
            found[name] = built
    return found


def missing_programs() -> list[str]:
    found = find_programs()
    return [name for name in PACKAGES if name not in found]


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        _refuse(f"unknown arguments {arguments}; only --check is known")
    if not _pin("kubectl").is_dir():
        pinned = sorted(p.name.removeprefix("k8s-") for p in PINS.glob("k8s-*"))
        _refuse(f"K8S_VERSION={wanted_version()} is not pinned; pinned are {', '.join(pinned)} (pins/README.md adds another)")
    missing = missing_programs()
    if arguments == ["--check"]:
        print("\n".join(f"missing: {name}" for name in missing) or "nothing is missing")
        return 1 if missing else 0
    _require_one_version()
    if missing:
        _explain_assets(missing)
        _require_go(missing)
        cache = _cache()
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / "lock", "w", encoding="ascii") as lock:  # a build in the background and `make e2e` beside it
            fcntl.flock(lock, fcntl.LOCK_EX)
            for pin in dict.fromkeys(_pin(name) for name in missing_programs()):
                if not _build(pin, [name for name in missing_programs() if _pin(name) == pin]):
                    return 1
    for name, path in find_programs().items():
        print(f"{name:24} {path}")
    return 0


def _build(pin: Path, names: list[str]) -> bool:
    print(f"building {', '.join(names)} from pins/{pin.name}", file=sys.stderr, flush=True)
    partial = _cached(names[0]).parent / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    # GOTOOLCHAIN: never fetch another toolchain behind the caller's back.
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    target = partial if len(names) > 1 else partial / names[0]  # alone, etcd's package would call its program "server"
    command = ["go", "build", "-mod=readonly", "-trimpath", f"-ldflags={_linker_flags(pin)}", "-o", target]
    command += [PACKAGES[name][1] for name in names]
    if subprocess.run(command, cwd=pin, env=environment, check=False).returncode != 0:
        print(f"build.py: go build failed in {pin}", file=sys.stderr)
        return False
    for name in names:
        os.replace(partial / name, _cached(name))
        _stamp_file(name).write_text(_stamp(name))
    partial.rmdir()
    return True


def _linker_flags(pin: Path) -> str:
    """Strips the program and, for Kubernetes, stamps the version: unstamped it calls itself v0.0.0-master, which clients misread."""
    flags = ["-s", "-w"]
    if pin.name.startswith("k8s-"):
        version = wanted_version()
        major, minor = version.removeprefix("v").split(".")[:2]
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean",
                  "gitCommit": "0" * 40, "buildDate": "1970-01-01T00:00:00Z"}
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X={package}.{key}={value}" for key, value in values.items()]
    elif pin.name == "kwok":
        version = re.search(r"^require sigs\.k8s\.io/kwok v(\S+)", (pin / "go.mod").read_text(), re.MULTILINE)[1]
        flags += [f"-X=sigs.k8s.io/kwok/pkg/consts.Version={version}"]
    return " ".join(flags)


def _explain_assets(missing: list[str]) -> None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        print(f"KUBEBUILDER_ASSETS={assets} has no {', '.join(missing)}"
              " (envtest's sets hold kube-apiserver, etcd and kubectl; Jobs and nodes need the others)", file=sys.stderr)


def _require_go(missing: list[str]) -> None:
    wish = f"needed to build {', '.join(missing)}. Or set KUBEBUILDER_ASSETS to a directory that has all of {', '.join(PACKAGES)}."
    needed = ".".join(map(str, GO_NEEDED))
    if shutil.which("go") is None:
        _refuse(f"no go on PATH: Go {needed} or newer is {wish}")
    answer = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False,
                            env=os.environ | {"GOTOOLCHAIN": "local"}).stdout.strip()
    version = re.match(r"go(\d+)\.(\d+)", answer)
    if version is None or (int(version[1]), int(version[2])) < GO_NEEDED:
        _refuse(f"the go on PATH is {answer or 'unusable'}: Go {needed} or newer is {wish}")


def _require_one_version() -> None:
    """An API server taken from the assets and a controller manager built here must be of one version."""
    server = _asset("kube-apiserver")
    ours = [name for name, (pin, _) in PACKAGES.items() if pin == "k8s" and _asset(name) is None]
    if server is None or not ours:
        return
    version = subprocess.run([server, "--version"], capture_output=True, text=True, check=False).stdout.split()[-1:]
    if version != [wanted_version()]:
        _refuse(f"{server} is {' '.join(version) or 'unusable'}, but {', '.join(ours)} would be {wanted_version()};"
                " set K8S_VERSION to the same version, or unset KUBEBUILDER_ASSETS")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "plimsoll" / "cluster"


def _pin(name: str) -> Path:
    pin = PACKAGES[name][0]
    return PINS / (f"k8s-{wanted_version()}" if pin == "k8s" else pin)


def _asset(name: str) -> Path | None:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    path = Path(assets) / name if assets else None
    return path if path is not None and os.access(path, os.X_OK) else None


def _cached(name: str) -> Path:
    return _cache() / _pin(name).name / name


def _stamp_file(name: str) -> Path:
    return _cached(name).with_suffix(".stamp")


def _stamp(name: str) -> str:
    return hashlib.sha256(b"".join((_pin(name) / file).read_bytes() for file in ("go.mod", "go.sum"))).hexdigest()


def _refuse(why: str) -> NoReturn:
    print(f"build.py: {why}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
