"""Choosing the next token from the logits: one small class for each strategy."""

from typing import Protocol

import numpy as np


class Sampler(Protocol):
    """A strategy."""

    def __call__(self, logits: np.ndarray, random: np.random.Generator) -> int:
        """The chosen index of `logits`, float32 `(tokens,)`; what may not be chosen is minus infinity."""
        ...


class Greedy:
    """Always the likeliest token."""

    def __call__(self, logits: np.ndarray, random: np.random.Generator) -> int:
        """The first index of the largest logit."""
        return int(np.argmax(logits))


class Temperature:
    """A random token, with probability in proportion to `exp(logit / temperature)`."""

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def __call__(self, logits: np.ndarray, random: np.random.Generator) -> int:
        """One draw: the index where the cumulative probability passes a uniform number."""
        below = logits.astype(np.float64) - logits.max()
        cumulative = np.cumsum(np.exp(below / self.temperature))
        return int(np.searchsorted(cumulative, random.random() * cumulative[-1], side="right"))


def sampler(temperature: float) -> Sampler:
    """The strategy for a temperature: 0 is greedy."""
    return Temperature(temperature) if temperature > 0 else Greedy()
