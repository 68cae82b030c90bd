"""The fit loop: seeded by epoch, a checkpoint after each, early stopping, and exact resumption."""

import hashlib
import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from friendbot import accelerator, backend, dataset, files, model, sizes, weights
from friendbot.backend import keras
from friendbot.bpe_dropout import Spellings
from friendbot.checkpoints import Checkpoints, best_epoch, load_state
from friendbot.dataset import Batches, Encoded
from friendbot.errors import ModelError
from friendbot.interrupts import uninterrupted
from friendbot.monitor import Monitor
from friendbot.params import ModelParams, TrainParams

SOURCES = (
    "accelerator.py",
    "backend.py",
    "bpe_dropout.py",
    "checkpoints.py",
    "dataset.py",
    "layers.py",
    "model.py",
    "recurrent.py",
    "sizes.py",
    "training.py",
    "vocabulary.py",
    "weights.py",
)
"""The modules whose code decides the trained weights."""
FINAL_LEARNING_RATE = 0.05
"""Share of the learning rate that is left at the last epoch; it falls along a cosine."""


def train(
    encoded: Path,
    published: Path,
    history: Path,
    timing: Path,
    checkpoints: Path,
    model_params: ModelParams,
    train_params: TrainParams,
) -> None:
    """Train until validation stops getting better, and publish the best epoch's model.

    The result's bytes depend on code, params, data, library versions and processor alone (see `fingerprint`): a
    training that was killed goes on from its newest checkpoint and ends in the same bytes. So one that had ended is
    only published again, but if DVC has recorded its result: who wants it once more then wants it made anew.

    Args:
        encoded: folder that the encode stage wrote.
        published: folder for the best model.
        history: CSV, one row for each epoch.
        timing: JSON of what differs from run to run: seconds and characters per second.
        checkpoints: folder for checkpoints of all trainings.
        model_params: the network's shape.
        train_params: how it learns.

    Raises:
        ModelError: the data is damaged, another training writes there, the loss is not finite, or the disk is full.
    """
    backend.setup(train_params.threads)
    data = dataset.load(encoded)
    mark = fingerprint(encoded, model_params, train_params)
    try:
        with Checkpoints(checkpoints, mark, train_params.keep_checkpoints) as kept:
            run = _Run(kept, data, model_params, train_params, history)
            if run.done and _recorded(kept.at(run.best) / "weights.npz"):
                kept.clear()
                run = _Run(kept, data, model_params, train_params, history)
            run.fit()
            run.write_history()
            kept.publish(run.best, published)
        if run.trained:
            files.write_text(timing, json.dumps({"train": run.timing()}, indent=1) + "\n")
    except OSError as error:
        raise ModelError(f"{error}; put that right, and `dvc repro` goes on after the last finished epoch") from None


def _recorded(path: Path) -> bool:
    """Whether DVC, run from here, has recorded a file's bytes as a result."""
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    locks = [*Path().glob("dvc.lock"), *Path().glob("*/dvc.lock")]
    return any(digest in lock.read_text(encoding="utf-8") for lock in locks)


def fingerprint(encoded: Path, model_params: ModelParams, train_params: TrainParams) -> str:
    """16 hexadecimal digits of everything that decides the trained weights; how many checkpoints are kept does not."""
    here = Path(__file__).parent
    identity = {
        "model": model_params.model_dump(),
        "train": train_params.model_dump(exclude={"keep_checkpoints"}),
        "data": {path.name: files.sha256(path) for path in sorted(encoded.iterdir()) if path.is_file()},
        "sources": {name: files.sha256(here / name) for name in SOURCES},
        "machine": backend.describe(),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


class _Run(keras.callbacks.Callback):
    """One training, as the callback that Keras tells about its epochs."""

    def __init__(
        self, checkpoints: Checkpoints, data: Encoded, shape: ModelParams, settings: TrainParams, history: Path
    ) -> None:
        super().__init__()
        self.checkpoints, self.data, self.settings = checkpoints, data, settings
        characters = data.about["characters"]["train"]
        self.epochs, self.history_file = sizes.epochs(settings, len(data.train)), history
        self.architecture = sizes.architecture(shape, len(data.vocabulary), characters, self.epochs)
        self.batch_size = sizes.batch_size(shape, settings, characters)
        self.history: list[dict[str, float]] = []
        rate = sizes.bpe_dropout(settings, self.architecture.dropout)
        self.texts = Spellings(data.train, data.vocabulary.parts, rate, self.epochs, settings.seed)
        self.batches = {"valid": self._cut(data.valid)}
        """What is read in this epoch: `train`, once one has begun, and `valid`."""
        mean = round(self.texts.mean_length())
        self.steps = dataset.steps(mean, self.batch_size, settings.sequence_length)
        """Of training, in this epoch; before the first one, in the mean."""
        self.network = self._build()
        self._seconds: list[float] = []
        """Of each epoch trained in this process, validation included."""
        self._resume()
        self.monitor = Monitor(data, self.epochs, settings.seed)

    @property
    def best(self) -> int:
        """The epoch whose model is published."""
        return best_epoch(self.history)

    @property
    def done(self) -> bool:
        """Whether the epochs are used up, or the last `patience` of them brought nothing better."""
        epochs = len(self.history)
        return epochs >= self.epochs or (epochs > 0 and epochs - self.best >= self.settings.patience)

    @property
    def trained(self) -> int:
        """How many epochs were trained in this process."""
        return len(self._seconds)

    def fit(self) -> None:
        """Train the epochs that are left."""
        where = self.checkpoints.folder
        if self.done:
            print(f"this training had ended; publishing its best epoch, {self.best}, from {where}", file=sys.stderr)
            return
        if self.history:
            print(f"going on after epoch {len(self.history)} of {where}", file=sys.stderr)
        # TensorFlow may swallow a KeyboardInterrupt while it traces, so Ctrl-C is looked for after each step.
        with uninterrupted() as self._end_if_pressed, self.monitor:
            self.monitor.say(
                f"at most {self.epochs} epochs of about {self.steps:,} steps. "
                "After each: the score in bits per character, and what the bot would answer now"
            )
            while not self.done:
                self._fit(len(self.history))

    def _fit(self, epoch: int) -> None:
        self.batches["train"] = train = self._cut(self.texts.of(epoch))
        self.steps = train.steps
        inputs, targets, sample_weight = accelerator.feed(train.arrays, self.batch_size)
        self.network.fit(
            inputs,
            targets,
            sample_weight=sample_weight,
            batch_size=self.batch_size,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            validation_data=accelerator.feed(self.batches["valid"].arrays, self.batch_size),
            validation_batch_size=self.batch_size,
            callbacks=[self],
            verbose=0,
        )

    def _cut(self, tokens: np.ndarray) -> Batches:
        return dataset.batches(tokens, self.batch_size, self.settings.sequence_length)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Start from a state that depends on seed and epoch alone, so that a resumed epoch equals an uninterrupted."""
        self._started = time.monotonic()
        # Only dropout is random, with its own generators: a global seed would make TensorFlow set up functions anew.
        model.seed_dropout(self.network, self.settings.seed, epoch)
        model.reset_state(self.network)
        best = self.history[self.best - 1]["valid_bits_per_char"] if self.history else math.nan
        self.monitor.begin(epoch + 1, self.steps, self.batches["valid"].steps, best)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Move the line, and end on Ctrl-C."""
        assert logs is not None
        self.monitor.trained(batch + 1, self._bits_per_char("train", logs["nats"]))
        self._end_if_pressed()

    def on_test_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Move the line, and end on Ctrl-C."""
        self.monitor.validated(batch + 1)
        self._end_if_pressed()

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Validation reads its own text from the start."""
        model.reset_state(self.network)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep a checkpoint, and tell how it went."""
        assert logs is not None
        if not math.isfinite(logs["nats"]) or not math.isfinite(logs["val_nats"]):
            raise ModelError("the loss is no longer a number; lower train.learning_rate or train.clip_norm")
        self.history.append(self._row(epoch + 1, logs["nats"], logs["val_nats"]))
        self._seconds.append(time.monotonic() - self._started)
        self._save()
        self.write_history()
        self.monitor.end(self.history, self.best, self._seconds[-1], self.done)
        self.monitor.answer(self.checkpoints.at(epoch + 1))

    def write_history(self) -> None:
        """Write the CSV that `dvc plots` draws."""
        files.write_rows(self.history_file, self.history[0], self.history)

    def timing(self) -> dict[str, Any]:
        """Seconds of the epochs trained in this process, and characters read per second in them."""
        seconds = sum(self._seconds)
        read = self.trained * self.data.about["characters"]["train"]
        return {
            "epochs": self.trained,
            "seconds": round(seconds, 1),
            "characters_per_second": round(read / seconds) if seconds else None,
        }

    def _build(self) -> keras.Model:
        settings = self.settings
        keras.utils.set_random_seed(settings.seed)
        precision = accelerator.set_precision(settings.precision)
        network = model.build(self.architecture, self.batch_size, settings.sequence_length, precision)
        steps = self.epochs * self.steps
        falling = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps, alpha=FINAL_LEARNING_RATE)
        optimizer = keras.optimizers.AdamW(
            falling, weight_decay=settings.weight_decay, global_clipnorm=settings.clip_norm
        )
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        network.compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            # Unlike the loss, a weighted metric is exact where rows were filled up.
            weighted_metrics=[keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="nats")],
            jit_compile=backend.COMPILED,
            steps_per_execution=accelerator.steps_per_execution(self.steps),
        )
        network.optimizer.build(network.trainable_variables)
        if warning := accelerator.without_cudnn(network):
            print(warning, file=sys.stderr)
        return network

    def _resume(self) -> None:
        checkpoint = self.checkpoints.latest()
        if checkpoint is None:
            return
        saved = weights.load(checkpoint.folder)
        model.set_weights(self.network, saved.weights)
        state = load_state(checkpoint.folder)
        for index, variable in enumerate(self.network.optimizer.variables):
            variable.assign(state[f"{index:04d}"])
        self.history = checkpoint.history

    def _save(self) -> None:
        optimizer = {
            f"{index:04d}": keras.ops.convert_to_numpy(value)
            for index, value in enumerate(self.network.optimizer.variables)
        }
        self.checkpoints.save(
            self.history,
            self.architecture,
            model.get_weights(self.network),
            self.data.vocabulary,
            {
                "format": weights.FORMAT,
                **self.data.about,
                **self.history[-1],
                "parameters": self.network.count_params(),
            },
            optimizer,
        )

    def _row(self, epoch: int, train: float, valid: float) -> dict[str, float]:
        """Losses in nats per token, and in bits per character of the same text."""
        row: dict[str, float] = {"epoch": epoch, "train_loss": train, "valid_loss": valid}
        for split, loss in (("train", train), ("valid", valid)):
            row[f"{split}_bits_per_char"] = self._bits_per_char(split, loss)
        return row

    def _bits_per_char(self, split: str, nats: float) -> float:
        """From nats per token."""
        return nats / math.log(2) * self.batches[split].tokens / self.data.about["characters"][split]
