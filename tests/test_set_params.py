"""`src/set_params.py` changes two values of params.yaml, whatever they hold, and not a byte more."""

import difflib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from set_params import replace

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "src" / "set_params.py"
PARAMS = (ROOT / "params.yaml").read_text(encoding="utf-8")
NASTY = [
    "O'Neil",
    'Ann "Annie" Lee',
    "a #1 fan: {x}, [y]",
    "$HOME `id` $(id) %s !! & ; | * \\ \\n",
    "🦊 Zoë e\u0301 👩\u200d👧",
    "-rf",
    "on",
    "null",
    "~",
    "123",
    "1e3",
    "0x1F",
    "2024-01-01",
    "yes",
    " edge blanks ",
    "a   b" * 60,
    "${parse.archive}",
    "- x",
    "? y",
    "Имя שם 名前",
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    house = tmp_path / "house"
    (house / "data" / "demo").mkdir(parents=True)
    (house / "data" / "demo" / "json.zip").write_bytes(b"zip")
    (house / "params.yaml").write_text(PARAMS, encoding="utf-8")
    git(house, "init", "--quiet")
    git(house, "add", ".")
    return house


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True)


def set_params(house: Path, **words: str | bytes) -> subprocess.CompletedProcess[str]:
    environment: dict[bytes, bytes] = {
        os.fsencode(name): os.fsencode(value)
        for name, value in os.environ.items()
        if name not in ("ARCHIVE", "FRIEND", "PYTHONUTF8")
    }
    environment |= {os.fsencode(name): os.fsencode(value) for name, value in words.items()}
    environment[b"PYTHONUTF8"] = b"1"
    return subprocess.run(
        [sys.executable, SCRIPT], cwd=house, env=environment, capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("word", NASTY)
def test_any_word_is_read_back_by_both_yamls_and_nothing_else_changes(word: str) -> None:
    old, text = replace(PARAMS, "filter", "friend", word)
    assert old == "Zoë Marchetti"
    assert yaml.safe_load(text)["filter"]["friend"] == word
    assert YAML(typ="safe", pure=True).load(text)["filter"]["friend"] == word
    removed, added = changed_lines(PARAMS, text)
    assert (len(removed), len(added)) == (1, 1)
    assert "  # whose voice to learn" in added[0]
    assert replace(text, "filter", "friend", "Zoë Marchetti")[0] == word


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    difference = list(difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True)))
    removed, added = ([line[2:] for line in difference if line[0] == sign] for sign in "-+")
    return removed, added


def test_what_is_said_and_written(house: Path, tmp_path: Path) -> None:
    archive = tmp_path / "facebook $me's"
    archive.mkdir()
    first = set_params(house, ARCHIVE=str(archive), FRIEND="O'Neil")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == (
        f"params.yaml: parse.archive is now {str(archive)!r} (it was 'data/demo/json.zip')\n"
        """params.yaml: filter.friend is now "O'Neil" (it was 'Zoë Marchetti')\n"""
        "To go back: git restore params.yaml dvc.lock, then make repro (nothing is trained again)\n"
        "params.yaml, dvc.lock and experiments in git now name a person and a path: do not push them\n"
    )
    text = (house / "params.yaml").read_text(encoding="utf-8")
    assert text == PARAMS.replace("data/demo/json.zip    #", "'" + str(archive).replace("'", "''") + "'  #").replace(
        "Zoë Marchetti          #", "'O''Neil'              #"
    )
    second = set_params(house, ARCHIVE=f"{archive}/", FRIEND="O'Neil")
    assert second.stdout == "params.yaml names this already: nothing changed\n"
    assert (house / "params.yaml").read_text(encoding="utf-8") == text


def test_one_of_the_two_may_be_given_and_none_is_silent(house: Path) -> None:
    assert set_params(house, FRIEND="Ann").stdout == (
        "params.yaml: filter.friend is now 'Ann' (it was 'Zoë Marchetti')\n"
        "To go back: git restore params.yaml dvc.lock, then make repro (nothing is trained again)\n"
    )
    for words in ({}, {"ARCHIVE": "", "FRIEND": ""}):
        assert set_params(house, **words).stdout == ""
    assert yaml.safe_load((house / "params.yaml").read_text(encoding="utf-8"))["parse"]["owner"] is None


@pytest.mark.parametrize("kind", ["relative", "absolute"])
def test_a_tracked_path_is_relative_and_any_other_absolute(house: Path, kind: str) -> None:
    """A temporary workspace of an experiment holds tracked files alone: other paths must lead out of it."""
    (house / "mine").mkdir()
    start = f"{house}/" if kind == "absolute" else ""
    for word, expected in ((f"{start}data/demo", "data/demo"), (f"{start}mine", str(house / "mine"))):
        assert set_params(house, ARCHIVE=word).returncode == 0
        assert yaml.safe_load((house / "params.yaml").read_text(encoding="utf-8"))["parse"]["archive"] == expected


def test_home_is_expanded(house: Path, tmp_path: Path) -> None:
    (tmp_path / "chats").mkdir()
    assert set_params(house, ARCHIVE="~/chats", HOME=str(tmp_path)).returncode == 0
    written = yaml.safe_load((house / "params.yaml").read_text(encoding="utf-8"))["parse"]["archive"]
    assert written == str(tmp_path / "chats")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"ARCHIVE": "/nowhere at all"}, "set_params: ARCHIVE: /nowhere at all does not exist\n"),
        *(
            (
                {"FRIEND": friend},
                "set_params: FRIEND is blank, or holds a line break, a control character or bytes beyond UTF-8\n",
            )
            for friend in ("a\nb", "a\tb", "\x1b[31m", "a\u2028b", "  ", b"a\xffb")
        ),
    ],
)
def test_bad_words_get_one_line_and_change_nothing(house: Path, words: dict[str, str | bytes], line: str) -> None:
    result = set_params(house, **words)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", line)
    assert (house / "params.yaml").read_text(encoding="utf-8") == PARAMS


def test_params_without_the_key_get_one_line(house: Path) -> None:
    (house / "params.yaml").write_text("parse: {}\n", encoding="utf-8")
    result = set_params(house, FRIEND="Ann")
    assert (result.returncode, result.stderr) == (
        2,
        "set_params: params.yaml holds no filter.friend; git restore params.yaml brings the original back\n",
    )
    (house / "params.yaml").unlink()
    assert set_params(house, FRIEND="Ann").stderr == (
        "set_params: params.yaml is not here; run this from the root of the repository\n"
    )
