import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.ngrams import FALLBACK, KneserNey, discounts

SYMBOLS = 3
PAD = -1

texts = st.lists(st.integers(0, SYMBOLS - 1), max_size=60)
unknown_too = st.lists(st.integers(0, SYMBOLS), min_size=1, max_size=12)
orders = st.integers(1, 5)


def chance_by_definition(text: list[int], order: int, context: list[int], symbol: int) -> float:
    """Chen & Goodman's recursion, n-gram by n-gram."""
    padded = [PAD] * order + text
    chance = 1 / (SYMBOLS + 1)
    for length in range(1, order + 1):
        places = range(order, len(padded))
        if length == order:
            counts = Counter(tuple(padded[place - length + 1 : place + 1]) for place in places)
        else:
            longer = {tuple(padded[place - length : place + 1]) for place in places}
            counts = Counter(gram[1:] for gram in longer)
        discount = (0.0, *discounts(np.array([*counts.values()])))
        if length > len(context) + 1:
            break
        before = tuple(context[len(context) - length + 1 :])
        following = [count for gram, count in counts.items() if gram[:-1] == before]
        if not following:
            break
        count = counts[(*before, symbol)]
        freed = sum(discount[min(one, 3)] for one in following)
        chance = (count - discount[min(count, 3)] + freed * chance) / sum(following)
    return chance


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=texts, other=unknown_too, order=orders)
def test_costs_are_what_the_definition_says(text: list[int], other: list[int], order: int) -> None:
    nats = KneserNey(np.array(text, int), SYMBOLS, order).nats(np.array(other))
    expected = [-math.log(chance_by_definition(text, order, other[:place], one)) for place, one in enumerate(other)]
    assert nats == pytest.approx(expected)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=texts, context=unknown_too, order=orders)
def test_probabilities_of_what_may_follow_sum_to_one(text: list[int], context: list[int], order: int) -> None:
    model = KneserNey(np.array(text, int), SYMBOLS, order)
    following = [model.nats(np.array([*context, symbol]))[-1] for symbol in range(SYMBOLS + 1)]
    assert sum(math.exp(-nats) for nats in following) == pytest.approx(1)


def test_a_cost_depends_only_on_what_came_before() -> None:
    model = KneserNey(np.arange(200) ** 2 % 7, 7, 4)
    text = np.array([1, 2, 4, 0, 2, 1, 6, 0, 4])
    changed = np.concatenate([text[:5], [3, 3, 3, 3]])
    assert model.nats(text)[:5].tolist() == model.nats(changed)[:5].tolist()
    assert model.nats(text)[5] != model.nats(changed)[5]


def test_what_repeats_is_learned_by_contexts_long_enough() -> None:
    text = np.tile([0, 0, 0, 1, 0, 0, 2], 50)
    short, long = (KneserNey(text, SYMBOLS, order).nats(text).mean() for order in (2, 4))
    assert long < 0.1 < short


def test_after_the_unknown_a_symbol_that_follows_many_is_likelier_than_a_frequent_one_that_follows_one() -> None:
    """ "Francisco" is frequent, but only after "San"."""
    san, francisco, glasses = 0, 1, 2
    text = [san, francisco] * 40 + [part for other in range(3, 9) for part in (other, glasses)]
    costs = KneserNey(np.array(text), 9, 2)
    after_unknown = [costs.nats(np.array([9, symbol]))[1] for symbol in (francisco, glasses)]
    assert after_unknown[1] < after_unknown[0]


def test_discounts_are_those_of_chen_and_goodman() -> None:
    counts = np.repeat([1, 2, 3, 4, 9], [80, 20, 10, 5, 7])
    y = 80 / 120
    assert discounts(counts) == pytest.approx((1 - 2 * y * 20 / 80, 2 - 3 * y * 10 / 20, 3 - 4 * y * 5 / 10))


@pytest.mark.parametrize("counts", [[], [1, 1, 2], [1] + [2] * 2 + [3] * 90 + [4]], ids=["none", "few", "negative"])
def test_without_enough_ngrams_the_discounts_are_fixed(counts: list[int]) -> None:
    assert discounts(np.array(counts, int)) == FALLBACK
