"""What of the bot's answers stands word for word in the text it learned from.

Compared are words: NFC, casefolded, without apostrophes, cut at spaces and marks, which with emoji do not count. Where
scripts write no spaces, each letter is a word. A stretch may run across messages, on either side: people cut one
sentence into several. People repeat themselves too, so the numbers mean something beside those of the friend's own
held-out messages.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from friendbot.redaction import KINDS, Finding
from friendbot.vocabulary import normalise

LEAST_WORDS = 5
"""Shorter messages are anybody's."""

# Thai, Lao, Burmese, Khmer, kana and ideographs.
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_])+")
_APOSTROPHES = str.maketrans("", "", "'’ʼ")
_NONE = -1
"""Id of a word that the training text lacks, and of what lies between two bursts."""


class Overlap(NamedTuple):
    """What one source's messages have in common with the training text."""

    longest_words: int
    """The longest stretch of whole words that stands in the training text."""
    longest_characters: int
    """The same in characters, with one space between words."""
    messages: int
    """Those of `LEAST_WORDS` or more words."""
    copied: float | None
    """Share of them that stand in the training text, whole and word for word; None without such messages."""
    copied_once: float | None
    """Share of them that stand there exactly once: nobody's commonplace (1-eidetic, Carlini et al. 2021)."""


class Sensitive(NamedTuple):
    """What looks like something that identifies or can be stolen, of one kind."""

    found: int
    """Times in the messages."""
    known: int
    """Times that it stands in the training text too, however it is spaced and punctuated there."""


class Matches(NamedTuple):
    """For each word of a text, the longest stretch from there on that another text holds; int64 `(words,)`."""

    length: np.ndarray
    """In words; 0 where not even the word is known."""
    times: np.ndarray
    """How often the other text holds the stretch that was asked about; 0 where none was."""


class TrainingText:
    """All messages of the training part, by both people, ready to be searched."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read the messages, oldest first."""
        ids: dict[str, int] = {}
        stream: list[int] = []
        squeezed: list[str] = []
        for text in texts:
            own = words(text)
            stream += [ids.setdefault(word, len(ids)) for word in own]
            squeezed.append("".join(own))
        self._ids, self._stream, self._squeezed = ids, np.array(stream, np.int64), "\n".join(squeezed)

    def overlap(self, bursts: Iterable[Sequence[str]]) -> Overlap:
        """Compare messages, given burst by burst: the bot's answers, or what the friend really wrote."""
        ids: list[int] = []
        sizes: list[int] = []
        asked: list[int] = []
        for burst in bursts:
            for message in burst:
                own = words(message)
                ids += [self._ids.get(word, _NONE) for word in own]
                sizes += [len(word) + 1 for word in own]
                asked += [len(own) if place == 0 else 0 for place in range(len(own))]
            ids, sizes, asked = [*ids, _NONE], [*sizes, 0], [*asked, 0]
        found = matches(np.array(ids, np.int64), self._stream, np.array(asked, np.int64))
        before = np.cumsum([0, *sizes])
        characters = before[np.arange(len(ids)) + found.length] - before[:-1] - 1
        of_long = found.times[np.array(asked, np.int64) >= LEAST_WORDS]
        return Overlap(
            int(found.length.max(initial=0)),
            int(characters.max(initial=0)),
            len(of_long),
            float(np.mean(of_long > 0)) if len(of_long) else None,
            float(np.mean(of_long == 1)) if len(of_long) else None,
        )

    def sensitive(self, messages: Iterable[str], find: Callable[[str], Iterable[Finding]]) -> dict[str, Sensitive]:
        """Count what `find` finds in messages, by kind, and how much of it was learned."""
        found: Counter[str] = Counter()
        known: Counter[str] = Counter()
        for message in messages:
            for finding in find(message):
                found[finding.kind] += 1
                known[finding.kind] += "".join(words(message[finding.start : finding.end])) in self._squeezed
        return {kind: Sensitive(found[kind], known[kind]) for kind in KINDS}


def words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return _WORD.findall(normalise(text).casefold().translate(_APOSTROPHES))


def matches(text: np.ndarray, other: np.ndarray, asked: np.ndarray) -> Matches:
    """Find the longest stretch from each word of a text on that another text holds.

    Stretches grow word by word on both sides at once, and what matches nothing is dropped on the way: after the first
    few words little is left to compare, so that time is about linear in the other text. Nothing is hashed.

    Args:
        text: ids of words, int64 `(words,)`; below 0, one that matches nothing.
        other: ids of words, int64 `(other words,)`, 0 or more.
        asked: how many words from each on to count in the other text, int64 `(words,)`.
    """
    length, times = np.zeros(len(text), np.int64), np.zeros(len(text), np.int64)
    base = int(max(text.max(initial=0), other.max(initial=0))) + 1
    size, places, others = 1, np.flatnonzero(text >= 0), np.arange(len(other))
    keys, other_keys = text[places], other
    while len(places):
        kinds, own = np.unique(keys, return_inverse=True)
        nearest = np.minimum(np.searchsorted(kinds, other_keys), len(kinds) - 1)
        same = kinds[nearest] == other_keys
        others, nearest = others[same], nearest[same]
        count = np.bincount(nearest, minlength=len(kinds))[own]
        places, own, count = places[count > 0], own[count > 0], count[count > 0]
        length[places] = size
        wanted = asked[places] == size
        times[places[wanted]] = count[wanted]
        more, more_others = places + size < len(text), others + size < len(other)
        places, own, others, nearest = places[more], own[more], others[more_others], nearest[more_others]
        follows = text[places + size]
        places, own, follows = places[follows >= 0], own[follows >= 0], follows[follows >= 0]
        keys, other_keys = own * base + follows, nearest * base + other[others + size]
        size += 1
    return Matches(length, times)
