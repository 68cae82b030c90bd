"""What fbchat-archive-parser writes: the tutorials' train-NAME.json."""

import json
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from archive_writers import FRIEND, ME, legacy, legacy_block, legacy_message, read, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import messages
from friendbot.archives.names import folded
from friendbot.errors import ArchiveError

NOW = "2013-10-04T22:04-07:00"
NOW_MS = 1_380_949_440_000


def said(sender: str | None, message: str | None, date: str = NOW) -> dict[str, Any]:
    return {"sender": sender, "date": date, "message": message}


def thread(*said: dict[str, Any], people: tuple[str, ...] = (FRIEND,)) -> dict[str, Any]:
    return {"participants": [*people], "messages": [*said]}


def write(path: Path, *threads: Any, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"user": ME, "threads": [*threads]}
    path.write_text(json.dumps(data, ensure_ascii=False, **options), encoding="utf-8")
    return path


PRETTY: dict[str, Any] = {"sort_keys": True, "indent": 4}


@pytest.mark.parametrize("options", [{}, PRETTY])
def test_threads_as_the_legacy_reader_has_them(tmp_path: Path, options: dict[str, Any]) -> None:
    group = thread(said("Éva", "all", "2013-10-05T05:05Z"), people=("Éva", FRIEND))
    write(tmp_path / "train-jan.json", thread(said(FRIEND, "hi"), said(ME, "né 🚀")), group, **options)
    first, second, last = sorted(read(tmp_path), key=lambda m: (len(m.participants), m.seq))
    assert first == messages.Message(f"legacy:{FRIEND}", FRIEND, (FRIEND, ME), ME, FRIEND, NOW_MS, 0, "text", "hi")
    assert (second.sender, second.sent_at, second.seq, second.text) == (ME, NOW_MS, 1, "né 🚀")
    assert (last.thread_id, last.title, last.sent_at) == (
        f"legacy:{FRIEND}, Éva",
        f"Éva, {FRIEND}",
        NOW_MS + 60_000,
    )


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="fbchat-archive-parser needs Python 3.11")
@pytest.mark.parametrize("style", ["json", "pretty-json"])
def test_the_page_and_what_fbcap_makes_of_it_are_the_same(tmp_path: Path, style: str) -> None:
    when = "Friday, October 4, 2013 at 10:0{}pm UTC+02"
    said = [legacy_message(who, f"number {n} ☃", when.format(n)) for n, who in enumerate((FRIEND, ME, FRIEND))]
    page = legacy(tmp_path / "page", legacy_block(said)) / "html" / "messages.htm"
    command = [str(Path(sys.executable).with_name("fbcap")), "messages", str(page), "-f", style]
    result = subprocess.run(command, capture_output=True, check=True, timeout=60)
    (tmp_path / "train-jan.json").write_bytes(result.stdout)
    expected = read(page)
    assert len(expected) == 3
    assert read(tmp_path / "train-jan.json") == expected
    assert read(tmp_path) == expected


def test_one_file_for_each_thread_with_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "thread_1.json").write_text(json.dumps(thread(said(FRIEND, "a"))))
    (tmp_path / "thread_2.json").write_text(json.dumps(thread(said("Éva", "b"), people=("Éva",)), **PRETTY))
    (tmp_path / "manifest.txt").write_text(f"Chat history manifest for: {ME}\n\n  1. {FRIEND}\n  2. Éva\n")
    assert [(m.thread_id, m.owner) for m in read(tmp_path)] == [(f"legacy:{FRIEND}", ME), ("legacy:Éva", ME)]


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ("hello", "text", "hello"),
        ("a\nb", "text", "a\nb"),
        ("", "empty", ""),
        (None, "empty", ""),
        (" ", "empty", " "),
        ("(image reference: ../photos/1.jpg)", "media", ""),
        ("see (image reference: above)", "text", "see (image reference: above)"),
        (f"{FRIEND} sent a photo.", "media", f"{FRIEND} sent a photo."),
        ("you called me late", "text", "you called me late"),
    ],
)
def test_kinds(tmp_path: Path, message: str | None, kind: str, text: str) -> None:
    write(tmp_path / "a.json", thread(said(FRIEND, message)))
    assert [(m.kind, m.text) for m in read(tmp_path)] == [(kind, text)]


def test_people_without_names(tmp_path: Path) -> None:
    nobody = thread(said("Facebook User", "a"), people=("Facebook User",))
    number = thread(said("Éva", "b"), said(ME, "c"), people=("100001@facebook.com",))
    write(tmp_path / "a.json", nobody, nobody, number, thread(said(ME, "note"), people=()), thread(said(None, "d")))
    found = {m.thread_id: m for m in read(tmp_path)}
    assert sorted(found) == [
        "legacy:100001@facebook.com",
        "legacy:Facebook User #001",
        "legacy:Facebook User #002",
        f"legacy:{FRIEND}",
        f"legacy:{ME}",
    ]
    assert found["legacy:100001@facebook.com"].participants == ("Éva", ME)
    assert found[f"legacy:{ME}"].participants == (ME,)
    assert found[f"legacy:{FRIEND}"].sender == "Unknown"


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2013-10-04T22:04-07:00", NOW_MS),
        ("2013-10-05T05:04Z", NOW_MS),
        ("2013-10-05T05:04+00:00", NOW_MS),
        ("2013-10-05T10:34+05:30", NOW_MS),
        ("2013-10-05T01:34-03:30", NOW_MS),
    ],
)
def test_dates(tmp_path: Path, date: str, expected: int) -> None:
    write(tmp_path / "a.json", thread(said(FRIEND, "x", date)))
    assert [m.sent_at for m in read(tmp_path)] == [expected]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (said(FRIEND, "x", "2013-10-05T05:04"), "1 of its 2 messages have no usable time"),
        (said(FRIEND, "x", "yesterday"), "1 of its 2 messages have no usable time"),
        ({"sender": FRIEND, "message": "x"}, "1 of its 2 messages have no usable time"),
        ({"sender": FRIEND, "date": NOW, "message": 5}, "1 of its 2 messages cannot be read"),
        ({"sender": [], "date": NOW, "message": "x"}, "1 of its 2 messages cannot be read"),
        ("x", "1 of its 2 messages cannot be read"),
    ],
)
def test_a_damaged_message_is_counted(tmp_path: Path, capsys: Any, bad: Any, why: str) -> None:
    write(tmp_path / "a.json", thread(said(FRIEND, "kept"), bad))
    assert texts(tmp_path) == ["kept"]
    assert why in capsys.readouterr().err
    with pytest.raises(ArchiveError, match=r"a\.json"):
        read(tmp_path, strict=True)


@pytest.mark.parametrize("bad", [5, {}, {"participants": ["A"]}, {"participants": "A", "messages": []}])
def test_a_damaged_thread_is_counted(tmp_path: Path, capsys: Any, bad: Any) -> None:
    write(tmp_path / "a.json", thread(said(FRIEND, "kept")), bad)
    assert texts(tmp_path) == ["kept"]
    assert "1 of its 2 threads cannot be read" in capsys.readouterr().err


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
minutes = st.integers(min_value=0, max_value=2**26)
offset = st.integers(min_value=-12 * 60, max_value=14 * 60)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    people=st.lists(name, min_size=2, max_size=2, unique_by=folded),
    spoken=st.lists(st.tuples(minutes, anything, offset), min_size=1),
    pretty=st.booleans(),
)
def test_any_text_name_and_time_survive(people: list[str], spoken: list[tuple[int, str, int]], pretty: bool) -> None:
    friend, me = people
    spoken.sort(key=lambda one: one[0])
    lines = []
    for number, (minute, text, east) in enumerate(spoken):
        zone = timezone(timedelta(minutes=east))
        when = datetime.fromtimestamp(minute * 60, UTC).astimezone(zone).strftime("%Y-%m-%dT%H:%M")
        written = "Z" if not east else f"{'+' if east > 0 else '-'}{abs(east) // 60:02d}:{abs(east) % 60:02d}"
        lines.append(said(people[number % 2], text, when + written))
    data = {"user": me, "threads": [thread(*lines, people=(friend,))]}
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(data, ensure_ascii=False, **(PRETTY if pretty else {}))
        (Path(folder) / "a.json").write_text(text, encoding="utf-8")
        found = read(Path(folder))
    assert [(m.sender, m.sent_at) for m in found] == [
        (people[number % 2], minute * 60_000) for number, (minute, _, _) in enumerate(spoken)
    ]
    assert [m.text for m in found if m.kind == "text"] == [text for _, text, _ in spoken if text.strip()]
    assert {m.owner for m in found} == {me}


def test_no_damage_is_silent_or_a_traceback(tmp_path: Path, capsys: Any) -> None:
    """Bits are flipped and ends cut off: messages are whole, or the loss is reported."""
    file = tmp_path / "a.json"
    lines = [said((ME, FRIEND)[n % 2], f"number {n} ☃", f"2013-10-04T22:0{n}-07:00") for n in range(8)]
    data = write(file, thread(*lines), indent=1).read_bytes()
    random_ = random.Random(7)
    begin = data.index(b'"messages"') + 20
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
