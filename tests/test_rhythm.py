from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from friendbot.rhythm import PATIENCE, Rhythm


class Sent(NamedTuple):
    sent_at: int
    speaker: str
    text: str
    session: int = 0


THREAD = [
    Sent(0, "me", "hello"),
    Sent(10_000, "friend", "hi"),
    Sent(12_000, "friend", "sixteen letters!"),
    Sent(100_000, "me", "?"),
    Sent(130_000, "friend", "é" * 30),
    Sent(9_000_000, "friend", "next day", 1),
]


def test_the_friends_habits_are_measured() -> None:
    rhythm = Rhythm.measure(THREAD)
    assert (rhythm.reply_seconds[0], rhythm.reply_seconds[-1]) == (10, 30)
    assert set(rhythm.next_seconds) == {2}
    assert rhythm.characters_per_second == 8
    assert rhythm.message_bytes == 61
    assert rhythm.burst_messages == 2


def test_a_night_is_no_pause() -> None:
    assert set(Rhythm.measure([Sent(0, "me", "a"), Sent(999_000_000, "friend", "b", 1)]).reply_seconds) == set(
        Rhythm().reply_seconds
    )


def test_it_survives_the_way_through_json() -> None:
    rhythm = Rhythm.measure(THREAD)
    assert Rhythm.of(rhythm.to_dict()) == rhythm


@pytest.mark.parametrize(
    "change",
    [
        {"reply_seconds": [0, 1]},
        {"characters_per_second": "fast"},
        {"burst_messages": 0},
        {"message_bytes": float("inf")},
    ],
)
def test_damage_is_seen(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="rhythm"):
        Rhythm.of({**Rhythm().to_dict(), **change})


@given(st.text(max_size=2000), st.booleans(), st.integers(0, 2**32))
def test_no_pause_tries_anybodys_patience(text: str, first: bool, seed: int) -> None:
    pause = Rhythm(reply_seconds=(1, 600)).pause(text, first, np.random.default_rng(seed))
    assert 0 < pause <= PATIENCE


def test_longer_messages_take_longer_and_seeds_repeat() -> None:
    def pause(text: str) -> float:
        return Rhythm().pause(text, True, np.random.default_rng(1))

    assert pause("ok") == pause("no")
    assert pause("ok") < pause("what a long message this is")
