"""Character n-grams with modified Kneser-Ney smoothing: what counting alone knows of which letters follow which."""

from typing import NamedTuple

import numpy as np

from friendbot.progress import Progress

FALLBACK = (0.5, 1.0, 1.5)
"""Discounts where too few n-grams are known to estimate them (KenLM's; Heafield et al. 2013)."""


class Grams(NamedTuple):
    """All n-grams of one length."""

    keys: np.ndarray
    """int64 `(grams,)`, rising: the context, which is an n-gram one shorter, times the base, plus the last symbol."""
    kept: np.ndarray
    """float64 `(grams,)`: the count less its discount."""
    totals: np.ndarray
    """float64 `(contexts,)`: the counts of all that follow a context; 0 where the text ends."""
    freed: np.ndarray
    """float64 `(contexts,)`: the discounts of all that follow it."""


class KneserNey:
    """Interpolated n-grams of every length up to `order` (Kneser & Ney 1995; Chen & Goodman 1999).

    The longest count how often they occur, shorter ones after how many different symbols. Each count is lowered by
    one of three discounts, by whether it is 1, 2 or more, and what that frees is shared out as the next shorter context
    says. Below the single symbols all known ones are equally likely, and so is one escape, for any unknown symbol.
    """

    def __init__(self, text: np.ndarray, symbols: int, order: int = 10, progress: Progress | None = None) -> None:
        """Learn from a text.

        Args:
            text: ints `(n,)`: ids of symbols, `0..symbols - 1`.
            symbols: how many are known.
            order: the longest n-gram, 1 or more; its context is one shorter.
            progress: advanced by `n * order` in all.
        """
        self.symbols, self._base = symbols, symbols + 2
        # The text begins with an id of its own, which stands in its own context too, as if repeated without end:
        # so every n-gram has something before it, and none is lost in the counts of the shorter.
        padded = np.concatenate([[symbols + 1], text]).astype(np.int64)
        self._grams: list[Grams] = []
        contexts, (keys, _, ids) = 1, self._named(np.zeros_like(padded), padded)
        for length in range(1, order + 1):
            last = length == order
            longer, places, longer_ids = (keys, np.arange(len(ids)), ids) if last else self._named(ids, padded)
            counts = np.bincount(ids[places], minlength=len(keys))
            counts[ids[0]] = 0  # the text's beginning is nothing to predict
            self._grams.append(_discounted(keys, counts, contexts, self._base))
            contexts, keys, ids = len(keys), longer, longer_ids
            if progress:
                progress.advance(len(text))

    def _named(self, ids: np.ndarray, text: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The n-grams one longer than those that `ids` names, by their last place: keys, first places, and ids."""
        contexts = np.concatenate([ids[:1], ids[:-1]])
        return np.unique(contexts * self._base + text, return_index=True, return_inverse=True)

    def nats(self, text: np.ndarray, progress: Progress | None = None) -> np.ndarray:
        """What predicting each symbol of another text costs, float64 `(n,)`; its context is what comes before it there.

        Args:
            text: ints `(n,)`: ids of symbols; `symbols` for an unknown one, which costs the escape alone.
            progress: advanced by `n * order` in all.
        """
        chance = np.full(len(text), 1 / (self.symbols + 1))
        context = np.zeros(len(text), np.int64)
        for grams in self._grams:
            places = np.flatnonzero(context >= 0)
            places = places[grams.totals[context[places]] > 0]
            known = context[places]
            wanted = known * self._base + text[places]
            ids = np.searchsorted(grams.keys, wanted)
            found = grams.keys[np.minimum(ids, len(grams.keys) - 1)] == wanted
            kept = np.zeros(len(places))
            kept[found] = grams.kept[ids[found]]
            chance[places] = (kept + grams.freed[known] * chance[places]) / grams.totals[known]
            context = np.full(len(text) + 1, -1)
            context[places[found] + 1] = ids[found]
            context = context[:-1]
            if progress:
                progress.advance(len(text))
        return -np.log(chance)


def _discounted(keys: np.ndarray, counts: np.ndarray, contexts: int, base: int) -> Grams:
    """The n-grams with their counts, int64 `(grams,)`, lowered."""
    context = keys // base
    discount = np.array([0, *discounts(counts)])[np.minimum(counts, 3)]
    totals = np.bincount(context, weights=counts, minlength=contexts)
    return Grams(keys, counts - discount, totals, np.bincount(context, weights=discount, minlength=contexts))


def discounts(counts: np.ndarray) -> tuple[float, float, float]:
    """Of counts of 1, 2, and 3 or more, by how many of 1, 2, 3 and 4 there are (Chen & Goodman 1999, equation 26)."""
    n1, n2, n3, n4 = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    if not min(n1, n2, n3):
        return FALLBACK
    y = n1 / (n1 + 2 * n2)
    estimated = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    fitting = all(0 < value <= count for count, value in enumerate(estimated, 1))
    return estimated if fitting else FALLBACK
