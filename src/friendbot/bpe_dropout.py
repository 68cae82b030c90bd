"""BPE-dropout (Provilkov et al. 2020): each epoch reads the text in another spelling, some pieces in parts."""

from typing import NamedTuple

import numpy as np

WHOLE_FROM = 0.8
"""Share of the epochs after which every piece is whole, as it will be in validation and in the chat."""


class Spellings(NamedTuple):
    """A training text as each epoch reads it: the first in the most parts, then in fewer and fewer."""

    tokens: np.ndarray
    """int32 ids, shape `(n,)`."""
    parts: np.ndarray
    """`Vocabulary.parts`."""
    rate: float
    """Probability of a split in the first epoch; falls in a line to none."""
    epochs: int
    seed: int

    def of(self, epoch: int) -> np.ndarray:
        """int32 ids that `epoch`, counted from 0, reads; seed and epoch alone decide."""
        rate = self.rate * self._share(epoch)
        return split(self.tokens, self.parts, rate, np.random.default_rng([self.seed, epoch]))

    def mean_length(self) -> float:
        """Of all epochs, about: as if splits fell with the rate, though parts of parts fall faster."""
        most, whole = len(self.of(0)), len(self.tokens)
        return whole + (most - whole) * sum(map(self._share, range(self.epochs))) / self.epochs

    def _share(self, epoch: int) -> float:
        """Of `rate`, in `epoch`."""
        return max(0.0, 1 - epoch / (WHOLE_FROM * self.epochs))


def split(tokens: np.ndarray, parts: np.ndarray, rate: float, random: np.random.Generator) -> np.ndarray:
    """The same text in at least as many tokens.

    Args:
        tokens: int32 token ids, shape `(n,)`.
        parts: `Vocabulary.parts`.
        rate: probability with which a token is replaced by the two that BPE merged it from; then each of these, and
            so on.
        random: where the choices come from.
    """
    may_split = parts[tokens, 0] >= 0
    while True:
        chosen = may_split.copy()
        chosen[may_split] = random.random(np.count_nonzero(may_split)) < rate
        if not chosen.any():
            return tokens
        last = np.cumsum(1 + chosen) - 1
        new = np.repeat(chosen, 1 + chosen)
        pieces = np.repeat(tokens, 1 + chosen)
        pieces[last[chosen] - 1], pieces[last[chosen]] = parts[tokens[chosen]].T
        tokens, may_split = pieces, new & (parts[pieces, 0] >= 0)
