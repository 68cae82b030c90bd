"""What the bot would say now, shown while it trains. It decides nothing, so the train stage does not depend on it."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from friendbot import cli, weights
from friendbot.bot import Bot
from friendbot.conversation import Conversation
from friendbot.dataset import Encoded
from friendbot.vocabulary import SPECIALS, Vocabulary

READABLE = range(10, 41)
"""Characters of a message that says something and fits on a line."""
SHOWN = 32
"""Characters of it that are shown."""
TOKENS = 60
"""Of an answer at most: a fraction of a second."""


def lines(checkpoint: Path, encoded: Encoded, seed: int, count: int = 2) -> Iterator[str]:
    """Some messages of the validation part, and what a chat with the checkpoint would answer: a line for each.

    Equal arguments give equal lines, and no random numbers but their own are used.
    """
    bot = Bot(weights.load(checkpoint))
    for question in questions(encoded.valid, encoded.vocabulary, seed, count):
        conversation = Conversation(bot, seed=seed)
        conversation.hear(question)
        answer = " / ".join(map(cli.printable, conversation.answer(TOKENS).messages))
        asked = cli.printable(question)
        yield f"{asked if len(asked) <= SHOWN else asked[: SHOWN - 3] + '...'} -> {answer}"


def questions(tokens: np.ndarray, vocabulary: Vocabulary, seed: int, count: int) -> list[str]:
    """Different messages of mine that the friend answered, of readable length where there are any; shape `(n,)`."""
    starts = np.flatnonzero(tokens < len(SPECIALS))
    found = {
        vocabulary.decode(tokens[start + 1 : stop].tolist())
        for start, stop in pairwise(starts)
        if (tokens[start], tokens[stop]) == (vocabulary.me, vocabulary.friend)
    }
    fitting = sorted(text for text in found if len(text) in READABLE) or sorted(found)
    order = np.random.default_rng(seed).permutation(len(fitting))
    return [fitting[place] for place in order[:count]]
