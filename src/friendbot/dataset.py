"""Token arrays as training batches that follow the text, so that the LSTM's state can be carried across them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from friendbot import files
from friendbot.errors import ModelError, ThreadError
from friendbot.vocabulary import Vocabulary


class Batches(NamedTuple):
    """A token stream cut for truncated backpropagation through time.

    The stream is laid out in `batch_size` rows, one after the other in the text; step `i` takes the `i`-th window of
    `sequence_length` tokens of each row, so a row's state after step `i` is right for step `i + 1`.
    Arrays have shape `(steps * batch_size, sequence_length)`, in the order `fit(shuffle=False)` reads them.
    """

    inputs: np.ndarray
    """int32 token ids."""
    targets: np.ndarray
    """int32 ids of the token that follows each input."""
    weights: np.ndarray
    """float32: 1 where there is text, 0 where a row was filled up."""
    steps: int
    tokens: int
    """How many targets count, which is the sum of `weights`."""

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, targets and weights."""
        return self.inputs, self.targets, self.weights


def batches(tokens: np.ndarray, batch_size: int, sequence_length: int) -> Batches:
    """Lay out a token stream of shape `(n,)`, so that each token but the first is a target exactly once.

    Raises:
        ThreadError: there are fewer than two tokens.
    """
    count = len(tokens) - 1
    if count < 1:
        raise ThreadError("a split holds no text to learn from; choose a longer thread or other shares in filter")
    row = -(-count // batch_size)
    windows = steps(len(tokens), batch_size, sequence_length)
    shape = (batch_size, windows * sequence_length)
    inputs, targets = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    weights = np.zeros(shape, np.float32)
    for index in range(batch_size):
        start, stop = min(index * row, count), min((index + 1) * row, count)
        inputs[index, : stop - start] = tokens[start:stop]
        targets[index, : stop - start] = tokens[start + 1 : stop + 1]
        weights[index, : stop - start] = 1
    inputs, targets, weights = (_windows(array, sequence_length) for array in (inputs, targets, weights))
    return Batches(inputs, targets, weights, windows, count)


def steps(tokens: int, batch_size: int, sequence_length: int) -> int:
    """How many steps so many tokens take."""
    row = -(-(tokens - 1) // batch_size)
    return -(-row // sequence_length)


def _windows(rows: np.ndarray, length: int) -> np.ndarray:
    """From `(batch_size, steps * length)` to `(steps * batch_size, length)`, step by step."""
    return rows.reshape(len(rows), -1, length).swapaxes(0, 1).reshape(-1, length)


class Encoded(NamedTuple):
    """What the encode stage wrote to `data/encoded`."""

    train: np.ndarray
    """int32 token ids, shape `(tokens,)`; so are `valid` and `test`."""
    valid: np.ndarray
    test: np.ndarray
    vocabulary: Vocabulary
    about: dict[str, Any]
    """`friend` and `me`, the names; `messages` and `characters` of each split; `first` and `last`, dates of train."""


SPLITS = Encoded._fields[:3]


def save(folder: Path, encoded: Encoded) -> None:
    """Write `data/encoded`; equal content gives equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        with files.replacing(folder / f"{split}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, getattr(encoded, split))
    files.write_text(folder / "vocabulary.json", encoded.vocabulary.to_json())
    files.write_text(folder / "about.json", json.dumps(encoded.about, indent=1) + "\n")


def load(folder: Path) -> Encoded:
    """Read `data/encoded`.

    Raises:
        ModelError: a file is missing or damaged.
    """
    try:
        train, valid, test = (np.load(folder / f"{split}.npy", allow_pickle=False) for split in SPLITS)
        vocabulary = Vocabulary.from_json((folder / "vocabulary.json").read_text(encoding="utf-8"))
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{folder} is incomplete or damaged ({error}); run `dvc repro -f encode`") from None
    return Encoded(train, valid, test, vocabulary, about)
