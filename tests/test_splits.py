import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from friendbot import splits
from friendbot.errors import ThreadError


def test_a_session_ends_at_a_silence_longer_than_the_gap() -> None:
    minutes = np.array([0, 1, 361, 722, 723])
    assert splits.sessions(minutes * 60_000, 6).tolist() == [0, 0, 0, 1, 1]


def test_cuts_fall_on_the_session_boundary_nearest_to_the_share() -> None:
    session = np.repeat(np.arange(10), 10)
    characters = np.full(100, 7)
    result = splits.split(characters, session, 0.19, 0.11)
    assert np.bincount(result).tolist() == [70, 20, 10]


def test_cuts_fall_between_messages_where_no_session_begins_near() -> None:
    result = splits.split(np.ones(100), np.zeros(100, int), 0.1, 0.1)
    assert np.bincount(result).tolist() == [80, 10, 10]


def test_a_long_message_cannot_be_cut() -> None:
    with pytest.raises(ThreadError, match="3 messages cannot be cut"):
        splits.split(np.array([1, 1000, 1]), np.zeros(3, int), 0.1, 0.1)


@given(
    st.lists(st.integers(1, 50), min_size=200, max_size=300),
    st.lists(st.booleans(), min_size=300, max_size=300),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
)
def test_parts_are_in_order_and_near_their_shares(
    lengths: list[int], opens: list[bool], valid: float, test: float
) -> None:
    characters = np.array(lengths)
    result = splits.split(characters, np.cumsum(opens[: len(lengths)]), valid, test)
    assert (np.diff(result) >= 0).all()
    shares = np.bincount(result, weights=characters, minlength=3) / characters.sum()
    slack = 2 * splits.FARTHEST_SESSION + 2 * 50 / characters.sum()
    assert abs(shares[2] - test) <= slack
    assert abs(shares[1] - valid) <= slack
