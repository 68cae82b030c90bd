"""One dial for the network's shape and its training: how much text there is decides how much network pays."""

from dataclasses import replace
from typing import NamedTuple

from friendbot.params import ModelParams, TrainParams
from friendbot.weights import Architecture


class Size(NamedTuple):
    """A network and the batches that suit it, each part of which params.yaml can override."""

    embedding: int
    layers: int
    units: int
    batch_size: int


SIZES = {
    "small": Size(embedding=128, layers=1, units=256, batch_size=8),
    "medium": Size(embedding=128, layers=1, units=512, batch_size=16),
    "large": Size(embedding=256, layers=2, units=512, batch_size=16),
}
"""The first two as measured on texts of 0.2, 0.6 and 1.7 million characters (docs/LOG.md); the third was not."""
SMALL, MEDIUM = 100_000, 4_000_000
"""Characters to learn from up to which `auto` takes the small and the medium size."""
TOKENS, FEWEST, MOST = 10_000_000, 4, 44
"""Tokens that a training without `epochs` reads, in as many epochs as that takes within these bounds."""
LEAST_DROPOUT, MOST_DROPOUT, FOR_AN_EPOCH = 0.2, 0.5, 0.015
"""Dropout of a training of `FEWEST` epochs, the highest, and what each epoch more adds (docs/LOG.md)."""
BPE_SHARE = 0.5
"""Of the dropout, what BPE-dropout is without a param."""


def architecture(params: ModelParams, vocabulary_size: int, characters: int, epochs: int) -> Architecture:
    """The network's shape for `characters` of text to learn from; the oftener it is read, the more dropout."""
    size = _size(params, characters)
    dropout = min(LEAST_DROPOUT + FOR_AN_EPOCH * max(epochs - FEWEST, 0), MOST_DROPOUT)
    shape = Architecture(vocabulary_size, size.embedding, size.layers, size.units, round(dropout, 3))
    return replace(shape, **params.model_dump(exclude={"size"}, exclude_none=True))


def batch_size(model: ModelParams, train: TrainParams, characters: int) -> int:
    """Rows of a batch: where there is little text, fewer, so that the network is updated more often."""
    return train.batch_size or _size(model, characters).batch_size


def bpe_dropout(train: TrainParams, dropout: float) -> float:
    """The rate in the first epoch, for a network's dropout."""
    return BPE_SHARE * dropout if train.bpe_dropout is None else train.bpe_dropout


def epochs(params: TrainParams, tokens: int) -> int:
    """How often at most to read `tokens` to learn from."""
    return params.epochs or min(max(round(TOKENS / tokens), FEWEST), MOST)


def _size(params: ModelParams, characters: int) -> Size:
    if params.size != "auto":
        return SIZES[params.size]
    return SIZES["small" if characters <= SMALL else "medium" if characters <= MEDIUM else "large"]
