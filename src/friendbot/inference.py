"""The LSTM in numpy, step by step, from a model folder: what chat and evaluation run on, without Keras."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from friendbot.weights import Model

CHUNK = 512
"""Tokens to read at once in a long text: bounds the memory for logits."""
BLOCK = 64
"""Columns of a matrix multiplied at once: few enough for BLAS to take its path for small matrices, which packs nothing.
With AVX-512, four texts side by side then cost what one does, not twice that (LOG.md, 2026-11-23)."""
FEW = 16
"""Texts up to which that pays."""


class State(NamedTuple):
    """What the network remembers of one text, or of several side by side; never changed in place."""

    hidden: tuple[np.ndarray, ...]
    """float32 of shape `(texts, units)` for each layer."""
    cell: tuple[np.ndarray, ...]
    """The same shapes."""

    def take(self, rows: Sequence[int] | np.ndarray) -> "State":
        """The states of some of the texts, in the order given; one may be taken several times."""
        return State(tuple(array[rows] for array in self.hidden), tuple(array[rows] for array in self.cell))


class Matrix:
    """A matrix `(width, columns)` that vectors are multiplied with from the left, one or a few at once."""

    def __init__(self, matrix: np.ndarray, scale: np.ndarray | None = None) -> None:
        """Lay out a float32 matrix, its columns multiplied by `scale`."""
        width, self.columns = matrix.shape
        self._rows = np.zeros((-(-self.columns // BLOCK) * BLOCK, width), np.float32)
        rows = self._rows[: self.columns]
        rows[:] = matrix.T
        if scale is not None:
            rows *= scale[:, None]
        self._blocks = self._rows.reshape(-1, BLOCK, width).transpose(0, 2, 1)

    def product(self, vectors: np.ndarray) -> np.ndarray:
        """`vectors @ matrix`: float32 `(texts, width)` to `(texts, columns)`."""
        if len(vectors) == 1:
            return (self._rows @ vectors[0])[None, : self.columns]
        if 1 < len(vectors) <= FEW:
            products = np.matmul(vectors[None], self._blocks)
            return products.transpose(1, 0, 2).reshape(len(vectors), len(self._rows))[:, : self.columns]
        return (self._rows @ vectors.T).T[:, : self.columns]


class Network:
    """The trained network, with its weights laid out for one step at a time."""

    def __init__(self, model: Model) -> None:
        weights, self._layers = model.weights, model.architecture.layers
        self._units = units = model.architecture.units
        # sigmoid(x) = tanh(x / 2) / 2 + 1/2, and halving is exact: one tanh then does for all four gates.
        halves = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), units)
        self._biases = [weights[f"lstm_{layer}/bias"] * halves for layer in range(self._layers)]
        # The first layer's input is one of few vectors, so its product is a row of a table.
        self._first = weights["embedding"] @ (weights["lstm_0/kernel"] * halves)
        self._first += self._biases[0]
        self._kernels = [Matrix(weights[f"lstm_{layer}/kernel"], halves) for layer in range(1, self._layers)]
        self._recurrent = [Matrix(weights[f"lstm_{layer}/recurrent_kernel"], halves) for layer in range(self._layers)]
        self._output, self._output_bias = Matrix(weights["output/kernel"]), weights["output/bias"]

    def initial(self) -> State:
        """The state of one text before any of it."""
        zeros = tuple(np.zeros((1, self._units), np.float32) for _ in range(self._layers))
        return State(zeros, zeros)

    def read(self, state: State, ids: np.ndarray | Sequence[int]) -> tuple[State, np.ndarray]:
        """Read tokens of one text; give the new state and float32 logits `(len(ids), tokens)` of what follows each.

        Layer by layer over the whole text: the products with the input are then one matrix product for each layer.
        """
        state, outputs = self._through(state, ids)
        return state, self._logits(outputs)

    def after(self, state: State, ids: Sequence[int]) -> State:
        """The state of one text after more of it, however long."""
        for start in range(0, len(ids), CHUNK):
            state, _ = self._through(state, ids[start : start + CHUNK])
        return state

    def step(self, state: State, ids: Sequence[int] | np.ndarray) -> tuple[State, np.ndarray]:
        """Read one more token of each text; give the new states and float32 logits `(texts, tokens)`."""
        hidden: list[np.ndarray] = []
        cell: list[np.ndarray] = []
        gates = self._first[ids]
        for layer in range(self._layers):
            if layer:
                gates = self._kernels[layer - 1].product(hidden[-1]) + self._biases[layer]
            h, c = self._cell(layer, gates, state.hidden[layer], state.cell[layer])
            hidden.append(h)
            cell.append(c)
        return State(tuple(hidden), tuple(cell)), self._logits(hidden[-1])

    def _through(self, state: State, ids: np.ndarray | Sequence[int]) -> tuple[State, np.ndarray]:
        """The new state, and the last layer's output `(len(ids), units)` at each token."""
        hidden, cell = list(state.hidden), list(state.cell)
        gates = self._first[np.asarray(ids, np.int64)]
        outputs = np.zeros((len(gates), self._units), np.float32)
        for layer in range(self._layers):
            if layer:
                gates = self._kernels[layer - 1].product(outputs) + self._biases[layer]
                outputs = np.empty_like(outputs)
            h, c = hidden[layer], cell[layer]
            for t in range(len(gates)):
                h, c = self._cell(layer, gates[t : t + 1], h, c)
                outputs[t] = h[0]
            hidden[layer], cell[layer] = h, c
        return State(tuple(hidden), tuple(cell)), outputs

    def _logits(self, outputs: np.ndarray) -> np.ndarray:
        return self._output.product(outputs) + self._output_bias

    def _cell(self, layer: int, gates: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One LSTM step; `gates` holds the input's share, `(texts, 4 * units)`, in Keras's order i, f, c, o."""
        units = self._units
        gates = self._recurrent[layer].product(h) + gates
        np.tanh(gates, out=gates)
        opened = gates[:, : 2 * units]
        opened *= 0.5
        opened += 0.5
        c = gates[:, units : 2 * units] * c
        c += gates[:, :units] * gates[:, 2 * units : 3 * units]
        out = gates[:, 3 * units :]
        out *= 0.5
        out += 0.5
        return out * np.tanh(c), c
