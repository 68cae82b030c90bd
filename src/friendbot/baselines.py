"""What simpler models than a network reach on the same text, so that a score means something."""

import math
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyppmd

from friendbot.dialogue import FRIEND, ME, Line
from friendbot.evaluation import Share
from friendbot.ngrams import KneserNey
from friendbot.progress import Progress
from friendbot.vocabulary import normalise

MARKS = {ME: "\udcfd", FRIEND: "\udcfe"}
GAP_MARK = "\udcff"
"""One character for each special: what a model that reads plain text sees in their place. Lone surrogates, so never in
a normalised text; `surrogateescape` makes of each one byte that UTF-8 lacks."""
CODE_POINTS = 0x110000

ORDER = 10
"""The n-gram's: it predicts a symbol from the nine before it."""
KNESER_NEY, PPMD = f"kneser_ney_{ORDER}", "ppmd"
PPMD_ORDER, PPMD_MEMORY = 10, 256 << 20
"""Bytes of context, and of memory; when that is full, after tens of millions of characters, PPMd starts afresh."""


class Symbol(NamedTuple):
    """One character of the dialogue as plain text."""

    character: str
    split: str
    friend: bool
    """Whether it is the friend's: their text, and the mark that follows a message of theirs."""
    mark: bool
    """Whether it stands for a special."""
    session: int


def plain(lines: list[Line]) -> Iterator[Symbol]:
    """The dialogue as plain text, marks in the places of the specials that the model reads."""
    session, speaker = None, None
    for line in lines:
        after_friend = speaker == FRIEND
        if line.session != session:
            yield Symbol(GAP_MARK, line.split, after_friend, True, line.session)
            after_friend = False
        yield Symbol(MARKS[line.speaker], line.split, after_friend, True, line.session)
        for character in normalise(line.text):
            yield Symbol(character, line.split, line.speaker == FRIEND, False, line.session)
        session, speaker = line.session, line.speaker


class Costs(NamedTuple):
    """What the test part costs each baseline."""

    symbols: list[Symbol]
    """All but the first, as with the model."""
    nats: dict[str, np.ndarray]
    """By baseline, float64 `(len(symbols),)`."""


def costs(lines: list[Line]) -> Costs:
    """Let each baseline learn the training part and predict the test part.

    `uniform` knows which characters there are, `unigram` how often, `kneser_ney_10` which follow which; `ppmd`, a
    compressor, goes on learning while it reads the test part.
    """
    train = "".join(symbol.character for symbol in plain([line for line in lines if line.split == "train"]))
    symbols = [symbol for symbol in plain(lines) if symbol.split == "test"]
    alphabet, known = np.unique(_code_points(train), return_inverse=True)
    kinds, held_out = len(alphabet), _code_points("".join(symbol.character for symbol in symbols))
    ids = np.searchsorted(alphabet, held_out)
    unseen = np.append(alphabet, CODE_POINTS)[ids] != held_out
    ids[unseen] = kinds
    # All three give an unseen character their escape's probability, shared equally among all there could be.
    escape = unseen * math.log(CODE_POINTS - kinds)
    frequency = np.append(np.bincount(known), 0) + 1
    with Progress("baselines", unit="characters", total=ORDER * (len(known) + len(ids))) as progress:
        nats = {
            "uniform": np.full(len(ids), math.log(kinds + 1)) + escape,
            "unigram": -np.log(frequency / frequency.sum())[ids] + escape,
            KNESER_NEY: KneserNey(known, kinds, ORDER, progress).nats(ids, progress) + escape,
            PPMD: _compressed(train, symbols),
        }
    return Costs(symbols[1:], {name: each[1:] for name, each in nats.items()})


def scores(costs: Costs) -> dict[str, Any]:
    """Bits per character of each baseline, counted as the model's are: of all text and, under `friend`, of theirs."""
    everything = np.ones(len(costs.symbols), bool)
    friend = np.array([symbol.friend for symbol in costs.symbols], bool)
    return {
        name: {**_bits(costs, nats, everything), "friend": _bits(costs, nats, friend)}
        for name, nats in costs.nats.items()
    }


def by_session(costs: Costs, name: str) -> dict[int, float]:
    """Bits per character of one baseline in each session of the test part; a `<gap>` belongs to what it opens."""
    session = np.array([symbol.session for symbol in costs.symbols])
    return {
        int(number): _bits(costs, costs.nats[name], session == number)["bits_per_char"] for number in np.unique(session)
    }


def _bits(costs: Costs, nats: np.ndarray, part: np.ndarray) -> dict[str, float]:
    """`bits_per_char` of the symbols in `part`, bool `(symbols,)`: marks are paid for, not counted as characters."""
    characters = sum(not costs.symbols[place].mark for place in np.flatnonzero(part))
    share = Share(float(nats[part].sum()), int(part.sum()), characters)
    return {"bits_per_char": share.metrics()["bits_per_char"]}


def _code_points(text: str) -> np.ndarray:
    """Of each character, uint32 `(characters,)`."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _compressed(train: str, symbols: list[Symbol]) -> np.ndarray:
    """Nats of each symbol by PPMd variant H (Shkarin 2002), float64 `(symbols,)`.

    One encoder reads the training part, then the test part in runs of what is the friend's and what is not. What a run
    adds to its output is the run's cost, here spread evenly over its symbols. Outputs are whole bytes: over the whole
    text that rounds nothing away, over the friend's part of a few hundred runs it is off by about half a percent.
    It reads UTF-8, so an unseen character costs its bytes instead of an escape.
    """
    encoder = pyppmd.Ppmd7Encoder(PPMD_ORDER, PPMD_MEMORY)
    encoder.encode(_bytes(train) + _bytes(symbols[0].character))
    costs = [np.zeros(1)]
    for _, symbols_of_run in groupby(symbols[1:], lambda symbol: symbol.friend):
        run = "".join(symbol.character for symbol in symbols_of_run)
        costs.append(np.full(len(run), len(encoder.encode(_bytes(run))) * 8 * math.log(2) / len(run)))
    return np.concatenate(costs)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
