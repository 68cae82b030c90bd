import statistics
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import messages, portraits
from friendbot.messages import Message
from friendbot.portraits import Portrait, Portraits

NEW_YEAR = 1_609_459_200_000  # of 2021


def said(thread_id: str, sender: str, text: str, sent_at: int = 0, kind: str = "text") -> Message:
    return Message(thread_id, "", ("Bo", "Ann"), "Ann", sender, sent_at, 0, kind, text)


def drawn(rows: list[Message], size: int = 50_000) -> dict[tuple[str, str], Portrait]:
    found = Portraits()
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    passed = list(found.watching(batch for part in parts for batch in messages.batches(part)))
    assert sum(batch.num_rows for batch in passed) == len(rows)
    return found.all()


def test_one_by_one() -> None:
    found = drawn(
        [
            said("a", "Bo", "hi", NEW_YEAR - 1),
            said("a", "Bo", "привет, как ты?", NEW_YEAR),
            said("a", "Bo", "", NEW_YEAR),
            said("a", "Ann", "ok 😂"),
            said("b", "Bo", "123 !?"),
            said("a", "Bo", "You sent a photo.", kind="media"),
        ],
        size=2,
    )
    assert set(found) == {("a", "Bo"), ("a", "Ann"), ("b", "Bo")}
    bo = found["a", "Bo"]
    assert (bo.years, bo.lengths) == ({2020: 1, 2021: 2}, {0: 1, 2: 1, 15: 1})
    assert (bo.length(), bo.length(0.9), bo.emoji()) == (2, 15, 0)
    assert bo.letters == {"Cyrillic": 11, "Latin": 2}
    assert found["a", "Ann"].emoji() == 1
    assert found["b", "Bo"].scripts() == {}


@pytest.mark.parametrize(
    ("letter", "script"),
    [
        *(("a", "Latin"), ("é", "Latin"), ("ﬁ", "Latin"), ("Ａ", "Latin"), ("𝓯", "Latin"), ("д", "Cyrillic")),
        *(("中", "Han"), ("々", "Han"), ("か", "Hiragana"), ("カ", "Katakana"), ("ｶ", "Katakana"), ("한", "Hangul")),
        *(("ש", "Hebrew"), ("م", "Arabic"), ("ก", "Thai"), ("अ", "Devanagari"), ("ω", "Greek")),
        *(("1", ""), ("!", ""), ("😂", ""), ("ª", ""), ("ʰ", ""), ("\u0301", ""), ("\ue000", "")),
    ],
)
def test_the_script_of_a_letter(letter: str, script: str) -> None:
    assert portraits.script(letter) == script


@pytest.mark.parametrize("text", ["😂", "a 👍🏽 b", "❤", "❤️", "🇸🇬", "1️⃣", "⭐", "👨‍👩‍👧", "☺"])
def test_an_emoji(text: str) -> None:
    assert drawn([said("a", "Bo", text)])["a", "Bo"].with_emoji == 1


@pytest.mark.parametrize("text", [":-)", "naïve", "→ ½ € ™", "中文", "“quotes”", "日本"])
def test_no_emoji(text: str) -> None:
    assert drawn([said("a", "Bo", text)])["a", "Bo"].with_emoji == 0


def test_a_script_counts_from_a_twentieth_of_the_letters() -> None:
    found = drawn([said("a", "Bo", "x" * 95 + "я" * 5), said("b", "Bo", "x" * 96 + "я" * 4)])
    assert found["a", "Bo"].scripts() == {"Latin": 0.95, "Cyrillic": 0.05}
    assert found["b", "Bo"].scripts() == {"Latin": 0.96}


def test_nobody() -> None:
    assert (Portrait().length(), Portrait().emoji(), Portrait().scripts()) == (0, 0, {})


texts = st.text(st.sampled_from("ab 1.é😂я中❤️"), max_size=12)
rows = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["Bo", "Ann"]), texts), max_size=30)


@settings(deadline=None)
@given(rows, st.integers(1, 7))
def test_as_counted_one_by_one(rows: list[tuple[str, str, str]], size: int) -> None:
    found = drawn([said(*row) for row in rows], size)
    assert set(found) == {row[:2] for row in rows}
    for key, portrait in found.items():
        said_here = [text for *who, text in rows if tuple(who) == key]
        assert portrait.lengths == Counter(map(len, said_here))
        assert portrait.length() == statistics.median_low(map(len, said_here))
        assert portrait.with_emoji == sum(bool({*text} & {*"😂❤️"}) for text in said_here)
        assert portrait.letters == Counter(filter(None, map(portraits.script, "".join(said_here))))


def test_very_long_messages_and_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portraits._Tally, "PENDING", 3)
    found = drawn([said("a", "Bo", "x" * length) for length in (1, 1, 2, 1999, 2000, 5000)], size=1)
    assert found["a", "Bo"].lengths == {1: 2, 2: 1, 1999: 1, 2000: 2}


def test_a_slice_of_a_batch_is_read_from_its_own_place() -> None:
    (batch,) = messages.batches([said("a", "Bo", text) for text in ("one", "zwölf", "three")])
    found = Portraits()
    list(found.watching([batch.slice(1, 1), pa.RecordBatch.from_pylist([], batch.schema)]))
    assert found.all()["a", "Bo"].letters == {"Latin": 5}
