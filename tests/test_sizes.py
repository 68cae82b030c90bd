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
    [(1, "small"), (400_000, "small"), (400_001, "medium"), (4_000_000, "medium"), (4_000_001, "large")],
)
def test_auto_goes_by_the_amount_of_text(characters: int, size: str) -> None:
    assert sizes.architecture(model(), 300, characters) == sizes.architecture(model(size), 300, 0)


def test_every_part_of_a_size_can_be_overridden() -> None:
    own = model("large", embedding=3, layers=4, units=5, dropout=0.0)
    assert sizes.architecture(own, 300, 9) == Architecture(300, 3, 4, 5, 0.0)
    assert sizes.architecture(model("large", units=64), 300, 9) == Architecture(300, 256, 2, 64, 0.5)


@pytest.mark.parametrize(("tokens", "epochs"), [(2, 20), (400_000, 20), (800_000, 10), (2_000_000, 4), (10**9, 4)])
def test_the_longer_the_text_the_fewer_epochs(tokens: int, epochs: int) -> None:
    assert sizes.epochs(TRAIN.model_copy(update={"epochs": None}), tokens) == epochs


def test_epochs_that_are_given_are_taken() -> None:
    assert sizes.epochs(TRAIN.model_copy(update={"epochs": 77}), 10**9) == 77


def test_params_yaml_names_the_limits() -> None:
    text = Path(ROOT / "params.yaml").read_text(encoding="utf-8")
    assert params.load(ROOT / "params.yaml").model.size == "auto"
    assert f"small up to {sizes.SMALL / 1e6:.1f} million characters" in text
    assert f"large from {sizes.MEDIUM / 1e6:.0f} million" in text
    assert f"{sizes.FEWEST} - {sizes.MOST}, fewer the longer the text is" in text
