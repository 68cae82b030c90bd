"""Our layers against Keras's: the same numbers forward and backward, from the same weights."""

from typing import Any

import numpy as np
import pytest

from friendbot import backend, layers, recurrent
from friendbot.backend import keras, tf
from friendbot.layers import BFLOAT16, FLOAT32
from friendbot.recurrent import LEAST_UNITS, LSTM

if tf is None:
    pytest.skip("the arithmetic is TensorFlow's; elsewhere stock Keras runs", allow_module_level=True)

array = keras.ops.convert_to_numpy
BATCH, STEPS, FEATURES = 3, 7, 5
HALVED = LEAST_UNITS
"""Units of a layer that is cut into two halves."""


@pytest.fixture(autouse=True)
def _threads() -> None:
    backend.setup(2)  # as every test that trains in this process: it can be said once only


def window(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(BATCH, STEPS, FEATURES)).astype("float32")


def twins(units: int, precision: str = FLOAT32) -> tuple[keras.layers.LSTM, LSTM]:
    keras.utils.set_random_seed(1)
    stock = keras.layers.LSTM(units, return_sequences=True, stateful=True)
    ours = LSTM(units, precision=precision, return_sequences=True, stateful=True)
    for layer in (stock, ours):
        layer.build((BATCH, STEPS, FEATURES))
    ours.set_weights(stock.get_weights())
    return stock, ours


def gradients(layer: keras.Layer, inputs: np.ndarray, outputs: tuple[int, ...]) -> list[np.ndarray]:
    """Of a sum of weighted squares, by the input and every weight."""
    weigh = tf.constant(np.random.default_rng(5).normal(size=outputs).astype("float32"))
    read = tf.Variable(inputs)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weigh * layer(read, training=True) ** 2)
    found = tape.gradient(loss, [read, *(variable.value for variable in layer.trainable_variables)])
    return [array(tf.convert_to_tensor(one)) for one in found]


@pytest.mark.parametrize("units", [4, 5, HALVED])
def test_outputs_and_carried_state_are_the_same(units: int) -> None:
    stock, ours = twins(units)
    for seed in range(3):
        assert np.abs(array(stock(window(seed))) - array(ours(window(seed)))).max() < 1e-6
    for one, other in zip(stock.states, ours.states, strict=True):
        assert np.abs(array(one) - array(other)).max() < 1e-6


@pytest.mark.parametrize("units", [4, 5, HALVED])
def test_gradients_of_every_weight_and_of_the_input_are_the_same(units: int) -> None:
    found = []
    for layer in twins(units):
        layer(window(3))  # a state that is not zero
        found.append(gradients(layer, window(4), (BATCH, STEPS, units)))
    for one, other in zip(*found, strict=True):
        assert np.abs(one).max() > 0.01
        assert np.abs(one - other).max() < 1e-5 * max(1, np.abs(one).max())


@pytest.mark.parametrize("by_hand", [True, False])
def test_dropped_units_do_not_reach_the_next_step(by_hand: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stock, _ = twins(HALVED)
    ours = LSTM(HALVED, state_dropout=0.5, return_sequences=True, stateful=True)
    ours.build((BATCH, STEPS, FEATURES))
    ours.set_weights(stock.get_weights())
    if not by_hand:
        monkeypatch.setattr(LSTM, "_fast", lambda *_: False)
    assert np.abs(array(stock(window(1))) - array(ours(window(1)))).max() < 1e-6  # not while it reads
    seed = ours.dropped.seed_generator.state
    before = array(seed)
    found = gradients(ours, window(2), (BATCH, STEPS, HALVED))
    seed.assign(before)
    kept = array(ours.dropped(np.ones((HALVED, 1), np.float32), training=True))
    assert set(kept.ravel()) == {0.0, 2.0}
    kernel, recurrent_kernel, bias = stock.get_weights()
    stock.set_weights([kernel, recurrent_kernel * kept, bias])
    expected = gradients(stock, window(2), (BATCH, STEPS, HALVED))
    expected[2] *= kept
    for one, other in zip(expected, found, strict=True):
        assert np.abs(one).max() > 0.01
        assert np.abs(one - other).max() < 1e-5 * max(1, np.abs(one).max())
    assert any(ours.cell.recurrent_kernel is variable for variable in ours.trainable_variables)


def test_two_windows_give_the_gradients_of_stock_layers_one_above_the_other() -> None:
    """The gradient of the last state, which a window that ends there does not have."""
    keras.utils.set_random_seed(1)
    stock, ours = (kind(HALVED, return_sequences=True, return_state=True) for kind in (keras.layers.LSTM, LSTM))
    found = []
    for layer in (stock, ours):
        layer.build((BATCH, STEPS, FEATURES))
        layer.set_weights(stock.get_weights())
        with tf.GradientTape() as tape:
            _, *state = layer(window(1))
            outputs, hidden, cell = layer(window(2), initial_state=state)
            loss = tf.reduce_sum(outputs**2) + tf.reduce_sum(hidden * cell)
        found.append(tape.gradient(loss, [variable.value for variable in layer.trainable_variables]))
    for one, other in zip(*found, strict=True):
        assert np.abs(array(one)).max() > 0.01
        assert np.abs(array(one) - array(other)).max() < 1e-5 * max(1, np.abs(array(one)).max())


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "relu"},
        {"use_bias": False},
        {"go_backwards": True},
        {"dropout": 0.5},
        {"dtype": "mixed_bfloat16"},
    ],
)
def test_what_the_fast_path_cannot_do_is_done_by_keras(options: dict[str, Any]) -> None:
    keras.utils.set_random_seed(2)
    stock = keras.layers.LSTM(4, return_sequences=True, **options)
    expected = stock(window(1))
    ours = LSTM(4, return_sequences=True, **options)
    ours.build(window(1).shape)
    ours.set_weights(stock.get_weights())
    assert not ours._fast(tf.constant(window(1)), None)
    assert np.abs(array(ours(window(1))) - array(expected)).max() < 1e-6


def test_the_last_output_alone() -> None:
    _, ours = twins(4)
    last = LSTM(4)
    last.build(window(1).shape)
    last.set_weights(ours.get_weights())
    assert np.array_equal(array(last(window(1))), array(ours(window(1)))[:, -1])


@pytest.mark.parametrize("batch", [4, 3])
def test_a_dense_layer_is_the_same(batch: int) -> None:
    keras.utils.set_random_seed(3)
    found = []
    inputs = np.random.default_rng(1).normal(size=(batch, 7, 8)).astype("float32")
    stock, ours = keras.layers.Dense(6, bias_initializer="normal"), layers.Dense(6)
    for layer in (stock, ours):
        layer.build(inputs.shape)
        layer.set_weights(stock.get_weights())
        found.append([array(layer(inputs)), *gradients(layer, inputs, (batch, 7, 6))])
    for one, other in zip(*found, strict=True):
        assert np.abs(one).max() > 0.01
        assert np.abs(one - other).max() < 1e-5


@pytest.mark.parametrize(("units", "least"), [(4, 1), (HALVED, 1), (HALVED, 10**6)])
def test_bfloat16_differs_by_its_rounding_while_training_and_not_at_all_otherwise(
    units: int, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurrent, "LEAST_STATE", least)
    stock, ours = twins(units, BFLOAT16)
    expected = array(stock(window(1)))
    assert np.abs(expected - array(ours(window(1)))).max() < 1e-6
    for layer in (stock, ours):
        layer.reset_state()
    exact, rounded = (gradients(layer, window(1), (BATCH, STEPS, units)) for layer in (stock, ours))
    for one, other in zip(exact, rounded, strict=True):
        assert 1e-6 < np.abs(one - other).max() / np.abs(one).max() < 0.05


@pytest.mark.parametrize(("kind", "options"), [(LSTM, {"state_dropout": 0.3}), (layers.Dense, {})])
def test_a_layer_is_made_again_from_its_config(kind: type, options: dict[str, float]) -> None:
    made = kind(4, precision=BFLOAT16, **options)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    assert again.precision == BFLOAT16
    assert not isinstance(again, LSTM) or again.dropped.rate == 0.3


def test_outputs_are_penalised_for_their_size_and_their_changes_while_training_only() -> None:
    outputs, left = (np.array(steps, "float32").reshape(1, 3, 1) for steps in ([1, 3, 0], [2, 6, 0]))
    made = layers.ActivationPenalty(size=0.3, change=0.1)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    for layer in (made, again):
        assert np.array_equal(array(layer(outputs, left)), left)
        assert layer.losses == []
        assert np.array_equal(array(layer(outputs, left, training=True)), left)
        (loss,) = layer.losses
        assert float(loss) == pytest.approx(0.3 * (4 + 36) / 3 + 0.1 * (4 + 9) / 2)
