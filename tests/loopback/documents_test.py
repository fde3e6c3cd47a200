"""Pages whose examples are what the program really does: each `$` line of a ```console block is run, and what stands below it compared.

UPDATE_DOCS=1 rewrites the answers instead; read the difference before you commit it.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from program import PATIENCE, PROGRAM, ROOT, environment

PAGES = [ROOT / "docs" / "slurm.md"]
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)


def answer(block: str, directory: Path) -> str:
    """The block as it should read: its commands, each with what it prints to both streams."""
    (directory / "plimsoll").unlink(missing_ok=True)
    (directory / "plimsoll").symlink_to(PROGRAM)
    path = f"{directory}{os.pathsep}{os.environ['PATH']}"
    text = ""
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, env=environment({"PATH": path}), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=PATIENCE)
        text += f"$ {command}\n{done.stdout.decode()}"
    return text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_answers_as_the_page_says(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    assert BLOCK.search(text)
    wanted = BLOCK.sub(lambda match: answer(match[0], tmp_path), text)
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(wanted, encoding="utf-8")
    else:
        assert text == wanted


def test_the_script_of_the_page_is_the_file_that_it_names():
    text = (ROOT / "docs" / "slurm.md").read_text(encoding="utf-8")
    name, script = re.search(r"^`(docs/slurm/\S+)`:\n\n```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL).groups()
    assert (ROOT / name).read_text(encoding="utf-8") == script
