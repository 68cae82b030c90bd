"""The model beside memories that grow while it reads."""

import math

import numpy as np
import pytest

from friendbot import adaptation
from friendbot.adaptation import Counts, Mixture

SIZE = 12


def tokens(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, SIZE, count).astype(np.int32)


def sure(length: int) -> np.ndarray:
    """The nats of a model that thinks all tokens equally likely."""
    return np.full(length - 1, math.log(SIZE))


def test_probabilities_of_all_tokens_add_up_to_one_at_every_place() -> None:
    counts = Counts(SIZE)
    for token in tokens(300).tolist():
        assert sum(counts.predict(other)[0] for other in range(SIZE)) == pytest.approx(1)
        counts.read(token)


def test_counts_of_a_text_by_hand() -> None:
    counts = Counts(4, order=2)
    for token in (0, 1, 0, 1, 0):
        counts.read(token)
    # Of five tokens two are 1; after 0 came 1, twice. Two kinds gave up 0.7 each to the level below, one to the next.
    lower = (2 - 0.7 + 0.7 * 2 / 4) / 5
    assert counts.predict(1)[0] == pytest.approx((2 - 0.7 + 0.7 * lower) / 2)
    assert counts.predict(3)[0] == pytest.approx(0.7 * (0.7 * 2 / 4 / 5) / 2)


def test_an_n_gram_does_not_reach_over_a_beginning() -> None:
    counts, fresh = Counts(SIZE), Counts(SIZE)
    for token in (3, 4, 5):
        counts.read(token)
    counts.begin()
    assert counts.predict(3)[0] == counts.predict(4)[0]
    assert fresh.predict(3) == (1 / SIZE, 0)


def test_a_cost_depends_on_nothing_that_comes_later() -> None:
    train, text = tokens(400), tokens(200, 2)
    other = text.copy()
    other[120:] = tokens(80, 3)
    [first] = adaptation.losses(train, [(text, sure(200))], SIZE)
    [second] = adaptation.losses(train, [(other, sure(200))], SIZE)
    assert np.array_equal(first[:119], second[:119])
    assert not np.array_equal(first[119:], second[119:])


def test_a_later_part_profits_from_an_earlier_one() -> None:
    train, text = tokens(50), tokens(200, 2)
    alone, (_, after) = (
        adaptation.losses(train, [(part, sure(200)) for part in parts], SIZE) for parts in ([text], [text, text])
    )
    assert after.mean() < 0.6 < alone[0].mean()


def test_a_perfect_model_is_trusted_more_and_more() -> None:
    [costs] = adaptation.losses(tokens(400), [(tokens(4000, 2), np.full(3999, 1e-4))], SIZE)
    assert costs[:400].mean() > 0.3
    assert costs[3600:].mean() < 0.1


def test_weights_find_the_part_that_explains_the_text_and_follow_when_that_changes() -> None:
    mixture = Mixture()
    for _ in range(3000):
        mixture.probability((0,), (0.1, 0.8, 0.1))
    assert mixture.probability((0,), (0.1, 0.8, 0.1)) > 0.77
    for _ in range(3000):
        mixture.probability((0,), (0.8, 0.1, 0.1))
    assert mixture.probability((0,), (0.8, 0.1, 0.1)) > 0.77
    assert mixture.probability((1,), (0.8, 0.1, 0.1)) == pytest.approx((12 * 0.8 + 5 * 0.1 + 3 * 0.1) / 20)
