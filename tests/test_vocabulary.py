import json
import subprocess
import sys

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.errors import ModelError
from friendbot.vocabulary import SPECIALS, Vocabulary, normalise

TEXTS = ["hello 😂😂", "héllo", "he said hé", "hello hello"]
CHAR, BPE = BOTH = [Vocabulary.build(TEXTS, tokenizer, 300) for tokenizer in ("char", "bpe")]


def test_characters_come_after_specials_and_bytes_by_frequency() -> None:
    assert CHAR.pieces[:2] == ["l", "h"]
    assert "i" not in CHAR.pieces, "seen once: spelt as bytes"
    assert CHAR.encode("l") == [3 + 256]
    assert CHAR.encode("i") == [3 + ord("i")]
    assert CHAR.encode("€") == [3 + byte for byte in "€".encode()]


def test_pieces_of_words_come_after_specials_and_bytes_by_merge() -> None:
    spelled = [BPE.bytes_of(id) for id in range(259, len(BPE))]
    assert spelled[:3] == [b"he", b"ll", b"llo"]
    assert [BPE.bytes_of(id) for id in BPE.encode("hello hello xhe")] == [b"hello", b" ", b"hello", b" ", b"x", b"he"]
    assert BPE.encode("€") == [3 + byte for byte in "€".encode()]


@pytest.mark.parametrize("tokenizer", ["char", "bpe"])
def test_the_size_is_a_limit(tokenizer: str) -> None:
    assert len(Vocabulary.build(TEXTS, tokenizer, 262)) == 262


def test_merges_are_the_same_in_every_process() -> None:
    code = (
        "import random; from friendbot.vocabulary import Vocabulary; draw = random.Random(1)\n"
        "texts = [' '.join(draw.choice(['tea', 'tee', 'eat', 'ate', 'seat']) for _ in range(9)) for _ in range(300)]\n"
        "print(Vocabulary.build(texts, 'bpe', 400).digest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT / "src", capture_output=True, text=True, check=True
        ).stdout
        for _ in range(3)
    }
    assert len(digests) == 1


@pytest.mark.parametrize("vocabulary", BOTH)
def test_what_looks_like_a_special_is_text(vocabulary: Vocabulary) -> None:
    ids = vocabulary.encode("<friend>")
    assert min(ids) >= len(SPECIALS)
    assert vocabulary.decode([vocabulary.friend, *ids, vocabulary.me]) == "<friend>"


@given(st.text(), st.sampled_from(BOTH))
@settings(max_examples=500)
def test_any_text_survives(text: str, vocabulary: Vocabulary) -> None:
    assert vocabulary.decode(vocabulary.encode(text)) == normalise(text)
    assert Vocabulary.from_json(vocabulary.to_json()).encode(text) == vocabulary.encode(text)


@given(st.data(), st.sampled_from(BOTH))
@settings(max_examples=500)
def test_ids_chosen_among_those_that_may_follow_are_valid_utf8(data: st.DataObject, vocabulary: Vocabulary) -> None:
    ids: list[int] = []
    while len(ids) < 12 or vocabulary.pending(ids):
        fitting = vocabulary.may_follow(vocabulary.pending(ids))
        ids.append(int(fitting[data.draw(st.integers(0, len(fitting) - 1))]))
    b"".join(vocabulary.bytes_of(id) for id in ids).decode("utf-8", "strict")


@pytest.mark.parametrize("vocabulary", BOTH)
def test_whatever_text_holds_may_follow(vocabulary: Vocabulary) -> None:
    ids = [vocabulary.me, *vocabulary.encode("héllo €😂 ÿ"), vocabulary.friend]
    for place, id in enumerate(ids):
        assert id in vocabulary.may_follow(vocabulary.pending(ids[:place]))


@pytest.mark.parametrize("vocabulary", BOTH)
def test_one_visible_letter_has_one_spelling(vocabulary: Vocabulary) -> None:
    assert vocabulary.encode("he\u0301") == vocabulary.encode("hé")


@pytest.mark.parametrize("vocabulary", BOTH)
def test_lone_surrogates_do_not_break_it(vocabulary: Vocabulary) -> None:
    assert vocabulary.decode(vocabulary.encode("a\ud83d")) == "a\ufffd"
    assert vocabulary.decode(vocabulary.encode("\ud83d\ude02")) == "😂"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"format": 1, "tokenizer": "bpe", "pieces": ["a"]}', "damaged"),
        (json.dumps({"format": 9, "tokenizer": "bpe", "pieces": ""}), "format 9, tokenizer bpe, which"),
    ],
)
def test_another_file_is_refused(text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Vocabulary.from_json(text)
