"""Keras's LSTM with the same weights and results, faster on a CPU."""

from collections.abc import Sequence
from typing import Any

from friendbot.backend import NAME, keras, tf
from friendbot.layers import FLOAT32, column_sums, fast, lower, product

LEAST_UNITS = 128
"""Below, half a layer's step is too little work for a core of its own."""
LEAST_STATE = 4096
"""Numbers in the state of a batch, from which on turning it into bfloat16 in each step costs less than it brings."""
_INTO, _KEEP, _CANDIDATE, _OUT = range(4)
"""The gates in the order of Keras's kernels."""


@keras.saving.register_keras_serializable("friendbot")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the input projected for all steps at once, and a gradient written out by hand.

    The units are cut into two halves, each with its own gates, that two cores work on side by side. The gradients of
    the kernels, which stock Keras adds up step by step, are matrix products over the whole window. What the fast path
    cannot do (masks, other activations, dropout inside the layer, a GPU, where cuDNN is faster, another backend) goes
    through stock Keras.
    """

    def __init__(self, units: int, precision: str = FLOAT32, state_dropout: float = 0.0, **options: Any) -> None:
        """A layer of so many units.

        Args:
            units: of the state and the outputs.
            precision: one of `layers.PRECISIONS`.
            state_dropout: share of the units that in a window of training do not reach the next step. One choice
                for all rows, made in the kernel: unlike Keras's `recurrent_dropout` it costs next to nothing, and cuDNN
                allows it.
            options: those of Keras.
        """
        super().__init__(units, **options)
        self.precision = precision
        # Without a shape, Keras draws from PyTorch's global generator, which an epoch does not seed.
        self.dropped = keras.layers.Dropout(state_dropout, noise_shape=(units, 1), name="state_dropout")

    def get_config(self) -> dict[str, Any]:
        """What makes the layer again."""
        return {**super().get_config(), "precision": self.precision, "state_dropout": self.dropped.rate}

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Make the variables; Keras calls this."""
        super().build(sequences_shape, initial_state_shape)
        if NAME == "jax" and self.stateful:
            self.carried = self.states  # a variable of the layer's: else a compiled step drops what it assigns

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run the window, float32 `(batch, steps, features)`; Keras calls this."""
        recurrent = self._recurrent(training)
        if not self._fast(sequences, mask):
            # PyTorch's gradient reads the state before the window, which is overwritten by then: it gets a copy.
            carried = [keras.ops.copy(state) for state in initial_state]
            variable = self.cell.recurrent_kernel
            try:
                self.cell.recurrent_kernel = recurrent
                return super().inner_loop(sequences, carried, mask, training)
            finally:
                self.cell.recurrent_kernel = variable

        @tf.custom_gradient
        def run(*arguments: Any) -> Any:
            window = _Window(self.precision, training, *arguments)
            return window.forward(), window.gradient

        # Values, not variables: the carried state is overwritten before the gradient reads it.
        values = (*initial_state, self.cell.kernel, self.cell.bias, recurrent)
        outputs, hidden, cell = run(tf.transpose(sequences, (1, 0, 2)), *map(tf.convert_to_tensor, values))
        return hidden, outputs if self.return_sequences else hidden, [hidden, cell]

    def _recurrent(self, training: bool) -> Any:
        """The recurrent kernel, in training without the dropped units' rows."""
        kernel = self.cell.recurrent_kernel
        if not training or self.dropped.rate == 0:
            return kernel
        return kernel * self.dropped(keras.ops.ones((self.units, 1), kernel.dtype), training=True)

    def _fast(self, sequences: Any, mask: Any) -> bool:
        names = (keras.activations.serialize(self.activation), keras.activations.serialize(self.recurrent_activation))
        return (
            mask is None
            and fast(self, sequences)
            and names == ("tanh", "sigmoid")
            and self.use_bias
            and not (self.dropout or self.recurrent_dropout or self.go_backwards)
        )


class _Window:
    """LSTM steps over a window, and their gradient.

    Lists named for a half's matrices have one entry for each half, or one alone for the whole layer.
    """

    def __init__(self, precision: str, training: bool, *arguments: Any) -> None:
        """Take in what the result depends on.

        Args:
            precision: of the products while training.
            training: whether this is training.
            arguments: inputs `(steps, batch, features)`; hidden and cell state before them, `(batch, units)`; kernel
                `(features, 4 * units)`, bias `(4 * units,)` and recurrent kernel `(units, 4 * units)`.
        """
        inputs, self.hidden, self.cell, self.kernel, self.bias, self.recurrent = arguments
        self.precision, self.training = precision, training
        self.steps, self.batch, self.features = inputs.shape
        self.units = self.hidden.shape[1]
        self.parts = 2 if self.units % 2 == 0 and self.units >= LEAST_UNITS else 1
        self.width = self.units // self.parts
        self.flat = lower(precision, training, tf.reshape(inputs, (-1, self.features)))[0]

    def forward(self) -> tuple[Any, Any, Any]:
        """Outputs `(batch, steps, units)`, and the last hidden and cell state."""
        order = (_INTO, _KEEP, _OUT, _CANDIDATE)  # those with a sigmoid first
        kernels = lower(self.precision, self.training, *self._columns(self.kernel, order))
        recurrents = self._in_steps(*self._columns(self.recurrent, order))
        projected = [
            tf.nn.bias_add(product(self.flat, kernel), bias)
            for kernel, bias in zip(kernels, self._columns(self.bias, order), strict=True)
        ]
        shape = (self.steps, self.batch, 4 * self.width)
        self.hiddens, self.cells, self.actives = [self.hidden], [tf.split(self.cell, self.parts, axis=1)], []
        for gates in zip(*(tf.unstack(tf.reshape(part, shape)) for part in projected), strict=True):
            before = self._in_steps(self.hiddens[-1])[0]
            hiddens, cells, actives = [], [], []
            for gate, recurrent, cell in zip(gates, recurrents, self.cells[-1], strict=True):
                summed = gate + product(before, recurrent)
                sigmoids, candidate = tf.split(summed, [3 * self.width, self.width], axis=1)
                into, keep, out = tf.split(tf.sigmoid(sigmoids), 3, axis=1)
                candidate = tf.tanh(candidate)
                cells.append(keep * cell + into * candidate)
                tanh = tf.tanh(cells[-1])
                hiddens.append(out * tanh)
                actives.append({"i": into, "ci": candidate, "f": keep, "o": out, "co": tanh})
            self.hiddens.append(_joined(hiddens))
            self.cells.append(cells)
            self.actives.append(actives)
        return tf.stack(self.hiddens[1:], axis=1), self.hiddens[-1], _joined(self.cells[-1])

    def gradient(self, d_outputs: Any, d_hidden: Any, d_cell: Any) -> tuple[Any, ...]:
        """From gradients of what `forward` returns to those of inputs, states, kernel, bias and recurrent kernel."""
        d_gates, d_hidden, d_cell = self._back(d_outputs, d_hidden, d_cell)
        d_bias = [column_sums(part) for part in d_gates]
        d_gates = lower(self.precision, self.training, *d_gates)
        before = lower(self.precision, self.training, tf.concat(self.hiddens[:-1], 0))[0]
        d_kernel = [product(self.flat, part, transpose_a=True) for part in d_gates]
        d_recurrent = [product(before, part, transpose_a=True) for part in d_gates]
        kernels = lower(self.precision, self.training, *self._columns(self.kernel, _FUSED))
        d_inputs = tf.add_n([product(*pair, transpose_b=True) for pair in zip(d_gates, kernels, strict=True)])
        shape = (self.steps, self.batch, self.features)
        gradients = (_in_order(d_kernel), _in_order(d_bias), _in_order(d_recurrent))
        return tf.reshape(d_inputs, shape), d_hidden, d_cell, *gradients

    def _back(self, d_outputs: Any, d_hidden: Any, d_cell: Any) -> tuple[list[Any], Any, Any]:
        """Gradients of the gates, `(steps * batch, 4 * width)` for each half, and of the states before the window."""
        # TensorFlow's optimizer would merge one transposition into each step's product, which is slower.
        transposed = [tf.transpose(part) for half in self._gates(self.recurrent, _FUSED) for part in half]
        recurrents = self._in_steps(*(tf.concat(rows, 0) for rows in self._halved(transposed)))
        outputs = [tf.unstack(part, axis=1) for part in tf.split(d_outputs, self.parts, axis=2)]
        d_hiddens, d_cells = tf.split(d_hidden, self.parts, axis=1), tf.split(d_cell, self.parts, axis=1)
        unused = {
            "x": tf.zeros((self.batch, 0)),
            "h_prev": tf.zeros((self.batch, self.width)),
            "w": tf.zeros((self.width, 4 * self.width)),
            "b": tf.zeros((4 * self.width,)),
            **dict.fromkeys(("wci", "wcf", "wco"), tf.zeros((self.width,))),
        }
        d_gates: list[list[Any]] = []
        for step in reversed(range(self.steps)):
            found = [
                tf.raw_ops.LSTMBlockCellGrad(
                    cs_prev=self.cells[step][part],
                    cs=self.cells[step + 1][part],
                    cs_grad=d_cells[part],
                    h_grad=d_hiddens[part] + outputs[part][step],
                    use_peephole=False,
                    **self.actives[step][part],
                    **unused,
                )
                for part in range(self.parts)
            ]
            d_gates.append([one.dicfo for one in found])
            d_cells = [one.cs_prev_grad for one in found]
            row = self._in_steps(_joined(d_gates[-1]))[0]
            d_hiddens = [product(row, recurrent) for recurrent in recurrents]
        stacked = [tf.concat(part[::-1], 0) for part in zip(*d_gates, strict=True)]
        return stacked, _joined(d_hiddens), _joined(d_cells)

    def _in_steps(self, *matrices: Any) -> list[Any]:
        """Factors of a product in each step."""
        return lower(self.precision, self.training and self.batch * self.units >= LEAST_STATE, *matrices)

    def _gates(self, matrix: Any, order: Sequence[int]) -> list[list[Any]]:
        """Each half's columns of each gate."""
        starts = [[gate * self.units + part * self.width for gate in order] for part in range(self.parts)]
        return [[matrix[..., start : start + self.width] for start in half] for half in starts]

    def _columns(self, matrix: Any, order: Sequence[int]) -> list[Any]:
        """Each half's columns, gate by gate."""
        return [tf.concat(half, -1) for half in self._gates(matrix, order)]

    def _halved(self, matrices: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Each half's columns of matrices as wide as the layer."""
        return list(zip(*(tf.split(matrix, self.parts, axis=1) for matrix in matrices), strict=True))


_FUSED = (_INTO, _CANDIDATE, _KEEP, _OUT)
"""The order of the gates in TensorFlow's fused gradient of an LSTM cell."""


def _joined(halves: Sequence[Any]) -> Any:
    """A matrix from its halves' columns."""
    return tf.concat(halves, 1) if len(halves) > 1 else halves[0]


def _in_order(halves: Sequence[Any]) -> Any:
    """From columns by half and gate, as the fused gradient orders them, to Keras's order."""
    gates = [tf.split(half, 4, axis=-1) for half in halves]
    return tf.concat([half[_FUSED.index(gate)] for gate in range(4) for half in gates], -1)
