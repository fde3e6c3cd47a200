"""The golden cases of tests/golden/mutate, as far as the end-to-end tests use them."""

import functools
from collections.abc import Iterator
from pathlib import Path

import yaml

from cluster.kubectl import Object
from hooks.registration import MANIFESTS

GOLDENS = MANIFESTS.parent / "tests" / "golden" / "mutate"


def load_input(case: str, namespace: str | None = None) -> Object:
    """The one object of a case's input.yaml, in `namespace` or (None) in whatever namespace kubectl is told."""
    (made,) = yaml.safe_load_all((GOLDENS / case / "input.yaml").read_text(encoding="utf-8"))
    made["metadata"].pop("namespace", None)
    if namespace:
        made["metadata"]["namespace"] = namespace
    return made


def mutated_jobs() -> Iterator[str]:
    """Names of the cases whose one object is a Job that is to be mutated."""
    for path in sorted(GOLDENS.rglob("input.yaml")):
        objects = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        expected = list(yaml.safe_load_all((path.parent / "expected.yaml").read_text(encoding="utf-8")))
        is_job = len(objects) == 1 and (objects[0].get("apiVersion"), objects[0].get("kind")) == ("batch/v1", "Job")
        if is_job and expected[-1].get("verdict") == "Mutated":
            yield str(path.parent.relative_to(GOLDENS))


@functools.cache
def load_context(case: str) -> dict:
    """The case's context.yaml, laid over those of the directories above: `policy` merged map by map, lists replaced."""
    context: dict = {}
    directory = GOLDENS
    for part in ("", *Path(case).parts):
        directory = directory / part
        if (directory / "context.yaml").exists():
            written = yaml.safe_load((directory / "context.yaml").read_text(encoding="utf-8")) or {}
            if "policyFile" in written:
                context["policy"] = _load_policy_file(directory, written["policyFile"])
            context = _laid_over(context, written)
    return context


def _load_policy_file(directory: Path, name: str) -> dict:
    for place in (directory, *directory.parents):
        if (place / name).is_file():
            return yaml.safe_load((place / name).read_text(encoding="utf-8"))
    raise FileNotFoundError(f"{directory}/context.yaml names {name}")


def _laid_over(below: dict, above: dict) -> dict:
    merged = dict(below)
    for key, value in above.items():
        is_map = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if is_map else value
    return merged
