"""Messenger's download of end-to-end encrypted chats."""

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from archive_writers import FRIEND, ME, ROOT, read, said, texts, thread, write
from encrypted_writers import chat, encrypted, typed
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.errors import ArchiveError
from friendbot.messages import Message

LITERAL = """{
  "participants": ["Zo\u00eb Me", "J\u00e1n O'Friend"],
  "threadName": "J\u00e1n O'Friend_12",
  "messages": [
    {"isUnsent": false, "media": [], "reactions": [{"actor": "Zo\u00eb Me", "reaction": "\U0001f44d"}],
     "senderName": "J\u00e1n O'Friend", "text": "n\u00e9, \\"hi\\"\\n\U0001f680",
     "timestamp": 1717321402123, "type": "text"},
    {"isUnsent": false, "media": [{"uri": "./media/photo.jpg"}], "reactions": [],
     "senderName": "Zo\u00eb Me", "text": "", "timestamp": 1717321403000, "type": "media"}
  ]
}
"""


def kinds(path: Path, **options: Any) -> list[str]:
    return [message.kind for message in read(path, owner=ME, **options)]


def test_a_file_as_messenger_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "messages" / "J\u00e1n O'Friend_12.json"
    file.parent.mkdir()
    file.write_text(LITERAL, encoding="utf-8")
    people, id_ = (ME, FRIEND), f"e2ee:{FRIEND}_12"
    expected = [
        Message(id_, FRIEND, people, ME, FRIEND, 1717321402123, 0, "text", 'n\u00e9, "hi"\n\U0001f680'),
        Message(id_, FRIEND, people, ME, ME, 1717321403000, 1, "media", ""),
    ]
    assert read(tmp_path, owner=ME, strict=True) == expected
    assert read(file, owner=ME, strict=True) == expected


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"text": "hello"}, "text"),
        ({"text": "hello", "type": "Generic"}, "text"),
        ({"text": "look", "type": "media", "media": [{"uri": "./media/a.jpg"}]}, "text"),
        ({"type": "media", "media": [{"uri": "./media/a.jpg"}]}, "media"),
        ({"type": "media", "media": [{"uri": "Failed to download media"}]}, "media"),
        ({"type": "media"}, "media"),
        ({"text": "https://a.example", "type": "link"}, "share"),
        ({"text": "", "type": "placeholder"}, "unsent"),
        ({"text": "oops", "type": "placeholder"}, "unsent"),
        ({"text": "oops", "isUnsent": True}, "unsent"),
        ({"isUnsent": True, "type": "media", "media": [{"uri": "./media/a.jpg"}]}, "unsent"),
        ({"text": f"{FRIEND} unsent a message."}, "unsent"),
        ({"text": f"{FRIEND} called you."}, "call"),
        ({"text": "you called me late"}, "text"),
        ({"text": " \n"}, "empty"),
        ({}, "empty"),
    ],
)
def test_kinds(tmp_path: Path, facts: dict[str, Any], kind: str) -> None:
    (found,) = read(encrypted(tmp_path, "a_1", chat([typed(FRIEND, 1, **facts)])), owner=ME)
    assert found.kind == kind
    assert found.text == ("" if kind == "unsent" else facts.get("text", ""))


def test_messages_come_in_any_order(tmp_path: Path) -> None:
    lines = [typed(ME, time, f"at {time}") for time in range(20)]
    random.Random(1).shuffle(lines)
    assert texts(encrypted(tmp_path, "a_1", chat(lines)), owner=ME) == [f"at {time}" for time in range(20)]


@pytest.mark.parametrize("newest_first", [False, True])
def test_equal_times_keep_the_order_in_which_they_were_said(tmp_path: Path, newest_first: bool) -> None:
    lines = [typed(ME, time, f"{time} {letter}") for time in range(3) for letter in "abc"]
    root = encrypted(tmp_path, "a_1", chat(lines[::-1] if newest_first else lines))
    assert texts(root, owner=ME) == [line["text"] for line in lines]


def test_empty_threads_are_no_threads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    encrypted(tmp_path, "b_2", chat([], (ME, "Bob"), "Bob"))
    with pytest.raises(ArchiveError, match="hold no message at all"):
        read(tmp_path)
    encrypted(tmp_path, "a_1", chat([typed(ME, 1, "hi")]))
    assert texts(tmp_path, owner=ME, strict=True) == ["hi"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("file", "name", "title"),
    [
        ("Crew 🚀_7", "Crew 🚀", "Crew 🚀"),
        ("Crew 🚀_7", "Crew 🚀_7", "Crew 🚀"),
        ("Trip_2_2", "Trip_2", "Trip_2"),
        ("Trip_2_14", "Trip_2", "Trip_2"),
        ("_3", "", f"{FRIEND}, Ann"),
        ("Crew (1)", "Crew", "Crew"),
        ("Crew", "Crew", "Crew"),
    ],
)
def test_titles(tmp_path: Path, file: str, name: str, title: str) -> None:
    root = encrypted(tmp_path, file, chat([typed(ME, 1, "hi")], (ME, FRIEND, "Ann"), name))
    (found,) = read(root, owner=ME)
    assert (found.thread_id, found.title) == (f"e2ee:{file}", title)


def test_the_owner_is_who_is_in_every_thread(tmp_path: Path) -> None:
    encrypted(tmp_path, "a_1", chat([typed(FRIEND, 1, "hi")]))
    encrypted(tmp_path, "b_2", chat([typed("Bob", 1, "hi")], ("Bob", ME), "Bob"))
    assert {m.owner for m in read(tmp_path)} == {ME}


def test_keys_come_in_any_order(tmp_path: Path) -> None:
    lines = [typed(FRIEND, time, "x" * 200) for time in range(2000)]
    turned = dict(reversed(chat(lines).items()))
    turned["messages"] = [dict(reversed(line.items())) for line in lines]
    root = encrypted(tmp_path, "a_1", turned)
    assert len(texts(root, owner=ME)) == 2000


def test_a_message_longer_than_the_head_of_a_file(tmp_path: Path) -> None:
    long = {"text": "x" * 100_000, "senderName": ME, "timestamp": 1}
    root = encrypted(tmp_path, "a_1", {"messages": [long], "participants": [ME, FRIEND]})
    assert [len(text) for text in texts(root, owner=ME)] == [100_000]
    encrypted(tmp_path, "a_1", {"messages": [long]})
    with pytest.raises(ArchiveError, match=r"a_1\.json is damaged: half a thread"):
        read(root, owner=ME)
    encrypted(tmp_path, "a_1", {"messages": [{"text": "x" * 100_000}], "participants": [ME, FRIEND]})
    with pytest.raises(ArchiveError, match=r"a_1\.json is damaged: "):
        read(root, owner=ME)


def test_a_byte_order_mark(tmp_path: Path) -> None:
    for mojibake in (False, True):
        root = encrypted(tmp_path, "a_1", chat([typed(FRIEND, 1, "né 🚀")]), mojibake=mojibake)
        file = root / "messages" / "a_1.json"
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
        (found,) = read(root, owner=ME, strict=True)
        assert (found.sender, found.text) == (FRIEND, "né 🚀")


def test_half_surrogates_can_be_written(tmp_path: Path) -> None:
    file = encrypted(tmp_path, "a_1", chat([typed(FRIEND, 1, "HERE né")])) / "messages" / "a_1.json"
    file.write_text(file.read_text(encoding="utf-8").replace("HERE", r"\ud83d"), encoding="utf-8")
    (found,) = read(tmp_path, owner=ME)
    assert (found.sender, found.text) == (FRIEND, "\ufffd né")
    assert found.text.encode()


def test_escaped_text_is_not_taken_for_bytes(tmp_path: Path) -> None:
    """All ASCII, yet real text: characters above U+00FF, or none that bytes of UTF-8 would give."""
    for text in ("čaj", "café", "naïve Ünal"):
        thread = chat([typed(FRIEND, 1, text)], (ME, FRIEND), FRIEND)
        (tmp_path / "a_1.json").write_text(json.dumps(thread))
        (found,) = read(tmp_path, owner=ME)
        assert (found.sender, found.text) == (FRIEND, text)


def test_bytes_are_read_as_text_though_one_string_was_cut(tmp_path: Path) -> None:
    lines = [typed(FRIEND, 1, "né"), typed(FRIEND, 2, "CUT")]
    file = encrypted(tmp_path, "a_1", chat(lines), mojibake=True) / "messages" / "a_1.json"
    file.write_text(file.read_text().replace("CUT", r"caf\u00c3"))
    assert texts(tmp_path, owner=ME) == ["né", "caf\u00c3"]


DAMAGES = {
    "truncated": lambda data: data[: len(data) // 2],
    "cut at once": lambda data: data[:10],
    "empty": lambda data: b"",
    "random": lambda data: random.Random(3).randbytes(500),
    "no text": lambda data: data.replace(b"hi", b"\xff\xfe"),
    "deep": lambda data: data[:-1] + b', "x": ' + b"[" * 100_000,
    "a list": lambda data: b"[" + data + b"]",
    "no messages": lambda data: data.replace(b'"messages"', b'"massages"'),
    "no participants": lambda data: data.replace(b'"participants"', b'"partycipants"'),
    "messages are none": lambda data: b'{"participants": ["A"], "threadName": "A", "messages": null}',
    "people are none": lambda data: b'{"participants": null, "threadName": "A", "messages": []}',
    "messages are text": lambda data: b'{"participants": ["A"], "threadName": "A", "messages": ["hi"]}',
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_beside_good_ones_is_named(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 5):
        encrypted(tmp_path, f"Friend {number}_{number}", chat([typed(FRIEND, number, "hi")]))
    file = tmp_path / "messages" / "Friend 3_3.json"
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert {m.thread_id for m in read(tmp_path, owner=ME)} == {f"e2ee:Friend {n}_{n}" for n in (1, 2, 4)}
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ")
    assert "Friend 3_3.json is damaged: " in warning
    assert warning.count("\n") == 1
    with pytest.raises(ArchiveError, match=r"Friend 3_3\.json is damaged"):
        read(tmp_path, owner=ME, strict=True)


def test_a_damaged_file_alone_in_its_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "json" / ROOT / "inbox/jan_1/message_1.json", thread([said(FRIEND, 1, "hi")]))
    (tmp_path / "e2ee").mkdir()
    (tmp_path / "e2ee" / f"{FRIEND}_1.json").write_bytes(b'{"parti')
    assert texts(tmp_path, owner=ME) == ["hi"]
    assert f"{FRIEND}_1.json is damaged" in capsys.readouterr().err


def test_values_of_wrong_types(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[Any] = [
        typed(FRIEND, 1, "kept"),
        {"timestamp": 2},
        {"senderName": 5, "timestamp": 3.0, "text": ["x"], "media": "y", "type": {}},
        {"senderName": "", "timestamp": 4, "text": "who?"},
    ]
    lost: list[Any] = ["no object", 7, None, typed(FRIEND, "5", "a"), typed(FRIEND, None), typed(FRIEND, 10**30)]
    lost += [typed(FRIEND, True), typed(FRIEND, float("nan"))]
    people: list[Any] = [ME, FRIEND, 5, None, ""]
    encrypted(tmp_path, "a_1", chat(lines + lost[:-1], people))
    found = read(tmp_path, owner=ME)
    assert [(m.sender, m.sent_at, m.kind, m.text) for m in found] == [
        (FRIEND, 1, "text", "kept"),
        ("Unknown", 2, "empty", ""),
        ("Unknown", 3, "media", ""),
        ("Unknown", 4, "text", "who?"),
    ]
    assert found[0].participants == (ME, FRIEND)
    warning = capsys.readouterr().err
    assert "3 of its 11 messages cannot be read" in warning
    assert "4 of its 8 messages have no usable time" in warning


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    for root in ("old", "new"):
        for number in (1, 2):
            lines = [typed(FRIEND, time, f"{number} {time}") for time in range(number * 10)]
            encrypted(tmp_path / root, f"{FRIEND}_{number}", chat(lines))
    steps: list[int] = []
    read(tmp_path, owner=ME, progress=lambda done, total: steps.append(done))
    # To compare copies takes a look that is no progress: after each of four files, and at the end.
    assert len(steps) == 5
    assert steps == sorted(steps)
    assert steps[2] < steps[3] == steps[4] == sum(path.stat().st_size for path in tmp_path.rglob("*.json"))


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
moment = st.integers(min_value=0, max_value=2**42)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    people=st.lists(name, min_size=2, max_size=2, unique=True),
    spoken=st.lists(st.tuples(moment, anything), min_size=1, max_size=8),
    mojibake=st.booleans(),
)
def test_any_text_name_and_time_survive(people: list[str], spoken: list[tuple[int, str]], mojibake: bool) -> None:
    spoken.sort(key=lambda one: one[0])
    lines = [typed(people[number % 2], time, text) for number, (time, text) in enumerate(spoken)]
    with tempfile.TemporaryDirectory() as folder:
        encrypted(Path(folder), "a", chat(lines, people, people[0]), mojibake=mojibake)
        found = read(Path(folder), owner=people[1])
    assert [(m.sender, m.sent_at, m.text) for m in found] == [
        (one["senderName"], one["timestamp"], one["text"]) for one in lines
    ]
    assert found[0].participants == tuple(people)
    assert found[0].title == people[0]
