"""The numpy network against the Keras model it came from, on a trained one."""

from pathlib import Path

import numpy as np
import pytest
from conftest import MODEL, Trainer

from friendbot import weights
from friendbot.inference import Matrix, Network


@pytest.mark.parametrize("layers", [1, 2])
def test_logits_equal_keras_through_a_long_text(trainer: Trainer, tmp_path: Path, layers: int) -> None:
    from friendbot import model

    trainer(tmp_path, MODEL.model_copy(update={"layers": layers, "dropout": 0.3 * (layers - 1)}))
    saved = weights.load(tmp_path / "model")
    keras_model = model.build(saved.architecture, batch_size=1, sequence_length=10)
    model.set_weights(keras_model, saved.weights)
    ids = np.random.default_rng(3).integers(0, len(saved.vocabulary), 1000).astype(np.int32)
    expected = np.concatenate(
        [keras_model.predict_on_batch(ids[None, start : start + 10])[0] for start in range(0, 1000, 10)]
    )

    network = Network(saved)
    _, read = network.read(network.initial(), ids)
    assert np.abs(read - expected).max() < 1e-4
    assert (read.argmax(axis=1) == expected.argmax(axis=1)).all()

    for texts in (1, 3):  # alone, and beside others
        state, stepped = network.initial().take([0] * texts), []
        for id in ids:
            state, logits = network.step(state, [id, *[7] * (texts - 1)])
            stepped.append(logits[0])
        assert np.abs(np.array(stepped) - read).max() < 1e-5


def test_a_state_is_never_changed_in_place(trained: Path) -> None:
    network = Network(weights.load(trained / "model"))
    state, _ = network.read(network.initial(), [1, 2, 3])
    kept = [array.copy() for array in (*state.hidden, *state.cell)]
    first = network.step(state, [5])[1]
    again = network.step(state, [5])[1]
    assert (first == again).all()
    assert all((now == then).all() for now, then in zip((*state.hidden, *state.cell), kept, strict=True))


def test_reading_nothing_changes_nothing(trained: Path) -> None:
    network = Network(weights.load(trained / "model"))
    state, _ = network.read(network.initial(), [1, 2, 3])
    same, logits = network.read(state, [])
    assert logits.shape == (0, network.read(state, [1])[1].shape[1])
    assert all((a == b).all() for a, b in zip(same.hidden, state.hidden, strict=True))


def test_a_long_text_read_in_parts_ends_in_the_same_state(trained: Path) -> None:
    network = Network(weights.load(trained / "model"))
    ids = [*range(3, 90)] * 20
    whole, _ = network.read(network.initial(), ids)
    parts = network.after(network.after(network.initial(), ids[:700]), ids[700:])
    assert all(np.abs(a - b).max() < 1e-5 for a, b in zip(whole.hidden, parts.hidden, strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (128, 128), (130, 129), (64, 1000)])
@pytest.mark.parametrize("texts", [1, 2, 5, 300])
def test_a_product_is_that_of_the_matrices(shape: tuple[int, int], texts: int) -> None:
    random = np.random.default_rng(0)
    matrix = random.standard_normal(shape, dtype=np.float32)
    vectors = random.standard_normal((texts, shape[0]), dtype=np.float32)
    product = Matrix(matrix).product(vectors)
    assert product.shape == (texts, shape[1])
    assert product == pytest.approx(vectors @ matrix, abs=1e-4)
