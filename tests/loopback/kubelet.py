"""A volume as the kubelet writes it: files are links into `..data`, and `..data` is swapped when all behind it is written."""

import itertools
import os
import shutil
from pathlib import Path

_versions = itertools.count(1)


class Volume:
    """A mounted ConfigMap or Secret. Source: pkg/volume/util/atomic_writer.go of Kubernetes."""

    def __init__(self, directory: Path, **files: str):
        self.directory = directory
        directory.mkdir()
        self.update(**files)

    def path(self, name: str) -> Path:
        return self.directory / name

    def update(self, **files: str) -> None:
        """A new version of all files; `policy_yaml` is `policy.yaml`."""
        contents = {name.replace("_", "."): text for name, text in files.items()}
        old = os.readlink(self.directory / "..data") if (self.directory / "..data").exists() else None
        version = f"..2026_11_22.{next(_versions)}"
        (self.directory / version).mkdir()
        for name, text in contents.items():
            (self.directory / version / name).write_text(text)
        (self.directory / "..data_tmp").symlink_to(version)
        (self.directory / "..data_tmp").rename(self.directory / "..data")
        for name in contents:
            if not (self.directory / name).is_symlink():
                (self.directory / name).symlink_to(f"..data/{name}")
        if old:
            shutil.rmtree(self.directory / old)
