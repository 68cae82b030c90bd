"""Instagram's messages.json of before 2021."""

import json
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archive_writers import read, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import messages
from friendbot.archives.names import folded
from friendbot.errors import ArchiveError

ME, FRIEND = "zoe.me", "jan_o"
NOW = "2020-03-16T10:00:00.250000+00:00"
NOW_MS = 1_584_352_800_250


def said(sender: str, text: str | None = None, created_at: str = NOW, **facts: Any) -> dict[str, Any]:
    return {"sender": sender, "created_at": created_at, **({} if text is None else {"text": text}), **facts}


def thread(*said: Any, people: tuple[str, ...] = (FRIEND, ME)) -> dict[str, Any]:
    """`said` comes oldest first, and is written newest first."""
    return {"participants": [*people], "conversation": [*said][::-1]}


def write(root: Path, *threads: Any) -> Path:
    root.mkdir(exist_ok=True)
    (root / "profile.json").write_text(json.dumps({"username": ME, "name": "Zoë"}))
    (root / "messages.json").write_text(json.dumps([*threads]), encoding="utf-8")
    return root


def test_threads_come_oldest_first(tmp_path: Path) -> None:
    group = thread(said("eva", "all"), people=("eva", ME, FRIEND))
    write(tmp_path, thread(said(FRIEND, "hi"), said(ME, "né 🚀")), group)
    first, second, last = sorted(read(tmp_path, strict=True), key=lambda m: (len(m.participants), m.seq))
    assert first == messages.Message(f"instagram:{FRIEND}", FRIEND, (FRIEND, ME), ME, FRIEND, NOW_MS, 0, "text", "hi")
    assert (second.sender, second.seq, second.text) == (ME, 1, "né 🚀")
    assert last.thread_id == f"instagram:eva, {FRIEND}"


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"text": "hello", "likes": [{"username": FRIEND, "date": NOW}]}, "text"),
        ({"text": "look", "story_share": "Shared eva's story"}, "text"),
        ({"media": "https://a.example/1.jpg"}, "media"),
        ({"media_url": "photos/1.jpg"}, "media"),
        ({"voice_media": "Media unavailable."}, "media"),
        ({"animated_media_images": {}}, "media"),
        ({"heart": "❤️"}, "media"),
        ({"story_share": "Shared eva's story"}, "share"),
        ({"media_share_url": "https://a.example", "media_share_caption": "her words", "media_owner": "eva"}, "share"),
        ({"profile_share_username": "eva", "profile_share_name": "Éva"}, "share"),
        ({"link": "https://a.example"}, "share"),
        ({"video_call_action": "started a video chat", "text": "x"}, "call"),
        ({"action": "liked a message"}, "system"),
        ({"text": " "}, "empty"),
        ({}, "empty"),
    ],
)
def test_kinds(tmp_path: Path, facts: dict[str, Any], kind: str) -> None:
    write(tmp_path, thread(said(ME, **facts)))
    assert [m.kind for m in read(tmp_path)] == [kind]


def test_without_a_profile_the_owner_is_who_is_in_every_thread(tmp_path: Path) -> None:
    write(tmp_path, thread(said(FRIEND, "a")), thread(said("eva", "b"), people=("eva", ME)))
    (tmp_path / "profile.json").unlink()
    assert {(m.thread_id, m.owner) for m in read(tmp_path)} == {
        (f"instagram:{FRIEND}, {ME}", ME),
        (f"instagram:eva, {ME}", ME),
    }


def test_times(tmp_path: Path) -> None:
    dates = ("2020-03-16T10:00:00", "2020-03-16T12:00:00+02:00", "2020-03-16T10:00:00.5+00:00")
    write(tmp_path, thread(*(said(ME, "x", date) for date in dates)))
    assert [m.sent_at - NOW_MS for m in read(tmp_path, strict=True)] == [-250, -250, 250]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (said(ME, "x", "soon"), "1 of its 2 messages have no usable time"),
        ({"sender": ME, "text": "x"}, "1 of its 2 messages have no usable time"),
        ({"sender": ME, "created_at": NOW, "text": 5}, "1 of its 2 messages cannot be read"),
        (5, "1 of its 2 messages cannot be read"),
    ],
)
def test_a_damaged_message_is_counted(tmp_path: Path, capsys: Any, bad: Any, why: str) -> None:
    write(tmp_path, thread(said(FRIEND, "kept"), bad))
    assert texts(tmp_path) == ["kept"]
    assert why in capsys.readouterr().err
    with pytest.raises(ArchiveError, match=r"messages\.json"):
        read(tmp_path, strict=True)


@pytest.mark.parametrize("bad", [5, {}, {"participants": ["A"]}, {"participants": [{"name": "A"}], "conversation": []}])
def test_a_damaged_thread_is_counted(tmp_path: Path, capsys: Any, bad: Any) -> None:
    write(tmp_path, thread(said(FRIEND, "kept")), bad)
    assert texts(tmp_path) == ["kept"]
    assert "1 of its 2 threads cannot be read" in capsys.readouterr().err


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    people=st.lists(name, min_size=2, max_size=2, unique_by=folded),
    spoken=st.lists(st.tuples(st.integers(min_value=0, max_value=2**42), anything), min_size=1),
)
def test_any_text_name_and_time_survive(people: list[str], spoken: list[tuple[int, str]]) -> None:
    spoken.sort(key=lambda one: one[0])
    lines = [
        said(
            people[number % 2],
            text,
            (datetime.fromtimestamp(time // 1000, UTC)).isoformat()[:19] + f".{time % 1000:03d}+00:00",
        )
        for number, (time, text) in enumerate(spoken)
    ]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "messages.json").write_text(json.dumps([thread(*lines, people=(people[0], people[1]))]))
        found = read(Path(folder), owner=people[1])
    assert [(m.sender, m.sent_at, m.text) for m in found] == [
        (people[number % 2], time, text) for number, (time, text) in enumerate(spoken)
    ]


def test_no_damage_is_silent_or_a_traceback(tmp_path: Path, capsys: Any) -> None:
    """Bits are flipped and ends cut off: messages are whole, or the loss is reported."""
    lines = [said((ME, FRIEND)[n % 2], f"number {n}", f"2020-03-16T10:00:0{n}+00:00") for n in range(8)]
    file = write(tmp_path, thread(*lines)) / "messages.json"
    data = file.read_bytes()
    random_ = random.Random(7)
    begin = data.index(b'"conversation"') + 20
    for _ in range(150):
        broken = bytearray(data)
        place = random_.randrange(begin, len(data))
        broken[place] ^= 1 << random_.randrange(8)
        file.write_bytes(broken if random_.random() < 0.7 else broken[:place])
        try:
            found = read(tmp_path)
        except ArchiveError:
            continue
        assert len(found) == len(lines) or "damaged" in capsys.readouterr().err
