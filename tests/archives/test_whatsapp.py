"""WhatsApp's exported chats."""

import random
import re
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archive_writers import read, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.formats.whatsapp import claims
from friendbot.archives.formats.whatsapp_notices import Notices
from friendbot.errors import ArchiveError
from friendbot.messages import Message

ME, FRIEND = "Zoë Me", "Bob"
LOCK = "Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read them."
MARK, THIN, WIDE = "\u200e", "\u202f", "\u00a0"


def android(*said: tuple[str, str], day: int = 24) -> str:
    """Messages of a minute each after the notice that opens every chat; a sender of '' is WhatsApp itself."""
    lines = [f"{day}/12/20, 09:00 - {LOCK}"]
    for minute, (sender, text) in enumerate(said, 1):
        lines.append(f"{day}/12/20, 09:{minute:02d} - {f'{sender}: ' if sender else ''}{text}")
    return "\n".join(lines) + "\n"


def iphone(*said: tuple[str, str], chat: str = FRIEND) -> str:
    lines = [f"[24.12.20, 09:00:00] {chat}: {MARK}{LOCK}"]
    for minute, (sender, text) in enumerate(said, 1):
        lines.append(f"[24.12.20, 09:{minute:02d}:07] {sender}: {text}")
    return "\r\n".join(lines) + "\r\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def typed(path: Path, **options: Any) -> list[tuple[str, str]]:
    return [(m.sender, m.text) for m in read(path, **options) if m.kind == "text"]


def kinds(tmp_path: Path, *bodies: str, writer: Any = android) -> list[tuple[str, str]]:
    """Kind and text of messages of the friend's, read as one chat."""
    write(
        tmp_path / "WhatsApp Chat with Bob.txt",
        writer((ME, "hello"), (FRIEND, "hi"), *((FRIEND, body) for body in bodies)),
    )
    return [(m.kind, m.text) for m in read(tmp_path)][3:]


def test_an_android_chat(tmp_path: Path) -> None:
    write(tmp_path / "WhatsApp Chat with Bob.txt", android((FRIEND, "hi"), (ME, "né 🚀\n\nand: more")))
    lock, first, second = read(tmp_path, timezone="UTC")
    assert (lock.kind, lock.sender, lock.text) == ("system", FRIEND, LOCK)
    at = 1_608_800_460_000
    assert first == Message("whatsapp:Bob", FRIEND, (FRIEND, ME), ME, FRIEND, at, 1, "text", "hi")
    assert (second.sender, second.sent_at, second.text) == (ME, at + 60_000, "né 🚀\n\nand: more")


def test_an_iphone_chat_in_its_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "WhatsApp Chat - Bob.zip", "w") as file:
        file.writestr("_chat.txt", "\ufeff" + iphone((FRIEND, "hi\nthere"), (ME, "yes"), (ME, f"{MARK}image omitted")))
    found = read(tmp_path, timezone="Europe/Berlin")
    assert [(m.sender, m.kind, m.text) for m in found][1:] == [
        (FRIEND, "text", "hi\nthere"),
        (ME, "text", "yes"),
        (ME, "media", "image omitted"),
    ]
    assert found[1].sent_at == 1_608_800_467_000 - 3_600_000
    assert {(m.thread_id, m.title, m.owner) for m in found} == {("whatsapp:Bob", FRIEND, ME)}


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        (("12/13/20, 23:55 - ", "12/14/20, 00:01 - "), "2020-12-13T23:55"),
        (("13/12/2020, 11:55 pm - ", "14/12/2020, 12:01 am - "), "2020-12-13T23:55"),
        (("13/12/20, 11:55 p. m. - ", "14/12/20, 12:01 a. m. - "), "2020-12-13T23:55"),
        ((f"12/13/20, 11:55{THIN}PM - ", f"12/14/20, 12:01{THIN}AM - "), "2020-12-13T23:55"),
        ((f"13/12/20 11:55{WIDE}p.m. - ", f"14/12/20 12:01{WIDE}a.m. - "), "2020-12-13T23:55"),
        (("2020-12-13, 23:55 - ", "2020-12-14, 00:01 - "), "2020-12-13T23:55"),
        (("2020/12/13, 23:55 - ", "2020/12/14, 00:01 - "), "2020-12-13T23:55"),
        (("13.12.20, 23:55 - ", "14.12.20, 00:01 - "), "2020-12-13T23:55"),
        (("13-12-2020 23:55 - ", "14-12-2020 00:01 - "), "2020-12-13T23:55"),
        (("13.12.2020 klo 23.55 - ", "14.12.2020 klo 0.01 - "), "2020-12-13T23:55"),
        (("[13.12.20, 23:55:07] ", "[14.12.20, 00:01:00] "), "2020-12-13T23:55:07"),
        ((f"[12/13/20, 11:55:07{THIN}PM] ", f"[12/14/20, 12:01:00{THIN}AM] "), "2020-12-13T23:55:07"),
        (("[13/12/20 23:55:07] ", "[14/12/20 00:01:00] "), "2020-12-13T23:55:07"),
        (("[2020/12/13 下午11:55:07] ", "[2020/12/14 上午12:01:00] "), "2020-12-13T23:55:07"),
        (("[2020. 12. 13. 오후 11:55:07] ", "[2020. 12. 14. 오전 12:01:00] "), "2020-12-13T23:55:07"),
        ((f"{MARK}[13.12.20, 23:55:07] ", f"{MARK}[14.12.20, 00:01:00] "), "2020-12-13T23:55:07"),
    ],
)
def test_heads(tmp_path: Path, heads: tuple[str, str], expected: str) -> None:
    write(tmp_path / "chat.txt", f"{heads[0]}Bob: a\n{heads[1]}Zoë Me: b\n")
    found = read(tmp_path, owner=ME)
    assert [(m.sender, m.text) for m in found] == [(FRIEND, "a"), (ME, "b")]
    assert datetime.fromtimestamp(found[0].sent_at / 1000, UTC).isoformat().startswith(expected)


def test_the_order_of_day_and_month_is_that_of_all_heads(tmp_path: Path, capsys: Any) -> None:
    lines = [f"{month:02d}/{day:02d}/21, 10:00 - Bob: {month}" for month in (1, 2, 3) for day in (4, 15)]
    write(tmp_path / "chat.txt", "\n".join([*lines, "03/16/21, 10:00 - Zoë Me: x"]))
    assert [datetime.fromtimestamp(m.sent_at / 1000, UTC).month for m in read(tmp_path, owner=ME)] == [
        1,
        1,
        2,
        2,
        3,
        3,
        3,
    ]
    assert "whether days or months come first" not in capsys.readouterr().err
    write(tmp_path / "chat.txt", "03/04/21, 10:00 - Bob: a\n03/04/21, 10:01 - Zoë Me: b\n")
    assert datetime.fromtimestamp(read(tmp_path, owner=ME)[0].sent_at / 1000, UTC).month == 4
    err = capsys.readouterr().err
    assert err.count("whether days or months come first") == 1
    assert "'03/04/21, 10:00' was read as 3 April 2021" in err
    assert err.count("were taken as UTC: set parse.timezone to yours, such as Europe/Berlin") == 1


def test_what_is_guessed_in_many_chats_is_said_once(tmp_path: Path, capsys: Any) -> None:
    for name in ("Bob", "Eve", "Tom"):
        lines = f"03/04/21, 10:00 - {name}: a\n03/04/21, 10:01 - Zoë Me: b\n"
        write(tmp_path / f"WhatsApp Chat with {name}.txt", lines)
    assert len(read(tmp_path)) == 6
    order, zone = sorted(capsys.readouterr().err.splitlines())
    assert "WhatsApp Chat with Bob.txt and 2 more tells whether days or months" in order
    assert "WhatsApp Chat with Bob.txt and 2 more name no zone" in zone


def test_damage_of_one_shape_is_printed_twice(tmp_path: Path, capsys: Any) -> None:
    for number in range(5):
        lines = f"24/12/20, 10:00 - Tom {number}: a\n24/12/20, 10:01 - Zoë Me: b\n24/12/2O, 10:02 - Zoë Me: c\n"
        write(tmp_path / f"WhatsApp Chat with Tom {number}.txt", lines)
    assert len(read(tmp_path, timezone="Europe/Berlin")) == 10
    *first, more, total = capsys.readouterr().err.splitlines()
    assert ["have no usable time" in line for line in first] == [True, True]
    assert more == "warning: and 3 more like that"
    assert total == "warning: 5 damaged places were left out in all"


def test_a_zone_that_is_given_is_not_remarked_on(tmp_path: Path, capsys: Any) -> None:
    write(tmp_path / "WhatsApp Chat with Bob.txt", android((FRIEND, "a"), (ME, "b")))
    assert len(read(tmp_path, timezone="Europe/Berlin")) == 3
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "name",
    [
        "WhatsApp Chat with Bob.txt",
        "WhatsApp Chat with Bob (1).txt",
        "WhatsApp Chat - Bob.txt",
        "WhatsApp_Chat_with_Bob.txt",
        "WhatsApp-Chat mit Bob.txt",
        "Discussion WhatsApp avec Bob.txt",
        "Chat de WhatsApp con Bob.txt",
        "Conversa do WhatsApp com Bob.txt",
        "Chat WhatsApp con Bob.txt",
        "WhatsApp-chat met Bob.txt",
        "Czat WhatsApp z użytkownikiem Bob.txt",
        "WhatsApp-chatt med Bob.txt",
        "Bob ile WhatsApp Sohbeti.txt",
    ],
)
def test_a_file_named_after_the_friend_tells_whose_it_is(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, android((ME, "a"), (FRIEND, "b")))
    assert {(m.thread_id, m.title, m.owner, m.participants) for m in read(tmp_path)} == {
        ("whatsapp:Bob", FRIEND, ME, (ME, FRIEND))
    }


def test_the_owner_of_a_nameless_file_is_asked_for(tmp_path: Path) -> None:
    file = write(tmp_path / "_chat.txt", android((ME, "a"), (FRIEND, "b")))
    with pytest.raises(ArchiveError, match=r"set parse\.owner.*'Bob'.*'Zoë Me'"):
        read(file)
    assert {(m.thread_id, m.title, m.owner) for m in read(file, owner=ME)} == {("whatsapp:Bob", FRIEND, ME)}


def test_a_group(tmp_path: Path) -> None:
    said = ((ME, "a"), ("~" + THIN + "Éva", "b"), ("\u202a+49 170 1234567\u202c", "c"), ("Bob", f"{MARK}Bob added Éva"))
    text = iphone(*said, chat="The crew")
    write(tmp_path / "_chat.txt", text)
    found = read(tmp_path, owner=ME)
    assert {m.title for m in found} == {"The crew"}
    assert {m.participants for m in found} == {(ME, "Éva", "+49 170 1234567")}
    assert [m.kind for m in found] == ["system", "text", "text", "text", "system"]


def test_notices_with_a_colon_are_nobodys_words(tmp_path: Path) -> None:
    notices = (
        'Bob changed the subject from "a" to "b: c"',
        "Bob changed the subject to “d: e”",
        "Bob a changé l'objet pour « f : g: h »",
        "Bob hat den Betreff zu „i: j“ geändert",
        "You changed the group description to: k",
        "Bob changed the description: l",
        'Zoë Me created group "Fun: the group"',
    )
    said = [(FRIEND, "hi"), (FRIEND, "ho"), (ME, "he"), *(("", notice) for notice in notices)]
    write(tmp_path / "WhatsApp Chat with Bob.txt", android(*said))
    found = read(tmp_path)
    assert [(m.kind, m.text) for m in found][4:] == [("system", notice) for notice in notices]
    assert [m.sender for m in found][4:] == [FRIEND] * 6 + [ME]
    assert {m.participants for m in found} == {(FRIEND, ME)}


def test_names_that_look_like_notices_are_names_where_they_recur(tmp_path: Path) -> None:
    said = [("Bob", "a"), ("Bob de Vries", "b"), ("Bob de Vries", "c"), ('Jo "J" Li', "d"), ("You Tang", "e")]
    write(tmp_path / "_chat.txt", android(*said))
    assert typed(tmp_path, owner="Bob") == said


@pytest.mark.parametrize(
    ("body", "kind", "left"),
    [
        ("hello", "text", "hello"),
        ("<3", "text", "<3"),
        ("<b class='x'>bold</b>", "text", "<b class='x'>bold</b>"),
        ("that was fun (really)", "text", "that was fun (really)"),
        ("see readme.txt (it is short)", "text", "see readme.txt (it is short)"),
        ("this message was deleted by mistake", "text", "this message was deleted by mistake"),
        ("Missed voice call, sorry I was asleep", "text", "Missed voice call, sorry I was asleep"),
        ("null and void", "text", "null and void"),
        ("https://a.example/x", "text", "https://a.example/x"),
        ("ask @\u2068Éva\u2069 (she knows)", "text", "ask @Éva (she knows)"),
        ("<Media omitted>", "media", ""),
        ("<Media omitted>\nlook at this", "text", "look at this"),
        ("<Media omitted>\nManifesto.pdf", "media", ""),
        ("IMG-20201224-WA0001.jpg (file attached)", "media", ""),
        (f"{MARK}IMG-20201224-WA0001.jpg (file attached)\nlook\nhere", "text", "look\nhere"),
        ("PTT-20201224-WA0001.opus (ಕಡತ ಸೇರಿಸಲಾಯಿತು)", "media", ""),
        ("my letter.pdf (file attached)\nmy letter.pdf", "media", ""),
        ("DOC-20201224-WA0006. (bestand bijgevoegd)", "media", ""),
        ("null", "media", "null"),
        ("", "empty", ""),
        ("This message was deleted", "unsent", ""),
        ("You deleted this message", "unsent", ""),
        ("Missed voice call", "call", "Missed voice call"),
        ("Missed group video call", "call", "Missed group video call"),
        ("Voice call, 12 sec", "call", "Voice call, 12 sec"),
        ("Video call, No answer", "call", "Video call, No answer"),
        ("location: https://maps.google.com/?q=48.1,11.5", "share", "location: https://maps.google.com/?q=48.1,11.5"),
        ("live location shared", "share", "live location shared"),
        (
            "POLL:\nPizza?\nOPTION: yes (1 vote)\nOPTION: no (0 votes)\n",
            "media",
            "POLL:\nPizza?\nOPTION: yes (1 vote)\nOPTION: no (0 votes)\n",
        ),
        ("of course <This message was edited>", "text", "of course"),
        (
            "Your security code with Éva changed. Tap to learn more.",
            "system",
            "Your security code with Éva changed. Tap to learn more.",
        ),
    ],
)
def test_kinds_of_an_android_chat(tmp_path: Path, body: str, kind: str, left: str) -> None:
    assert kinds(tmp_path, body) == [(kind, left)]


@pytest.mark.parametrize(
    ("body", "kind", "left"),
    [
        (f"{MARK}<attached: 00000012-PHOTO-2020-12-24-09-02-07.jpg>", "media", ""),
        (f"look {MARK}<attached: 00000012-PHOTO-2020-12-24-09-02-07.jpg>", "text", "look"),
        ("<załączony: 00000012-PHOTO-2020-12-24-09-02-07.jpg>", "media", ""),
        (f"Manifesto.pdf • {MARK}116 pages {MARK}<attached: 00000017-Manifesto.pdf>", "media", ""),
        (f"report.pdf • {MARK}2 pages {MARK}document omitted", "media", ""),
        (f"{MARK}video omitted", "media", "video omitted"),
        (f"look here {MARK}image omitted", "text", "look here"),
        (f"{MARK}Contact card omitted", "media", "Contact card omitted"),
        (f"{MARK}This message was deleted.", "unsent", ""),
        (f"{MARK}Missed voice call. {MARK}Tap to call back", "call", "Missed voice call. Tap to call back"),
        (f"{MARK}Voice call. {MARK}2 hr", "call", "Voice call. 2 hr"),
        (
            f"{MARK}Location: https://maps.google.com/?q=48.1,11.5",
            "share",
            "Location: https://maps.google.com/?q=48.1,11.5",
        ),
        (f"yes {MARK}<This message was edited>", "text", "yes"),
        (f"так {MARK}<Сообщение изменено>", "text", "так"),
        (
            f"{MARK}Bob changed his phone number to a new number.",
            "system",
            "Bob changed his phone number to a new number.",
        ),
    ],
)
def test_kinds_of_an_iphone_chat(tmp_path: Path, body: str, kind: str, left: str) -> None:
    assert kinds(tmp_path, body, writer=iphone) == [(kind, left)]


@pytest.mark.parametrize(
    ("omitted", "unsent", "missed", "edited"),
    [
        (
            "<Medien ausgeschlossen>",
            "Du hast diese Nachricht gelöscht.",
            "Verpasster Sprachanruf",
            "Diese Nachricht wurde bearbeitet.",
        ),
        ("<Médias omis>", "Vous avez supprimé ce message", "Appel vocal manqué", "Ce message a été modifié"),
        ("<Multimedia omitido>", "Eliminaste este mensaje.", "Llamada perdida", "Se editó este mensaje."),
        ("<Mídia oculta>", "Mensagem apagada", "Chamada de voz perdida", "Mensagem editada"),
        (
            "<Media omessi>",
            "Hai eliminato questo messaggio",
            "Videochiamata persa",
            "Questo messaggio è stato modificato",
        ),
        ("<Media weggelaten>", "Dit bericht is verwijderd", "Gemiste spraakoproep", "Dit bericht is bewerkt"),
        (
            "<Pominięto multimedia>",
            "Ta wiadomość została usunięta",
            "Nieodebrane poł. głosowe",
            "Ta wiadomość została zmieniona",
        ),
        (
            "<Media har utelämnats>",
            "Du raderade det här meddelandet",
            "Missat röstsamtal",
            "Det här meddelandet redigerades",
        ),
        ("<Uten vedlegg>", "Denne meldingen ble slettet", "Tapt taleanrop", "Denne meldingen ble redigert"),
        (
            "<Mediefil udeladt>",
            "Denne besked er blevet slettet",
            "Ubesvaret taleopkald",
            "Denne besked er blevet redigeret",
        ),
    ],
)
def test_languages(tmp_path: Path, omitted: str, unsent: str, missed: str, edited: str) -> None:
    assert kinds(tmp_path, omitted, unsent, missed, f"né <{edited}>") == [
        ("media", ""),
        ("unsent", ""),
        ("call", missed),
        ("text", "né"),
    ]


def test_every_phrase_of_the_table_is_recognised() -> None:
    """Nothing in it is passed over as surely typed."""
    import tomllib

    from friendbot.archives.formats.whatsapp_notices import PHRASES

    table = Notices()
    for language in tomllib.loads(PHRASES.read_text("utf-8")).values():
        for key, kind in (("omitted", "media"), ("unsent", "unsent"), ("missed", "call"), ("shared", "share")):
            for phrase in language[key]:
                for text in (phrase, f"{phrase}."):
                    assert not table.typed(text)
                    assert table.read(text)[0] == kind, text
        for phrase in language["call"]:
            for text in (f"{phrase}, 12 s", *(f"{phrase}. {tail}" for tail in language["tails"])):
                assert not table.typed(text)
                assert table.read(text)[0] == "call", text
        for phrase in language["system"]:
            assert table.read(f"{phrase} and so on")[0] == "system"


def test_what_is_no_chat_is_not_claimed(tmp_path: Path, capsys: Any) -> None:
    write(tmp_path / "WhatsApp Chat with Bob.txt", android((FRIEND, "a"), (ME, "b")))
    others = (
        "Dear diary,\n24/12/20, 09:00 - it snowed: hooray\nthe end\n",
        "24/12/20, 09:00 - it snowed\n25/12/20, 10:00 - it melted\n",
        "one\ntwo\nthree\nfour\nfive\nsix\n24/12/20, 09:00 - A: x\n24/12/20, 09:01 - A: y\n",
        "24.12. buy: milk\n25.12. buy: bread\n",
        "",
        "[1] a: b\n[2] c: d\n",
    )
    for number, text in enumerate(others):
        file = write(tmp_path / f"WhatsApp Chat with {number}.txt", text)
        assert not claims(None, file.read_bytes())  # type: ignore[arg-type]
    assert len(read(tmp_path, strict=True, timezone="UTC")) == 3
    assert capsys.readouterr().err == ""


def test_lines_that_are_lost_are_counted(tmp_path: Path, capsys: Any) -> None:
    text = android((FRIEND, "a"), (ME, "b"), (FRIEND, "c"))
    file = write(tmp_path / "WhatsApp Chat with Bob.txt", "cut off\nhere\n" + text.replace("20, 09:02", "20, 09:72"))
    assert texts(tmp_path) == [LOCK, "a", "c"]
    err = capsys.readouterr().err
    assert "2 lines before the first message" in err
    assert "1 of its 4 messages have no usable time, such as '24/12/20, 09:72'" in err
    with pytest.raises(ArchiveError, match=r"Bob\.txt"):
        read(tmp_path, strict=True)
    file.write_text(text.replace("20, 09:02 -", "2O, 09:02 -"))
    assert texts(tmp_path) == [LOCK, "a", "c"]
    assert "1 of its 4 messages have no usable time, such as '24/12/2O, 09:02" in capsys.readouterr().err
    file.write_bytes(text.replace("c\n", "c\udcff").encode("utf-8", "surrogateescape"))
    assert texts(tmp_path) == [LOCK, "a", "b", "c\ufffd"]
    assert "1 characters are not UTF-8" in capsys.readouterr().err


def test_a_date_inside_a_message_belongs_to_it(tmp_path: Path) -> None:
    quoted = "[24.12.20, 09:00:00] Éva: yes\n24.12.20, 09:00 - Éva: no"
    text = f"remember:\n24/12/20 dinner at 19:00 - bring wine: red\n{quoted}"
    said = [(FRIEND, text), (ME, "b"), (FRIEND, "c"), (ME, "d")]
    write(tmp_path / "WhatsApp Chat with Bob.txt", android(*said))
    assert typed(tmp_path, strict=True) == said


def test_two_exports_in_one_file_are_both_read(tmp_path: Path) -> None:
    later = android((FRIEND, "c"), (ME, "d"), day=25).replace("/", ".")
    write(tmp_path / "WhatsApp Chat with Bob.txt", android((FRIEND, "a"), (ME, "b")) + later)
    assert typed(tmp_path, strict=True) == [(FRIEND, "a"), (ME, "b"), (FRIEND, "c"), (ME, "d")]


def test_a_group_named_after_a_member_tells_nothing_of_its_owner(tmp_path: Path) -> None:
    write(tmp_path / "WhatsApp Chat with Bob's party.txt", android((ME, "a"), (FRIEND, "b")))
    with pytest.raises(ArchiveError, match=r"set parse\.owner"):
        read(tmp_path)
    assert {(m.title, m.thread_id) for m in read(tmp_path, owner=ME)} == {("Bob's party", "whatsapp:Bob's party")}


def test_two_exports_of_a_chat_are_one(tmp_path: Path) -> None:
    write(tmp_path / "old" / "WhatsApp Chat with Bob.txt", android((FRIEND, "a"), (ME, "b")))
    write(tmp_path / "new" / "WhatsApp Chat with Bob.txt", android((FRIEND, "a"), (ME, "b"), (FRIEND, "c")))
    assert texts(tmp_path) == [LOCK, "a", "b", "c"]


def test_an_empty_line_end_after_a_name_is_an_empty_message(tmp_path: Path) -> None:
    text = android((FRIEND, ""), (ME, "b"), (FRIEND, "\nbelow")).replace(": \n", ":\n")
    write(tmp_path / "WhatsApp Chat with Bob.txt", text)
    assert [(m.kind, m.text) for m in read(tmp_path)][1:] == [("empty", ""), ("text", "b"), ("text", "below")]


# What cannot survive: marks of direction, which WhatsApp uses as well; lines that look like heads; WhatsApp's own
# words; a carriage return before a line feed; and a line feed at the very end of a file.
anything = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\u200e\u2068<>()"), max_size=40
).filter(lambda text: not re.search(r"\d", text))
name = st.text(st.characters(categories=["L", "N", "S", "Zs"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and not text.startswith("~") and "\xa0" not in text and "\u202f" not in text
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    people=st.lists(name, min_size=2, max_size=2, unique_by=str.casefold),
    spoken=st.lists(st.tuples(st.integers(0, 2**25), anything), min_size=4),
    brackets=st.booleans(),
)
def test_any_text_name_and_time_survive(people: list[str], spoken: list[tuple[int, str]], brackets: bool) -> None:
    spoken.sort(key=lambda one: one[0])
    lines = []
    for number, (minute, text) in enumerate(spoken):
        # Unlike 1970, this century is one of WhatsApp's.
        when = datetime.fromtimestamp(1_300_000_000 // 60 * 60 + minute * 60, UTC)
        head = when.strftime("[%d.%m.%Y, %H:%M:%S] " if brackets else "%Y-%m-%d, %H:%M - ")
        lines.append(f"{head}{people[number % 2]}: {text}\n")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "chat.txt").write_bytes("".join(lines).encode())
        found = read(Path(folder), owner=people[1], timezone="UTC")
    assert [(m.sender, m.text) for m in found] == [
        (people[number % 2], text) for number, (_, text) in enumerate(spoken)
    ]
    if not brackets:
        assert [m.sent_at for m in found] == [(1_300_000_000 // 60 + minute) * 60_000 for minute, _ in spoken]


def test_no_damage_is_silent_or_a_traceback(tmp_path: Path, capsys: Any) -> None:
    """Bits are flipped and ends cut off: messages are there, or the loss is reported; but for lost line feeds."""
    said = [((ME, FRIEND)[n % 2], f"number {n} ☃") for n in range(12)]
    data = android(*said).encode()
    file = tmp_path / "WhatsApp Chat with Bob.txt"
    random_ = random.Random(7)
    for _ in range(200):
        broken = bytearray(data)
        place = random_.randrange(len(data))
        broken[place] ^= 1 << random_.randrange(8)
        cut = random_.random() > 0.7
        file.write_bytes(broken[:place] if cut else broken)
        try:
            found = read(tmp_path, owner=ME)
        except ArchiveError:
            continue
        # A file that is cut short at the end of a line is a shorter chat.
        lost = data[place:].count(b"\n") if cut else int(data[place] == ord("\n"))
        assert len(found) >= len(said) + 1 - lost or "damaged" in capsys.readouterr().err
