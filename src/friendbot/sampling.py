"""Choosing the next token from the logits: one small class for each strategy."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np

from friendbot.errors import ModelError


class Strategy(Protocol):
    """Changes logits, float32 or float64 `(texts, tokens)`; what may not be chosen is minus infinity."""

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """New logits of the same shape; at least one token of each text stays possible."""
        ...


class Greedy:
    """Only the likeliest token; of equals the first."""

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """All else ruled out."""
        return np.where(np.arange(logits.shape[-1]) == logits.argmax(axis=-1)[:, None], logits, -np.inf)


class Temperature:
    """Sharpens below 1, flattens above."""

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Logits, the largest now 0, divided by the temperature."""
        with np.errstate(over="ignore"):  # minus infinity is right there
            return (logits - logits.max(axis=-1, keepdims=True)).astype(np.float64) / self.temperature


class TopK:
    """Only the `k` likeliest tokens (Fan et al. 2018), and what is as likely as the last of them."""

    def __init__(self, k: int) -> None:
        self.k = k

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """The less likely ruled out."""
        if self.k >= logits.shape[-1]:
            return logits
        least = np.partition(logits, -self.k, axis=-1)[:, -self.k, None]
        return np.where(logits >= least, logits, -np.inf)


class TopP:
    """Only the fewest likeliest tokens that together have probability `p` (nucleus sampling, Holtzman et al. 2020)."""

    def __init__(self, p: float) -> None:
        self.p = p

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """The tail ruled out."""
        likeliest = np.argsort(-logits, axis=-1, kind="stable")
        return _within(logits, likeliest, self.p)


class MinP:
    """Only tokens at least `p` times as likely as the likeliest (Nguyen et al. 2024)."""

    def __init__(self, p: float) -> None:
        self.p = p

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """The less likely ruled out."""
        return np.where(logits >= logits.max(axis=-1, keepdims=True) + math.log(self.p), logits, -np.inf)


class Typical:
    """Only the tokens whose surprise is nearest the expected, of probability `p` together (Meister et al. 2023)."""

    def __init__(self, p: float) -> None:
        self.p = p

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """The too likely and the too unlikely ruled out."""
        surprise = -log_softmax(logits)
        probability = np.exp(-surprise)
        weighed = np.multiply(probability, surprise, out=np.zeros_like(surprise), where=probability > 0)
        expected = weighed.sum(axis=-1, keepdims=True)
        return _within(logits, np.argsort(np.abs(surprise - expected), axis=-1, kind="stable"), self.p)


def _within(logits: np.ndarray, order: np.ndarray, p: float) -> np.ndarray:
    """Logits of the first tokens in `order` that together reach probability `p`, the others ruled out."""
    probability = np.exp(np.take_along_axis(log_softmax(logits), order, axis=-1))
    before = np.cumsum(probability, axis=-1) - probability
    before[:, 0] = 0
    kept = np.empty(logits.shape, bool)
    np.put_along_axis(kept, order, before < p, axis=-1)
    return np.where(kept, logits, -np.inf)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Natural logarithms of the probabilities, float64, the shape of `logits`."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def draw(logits: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One random token of each text, int64 `(texts,)`, with probability in proportion to `exp(logit)`."""
    weights = np.exp((logits - logits.max(axis=-1, keepdims=True)).astype(np.float64))
    cumulative = np.cumsum(weights, axis=-1)
    most = cumulative[:, -1]
    goals = np.minimum(random.random(len(logits)) * most, np.nextafter(most, 0))  # rounding may reach the end
    return np.array([np.searchsorted(row, goal, side="right") for row, goal in zip(cumulative, goals, strict=True)])


class RepetitionGuard:
    """Makes it ever harder to go on word for word with what was written a moment ago (the DRY sampler of p-e-w, 2024).

    Phrases are free, and so are laughter and "ok": only from `FREE` tokens in a row on does the next one cost.
    """

    FREE = 6
    STRENGTH, GROWTH = 0.8, 1.75
    """Nats that the first token too many costs, and how they grow with each further one."""
    MOST = 30.0
    """Nats at most."""

    def __init__(self, window: int) -> None:
        self.window = window

    def costs(self, written: Sequence[int]) -> dict[int, float]:
        """Nats that tokens cost as the next one, after `written`; those that are not named cost nothing."""
        recent = written[-self.window :] if self.window else ()
        costs: dict[int, float] = {}
        last = len(recent) - 1
        for place in range(self.FREE - 1, last):
            if recent[place] != recent[last]:
                continue
            length = 1
            while length <= place and recent[place - length] == recent[last - length]:
                length += 1
            if length >= self.FREE:
                cost = min(self.STRENGTH * self.GROWTH ** min(length - self.FREE, 99), self.MOST)
                costs[recent[place + 1]] = max(cost, costs.get(recent[place + 1], 0))
        return costs


@dataclass(frozen=True)
class Decoding:
    """How an answer is chosen; a model's own is in its evaluation.json.

    Raises:
        ValueError: a value is out of range; the message names it and the range.
    """

    temperature: float = 0.7
    """0 takes the likeliest token, 1 samples as learned; 0 - 10."""
    top_k: int = 0
    """0 keeps all tokens."""
    top_p: float = 1.0
    """Above 0; 1 keeps all tokens."""
    min_p: float = 0.0
    """0 keeps all tokens; up to 1."""
    typical_p: float = 1.0
    """Above 0; 1 keeps all tokens."""
    repetition_window: int = 128
    """Tokens of its own words that the bot should not say again at length; 0 allows it."""
    best_of: int = 4
    """Answers to choose from, 1 - 16."""
    mmi: float = 1.0
    """How much the choice prefers an answer that depends on what was said: λ of log p(answer | said) - λ log p(answer).
    0 - 1; below 1 it takes the shortest and commonest (LOG.md, 2026-11-23)."""

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            whole = isinstance(getattr(Decoding, name), int)
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise ValueError(f"{name} is a {'whole ' if whole else ''}number, not {value!r}")
            if not low <= value <= high:
                above = "above 0" if low == _ABOVE_ZERO else f"{low:g}"
                raise ValueError(f"{name} is {above} - {high:g}, not {value:g}")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Decoding":
        """The decoding that a model's evaluation.json names; what it leaves out is the default.

        Raises:
            ModelError: it names something else.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(data.keys() - known):
            raise ModelError(f"evaluation.json has the decoding {unknown[0]!r}, unknown to this friendbot; update it")
        try:
            return cls(**data)
        except ValueError as error:
            raise ModelError(f"evaluation.json is damaged ({error}); `dvc checkout` restores it") from None


_ABOVE_ZERO = 1e-9
_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 10),
    "top_k": (0, 1_000_000),
    "top_p": (_ABOVE_ZERO, 1),
    "min_p": (0, 1),
    "typical_p": (_ABOVE_ZERO, 1),
    "repetition_window": (0, 4096),
    "best_of": (1, 16),
    "mmi": (0, 1),
}


class Sampler:
    """Several strategies one after the other, then a draw.

    Tokens are ruled out by how likely the network finds them; the temperature comes last and spreads what is left
    (the order of llama.cpp).
    """

    def __init__(self, strategies: Sequence[Strategy]) -> None:
        self.strategies = tuple(strategies)

    @classmethod
    def of(cls, decoding: Decoding) -> "Sampler":
        """The strategies that a decoding asks for."""
        if decoding.temperature == 0:
            return cls([Greedy()])
        strategies: list[Strategy] = []
        if decoding.top_k:
            strategies.append(TopK(decoding.top_k))
        if decoding.typical_p < 1:
            strategies.append(Typical(decoding.typical_p))
        if decoding.top_p < 1:
            strategies.append(TopP(decoding.top_p))
        if decoding.min_p:
            strategies.append(MinP(decoding.min_p))
        return cls([*strategies, Temperature(decoding.temperature)])

    def __call__(self, logits: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """One token of each text, int64 `(texts,)`."""
        for strategy in self.strategies:
            logits = strategy(logits)
        return draw(logits, random)
