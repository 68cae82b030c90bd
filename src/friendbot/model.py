"""The Keras model: an embedding, stacked LSTM layers that keep their state between batches, and a logit per token."""

from collections.abc import Mapping

import numpy as np

from friendbot import accelerator
from friendbot.backend import keras
from friendbot.layers import FLOAT32, ActivationPenalty, Dense
from friendbot.recurrent import LSTM
from friendbot.weights import Architecture

INPUT_SHARE = 0.6
"""Of the dropout after each LSTM layer, what is applied to the embedding (docs/LOG.md)."""
STATE_SHARE = 0.4
"""Of the same, what is applied to each layer's own state on its way to the next step (docs/LOG.md)."""

OUTPUT_PENALTIES = {"size": 2.0, "change": 1.0}
"""Of the last LSTM layer's outputs, in `layers.ActivationPenalty` (docs/LOG.md)."""


def build(architecture: Architecture, batch_size: int, sequence_length: int, precision: str = FLOAT32) -> keras.Model:
    """A model from int32 ids `(batch_size, sequence_length)` to float32 logits with one more axis of tokens.

    On a CPU, `precision` is that of the factors of matrix products in training, one of `layers.PRECISIONS`.

    The embedding starts as N(0, 1): Keras's default, uniform within 0.05, starts on a plateau (docs/LOG.md). Dropout is
    locked: one mask for all steps of a window (Gal & Ghahramani 2016). The embedding loses less than the layers do.
    """
    ids = keras.Input(batch_shape=(batch_size, sequence_length), dtype="int32", name="ids")
    normal = keras.initializers.RandomNormal(stddev=1.0)
    hidden = keras.layers.Embedding(
        architecture.vocabulary_size, architecture.embedding, embeddings_initializer=normal, name="embedding"
    )(ids)

    def dropped(hidden: keras.KerasTensor, rate: float, name: str) -> keras.KerasTensor:
        return keras.layers.Dropout(rate, noise_shape=(batch_size, 1, hidden.shape[-1]), name=name)(hidden)

    for layer in range(architecture.layers):
        rate = architecture.dropout if layer else INPUT_SHARE * architecture.dropout
        hidden = dropped(hidden, rate, f"dropout_{layer}")
        hidden = LSTM(
            architecture.units,
            return_sequences=True,
            stateful=True,
            precision=precision,
            state_dropout=STATE_SHARE * architecture.dropout,
            dtype=accelerator.lstm_dtype(),
            name=f"lstm_{layer}",
        )(hidden)
    left = dropped(hidden, architecture.dropout, "dropout_output")
    hidden = ActivationPenalty(**OUTPUT_PENALTIES, dtype="float32", name="output_penalty")(hidden, left)
    logits = Dense(architecture.vocabulary_size, precision=precision, dtype="float32", name="output")(hidden)
    return accelerator.Fused(ids, logits, name="friendbot")


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The trained variables by the names that `Architecture.shapes` gives them."""
    named = {}
    for layer in model.layers:
        for variable in layer.trainable_variables:
            name = layer.name if layer.name == "embedding" else f"{layer.name}/{variable.name}"
            named[name] = variable
    return named


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Copies of the trained weights, named and shaped as `Architecture.shapes` says."""
    return {name: keras.ops.convert_to_numpy(variable) for name, variable in _variables(model).items()}


def set_weights(model: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Put back what `get_weights` gave."""
    for name, variable in _variables(model).items():
        variable.assign(weights[name])


def reset_state(model: keras.Model) -> None:
    """Forget the text read so far."""
    for layer in model.layers:
        if isinstance(layer, LSTM):
            layer.reset_state()


def seed_dropout(model: keras.Model, *seed: int) -> None:
    """Start every dropout layer's random numbers anew from `seed`, each elsewhere."""
    dropouts = [layer.dropped if isinstance(layer, LSTM) else layer for layer in model.layers]
    dropouts = [layer for layer in dropouts if isinstance(layer, keras.layers.Dropout) and layer.rate > 0]
    for index, layer in enumerate(dropouts):
        # Keras counts the second number up in each step: layers that differed in it alone would repeat each other.
        first = np.random.SeedSequence([*seed, index]).generate_state(1)[0]
        layer.seed_generator.state.assign(np.array([first, 0], dtype="uint32"))
