"""Training speed on a GPU: our step, as `fit` runs it, beside torch.nn.LSTM on cuDNN, and what share of the peak it is.

python bench/gpu.py [--rounds 3] [--seconds 1.5] [--json FILE] [--cpu]

`KERAS_BACKEND` says on which backend; without it the first of jax, torch and tensorflow that is installed. Ours and the
peer take turns, each in a process of its own. Characters are tokens times 2.7, as with a BPE of 1024 on radio talk.
`--cpu` rehearses it on tiny shapes, without a GPU.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

SOURCES = Path(__file__).resolve().parents[1] / "src"
sys.path.insert(0, str(SOURCES))

VOCABULARY, EMBEDDING = 1024, 128
CHARACTERS_PER_TOKEN = 2.7
PRECISIONS = ("float32", "bfloat16")
TOLERANCE = 1e-3


class Shape(NamedTuple):
    """A network, and how its text is cut."""

    layers: int
    units: int
    batch: int
    length: int

    def __str__(self) -> str:
        return f"{self.layers}x{self.units} {self.batch}x{self.length}"

    def flops(self) -> int:
        """Of the LSTM layers' matrix products for one token, forward and backward."""
        inputs = [EMBEDDING, *[self.units] * (self.layers - 1)]
        return sum(3 * 2 * (width + self.units) * 4 * self.units for width in inputs)


SHAPES = [Shape(1, 256, 8, 64), Shape(2, 512, 64, 128), Shape(2, 1024, 256, 256)]
TINY = [Shape(1, 16, 4, 8), Shape(2, 24, 8, 16)]
STEPS = 32
"""Steps in an epoch of the data that is trained on."""


def stream(shape: Shape) -> np.ndarray:
    """Random token ids of STEPS windows, and of the token after the last."""
    return np.random.default_rng(1).integers(0, VOCABULARY, (STEPS, shape.batch, shape.length)).astype(np.int32)


class Ours:
    """The product's network and `fit`."""

    def __init__(self) -> None:
        from friendbot import accelerator, backend

        self.accelerator, self.backend = accelerator, backend
        backend.setup(2)

    def about(self) -> dict[str, Any]:
        """The GPU, None without one, and versions."""
        return {**self.backend.describe(), "gpu": self.backend.gpu()}

    def build(self, shape: Shape, precision: str) -> dict[str, Any]:
        """Make the network and train one epoch, which compiles it."""
        from friendbot import model
        from friendbot.backend import keras
        from friendbot.weights import Architecture

        keras.utils.set_random_seed(1)
        self.accelerator.set_precision("auto" if precision == "bfloat16" else precision)  # a rehearsal may lack it
        self.architecture = Architecture(VOCABULARY, EMBEDDING, shape.layers, shape.units, 0.2)
        self.network = model.build(self.architecture, shape.batch, shape.length)
        cudnn = self.accelerator.uses_cudnn(self.network)
        self.network.compile(
            optimizer=keras.optimizers.Adam(0.002, global_clipnorm=1.0),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            weighted_metrics=[keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="nats")],
            jit_compile=self.backend.COMPILED,
            steps_per_execution=self.accelerator.steps_per_execution(STEPS),
        )
        model.reset_state(self.network)
        windows = stream(shape).reshape(-1, shape.length)
        arrays = (windows, np.roll(windows, -1, axis=1), np.ones(windows.shape, np.float32))
        self.inputs, self.targets, self.weights = self.accelerator.feed(arrays, shape.batch)
        self.batch = shape.batch
        self.epochs(1)
        return {"cudnn": cudnn, "without_cudnn": None if cudnn else self.accelerator.without_cudnn(self.network)}

    def epochs(self, count: int) -> float:
        """Seconds that some epochs take; `fit` ends with reading the loss, so nothing is left under way."""
        started = time.perf_counter()
        self.network.fit(
            self.inputs,
            self.targets,
            sample_weight=self.weights,
            batch_size=self.batch,
            epochs=count,
            shuffle=False,
            verbose=0,
        )
        return time.perf_counter() - started

    def peak(self, precision: str, size: int) -> float:
        """TFLOP/s of a square matrix product."""
        from friendbot.backend import keras

        matrix = np.random.default_rng(1).normal(size=(size, size)).astype(np.float32)
        operand = keras.ops.cast(keras.ops.convert_to_tensor(matrix), precision)

        def seconds(count: int) -> float:
            started = time.perf_counter()
            for _ in range(count):
                product = keras.ops.matmul(operand, operand)
            keras.ops.convert_to_numpy(keras.ops.cast(product[0, 0], "float32"))
            return time.perf_counter() - started

        seconds(3)
        return 2 * size**3 * 20 / min(seconds(20) for _ in range(3)) / 1e12

    def difference(self, shape: Shape) -> float:
        """Largest difference of logits from numpy's, after the steps trained so far, over two windows of a batch."""
        from friendbot import model
        from friendbot.backend import keras
        from friendbot.inference import Network
        from friendbot.weights import Model

        weights = model.get_weights(self.network)
        network = Network(Model(Path(), self.architecture, weights, None, {}))  # type: ignore[arg-type]
        model.reset_state(self.network)
        windows = stream(shape)[:2]
        logits = np.concatenate([keras.ops.convert_to_numpy(self.network(window)) for window in windows], axis=1)
        text = np.concatenate(list(windows), axis=1)
        differences = [
            np.abs(logits[row] - network.read(network.initial(), text[row])[1]).max()
            for row in range(min(4, len(text)))
        ]
        return float(max(differences))


class Peer:
    """torch.nn.LSTM, Adam and clipping as PyTorch has them, data on the device."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(1)  # a second one only waits, on a GPU and at the rehearsal's shapes
        if self.device == "cuda":
            torch.set_float32_matmul_precision("high")

    def about(self) -> dict[str, Any]:
        """The GPU, None without one, and versions."""
        cuda = self.device == "cuda"
        return {
            "gpu": self.torch.cuda.get_device_name() if cuda else None,
            "torch": self.torch.__version__,
            "cudnn": self.torch.backends.cudnn.version(),
        }

    def build(self, shape: Shape, precision: str) -> dict[str, Any]:
        """Make the network and train one epoch."""
        torch = self.torch
        torch.manual_seed(1)
        self.precision = precision
        self.embedding = torch.nn.Embedding(VOCABULARY, EMBEDDING).to(self.device)
        self.lstm = torch.nn.LSTM(EMBEDDING, shape.units, shape.layers, batch_first=True, dropout=0.0).to(self.device)
        self.output = torch.nn.Linear(shape.units, VOCABULARY).to(self.device)
        modules = (self.embedding, self.lstm, self.output)
        self.parameters = [parameter for module in modules for parameter in module.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=0.002, fused=True)
        self.windows = torch.as_tensor(stream(shape), dtype=torch.int64, device=self.device)
        self.targets = torch.roll(self.windows, -1, 2)
        self.epochs(1)
        return {"cudnn": self.device == "cuda" and torch.backends.cudnn.is_available()}

    def epochs(self, count: int) -> float:
        """Seconds that some epochs take."""
        torch = self.torch
        started = time.perf_counter()
        for _ in range(count):
            state = None
            for window, target in zip(self.windows, self.targets, strict=True):
                with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bfloat16"):
                    hidden, state = self.lstm(torch.nn.functional.dropout(self.embedding(window), 0.2), state)
                    logits = self.output(torch.nn.functional.dropout(hidden, 0.2))
                state = tuple(part.detach() for part in state)
                loss = torch.nn.functional.cross_entropy(logits.float().reshape(-1, VOCABULARY), target.reshape(-1))
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
                self.optimizer.step()
        loss.item()
        return time.perf_counter() - started


def work(kind: str) -> None:
    """Answer one JSON line on stdout for each on stdin: the name of a method and its arguments."""
    worker: Any = {"ours": Ours, "peer": Peer}[kind]()
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        arguments = [Shape(*argument) if isinstance(argument, list) else argument for argument in arguments]
        print(json.dumps(getattr(worker, method)(*arguments)), flush=True)


class Worker:
    """`work` in a process of its own."""

    def __init__(self, kind: str, backend: str, **environment: str) -> None:
        variables = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false", "KERAS_BACKEND": backend, **environment}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work", kind],
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, method: str, *arguments: Any) -> Any:
        """What a method of the process's `Ours` or `Peer` gives."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps([method, *arguments]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"gpu: {method}{arguments} failed; its error is above")
        return json.loads(answer)

    def end(self) -> None:
        """Let the process end."""
        self.process.communicate()


def measure(
    workers: dict[str, Worker], shape: Shape, precision: str, peak: float, rounds: int, seconds: float
) -> dict[str, Any]:
    """One row: tokens per second of each, in turns, and the ratio."""
    row: dict[str, Any] = {"shape": str(shape), "precision": precision}
    counts = {}
    for name, worker in workers.items():
        row[f"{name}_cudnn"] = worker.ask("build", shape, precision)
        counts[name] = max(1, min(500, round(seconds / worker.ask("epochs", 1))))
    rates: dict[str, list[float]] = {name: [] for name in workers}
    tokens = STEPS * shape.batch * shape.length
    for _ in range(rounds):
        for name, worker in workers.items():
            rates[name].append(counts[name] * tokens / worker.ask("epochs", counts[name]))
    for name, measured in rates.items():
        rate = statistics.median(measured)
        row[name] = {
            "tokens_per_second": rate,
            "characters_per_second": rate * CHARACTERS_PER_TOKEN,
            "milliseconds_per_step": 1000 * shape.batch * shape.length / rate,
            "lstm_tflops": rate * shape.flops() / 1e12,
            "share_of_peak": rate * shape.flops() / 1e12 / peak,
        }
    if "peer" in rates:
        ratios = [ours / peer for ours, peer in zip(rates["ours"], rates["peer"], strict=True)]
        row["ratio"] = statistics.median(ratios)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of one round")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--cpu", action="store_true", help="rehearse it on tiny shapes")
    parser.add_argument("--work", choices=("ours", "peer"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work)
        return
    started = time.monotonic()
    installed = [name for name in ("jax", "torch", "tensorflow") if find_spec(name)]
    backend = os.environ.get("KERAS_BACKEND") or installed[0]
    workers = {"ours": Worker("ours", backend)}
    about = {"ours": workers["ours"].ask("about")}
    if not about["ours"]["gpu"] and not arguments.cpu:
        workers["ours"].end()
        print(f"gpu: {backend} sees no GPU here; --cpu rehearses the measurement without one", file=sys.stderr)
        sys.exit(2)
    if find_spec("torch"):
        workers["peer"] = Worker("peer", backend)
        about["peer"] = workers["peer"].ask("about")
    else:
        print("torch is not installed: no peer")
    shapes, size = (TINY, 256) if arguments.cpu else (SHAPES, 8192)
    peaks = {precision: workers["ours"].ask("peak", precision, size) for precision in PRECISIONS}
    print(f"{backend} on {about['ours']['gpu'] or 'the processor'}")
    for precision, peak in peaks.items():
        print(f"peak, by a product of {size} x {size} matrices in {precision}: {peak:.2f} TFLOP/s")
    rows = []
    for precision in PRECISIONS:
        for shape in shapes:
            row = measure(workers, shape, precision, peaks[precision], arguments.rounds, arguments.seconds)
            rows.append(row)
            for name in workers:
                figures = row[name]
                print(
                    f"{row['shape']:16} {precision:8} {name:5} {figures['milliseconds_per_step']:9.3f} ms/step "
                    f"{figures['characters_per_second']:14,.0f} characters/s  {figures['lstm_tflops']:8.3f} TFLOP/s, "
                    f"{figures['share_of_peak']:6.1%} of the peak",
                    flush=True,
                )
            print(f"{'':31} {row.get('ratio', float('nan')):.2f} x torch.nn.LSTM", flush=True)
            if not arguments.cpu and not row["ours_cudnn"]["cudnn"]:
                sys.exit(f"gpu: {row['ours_cudnn']['without_cudnn']}")
    for worker in workers.values():
        worker.end()
    # Full float32, where a GPU would round products to TF32.
    exact = Worker("ours", backend, NVIDIA_TF32_OVERRIDE="0", JAX_DEFAULT_MATMUL_PRECISION="highest")
    exact.ask("build", shapes[0], "float32")
    difference = exact.ask("difference", shapes[0])
    exact.end()
    print(f"logits after {STEPS} steps differ from numpy's by {difference:.1e} at most (allowed: {TOLERANCE})")
    result = {"about": about, "peak_tflops": peaks, "rows": rows, "difference_from_numpy": difference}
    result["seconds"] = round(time.monotonic() - started, 1)
    print(f"{result['seconds']} s in all")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if not difference < TOLERANCE:
        sys.exit("gpu: the logits are not numpy's")


if __name__ == "__main__":
    main()
