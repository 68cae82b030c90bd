"""Matrix products for a CPU in a chosen precision, Keras's dense layer made of them, and a penalty on activations.

TensorFlow gets threads for several operations at a time and one for each (`backend.setup`), so what is large is cut
into two operations here: two cores share the work, and no sum depends on how many there are.
"""

from collections.abc import Sequence
from typing import Any

from friendbot import backend
from friendbot.backend import keras, tf

FLOAT32, BFLOAT16 = PRECISIONS = ("float32", "bfloat16")
"""Of the factors in matrix products while training; sums and results are float32, the latter of 8 bits after bfloat16.

bfloat16 pays on processors with AMX or AVX512_BF16. On a CPU, reading without training is float32 always.
"""


def fast(layer: Any, inputs: Any) -> bool:
    """Whether this layer's arithmetic for a CPU holds: TensorFlow without a GPU, float32, and every size known."""
    return tf is not None and None not in inputs.shape and layer.compute_dtype == "float32" and backend.gpu() is None


def lower(precision: str, training: bool, *matrices: Any) -> list[Any]:
    """Matrices as `product` should get them."""
    return [tf.cast(matrix, tf.bfloat16) for matrix in matrices] if training and precision == BFLOAT16 else [*matrices]


def product(left: Any, right: Any, **options: Any) -> Any:
    """A matrix product as float32, of matrices in either precision."""
    return tf.cast(tf.matmul(left, right, **options), tf.float32)


def halves(matrix: Any) -> Sequence[Any]:
    """A matrix's upper and lower rows, or all of them where there is an odd number."""
    return tf.split(matrix, 2 if matrix.shape[0] % 2 == 0 else 1)


def column_sums(matrix: Any) -> Any:
    """Sums of a float32 matrix's columns; as a product many times as fast as `tf.reduce_sum`."""
    return tf.matmul(tf.ones((1, matrix.shape[0])), matrix)[0]


@keras.saving.register_keras_serializable("friendbot")
class Dense(keras.layers.Dense):
    """`keras.layers.Dense` with its products in two halves each, and in a chosen precision while training."""

    def __init__(self, units: int, precision: str = FLOAT32, **options: Any) -> None:
        """A layer of so many units; `precision` is one of `PRECISIONS`, `options` are those of Keras."""
        super().__init__(units, **options)
        self.precision = precision

    def get_config(self) -> dict[str, Any]:
        """What makes the layer again."""
        return {**super().get_config(), "precision": self.precision}

    def call(self, inputs: Any, training: bool = False) -> Any:
        """From `(..., features)` to `(..., units)`."""
        linear = self.activation is keras.activations.linear
        if not (fast(self, inputs) and linear and self.use_bias):
            return super().call(inputs, training=training)

        @tf.custom_gradient
        def project(flat: Any, kernel: Any, bias: Any) -> Any:
            low_flat, low_kernel = lower(self.precision, training, flat, kernel)
            parts = halves(low_flat)
            outputs = [tf.nn.bias_add(product(part, low_kernel), bias) for part in parts]

            def gradient(d_outputs: Any) -> Any:
                d_parts = halves(lower(self.precision, training, d_outputs)[0])
                d_flat = [product(part, low_kernel, transpose_b=True) for part in d_parts]
                d_kernel = [product(*pair, transpose_a=True) for pair in zip(parts, d_parts, strict=True)]
                return tf.concat(d_flat, 0), tf.add_n(d_kernel), column_sums(d_outputs)

            return tf.concat(outputs, 0), gradient

        flat = tf.reshape(inputs, (-1, inputs.shape[-1]))
        outputs = project(flat, tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias))
        return tf.reshape(outputs, (*inputs.shape[:-1], self.units))


@keras.saving.register_keras_serializable("friendbot")
class ActivationPenalty(keras.layers.Layer):
    """Hands an LSTM's outputs on, and while training adds a loss for large ones and for large changes.

    The activation regularisation of AWD-LSTM (Merity et al. 2017).
    """

    def __init__(self, size: float, change: float, **options: Any) -> None:
        """A layer with weights of two mean squares: of outputs after dropout, and of their changes before it."""
        super().__init__(**options)
        self.size, self.change = size, change

    def get_config(self) -> dict[str, Any]:
        """What makes the layer again."""
        return {**super().get_config(), "size": self.size, "change": self.change}

    def call(self, outputs: Any, dropped: Any, training: bool = False) -> Any:
        """From outputs before and after dropout, `(batch, steps, units)` both, to the latter."""
        if training:
            changes = keras.ops.mean(keras.ops.square(outputs[:, 1:] - outputs[:, :-1]))
            self.add_loss(self.size * keras.ops.mean(keras.ops.square(dropped)) + self.change * changes)
        return dropped
