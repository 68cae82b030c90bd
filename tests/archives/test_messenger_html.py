"""Messenger's and Instagram's HTML download."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import html_writers as w
import pytest
from archive_writers import FRIEND, ME, inbox, legacy_block, legacy_message, legacy_page, read, said, texts
from archive_writers import thread as json_thread
from html_writers import KNOWN, STYLES, card, message, page, photo, reactions, slots, thread
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.formats import html_markup, html_plain, roster
from friendbot.archives.formats.messenger_html import READER
from friendbot.archives.reader import Job
from friendbot.archives.tree import Entry, Tree
from friendbot.errors import ArchiveError
from friendbot.messages import Message

WHEN = "Mar 3, 2018, 4:05 PM"


def at(*time: int) -> int:
    return round(datetime(*time, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def one(tmp_path: Path, *messages: str, **options: str | None) -> list[Message]:
    """The messages of a thread of one page, in UTC."""
    return read(thread(tmp_path, "jan_1", page(messages, **options)), owner=ME, timezone="UTC")  # type: ignore[arg-type]


@pytest.mark.parametrize("style", STYLES)
def test_every_generation_is_read(tmp_path: Path, style: str) -> None:
    lines = [
        message(FRIEND, "hi", "Mar 3, 2018, 4:05 PM", style=style),
        message(ME, 'a < b & "c"\nd\'s <br /> 🚀', "Mar 3, 2018, 4:06 PM", style=style),
        message(FRIEND, "", "Mar 3, 2018, 4:07 PM", "", photo(), style=style),
    ]
    first, second, third = one(tmp_path, *lines, style=style)
    assert first == Message("jan_1", FRIEND, (FRIEND, ME), ME, FRIEND, at(2018, 3, 3, 16, 5), 0, "text", "hi")
    assert (second.sender, second.text, second.kind) == (ME, 'a < b & "c"\nd\'s <br /> 🚀', "text")
    assert (third.sender, third.sent_at, third.kind) == (FRIEND, at(2018, 3, 3, 16, 7), "media")


@pytest.mark.parametrize("style", ["2018", "2025", "unknown", "unknown wrapped"])
def test_a_thread_of_one_message(tmp_path: Path, style: str) -> None:
    assert [(m.sender, m.text) for m in one(tmp_path, message(FRIEND, "hi", style=style), style=style)] == [
        (FRIEND, "hi")
    ]


def test_parts_are_ordered_by_number_and_minutes_keep_the_order_of_the_page(tmp_path: Path) -> None:
    pages = [page([message(ME, f"{number}a"), message(ME, f"{number}b")]) for number in range(12, 0, -1)]
    root = thread(tmp_path, "jan_1", *pages)
    assert texts(root, owner=ME) == [f"{number}{letter}" for number in range(1, 13) for letter in "ab"]


def test_the_first_downloads_had_no_number(tmp_path: Path) -> None:
    root = thread(tmp_path, "jan_1", page([message(ME, "hi")]))
    (file,) = root.rglob("message_1.html")
    file.rename(file.with_name("message.html"))
    assert [m.thread_id for m in read(root, owner=ME)] == ["jan_1"]


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (slots("hello"), "text", "hello"),
        (slots("hello", "", reactions("❤Ján", "😆Zoë")), "text", "hello"),
        (slots("", "", reactions("❤Ján")), "empty", ""),
        (slots("look", "", photo(), ""), "text", "look"),
        (slots("", "", photo(), photo(), ""), "media", ""),
        (slots("", "", '<img src="messages/stickers_used/1.png" class="_2yuc" />', ""), "media", ""),
        (slots("", "", '<a target="_blank" href="messages/inbox/x/videos/1.mp4">1.mp4</a>', ""), "media", ""),
        (slots("", "", '<video src="a.mp4"><div>Click for video: <a href="a.mp4">a</a></div></video>'), "media", ""),
        (slots("", "", '<audio src="a.mp4"><div>Click for audio: a.mp4</div></audio>'), "media", ""),
        (slots("", "", f"{photo()}<div>A caption</div>"), "media", ""),
        (slots("You sent an attachment.", "", photo()), "media", "You sent an attachment."),
        (slots("You sent an attachment.", card()), "share", "You sent an attachment."),
        (slots("Du hast einen Anhang gesendet.", card()), "share", "Du hast einen Anhang gesendet."),
        (slots("Ezt még senki nem fordította le.", card()), "share", "Ezt még senki nem fordította le."),
        (slots("see https://a.example", card("https://a.example")), "text", "see https://a.example"),
        (slots("", card()), "share", ""),
        (slots("", f"<div>A picture</div>{card()}<img src='https://a.example/b.jpg' />"), "share", ""),
        (slots("", "<div><div>Live location</div></div>"), "share", ""),
        (slots("You called Ján O&#039;Friend.", "", "Duration: 754 seconds", ""), "call", "You called Ján O'Friend."),
        (slots("", "", "Dauer: 5 Minuten", ""), "call", ""),
        (slots("Hívás", "", "時間：12", ""), "call", "Hívás"),
        (slots("Duration: 5 drinks"), "text", "Duration: 5 drinks"),
        (slots("Ján O&#039;Friend missed your call."), "call", "Ján O'Friend missed your call."),
        (slots("You unsent a message"), "unsent", ""),
        (slots("You are now connected on Messenger."), "system", "You are now connected on Messenger."),
        (slots(), "empty", ""),
        (slots("hello", "", "", "<div>Edited: hallo</div>"), "text", "hello"),
        (
            slots('see <a href="https://a.example">https://a.example</a>, <b>now</b>!'),
            "text",
            "see https://a.example, now!",
        ),
        ("<div>hello</div>", "text", "hello"),
        ("hello", "text", "hello"),
        ("hello<br />there", "text", "hello\nthere"),
        (f"hello{reactions('❤Ján')}", "text", "hello"),
        (f"<div>{photo()}</div>", "media", ""),
        (f"<div><div>hello</div><div></div><div>{photo()}</div></div>", "text", "hello"),
        (f"<div><div>You sent a link.</div><div>{card()}</div></div>", "share", "You sent a link."),
        ("<div><div></div><div>a<p>b</p><p>c</p>d</div></div>", "text", "a\nb\nc\nd"),
        ("", "empty", ""),
    ],
)
@pytest.mark.parametrize("style", ["2018", "2025"])
def test_kinds(tmp_path: Path, body: str, kind: str, text: str, style: str) -> None:
    found = one(
        tmp_path, message(FRIEND, "before", style=style), message(ME, body=body or " ", style=style), style=style
    )
    assert [(m.kind, m.text.strip()) for m in found] == [("text", "before"), (kind, text)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("two  spaces ", "two  spaces "),
        ("&eacute;&nbsp;&#8364;&#x1F600;", "é\xa0€😀"),
        ("&#xD83D;&#xDE00; &#55357;&#56832; &#xD83D;x", "😀 😀 \ufffdx"),
        ("a&amp;lt;b &lt;i&gt; &amp;amp;", "a&lt;b <i> &amp;"),
        ("a\0b\x0bc", "a\ufffdb\x0bc"),
        ("line<br />\n  another<br>third", "line\nanother\nthird"),
        ("a\r\nb\nc", "a\nb\nc"),
        ("\n   indented by a person\n  ", "indented by a person"),
        ("<!-- not said -->said<!-- nor this -->", "said"),
    ],
)
def test_text_is_read_as_browsers_show_it(tmp_path: Path, raw: str, text: str) -> None:
    (found,) = one(tmp_path, message(ME, body=slots(raw)))
    assert found.text == text


def test_a_byte_order_mark_another_charset_and_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    data = page([message(ME, "né"), message(FRIEND, "ok")]).replace("charset=utf-8", "charset=iso-8859-1").encode()
    thread(tmp_path, "jan_1", b"\xef\xbb\xbf" + data.replace("né".encode(), "né".encode() + b"\xff"))
    assert texts(tmp_path, owner=ME) == ["né\ufffd", "ok"]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["Mar 03, 2023 4:05:12 pm", "Mar 03, 2023 4:06:12\u202fpm"], (2023, 3, 3, 16, 6, 12)),
        (["3 Mar 2018, 16:05", "13 Mar 2018, 16:05"], (2018, 3, 13, 16, 5)),
        (["03.03.2018, 16:05", "13.03.2018, 16:05"], (2018, 3, 13, 16, 5)),
        (["3. März 2018 um 16:05", "13. Mai 2018 um 16:05"], (2018, 5, 13, 16, 5)),
        (["3 févr. 2018 à 16:05", "13 août 2018 à 16:05"], (2018, 8, 13, 16, 5)),
        (["ene. 15, 2024 10:30 am", "ago. 29, 2026 1:09 pm"], (2026, 8, 29, 13, 9)),
        (["ago 10, 2026 4:38 da manhã", "set 10, 2026 4:38 da tarde"], (2026, 9, 10, 16, 38)),
        (["3 paź 2018, 16:05", "13 gru 2018, 16:05"], (2018, 12, 13, 16, 5)),
        (["3 мар. 2018 г., 16:05", "13 мая 2018 г., 16:05"], (2018, 5, 13, 16, 5)),
        (["2018年3月3日 16:05", "2018年11月13日 16:05"], (2018, 11, 13, 16, 5)),
        (["4/30/2018, 4:05 PM", "5/1/2018, 4:05 PM"], (2018, 5, 1, 16, 5)),
    ],
)
def test_dates_of_many_languages(tmp_path: Path, dates: list[str], days: tuple[int, ...]) -> None:
    found = one(tmp_path, *(message(ME, "x", when, style="2021") for when in dates), style="2021")
    assert found[-1].sent_at == at(*days)


def test_the_order_of_day_and_month_is_looked_for_in_whole_pages(tmp_path: Path) -> None:
    start = datetime(2018, 4, 5, 12)
    days = [start - timedelta(hours=12 * hour) for hour in range(800)]
    lines = [message(ME, "a long line " * 40, f"{day:%m/%d/%Y, %H:%M}") for day in reversed(days)]
    found = one(tmp_path, *lines)
    assert [m.sent_at for m in found] == [at(*day.timetuple()[:5]) for day in reversed(days)]


def test_an_order_that_stays_open_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (found,) = one(tmp_path, message(ME, "x", "05/04/2018, 16:05"))
    assert found.sent_at == at(2018, 4, 5, 16, 5)
    assert "whether days or months come first" in (note := capsys.readouterr().err)
    assert "'05/04/2018, 16:05' was read as 5 April 2018" in note


def test_a_time_that_cannot_be_read_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = one(tmp_path, message(ME, "a"), message(ME, "b", "once upon a time"), message(ME, "c"))
    assert [m.text for m in found] == ["a", "c"]
    warning = capsys.readouterr().err
    assert "1 of its 3 messages have no usable time, such as 'once upon a time'" in warning
    with pytest.raises(ArchiveError, match="once upon a time"):
        read(tmp_path, owner=ME, timezone="UTC", strict=True)


MADE = '<div class="_3-95">Contains data you requested from <time datetime="2018-06-17T01:55:00Z">{}</time></div>'


def test_the_zone_is_what_is_given_else_what_the_page_states(tmp_path: Path) -> None:
    made = MADE.format("Jun 17, 2018, 3:55 AM")
    thread(tmp_path, "jan_1", page([message(ME, "x")], made=made))
    (stated,) = read(tmp_path, owner=ME)
    assert stated.sent_at == at(2018, 3, 3, 14, 5)
    assert stated.participants == (FRIEND, ME)
    assert [m.sent_at for m in read(tmp_path, owner=ME, timezone="Europe/Berlin")] == [at(2018, 3, 3, 15, 5)]


def test_a_stated_zone_is_said_once_for_the_zips_of_a_download(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = MADE.format("Jun 17, 2018, 7:25 AM")
    for number in (1, 2):
        thread(tmp_path / f"facebook-zoe-{number}", f"x_{number}", page([message(ME, str(number))], made=made))
    assert len(read(tmp_path, owner=ME)) == 2
    (note,) = capsys.readouterr().err.splitlines()
    assert "facebook-zoe-1 were read as UTC+05:30, as on the day it was made: where clocks change, set" in note
    assert len(read(tmp_path, owner=ME, timezone="Asia/Kolkata")) == 2
    assert capsys.readouterr().err == ""


NEVER = MADE.format("Jun 17, 2018, 3:55 AM").replace("2018-06-17T01:55:00Z", "0001-01-01T00:00:00+14:00")


@pytest.mark.parametrize("made", ["", MADE.format("some day"), MADE.format("Jun 27, 2018, 3:55 AM"), NEVER])
def test_a_zone_that_nothing_states_is_taken_as_utc_and_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], made: str
) -> None:
    for name in ("jan_1", "eva_2"):
        thread(tmp_path, name, page([message(ME, "x")], made=made))
    assert {m.sent_at for m in read(tmp_path, owner=ME)} == {at(2018, 3, 3, 16, 5)}
    assert capsys.readouterr().err.count("set parse.timezone") == 1


def test_instagram_tells_times_by_the_pacific(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [message(ME, "x", style="instagram")]
    root = thread(
        tmp_path / "instagram-zoe", "jan_1", page(lines, style="instagram"), messages="your_instagram_activity/messages"
    )
    assert [m.sent_at for m in read(root, owner=ME)] == [at(2018, 3, 4, 0, 5)]
    assert "were read as UTC-08, by which Instagram tells them all year" in capsys.readouterr().err


def test_the_hour_that_comes_twice_keeps_its_order(tmp_path: Path) -> None:
    times = ["1:58", "2:10", "2:50", "2:05", "2:55", "3:01"]
    lines = [message(ME, time, f"Oct 31, 2021, {time} AM") for time in times]
    thread(tmp_path, "jan_1", page(lines))
    found = read(tmp_path, owner=ME, timezone="Europe/Berlin")
    assert [m.text for m in found] == times
    assert [m.sent_at for m in found[1:4]] == [at(2021, 10, 31, 0, 10), at(2021, 10, 31, 0, 50), at(2021, 10, 31, 1, 5)]


@pytest.mark.parametrize(
    ("people", "title", "participants"),
    [
        (f"Teilnehmer: {FRIEND} und {ME}", FRIEND, (FRIEND, ME)),
        (f"Deltakere: Anna Berg, {FRIEND} og {ME}", "crew", ("Anna Berg", FRIEND, ME)),
        (f"Participants : Anna Berg, {FRIEND} et {ME}", "crew", ("Anna Berg", FRIEND, ME)),
        (f"Participants: Anna, {FRIEND}, and {ME}", "crew", ("Anna", FRIEND, ME)),
        (f"Participants: Simon and Garfunkel and {ME}", "Simon and Garfunkel", ("Simon and Garfunkel", ME)),
        (f"Participants: {ME} and Glenn, Jean-Luc", "Glenn, Jean-Luc", (ME, "Glenn, Jean-Luc")),
        (f"Participants: Ann, Bob, {FRIEND} and {ME}", "Ann, Bob and Ján O'Friend", ("Ann", "Bob", FRIEND, ME)),
        (None, FRIEND, (FRIEND, ME)),
        (None, "crew", (FRIEND, ME)),
    ],
)
def test_participants(tmp_path: Path, people: str | None, title: str, participants: tuple[str, ...]) -> None:
    friend = title if title in ("Simon and Garfunkel", "Glenn, Jean-Luc") else FRIEND
    found = one(tmp_path, message(friend, "hi"), message(ME, "ho"), people=people, title=title)
    assert found[0].participants == participants
    assert found[0].title == title


def test_who_is_silent_is_whom_the_title_names(tmp_path: Path) -> None:
    assert one(tmp_path, message(ME, "hi"), people=None)[0].participants == (FRIEND, ME)
    silent = one(tmp_path / "b", message(ME, "hi"), people=f"Participants: Jo, Ann Lee and {ME}", title="Jo, Ann Lee")
    assert silent[0].participants == ("Jo, Ann Lee", ME)


@pytest.mark.parametrize(
    ("line", "known", "names"),
    [
        ("P: Ann, Bob and Carl Dahl", [], ["Ann", "Bob", "Carl Dahl"]),
        ("P: João Costa e Silva e Ana Maria", [], ["João Costa e Silva", "Ana Maria"]),
        ("P: A B zzz C D", ["C D"], ["A B", "C D"]),
        ("P: A B zzz C D", [], ["A B zzz C D"]),
        ("参与者：张三、李四和王五", ["王五"], ["张三", "李四", "王五"]),
        ("参加者: A、BとC", ["C"], ["A", "B", "C"]),
        ("المشاركون: علي وسارة", ["علي"], ["علي", "سارة"]),
        ("משתתפים: דן ושרה", ["שרה"], ["דן", "שרה"]),
        ("참가자: 김철수, 이영희 및 박민수", [], ["김철수", "이영희", "박민수"]),
        ("P: Me and Simon and Garfunkel", ["Me"], ["Me", "Simon and Garfunkel"]),
        ("P: Ann", [], ["Ann"]),
        ("P:", [], []),
    ],
)
def test_lines_of_people(line: str, known: list[str], names: list[str]) -> None:
    assert roster.names(line, known) == names


@given(st.text(max_size=30), st.lists(st.text(max_size=6), max_size=4))
def test_any_line_of_people_gives_names(line: str, known: list[str]) -> None:
    assert all(name and name == name.strip() for name in roster.names(line, known))


def test_a_message_without_a_sender_and_one_of_somebody_who_left(tmp_path: Path) -> None:
    nameless = message("", "x").replace('<div class="_3-96 _2pio _2lek _2lel"></div>', "")
    found = one(tmp_path, message("", "w"), nameless, message("Éva Left", "bye"))
    assert [(m.sender, m.text) for m in found] == [("Unknown", "w"), ("Unknown", "x"), ("Éva Left", "bye")]


def test_the_same_thread_as_json_and_as_html_is_one(tmp_path: Path) -> None:
    inbox(tmp_path / "a", "jan_10150000000282719", json_thread([said(ME, at(2018, 3, 3, 16, 5, 7) + 123, "hi")]))
    thread(
        tmp_path / "b",
        "jansnewname_10150000000282719",
        page([message(ME, "hi"), message(ME, "there", "Mar 3, 2018, 4:06 PM")]),
    )
    found = read(tmp_path, owner=ME, timezone="UTC")
    assert [(m.thread_id, m.text) for m in found] == [
        ("jan_10150000000282719", "hi"),
        ("jan_10150000000282719", "there"),
    ]


INDEX = '<html><body><div class="pam _3-95 _2ph- _a6-g uiBoxWhite noborder"><a href="x">Ján</a></div></body></html>'
POSTS = (
    f'<html><body>{STYLES["2021"].title}Your posts</div><div class="_4t5n" role="main"><div class="_a6-g uiBoxWhite">'
    '<div class="_2ph_ _a6-h _a6-i">Zoë Me shared a link.</div><div class="_2ph_ _a6-p"><div><div class="_2pin">'
    'x</div></div></div><div class="_3-94 _a6-o"><div class="_a72d">Mar 3, 2018, 4:05 PM</div></div></div></div></body>'
)


def test_other_pages_are_passed_over_quietly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = thread(tmp_path, "jan_1", page([message(ME, "hi")], made=MADE.format("Jun 17, 2018, 1:55 AM")))
    thread(root, "nobody_2", page([]))
    (root / w.ROOT / "your_messages.html").write_text(INDEX, encoding="utf-8")
    (root / "posts").mkdir()
    (root / "posts/your_posts_1.html").write_text(POSTS, encoding="utf-8")
    assert texts(root, owner=ME, timezone="UTC") == ["hi"]
    assert capsys.readouterr() == ("", "")


def test_a_page_by_any_other_name_is_known_by_its_shape(tmp_path: Path) -> None:
    file = tmp_path / "our chat.html"
    file.write_text(page([message(ME, "hi")]), encoding="utf-8")
    assert [(m.thread_id, m.text) for m in read(file, owner=ME)] == [("our chat", "hi")]


def test_legacy_pages_are_left_to_their_reader(tmp_path: Path) -> None:
    data = legacy_page([legacy_block([legacy_message(ME, "hi")])]).encode()
    assert not READER.claims(Entry("x/message_1.html", 1, tmp_path), data)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xfe\0", b"{}", page([]).encode()[:-7], b"<p>" * 5000])
def test_a_file_without_a_message_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    root = thread(tmp_path, "jan_1", page([message(ME, "hi")]))
    thread(root, "eva_2", data)
    assert texts(root, owner=ME) == ["hi"]
    assert re.search(r"eva_2/message_1\.html is damaged", capsys.readouterr().err)
    with pytest.raises(ArchiveError, match=r"eva_2/message_1\.html"):
        read(root, owner=ME, strict=True)


def test_what_is_quoted_in_a_body_is_no_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quoted = message(FRIEND, "a post", style="2021")
    lines = [message(ME, "", WHEN, quoted, style="2021"), message(ME, "hi", style="2021")]
    found = one(tmp_path, *lines, style="2021")
    assert [m.text for m in found if m.kind == "text"] == ["hi"]
    assert not capsys.readouterr().err


@cache
def sample(style: str) -> list[str]:
    start = datetime(2018, 3, 3, 16, 5)
    bodies: list[tuple[str, str]] = [
        ("plain", slots("plain")),
        ("lines", slots("two<br />lines")),
        ("photo", slots("", "", photo(), "")),
        ("liked", slots("liked", "", reactions("❤Ján"))),
        ("more", slots("it&#039;s &lt;more&gt;")),
        ("card", slots("You sent an attachment.", card())),
        ("call", slots("You called Ján O&#039;Friend.", "", "Duration: 7 seconds")),
        ("plain", slots("another")),
    ]
    return [
        message(ME if number % 3 else FRIEND, "", w.second(start + timedelta(minutes=number)), style=style, body=body)
        for number, (_, body) in enumerate(bodies)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def outcome(folder: Path, data: bytes) -> tuple[Counter[tuple[object, ...]], list[str]]:
    """The messages of a page, and its damage."""
    (folder / "message_1.html").write_bytes(data)
    with Tree(folder) as tree:
        job = Job(tree, tree.entries, None, "UTC", False)
        rows = [row for copy in READER.copies(job) for batch in copy.batches() for row in batch.to_pylist()]
    return Counter(tuple(row.values()) for row in rows), job.damaged


@pytest.mark.parametrize("style", STYLES)
def test_a_page_that_was_laid_out_anew_reads_the_same(folder: Path, style: str) -> None:
    data = page(sample(style), style=style)
    assert outcome(folder, data.replace("><", ">\n    <").encode()) == outcome(folder, data.encode())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(style=st.sampled_from([*KNOWN, "unknown"]), share=st.floats(min_value=0, max_value=1))
def test_a_page_cut_short_is_named(folder: Path, style: str, share: float) -> None:
    data = page(sample(style), style=style).encode()
    whole, _ = outcome(folder, data)
    found, spoken = outcome(folder, data[: int(share * (len(data) - 1))])
    assert spoken
    assert sum((found - whole).values()) <= 1


@settings(max_examples=200, deadline=None, derandomize=True)
@given(style=st.sampled_from(KNOWN), share=st.floats(min_value=0, max_value=1), bit=st.integers(0, 7))
def test_a_flipped_bit_changes_one_message_or_is_named(folder: Path, style: str, share: float, bit: int) -> None:
    data = bytearray(page(sample(style), style=style).encode())
    whole, _ = outcome(folder, bytes(data))
    data[int(share * (len(data) - 1))] ^= 1 << bit
    found, spoken = outcome(folder, bytes(data))
    if not spoken:
        assert found.total() == whole.total()
        assert (found - whole).total() <= 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=300), st.floats(min_value=0, max_value=1))
def test_any_bytes_anywhere_are_no_traceback(folder: Path, junk: bytes, share: float) -> None:
    data = page(sample("2021"), style="2021").encode()
    place = int(share * len(data))
    outcome(folder, data[:place] + junk + data[place:])
    html_markup.page(junk)


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
anything = st.text(letters, max_size=40)
name = st.text(letters, min_size=1, max_size=12).filter(lambda text: text.strip() == text and "\n" not in text)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    style=st.sampled_from(list(STYLES)),
    people=st.lists(name, min_size=2, max_size=2, unique=True),
    spoken=st.lists(anything, min_size=3, max_size=8),
)
def test_any_text_and_name_survive(folder: Path, style: str, people: list[str], spoken: list[str]) -> None:
    start = datetime(2022, 5, 13, 16, 5)
    times = [start + timedelta(seconds=7 * number) for number in range(len(spoken))]
    lines = [
        message(people[number % 2], text, w.second(times[number]), style=style) for number, text in enumerate(spoken)
    ]
    listing = f"Participants: {people[0]} and {people[1]}"
    file = folder / "message_1.html"
    file.write_text(page(lines, style=style, title=people[0], people=listing), encoding="utf-8")
    found = read(file, owner=people[1], timezone="UTC")
    assert [(m.sender, m.sent_at) for m in found] == [
        (people[number % 2], at(*time.timetuple()[:6])) for number, time in enumerate(times)
    ]
    assert [m.text if m.text.strip() else "" for m in found] == [text if text.strip() else "" for text in spoken]
    assert found[0].participants == tuple(people)
    assert found[0].title == people[0]


# Of spaces alone nothing is left either way: such a message is empty.
written = st.text(max_size=30).filter(lambda text: not text or bool(text.strip()))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(style=st.sampled_from(KNOWN), spoken=st.lists(written, max_size=5))
def test_plain_messages_are_read_as_the_parser_reads_them(style: str, spoken: list[str]) -> None:
    lines = [message(ME, text, style=style) for text in spoken] + sample(style)
    data = page(lines, style=style).encode("utf-8", "replace")
    fast = html_markup.page(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html_markup, "taken", lambda data: ([], data))
        assert html_markup.page(data) == fast
    assert style == "inner date" or style == "2025 wrapped" or html_plain.taken(data)[0]
