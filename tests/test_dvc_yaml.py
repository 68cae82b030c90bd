"""dvc.yaml against the code: deps that are right, params that exist, a picture that reads like the README."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

from friendbot.params import SECTIONS

PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES: dict[str, Any] = PIPELINE["stages"]
CHANGES_NO_RESULT = {"train.keep_checkpoints"}
ONLY_SHOWS = ROOT / "src" / "friendbot" / "monitor.py"
"""Prints how far a training is: no stage depends on it, or on what it alone imports."""


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def deciding(file: Path) -> set[Path]:
    """The files of our library that can change what a script writes."""
    return modules(file, {ONLY_SHOWS}) - {ONLY_SHOWS}


def modules(file: Path, seen: set[Path]) -> set[Path]:
    """The files of our library that a file imports, directly or through others, but for those `seen` already."""
    for name in imported(file):
        place = ROOT / "src" / Path(*name.split("."))
        for candidate in (place.with_suffix(".py"), place / "__init__.py"):
            if name.startswith("friendbot") and candidate.is_file() and candidate not in seen:
                seen.add(candidate)
                modules(candidate, seen)
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_exactly_the_modules_it_imports(stage: str) -> None:
    package = ROOT / "src" / "friendbot"
    needed = {package / "__init__.py", *deciding(ROOT / "stages" / f"{stage}.py")}
    declared: set[Path] = set()
    for dep in STAGES[stage]["deps"]:
        if dep.startswith("src/"):
            path = ROOT / dep
            declared |= {*path.rglob("*.py")} if path.is_dir() else {path}
    assert declared == needed
    assert STAGES[stage]["cmd"] == f"python stages/{stage}.py"
    assert f"stages/{stage}.py" in STAGES[stage]["deps"]


def test_chat_code_does_not_retrain() -> None:
    chat = modules(ROOT / "src" / "chat.py", set())
    train = deciding(ROOT / "stages" / "train.py")
    names = {path.name for path in chat - train}
    assert names >= {"conversation.py", "sampling.py", "inference.py", "cli.py"}


def test_every_param_is_declared_by_the_stage_that_reads_it() -> None:
    declared = {param for stage in STAGES.values() for param in stage["params"]}
    known = {f"{section}.{key}" for section, fields in SECTIONS.items() for key in fields.model_fields}
    assert declared == known - CHANGES_NO_RESULT


def test_no_two_stages_write_one_out_and_none_claims_a_folder_of_another() -> None:
    outs = []
    for stage in STAGES.values():
        for out in [*stage["outs"], *stage.get("metrics", [])]:
            outs.append(out if isinstance(out, str) else next(iter(out)))
    assert len(outs) == len(set(outs))
    assert not [(a, b) for a in outs for b in outs if b.startswith(a + "/")]


def test_words_from_an_archive_are_cached_and_ignored_and_only_numbers_are_not() -> None:
    metrics = [metric for stage in STAGES.values() for metric in stage.get("metrics", [])]
    uncached = {next(iter(metric)) for metric in metrics if isinstance(metric, dict)}
    assert uncached == {"reports/filter.json", "reports/metrics.json"}
    assert all(isinstance(out, str) for stage in STAGES.values() for out in stage["outs"])


def test_stages_say_what_they_do() -> None:
    assert list(STAGES) == ["parse", "filter", "encode", "train", "evaluate"]
    assert all(stage["desc"].endswith(".") for stage in STAGES.values())
    assert PIPELINE["artifacts"]["friend"]["type"] == "model"
