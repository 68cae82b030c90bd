"""The grammar: word lists and dialogue scenes read from text files, and their expansion by a seeded dice."""

from __future__ import annotations

import pathlib
import random
import re
from dataclasses import dataclass, field

SLOT = re.compile(r"\{(=?)(\w+)(?::(\w+))?\}")
CHOICE = re.compile(r"\[([^\[\]]*)\]")
TO_YOU = {"my": "your", "me": "you", "i": "you", "im": "you are", "mine": "yours"}


class Dice:
    """Choices built on `random()` alone, the one method of Python's generator whose values never change."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, share: float) -> bool:
        """Return true that often."""
        return self._random() < share

    def below(self, bound: int) -> int:
        """Return a number from 0 to one less than the bound."""
        return int(self._random() * bound)

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return low + self._random() * (high - low)

    def pick(self, items: list[str]) -> str:
        """Return one of the items."""
        return items[self.below(len(items))]

    def weighted(self, weights: list[float]) -> int:
        """Return the place of one weight, drawn in proportion to it."""
        rest = self._random() * sum(weights)
        for place, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return place
        return len(weights) - 1


@dataclass(frozen=True)
class Wording:
    """One way to say a turn; with a tag, it opens a branch of the scene or belongs to it."""

    text: str
    tag: str = ""


@dataclass
class Turn:
    """What one person says at one point of a scene: one of several wordings."""

    speaker: str
    optional: bool
    wordings: list[Wording] = field(default_factory=list)


class Path:
    """The branch a scene has taken, so that a "no" is not answered as if it were a "yes"."""

    def __init__(self) -> None:
        self._tag = ""
        self._past: set[str] = set()

    def open_to(self, turn: Turn) -> list[Wording]:
        """Return the branch's wordings, or those without a tag together with those that open a branch here."""
        own = [wording for wording in turn.wordings if self._tag and wording.tag == self._tag]
        opening = {""} if self._tag else {"", *(wording.tag for wording in turn.wordings)} - (self._past - {""})
        return own or [wording for wording in turn.wordings if wording.tag in opening]

    def take(self, wording: Wording, turn: Turn) -> None:
        """Note what was said, and the branch it opens."""
        self._tag = wording.tag or self._tag
        self._past |= {other.tag for other in turn.wordings}


@dataclass
class Scene:
    """A short exchange about one thing, and when it may happen."""

    name: str
    chat: str = "zoe"
    kind: str = "body"
    mood: str = ""
    weight: float = 1.0
    times: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    since: float = 0.0
    turns: list[Turn] = field(default_factory=list)


def read_words(path: pathlib.Path) -> dict[str, list[str]]:
    """Read `name: entry; entry` lines."""
    words: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, entries = line.split(":", 1)
            words[name] = [entry.strip() for entry in entries.split(";")]
    return words


def read_scenes(path: pathlib.Path) -> list[Scene]:
    """Read scenes: a `== name key=value` line, then turns: a speaker's letter, and indented wordings below it."""
    scenes: list[Scene] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            scenes.append(_headed(line[3:].split()))
        elif line.startswith("  "):
            tag, text = line.strip()[1:].split(" ", 1) if line.startswith("  @") else ("", line.strip())
            scenes[-1].turns[-1].wordings.append(Wording(text, tag))
        elif line and not line.startswith("#"):
            scenes[-1].turns.append(Turn(line[0], line.endswith("?")))
    return scenes


def _headed(parts: list[str]) -> Scene:
    given = dict(part.split("=", 1) for part in parts[1:])
    return Scene(
        name=parts[0],
        chat=given.get("chat", "zoe"),
        kind=given.get("kind", "body"),
        mood=given.get("mood", ""),
        weight=float(given.get("w", "1")),
        times=tuple(given["time"].split(",")) if "time" in given else (),
        days=tuple(given["days"].split(",")) if "days" in given else (),
        since=float(given.get("from", "0")),
    )


def expand(text: str, words: dict[str, list[str]], bound: dict[str, str], dice: Dice) -> str:
    """Fill slots and choices: `[a|b]` is one of them, `{food}` a fresh entry, `{=food}` the same one all scene long.

    `{place:you}` turns "my" into "your", for lists written in the first person.
    """
    while match := CHOICE.search(text):
        text = text[: match.start()] + dice.pick(match[1].split("|")) + text[match.end() :]
    while match := SLOT.search(text):
        same, name, person = match.groups()
        value = bound[name] if same and name in bound else expand(dice.pick(words[name]), words, {}, dice)
        if same:
            bound[name] = value
        if person == "you":
            value = " ".join(TO_YOU.get(word, word) for word in value.split(" "))
        text = text[: match.start()] + value + text[match.end() :]
    return text
