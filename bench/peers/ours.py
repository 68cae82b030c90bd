"""Ours: the train stage's own code with the repository's params, in a process of its own, in a given time.

The learning rate falls over the epochs, so their number is chosen beforehand from how long one takes. Unlike the peers,
ours pays for all there is: starting Python and TensorFlow, tracing, validation, checkpoints.
"""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bench.peers.corpus import Corpus, changed

from friendbot import adaptation, dataset, evaluation, files, params, weights
from friendbot.dataset import Encoded
from friendbot.errors import ModelError
from friendbot.inference import Network
from friendbot.params import Params
from friendbot.progress import Progress

POLL = 0.05
"""Seconds between looks at a training's history."""


class Row(NamedTuple):
    """One epoch of a training, as its history has it."""

    seconds: float
    """Since the start of the process that trains, when it was seen."""
    values: dict[str, float]


def settings(overrides: dict[str, Any], threads: int, seed: int) -> Params:
    """The repository's params, some of them changed, such as `{"model.units": 512}`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        changed(path, {"train.threads": threads, "train.seed": seed, **overrides})
        return params.load(path)


def tried(corpus: Corpus, chosen: Params) -> list[Row]:
    """The first two epochs of a long training, in which the text is longest."""
    longer = chosen.train.model_copy(update={"epochs": 9999, "patience": 9999})
    with tempfile.TemporaryDirectory() as folder:
        return train(corpus, chosen.model_copy(update={"train": longer}), Path(folder), lambda rows, _: len(rows) > 1)


def epochs_within(seconds: float, tried: Sequence[Row]) -> int:
    """How many epochs are through in so many seconds, from what two took."""
    first, second = tried[0].seconds, tried[1].seconds
    return max(1, 1 + int((seconds - first) / (second - first)))


def train(
    corpus: Corpus, chosen: Params, folder: Path, enough: Callable[[list[Row], float], bool] = lambda rows, now: False
) -> list[Row]:
    """Train in a child process until it is done, or these rows and seconds are `enough`; in `folder` is all it makes.

    Raises:
        ModelError: the training failed; what it said stands above.
    """
    dataset.save(folder / "encoded", corpus.encode(chosen.encode))
    child = get_context("spawn").Process(target=_train, args=(folder, chosen))
    rows: list[Row] = []
    started = time.monotonic()
    child.start()
    try:
        while child.is_alive() and not enough(rows, time.monotonic() - started):
            child.join(POLL)
            rows += [Row(time.monotonic() - started, row) for row in history(folder)[len(rows) :]]
        finished = not child.is_alive()
    finally:
        child.terminate()
        child.join()
    rows += [Row(time.monotonic() - started, row) for row in history(folder)[len(rows) :]]
    if finished and child.exitcode:
        raise ModelError(f"the training ended with status {child.exitcode}; see above")
    return rows


def _train(folder: Path, chosen: Params) -> None:
    from friendbot import training

    training.train(
        encoded=folder / "encoded",
        published=folder / "model",
        history=folder / "history.csv",
        timing=folder / "timing.json",
        checkpoints=folder / "checkpoints",
        model_params=chosen.model,
        train_params=chosen.train,
    )


def history(folder: Path) -> list[dict[str, float]]:
    """The rows of the epochs that are through."""
    path = folder / "history.csv"
    return files.read_rows(path) if path.exists() else []


Scores = dict[str, float | None]


def scores(folder: Path) -> tuple[Scores, Scores]:
    """Bits per character of the test part, of all and of the friend's messages, by the published model.

    First the model alone, then as `adaptation` mixes it with what was read before: the validation part first, as the
    compressors do.
    """
    data = dataset.load(folder / "encoded")
    network, read = Network(weights.load(folder / "model")), []
    with Progress("evaluating", unit="tokens", total=len(data.valid) + len(data.test) - 2) as progress:
        for tokens in (data.valid, data.test):
            read.append((tokens, evaluation.losses(network, tokens, progress)))
    adapted = adaptation.losses(data.train, read, len(data.vocabulary))
    return _bits(read[1][1], data), _bits(adapted[1], data)


def _bits(nats: np.ndarray, data: Encoded) -> Scores:
    everything, friend = evaluation.shares(nats, data.test, data.vocabulary)
    return {
        "bits_per_char": everything.metrics()["bits_per_char"],
        "friend": friend.metrics()["bits_per_char"] if friend.characters else None,
    }


def nats_per_char(row: Row) -> float:
    """The training loss of an epoch, as the tutorial counts it."""
    return row.values["train_bits_per_char"] * math.log(2)
