"""Sentences that Messenger and Instagram themselves write into a chat, told from what people type.

The sentences are in `sentences.toml`, whose head explains how a frame is written. One is recognised where it fills
the whole message and the people in it are people of the thread, or the reader ("You", "Du", "Vous").
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from friendbot.messages import CALL, EMPTY, MEDIA, SHARE, SYSTEM, TEXT, UNSENT

FRAMES = Path(__file__).with_name("sentences.toml")

LONGEST = 1000
"""Characters; no sentence is longer, whatever people call themselves and their polls."""

OPENING = 6
"""Characters by which a message is told apart; nearly all that people type is passed over after one look-up."""

_TAIL = OPENING - 1
_WORD = r"(?:[^\[\]{}|]|\{(?:who|whom|any|number|emoji)\})"
_FRAME = re.compile(rf"(?:{_WORD}|\[{_WORD}*(?:\|{_WORD}*)*\])+")
_CHOICE = re.compile(r"\[(.*?)\]")
_TOKEN = re.compile(r"(\{\w+\}|[\[\]|])")
_PERSON = "(.+?)"
_LINK = re.compile(r"https?://")
_FANCY = re.compile("[’“”„«»\xa0\u202f]")
_STRAIGHT = str.maketrans("’“”„«»\xa0\u202f", '\'"""""  ')

Patterns = dict[str, list[tuple[str, str]]]
"""By opening: kinds, and regular expressions of the frames that open so; their groups are people."""


class Frames(NamedTuple):
    """All frames of all languages, made ready once for all threads."""

    fixed: Patterns
    """Frames that begin with words of their own, by their first `OPENING` characters."""
    tails: Patterns
    """What follows a name in frames that begin with one, by its first `OPENING - 1` characters."""
    openings: frozenset[str]
    """The first `OPENING` characters of every message that `fixed` may match."""
    heads: tuple[tuple[str, ...], ...]
    """The first 0, 1, 2... characters of whatever may follow a name."""


class Sentences:
    """The sentences that may stand in one thread."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take the names of the thread's participants and senders; their first words stand for them as well."""
        frames = _frames()
        self._fixed, self._tails = frames.fixed, frames.tails
        self._names: set[str] = set()
        self._initials: dict[str, list[str]] = {}
        forms = {form for name in names if name.strip() for form in (name.strip(), name.split()[0])}
        for name in map(_plain, sorted(forms, key=len, reverse=True)):  # the full name before its first word
            self._names.add(name)
            self._initials.setdefault(name[0], []).append(name)
        self._openings = frames.openings.union(*map(_openings, forms))

    def kind(self, text: str) -> str | None:
        """Return the kind of a message if Messenger wrote it, else None."""
        if text[:OPENING] not in self._openings or len(text) > LONGEST:
            return None
        text = _plain(text.rstrip())
        if kind := self._match(self._fixed.get(text[:OPENING], ()), text):
            return kind
        for name in self._initials.get(text[:1], ()):
            if text.startswith(name):
                tail = text[len(name) :]
                if kind := self._match(self._tails.get(tail[:_TAIL], ()), tail):
                    return kind
        return None

    def kinds(self, texts: Sequence[str]) -> dict[int, str]:
        """Return the kind of every text that Messenger wrote, by its position."""
        openings = self._openings  # asked here as well, since calling `kind` costs more than the question
        return {
            position: kind
            for position, text in enumerate(texts)
            if text[:OPENING] in openings and (kind := self.kind(text))
        }

    def _match(self, patterns: Iterable[tuple[str, str]], text: str) -> str | None:
        for kind, pattern in patterns:
            match = _compiled(pattern).fullmatch(text)
            if match and all(person is None or person in self._names for person in match.groups()):
                return kind
        return None


def kind_beside(text: str, sentence: str | None, *, media: bool, share: bool) -> str:
    """The kind of a message that has more than text, or none; `sentence` is the kind of its text, see `Sentences`.

    Beside a share stands a sentence of Messenger's, in any language, unless the person typed the link.
    """
    written = bool(text.strip())
    if share and not (written and _LINK.search(text)):
        return SHARE
    if not written:
        return MEDIA if media else EMPTY
    if media and sentence == SHARE:
        return MEDIA
    return sentence or TEXT


@cache
def _frames() -> Frames:
    """Read the frames of all languages."""
    fixed: dict[str, dict[str, dict[str, None]]] = {}
    tails: dict[str, dict[str, dict[str, None]]] = {}
    for language, table in tomllib.loads(FRAMES.read_text("utf-8")).items():
        persons = {f"{{{key}}}": table.pop(key, []) for key in ("who", "whom")}
        for kind, frames in table.items():
            if kind not in (SHARE, MEDIA, CALL, UNSENT, SYSTEM):
                raise ValueError(f"{FRAMES.name}: {language}.{kind} is no kind of message")
            for frame in chain.from_iterable(map(_begun, frames)):
                tail = frame.removeprefix("{who}")
                pattern = _pattern(tail, persons)
                if tail == frame:
                    _enter(fixed, frame, OPENING, kind, pattern)
                    continue
                _enter(tails, tail, _TAIL, kind, pattern)
                for word in persons["{who}"]:
                    _enter(fixed, word + tail, OPENING, kind, re.escape(word) + pattern)
    openings = frozenset(spelling[:OPENING] for head in fixed for spelling in _spellings(head))
    after = {spelling for head in tails for spelling in _spellings(head)}
    heads = tuple(tuple({spelling[:size] for spelling in after}) for size in range(OPENING))
    return Frames(_joined(fixed), _joined(tails), openings, heads)


@lru_cache(maxsize=256)  # one name is in every thread
def _openings(name: str) -> list[str]:
    """The first `OPENING` characters of every message that may begin with a name, spelled as it may be."""
    starts = {spelling[:OPENING] for spelling in {name, *_spellings(_plain(name))}}
    return [start + head for start in starts for head in _frames().heads[OPENING - len(start)]]


def _begun(frame: str) -> list[str]:
    """A frame that begins with a choice, once for each of its options."""
    if not _FRAME.fullmatch(frame):
        raise ValueError(f"{FRAMES.name}: «{frame}» has a bracket or a placeholder that means nothing")
    frame = unicodedata.normalize("NFC", frame)
    if not frame.startswith("["):
        return [frame]
    options, _, rest = frame[1:].partition("]")
    return [begun for option in options.split("|") for begun in _begun(option + rest)]


def _pattern(frame: str, persons: dict[str, list[str]]) -> str:
    """A frame as a regular expression; a group catches whoever is not among the language's words for the reader."""
    # The longest option first: "a call from" is not a call, and somebody called "from".
    frame = _CHOICE.sub(lambda match: f"[{'|'.join(sorted(match[1].split('|'), key=len, reverse=True))}]", frame)
    meanings = {"[": "(?:", "]": ")", "|": "|", "{any}": ".+", "{number}": r"\d+", "{emoji}": r"(?:[^\w\s]|\d)+"}
    meanings |= {key: f"(?:{'|'.join([*map(re.escape, words), _PERSON])})" for key, words in persons.items()}
    return "".join(meanings.get(token) or re.escape(token) for token in _TOKEN.split(frame))


def _enter(patterns: dict[str, dict[str, dict[str, None]]], frame: str, size: int, kind: str, pattern: str) -> None:
    for head in _heads(frame, size):
        if len(head) < size or "{" in head:
            raise ValueError(f"{FRAMES.name}: «{frame}» must begin with {size} characters of its own")
        patterns.setdefault(head, {}).setdefault(kind, {})[pattern] = None


def _heads(frame: str, size: int) -> Iterator[str]:
    """Every way in which the first characters of a frame may read."""
    before, _, choice = frame.partition("[")
    if not choice or len(before) >= size:
        yield before[:size]
        return
    options, _, rest = choice.partition("]")
    for option in options.split("|"):
        yield from _heads(before + option + rest, size)


def _spellings(head: str) -> set[str]:
    """The beginning of a plain text as it may stand in a message; see `_plain`."""
    composed = {head, head.replace("'", "’")}
    return composed | {unicodedata.normalize("NFD", spelling) for spelling in composed}


def _plain(text: str) -> str:
    """A text with one spelling for each letter, quotation mark, apostrophe and space."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return text.translate(_STRAIGHT) if _FANCY.search(text) else text


def _joined(patterns: dict[str, dict[str, dict[str, None]]]) -> Patterns:
    joined: Patterns = {}
    for head, kinds in patterns.items():
        for kind, frames in kinds.items():
            # Alone where a person decides, since the people one frame would see may be those of another.
            alone = [frame for frame in frames if _PERSON in frame]
            together = "|".join(frame for frame in frames if _PERSON not in frame)
            joined.setdefault(head, []).extend((kind, pattern) for pattern in (together, *alone) if pattern)
    return joined


# Most chats need the patterns of one language only, and those of its rarer sentences never.
_compiled = cache(re.compile)
