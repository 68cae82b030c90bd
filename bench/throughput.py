"""Training speed, ours against stock Keras and PyTorch's `nn.LSTM`, in one interleaved run: time of a step, ratios.

python bench/throughput.py [--shape small] [--rounds 8] [--steps 10] [--torch PYTHON] [--json FILE]

Every variant does the same: embedding, LSTM layers that carry their state, logits, cross entropy, clipping to a global
norm of 1, Adam, on random ids. Each has a process of its own, since libraries in one process fight over threads, and
they take turns. `--torch` names a Python that has PyTorch, if not this one.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np


class Shape(NamedTuple):
    """A network and a batch."""

    layers: int
    units: int
    batch_size: int
    sequence_length: int
    vocabulary: int
    embedding: int = 128


SHAPES = {
    "small": Shape(1, 256, 8, 64, 1024),
    "medium": Shape(1, 512, 16, 64, 1024),
    "deep": Shape(2, 512, 16, 64, 1024),
    "large": Shape(2, 512, 64, 128, 370),
}
OURS, STOCK, UNROLLED, TORCH = "friendbot", "Keras", "Keras, unrolled", "PyTorch"
VARIANTS = [
    f"{OURS}, float32",
    f"{OURS}, bfloat16",
    STOCK,
    UNROLLED,
    f"{TORCH}, float32",
    f"{TORCH}, bfloat16",
]
Run = Callable[[], float]
"""Trains once, and returns the seconds of a step from the end of the first one to the end of the last."""


def keras_steps(variant: str, shape: Shape, steps: int, threads: int) -> Run:
    """A function that trains `steps` steps with Keras."""
    from friendbot import backend, layers
    from friendbot.backend import keras, tf
    from friendbot.recurrent import LSTM

    ours = variant.startswith(OURS)
    if ours:
        backend.setup(threads)
    else:  # what a person gets who sets nothing but the number of threads
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(1)
    precision = variant.rpartition(" ")[2]
    ids = keras.Input(batch_shape=(shape.batch_size, shape.sequence_length), dtype="int32")
    hidden = keras.layers.Embedding(shape.vocabulary, shape.embedding)(ids)
    for _ in range(shape.layers):
        options: dict[str, Any] = {"return_sequences": True, "stateful": True}
        if ours:
            hidden = LSTM(shape.units, precision=precision, **options)(hidden)
        else:
            hidden = keras.layers.LSTM(shape.units, unroll=variant == UNROLLED, **options)(hidden)
    output = layers.Dense(shape.vocabulary, precision=precision) if ours else keras.layers.Dense(shape.vocabulary)
    model = keras.Model(ids, output(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(global_clipnorm=1.0), loss, jit_compile=False)
    size = (steps * shape.batch_size, shape.sequence_length)
    text = np.random.default_rng(1).integers(0, shape.vocabulary, size).astype("int32")

    class Clock(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.ends: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.ends.append(time.perf_counter())

    def run() -> float:
        clock = Clock()
        model.fit(text, text, batch_size=shape.batch_size, shuffle=False, verbose=0, callbacks=[clock])
        return (clock.ends[-1] - clock.ends[0]) / (steps - 1)

    return run


def torch_steps(variant: str, shape: Shape, steps: int, threads: int) -> Run:
    """A function that trains `steps` steps with PyTorch."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    embedding = torch.nn.Embedding(shape.vocabulary, shape.embedding)
    lstm = torch.nn.LSTM(shape.embedding, shape.units, shape.layers)
    output = torch.nn.Linear(shape.units, shape.vocabulary)
    weights = [*embedding.parameters(), *lstm.parameters(), *output.parameters()]
    adam = torch.optim.Adam(weights, fused=True)
    text = torch.randint(0, shape.vocabulary, (steps, shape.sequence_length, shape.batch_size))

    def run() -> float:
        state, ends = None, []
        for ids in text:
            with torch.autocast("cpu", torch.bfloat16, enabled=variant.endswith("bfloat16")):
                hidden, state = lstm(embedding(ids), state)
                logits = output(hidden)
            state = tuple(part.detach() for part in state)
            loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), ids.flatten())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            adam.step()
            adam.zero_grad()
            ends.append(time.perf_counter())
        return (ends[-1] - ends[0]) / (steps - 1)

    return run


def work(variant: str, shape: Shape, steps: int, threads: int) -> None:
    """Be one variant's process: for each line read, train and answer with the seconds of a step."""
    run = (torch_steps if variant.startswith(TORCH) else keras_steps)(variant, shape, steps, threads)
    run()
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(run(), flush=True)


class Child:
    """A variant in its process."""

    def __init__(self, variant: str, python: str, arguments: list[str]) -> None:
        command = [python, __file__, "--worker", variant, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def seconds(self) -> float:
        """Of a step, after training once."""
        assert self.process.stdin is not None
        print("go", file=self.process.stdin, flush=True)
        return float(self._line())

    def close(self) -> None:
        """End the process."""
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a variant's process ended early, with status {self.process.wait()}; its error is above")
        return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10, help="in each turn, 2 or more")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", action="append", choices=VARIANTS, help="may be given several times")
    parser.add_argument("--torch", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    shape = SHAPES[arguments.shape]
    if arguments.worker:
        work(arguments.worker, shape, arguments.steps, arguments.threads)
        return

    variants = arguments.only or VARIANTS
    found = subprocess.run([arguments.torch, "-c", "import torch; print(torch.__version__)"], capture_output=True)
    if found.returncode and any(variant.startswith(TORCH) for variant in variants):
        print(f"{arguments.torch} has no PyTorch: left out; name a Python that has it with --torch", file=sys.stderr)
        variants = [variant for variant in variants if not variant.startswith(TORCH)]
    options = ["--shape", arguments.shape, "--steps", str(arguments.steps), "--threads", str(arguments.threads)]
    before = os.getloadavg()[0]
    children = {
        variant: Child(variant, arguments.torch if variant.startswith(TORCH) else sys.executable, options)
        for variant in variants
    }
    measured: dict[str, list[float]] = {variant: [] for variant in variants}
    for _ in range(arguments.rounds):
        for variant, child in children.items():
            measured[variant].append(child.seconds())
    for child in children.values():
        child.close()

    print(f"{arguments.shape}: {shape._asdict()}, {arguments.threads} threads, load {before:.1f} at the start")
    result = {}
    for variant, seconds in measured.items():
        ratios = {
            other: statistics.median(theirs / own for theirs, own in zip(measured[other], seconds, strict=True))
            for other in (STOCK, f"{TORCH}, float32")
            if other in measured
        }
        result[variant] = {"seconds": statistics.median(seconds), "least": min(seconds), "ratios": ratios}
        words = "".join(f"   {ratio:5.2f} x {other}" for other, ratio in ratios.items())
        print(f"{variant:20} {1000 * statistics.median(seconds):8.1f} ms/step, least {1000 * min(seconds):7.1f}{words}")
    if arguments.json:
        about = {"shape": shape._asdict(), "threads": arguments.threads, "load": before, "variants": result}
        arguments.json.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
