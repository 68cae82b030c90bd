import numpy as np
import pytest

from friendbot.sampling import Greedy, Temperature, sampler

LOGITS = np.log(np.array([0.1, 0.2, 0.7], np.float32))


def draws(temperature: float, logits: np.ndarray = LOGITS) -> np.ndarray:
    random = np.random.default_rng(0)
    chosen = [Temperature(temperature)(logits, random) for _ in range(4000)]
    return np.bincount(chosen, minlength=3) / 4000


def test_temperature_one_samples_as_learned() -> None:
    assert draws(1.0) == pytest.approx([0.1, 0.2, 0.7], abs=0.02)


def test_a_low_temperature_sharpens() -> None:
    expected = np.array([0.1, 0.2, 0.7]) ** 2
    assert draws(0.5) == pytest.approx(expected / expected.sum(), abs=0.02)


def test_what_is_ruled_out_is_never_drawn() -> None:
    assert draws(1.0, np.array([-np.inf, 0, -np.inf])).tolist() == [0, 1, 0]


def test_a_tiny_temperature_does_not_overflow() -> None:
    assert Temperature(1e-6)(LOGITS * 1000, np.random.default_rng(0)) == 2


def test_zero_is_greedy() -> None:
    assert isinstance(sampler(0), Greedy)
    assert sampler(0)(LOGITS, np.random.default_rng(0)) == 2
