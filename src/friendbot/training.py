"""The fit loop: seeded by epoch, a checkpoint after each, early stopping, and exact resumption."""

import csv
import hashlib
import io
import json
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from friendbot import backend, dataset, files, model, weights
from friendbot.backend import keras
from friendbot.checkpoints import Checkpoints, best_epoch, load_state
from friendbot.dataset import Encoded
from friendbot.errors import ModelError
from friendbot.params import ModelParams, TrainParams
from friendbot.progress import Progress
from friendbot.weights import Architecture

SOURCES = (
    "backend.py",
    "checkpoints.py",
    "dataset.py",
    "model.py",
    "recurrent.py",
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
    training that was killed goes on from its newest checkpoint and ends in the same bytes.

    Args:
        encoded: folder that the encode stage wrote.
        published: folder for the best model.
        history: CSV, one row for each epoch.
        timing: JSON of what differs from run to run: seconds and characters per second.
        checkpoints: folder for checkpoints of all trainings.
        model_params: the network's shape.
        train_params: how it learns.

    Raises:
        ModelError: the data is damaged, another training writes the same checkpoints, or the loss is not finite.
    """
    backend.setup(train_params.threads)
    data = dataset.load(encoded)
    architecture = Architecture(len(data.vocabulary), **model_params.model_dump())
    mark = fingerprint(encoded, model_params, train_params)
    with Checkpoints(checkpoints, mark, train_params.keep_checkpoints) as kept:
        try:
            run = _Run(kept, data, architecture, train_params, history)
            run.fit()
        except KeyboardInterrupt:
            print(
                f"stopped; `dvc repro` goes on after the last finished epoch, "
                f"`python src/chat.py --save-dir {checkpoints}` talks to it meanwhile",
                file=sys.stderr,
            )
            raise
        run.write_history()
        kept.publish(run.best, published)
    files.write_text(timing, json.dumps({"train": run.timing()}, indent=1) + "\n")


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
        self, checkpoints: Checkpoints, data: Encoded, architecture: Architecture, settings: TrainParams, history: Path
    ) -> None:
        super().__init__()
        self.checkpoints, self.data, self.architecture, self.settings = checkpoints, data, architecture, settings
        self.history_file = history
        self.history: list[dict[str, float]] = []
        self.batches = {
            split: dataset.batches(tokens, settings.batch_size, settings.sequence_length)
            for split, tokens in (("train", data.train), ("valid", data.valid))
        }
        self.network = self._build()
        self._seconds: list[float] = []
        self._resume()

    @property
    def best(self) -> int:
        """The epoch whose model is published."""
        return best_epoch(self.history)

    @property
    def done(self) -> bool:
        """Whether the epochs are used up, or the last `patience` of them brought nothing better."""
        epochs = len(self.history)
        return epochs >= self.settings.epochs or (epochs > 0 and epochs - self.best >= self.settings.patience)

    def fit(self) -> None:
        """Train the epochs that are left."""
        if self.done:
            return
        train, valid = self.batches["train"], self.batches["valid"]
        with Progress("training", unit="steps", total=train.steps) as self.progress:
            self.network.fit(
                train.inputs,
                train.targets,
                sample_weight=train.weights,
                batch_size=self.settings.batch_size,
                initial_epoch=len(self.history),
                epochs=self.settings.epochs,
                shuffle=False,
                validation_data=(valid.inputs, valid.targets, valid.weights),
                validation_batch_size=self.settings.batch_size,
                callbacks=[self],
                verbose=0,
            )

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Start from a state that depends on seed and epoch alone, so that a resumed epoch equals an uninterrupted."""
        self._started = time.monotonic()
        seed = self.settings.seed * 1_000_003 + epoch
        keras.utils.set_random_seed(seed % 2**32)
        model.seed_dropout(self.network, seed % 2**32)
        model.reset_state(self.network)
        self.progress.restart(f"epoch {epoch + 1}/{self.settings.epochs}")

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Move the bar."""
        self.progress.advance(1)

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Validation reads its own text from the start."""
        model.reset_state(self.network)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep a checkpoint, tell how it went, and stop when validation no longer gets better."""
        assert logs is not None
        if not math.isfinite(logs["nats"]) or not math.isfinite(logs["val_nats"]):
            raise ModelError("the loss is no longer a number; lower train.learning_rate or train.clip_norm")
        self.history.append(self._row(epoch + 1, logs["nats"], logs["val_nats"]))
        self._seconds.append(time.monotonic() - self._started)
        self._save()
        self.write_history()
        self._report()
        self.network.stop_training = self.done

    def write_history(self) -> None:
        """Write the CSV that `dvc plots` draws."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.history[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.history)
        files.write_text(self.history_file, text.getvalue())

    def timing(self) -> dict[str, Any]:
        """Seconds of the epochs trained in this process, and characters read per second in them."""
        seconds = sum(self._seconds)
        read = len(self._seconds) * self.data.about["characters"]["train"]
        return {
            "epochs": len(self._seconds),
            "seconds": round(seconds, 1),
            "characters_per_second": round(read / seconds) if seconds else None,
        }

    def _build(self) -> keras.Model:
        settings = self.settings
        keras.utils.set_random_seed(settings.seed)
        network = model.build(self.architecture, settings.batch_size, settings.sequence_length)
        steps = settings.epochs * self.batches["train"].steps
        falling = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps, alpha=FINAL_LEARNING_RATE)
        network.compile(
            optimizer=keras.optimizers.Adam(falling, global_clipnorm=settings.clip_norm),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            # Unlike the loss, a weighted metric is exact where rows were filled up.
            weighted_metrics=[keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="nats")],
            jit_compile=False,
        )
        network.optimizer.build(network.trainable_variables)
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
        print(f"going on after epoch {checkpoint.epoch} of {checkpoint.folder}", file=sys.stderr)

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
            tokens, characters = self.batches[split].tokens, self.data.about["characters"][split]
            row[f"{split}_bits_per_char"] = loss / math.log(2) * tokens / characters
        return row

    def _report(self) -> None:
        row, best = self.history[-1], self.history[self.best - 1]
        speed = self.data.about["characters"]["train"] / self._seconds[-1]
        left = (self.settings.epochs - len(self.history)) * self._seconds[-1]
        self.progress.say(
            f"epoch {row['epoch']}/{self.settings.epochs}  "
            f"train {row['train_bits_per_char']:.3f}  valid {row['valid_bits_per_char']:.3f} bits per character "
            f"(best {best['valid_bits_per_char']:.3f}, epoch {best['epoch']})  "
            f"{speed:,.0f} characters/s, at most {left / 60:.0f} min left"
        )
