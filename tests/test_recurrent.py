"""Our LSTM against Keras's: the same numbers forward and backward, from the same weights."""

import numpy as np
import pytest

from friendbot import backend
from friendbot.backend import keras, tf
from friendbot.recurrent import LSTM

array = keras.ops.convert_to_numpy
BATCH, STEPS, FEATURES, UNITS = 3, 7, 5, 4


@pytest.fixture(autouse=True)
def _threads() -> None:
    backend.setup(2)  # as every test that trains in this process: it can be said once only


def twins() -> tuple[keras.layers.LSTM, LSTM]:
    keras.utils.set_random_seed(1)
    stock = keras.layers.LSTM(UNITS, return_sequences=True, stateful=True)
    ours = LSTM(UNITS, return_sequences=True, stateful=True)
    for layer in (stock, ours):
        layer.build((BATCH, STEPS, FEATURES))
    ours.set_weights(stock.get_weights())
    return stock, ours


def test_outputs_and_carried_state_are_the_same() -> None:
    stock, ours = twins()
    for seed in range(3):
        window = np.random.default_rng(seed).normal(size=(BATCH, STEPS, FEATURES)).astype("float32")
        assert np.abs(array(stock(window)) - array(ours(window))).max() < 1e-6
    for one, other in zip(stock.states, ours.states, strict=True):
        assert np.abs(array(one) - array(other)).max() < 1e-6


def test_gradients_of_every_weight_and_of_the_input_are_the_same() -> None:
    gradients = []
    weigh = tf.constant(np.random.default_rng(5).normal(size=(BATCH, STEPS, UNITS)).astype("float32"))
    for layer in twins():
        window = tf.Variable(np.random.default_rng(4).normal(size=(BATCH, STEPS, FEATURES)).astype("float32"))
        layer(window)  # a state that is not zero
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weigh * layer(window) ** 2)
        variables = [variable.value for variable in layer.trainable_variables]
        gradients.append(tape.gradient(loss, [window, *variables]))
    for one, other in zip(*gradients, strict=True):
        assert np.abs(array(one)).max() > 0.01
        assert np.abs(array(one) - array(other)).max() < 1e-5


@pytest.mark.parametrize("options", [{"activation": "relu"}, {"use_bias": False}, {"go_backwards": True}])
def test_what_the_fast_path_cannot_do_is_done_by_keras(options: dict[str, object]) -> None:
    window = np.ones((BATCH, STEPS, FEATURES), "float32")
    keras.utils.set_random_seed(2)
    stock = keras.layers.LSTM(UNITS, return_sequences=True, **options)
    expected = stock(window)
    ours = LSTM(UNITS, return_sequences=True, **options)
    ours.build(window.shape)
    ours.set_weights(stock.get_weights())
    assert not ours._fast(window, None)
    assert np.abs(array(ours(window)) - array(expected)).max() < 1e-6
