"""One dial for the network's shape and its training: how much text there is decides how much network pays."""

from typing import NamedTuple

from friendbot.params import ModelParams, TrainParams
from friendbot.weights import Architecture


class Size(NamedTuple):
    """A shape, each part of which `model` in params.yaml can override."""

    embedding: int
    layers: int
    units: int
    dropout: float


SIZES = {
    "small": Size(embedding=128, layers=1, units=256, dropout=0.2),
    "medium": Size(embedding=128, layers=1, units=512, dropout=0.5),
    "large": Size(embedding=256, layers=2, units=512, dropout=0.5),
}
"""The first two as measured on texts of 0.2, 0.6 and 1.7 million characters (docs/LOG.md); the third was not."""
SMALL, MEDIUM = 400_000, 4_000_000
"""Characters to learn from up to which `auto` takes the small and the medium size."""
TOKENS, FEWEST, MOST = 8_000_000, 4, 20
"""Tokens that a training without `epochs` reads, in as many epochs as that takes within these bounds."""


def architecture(params: ModelParams, vocabulary_size: int, characters: int) -> Architecture:
    """The network's shape for `characters` of text to learn from."""
    name = params.size
    if name == "auto":
        name = "small" if characters <= SMALL else "medium" if characters <= MEDIUM else "large"
    own = params.model_dump(exclude={"size"}, exclude_none=True)
    return Architecture(vocabulary_size, **SIZES[name]._replace(**own)._asdict())


def epochs(params: TrainParams, tokens: int) -> int:
    """How often at most to read `tokens` to learn from."""
    return params.epochs or min(max(round(TOKENS / tokens), FEWEST), MOST)
