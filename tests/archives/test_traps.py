"""Traps of real archives, in every format that has them, and mistakes that people make with them."""

import json
import subprocess
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import html_writers as hw
import pytest
from archive_writers import FRIEND, ME, ROOT, inbox, legacy, legacy_block, legacy_message, read, said, thread, write
from archive_writers import zipped as pack
from encrypted_writers import chat, encrypted, typed
from html_writers import message, page

from friendbot import archives
from friendbot.errors import ArchiveError

START = datetime(2017, 10, 14, 10, tzinfo=UTC)
ODD = "a\nb\tc\u2028d 👨‍👩‍👧 " + unicodedata.normalize("NFD", "é")


class Talk(NamedTuple):
    """A thread with some people besides the owner: minutes after `START`, senders and texts."""

    lines: Sequence[tuple[int, str, str]]
    people: tuple[str, ...] = (FRIEND,)
    title: str = FRIEND

    def timed(self) -> list[tuple[datetime, str, str]]:
        return [(START + timedelta(minutes=minute), who, text) for minute, who, text in self.lines]


def ms(time: datetime) -> int:
    return int(time.timestamp()) * 1000


def as_json(root: Path, *talks: Talk, base: str = ROOT) -> None:
    for number, talk in enumerate(talks):
        lines = [said(who, ms(time), text) for time, who, text in talk.timed()]
        write(
            root / base / f"inbox/x_{10**9 + number}/message_1.json", thread(lines, (*talk.people, ME), talk.title)
        )


def as_e2ee(root: Path, *talks: Talk) -> None:
    for number, talk in enumerate(talks):
        lines = [typed(who, ms(time), text) for time, who, text in talk.timed()]
        encrypted(root, f"{talk.title}_{number}", chat(lines, (ME, *talk.people), talk.title))


def as_html(root: Path, *talks: Talk) -> None:
    for number, talk in enumerate(talks):
        blocks = [message(who, text, hw.second(time), style="2021") for time, who, text in talk.timed()]
        people = f"Participants: {', '.join(talk.people)} and {ME}" if talk.people else f"Participants: {ME}"
        hw.thread(root, f"x_{10**9 + number}", page(blocks, style="2021", people=people, title=talk.title))


def as_legacy(root: Path, *talks: Talk) -> None:
    stamp = "{0:%A}, {0:%B} {0.day}, {0:%Y} at {0:%H}:{0:%M} UTC"
    legacy(
        root,
        *(
            legacy_block(
                [legacy_message(who, text, stamp.format(time)) for time, who, text in talk.timed()],
                ", ".join((*talk.people, ME)),
            )
            for talk in talks
        ),
    )


def as_whatsapp(root: Path, *talks: Talk) -> None:
    for number, talk in enumerate(talks):
        path = root / str(number) / f"WhatsApp Chat with {talk.title}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{time:%d/%m/%Y, %H:%M} - {who}: {text}\n" for time, who, text in talk.timed())
        path.write_text(lines, encoding="utf-8")


def dumped(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


def as_telegram(root: Path, *talks: Talk) -> None:
    chats = []
    for number, talk in enumerate(talks, 100):
        kind = {0: "saved_messages", 1: "personal_chat"}.get(len(talk.people), "private_group")
        lines = [
            {"type": "message", "date_unixtime": str(ms(time) // 1000), "from": who, "text": text}
            | {"from_id": "user1" if who == ME else f"user{number}" if kind != "private_group" else f"user7{len(who)}"}
            for time, who, text in talk.timed()
        ]
        chats.append({"name": talk.title, "type": kind, "id": number, "messages": lines})
    me = {"user_id": 1, "first_name": "Zoë", "last_name": "Me"}
    dumped(root / "result.json", {"personal_information": me, "chats": {"list": chats}})


def as_fbcap(root: Path, *talks: Talk) -> None:
    threads = [
        {
            "participants": [*talk.people],
            "messages": [{"sender": who, "date": f"{t:%Y-%m-%dT%H:%MZ}", "message": text} for t, who, text in talk.timed()],
        }
        for talk in talks
    ]
    dumped(root / "train-jan.json", {"user": ME, "threads": threads})


def as_instagram_old(root: Path, *talks: Talk) -> None:
    threads = [
        {
            "participants": [*talk.people, ME],
            "conversation": [{"sender": w, "created_at": t.isoformat(), "text": x} for t, w, x in talk.timed()][::-1],
        }
        for talk in talks
    ]
    dumped(root / "messages.json", threads)


as_instagram = partial(as_json, base="your_instagram_activity/messages")
Writer = Callable[..., None]
BY_ID: dict[str, Writer] = {"json": as_json, "instagram": as_instagram, "html": as_html, "telegram": as_telegram}
ALL = BY_ID | {"e2ee": as_e2ee, "whatsapp": as_whatsapp, "legacy": as_legacy, "fbcap": as_fbcap, "old": as_instagram_old}
each = pytest.mark.parametrize("name", ALL)
CHAT = Talk([(0, FRIEND, "z"), (0, ME, "a"), (0, FRIEND, "z"), (0, FRIEND, ODD), (0, ME, ""), (1, ME, "b")])


def found(path: Path) -> list[tuple[frozenset[str], list[str]]]:
    """People and texts of each thread; nothing may be said about it."""
    threads: dict[str, tuple[frozenset[str], list[str]]] = {}
    for one in read(path, owner=ME, timezone="UTC"):
        people, texts = threads.setdefault(one.thread_id, (frozenset(one.participants), []))
        texts.append(one.text)
    return sorted(threads.values(), key=lambda one: one[1])


@each
def test_a_moment_keeps_its_order_its_doubles_and_its_texts(tmp_path: Path, name: str, capsys: Any) -> None:
    ALL[name](tmp_path, CHAT)
    every = read(tmp_path, owner=ME, timezone="UTC")
    assert [(one.text, one.kind) for one in every] == [
        (text, "text" if text else "empty") for text in ("z", "a", "z", ODD, "", "b")
    ]
    assert {(one.participants[-1], one.owner) for one in every if name not in ("e2ee", "whatsapp")} <= {(ME, ME)}
    assert [one.sent_at for one in every] == [ms(START)] * 5 + [ms(START) + 60_000]
    assert capsys.readouterr() == ("", "")


@each
def test_a_byte_order_mark_changes_nothing(tmp_path: Path, name: str) -> None:
    ALL[name](tmp_path, CHAT)
    plain = read(tmp_path, owner=ME, timezone="UTC")
    for path in [*tmp_path.rglob("*.*")]:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(tmp_path, owner=ME, timezone="UTC") == plain


@each
def test_a_download_twice_in_zips_as_a_mac_makes_them_is_there_once(tmp_path: Path, name: str, capsys: Any) -> None:
    ALL[name](tmp_path / "in", CHAT)
    plain = found(tmp_path / "in")
    (tmp_path / "in/.DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (tmp_path / "zips").mkdir()
    for copy in ("", " (1)"):
        path = pack(tmp_path / "in", tmp_path / f"zips/facebook-zoe{copy}.zip", prefix="facebook-zoe/")
        with zipfile.ZipFile(path, "a") as file:
            for inner in file.namelist():
                file.writestr("__MACOSX/" + "/._".join(inner.rsplit("/", 1)), b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert found(tmp_path / "zips") == plain
    assert capsys.readouterr() == ("", "")


@each
def test_a_group_named_like_the_friend_is_another_thread(tmp_path: Path, name: str) -> None:
    group = Talk([(0, "Tom", "grp"), (1, FRIEND, "h"), (2, ME, "i")], (FRIEND, "Tom"))
    ALL[name](tmp_path, CHAT, group)
    texts = ["z", "a", "z", ODD, "", "b"]
    assert found(tmp_path) == [({ME, FRIEND, "Tom"}, ["grp", "h", "i"]), ({ME, FRIEND}, texts)]


@pytest.mark.parametrize("name", [*BY_ID, "e2ee", "whatsapp"])
def test_two_friends_of_one_name_stay_two(tmp_path: Path, name: str) -> None:
    first, second = (
        Talk([(day * 1440, (FRIEND, ME)[day % 2], f"{who} says {day}") for day in range(9)]) for who in "ab"
    )
    ALL[name](tmp_path, first, second)
    assert [texts for _, texts in found(tmp_path)] == [[f"{who} says {day}" for day in range(9)] for who in "ab"]


@pytest.mark.parametrize("name", [name for name in ALL if name != "whatsapp"])  # there the other one is named
def test_notes_to_oneself_and_empty_threads_beside_a_friend(tmp_path: Path, name: str, capsys: Any) -> None:
    notes, nobody = Talk([(5, ME, "milk")], (), ME), Talk([], ("Eve",), "Eve")
    ALL[name](tmp_path, notes, nobody, Talk([(0, FRIEND, "hi"), (1, ME, "yo")]))
    assert found(tmp_path) == [({ME, FRIEND}, ["hi", "yo"]), ({ME}, ["milk"])]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("whatsapp", "telegram")])  # they list senders
def test_who_left_is_a_sender_and_no_participant(tmp_path: Path, name: str) -> None:
    ALL[name](tmp_path, Talk([(0, FRIEND, "a"), (1, "Gone", "b"), (2, ME, "c")]))
    assert [(one.sender, {*one.participants}) for one in read(tmp_path, owner=ME, timezone="UTC")] == [
        (who, {ME, FRIEND}) for who in (FRIEND, "Gone", ME)
    ]


def test_a_legacy_group_that_was_left_is_not_mixed_into_the_friends_thread(tmp_path: Path) -> None:
    left = Talk([(minute, ("Gone", FRIEND)[minute % 2], f"group {minute}") for minute in range(6)])
    as_legacy(tmp_path, Talk([(9, FRIEND, "a"), (9, ME, "b")]), left)
    assert [texts for _, texts in found(tmp_path)] == [["a", "b"], [f"group {minute}" for minute in range(6)]]


@pytest.mark.parametrize(
    ("people", "when", "utc", "missed"),
    [
        ("Teilnehmer: {} und {}", "14. Okt. 2017, 17:05", 15, "Du hast einen Anruf von Ján verpasst."),
        ("Participants : {} et {}", "14 oct. 2017 à 17:05", 15, "Vous avez manqué un appel de Ján."),
        ("Participantes: {} y {}", "14 oct. 2017 5:05 p. m.", 15, "Perdiste una llamada de Ján."),
        ("Participantes: {} e {}", "dez 14, 2017 5:05 da tarde", 16, "Você perdeu uma ligação de Ján."),
        ("Partecipanti: {} e {}", "14 mar 2017, 17:05", 16, "Hai perso una chiamata di Ján."),
        ("Deelnemers: {} en {}", "mrt. 28, 2017 5:05:00 p.m.", 15, "Je hebt een oproep van Ján gemist."),
        ("Uczestnicy: {} i {}", "14 paź 2017, 17:05", 15, "Nieodebrane połączenie od: Ján."),
        ("Deltagare: {} och {}", "14 maj 2017 kl. 17:05", 15, "Du missade ett samtal från Ján."),
        ("Participants: {} and {}", "14 Jan 2017, 17:05", 16, "You missed a call from Ján."),
        ("Participants: {} and {}", "Jul 14, 2017, 5:05\u202fPM", 15, "You missed a video chat with Ján."),
    ],
)
def test_html_in_the_words_of_a_language(tmp_path: Path, people: str, when: str, utc: int, missed: str) -> None:
    blocks = [message(FRIEND, missed, when), message(ME, f"{missed} lol", when)]
    hw.thread(tmp_path, "x_1", page(blocks, people=people.format(FRIEND, ME)))
    every = read(tmp_path, owner=ME, timezone="Europe/Berlin")
    assert [(one.sender, one.kind, one.participants) for one in every] == [
        (FRIEND, "call", (FRIEND, ME)),
        (ME, "text", (FRIEND, ME)),
    ]
    assert {(time.hour, time.minute) for one in every if (time := datetime.fromtimestamp(one.sent_at / 1000, UTC))} == {
        (utc, 5)
    }
