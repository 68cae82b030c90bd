"""Training speed of our LSTM layer against stock Keras, in one interleaved run: tokens per second and ratios.

python bench/throughput.py [--layers 1] [--units 256] [--batch-size 8] [--sequence-length 32] [--rounds 5] [--json FILE]
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np

from friendbot import backend
from friendbot.backend import keras
from friendbot.recurrent import LSTM

STEPS = 40
VOCABULARY = 370


def build(variant: str, layers: int, units: int, batch_size: int, sequence_length: int) -> keras.Model:
    keras.utils.set_random_seed(1)
    ids = keras.Input(batch_shape=(batch_size, sequence_length), dtype="int32")
    hidden = keras.layers.Embedding(VOCABULARY, 64)(ids)
    for _ in range(layers):
        if variant == "ours":
            layer = LSTM(units, return_sequences=True, stateful=True)
        else:
            layer = keras.layers.LSTM(units, return_sequences=True, stateful=True, unroll=variant == "stock unrolled")
        hidden = layer(hidden)
    model = keras.Model(ids, keras.layers.Dense(VOCABULARY)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(global_clipnorm=1.0), loss, jit_compile=False)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--sequence-length", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    backend.setup(2)
    batch, length = arguments.batch_size, arguments.sequence_length
    ids = np.random.default_rng(1).integers(0, VOCABULARY, (batch * STEPS, length)).astype("int32")
    models = {
        variant: build(variant, arguments.layers, arguments.units, batch, length)
        for variant in ("stock", "stock unrolled", "ours")
    }
    for model in models.values():
        model.fit(ids[: batch * 2], ids[: batch * 2], batch_size=batch, shuffle=False, verbose=0)
    rates: dict[str, list[float]] = {variant: [] for variant in models}
    for _ in range(arguments.rounds):
        for variant, model in models.items():
            started = time.perf_counter()
            model.fit(ids, ids, batch_size=batch, shuffle=False, verbose=0)
            rates[variant].append(ids.size / (time.perf_counter() - started))
    result = {}
    for variant, measured in rates.items():
        ratios = [rate / stock for rate, stock in zip(measured, rates["stock"], strict=True)]
        result[variant] = {"tokens_per_second": statistics.median(measured), "ratio": statistics.median(ratios)}
        print(f"{variant:15} {statistics.median(measured):10,.0f} tokens/s   {statistics.median(ratios):.2f} x stock")
    if arguments.json:
        shape = {"layers": arguments.layers, "units": arguments.units, "batch_size": batch, "sequence_length": length}
        arguments.json.write_text(json.dumps({"shape": shape, "variants": result}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
