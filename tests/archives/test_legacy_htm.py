"""Facebook's downloads before May 2018."""

import contextlib
import datetime
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from archive_writers import FRIEND, ME, legacy, legacy_block, legacy_message, legacy_page, read, texts, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.errors import ArchiveError
from friendbot.messages import Message

UTC = datetime.UTC


def at(*parts: int) -> int:
    return int(datetime.datetime(*parts, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]


def talk(*lines: str, sender: str = FRIEND, when: str = "Friday, October 4, 2013 at 10:05pm UTC+02") -> list[str]:
    return [legacy_message(sender, line, when) for line in lines]


def when(zone: str, words: str = "Friday, October 4, 2013 at 10:05pm") -> list[str]:
    return talk("hi", when=f"{words} {zone}".strip())


def split(root: Path, *pages: str, listed: int | None = None) -> Path:
    """The layout of October 2017: a list of pages, and the pages beside it."""
    (root / "html").mkdir(parents=True)
    (root / "messages").mkdir()
    links = "".join(
        f'<p><a href="messages/{n}.html">X</a></p>' for n in range(len(pages) if listed is None else listed)
    )
    (root / "html/messages.htm").write_text(legacy_page([links]), encoding="utf-8")
    for number, page in enumerate(pages):
        body = f'<div class="contents">{page}</div>'
        text = f"<html><head><title>{ME} - Messages</title></head><body>{body}</body></html>"
        (root / f"messages/{number}.html").write_text(text, encoding="utf-8")
    return root


def split_thread(messages: list[str], people: str = FRIEND) -> str:
    head = f"<h3>Conversation with {people}</h3>Participants: {people}" if people else "<h3>Conversation</h3>"
    return f'<div class="thread">{head}{"".join(reversed(messages))}</div>'


def test_a_message_in_full(tmp_path: Path) -> None:
    root = legacy(tmp_path, legacy_block([*talk("hi"), *talk("hé 🚀", sender=ME)]))
    first, second = read(root)
    sent_at = at(2013, 10, 4, 20, 5)
    assert first == Message(f"legacy:{FRIEND}", FRIEND, (FRIEND, ME), ME, FRIEND, sent_at, 0, "text", "hi")
    assert (second.sender, second.text, second.seq, second.owner) == (ME, "hé 🚀", 1, ME)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a<br/>b<br>c", "a\nb\nc"),
        ("one &eacute;&nbsp;&#039;x&#039; &lt;b&gt; &amp;amp;", "one é\u00a0'x' <b> &amp;"),
        ("see <a href='x'>this</a> now", "see this now"),
        ("bell\x07 and\x1b more\x9f", "bell and more"),
        ("<p>nested</p>", "nested"),
        ("a</p><p>b", "a\nb"),
        ("caption <img src='p.jpg'/>", "caption"),
        ("not closed &unknown; & <3", "not closed &unknown; & <3"),
        ("line\nbreak\u2028and 👩\u200d🚀", "line\nbreak\u2028and 👩\u200d🚀"),
    ],
)
def test_text_is_kept_whole(tmp_path: Path, body: str, text: str) -> None:
    rows = [*talk("before"), legacy_message(FRIEND, body, raw=True), *talk("after")]
    assert texts(legacy(tmp_path, legacy_block(rows))) == ["before", text, "after"]


def test_no_thread_is_lost_on_the_edge_of_a_read(tmp_path: Path) -> None:
    """fbchat-archive-parser by itself drops a thread whose participants are cut by its reads of 16 KiB."""
    block = legacy_block(talk("hi"))
    start = legacy_page([block]).encode().index(b'<div class="thread">')
    for edge in range(-4, 40, 2):
        padding = "x" * (16384 - start - edge)
        assert texts(legacy(tmp_path, block, padding=padding)) == ["hi"], edge


def test_a_thread_that_occurs_twice_is_read_once(tmp_path: Path) -> None:
    block = legacy_block(talk("a", "a", "b"))
    assert texts(legacy(tmp_path / "one", block, legacy_block(talk("c"), "Éva"), block)) == ["a", "a", "b", "c"]
    zipped(tmp_path / "one", tmp_path / "one.zip")
    assert texts(tmp_path) == ["a", "a", "b", "c"]


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=30)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(spoken=st.lists(words, min_size=1, max_size=8), name=words.map(lambda name: f"A{name}"))
def test_any_text_and_name_survive(spoken: list[str], name: str) -> None:
    name = " ".join(name.split())
    with tempfile.TemporaryDirectory() as folder:
        found = read(legacy(Path(folder), legacy_block(talk(*spoken, sender=name), f"{name}, {ME}")))
    assert [(m.sender, m.text) for m in found] == [(name, text.strip()) for text in spoken]


def test_blocks_of_a_long_thread_meet_inside_a_minute(tmp_path: Path) -> None:
    old, mid, new = (f"Friday, October 4, 2013 at 10:0{minute}pm UTC" for minute in (4, 5, 6))
    older = [*talk("1", when=old), *talk("2", "3", when=mid)]
    newer = [*talk("4", "5", when=mid), *talk("6", when=new)]
    for blocks in ([older, newer], [newer, older]):
        other = legacy_block(talk("x"), f"{ME}, Éva")
        root = legacy(tmp_path, legacy_block(blocks[0]), other, legacy_block(blocks[1], f"{ME}, {FRIEND}"))
        found = [m for m in read(root) if m.title == FRIEND]
        assert [(m.text, m.seq) for m in found] == [(str(n + 1), n) for n in range(6)]


def test_kinds(tmp_path: Path) -> None:
    rows = [
        legacy_message(FRIEND, "", raw=True),
        legacy_message(FRIEND, "<img src='photos/1.jpg'/>", raw=True),
        legacy_message(FRIEND, f"{FRIEND} called you."),
        legacy_message(FRIEND, "You are now connected on Messenger."),
        legacy_message(FRIEND, "(image reference: typed)"),
    ]
    found = read(legacy(tmp_path, legacy_block(rows)))
    assert [m.kind for m in found] == ["empty", "media", "call", "system", "text"]


def test_a_name_with_a_comma_and_a_number_for_a_name(tmp_path: Path) -> None:
    comma = legacy_block(talk("hi", sender="Friend, Jr."), f"{ME}, Friend, Jr.")
    number = legacy_block(talk("hi", sender="Éva"), f"1234@facebook.com, {ME}")
    found = {m.title: m.participants for m in read(legacy(tmp_path, comma, number))}
    assert found == {"Friend, Jr.": ("Friend, Jr.", ME), "Éva": ("Éva", ME)}


def test_deleted_people_are_not_put_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [
        legacy_block(talk("a", sender="Facebook User"), f"Facebook User, {ME}"),
        legacy_block(talk("b", sender="Facebook User"), f"Facebook User, {ME}"),
        legacy_block(talk("c", sender=""), ""),
    ]
    found = read(legacy(tmp_path, *blocks))
    assert [(m.text, m.sender) for m in found] == [("a", "Facebook User"), ("b", "Facebook User"), ("c", "Unknown")]
    assert len({m.thread_id for m in found}) == 3
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "hour"),
    [
        ("Friday, October 4, 2013 at 10:05pm UTC-07", 29),
        ("Friday, October 4, 2013 at 22:05 UTC+05:30", 16),
        ("Friday, 4 October 2013 at 22:05 UTC", 22),
        ("Freitag, 4. Oktober 2013 um 22:05 UTC+02", 20),
        ("vendredi 4 octobre 2013, 22:05 UTC+02", 20),
        ("Friday, October 4, 2013 at 10:05pm PDT", 29),
    ],
)
def test_times(tmp_path: Path, words: str, hour: int) -> None:
    minute = 35 if "05:30" in words else 5
    root = legacy(tmp_path, legacy_block(talk("hi", when=words)))
    assert read(root)[0].sent_at == at(2013, 10, 4) + (hour * 60 + minute) * 60_000


def test_a_zone_that_can_mean_several_is_asked_for(tmp_path: Path) -> None:
    root = legacy(tmp_path, legacy_block(when("PST")))
    with pytest.raises(ArchiveError, match=r"PST.*parse\.timezone.*America/Los_Angeles"):
        read(root)
    assert read(root, timezone="America/Los_Angeles")[0].sent_at // 3_600_000 == at(2013, 10, 5, 5) // 3_600_000
    with pytest.raises(ArchiveError, match=r"parse\.timezone 'Mars/Base' is no known zone"):
        read(root, timezone="Mars/Base")


def test_a_time_without_a_zone_is_read_in_the_given_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = legacy(tmp_path, legacy_block(when("")), legacy_block(when(""), f"{ME}, Éva"))
    assert {m.sent_at for m in read(root)} == {at(2013, 10, 4, 22, 5)}
    note = f"the times in {tmp_path.name}/html/messages.htm name no zone and were taken as UTC: set parse.timezone"
    assert capsys.readouterr().err == f"note: {note} to yours, such as Europe/Berlin\n"
    assert {m.sent_at for m in read(root, timezone="Europe/Berlin")} == {at(2013, 10, 4, 20, 5)}
    assert capsys.readouterr().err == ""


def test_the_hour_that_comes_twice_is_told_apart(tmp_path: Path) -> None:
    words = "Sunday, November 3, 2013 at 1:30am"
    root = legacy(tmp_path, legacy_block([*when("PDT", words), *when("PST", words)]))
    assert [m.sent_at for m in read(root, timezone="America/Los_Angeles")] == [
        at(2013, 11, 3, 8, 30),
        at(2013, 11, 3, 9, 30),
    ]


def test_an_offset_in_the_page_wins_over_the_given_zone(tmp_path: Path) -> None:
    root = legacy(tmp_path, legacy_block(when("UTC+02")))
    assert read(root, timezone="America/Los_Angeles")[0].sent_at == at(2013, 10, 4, 20, 5)


def test_no_time_that_can_be_read_is_an_error_that_shows_one(tmp_path: Path) -> None:
    root = legacy(tmp_path, legacy_block(talk("a", "b", when="the 13th of Fructidor at noon UTC")))
    with pytest.raises(ArchiveError, match=r"messages\.htm.*13th of Fructidor"):
        read(root)


def test_one_time_that_cannot_be_read_among_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unknown = talk("b", "c", when="the 13th of Fructidor at noon UTC")
    for blocks in ([*talk("a"), *unknown, *talk("d")],), (unknown, talk("a", "d")):
        root = legacy(tmp_path, *map(legacy_block, blocks))
        assert texts(root) == ["a", "d"]
        err = capsys.readouterr().err
        assert f"(the thread with {FRIEND}, at byte " in err
        assert f"2 of its {len(blocks[0])} messages have no usable time" in err
        assert "have no usable time, such as 'the 13th of Fructidor at noon UTC'; left out" in err
        with pytest.raises(ArchiveError, match=r"13th of Fructidor.*parse\.strict"):
            read(root, strict=True)


def test_a_message_that_cannot_be_placed_is_never_dropped_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = '<!-- <span class="meta">x</span> -->'
    lost = legacy(tmp_path / "lost", legacy_block([*talk("a"), hidden, *talk("b")]))
    assert texts(lost) == ["a", "b"]
    assert "1 of its 3 messages cannot be read" in capsys.readouterr().err
    with pytest.raises(ArchiveError, match="1 of its 3 messages cannot be read"):
        read(lost, strict=True)
    timeless = legacy(tmp_path / "t", legacy_block([*talk("a"), '<div class="message"></div><p>b</p>', *talk("c")]))
    assert texts(timeless) == ["a", "c"]
    assert (
        "(the thread with Ján O'Friend, at byte 228) is damaged: 1 of its 3 messages have no usable time; left out"
        in capsys.readouterr().err
    )
    with pytest.raises(ArchiveError, match="no usable time"):
        read(timeless, strict=True)
    outside = legacy(tmp_path / "out", *talk("lost"), legacy_block(talk("a")))
    assert texts(outside) == ["a"]
    assert "1 messages are outside of any thread" in capsys.readouterr().err


def test_broken_markup_is_read_message_by_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = talk(*map(str, range(20)), sender="Ada")
    rows[7] = rows[7].replace("</div></div><p>", "</div></div></div><p>")
    for whole in (legacy_block(rows), legacy_block(rows).replace("</div><p>", "</div> <p>")):
        assert texts(legacy(tmp_path, whole)) == [*map(str, range(20))]
        assert "has broken markup, so its messages were read one by one" in capsys.readouterr().err
    threads = [legacy_block(talk(*"abc")), legacy_block(talk("x", "y"), f"{ME}, Éva").replace("thread", "thr")]
    for odd in (str, lambda text: text.replace("<p>", "<p><br/>"), lambda text: text.replace("<p>c", "<p><br/>c")):
        assert texts(legacy(tmp_path, "".join(map(odd, threads)))) == ["x", "y", "a", "b", "c"]
        assert "has broken markup, so its messages were read one by one" in capsys.readouterr().err


def test_a_page_that_is_cut_short_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = legacy(tmp_path, legacy_block(talk("a", "b")), legacy_block(talk("c"), f"{ME}, Éva")) / "html/messages.htm"
    page.write_bytes(page.read_bytes().partition(b"Downloaded")[0])
    assert texts(tmp_path) == ["a", "b", "c"]
    assert "its end is missing" in capsys.readouterr().err
    with pytest.raises(ArchiveError, match="its end is missing"):
        read(tmp_path, strict=True)


def test_pages_listed_in_another_file(tmp_path: Path) -> None:
    picture = '<div class="thread"><h3>C</h3>Participants: Éva<img src="x.jpg"/>' + "".join(reversed(talk("c", "d")))
    unnamed = split_thread(talk("e", sender="Ada"), "")
    root = split(tmp_path, split_thread(talk("a", "b")), f"{picture}</div>", unnamed)
    found = read(root)
    assert [(m.title, m.text) for m in found] == [
        ("Ada", "e"),
        *((FRIEND, t) for t in "ab"),
        *(("Éva", t) for t in "cd"),
    ]
    assert {m.owner for m in found} == {ME}
    assert {m.kind for m in found} == {"text"}
    assert read(zipped(root, tmp_path / "f.zip", "facebook-zoe/")) == found


def test_a_listed_page_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = split(tmp_path, split_thread(talk("a")), listed=3)
    assert texts(root) == ["a"]
    assert "2 pages it lists are not there, such as messages/1.html" in capsys.readouterr().err
    with pytest.raises(ArchiveError, match="give the whole folder"):
        read(root, strict=True)
    with pytest.raises(ArchiveError, match="give the whole folder"):
        read(root / "html" / "messages.htm")


def test_a_python_without_the_package_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fbchat_archive_parser", None)
    root = legacy(tmp_path, legacy_block(talk("hi")))
    with pytest.raises(ArchiveError, match=r"Python 3\.11.*parse\.legacy_reader: lxml"):
        read(root, legacy_reader="fbcap")
    assert texts(root) == ["hi"]


def test_progress_reaches_the_total(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    block = legacy_block(talk("a"))
    read(legacy(tmp_path, block, block), progress=lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1] > 0


def test_two_downloads_of_one_account(tmp_path: Path) -> None:
    """The later one has all of the earlier one and cuts it into other blocks."""
    minutes = [f"Friday, October 4, 2013 at 10:{minute:02}pm UTC" for minute in range(60)]
    rows = [row for minute in minutes for row in talk("a", "b", when=minute)]
    legacy(tmp_path / "2013", legacy_block(rows[:30]), legacy_block(rows[30:61]))
    legacy(tmp_path / "2014", legacy_block(rows[15:45]), legacy_block(rows[:15]), legacy_block(rows[45:]))
    found = read(tmp_path)
    assert {m.thread_id for m in found} == {f"legacy:{FRIEND}"}
    assert [m.text for m in found] == ["a", "b"] * 60


def test_blocks_of_ten_thousand(tmp_path: Path) -> None:
    """Where two blocks of a long thread meet, the minute they share stays in order; nothing is lost or doubled."""
    start = datetime.datetime(2013, 10, 4)
    minutes = [start + datetime.timedelta(minutes=number // 7) for number in range(25_000)]
    words = {minute: f"{minute:%A, %B} {minute.day}, {minute.year} at {minute:%H:%M} UTC" for minute in set(minutes)}
    rows = [
        legacy_message((FRIEND, ME)[number % 2], str(number), words[minute]) for number, minute in enumerate(minutes)
    ]
    blocks = [legacy_block(rows[cut : cut + 10_000]) for cut in (10_000, 0, 20_000)]
    other = legacy_block(talk("x"), f"{ME}, Éva")
    found = [m for m in read(legacy(tmp_path, blocks[0], other, *blocks[1:])) if m.title == FRIEND]
    assert [int(m.text) for m in found] == [m.seq for m in found] == [*range(25_000)]
    assert [m.sender for m in found] == [FRIEND, ME] * 12_500


def sample() -> bytes:
    """A page with all that a page has."""
    old, new = ([f"Friday, October 4, 2013 at 10:{ten + one:02}pm UTC+02" for one in range(4)] for ten in (10, 40))
    bodies = ["é 🚀", "a &amp; b", "<p>nested</p>", "x<br/>y", "<img src='photos/1.jpg'/>", "", "&lt;b&gt;", "end"]
    blocks = [
        legacy_block([legacy_message((FRIEND, ME)[n % 2], bodies[n], (old + new)[n], raw=True) for n in span], people)
        for span, people in ((range(4, 8), f"{FRIEND}, {ME}"), (range(8), f"{ME}, Éva"), (range(4), f"{FRIEND}, {ME}"))
    ]
    return legacy_page(blocks).encode()


SAMPLE = sample()


def damaged(page: bytes) -> tuple[list[Message], str]:
    """What is read of a page, and what is said about it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "messages.htm").write_bytes(page)
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said):
                return read(Path(folder)), said.getvalue()
        except ArchiveError as error:
            return [], str(error)


places = st.integers(0, len(SAMPLE) - 1)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(cut=places)
def test_a_page_cut_anywhere(cut: int) -> None:
    found, said = damaged(SAMPLE[:cut])
    assert said or found == damaged(SAMPLE)[0]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(place=places, bit=st.integers(0, 7), junk=st.binary(max_size=12), over=st.integers(0, 40))
def test_a_page_with_a_flipped_bit_or_junk_in_it(place: int, bit: int, junk: bytes, over: int) -> None:
    """A loss is said, or is the loss of a word or a name: at most of the two messages that the damage touches."""
    if junk:
        page = SAMPLE[:place] + junk + SAMPLE[place + over :]
    else:
        page = SAMPLE[:place] + bytes([SAMPLE[place] ^ 1 << bit]) + SAMPLE[place + 1 :]
    found, said = damaged(page)
    if not said:
        same = Counter((m.sent_at, m.text) for m in damaged(SAMPLE)[0])
        assert len(found) == same.total()
        assert (same & Counter((m.sent_at, m.text) for m in found)).total() >= same.total() - 2
