"""Traps of real archives, in every format that has them, and mistakes that people make with them."""

import json
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import Mock

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
    lines: Sequence[tuple[int, str, str]]  # minutes after START, senders, texts
    people: tuple[str, ...] = (FRIEND,)
    title: str = FRIEND

    def timed(self) -> list[tuple[datetime, str, str]]:
        return [(START + timedelta(minutes=minute), who, text) for minute, who, text in self.lines]


def ms(time: datetime) -> int:
    return int(time.timestamp()) * 1000


def saved(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def as_json(root: Path, *talks: Talk, base: str = ROOT) -> None:
    for number, talk in enumerate(talks, 10**9):
        lines = [said(who, ms(time), text) for time, who, text in talk.timed()]
        write(root / base / f"inbox/x_{number}/message_1.json", thread(lines, (*talk.people, ME), talk.title))


def as_e2ee(root: Path, *talks: Talk) -> None:
    for number, talk in enumerate(talks):
        lines = [typed(who, ms(time), text) for time, who, text in talk.timed()]
        encrypted(root, f"{talk.title}_{number}", chat(lines, (ME, *talk.people), talk.title))


def as_html(root: Path, *talks: Talk) -> None:
    for number, talk in enumerate(talks, 10**9):
        blocks = [message(who, text, hw.second(time), style="2021") for time, who, text in talk.timed()]
        people = f"Participants: {', '.join(talk.people)} and {ME}" if talk.people else f"Participants: {ME}"
        hw.thread(root, f"x_{number}", page(blocks, style="2021", people=people, title=talk.title))


def as_legacy(root: Path, *talks: Talk) -> None:
    stamp = "{0:%A}, {0:%B} {0.day}, {0:%Y} at {0:%H}:{0:%M} UTC"
    blocks = [[legacy_message(who, text, stamp.format(time)) for time, who, text in one.timed()] for one in talks]
    people = [", ".join((*talk.people, ME)) for talk in talks]
    legacy(root, *map(legacy_block, blocks, people))


def as_whatsapp(root: Path, *talks: Talk) -> None:
    for number, talk in enumerate(talks):
        lines = "".join(f"{time:%d/%m/%Y, %H:%M} - {who}: {text}\n" for time, who, text in talk.timed())
        saved(root / str(number) / f"WhatsApp Chat with {talk.title}.txt", lines)


def as_telegram(root: Path, *talks: Talk) -> None:
    chats = []
    for number, talk in enumerate(talks, 100):
        kind = {0: "saved_messages", 1: "personal_chat"}.get(len(talk.people), "private_group")
        ids = {ME: "user1", "Tom": "user2"}
        lines = [
            {
                "date_unixtime": str(ms(time) // 1000),
                "from": who,
                "from_id": ids.get(who, f"user{number}"),
                "text": text,
            }
            for time, who, text in talk.timed()
        ]
        lines = [{"type": "message", **line} for line in lines]
        chats += [{"name": talk.title, "type": kind, "id": number, "messages": lines}]
    me = {"user_id": 1, "first_name": "Zoë", "last_name": "Me"}
    saved(root / "result.json", json.dumps({"personal_information": me, "chats": {"list": chats}}))


def as_fbcap(root: Path, *talks: Talk) -> None:
    threads = []
    for talk in talks:
        lines = [{"sender": who, "date": f"{t:%Y-%m-%dT%H:%MZ}", "message": text} for t, who, text in talk.timed()]
        threads.append({"participants": [*talk.people], "messages": lines})
    saved(root / "train-jan.json", json.dumps({"user": ME, "threads": threads}))


def as_instagram_old(root: Path, *talks: Talk) -> None:
    threads = []
    for talk in talks:
        lines = [{"sender": who, "created_at": time.isoformat(), "text": text} for time, who, text in talk.timed()]
        threads.append({"participants": [*talk.people, ME], "conversation": lines[::-1]})
    saved(root / "messages.json", json.dumps(threads))


ALL: dict[str, Callable[..., None]] = {"json": as_json, "html": as_html, "e2ee": as_e2ee, "legacy": as_legacy}
ALL |= {"telegram": as_telegram, "whatsapp": as_whatsapp, "fbcap": as_fbcap, "instagram_old": as_instagram_old}
ALL["instagram"] = partial(as_json, base="your_instagram_activity/messages")
CHAT = Talk([(0, FRIEND, "z"), (0, ME, "a"), (0, FRIEND, "z"), (0, FRIEND, ODD), (0, ME, ""), (1, ME, "b")])
TEXTS = ["z", "a", "z", ODD, "", "b"]


def but(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in ALL if name not in names])


def found(path: Path) -> list[tuple[frozenset[str], list[str]]]:
    threads: dict[str, tuple[frozenset[str], list[str]]] = {}
    for one in read(path, owner=ME, timezone="UTC"):
        threads.setdefault(one.thread_id, (frozenset(one.participants), []))[1].append(one.text)
    return sorted(threads.values(), key=lambda one: one[1])


@but()
def test_a_moment_keeps_its_order_its_doubles_and_its_texts(tmp_path: Path, name: str, capsys: Any) -> None:
    ALL[name](tmp_path, CHAT)
    every = read(tmp_path, owner=ME, timezone="UTC")
    assert [(one.text, one.kind) for one in every] == [(text, "text" if text else "empty") for text in TEXTS]
    assert [one.sent_at for one in every] == [ms(START)] * 5 + [ms(START) + 60_000]
    assert capsys.readouterr() == ("", "")


@but()
def test_twice_in_zips_of_a_mac_once_with_byte_order_marks(tmp_path: Path, name: str, capsys: Any) -> None:
    ALL[name](tmp_path / "in", CHAT)
    plain = found(tmp_path / "in")
    (tmp_path / "in/.DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (tmp_path / "zips").mkdir()
    for copy in ("", " (1)"):
        path = pack(tmp_path / "in", tmp_path / f"zips/facebook-zoe{copy}.zip", prefix="facebook-zoe/")
        with zipfile.ZipFile(path, "a") as file:
            for inner in file.namelist():
                file.writestr("__MACOSX/" + "/._".join(inner.rsplit("/", 1)), b"\0\5\x16\7\0\2\0\0Mac OS X")
        for one in [*(tmp_path / "in").rglob("*.*")]:
            one.write_bytes(b"\xef\xbb\xbf" + one.read_bytes())
    assert found(tmp_path / "zips") == plain
    assert capsys.readouterr() == ("", "")


@but()
def test_a_group_named_like_the_friend_is_another_thread(tmp_path: Path, name: str) -> None:
    ALL[name](tmp_path, CHAT, Talk([(0, "Tom", "grp"), (1, FRIEND, "h"), (2, ME, "i")], (FRIEND, "Tom")))
    assert found(tmp_path) == [({ME, FRIEND, "Tom"}, ["grp", "h", "i"]), ({ME, FRIEND}, TEXTS)]


@but("legacy", "fbcap", "instagram_old")  # they know threads by names alone
def test_two_friends_of_one_name_stay_two(tmp_path: Path, name: str) -> None:
    texts = [[f"{who} says something on day {day}" for day in range(9)] for who in "ab"]
    ALL[name](tmp_path, *(Talk([(1440 * d, (FRIEND, ME)[d % 2], said) for d, said in enumerate(one)]) for one in texts))
    assert [texts for _, texts in found(tmp_path)] == texts


@but("whatsapp")  # its file names another
def test_notes_to_oneself_and_empty_threads_beside_a_friend(tmp_path: Path, name: str, capsys: Any) -> None:
    ALL[name](tmp_path, Talk([(5, ME, "a note")], (), ME), Talk([], ("Eve",), "Eve"), CHAT)
    assert found(tmp_path) == [({ME}, ["a note"]), ({ME, FRIEND}, TEXTS)]
    assert capsys.readouterr() == ("", "")


@but("whatsapp", "telegram")  # they list nobody but senders
def test_who_left_is_a_sender_and_no_participant(tmp_path: Path, name: str) -> None:
    ALL[name](tmp_path, Talk([(0, FRIEND, "a"), (1, "Gone", "b"), (2, ME, "c")]))
    every = read(tmp_path, owner=ME, timezone="UTC")
    assert [(one.sender, len(one.participants)) for one in every] == [(FRIEND, 2), ("Gone", 2), (ME, 2)]


@pytest.mark.parametrize(
    ("people", "when", "utc", "missed"),
    [
        ("Teilnehmer: {} und {}", "14. Okt. 2017, 17:05", 15, "Du hast einen Anruf von Ján verpasst."),
        ("Participants : {} et {}", "14 oct. 2017 à 17:05", 15, "Vous avez manqué un appel de Ján."),
        ("Participantes: {} y {}", "14 oct. 2017 5:05 p. m.", 15, "Perdiste una llamada de Ján."),
        ("Participantes: {} e {}", "dez 14, 2017 5:05 da tarde", 16, "Você perdeu uma ligação de Ján."),
        ("Partecipanti: {} e {}", "14 mar 2017, 17:05", 16, "Hai perso una chiamata di Ján."),
        ("Deelnemers: {} en {}", "mrt. 28, 2017 5:05:00 p.m.", 15, "Je hebt een oproep van Ján gemist."),
        ("Uczestnicy: {} i {}", "14 paź 2017, 17:05", 15, "Masz nieodebrane połączenie od użytkownika Ján."),
        ("Deltagare: {} och {}", "14 maj 2017 kl. 17:05", 15, "Du missade ett samtal från Ján."),
        ("Participants: {} and {}", "14 Jan 2017, 17:05", 16, "You missed a call from Ján."),
        ("Participants: {} and {}", "Jul 14, 2017, 5:05\u202fPM", 15, "You missed a video chat with Ján."),
    ],
)
def test_html_in_the_words_of_a_language(tmp_path: Path, people: str, when: str, utc: int, missed: str) -> None:
    blocks = [message(FRIEND, missed, when), message(ME, f"{missed} lol", when)]
    hw.thread(tmp_path, "x_1", page(blocks, people=people.format(FRIEND, ME)))
    first, last = read(tmp_path, owner=ME, timezone="Europe/Berlin")
    assert (first.kind, last.kind, first.participants) == ("call", "text", (FRIEND, ME))
    assert f"{datetime.fromtimestamp(first.sent_at / 1000, UTC):%H:%M}" == f"{utc}:05"


def test_a_page_in_another_zip_is_not_shifted_by_a_word_that_both_have(tmp_path: Path) -> None:
    older = [(minute, (FRIEND, ME)[minute % 2], f"old {minute}") for minute in range(40)] + [(40, FRIEND, "good night")]
    newer = [(220, FRIEND, "good night"), *((300 + minute, ME, f"new {minute}") for minute in range(40))]
    for number, lines in ((1, newer), (2, older)):
        as_html(tmp_path / str(number), Talk(lines))
        file = next((tmp_path / str(number)).rglob("message_1.html"))
        file.rename(file.with_name(f"message_{number}.html"))
    every = [((one.sent_at - ms(START)) // 60_000, one.sender, one.text) for one in read(tmp_path, owner=ME)]
    assert every == older + newer


@pytest.mark.parametrize("timezone", [None, "Europe/Amsterdam"])
def test_whatsapp_keeps_its_order_in_the_hour_that_comes_twice(tmp_path: Path, timezone: str | None) -> None:
    clocks = ("2:30", "2:50", "2:10", "2:40", "3:05")
    lines = [f"[31/10/2021, 0{time}:00] {(FRIEND, ME)[place % 2]}: {time}\n" for place, time in enumerate(clocks)]
    saved(tmp_path / f"WhatsApp Chat with {FRIEND}.txt", "".join(lines))
    assert [one.text for one in read(tmp_path, timezone=timezone)] == [*clocks]


def test_a_stated_clock_of_one_season_is_not_taken_for_the_whole_year_in_silence(tmp_path: Path, capsys: Any) -> None:
    made = '<div>Requested from <time datetime="2023-07-01T10:00:00Z">Jul 1, 2023, 12:00 PM</time></div>'
    hw.thread(tmp_path, "x_1", page([message(FRIEND, "hi", "Jan 10, 2023, 10:30 AM")], made=made))
    assert len(read(tmp_path, owner=ME)) == 1
    assert "parse.timezone" in capsys.readouterr().err


def test_a_contact_renamed_between_two_exports_is_one(tmp_path: Path) -> None:
    for number, (title, days) in enumerate((("Tom", 9), ("Tom Smith", 14))):
        lines = [(day * 1440, (title, ME)[day % 2], f"what was said on day {day}") for day in range(days)]
        as_whatsapp(tmp_path / str(number), Talk(lines, (title,), title))
    assert [len(texts) for _, texts in found(tmp_path)] == [14]


@pytest.mark.parametrize("name", ["message_1 2.json", "message_1 (1).json", "message_1 - Copy.json"])
def test_a_part_that_a_computer_renamed_belongs_to_its_thread(tmp_path: Path, name: str) -> None:
    inbox(tmp_path, "jan_1000000001", thread([said(FRIEND, 2000, "later")]))
    write(tmp_path / ROOT / "inbox/jan_1000000001" / name, thread([said(ME, 1000, "before")]))
    every = read(tmp_path)
    assert ({one.thread_id for one in every}, len(every)) == ({"jan_1000000001"}, 2)


def test_what_people_sent_each_other_is_not_read(tmp_path: Path, capsys: Any) -> None:
    inbox(tmp_path, "jan_1000000001", thread([said(FRIEND, 2000, "hi")]))
    as_whatsapp(tmp_path / ROOT / "inbox/jan_1000000001/files", Talk([(0, "Mum", "x"), (1, "Dad", "y")], title="Mum"))
    saved(tmp_path / ROOT / "inbox/jan_1000000001/files/package_1.json", '{"name": 1,}')
    assert [one.text for one in read(tmp_path)] == ["hi"]
    assert capsys.readouterr() == ("", "")


def test_a_large_group_needs_little_memory(tmp_path: Path) -> None:
    lines = [(minute, f"Member {minute % 800} of the club", "hi") for minute in range(8000)]
    as_whatsapp(tmp_path, Talk(lines, title="Club"))
    assert max(batch.nbytes for batch in archives.read(tmp_path, owner="Member 0 of the club")) < 16 << 20


def test_one_thing_is_noted_once(tmp_path: Path, capsys: Any) -> None:
    for number in range(3):
        lines = (f"0{day}/05/2021, 10:00 - {(ME, f'Tom {number}')[day % 2]}: {day}\n" for day in range(1, 9))
        saved(tmp_path / f"WhatsApp Chat with Tom {number}.txt", "".join(lines))
        hw.thread(tmp_path / f"facebook-{number}", f"x_{number}", page([message(FRIEND, "a"), message(ME, "b")]))
    assert len(read(tmp_path, owner=ME)) == 30
    assert capsys.readouterr().err.count("\n") <= 3


def test_a_misspelt_zone_is_an_error_even_where_none_is_needed(tmp_path: Path) -> None:
    inbox(tmp_path, "jan_1", thread([said(FRIEND, 2000, "hi")]))
    with pytest.raises(ArchiveError, match=r"^parse.timezone 'Europe/Berln' is no known zone: use a name such as "):
        read(tmp_path, timezone="Europe/Berln")


def test_a_zip_with_a_password_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(inbox(tmp_path / "in", "jan_1", thread([])), tmp_path / "a.zip")
    told = RuntimeError("File <ZipInfo filename='x' file_size=60> is encrypted, password required for extraction")
    monkeypatch.setattr(zipfile.ZipFile, "open", Mock(side_effect=told))
    with pytest.raises(ArchiveError, match=r"^[^<]*password[^<]*$"):
        read(path)


def test_a_zip_of_zips_beside_a_download_is_not_passed_over_in_silence(tmp_path: Path, capsys: Any) -> None:
    as_e2ee(tmp_path / "all", CHAT)
    as_json(tmp_path / "in", CHAT)
    (tmp_path / "in/drive").mkdir()
    pack(tmp_path / "in/your_facebook_activity", tmp_path / "in/drive/facebook-zoe.zip")
    pack(tmp_path / "in/drive", tmp_path / "all/drive-download.zip")
    assert len(read(tmp_path / "all", owner=ME)) == 6
    assert "drive-download.zip/facebook-zoe.zip" in capsys.readouterr().err
