import math
import random
import re
from collections.abc import Callable
from dataclasses import asdict, astuple

import pytest
from conftest import WORDS, lines, taking_turns
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import evaluation, likeness
from friendbot.dialogue import FRIEND, ME, Line
from friendbot.habits import Burst, bursts
from friendbot.likeness import Feature, Likeness, Samples

TURNS = 80


def friend(seed: int, turns: int = TURNS) -> list[Burst]:
    """Someone who writes in lower case and in bursts."""
    draw = random.Random(seed)
    return [
        [
            " ".join(draw.choices(WORDS, k=draw.randint(1, 6))) + draw.choice(["", "", "!", " 😂"])
            for _ in range(draw.choice([1, 1, 2, 3]))
        ]
        for _ in range(turns)
    ]


def me(seed: int, turns: int = TURNS) -> list[Burst]:
    """Someone who writes one sentence at a time."""
    draw = random.Random(seed)
    return [["Well, " + " ".join(draw.choices(WORDS, k=draw.randint(5, 12))) + "."] for _ in range(turns)]


TRAIN = taking_turns(me(1), friend(1))
REAL, EARLIER, MINE = friend(2), bursts(TRAIN, FRIEND), me(2)


def compared(bot: list[Burst], real: list[Burst] = REAL) -> Likeness:
    result = likeness.measure(Samples(bot, real, EARLIER, MINE), TRAIN, seed=1)
    assert result is not None
    return result


def feature(result: Likeness, name: str) -> Feature:
    return {one.name: one for one in result.features}[name]


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_the_friend_is_as_like_themself_as_the_yardstick(seed: int) -> None:
    result = compared(friend(seed))
    assert result.low < 1 < result.high
    assert result.low < result.summary < result.high < result.summary_me / 2


def test_i_in_the_place_of_the_bot_am_as_far_as_i_am() -> None:
    result = compared(MINE)
    assert result.summary == result.summary_me > 5
    assert all(one.distance_bot == one.distance_me and one.bot == one.me for one in result.features)
    assert all(one.low <= one.distance_bot <= one.high for one in result.features)


CHANGES: dict[str, Callable[[Burst], Burst]] = {
    "message length": lambda burst: [text * 2 for text in burst],
    "turn length": lambda burst: [text for text in burst for _ in range(2)],
    "capitals": lambda burst: [text.upper() for text in burst],
    "case": lambda burst: [text.capitalize() for text in burst],
    "punctuation": lambda burst: [text.replace(" ", ", ") for text in burst],
    "last character": lambda burst: [text + "." for text in burst],
    "emoji": lambda burst: [text.replace("😂", "🙂") for text in burst],
    "elongations": lambda burst: [text.replace("o", "ooo") for text in burst],
    "first word": lambda burst: ["haha", *burst],
    "last word": lambda burst: [*burst, "bye"],
    "function words": lambda burst: [re.sub(r"\b\w\w?\b", "the", text) for text in burst],
    "new words": lambda burst: [text.replace("e", "x") for text in burst],
    "script": lambda burst: [text + " да" for text in burst],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_habit_that_the_bot_lacks_is_found(name: str) -> None:
    one = feature(compared([CHANGES[name](burst) for burst in friend(3)]), name)
    assert one.low > one.distance_earlier


def test_every_habit_has_a_test() -> None:
    assert [one.name for one in compared(EARLIER).features] == [*CHANGES]


def test_numbers_are_compared_by_wasserstein_in_the_friends_spread() -> None:
    real = [["a" * length] for length in (1000, 2000)] * 10
    one = feature(compared([[text + "a" * 300] for [text] in real], real), "message length")
    assert (one.bot, one.friend) == (1800, 1500)
    assert one.distance_bot == pytest.approx(300 / 500)


def test_kinds_are_compared_by_jensen_shannon_in_bits() -> None:
    real = [["no"]] * 20
    assert feature(compared([["да"]] * 20, real), "script").distance_bot == pytest.approx(1)
    half = feature(compared([["да"], ["no"]] * 10, real), "script")
    assert half.distance_bot == pytest.approx(0.3113, abs=1e-4)
    assert half.bot == 0.5


def test_more_turns_narrow_the_interval() -> None:
    few, many = (compared(friend(3, turns), friend(4, turns)) for turns in (40, 640))
    assert (many.high - many.low) * 2 < few.high - few.low


def test_a_constant_answer_is_repetition() -> None:
    said = compared([["ok fine"]] * TURNS).repetition
    assert said["bot"].repeated == 1
    assert said["bot"].distinct_1 == 2 / 160
    assert said["bot"].distinct_2 == 1 / 80
    assert said["real"].repeated < 0.2


def test_loops_repeats_and_silence_are_counted() -> None:
    bot = [["na " * 40], ["yes", "yes"], ["ok"], ["ok"], [], [" "], *([str(turn)] for turn in range(TURNS - 6))]
    said = compared(bot).repetition["bot"]
    assert (said.looped, said.repeated, said.empty) == (2 / TURNS, 2 / TURNS, 2 / TURNS)


def test_words_of_the_yardstick_are_not_known_from_itself() -> None:
    earlier, real = ([[f"{word}{turn}"] for turn in range(TURNS)] for word in ("old", "new"))
    train = [*TRAIN, *(Line(0, 0, FRIEND, FRIEND, text, 0, "train") for [text] in earlier)]
    result = likeness.measure(Samples(REAL, real, earlier, MINE), train, seed=1)
    assert result is not None
    assert feature(result, "new words").distance_earlier == 0
    assert feature(result, "new words").distance_bot == 1


def test_no_answers_at_all_are_far_and_finite() -> None:
    result = compared([[]] * TURNS)
    assert result.repetition["bot"].empty == 1
    assert 5 < result.summary < math.inf


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.text(max_size=8), max_size=3), min_size=10, max_size=12))
def test_whatever_is_written_has_finite_distances(sample: list[Burst]) -> None:
    real = friend(2, len(sample))
    for one in (*compared(sample, real).features, *compared(real, sample).features):
        assert all(math.isfinite(number) for number in astuple(one)[2:])


def test_the_same_seed_gives_the_same_numbers_and_no_words() -> None:
    result = compared(friend(3))
    assert result == compared(friend(3))
    told = str(asdict(result)).split()
    assert not {"bike", "'bike'", "tired", "'tired'", "😂"} & {word.strip("',:{}") for word in told}


def test_too_few_turns_are_not_compared() -> None:
    few = friend(2, likeness.LEAST - 1)
    assert likeness.measure(Samples(few, few, EARLIER, MINE), TRAIN, 1) is None
    assert likeness.measure(Samples([], [], EARLIER, MINE), TRAIN, 1) is None


def test_bot_and_friend_are_compared_at_the_same_turns() -> None:
    with pytest.raises(ValueError, match="80 answers of the bot, 79 of the friend"):
        compared(REAL, REAL[1:])


def test_the_samples_are_as_many_turns_from_the_held_out_part_and_the_end_of_the_training_part() -> None:
    thread = lines()
    train, test = ([line for line in thread if line.split == split] for split in ("train", "test"))
    answered = [evaluation.Turn([], [line._replace(text=" cafe\u0301 ")], ["ok"]) for line in test[:5]]
    samples = Samples.of(answered, train, test)
    assert samples.bot == [["ok"]] * 5
    assert samples.real == [["café"]] * 5
    assert samples.me == likeness.thinned(bursts(test, ME), 5)
    newest = bursts(train, FRIEND)[-len(bursts(test, FRIEND)) :]
    assert samples.earlier == likeness.thinned(newest, 5)
    assert [samples.earlier[0], samples.earlier[-1]] == [newest[0], newest[-1]]
    assert Samples.of([], train, test) == ([], [], [], [])
