import re
from pathlib import Path

import pytest
from conftest import ROOT

from friendbot import params
from friendbot.errors import ParamsError


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    assert re.search(old, text)
    path = tmp_path / "params.yaml"
    path.write_text(re.sub(old, new, text, count=1), encoding="utf-8")
    return path


def test_the_committed_file_is_valid() -> None:
    loaded = params.load(ROOT / "params.yaml")
    assert loaded.parse.archive == "data/demo/json.zip"
    assert loaded.train.sequence_length == 64


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs:", "epcohs:", "train.epcohs is not a param; did you mean train.epochs?"),
        ("\ntrain:", "\ntrian:", "trian is not a param; did you mean train?"),
        (
            "  patience: 3",
            "  patience: 3\n  units: 8",
            "train.units is not a param; did you mean model.units?",
        ),
        ("  patience: .*\n", "", "train.patience is missing; `git diff params.yaml` shows what was changed"),
        ("patience: 3", "patience: 0", "train.patience should be greater than or equal to 1, but is 0"),
        ("friend: .*", "friend: 12", "filter.friend should be a valid string, but is 12 (quote it)"),
        (
            "units: null",
            "units: '256'",
            "model.units should be a valid integer, but is '256' (a number without quotes)",
        ),
        ("strict: false", "strict: maybe", "parse.strict should be a valid boolean, but is 'maybe'"),
        ("dropout: null", "dropout: .nan", "model.dropout should be a finite number, but is nan"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(ParamsError) as caught:
        params.load(path)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize("name", ["No", "on", "O'Neil", "Zoë 😂", "a: b"])
def test_names_are_read_as_dvc_reads_them(tmp_path: Path, name: str) -> None:
    written = f"friend: {name}" if name in ("No", "on") else 'friend: "' + name + '"'
    assert params.load(changed(tmp_path, "friend: .*", written)).filter.friend == name


def test_scientific_notation_is_a_number(tmp_path: Path) -> None:
    assert params.load(changed(tmp_path, "learning_rate: [0-9.]+", "learning_rate: 1e-3")).train.learning_rate == 0.001


@pytest.mark.parametrize(
    ("content", "words"),
    [("a: [", "is not valid YAML"), ("", "holds no sections"), ("- 1", "holds no sections")],
)
def test_a_file_that_is_something_else(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(ParamsError, match=words):
        params.load(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="run this from the root of the repository"):
        params.load(tmp_path / "params.yaml")
