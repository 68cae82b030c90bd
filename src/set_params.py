"""Set parse.archive and filter.friend in params.yaml: what `make repro ARCHIVE=... FRIEND=...` does.

Both words come through the environment, never through a shell line, so that any path and any name arrive as they are.
"""

import io
import os
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from friendbot import errors, params
from friendbot.errors import FriendbotError, ParamsError
from friendbot.files import write_text

PARAMS = Path("params.yaml")
SETTINGS = {"ARCHIVE": ("parse", "archive"), "FRIEND": ("filter", "friend")}
DEMO = "data/demo/"
WARNING = f"{PARAMS}, dvc.lock and experiments in git now name a person and a path: do not push them"
BREAKS = ("Cc", "Cs", "Zl", "Zp")  # control characters, bytes that are not UTF-8, line and paragraph separators


def main() -> None:
    choose()
    params.load(PARAMS)  # before DVC, which does not know what a param may be


def choose() -> None:
    """Set what the environment names."""
    wanted = {name: value for name in SETTINGS if (value := os.environ.get(name))}
    if not wanted:
        return
    for name, value in wanted.items():
        if any(unicodedata.category(character) in BREAKS for character in value) or not value.strip():
            raise FriendbotError(f"{name} is blank, or holds a line break, a control character or bytes beyond UTF-8")
    if "ARCHIVE" in wanted:
        wanted["ARCHIVE"] = archive_path(wanted["ARCHIVE"])
    try:
        text = PARAMS.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ParamsError(f"{PARAMS} is not here; run this from the root of the repository") from None
    changes = []
    for name, value in wanted.items():
        section, key = SETTINGS[name]
        old, text = replace(text, section, key, value)
        if old != value:
            changes.append(f"{PARAMS}: {section}.{key} is now {value!r} (it was {old!r})")
    if not changes:
        print(f"{PARAMS} names this already: nothing changed")
        return
    write_text(PARAMS, text)
    print(*changes, sep="\n")
    print(f"To go back: git restore {PARAMS} dvc.lock, then make repro (nothing is trained again)")
    if not str(yaml.safe_load(text)["parse"]["archive"]).startswith(DEMO):
        print(WARNING)


def archive_path(word: str) -> str:
    """The path as params.yaml should hold it: absolute, unless git tracks it here.

    A temporary workspace of an experiment holds tracked files only; any other path has to lead out of it.

    Raises:
        FriendbotError: nothing is there.
    """
    try:
        path = Path(word).expanduser()
    except RuntimeError:  # no such user: a file whose name begins with ~
        path = Path(word)
    if not path.exists():
        raise FriendbotError(f"ARCHIVE: {path} does not exist")
    path = Path(os.path.abspath(path))  # noqa: PTH100 - symlinks stay as they were typed
    inside = path.resolve().is_relative_to(Path.cwd())
    return str(path.resolve().relative_to(Path.cwd())) if inside and is_tracked(path) else str(path)


def is_tracked(path: Path) -> bool:
    """Whether git tracks this file, or a file under this folder."""
    command = ["git", "--literal-pathspecs", "ls-files", "-z", "--", str(path)]
    try:
        return bool(subprocess.run(command, capture_output=True, check=False).stdout)
    except OSError:
        return False


def replace(text: str, section: str, key: str, value: str) -> tuple[object, str]:
    """The value so far, and the YAML with `value` in its place; every other byte stays, but for a comment's indent.

    Raises:
        ParamsError: the key is missing, the text is not YAML, or the value would not be read back as it is.
    """
    try:
        old = yaml.safe_load(text)[section][key]
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        for step in (section, key):
            node = next(child for name, child in node.value if name.value == step)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, StopIteration):
        raise ParamsError(f"{PARAMS} holds no {section}.{key}; git restore {PARAMS} brings the original back") from None
    if old == value:
        return old, text
    head, tail = text[: node.start_mark.index], text[node.end_mark.index :]
    quoted = "'" + value.replace("'", "''") + "'"
    if (comment := tail.lstrip(" ")).startswith("#"):
        width = len(tail) - len(comment) + node.end_mark.index - node.start_mark.index
        tail = " " * max(2, width - len(quoted)) + comment
    changed = head + quoted + tail
    try:
        readings = (yaml.safe_load(changed), YAML(typ="safe", pure=True).load(io.StringIO(changed)))  # YAML 1.1 and 1.2
        if all(reading[section][key] == value for reading in readings):
            return old, changed
    except (yaml.YAMLError, YAMLError):
        pass
    raise ParamsError(f"{section}.{key}: {value!r} cannot be written to {PARAMS} so that it is read back as it is")


if __name__ == "__main__":
    errors.run(main)
