"""A model folder on disk: architecture, weights, vocabulary and card, read with numpy alone."""

import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from friendbot import files
from friendbot.errors import ModelError
from friendbot.vocabulary import Vocabulary

FORMAT = 1
FILES = ("model.json", "weights.npz", "vocabulary.json", "card.json")
LOOKS = 5
"""How often to list checkpoints before saying that there is none: a training may have just removed those found."""
CHECKSUMS = "checkpoint.json"
"""Written last in a checkpoint, with the SHA-256 of every other file in it: there and right, the folder is whole."""


@dataclass(frozen=True)
class Architecture:
    """The network's shape: embedding -> `layers` x LSTM of `units` -> one logit for each token."""

    vocabulary_size: int
    embedding: int
    layers: int
    units: int
    dropout: float

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every weight, float32; LSTM gates lie side by side as Keras has them: i, f, c, o."""
        shapes: dict[str, tuple[int, ...]] = {"embedding": (self.vocabulary_size, self.embedding)}
        width = self.embedding
        for layer in range(self.layers):
            shapes[f"lstm_{layer}/kernel"] = (width, 4 * self.units)
            shapes[f"lstm_{layer}/recurrent_kernel"] = (self.units, 4 * self.units)
            shapes[f"lstm_{layer}/bias"] = (4 * self.units,)
            width = self.units
        shapes["output/kernel"] = (width, self.vocabulary_size)
        shapes["output/bias"] = (self.vocabulary_size,)
        return shapes

    def to_json(self, vocabulary: Vocabulary) -> str:
        """As kept in `model.json`, with a mark of the vocabulary whose ids the weights are for."""
        return json.dumps({"format": FORMAT, **asdict(self), "vocabulary": vocabulary.digest()}, indent=1) + "\n"


@dataclass(frozen=True)
class Model:
    """What a model folder holds."""

    folder: Path
    architecture: Architecture
    weights: Mapping[str, np.ndarray]
    vocabulary: Vocabulary
    card: Mapping[str, Any]
    """Who speaks (`friend`, `me`), and the counts, dates and scores behind the model."""


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays so that equal arrays give equal bytes, whole or not at all."""
    with files.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file by name."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def load(folder: Path) -> Model:
    """Read a model folder.

    Raises:
        ModelError: it is not one, is damaged, is of a newer format, or its parts do not belong together.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ModelError(f"{folder} is not a model folder ({', '.join(missing)} missing); `dvc repro` makes one")
    try:
        architecture, digest = _architecture((folder / "model.json").read_text(encoding="utf-8"))
        vocabulary = Vocabulary.from_json((folder / "vocabulary.json").read_text(encoding="utf-8"))
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        _readable(card.get("format", 1))
        _ = card["friend"], card["me"], card["last"], card["messages"]["train"]
        weights = load_arrays(folder / "weights.npz")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"the model in {folder} is damaged ({error}); `dvc checkout` restores it") from None
    if digest != vocabulary.digest() or architecture.vocabulary_size != len(vocabulary):
        raise ModelError(
            f"the vocabulary in {folder} is not the one its model was trained with; "
            "`dvc checkout` or `dvc repro` sets it right"
        )
    if {name: array.shape for name, array in weights.items()} != architecture.shapes():
        raise ModelError(f"the weights in {folder} do not fit its model.json; `dvc checkout` or `dvc repro` helps")
    return Model(folder, architecture, weights, vocabulary, card)


def _architecture(text: str) -> tuple[Architecture, str]:
    data = json.loads(text)
    _readable(data.pop("format"))
    digest = data.pop("vocabulary")
    return Architecture(**{name: int(value) if name != "dropout" else value for name, value in data.items()}), digest


def _readable(version: int) -> None:
    if version > FORMAT:
        raise ModelError(f"the model has format {version}, this friendbot reads up to {FORMAT}; update friendbot")


def whole(folder: Path) -> bool:
    """Whether a checkpoint folder is complete and every file has the checksum that was written with it."""
    try:
        checksums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))["sha256"]
        return all(files.sha256(folder / name) == digest for name, digest in checksums.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def newest(folder: Path) -> Path:
    """The model folder meant by `folder`: itself, or the newest whole checkpoint under it.

    Raises:
        ModelError: there is none.
    """
    if (folder / "model.json").is_file():
        return folder
    for _ in range(LOOKS):
        found = [path.parent for level in ("epoch-*", "*/epoch-*") for path in folder.glob(f"{level}/{CHECKSUMS}")]
        for checkpoint in sorted(found, key=_age):
            if whole(checkpoint):
                return checkpoint
    if not folder.exists():
        raise ModelError(f"{folder} does not exist; `dvc repro` trains a model and keeps checkpoints in checkpoints/")
    raise ModelError(
        f"there is no model in {folder}; `dvc repro` trains one, its first checkpoint comes after one epoch"
    )


def _age(checkpoint: Path) -> float:
    """Sorts checkpoints newest first, those that are gone by now last."""
    try:
        return -(checkpoint / CHECKSUMS).stat().st_mtime_ns
    except FileNotFoundError:
        return math.inf


def load_newest(folder: Path) -> Model:
    """Load what `newest` finds, also while a training writes new checkpoints there and removes old ones.

    Raises:
        ModelError: there is no model, or it is damaged.
    """
    while True:
        found = newest(folder)
        try:
            return load(found)
        except ModelError:
            if found.is_dir():
                raise
