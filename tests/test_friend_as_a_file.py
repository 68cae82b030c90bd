"""A model folder alone, beside this repository's src/ and numpy: all that a friend needs."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from friendbot import checkpoints, weights
from friendbot.vocabulary import CHAR, Vocabulary
from friendbot.weights import Architecture


def link(folder: Path, packages: Sequence[str]) -> None:
    """Make `folder` hold a few installed packages and nothing else."""
    folder.mkdir()
    for package in packages:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        home = Path(spec.origin).parent
        for part in (home, *home.parent.glob(f"{package}.libs")):
            (folder / part.name).symlink_to(part)


def chat(house: Path, packages: Sequence[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the chat of a bare copy of src/, by a Python that has these packages alone."""
    shutil.copytree(ROOT / "src", house / "src", ignore=shutil.ignore_patterns("__pycache__"))
    link(house / "packages", packages)
    command = [sys.executable, "-S", str(house / "src" / "chat.py"), *map(str, arguments)]
    environment = {"PYTHONPATH": str(house / "packages"), "PYTHONUTF8": "1", "HOME": str(house)}
    return subprocess.run(
        command, env=environment, cwd=house, capture_output=True, text=True, encoding="utf-8", check=False
    )


@pytest.fixture
def friend(trained: Path, tmp_path: Path) -> Path:
    """The trained model, moved elsewhere."""
    return Path(shutil.copytree(trained / "model", tmp_path / "a friend"))


def test_subwords_need_numpy_and_tokenizers(friend: Path, tmp_path: Path) -> None:
    result = chat(tmp_path, ["numpy", "tokenizers"], "--model", friend, "--once", "How are you?", "--seed", "1")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip()


def test_characters_need_numpy_alone(friend: Path, tmp_path: Path) -> None:
    vocabulary = Vocabulary.build(["haha yes", "haha no"], CHAR, 300)
    architecture = Architecture(len(vocabulary), embedding=4, layers=1, units=4, dropout=0.0)
    draw = np.random.default_rng(1)
    drawn = {name: draw.normal(size=shape).astype(np.float32) for name, shape in architecture.shapes().items()}
    checkpoints.write_model(friend, architecture, drawn, vocabulary, weights.load(friend).card)
    result = chat(tmp_path, ["numpy"], "--model", friend, "--once", "ha", "--seed", "1")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.strip()


@pytest.mark.parametrize("name", ["model.json", "card.json", "vocabulary.json", "evaluation.json"])
def test_a_newer_format_is_one_sentence(friend: Path, tmp_path: Path, name: str) -> None:
    (friend / name).write_text('{"format": 2}', encoding="utf-8")
    result = chat(tmp_path, ["numpy", "tokenizers"], "--model", friend, "--once", "Hi")
    assert (result.returncode, result.stdout) == (2, "")
    assert "has format 2, " in result.stderr
    assert result.stderr.endswith("; update friendbot\n")
    assert result.stderr.count("\n") == 1
