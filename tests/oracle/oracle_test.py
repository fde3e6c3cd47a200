"""The comparison with the Go code that Kubernetes runs, as one test of `make e2e`."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"


def test_quantities_durations_and_patches_agree_with_kubernetes_own_code():
    if shutil.which("go") is None:
        pytest.skip("needs Go")
    done = subprocess.run([HERE / "run.sh", BUILD], text=True, capture_output=True, timeout=600, check=False)
    print(done.stdout)  # how many values there were, and what became of them
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
