"""Pages whose examples are what the program really does: each `$` line of a ```console block is run, and what stands below it compared;
each ```yaml block of a page about policies is a part of one, and checked.

UPDATE_DOCS=1 rewrites the answers instead; read the difference before you commit it.
"""

import os
import re
import subprocess
import textwrap
from pathlib import Path

import pytest
import yaml

from program import PATIENCE, PROGRAM, ROOT, environment

PAGES = [ROOT / "docs" / name for name in ("slurm.md", "queues.md", "gitops.md")]
POLICY_BLOCK = re.compile(r"(?<=^```yaml\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
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


def policies() -> list:
    pages = [ROOT / "docs" / name for name in ("gpu.md", "kinds.md", "shadow.md", "queues.md", "scheduler.md", "gitops.md")]
    blocks = [(page, match) for page in pages for match in POLICY_BLOCK.finditer(page.read_text(encoding="utf-8"))]
    return [pytest.param(match[0], id=f"{page.name}-{page.read_text(encoding='utf-8')[:match.start()].count(chr(10))}")
            for page, match in blocks if "\nkind: Job\n" not in match[0]]


@pytest.mark.parametrize("block", policies())
def test_every_policy_of_a_page_is_one(block, tmp_path):
    part = yaml.safe_load(block)
    if "models" in part:  # a table to be copied below `gpu`
        part = {"gpu": part}
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "plimsoll.dev/v1alpha1", "kind": "Policy"} | part))
    done = subprocess.run([PROGRAM, "check", file], env=environment(), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_file_on_the_page_is_the_one_that_it_names(page):
    text = page.read_text(encoding="utf-8")
    name, shown = re.search(r"`(docs/\S+)`:\n\n```(?:sh|yaml)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL).groups()
    assert (ROOT / name).read_text(encoding="utf-8") == shown


def test_the_rule_that_contributors_are_shown_is_compiled():
    shown = re.search(r"```cpp\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    compiled = (ROOT / "tests/plan/example_rule_test.cpp").read_text(encoding="utf-8")
    assert textwrap.dedent(shown).strip() in compiled
