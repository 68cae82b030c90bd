"""The dialogue as token ids: each message is its speaker's special and its text, each session opens with `<gap>`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from friendbot.dataset import Encoded
from friendbot.dialogue import FRIEND, Line
from friendbot.messages import date
from friendbot.splits import SPLITS
from friendbot.vocabulary import Vocabulary, normalise

LONG_TEXT = 1_000_000
"""More characters to learn from than this want the larger vocabulary (docs/LOG.md)."""
SMALLER, LARGER = 1024, 2048
"""Tokens of a vocabulary whose size is not given."""


def encode(lines: list[Line], tokenizer: str, vocabulary_size: int | None) -> Encoded:
    """Build the vocabulary from the training part alone, and encode every part with it."""
    vocabulary = learned([line.text for line in lines if line.split == "train"], tokenizer, vocabulary_size)
    tokens: dict[str, list[int]] = {split: [] for split in SPLITS}
    session = None
    for line in lines:
        tokens[line.split] += spell(line, vocabulary, opens=line.session != session)
        session = line.session
    train, valid, test = (np.array(tokens[split], np.int32) for split in SPLITS)
    return Encoded(train, valid, test, vocabulary, _about(lines))


def learned(texts: Sequence[str], tokenizer: str, size: int | None) -> Vocabulary:
    """The vocabulary of texts, of at most `size` tokens, or as many as suit their length."""
    suitable = LARGER if sum(map(len, texts)) > LONG_TEXT else SMALLER
    return Vocabulary.build(texts, tokenizer, suitable if size is None else size)


def spell(line: Line, vocabulary: Vocabulary, opens: bool) -> list[int]:
    """Token ids of one message, after `<gap>` where it opens a session."""
    gap = [vocabulary.gap] if opens else []
    speaker = vocabulary.friend if line.speaker == FRIEND else vocabulary.me
    return [*gap, speaker, *vocabulary.encode(line.text)]


def _about(lines: list[Line]) -> dict[str, Any]:
    """Whose words these are, from when, and how many."""
    names = {line.speaker: line.sender for line in lines}
    known = [line.sent_at for line in lines if line.split == "train"]
    return {
        **names,
        "first": date(known[0]),
        "last": date(known[-1]),
        "messages": {split: sum(line.split == split for line in lines) for split in SPLITS},
        "characters": {
            split: sum(len(normalise(line.text)) for line in lines if line.split == split) for split in SPLITS
        },
    }
