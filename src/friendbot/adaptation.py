"""What the model would gain by going on learning while it reads: mixed with n-grams that count all read so far."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np

from friendbot.progress import Progress

ORDER = 6
"""Tokens of an n-gram; the context is one shorter."""
DISCOUNT = 0.7
"""Taken from every count, for what has not followed a context yet (Ney, Essen & Kneser 1994)."""
PRIOR = (12.0, 5.0, 3.0)
"""Weights of model, memory and cache before anything was read, as so many tokens that each of them explained."""
HORIZON = 800
"""Tokens after which a weight's evidence is halved, so that weights follow the conversation."""
LEVELS = 3
"""Contexts seen 1, 2, 4, and 8 times or more are told apart when weights are chosen."""


class Counts:
    """Which tokens followed which contexts, in a text that only grows: a tree with a node for every n-gram."""

    def __init__(self, tokens: int, order: int = ORDER) -> None:
        """Nothing read yet; `tokens` is the size of the vocabulary."""
        self._tokens, self._order = tokens, order
        self._children: dict[int, int] = {}
        self._seen, self._followed, self._kinds = array("L", [0]), array("L", [0]), array("L", [0])
        self._contexts = [0]

    def begin(self) -> None:
        """What comes next does not follow on what was read."""
        self._contexts = [0]

    def predict(self, token: int) -> tuple[float, int]:
        """The probability of the next token, and how far to trust it: a number that stands for similar contexts."""
        chance, length, trust = 1 / self._tokens, 0, 0
        for length, context in enumerate(self._contexts):
            followed = self._followed[context]
            if not followed:
                break
            child = self._children.get(context * self._tokens + token)
            kept = max(self._seen[child] - DISCOUNT, 0.0) if child is not None else 0.0
            kinds = self._kinds[context]
            chance = (kept + DISCOUNT * kinds * chance) / followed
            trust = 1 + 2 * (length * (LEVELS + 1) + min(followed.bit_length() - 1, LEVELS)) + (kinds == 1)
        return chance, trust

    def read(self, token: int) -> None:
        """Count the next token."""
        longer = [0]
        for context in self._contexts:
            key = context * self._tokens + token
            self._followed[context] += 1
            child = self._children.get(key)
            if child is None:
                child = self._children[key] = len(self._seen)
                for column in (self._seen, self._followed, self._kinds):
                    column.append(0)
                self._kinds[context] += 1
            self._seen[child] += 1
            longer.append(child)
        self._contexts = longer[: self._order]


class Mixture:
    """A weighted sum of probabilities; the weights, one set for each kind of place, learn what explains the text.

    Weights are the expected shares of tokens that each part explained (Jelinek & Mercer 1980, one step for each token).
    """

    def __init__(self) -> None:
        self._weights: dict[tuple[int, ...], list[float]] = {}

    def probability(self, place: tuple[int, ...], parts: Sequence[float]) -> float:
        """The mixed probability of a token that came, given each part's; learns from it afterwards."""
        weights = self._weights.setdefault(place, list(PRIOR))
        total = sum(weights)
        shares = [weight * part for weight, part in zip(weights, parts, strict=True)]
        mixed = sum(shares)
        fade = 0.5 if total > HORIZON else 1.0
        weights[:] = [fade * (weight + share / mixed) for weight, share in zip(weights, shares, strict=True)]
        return mixed / total


def losses(train: np.ndarray, held_out: Iterable[tuple[np.ndarray, np.ndarray]], size: int) -> list[np.ndarray]:
    """Nats of each held-out token when the model is mixed with what was read before it, and nothing later.

    Two memories: n-grams of the training part and all read since, and a cache (Kuhn & De Mori 1990) of what was read
    since alone, which knows what this conversation is about.

    Args:
        train: int32 token ids, `(n,)`.
        held_out: parts in the order of time: token ids `(m,)`, and the model's own nats of all but the first, float64
            `(m - 1,)`.
        size: tokens in the vocabulary.

    Returns:
        For each part, float64 `(m - 1,)`.
    """
    memory, cache, mixture = Counts(size), Counts(size), Mixture()
    parts = [(tokens.tolist(), np.exp(-nats).tolist()) for tokens, nats in held_out]
    result = []
    with Progress("adapting", unit="tokens", total=len(train) + sum(len(tokens) for tokens, _ in parts)) as progress:
        for token in train.tolist():
            memory.read(token)
            progress.advance(1)
        for tokens, chances in parts:
            mixed = np.zeros(len(chances))
            for counts in (memory, cache):
                counts.begin()
                counts.read(tokens[0])
            for place, (token, chance) in enumerate(zip(tokens[1:], chances, strict=True)):
                (known, trust), (recent, trust_recent) = memory.predict(token), cache.predict(token)
                mixed[place] = mixture.probability((trust, trust_recent), (chance, known, recent))
                memory.read(token)
                cache.read(token)
                progress.advance(1)
            result.append(-np.log(mixed))
    return result
