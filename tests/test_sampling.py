from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from friendbot.errors import ModelError
from friendbot.sampling import (
    Decoding,
    Greedy,
    MinP,
    RepetitionGuard,
    Sampler,
    Strategy,
    Temperature,
    TopK,
    TopP,
    Typical,
    draw,
    log_softmax,
)

SHARES = np.array([[0.1, 0.2, 0.7]])
LOGITS = np.log(SHARES).astype(np.float32)
FLAT = np.log(np.array([[0.4, 0.3, 0.2, 0.06, 0.04]], np.float32))


def draws(*strategies: Strategy, logits: np.ndarray = LOGITS) -> np.ndarray:
    random, sampler = np.random.default_rng(0), Sampler(strategies)
    chosen = [int(sampler(logits, random)[0]) for _ in range(4000)]
    return np.bincount(chosen, minlength=logits.shape[1]) / 4000


def kept(strategy: Strategy, logits: np.ndarray = FLAT) -> list[int]:
    return np.flatnonzero(np.isfinite(strategy(logits)[0])).tolist()


def test_temperature_one_samples_as_learned() -> None:
    assert draws(Temperature(1.0)) == pytest.approx(SHARES[0], abs=0.02)


def test_a_low_temperature_sharpens() -> None:
    expected = SHARES[0] ** 2
    assert draws(Temperature(0.5)) == pytest.approx(expected / expected.sum(), abs=0.02)


def test_what_is_ruled_out_is_never_drawn() -> None:
    assert draws(Temperature(1.0), logits=np.array([[-np.inf, 0, -np.inf]])).tolist() == [0, 1, 0]


def test_a_tiny_temperature_does_not_overflow() -> None:
    assert draws(Temperature(1e-6), logits=LOGITS * 1000).tolist() == [0, 0, 1]
    assert draws(Temperature(5e-324)).tolist() == [0, 0, 1]


def test_a_draw_at_the_very_end_is_still_a_token() -> None:
    class Last:
        def random(self, count: int) -> np.ndarray:
            return np.full(count, 1 - 2**-53)

    assert draw(np.array([[0.0, 0.0, -np.inf]]), Last()).tolist() == [1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Greedy(), [0]),
        (TopK(1), [0]),
        (TopK(3), [0, 1, 2]),
        (TopK(99), [0, 1, 2, 3, 4]),
        (TopP(0.39), [0]),
        (TopP(0.41), [0, 1]),
        (TopP(0.95), [0, 1, 2, 3]),
        (TopP(1e-9), [0]),
        (MinP(0.5), [0, 1, 2]),
        (MinP(1.0), [0]),
        (MinP(0.11), [0, 1, 2, 3]),
        (Typical(0.2), [1]),
        (Typical(0.4), [1, 2]),
    ],
)
def test_each_strategy_keeps_the_tokens_that_its_paper_says(strategy: Strategy, expected: list[int]) -> None:
    assert kept(strategy) == expected


def test_typical_prefers_the_expected_surprise_to_the_likeliest_token() -> None:
    # Entropy 1.5 nats; the token with 0.5 surprises by 0.7, those with 0.125 by 2.1, that with 0.25 by 1.4.
    assert kept(Typical(0.2), np.log(np.array([[0.5, 0.25, 0.125, 0.125]], np.float32))) == [1]


def test_greedy_takes_the_first_of_equals() -> None:
    assert kept(Greedy(), np.zeros((1, 4), np.float32)) == [0]


LOGIT_ROWS = st.lists(
    st.lists(st.floats(-50, 50, width=32) | st.just(-np.inf), min_size=5, max_size=5).filter(
        lambda row: max(row) > -99
    ),
    min_size=1,
    max_size=4,
)


@given(
    LOGIT_ROWS,
    st.builds(
        Decoding,
        temperature=st.floats(0, 10),
        top_k=st.integers(0, 9),
        top_p=st.floats(1e-6, 1),
        min_p=st.floats(0, 1),
        typical_p=st.floats(1e-6, 1),
    ),
    st.integers(0, 9),
)
def test_any_decoding_draws_a_possible_token_for_every_text(
    rows: list[list[float]], decoding: Decoding, seed: int
) -> None:
    logits = np.array(rows, np.float32)
    ids = Sampler.of(decoding)(logits, np.random.default_rng(seed))
    assert ids.shape == (len(rows),)
    assert np.isfinite(logits[np.arange(len(rows)), ids]).all()


@given(LOGIT_ROWS, st.sampled_from([TopK(2), TopP(0.5), MinP(0.2), Typical(0.5), Greedy()]))
def test_texts_do_not_influence_each_other(rows: list[list[float]], strategy: Strategy) -> None:
    logits = np.array(rows, np.float32)
    together = strategy(logits)
    alone = np.concatenate([strategy(row[None]) for row in logits])
    assert (together == alone).all()


def test_zero_is_greedy_whatever_else_is_asked() -> None:
    sampler = Sampler.of(Decoding(temperature=0, top_p=0.5, min_p=0.1))
    assert [type(strategy) for strategy in sampler.strategies] == [Greedy]
    assert sampler(LOGITS, np.random.default_rng(0)).tolist() == [2]


def test_the_temperature_comes_last() -> None:
    sampler = Sampler.of(Decoding(temperature=2, top_k=3, top_p=0.9, min_p=0.1, typical_p=0.9))
    assert [type(strategy) for strategy in sampler.strategies] == [TopK, Typical, TopP, MinP, Temperature]


def test_log_softmax_gives_probabilities_that_sum_to_one() -> None:
    assert np.exp(log_softmax(LOGITS * 3)).sum() == pytest.approx(1)
    assert log_softmax(np.array([[1000.0, -1000.0]])).tolist() == [[0, -2000]]


def test_short_phrases_may_come_again() -> None:
    assert RepetitionGuard(64).costs([1, 2, 3, 9, 1, 2, 3]) == {}


def test_going_on_word_for_word_costs_more_with_each_token() -> None:
    guard, phrase = RepetitionGuard(64), [*range(10, 22)]
    costs = [guard.costs([*phrase, 5, *phrase[:length]]) for length in range(4, 10)]
    assert costs[:2] == [{}, {}]
    assert [list(cost) for cost in costs[2:]] == [[16], [17], [18], [19]]
    amounts = [next(iter(cost.values())) for cost in costs[2:]]
    assert amounts == pytest.approx([0.8 * 1.75**step for step in range(4)])


def test_a_cost_is_never_so_high_that_nothing_is_left() -> None:
    assert max(RepetitionGuard(4096).costs([7] * 2000).values()) == RepetitionGuard.MOST


def test_what_lies_outside_the_window_is_forgotten() -> None:
    phrase = [*range(10, 20)]
    assert RepetitionGuard(12).costs([*phrase, *[5] * 9, *phrase[:8]]) == {}
    assert RepetitionGuard(0).costs(phrase * 2) == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -1}, "temperature is 0 - 10, not -1"),
        ({"temperature": float("nan")}, "temperature is 0 - 10, not nan"),
        ({"top_p": 0}, "top_p is above 0 - 1, not 0"),
        ({"best_of": 0}, "best_of is 1 - 16, not 0"),
        ({"best_of": 2.5}, "best_of is a whole number, not 2.5"),
        ({"mmi": "much"}, "mmi is a number, not 'much'"),
        ({"top_k": True}, "top_k is a whole number, not True"),
    ],
)
def test_a_decoding_out_of_range_says_so(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(Decoding(), **values)  # type: ignore[arg-type]


def test_a_decoding_of_a_newer_friendbot_is_refused() -> None:
    assert Decoding.of({"temperature": 1}) == Decoding(temperature=1)
    with pytest.raises(ModelError, match="the decoding 'mirostat', unknown to this friendbot"):
        Decoding.of({"mirostat": 1})
    with pytest.raises(ModelError, match="damaged"):
        Decoding.of({"best_of": 99})
