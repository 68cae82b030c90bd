"""The recipe of the tutorial that friendbot began as: stock Keras, 2 x 512, one-hot characters, Adam at 1e-4.

Ten padded chunks make a batch, and all chunks an epoch. A chunk is as many whole messages as fit (of a plain text,
lines); a longer one is cut. Each begins with an empty state, so the state is carried only where it is scored, by
char-rnn's network with these weights: it has the same gates.
"""

from typing import NamedTuple

import numpy as np
import torch
from bench.peers import char_rnn
from bench.peers.corpus import MARKS, Alphabet, Corpus

from friendbot.backend import keras, tf


class Settings(NamedTuple):
    """What the tutorial sets, and the longest chunk, in characters."""

    units: int = 512
    layers: int = 2
    learning_rate: float = 1e-4
    batch_size: int = 10
    chunk: int = 100


def setup(threads: int) -> None:
    """Set threads as a person would, once: friendbot's own way with them suits its own layers."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    torch.set_num_threads(threads)


class Tutorial:
    """The recipe."""

    def __init__(self, corpus: Corpus, seed: int, threads: int, settings: Settings) -> None:
        keras.utils.set_random_seed(seed)
        self.settings = settings
        self._alphabet = Alphabet(corpus.train)
        self._random = np.random.default_rng(seed)
        self._chunks = _windows(self._alphabet.encode(corpus.train), ends(corpus.train, settings.chunk), settings.chunk)
        self._order = self._random.permutation(len(self._chunks[0]))
        self._next = 0
        shape = (settings.batch_size, settings.chunk)
        ids = keras.Input(batch_shape=shape, dtype="int32")
        hidden = keras.ops.one_hot(ids, len(self._alphabet))
        for _ in range(settings.layers):
            hidden = keras.layers.LSTM(settings.units, return_sequences=True)(hidden)
        self._model = keras.Model(ids, keras.layers.Dense(len(self._alphabet))(hidden))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self._model.compile(keras.optimizers.Adam(settings.learning_rate), loss, jit_compile=False)
        # Traces the step and changes nothing: no character counts, so the gradient is 0.
        empty = np.zeros(shape, np.int32)
        self._model.train_on_batch(empty, empty, sample_weight=np.zeros(shape, np.float32))
        self._model.optimizer.iterations.assign(0)

    @property
    def done(self) -> bool:
        """Never: the tutorial says to wait."""
        return False

    def step(self, share: float) -> float:
        """One update; `share` is of no concern to a learning rate that stays."""
        size = self.settings.batch_size
        if self._next + size > len(self._order):
            self._order, self._next = self._random.permutation(len(self._order)), 0
        chosen = self._order[self._next : self._next + size]
        self._next += size
        inputs, targets, weights = (part[chosen] for part in self._chunks)
        self._model.reset_metrics()
        loss = float(self._model.train_on_batch(inputs, targets, sample_weight=weights))
        return loss * weights.size / float(weights.sum())

    def nats(self, text: str, exact: bool) -> np.ndarray:
        """Nats of each character but the first, float64."""
        network = char_rnn.Network(len(self._alphabet), self.settings.units, self.settings.layers)
        network.load_state_dict(as_torch(self.weights()))
        found = network.nats(self._alphabet.encode(text), exact)
        return found + self._alphabet.escapes(text)[1:] if exact else found

    def weights(self) -> list[np.ndarray]:
        """A copy of what is learned."""
        return self._model.get_weights()

    def restore(self, weights: list[np.ndarray]) -> None:
        """Take up what `weights` gave."""
        self._model.set_weights(weights)


def as_torch(weights: list[np.ndarray]) -> dict[str, torch.Tensor]:
    """Keras's kernel, recurrent kernel and bias of each layer, and of the output, as `char_rnn.Network` names them."""
    named = {}
    for layer in range((len(weights) - 2) // 3):
        kernel, recurrent, bias = weights[3 * layer : 3 * layer + 3]
        named[f"lstm.weight_ih_l{layer}"], named[f"lstm.weight_hh_l{layer}"] = kernel.T, recurrent.T
        named[f"lstm.bias_ih_l{layer}"], named[f"lstm.bias_hh_l{layer}"] = bias, np.zeros_like(bias)
    named["decoder.weight"], named["decoder.bias"] = weights[-2].T, weights[-1]
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in named.items()}


def ends(text: str, most: int) -> list[int]:
    """Where chunks of at most `most` characters end, in a text without its first character."""
    breaks = {place for place, letter in enumerate(text) if letter in MARKS} or {
        place + 1 for place, letter in enumerate(text) if letter == "\n"
    }
    found, start, last = [], 0, 0
    for place in [*sorted(breaks - {0}), len(text)]:
        if place - 1 - start > most and last > start:
            found.append(last)
            start = last
        while place - 1 - start > most:
            start += most
            found.append(start)
        last = place - 1
    return [*found, len(text) - 1] if start < len(text) - 1 else found


def _windows(ids: np.ndarray, ends: list[int], length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, targets, and 1 where there is text: int32, int32, float32 `(chunks, length)`."""
    inputs, targets = (np.zeros((len(ends), length), np.int32) for _ in range(2))
    weights = np.zeros((len(ends), length), np.float32)
    for row, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        inputs[row, : end - start], targets[row, : end - start] = ids[start:end], ids[start + 1 : end + 1]
        weights[row, : end - start] = 1
    return inputs, targets, weights
