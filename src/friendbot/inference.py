"""The LSTM in numpy, step by step, from a model folder: what chat and evaluation run on, without Keras."""

from typing import NamedTuple

import numpy as np

from friendbot.weights import Model

CHUNK = 512
"""Tokens to read at once in a long text: bounds the memory for logits."""


class State(NamedTuple):
    """What the network remembers of the text so far; never changed in place, so keeping one is free."""

    hidden: tuple[np.ndarray, ...]
    """float32 of shape `(units,)` for each layer."""
    cell: tuple[np.ndarray, ...]
    """The same shapes."""


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """Logistic function by tanh, which cannot overflow."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


class Network:
    """The trained network with its weights laid out for one step at a time."""

    def __init__(self, model: Model) -> None:
        weights, self._layers = model.weights, model.architecture.layers
        self._units = model.architecture.units
        self._kernels = [weights[f"lstm_{layer}/kernel"] for layer in range(self._layers)]
        # Column-major: a vector times a matrix then reads memory in order.
        self._recurrent = [
            np.asfortranarray(weights[f"lstm_{layer}/recurrent_kernel"]) for layer in range(self._layers)
        ]
        self._biases = [weights[f"lstm_{layer}/bias"] for layer in range(self._layers)]
        # The first layer's input is one of few vectors, so its product is a row of a table.
        self._first = weights["embedding"] @ self._kernels[0] + self._biases[0]
        self._output, self._output_bias = weights["output/kernel"], weights["output/bias"]

    def initial(self) -> State:
        """The state before any text."""
        zeros = tuple(np.zeros(self._units, np.float32) for _ in range(self._layers))
        return State(zeros, zeros)

    def read(self, state: State, ids: np.ndarray | list[int]) -> tuple[State, np.ndarray]:
        """Read tokens; give the new state and float32 logits `(len(ids), tokens)`: row `t` for what follows token `t`.

        Layer by layer over the whole text: the products with the input are then one matrix product for each layer.
        """
        hidden, cell = list(state.hidden), list(state.cell)
        gates = self._first[np.asarray(ids, np.int64)]
        outputs = np.zeros((len(gates), self._units), np.float32)
        for layer in range(self._layers):
            if layer:
                gates = outputs @ self._kernels[layer] + self._biases[layer]
                outputs = np.empty_like(outputs)
            h, c = hidden[layer], cell[layer]
            for t in range(len(gates)):
                h, c = self._cell(layer, gates[t], h, c)
                outputs[t] = h
            hidden[layer], cell[layer] = h, c
        return State(tuple(hidden), tuple(cell)), outputs @ self._output + self._output_bias

    def step(self, state: State, id: int) -> tuple[State, np.ndarray]:
        """Read one token; return the new state and the logits `(tokens,)` of what follows."""
        state, logits = self.read(state, [id])
        return state, logits[0]

    def _cell(self, layer: int, gates: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One LSTM step; `gates` holds the input's share, shape `(4 * units,)`, in Keras's order i, f, c, o."""
        units = self._units
        gates = gates + h @ self._recurrent[layer]
        gate_in, gate_forget = _sigmoid(gates[:units]), _sigmoid(gates[units : 2 * units])
        candidate, gate_out = np.tanh(gates[2 * units : 3 * units]), _sigmoid(gates[3 * units :])
        c = gate_forget * c + gate_in * candidate
        return gate_out * np.tanh(c), c
