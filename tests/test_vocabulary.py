import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.errors import ModelError
from friendbot.vocabulary import SPECIALS, Vocabulary, normalise

TEXTS = ["hello 😂😂", "héllo", "he said hé"]


def test_ids_are_specials_then_bytes_then_characters_by_frequency() -> None:
    vocabulary = Vocabulary.build(TEXTS, 300)
    assert vocabulary.characters.startswith("hl")
    assert "i" not in vocabulary.characters, "seen once: spelt as bytes"
    assert vocabulary.encode("h") == [3 + 256]
    assert vocabulary.encode("i") == [3 + ord("i")]
    assert vocabulary.encode("€") == [3 + byte for byte in "€".encode()]


def test_the_size_is_a_limit() -> None:
    assert len(Vocabulary.build(TEXTS, 262)) == 262
    assert len(Vocabulary.build(TEXTS, 262).characters) == 3


def test_what_looks_like_a_special_is_text() -> None:
    vocabulary = Vocabulary.build(["<me><friend><gap>"] * 2, 300)
    ids = vocabulary.encode("<friend>")
    assert min(ids) >= len(SPECIALS)
    assert vocabulary.decode([vocabulary.friend, *ids, vocabulary.me]) == "<friend>"


@given(st.text())
def test_any_text_survives(text: str) -> None:
    vocabulary = Vocabulary.build(TEXTS, 300)
    assert vocabulary.decode(vocabulary.encode(text)) == normalise(text)
    assert Vocabulary.from_json(vocabulary.to_json()).encode(text) == vocabulary.encode(text)


@given(st.data())
@settings(max_examples=1000)
def test_ids_chosen_among_those_that_may_follow_are_valid_utf8(data: st.DataObject) -> None:
    vocabulary = Vocabulary.build(TEXTS, 300)
    ids: list[int] = []
    for _ in range(12):
        ids.append(data.draw(st.sampled_from(vocabulary.may_follow(vocabulary.pending(ids)))))
    while vocabulary.pending(ids):
        ids.append(data.draw(st.sampled_from(vocabulary.may_follow(vocabulary.pending(ids)))))
    b"".join(vocabulary.bytes_of(id) for id in ids).decode("utf-8", "strict")


def test_one_visible_letter_has_one_spelling() -> None:
    vocabulary = Vocabulary.build(TEXTS, 300)
    assert vocabulary.encode("he\u0301") == vocabulary.encode("hé")


def test_lone_surrogates_do_not_break_it() -> None:
    vocabulary = Vocabulary.build(TEXTS, 300)
    assert vocabulary.decode(vocabulary.encode("a\ud83d")) == "a\ufffd"
    assert vocabulary.decode(vocabulary.encode("\ud83d\ude02")) == "😂"


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "damaged"), ("[]", "damaged"), (json.dumps({"format": 9, "characters": ""}), "format 9")],
)
def test_another_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Vocabulary.from_json(text)
