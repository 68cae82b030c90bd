"""The numpy network against Keras for every shape that training offers, and for texts side by side."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import ROOT, TRAIN, lines, train

from friendbot import dataset, encoding, weights
from friendbot.inference import Network
from friendbot.params import ModelParams
from friendbot.vocabulary import BPE, CHAR, Vocabulary
from friendbot.weights import Architecture, Model

STEPS, WINDOW = 1000, 10


class Shape(NamedTuple):
    """Params that decide the network's shape."""

    tokenizer: str
    vocabulary: int
    embedding: int
    layers: int
    units: int


SHAPES = [
    Shape(BPE, 300, 1, 1, 1),
    Shape(BPE, 260, 200, 1, 33),
    Shape(CHAR, 400, 16, 2, 32),
    Shape(BPE, 384, 17, 3, 130),
    Shape(CHAR, 300, 24, 8, 24),
]


def compare(saved: Model) -> None:
    """Keras and numpy, alone and in company, through `STEPS` tokens."""
    from friendbot import backend, model

    backend.setup(TRAIN.threads)
    ids = np.random.default_rng(3).integers(0, len(saved.vocabulary), (3, STEPS)).astype(np.int32)
    keras_model = model.build(saved.architecture, batch_size=3, sequence_length=WINDOW)
    model.set_weights(keras_model, saved.weights)
    expected = np.concatenate(
        [keras_model.predict_on_batch(ids[:, start : start + WINDOW]) for start in range(0, STEPS, WINDOW)], axis=1
    )

    network = Network(saved)
    _, read = network.read(network.initial(), ids[0])
    state, stepped = network.initial().take([0, 0, 0]), []
    for step in range(STEPS):
        state, logits = network.step(state, ids[:, step])
        stepped.append(logits)
    for ours, theirs in ((read, expected[0]), (np.stack(stepped, axis=1), expected)):
        assert np.abs(ours - theirs).max() < 1e-4
        assert (ours.argmax(axis=-1) == theirs.argmax(axis=-1)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_network_of_large_weights(shape: Shape) -> None:
    vocabulary = Vocabulary.build([line.text for line in lines()], shape.tokenizer, shape.vocabulary)
    architecture = Architecture(len(vocabulary), shape.embedding, shape.layers, shape.units, dropout=0.5)
    draw = np.random.default_rng(1)
    drawn = {
        name: (draw.normal(size=size) * (2 / size[0] ** 0.5 if name.endswith("kernel") else 1)).astype(np.float32)
        for name, size in architecture.shapes().items()
    }
    compare(Model(ROOT, architecture, drawn, vocabulary, {}))


@pytest.mark.soak
@pytest.mark.parametrize("shape", SHAPES)
def test_a_trained_network(shape: Shape, tmp_path: Path) -> None:
    dataset.save(tmp_path / "encoded", encoding.encode(lines(), shape.tokenizer, shape.vocabulary))
    model_params = ModelParams(
        size="auto", embedding=shape.embedding, layers=shape.layers, units=shape.units, dropout=0.2
    )
    train(tmp_path / "encoded", tmp_path, model_params)
    compare(weights.load(tmp_path / "model"))
