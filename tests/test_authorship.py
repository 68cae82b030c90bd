import random

import pytest
from conftest import WORDS, taking_turns

from friendbot import authorship
from friendbot.authorship import Authorship
from friendbot.dialogue import FRIEND
from friendbot.habits import Burst, bursts
from friendbot.likeness import LEAST, Samples


def friend(seed: int, turns: int = 60) -> list[Burst]:
    """Someone who writes in lower case and in bursts."""
    draw = random.Random(seed)
    return [[" ".join(draw.choices(WORDS, k=3)) for _ in range(draw.choice([1, 2]))] for _ in range(turns)]


def me(seed: int, turns: int = 60) -> list[Burst]:
    """Someone who writes the same words as sentences."""
    return [[" ".join(burst).capitalize() + "."] for burst in friend(seed, turns)]


TRAIN = taking_turns(me(1), friend(2))
REAL, EARLIER, MINE = friend(3), bursts(TRAIN, FRIEND), me(4)


def told(bot: list[Burst]) -> Authorship:
    result = authorship.measure(Samples(bot, REAL, EARLIER, MINE), TRAIN, seed=1)
    assert result is not None
    return result


def test_the_friend_cannot_be_told_from_themself() -> None:
    result = told(friend(5))
    assert result.bot.low < 0.5 < result.bot.high
    assert result.bot.low < result.earlier.value < result.bot.high
    assert result.bot_as_friend.value > 0.95


def test_i_am_not_taken_for_the_friend() -> None:
    result = told(me(5))
    assert result.bot.low > 0.95
    assert result.bot_as_friend.high < 0.2
    assert result.me_as_friend.high < 0.2
    assert result.friend_as_friend.low > 0.8


@pytest.mark.parametrize("answer", [["ok"], []])
def test_a_constant_answer_is_told_at_once(answer: Burst) -> None:
    assert told([answer] * 60).bot.low > 0.99


def test_how_a_turn_is_dealt_out_into_messages_tells() -> None:
    joined = [[" ".join(burst)] for burst in friend(5)]
    dealt = [" ".join(burst).split() for burst in friend(6)]
    assert authorship.told_apart(joined, dealt, seed=1).low > 0.95


def test_capitals_tell() -> None:
    assert (
        authorship.told_apart(friend(5), [[text.upper() for text in burst] for burst in friend(6)], seed=1).low > 0.95
    )


def test_whoever_writes_the_same_at_the_same_turns_cannot_be_told() -> None:
    assert authorship.told_apart(REAL, REAL, seed=1).value == pytest.approx(0.5)


def test_what_only_one_of_them_talked_about_one_day_does_not_tell() -> None:
    def days(seed: int, subjects: list[str]) -> list[Burst]:
        return [[f"{text} {subjects[day // 12]}"] for day, [text, *_] in enumerate(friend(seed))]

    one = days(5, ["sailing", "knitting", "chess", "soup", "moths"])
    other = days(6, ["jogging", "bread", "judo", "paint", "owls"])
    estimate = authorship.told_apart(one, other, seed=1)
    assert estimate.low < 0.5 < estimate.high


def test_samples_of_different_size_are_balanced() -> None:
    whole = authorship.told_apart(friend(5, 180), me(6), seed=1)
    assert whole.low > 0.95


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert told(friend(5)) == told(friend(5))


def test_too_few_turns_are_not_asked_about() -> None:
    few = friend(5, LEAST - 1)
    assert authorship.measure(Samples(few, few, EARLIER, MINE), TRAIN, 1) is None
    assert authorship.measure(Samples(REAL, REAL, EARLIER, MINE), TRAIN[: 2 * LEAST], 1) is None


def test_a_share_has_wilsons_interval() -> None:
    never, always = authorship.taken_for_first(REAL, MINE, [[["OK."]] * 10, [["so so"]] * 10])
    assert (never.value, never.low, never.high) == pytest.approx((0, 0, 0.2775), abs=1e-4)
    assert (always.value, always.low, always.high) == pytest.approx((1, 0.7225, 1), abs=1e-4)
