"""What training on a GPU wants: cuDNN's LSTM, bfloat16, and several steps in one launch."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from friendbot import backend
from friendbot.backend import keras
from friendbot.errors import ModelError

STEPS = 32
"""Steps in one launch: the launch no longer counts, and Ctrl-C is heard within a second."""


def steps_per_execution(steps: int) -> int:
    """For `compile`, with `steps` in an epoch: 1 on a CPU, and on PyTorch, for which Keras allows no other."""
    return min(STEPS, steps) if backend.gpu() and backend.NAME != "torch" else 1


def set_precision(precision: str) -> str:
    """Choose `float32` or `bfloat16` as `precision` asks, and name it; for layers that are made from now on.

    Weights are float32 in both.

    Raises:
        ModelError: bfloat16 is asked for where nothing is made for it.
    """
    able = backend.bfloat16()
    if precision == "bfloat16" and not able:
        raise ModelError("neither a GPU nor this processor multiplies bfloat16; set train.precision to auto or float32")
    chosen = "bfloat16" if able and precision != "float32" else "float32"
    keras.config.set_dtype_policy("mixed_bfloat16" if chosen == "bfloat16" and backend.gpu() else "float32")
    return chosen


def lstm_dtype() -> str | None:
    """An LSTM layer's `dtype`, None for the policy's own: JAX binds cuDNN's LSTM for float32 alone."""
    return "float32" if backend.NAME == "jax" and backend.gpu() else None


def feed(arrays: Sequence[np.ndarray], batch_size: int) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of whole batches as `fit` and `evaluate` get them: `x`, `y` and `sample_weight`.

    On PyTorch with a GPU they are left there; TensorFlow and JAX would copy them back. On TensorFlow they come as a
    dataset that does not tune itself: the thread that does so ends up to half a minute after an epoch, waited for by
    all (measured in LOG.md).
    """
    if backend.tf is not None:
        options = backend.tf.data.Options()
        options.autotune.enabled = False
        windows = backend.tf.data.Dataset.from_tensor_slices(tuple(arrays)).batch(batch_size, drop_remainder=True)
        return windows.prefetch(1).with_options(options), None, None
    on_gpu = backend.NAME == "torch" and backend.gpu()
    inputs, targets, weights = map(keras.ops.convert_to_tensor, arrays) if on_gpu else arrays
    return inputs, targets, weights


def uses_cudnn(network: keras.Model) -> bool:
    """Whether an LSTM of the network runs on cuDNN, as seen in the traced computation; moves the carried state."""
    ids = np.zeros(network.input_shape, np.int32)
    match backend.NAME:
        case "tensorflow":
            function = backend.tf.function(lambda: network(ids, training=True))
            names = [operation.type for operation in function.get_concrete_function().graph.get_operations()]
        case "jax":
            held = [
                [variable.value for variable in variables]
                for variables in (network.trainable_variables, network.non_trainable_variables)
            ]
            trace = backend.library.make_jaxpr(lambda *held: network.stateless_call(*held, ids, training=True))(*held)
            names = str(trace).split()
        case _:
            nodes, found = [network(ids, training=True).grad_fn], set()
            while nodes:
                node = nodes.pop()
                if node not in found:
                    found.add(node)
                    nodes += [before for before, _ in node.next_functions if before is not None]
            names = [node.name() for node in found]
    return any(name.startswith(("CudnnRNN", "rnn_fwd", "CudnnRnn")) for name in names)


def without_cudnn(network: keras.Model) -> str | None:
    """On a GPU, a warning that the network's LSTM layers do not run on cuDNN, and why; None if all is well."""
    if backend.gpu() is None or uses_cudnn(network):
        return None
    reasons = [
        f"{layer.name} has {reason}"
        for layer in network.layers
        if isinstance(layer, keras.layers.LSTM)
        for reason in _obstacles(layer)
    ]
    return f"the GPU trains without cuDNN's LSTM, many times slower: {'; '.join(reasons) or 'is cuDNN installed?'}"


def _obstacles(layer: keras.layers.LSTM) -> list[str]:
    """What of a layer Keras's rule for cuDNN does not allow."""
    activation, recurrent = map(keras.activations.serialize, (layer.activation, layer.recurrent_activation))
    found = {
        f"activation={activation}, not tanh": activation != "tanh",
        f"recurrent_activation={recurrent}, not sigmoid": recurrent != "sigmoid",
        "recurrent_dropout, not 0": layer.recurrent_dropout > 0,
        "unroll=True": layer.unroll,
        "use_bias=False": not layer.use_bias,
        "use_cudnn=False": layer.use_cudnn is False,
        f"dtype {layer.compute_dtype}, not float32": backend.NAME == "jax" and layer.compute_dtype != "float32",
    }
    return [reason for reason, holds in found.items() if holds]


class Fused(keras.Model):
    """A model whose `steps_per_execution` steps are one computation under JAX too, where Keras launches each alone."""

    train_function: Any

    def make_train_function(self, force: bool = False) -> None:
        """Keras calls this before `fit`."""
        made = not force and self.train_function is not None
        super().make_train_function(force)
        if made or backend.NAME != "jax" or self.steps_per_execution == 1:
            return
        jax = backend.library

        def steps(state: Any, windows: Any) -> Any:
            def step(state: Any, window: Any) -> Any:
                logs, state = self.train_step(state, window)
                return state, logs

            state, logs = jax.lax.scan(step, state, windows)
            return jax.tree.map(lambda values: values[-1], logs), state

        compiled, each = jax.jit(steps, donate_argnums=0), self.train_function

        def train_function(state: Any, iterator: Any) -> Any:
            windows = list(itertools.islice(iterator, self.steps_per_execution))
            if len(windows) < self.steps_per_execution:  # the end of an epoch, whose length differs from others'
                return each(state, iter(windows))
            return compiled(state, jax.tree.map(lambda *arrays: np.stack(arrays), *windows))

        self.train_function = train_function
