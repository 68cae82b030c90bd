"""The network's random numbers: what is dropped in one place, step or epoch says nothing of another."""

from typing import Any

import numpy as np

from friendbot import backend, model
from friendbot.backend import keras
from friendbot.recurrent import LSTM
from friendbot.weights import Architecture

EPOCHS, STEPS = 3, 4


def generators(network: keras.Model) -> list[Any]:
    layers = [layer.dropped if isinstance(layer, LSTM) else layer for layer in network.layers]
    return [layer.seed_generator for layer in layers if isinstance(layer, keras.layers.Dropout)]


def draws(network: keras.Model, *seed: int) -> list[np.ndarray]:
    """What each dropout of the network draws in each of some steps."""
    model.seed_dropout(network, *seed)
    places = [place for _ in range(STEPS) for place in generators(network)]
    return [keras.ops.convert_to_numpy(keras.random.uniform((8,), seed=place)) for place in places]


def test_each_dropout_draws_numbers_of_its_own_which_seed_and_epoch_decide() -> None:
    backend.setup(2)
    network = model.build(Architecture(9, 8, 2, 8, 0.3), 4, 6)
    assert len(generators(network)) == 5  # of the embedding, after each layer, in each layer's state
    all_draws = np.array([draws(network, 1, epoch) for epoch in range(EPOCHS)])
    each = all_draws.reshape(-1, 8)
    assert len(np.unique(each, axis=0)) == len(each) == EPOCHS * STEPS * 5
    assert np.array_equal(draws(network, 1, 1), all_draws[1])
    assert not np.isin(draws(network, 2, 0), each).any()
