"""What models without any learning of sequence reach on the same text, so that a score means something."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from friendbot.dialogue import FRIEND, ME, Line
from friendbot.evaluation import Share
from friendbot.vocabulary import normalise

MARKS = {ME: "\ue001", FRIEND: "\ue002"}
GAP_MARK = "\ue003"
"""One private character for each special: what a model that reads plain text sees in their place."""
CODE_POINTS = 0x110000


class Symbol(NamedTuple):
    """One character of the dialogue as plain text."""

    character: str
    split: str
    friend: bool
    """Whether it is the friend's: their text, and the mark that follows a message of theirs."""
    mark: bool
    """Whether it stands for a special."""


def plain(lines: list[Line]) -> Iterator[Symbol]:
    """The dialogue as plain text, marks in the places of the specials that the model reads."""
    session, speaker = None, None
    for line in lines:
        after_friend = speaker == FRIEND
        if line.session != session:
            yield Symbol(GAP_MARK, line.split, after_friend, True)
            after_friend = False
        yield Symbol(MARKS[line.speaker], line.split, after_friend, True)
        for character in normalise(line.text):
            yield Symbol(character, line.split, line.speaker == FRIEND, False)
        session, speaker = line.session, line.speaker


def measure(lines: list[Line]) -> dict[str, Any]:
    """Bits per character on the test part of models fitted to the training part, counted as the model's are.

    `uniform` knows which characters there are, `unigram` how often; each for all text and, under `friend`, for theirs.
    """
    counts = Counter(symbol.character for symbol in plain(lines) if symbol.split == "train")
    total, kinds = counts.total(), len(counts)

    def uniform(character: str) -> float:
        return _escaped(1 / (kinds + 1), character in counts)

    def unigram(character: str) -> float:
        return _escaped((counts[character] + 1) / (total + kinds + 1), character in counts)

    test = [symbol for symbol in plain(lines) if symbol.split == "test"][1:]
    return {"uniform": _score(test, uniform), "unigram": _score(test, unigram)}


def _escaped(probability: float, known: bool) -> float:
    """A character that was never seen pays for an escape, then for any code point."""
    return probability if known else probability / CODE_POINTS


def _score(symbols: list[Symbol], probability: Callable[[str], float]) -> dict[str, Any]:
    def bits(part: list[Symbol]) -> float:
        nats = -sum(math.log(probability(symbol.character)) for symbol in part)
        return Share(nats, len(part), sum(not symbol.mark for symbol in part)).metrics()["bits_per_char"]

    return {"bits_per_char": bits(symbols), "friend": {"bits_per_char": bits([one for one in symbols if one.friend])}}
