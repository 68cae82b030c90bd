"""Checkpoints of one training: whole or absent, the latest few and the best kept, one writer at a time."""

import fcntl
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from friendbot import files, weights
from friendbot.errors import ModelError
from friendbot.vocabulary import Vocabulary
from friendbot.weights import CHECKSUMS, Architecture

STATE = "training.npz"
"""What only training needs: the optimizer's variables, and whatever else changes from step to step."""
HISTORY = "history.json"
TRAININGS = 5
"""How many trainings' checkpoints are kept, the latest ones: the one that runs, and others to go back to."""
_FINGERPRINT = re.compile("[0-9a-f]{16}")


class Checkpoint(NamedTuple):
    """The end of one epoch."""

    folder: Path
    epoch: int
    """Epochs done, from 1."""
    history: list[dict[str, float]]
    """One row for each epoch done."""


class Checkpoints:
    """`checkpoints/<fingerprint>/epoch-NNNN/`, each a model folder that chat can read, plus the training's state.

    Use as a context manager: it holds a lock on the folder of all trainings, since they publish to one place.
    """

    def __init__(self, root: Path, fingerprint: str, keep: int) -> None:
        """Checkpoints of the training that `fingerprint` identifies.

        Args:
            root: the folder of all trainings, such as `checkpoints`.
            fingerprint: 16 hexadecimal digits that change with anything that could change the result.
            keep: how many of the latest are kept; the best is kept besides.
        """
        self.root, self.folder, self.keep = root, root / fingerprint, keep
        self._lock: int | None = None

    def __enter__(self) -> "Checkpoints":
        """Take the lock, and drop what a killed training left half-written and what is of trainings long ago.

        Raises:
            ModelError: another training holds the lock.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._own()
            self._tidy()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _own(self) -> None:
        assert self._lock is not None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._lock, 20, 0).decode().strip()
            raise ModelError(
                f"another training (process {owner}) writes to {self.root}; wait for it, or end it with `kill {owner}`"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        self.folder.mkdir(exist_ok=True)

    def _tidy(self) -> None:
        for leftover in [*self.root.glob(".*.tmp"), *self.folder.glob(".*.tmp")]:
            shutil.rmtree(leftover)
        others = [path for path in self.root.iterdir() if _FINGERPRINT.fullmatch(path.name) and path != self.folder]
        others.sort(key=lambda path: path.stat().st_mtime_ns)
        for old in others[: -(TRAININGS - 1)]:
            _remove(old)

    def latest(self) -> Checkpoint | None:
        """The newest whole checkpoint whose best one is whole too; others are named on stderr and removed."""
        for folder in sorted(self.folder.glob("epoch-*"), reverse=True):
            damaged = folder
            if weights.whole(folder):
                checkpoint = _read(folder)
                damaged = self.at(best_epoch(checkpoint.history))
                if weights.whole(damaged):
                    self._prune(checkpoint.history)
                    return checkpoint
            print(f"checkpoint {damaged} is damaged; going on from before {folder.name}", file=sys.stderr)
            _remove(folder)
        return None

    def at(self, epoch: int) -> Path:
        """The folder of an epoch's checkpoint."""
        return self.folder / f"epoch-{epoch:04d}"

    def save(
        self,
        history: list[dict[str, float]],
        architecture: Architecture,
        model: Mapping[str, np.ndarray],
        vocabulary: Vocabulary,
        card: Mapping[str, Any],
        state: Mapping[str, np.ndarray],
    ) -> None:
        """Write the checkpoint of epoch `len(history)`, then remove those that are neither latest nor best."""
        folder = self.at(len(history))
        temporary = folder.with_name(f".{folder.name}.tmp")
        try:
            write_model(temporary, architecture, model, vocabulary, card)
            weights.save_arrays(temporary / STATE, state)
            files.write_text(temporary / HISTORY, json.dumps(history) + "\n")
            checksums = {path.name: files.sha256(path) for path in sorted(temporary.iterdir())}
            files.write_text(temporary / CHECKSUMS, json.dumps({"sha256": checksums}, indent=1) + "\n")
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        files.flush(self.folder)
        self._prune(history)

    def _prune(self, history: list[dict[str, float]]) -> None:
        kept = sorted(self.folder.glob("epoch-*"))
        for old in set(kept[: -self.keep]) - {self.at(best_epoch(history))}:
            _remove(old)

    def clear(self) -> None:
        """Remove all checkpoints of this training, the newest first."""
        for folder in sorted(self.folder.glob("epoch-*"), reverse=True):
            _remove(folder)

    def publish(self, epoch: int, model: Path) -> None:
        """Copy an epoch's model files to the folder `model`, all or none; `model.json`, which makes it one, comes last.

        Raises:
            ModelError: the checkpoint is damaged.
        """
        source = self.at(epoch)
        if not weights.whole(source):
            raise ModelError(f"checkpoint {source} was damaged meanwhile; `dvc repro` goes on from before it")
        with ExitStack() as copies:  # which ends them in reverse
            for name in sorted(weights.FILES, key=lambda name: name != "model.json"):
                shutil.copyfile(source / name, copies.enter_context(files.replacing(model / name)))
            (model / "model.json").unlink(missing_ok=True)


def best_epoch(history: list[dict[str, float]]) -> int:
    """The epoch, from 1, with the lowest validation loss; the first of equals."""
    losses = [row["valid_loss"] for row in history]
    return 1 + losses.index(min(losses))


def write_model(
    folder: Path,
    architecture: Architecture,
    model: Mapping[str, np.ndarray],
    vocabulary: Vocabulary,
    card: Mapping[str, Any],
) -> None:
    """Write a model folder; equal content gives equal bytes."""
    weights.save_arrays(folder / "weights.npz", model)
    files.write_text(folder / "vocabulary.json", vocabulary.to_json())
    files.write_text(folder / "card.json", json.dumps(card, indent=1) + "\n")
    files.write_text(folder / "model.json", architecture.to_json(vocabulary))


def _remove(folder: Path) -> None:
    """Remove a checkpoint, or a training's, at once: a chat that reads it finds it whole or gone."""
    going = folder.with_name(f".{folder.name}.old.tmp")
    folder.rename(going)
    shutil.rmtree(going)


def _read(folder: Path) -> Checkpoint:
    history = json.loads((folder / HISTORY).read_text(encoding="utf-8"))
    return Checkpoint(folder, len(history), history)


def load_state(folder: Path) -> dict[str, np.ndarray]:
    """The arrays that `save` was given as `state`."""
    return weights.load_arrays(folder / STATE)
