"""The network's shape and the number of epochs, from the amount of text."""

from pathlib import Path

import pytest
from conftest import ROOT, TRAIN

from friendbot import params, sizes
from friendbot.params import ModelParams
from friendbot.weights import Architecture


def model(size: str = "auto", **own: float) -> ModelParams:
    unset = dict.fromkeys(("embedding", "layers", "units", "dropout"))
    return ModelParams.model_validate({"size": size, **unset, **own})


@pytest.mark.parametrize(
    ("characters", "size"),
    [(1, "small"), (100_000, "small"), (100_001, "medium"), (4_000_000, "medium"), (4_000_001, "large")],
)
def test_auto_goes_by_the_amount_of_text(characters: int, size: str) -> None:
    assert sizes.architecture(model(), 300, characters, 9) == sizes.architecture(model(size), 300, 0, 9)


def test_every_part_of_a_size_can_be_overridden() -> None:
    own = model("large", embedding=3, layers=4, units=5, dropout=0.0)
    assert sizes.architecture(own, 300, 9, 4) == Architecture(300, 3, 4, 5, 0.0)
    assert sizes.architecture(model("large", units=64), 300, 9, 4) == Architecture(300, 256, 2, 64, 0.2)


@pytest.mark.parametrize(("tokens", "epochs"), [(2, 44), (227_000, 44), (625_000, 16), (2_500_000, 4), (10**9, 4)])
def test_the_longer_the_text_the_fewer_epochs(tokens: int, epochs: int) -> None:
    assert sizes.epochs(TRAIN.model_copy(update={"epochs": None}), tokens) == epochs


def test_epochs_that_are_given_are_taken() -> None:
    assert sizes.epochs(TRAIN.model_copy(update={"epochs": 77}), 10**9) == 77


@pytest.mark.parametrize(("epochs", "dropout"), [(1, 0.2), (4, 0.2), (16, 0.38), (24, 0.5), (1000, 0.5)])
def test_the_oftener_the_text_is_read_the_more_dropout(epochs: int, dropout: float) -> None:
    assert sizes.architecture(model(), 300, 9, epochs).dropout == dropout
    assert sizes.bpe_dropout(TRAIN.model_copy(update={"bpe_dropout": None}), dropout) == dropout / 2
    assert sizes.bpe_dropout(TRAIN, dropout) == TRAIN.bpe_dropout


def test_a_longer_text_takes_larger_batches() -> None:
    found = [sizes.batch_size(model(), TRAIN.model_copy(update={"batch_size": None}), 10**power) for power in (5, 6)]
    assert found == [8, 16]
    assert sizes.batch_size(model(), TRAIN.model_copy(update={"batch_size": 3}), 10**6) == 3


def test_params_yaml_names_the_limits() -> None:
    text = Path(ROOT / "params.yaml").read_text(encoding="utf-8")
    assert params.load(ROOT / "params.yaml").model.size == "auto"
    assert f"small up to {sizes.SMALL / 1e6:.1f} million characters" in text
    assert f"large from {sizes.MEDIUM / 1e6:.0f} million" in text
    assert f"{sizes.FEWEST} - {sizes.MOST}, fewer the longer the text is" in text
