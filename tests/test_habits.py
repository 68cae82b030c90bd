from collections.abc import Mapping
from typing import Any

import pytest

from friendbot import habits
from friendbot.dialogue import FRIEND, ME, Line


def line(speaker: str, text: str, session: int = 0) -> Line:
    return Line(0, 0, speaker, speaker, text, session, "train")


TRAIN = [line(ME, "Do you like trains?"), line(FRIEND, "i do i do"), line(FRIEND, "bike"), line(FRIEND, "kayak")]


def counted(name: str, *messages: str) -> Mapping[Any, float]:
    return {habit.name: habit for habit in habits.habits(TRAIN, [["kayak"]])}[name].count([*messages])


@pytest.mark.parametrize(
    ("name", "messages", "expected"),
    [
        ("message length", ["abc", "né", "abc"], {3: 2, 2: 1}),
        ("turn length", ["a", "b"], {2: 1}),
        ("turn length", [], {0: 1}),
        ("capitals", ["ABcd", "...", "É"], {0.5: 1, 0.0: 1, 1.0: 1}),
        ("case", ["hi", "Hi you", "I", "42"], {"lower": 1, "first upper": 2, "no letters": 1}),
        ("case", ["HI", "hI"], {"upper": 1, "mixed": 1}),
        ("punctuation", ["no 👍", "yes!!!!!", "well... no :)"], {"": 1, "!!!": 1, "...": 0.5, ":)": 0.5}),
        ("last character", ["no", "yes?!", "ok 👍", ""], {"": 2, "?!": 1, "emoji": 1}),
        ("emoji", ["no", "👍🏽👍", "😂❤️"], {"": 1, "👍": 1, "😂": 0.5, "❤": 0.5}),
        ("elongations", ["sooo", "soo", "1000", "Nnno"], {True: 2, False: 2}),
        ("first word", ["Ok, then", "bye"], {"ok": 1}),
        ("first word", ["😂 ok"], {"😂": 1}),
        ("last word", ["ok", "Byeeeee!"], {"byeee": 1}),
        ("last word", [], {"": 1}),
        ("function words", ["I do not!"], {"i": 1, "do": 1, "": 1}),
        ("new words", ["trains? Zebras!"], {False: 1, True: 1}),
        ("new words", ["!!!"], {False: 1}),
        ("script", ["да ok", "да", "42"], {"Cyrillic": 1.5, "Latin": 0.5, "": 1}),
    ],
)  # fmt: skip
def test_a_turn_is_counted(name: str, messages: list[str], expected: dict[Any, float]) -> None:
    assert counted(name, *messages) == expected


def test_a_word_is_new_in_the_training_part_if_it_comes_nowhere_else_in_it() -> None:
    new = {habit.name: habit for habit in habits.habits(TRAIN, [["bike i"]])}["new words"]
    assert new.count_known is not None
    assert new.count_known(["bike i"]) == {True: 1, False: 1}
    assert new.count(["bike i"]) == {False: 2}


def test_words_lose_marks_and_capitals_and_keep_apostrophes_and_vowel_signs() -> None:
    assert habits.words("«Don't», she said: नमस्ते -- soooooo (42) 2nd") == [
        "don't",
        "she",
        "said",
        "नमस्ते",
        "sooo",
        "2nd",
    ]


def test_a_turn_answers_the_other_person_in_the_same_session() -> None:
    lines = [
        *(line(FRIEND, "opens"), line(ME, "one"), line(FRIEND, " e\u0301 "), line(FRIEND, "two")),
        *(line(FRIEND, "next day", 1), line(ME, "three", 1), line(ME, "next week", 2)),
    ]
    assert habits.bursts(lines, FRIEND) == [["é", "two"]]
    assert habits.bursts(lines, ME) == [["one"], ["three"]]
