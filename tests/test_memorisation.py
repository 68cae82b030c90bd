import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from friendbot.memorisation import Overlap, Sensitive, TrainingText, matches, words
from friendbot.redaction import Redactor

TEXT = TrainingText(
    [
        "Did you water the plants on Sunday?",
        "yes",
        "and the one behind the door",
        "I won't tell anyone that the key lies under the blue pot",
        "and the one behind the door",
        "write to ann@example.com",
        "or call +49 30 901820, late",
    ]
)


def test_words_are_compared_without_case_marks_and_spaces() -> None:
    assert words("Don’t  SHOUT, Zoë!! 😂 it's 8pm_ok") == ["dont", "shout", "zoë", "its", "8pm", "ok"]
    assert words("Zoe\u0308") == words("zoë")
    assert words("明日7時に") == ["明", "日", "7", "時", "に"]


def test_a_message_of_the_training_text_is_found_however_it_is_written() -> None:
    overlap = TEXT.overlap([["i wont tell anyone, that the key lies UNDER the blue pot!"]])
    assert overlap == Overlap(12, len("i wont tell anyone that the key lies under the blue pot"), 1, 1.0, 1.0)


def test_what_is_said_twice_is_copied_but_not_once() -> None:
    assert TEXT.overlap([["the one behind the door"]]) == Overlap(5, 23, 1, 1.0, 0.0)


def test_an_answer_of_ones_own_shares_its_longest_stretch_alone() -> None:
    overlap = TEXT.overlap([["my key lies under the table of a blue neighbour"]])
    assert overlap == Overlap(4, len("key lies under the"), 1, 0.0, 0.0)


def test_short_messages_are_not_counted_as_copies() -> None:
    assert TEXT.overlap([["yes"], ["the blue pot"]]) == Overlap(3, 12, 0, None, None)


def test_a_stretch_runs_across_messages_but_not_across_bursts() -> None:
    assert TEXT.overlap([["Sunday", "yes and"]]).longest_words == 3
    assert TEXT.overlap([["Sunday"], ["yes and"]]).longest_words == 2


def test_no_answers_have_nothing_in_common() -> None:
    assert TEXT.overlap([]) == Overlap(0, 0, 0, None, None)
    assert TrainingText([]).overlap([["five words are in here"]]) == Overlap(0, 0, 1, 0.0, 0.0)


def plans(count: int, seed: int) -> list[str]:
    """Messages of somebody who likes to repeat themself."""
    draw = random.Random(seed)
    what, where = ["coffee", "lunch", "a walk", "tea"], ["by the river", "at mine", "near the station", "in the park"]
    hours = ["one", "two", "three", "four", "five"]
    return [f"lets have {draw.choice(what)} {draw.choice(where)} at {draw.choice(hours)}" for _ in range(count)]


def test_a_bot_that_repeats_its_training_text_is_caught_and_the_friend_is_as_usual() -> None:
    train, held_out = plans(100, seed=1), plans(300, seed=2)
    text = TrainingText(train)
    parrot = text.overlap([train[start : start + 3] for start in range(0, len(train), 3)])
    assert (parrot.messages, parrot.copied) == (100, 1.0)
    assert parrot.longest_words == max(
        sum(len(words(message)) for message in train[start : start + 3]) for start in range(0, len(train), 3)
    )
    friend = text.overlap([message] for message in held_out)
    known = [train.count(message) for message in held_out]
    assert friend.copied == pytest.approx(sum(count > 0 for count in known) / 300)
    assert friend.copied_once == pytest.approx(sum(count == 1 for count in known) / 300)
    assert friend.copied is not None
    assert 0.5 < friend.copied < 0.9


def test_what_could_be_stolen_is_counted_and_what_was_learned_is_told_apart() -> None:
    said = ["ANN@example.com, 0049 30 901820", "bob@example.com", "my number is +49 (30) 90-18-20", "see you at 8"]
    found = TEXT.sensitive(said, Redactor().find)
    assert found["email"] == Sensitive(found=2, known=1)
    assert found["phone"] == Sensitive(found=2, known=1)
    assert {kind: counts for kind, counts in found.items() if kind not in ("email", "phone")} == {
        kind: Sensitive(0, 0) for kind in ("card", "iban", "address", "link")
    }


small = st.lists(st.integers(0, 2), max_size=12)


@given(small, small, st.integers(1, 4))
def test_matches_are_those_of_a_search_word_by_word(text: list[int], other: list[int], asked: int) -> None:
    text = [number - 1 for number in text]
    found = matches(np.array(text, np.int64), np.array(other, np.int64), np.full(len(text), asked))
    for place in range(len(text)):
        stretches = [text[place:end] for end in range(place + 1, len(text) + 1)]
        times = [
            sum(other[start : start + len(stretch)] == stretch for start in range(len(other))) for stretch in stretches
        ]
        assert found.length[place] == sum(count > 0 for count in times)
        assert found.times[place] == (times[asked - 1] if asked <= len(times) else 0)
