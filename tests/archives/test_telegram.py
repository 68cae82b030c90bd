"""Telegram Desktop's result.json."""

import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from archive_writers import read, texts, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot import messages
from friendbot.archives.names import folded
from friendbot.errors import ArchiveError

ME, FRIEND = "Zoë Me", "Ján O'Friend"
MINE, THEIRS = "user222", "user111"
WHO = {ME: MINE, FRIEND: THEIRS}


def said(sender: str | None, time: int, text: Any = "", **facts: Any) -> dict[str, Any]:
    """A message as Telegram Desktop writes it; `time` in seconds."""
    entities = [{"type": "plain", "text": text}] if isinstance(text, str) and text else []
    return {
        "id": time,
        "type": "message",
        "date": "2020-09-13T14:26:40",
        "date_unixtime": str(time),
        "from": sender,
        "from_id": WHO.get(sender or "", "user333"),
        "text": text,
        "text_entities": entities,
        **facts,
    }


def chat(*said: dict[str, Any], name: str | None = FRIEND, kind: str = "personal_chat", number: int = 111) -> Any:
    return {"name": name, "type": kind, "id": number, "messages": [*said]}


def account(*chats: Any, left: tuple[Any, ...] = ()) -> dict[str, Any]:
    """All of an account's export that matters; first the words with which Telegram begins each section."""
    sections = {"left_chats": {"about": "You left.", "list": [*left]}} if left else {}
    return {
        "about": 'Here is the data you requested. Remember: Telegram is ad free, it doesn\'t use your data for "ads".',
        "personal_information": {"user_id": 222, "first_name": "Zoë", "last_name": "Me", "bio": ""},
        "profile_pictures": [],
        "contacts": {
            "about": "Contacts.",
            "list": [{"user_id": 111, "first_name": "Ján", "date": "2020-01-01T00:00:00"}],
        },
        "chats": {"about": "This page lists all chats.", "list": [*chats]},
        **sections,
    }


def write(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


HI = said(FRIEND, 1000, "hi")


def test_a_chat_of_its_own_tells_whose_it_is(tmp_path: Path) -> None:
    file = write(tmp_path / "ChatExport_2026-11-23" / "result.json", chat(HI, said(ME, 1000, "né 🚀")))
    first, second = read(tmp_path)
    assert first == messages.Message("telegram:111", FRIEND, (FRIEND, ME), ME, FRIEND, 1_000_000, 0, "text", "hi")
    assert (second.sender, second.sent_at, second.seq, second.text) == (ME, 1_000_000, 1, "né 🚀")
    assert read(file) == [first, second]
    assert read(zipped(tmp_path / "ChatExport_2026-11-23", tmp_path / "x.zip")) == [first, second]


def test_an_account_is_read_chat_by_chat(tmp_path: Path) -> None:
    group = chat(said("Éva", 5, "in"), said(ME, 6, "me"), name="crew", kind="private_group", number=7)
    other = chat(said("Éva", 9, "yo"), name="Éva", number=333)
    write(tmp_path / "result.json", account(chat(HI), other, left=(group,)))
    found = {m.thread_id: m for m in read(tmp_path)}
    assert {m.owner for m in found.values()} == {ME}
    assert found["telegram:7"].title == "crew"
    assert found["telegram:7"].participants == ("Éva", ME)
    assert found["telegram:111"].participants == (FRIEND, ME)
    assert found["telegram:333"].participants == ("Éva", ME)


def test_the_owner_goes_by_the_name_in_the_chats(tmp_path: Path) -> None:
    nick = {**said(ME, 2, "me"), "from": "zoë ✨"}
    write(tmp_path / "result.json", account(chat(HI, nick)))
    assert {(m.owner, m.participants) for m in read(tmp_path)} == {("zoë ✨", (FRIEND, "zoë ✨"))}


@pytest.mark.parametrize(
    ("facts", "kind", "text"),
    [
        ({"text": "hello"}, "text", "hello"),
        (
            {"text": ["see ", {"type": "bold", "text": "this"}, ": ", {"type": "link", "text": "x.y"}]},
            "text",
            "see this: x.y",
        ),
        (
            {"text": None, "text_entities": [{"type": "plain", "text": "a "}, {"type": "bold", "text": "b"}]},
            "text",
            "a b",
        ),
        ({"text": "look", "photo": "photos/a.jpg"}, "text", "look"),
        ({"photo": "photos/a.jpg"}, "media", ""),
        ({"photo": "(File not included. Change data exporting settings to download.)"}, "media", ""),
        ({"file": "s.webp", "media_type": "sticker", "sticker_emoji": "🙂"}, "media", ""),
        ({"file": "v.ogg", "media_type": "voice_message"}, "media", ""),
        ({"poll": {"question": "Q?", "answers": []}}, "media", ""),
        ({"location_information": {"latitude": 1.0, "longitude": 2.0}}, "media", ""),
        ({"contact_information": {"first_name": "A"}}, "media", ""),
        ({"text": "others' words", "forwarded_from": "Éva"}, "share", "others' words"),
        ({"text": "words of the gone", "forwarded_from": None}, "share", "words of the gone"),
        ({"text": "a bot's", "via_bot": "@gif"}, "share", "a bot's"),
        ({"text": "changed", "edited": "2020-09-13T14:27:40", "edited_unixtime": "1"}, "text", "changed"),
        ({"type": "service", "actor": FRIEND, "actor_id": THEIRS, "action": "phone_call"}, "call", ""),
        ({"type": "service", "actor": FRIEND, "actor_id": THEIRS, "action": "pin_message"}, "system", ""),
        ({"text": " \n"}, "empty", " \n"),
        ({}, "empty", ""),
        ({"text": []}, "empty", ""),
    ],
)
def test_kinds(tmp_path: Path, facts: dict[str, Any], kind: str, text: str) -> None:
    write(tmp_path / "result.json", account(chat(HI, said(ME, 2000, **facts))))
    found = read(tmp_path)[1]
    assert (found.kind, found.text) == (kind, text)


def test_a_service_message_is_by_who_acted(tmp_path: Path) -> None:
    call = {
        "id": 1,
        "type": "service",
        "date_unixtime": "3",
        "actor": ME,
        "actor_id": MINE,
        "action": "phone_call",
        "text": "",
    }
    gift = {"id": 1, "type": "service", "date_unixtime": "4", "action": "send_payment", "text": ""}
    write(tmp_path / "result.json", chat(said(ME, 2, "x"), call, gift, HI))
    assert [(m.sent_at, m.sender, m.kind) for m in read(tmp_path)] == [
        (2000, ME, "text"),
        (3000, ME, "call"),
        (4000, FRIEND, "system"),
        (1_000_000, FRIEND, "text"),
    ]


def test_deleted_accounts_have_no_name_and_are_not_one(tmp_path: Path) -> None:
    gone = {**said(None, 1, "bye"), "from_id": "user5"}
    other = {**said(None, 1, "ciao"), "from_id": "user6"}
    write(tmp_path / "result.json", account(chat(gone, name=None, number=5), chat(other, name=None, number=6)))
    found = read(tmp_path)
    assert [(m.thread_id, m.sender) for m in found] == [
        ("telegram:5", "Deleted Account"),
        ("telegram:6", "Deleted Account"),
    ]
    assert {m.participants for m in found} == {("Deleted Account", ME)}


def test_two_people_of_one_name_are_told_apart_by_their_accounts(tmp_path: Path) -> None:
    me = {**said(ME, 1, "mine"), "from": FRIEND}
    write(tmp_path / "result.json", chat(me, HI))
    assert [(m.sender, m.owner, m.text) for m in read(tmp_path)] == [
        (FRIEND, FRIEND, "mine"),
        (f"{FRIEND} (2)", FRIEND, "hi"),
    ]


def test_a_friend_who_never_wrote_takes_part(tmp_path: Path) -> None:
    write(tmp_path / "result.json", account(chat(said(ME, 1, "hello?"))))
    assert read(tmp_path)[0].participants == (FRIEND, ME)


def test_saved_messages_are_notes_to_oneself(tmp_path: Path) -> None:
    saved = {"type": "saved_messages", "id": 222, "messages": [said(ME, 1, "milk"), said("Éva", 2, "her words")]}
    write(tmp_path / "result.json", account(chat(HI), saved))
    notes = [m for m in read(tmp_path) if m.thread_id == "telegram:222"]
    assert [(m.sender, m.kind) for m in notes] == [(ME, "text"), (ME, "share")]
    assert {(m.participants, m.title) for m in notes} == {((ME,), ME)}


def test_exports_from_before_2021_have_local_times_and_other_numbers(tmp_path: Path, capsys: Any) -> None:
    old = [
        {"id": 1, "type": "message", "date": "2019-07-01T12:00:05", "from": who, "from_id": number, "text": "x"}
        for who, number in ((FRIEND, 111), (ME, 222))
    ]
    write(tmp_path / "result.json", chat(*old, number=111 + 2**32))
    found = read(tmp_path)
    assert [(m.sent_at, m.sender, m.owner) for m in found] == [
        (1_561_982_405_000, FRIEND, ME),
        (1_561_982_405_000, ME, ME),
    ]
    assert "were taken as UTC: set parse.timezone" in capsys.readouterr().err
    assert read(tmp_path, timezone="Europe/Berlin")[0].sent_at == 1_561_982_405_000 - 7_200_000
    assert "UTC" not in capsys.readouterr().err


def test_two_exports_of_a_chat_are_one(tmp_path: Path) -> None:
    write(tmp_path / "a" / "result.json", chat(said(ME, 1, "a"), said(ME, 2, "b")))
    write(tmp_path / "b" / "result.json", account(chat(said(ME, 2, "b"), said(FRIEND, 3, "c"))))
    assert texts(tmp_path) == ["a", "b", "c"]


def test_numbers_of_people_and_groups_may_be_equal(tmp_path: Path) -> None:
    group = chat(said(ME, 1, "in"), said("Éva", 1, "in"), name="crew", kind="public_supergroup", number=111)
    write(tmp_path / "result.json", account(chat(HI), group))
    assert sorted({m.thread_id for m in read(tmp_path)}) == ["telegram:111", "telegram:111#2"]


def test_what_telegram_itself_could_not_export_is_said(tmp_path: Path, capsys: Any) -> None:
    write(tmp_path / "result.json", chat(HI, said(ME, 2000, "x"), {"id": 3, "type": "unsupported"}))
    assert texts(tmp_path, strict=True) == ["hi", "x"]
    assert "1 messages are of kinds" in capsys.readouterr().err


def test_a_note_is_one_line_whatever_a_chat_is_called(tmp_path: Path, capsys: Any) -> None:
    kinds = said(ME, 2000, type="unsupported"), said(ME, 3000, "né")
    write(tmp_path / "result.json", chat(HI, *kinds, name="a\nwarning: \x1b[2Jb"))
    read(tmp_path, owner=ME)
    note = f"note: {tmp_path.name}/result.json (a warning: [2Jb): 1 messages are of kinds that this Telegram could not"
    assert [line[: len(note)] for line in capsys.readouterr().err.splitlines()] == [note]


def test_a_byte_order_mark_and_telegrams_control_characters(tmp_path: Path) -> None:
    file = write(tmp_path / "result.json", chat(HI, said(ME, 2000, "kept")))
    data = file.read_bytes().replace(b'"kept"', rb'"a\x08b \\x41 \ud83d. \ud83d\ude00"')
    file.write_bytes(b"\xef\xbb\xbf" + data)
    assert texts(tmp_path, strict=True) == ["hi", "a\bb \\x41 \ufffd. 😀"]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"text": 5}, "1 of its 3 messages cannot be read"),
        ({"text": [5]}, "1 of its 3 messages cannot be read"),
        ({"from": {}}, "1 of its 3 messages cannot be read"),
        ({"date_unixtime": "soon"}, "1 of its 3 messages have no usable time"),
        ({"date_unixtime": "99999999999999"}, "1 of its 3 messages have no usable time"),
        ({"date_unixtime": None, "date": "1st of May"}, "1 of its 3 messages have no usable time"),
    ],
)
def test_a_damaged_message_is_counted(tmp_path: Path, capsys: Any, bad: dict[str, Any], why: str) -> None:
    write(tmp_path / "result.json", chat(HI, {**said(ME, 1500, "lost"), **bad}, said(ME, 2000, "b")))
    assert texts(tmp_path) == ["hi", "b"]
    assert why in capsys.readouterr().err
    with pytest.raises(ArchiveError, match=r"result\.json"):
        read(tmp_path, strict=True)


@pytest.mark.parametrize("bad", [5, "x", {"name": "A", "type": "personal_chat", "id": 1}])
def test_a_damaged_chat_is_counted(tmp_path: Path, capsys: Any, bad: Any) -> None:
    write(tmp_path / "result.json", account(chat(HI), bad))
    assert texts(tmp_path) == ["hi"]
    assert capsys.readouterr().err.count(" is damaged: 1 of its 2 chats") == 1


@pytest.mark.parametrize("bad", [{}, "x", 5, None, [5]])
def test_messages_that_are_none(tmp_path: Path, capsys: Any, bad: Any) -> None:
    write(tmp_path / "result.json", account(chat(HI), {**chat(number=9), "messages": bad}))
    assert texts(tmp_path) == ["hi"]
    assert "1 of its 1 messages cannot be read" in capsys.readouterr().err


def test_other_files_are_left_to_other_readers(tmp_path: Path) -> None:
    write(tmp_path / "contacts.json", {"contacts": {"list": [{"user_id": 5}]}})
    write(tmp_path / "inbox/a_1/message_1.json", {"participants": [{"name": ME}, {"name": "A"}], "messages": []})
    write(tmp_path / "result.json", chat(HI, said(ME, 2000, '"sender_name": "from_id": "user1"')))
    assert len(texts(tmp_path, strict=True)) == 2


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
name = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
moment = st.integers(min_value=0, max_value=2**32)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    people=st.lists(name, min_size=2, max_size=2, unique_by=folded),
    spoken=st.lists(st.tuples(moment, st.lists(anything, min_size=1, max_size=3), st.booleans()), min_size=1),
    ascii_only=st.booleans(),
)
def test_any_text_name_and_time_survive(
    people: list[str], spoken: list[tuple[int, list[str], bool]], ascii_only: bool
) -> None:
    friend, me = people
    spoken.sort(key=lambda one: one[0])
    lines = []
    for time, parts, mine in spoken:
        text: Any = parts[0] if len(parts) == 1 else [{"type": "bold", "text": parts[0]}, *parts[1:]]
        lines.append({**said(me if mine else friend, time, text), "from_id": MINE if mine else THEIRS})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        file.write_text(json.dumps(account(chat(*lines, name=friend)), ensure_ascii=ascii_only), encoding="utf-8")
        found = read(Path(folder))
    owners = {one["from"] for one in lines if one["from_id"] == MINE} or {"Zoë Me"}
    assert {m.owner for m in found} == owners
    assert [(m.sent_at, m.text) for m in found] == [(time * 1000, "".join(parts)) for time, parts, _ in spoken]
    if friend not in owners:
        assert [m.sender for m in found] == [one["from"] for one in lines]
    assert [m.kind for m in found] == ["text" if m.text.strip() else "empty" for m in found]


def test_no_damage_is_silent_or_a_traceback(tmp_path: Path, capsys: Any) -> None:
    """Bits are flipped and ends cut off: messages are whole, or the loss is reported."""
    lines = [said((ME, FRIEND)[n % 2], 1000 + n, f"number {n} ☃") for n in range(8)]
    data = write(tmp_path / "result.json", account(chat(*lines))).read_bytes()
    begin = data.index(b'"chats"')
    random_ = random.Random(7)
    for _ in range(150):
        broken = bytearray(data)
        place = random_.randrange(begin, len(data))
        broken[place] ^= 1 << random_.randrange(8)
        (tmp_path / "result.json").write_bytes(broken if random_.random() < 0.7 else broken[:place])
        try:
            found = read(tmp_path, owner=None)
        except ArchiveError:
            continue
        assert len(found) == len(lines) or "damaged" in capsys.readouterr().err
