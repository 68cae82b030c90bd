"""What models without any learning of sequence reach on the same text, so that a score means something."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

from friendbot.dialogue import FRIEND, ME, Line
from friendbot.evaluation import Share
from friendbot.vocabulary import normalise

MARKS = {ME: "\ue001", FRIEND: "\ue002"}
GAP_MARK = "\ue003"
"""One private character for each special: what a model that reads plain text sees in their place."""
CODE_POINTS = 0x110000


def plain(lines: list[Line]) -> list[tuple[str, bool]]:
    """The dialogue as single characters, each with whether it is the friend's (text, and the mark after a message)."""
    stream: list[tuple[str, bool]] = []
    session, speaker = None, None
    for line in lines:
        after_friend = speaker == FRIEND
        if line.session != session:
            stream.append((GAP_MARK, after_friend))
            after_friend = False
        stream.append((MARKS[line.speaker], after_friend))
        stream.extend((character, line.speaker == FRIEND) for character in normalise(line.text))
        session, speaker = line.session, line.speaker
    return stream


def measure(train: list[Line], test: list[Line]) -> dict[str, Any]:
    """Bits per character of `uniform` and `unigram` on `test`, each for all text and under `friend`, as the model's."""
    counts = Counter(character for character, _ in plain(train))
    total, kinds = counts.total(), len(counts)

    def uniform(character: str) -> float:
        return 1 / (kinds + 1) if character in counts else 1 / (kinds + 1) / CODE_POINTS

    def unigram(character: str) -> float:
        # Add-one smoothing; a character never seen pays for one escape, then for any code point.
        return (
            (counts[character] + 1) / (total + kinds + 1)
            if character in counts
            else 1 / (total + kinds + 1) / CODE_POINTS
        )

    stream = plain(test)[1:]
    return {"uniform": _score(stream, uniform), "unigram": _score(stream, unigram)}


def _score(stream: list[tuple[str, bool]], probability: Callable[[str], float]) -> dict[str, Any]:
    marks = {*MARKS.values(), GAP_MARK}

    def share(part: list[str]) -> float:
        nats = -sum(math.log(probability(character)) for character in part)
        return Share(nats, len(part), sum(character not in marks for character in part)).metrics()["bits_per_char"]

    return {
        "bits_per_char": share([character for character, _ in stream]),
        "friend": {"bits_per_char": share([character for character, friend in stream if friend])},
    }
