"""The text that all see, cut the same way for all, and how its bits per character are counted."""

import hashlib
import json
import math
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ruamel.yaml import YAML

from friendbot import baselines, dialogue, encoding
from friendbot.baselines import CODE_POINTS
from friendbot.dataset import Encoded
from friendbot.dialogue import FRIEND, ME, Line
from friendbot.errors import FriendbotError
from friendbot.params import EncodeParams
from friendbot.splits import SPLITS
from friendbot.vocabulary import normalise

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("FRIENDBOT_SHARED", ROOT.parent / "shared")) / "data"
MARKS = "\ue001\ue002\ue003"
"""What peers read in the places of `<me>`, `<friend>` and `<gap>`."""
_MARKED = str.maketrans(
    dict(zip((baselines.MARKS[ME], baselines.MARKS[FRIEND], baselines.GAP_MARK), MARKS, strict=True))
)
TRAINED = 0.9
"""Share of a plain text that is learned from, as nanoGPT splits it; the rest is both valid and test."""


class CorpusError(FriendbotError):
    """There is no such text."""


class Corpus(NamedTuple):
    """One text in three parts."""

    name: str
    train: str
    valid: str
    test: str
    friend: np.ndarray
    """bool `(len(test),)`: what counts as the friend's, with the mark that follows a message of theirs."""
    lines: list[Line]
    """The dialogue that the text is; none for a plain text."""

    def digest(self) -> str:
        """16 hexadecimal digits of the three parts."""
        whole = "\0".join((self.train, self.valid, self.test)).encode()
        return hashlib.sha256(whole).hexdigest()[:16]

    def scores(self, nats: np.ndarray) -> dict[str, float | None]:
        """Bits per character of all and of the friend's messages, from nats `(len(test) - 1,)` of all but the first."""
        friend = self.friend[1:]
        theirs = "".join(letter for letter, own in zip(self.test[1:], friend, strict=True) if own)
        return {
            "bits_per_char": round(bits(float(nats.sum()), self.test[1:]), 4),
            "friend": round(bits(float(nats[friend].sum()), theirs), 4) if theirs else None,
        }

    def encode(self, params: EncodeParams) -> Encoded:
        """As the encode stage would."""
        if self.lines:
            return encoding.encode(self.lines, params.tokenizer, params.vocabulary_size)
        parts = {split: getattr(self, split) for split in SPLITS}
        vocabulary = encoding.learned([self.train], params.tokenizer, params.vocabulary_size)
        train, valid, test = (np.array(vocabulary.encode(part), np.int32) for part in parts.values())
        about = {
            "friend": "friend",
            "me": "me",
            "first": "1970-01-01",
            "last": "1970-01-01",
            "messages": dict.fromkeys(SPLITS, 1),
            "characters": {split: len(part) for split, part in parts.items()},
        }
        return Encoded(train, valid, test, vocabulary, about)


def bits(nats: float, text: str) -> float:
    """Bits per character: marks are paid for, not counted as characters."""
    return nats / math.log(2) / characters(text)


def characters(text: str) -> int:
    """How many characters a text has besides marks."""
    return len(text) - sum(text.count(mark) for mark in MARKS)


def of_lines(lines: list[Line], name: str) -> Corpus:
    """The dialogue as the baselines read it, with marks that any program can read."""
    parts: dict[str, list[str]] = {split: [] for split in SPLITS}
    friend = []
    for symbol in baselines.plain(lines):
        parts[symbol.split].append(symbol.character)
        if symbol.split == "test":
            friend.append(symbol.friend)
    train, valid, test = ("".join(parts[split]).translate(_MARKED) for split in SPLITS)
    return Corpus(name, train, valid, test, np.array(friend, bool), lines)


def of_text(text: str, name: str) -> Corpus:
    """A plain text, cut as nanoGPT cuts tiny shakespeare."""
    text = normalise(text)
    cut = int(len(text) * TRAINED)
    return Corpus(name, text[:cut], text[cut:], text[cut:], np.zeros(len(text) - cut, bool), [])


def load(data: Path) -> Corpus:
    """The dialogue in a pipeline's `data/` or `data/encoded/`, named after the folder that the pipeline ran in.

    Raises:
        CorpusError: no `thread.parquet` is there.
    """
    for folder in (data.resolve(), data.resolve().parent):
        if (folder / "thread.parquet").is_file():
            return of_lines(dialogue.read(folder / "thread.parquet"), folder.parent.name)
    raise CorpusError(f"{data} has no thread.parquet; give the data/ folder of a pipeline that ran, or {known()}")


def known() -> str:
    """The prepared conversations that can be asked for by name, in words."""
    names = sorted(path.name.removesuffix(".tar.xz") for path in SHARED.glob("*.tar.xz"))
    return " or ".join(names) if names else "set FRIENDBOT_SHARED to the folder of the prepared ones"


def prepare(name: str, root: Path) -> Path:
    """Unpack a prepared conversation into `root`, parse and filter it unredacted, and give its `data/`.

    Raises:
        CorpusError: there is none of this name.
    """
    archive = SHARED / f"{name}.tar.xz"
    if not archive.is_file():
        raise CorpusError(f"there is no text {name}; give the data/ folder of a pipeline that ran, or {known()}")
    house = root / name
    with tarfile.open(archive) as file:
        wanted = (f"{name}/json/", f"{name}/truth/threads.json")
        file.extractall(root, [member for member in file if member.name.startswith(wanted)], filter="data")
    threads = json.loads((house / "truth/threads.json").read_text(encoding="utf-8"))["threads"]
    friend = next(thread["name"] for thread in threads if thread["main"])
    changed(house / "params.yaml", {"parse.archive": "json", "filter.friend": friend, "filter.redact": False})
    for stage in ("parse", "filter"):
        subprocess.run([sys.executable, ROOT / f"stages/{stage}.py"], cwd=house, check=True, stdout=sys.stderr)
    return house / "data"


def changed(path: Path, values: dict[str, Any]) -> None:
    """Write the repository's params to `path`, some of them changed."""
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    for name, value in values.items():
        section, _, key = name.partition(".")
        params.setdefault(section, {})[key] = value
    yaml.dump(params, path)


class Alphabet:
    """The characters that occur in a text, by number; the last number stands for every other one."""

    def __init__(self, text: str, least: int = 2) -> None:
        """Of characters that occur `least` times or more: 2 leaves some to learn the last number from."""
        letters, counts = np.unique(_code_points(text), return_counts=True)
        self._known = letters[counts >= least]

    def __len__(self) -> int:
        return len(self._known) + 1

    def encode(self, text: str) -> np.ndarray:
        """Numbers, int64 `(len(text),)`."""
        letters = _code_points(text)
        ids = np.searchsorted(self._known, letters)
        ids[np.append(self._known, CODE_POINTS)[ids] != letters] = len(self._known)
        return ids

    def escapes(self, text: str) -> np.ndarray:
        """Nats, float64 `(len(text),)`, of saying which character it is where that is not known."""
        return (self.encode(text) == len(self._known)) * math.log(CODE_POINTS - len(self._known))


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)
