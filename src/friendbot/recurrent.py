"""Keras's LSTM with the same weights and results, faster on a CPU: one matrix product where stock has one per step."""

from typing import Any

from friendbot.backend import keras, tf


@keras.saving.register_keras_serializable("friendbot")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the input projected for all steps at once, and a gradient written out by hand.

    The gradient of the recurrent kernel, which stock Keras adds up step by step, is one matrix product over the whole
    window. What the fast path cannot do (masks, other activations, recurrent dropout, a GPU, where cuDNN is faster)
    goes through stock Keras.
    """

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run the window, float32 `(batch, steps, features)`; Keras calls this."""
        if not self._fast(sequences, mask):
            return super().inner_loop(sequences, initial_state, mask, training)
        # Values, not variables: the carried state is overwritten before the gradient reads it.
        hidden, cell = (tf.convert_to_tensor(state) for state in initial_state)
        projected = tf.tensordot(sequences, tf.convert_to_tensor(self.cell.kernel), 1) + self.cell.bias
        gates = tf.transpose(projected, (1, 0, 2))
        outputs, last_hidden, last_cell = _unroll(gates, hidden, cell, tf.convert_to_tensor(self.cell.recurrent_kernel))
        return last_hidden, tf.transpose(outputs, (1, 0, 2)), [last_hidden, last_cell]

    def _fast(self, sequences: Any, mask: Any) -> bool:
        names = (keras.activations.serialize(self.activation), keras.activations.serialize(self.recurrent_activation))
        return (
            mask is None
            and sequences.shape[1] is not None
            and names == ("tanh", "sigmoid")
            and self.use_bias
            and not (self.dropout or self.recurrent_dropout or self.go_backwards)
            and not tf.config.list_physical_devices("GPU")
        )


@tf.custom_gradient
def _unroll(gates: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor, kernel: tf.Tensor) -> Any:
    """LSTM steps over projected inputs.

    Args:
        gates: `(steps, batch, 4 * units)`, the input's share of the gates i, f, c, o.
        hidden: `(batch, units)` before the first step.
        cell: the same shape.
        kernel: `(units, 4 * units)`, recurrent.

    Returns:
        Outputs `(steps, batch, units)`, and the last hidden and cell state; and their gradient.
    """
    units = hidden.shape[-1]
    hiddens, cells, tanhs, actives = [hidden], [cell], [], []
    for step in tf.unstack(gates):
        summed = step + tf.matmul(hiddens[-1], kernel)
        before, middle, last = tf.split(summed, [2 * units, units, units], axis=1)
        opened, candidate, out = tf.sigmoid(before), tf.tanh(middle), tf.sigmoid(last)
        into, keep = tf.split(opened, 2, axis=1)
        cells.append(keep * cells[-1] + into * candidate)
        tanhs.append(tf.tanh(cells[-1]))
        hiddens.append(out * tanhs[-1])
        actives.append((into, keep, candidate, out))
    outputs = tf.stack(hiddens[1:])

    def gradient(d_outputs: tf.Tensor, d_hidden: tf.Tensor, d_cell: tf.Tensor) -> Any:
        # All that does not depend on the gradient so far is computed for all steps at once: a step has seven
        # operations left, and at small batches it is their number that costs.
        into, keep, candidate, out = (tf.stack(part) for part in zip(*actives, strict=True))
        tanh = tf.stack(tanhs)
        into_slope = candidate * into * (1 - into)
        keep_slope = tf.stack(cells[:-1]) * keep * (1 - keep)
        candidate_slope = into * (1 - candidate * candidate)
        out_slope = tanh * out * (1 - out)
        slopes = tf.unstack(tf.concat([into_slope, keep_slope, candidate_slope, out_slope], axis=2))
        cell_slopes = tf.unstack(out * (1 - tanh * tanh))
        d_gates = []
        for step, d_output in reversed(list(enumerate(tf.unstack(d_outputs)))):
            d_hidden += d_output
            d_cell += d_hidden * cell_slopes[step]
            d_gates.append(tf.concat([d_cell, d_cell, d_cell, d_hidden], axis=1) * slopes[step])
            d_hidden = tf.matmul(d_gates[-1], kernel, transpose_b=True)
            d_cell *= actives[step][1]
        stacked = tf.stack(d_gates[::-1])
        before = tf.reshape(tf.stack(hiddens[:-1]), (-1, units))
        d_kernel = tf.matmul(before, tf.reshape(stacked, (-1, 4 * units)), transpose_a=True)
        return stacked, d_hidden, d_cell, d_kernel

    return (outputs, hiddens[-1], cells[-1]), gradient
