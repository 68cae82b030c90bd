from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from friendbot import tuning
from friendbot.dialogue import Line
from friendbot.evaluation import Turn
from friendbot.habits import Burst
from friendbot.sampling import Decoding
from friendbot.tuning import Trial, Tuning

REAL = [
    "haha yes",
    "nooo way",
    "ok",
    "see you at noon",
    "i slept so well",
    "tired",
    "soon",
    "what is it",
    "maybe later",
]
STRANGE = ["QXJ; WVK", "ZQ?? XQ!", "VKW KXQ; JJ", "XX; QQ VV", "WQ! XJK KJX"]


def line(index: int, speaker: str, text: str) -> Line:
    return Line(index * 1000, index, {"me": "Ann", "friend": "Bo"}[speaker], speaker, text, index // 20, "valid")


TALK = [
    part
    for index in range(130)
    for part in (line(2 * index, "me", "Are you home?"), line(2 * index + 1, "friend", REAL[index * index % len(REAL)]))
]
PLAIN = [*(line(index, "me", text) for index, text in enumerate(REAL)), *TALK]
KNOWN = [*(line(index, "me", text) for index, text in enumerate(STRANGE)), *PLAIN]
TURNS = [TALK[place : place + 2] for place in range(0, len(TALK), 2)]


class Friend:
    """Answers like the friend, but for turns as many as the decoding is away from what is right."""

    def __init__(self, right: Mapping[str, float], turns: int = 120) -> None:
        self.right, self.turns = right, turns
        self.asked: list[Decoding] = []

    def __call__(self, decoding: Decoding) -> list[Turn]:
        self.asked.append(decoding)
        wrong = sum(abs(getattr(decoding, name) - value) for name, value in self.right.items())
        answered = []
        for index, (said, real) in enumerate(TURNS[: self.turns]):
            strange = (index * 37 % 100) / 100 < wrong
            text = STRANGE[index % len(STRANGE)] if strange else REAL[(index * 5 + 2) % len(REAL)]
            answered.append(Turn([said], [real], [text]))
        return answered


def choose(
    friend: Friend, candidates: Mapping[str, Sequence[float]], shares: Sequence[float] = (), **changed: Any
) -> Tuning:
    """`shares` are the verbatim shares of the trials in the order they are made; 0 for all others."""
    left = iter(shares)

    def verbatim(answers: list[Burst]) -> float:
        assert len(answers) == friend.turns
        return next(left, 0.0)

    settings: dict[str, Any] = {"train": KNOWN, "fixed": Decoding(), "bound": 0.3, "seed": 1} | changed
    return tuning.choose(friend, valid=TALK, candidates=candidates, verbatim=verbatim, **settings)


def test_without_candidates_nothing_is_tried() -> None:
    friend = Friend({})
    fixed = Decoding(temperature=0.9, best_of=2)
    assert choose(friend, {}, fixed=fixed) == Tuning(fixed, ())
    assert choose(friend, {"min_p": [0.1], "temperature": [0.5]}, fixed=fixed) == Tuning(
        replace(fixed, min_p=0.1, temperature=0.5), ()
    )
    assert friend.asked == []


def test_the_search_finds_the_decoding_most_like_the_friend() -> None:
    friend = Friend({"temperature": 1.0, "min_p": 0.3})
    result = choose(friend, {"temperature": [0.6, 1.0, 1.4], "top_p": [1.0], "min_p": [0.0, 0.3]})
    assert result.decoding == Decoding(temperature=1.0, min_p=0.3)
    assert [trial.decoding for trial in result.trials if trial.chosen] == [result.decoding]
    assert max(result.trials, key=lambda trial: trial.unlike).decoding == Decoding(temperature=0.6)


def test_one_value_is_chosen_after_another_and_no_decoding_is_tried_twice() -> None:
    friend = Friend({"temperature": 1.0, "min_p": 0.3})
    result = choose(friend, {"temperature": [0.6, 1.0], "top_p": [1.0, 0.8], "min_p": [0.0, 0.3]})
    values = [(decoding.temperature, decoding.top_p, decoding.min_p) for decoding in friend.asked]
    assert values == [(0.6, 1.0, 0.0), (1.0, 1.0, 0.0), (1.0, 0.8, 0.0), (1.0, 1.0, 0.3)]
    assert [trial.decoding for trial in result.trials] == friend.asked


def test_the_first_candidate_stays_where_another_is_no_better() -> None:
    assert choose(Friend({}), {"temperature": [0.8, 0.5, 1.0]}).decoding.temperature == 0.8


@pytest.mark.parametrize(
    ("shares", "chosen"),
    [((0.1, 0.31, 0.3), 1.2), ((0.1, 0.3, 0.1), 1.0), ((0.1, 0.4, 0.31), 0.6), ((0.6, 0.5, 0.4), 1.2)],
)
def test_what_copies_more_than_the_bound_is_out_and_if_all_do_the_least_is_taken(
    shares: tuple[float, ...], chosen: float
) -> None:
    """Of 0.6, 1.0 and 1.2, the second is most like the friend, the third comes next."""
    result = choose(Friend({"temperature": 1.0}), {"temperature": [0.6, 1.0, 1.2]}, shares)
    assert result.decoding.temperature == chosen
    assert tuple(trial.verbatim for trial in result.trials) == shares


def test_what_makes_up_words_is_out_however_like_the_friend_it_is_otherwise() -> None:
    class Garbler(Friend):
        """Like the friend but for the length of its answers; like the friend in all but some words at 0.6."""

        def __call__(self, decoding: Decoding) -> list[Turn]:
            answered = super().__call__(decoding)
            if decoding.temperature != 0.6:
                return [turn._replace(bot=[*turn.bot, *turn.bot]) for turn in answered]
            return [turn._replace(bot=["qxj"]) if index % 20 == 0 else turn for index, turn in enumerate(answered)]

    garbled, fine = choose(Garbler({}), {"temperature": [0.6, 1.0]}, train=PLAIN).trials
    assert garbled.unlike < fine.unlike
    assert fine.invented <= tuning.INVENTED < garbled.invented
    assert fine.chosen


def test_the_choice_repeats_to_the_last_digit() -> None:
    candidates = {"temperature": [0.6, 1.0], "min_p": [0.0, 0.3]}
    first, second = (choose(Friend({"temperature": 0.9, "min_p": 0.1}), candidates) for _ in range(2))
    assert first == second
    assert all(trial.low <= trial.auc <= trial.high for trial in first.trials)


def test_with_too_few_turns_the_first_candidates_are_taken() -> None:
    friend = Friend({"temperature": 1.0}, turns=tuning.LEAST - 1)
    assert choose(friend, {"temperature": [0.6, 1.0], "min_p": [0.1, 0.0]}) == Tuning(
        Decoding(temperature=0.6, min_p=0.1), ()
    )
    assert len(friend.asked) == 1


@pytest.mark.parametrize(("auc", "unlike"), [(0.4, 3.0), (0.5, 3.0), (0.75, 9.0), (1.0, 297.0)])
def test_unlike_is_odds_times_distance(auc: float, unlike: float) -> None:
    assert Trial(Decoding(), auc, auc, auc, 3.0, 0.0).unlike == pytest.approx(unlike)
