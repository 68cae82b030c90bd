"""The Keras model: an embedding, stacked LSTM layers that keep their state between batches, and a logit per token."""

from collections.abc import Mapping

import numpy as np

from friendbot.backend import keras
from friendbot.recurrent import LSTM
from friendbot.weights import Architecture


def build(architecture: Architecture, batch_size: int, sequence_length: int) -> keras.Model:
    """A model from int32 ids `(batch_size, sequence_length)` to float32 logits with one more axis of tokens.

    The embedding starts as N(0, 1): Keras's default, uniform within 0.05, starts on a plateau (docs/LOG.md).
    """
    ids = keras.Input(batch_shape=(batch_size, sequence_length), dtype="int32", name="ids")
    normal = keras.initializers.RandomNormal(stddev=1.0)
    hidden = keras.layers.Embedding(
        architecture.vocabulary_size, architecture.embedding, embeddings_initializer=normal, name="embedding"
    )(ids)
    for layer in range(architecture.layers):
        hidden = keras.layers.Dropout(architecture.dropout, name=f"dropout_{layer}")(hidden)
        hidden = LSTM(architecture.units, return_sequences=True, stateful=True, name=f"lstm_{layer}")(hidden)
    hidden = keras.layers.Dropout(architecture.dropout, name="dropout_output")(hidden)
    logits = keras.layers.Dense(architecture.vocabulary_size, name="output")(hidden)
    return keras.Model(ids, logits, name="friendbot")


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


def seed_dropout(model: keras.Model, seed: int) -> None:
    """Start every dropout layer's random numbers anew from `seed`."""
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout) and layer.rate > 0]
    for index, layer in enumerate(dropouts):
        layer.seed_generator.state.assign(np.array([seed, index], dtype="uint32"))
