"""Times in the words of many languages."""

import random
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from babel import Locale
from babel.dates import format_datetime
from babel.localedata import locale_identifiers
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.dates import Calendar, UnknownDate, Wall, lexicon
from friendbot.errors import ArchiveError

NNBSP, NBSP, LRM, RLM = "\u202f", "\u00a0", "\u200e", "\u200f"


def read(text: str, *observed: str, newest_first: bool | None = None) -> Wall:
    calendar = Calendar()
    calendar.observe(observed, newest_first=newest_first)
    return calendar.read(text)


def shown(wall: Wall) -> str:
    return f"{wall.time:%Y-%m-%d %H:%M:%S}"


def minute(text: str, *observed: str, newest_first: bool | None = None) -> str:
    return f"{read(text, *observed, newest_first=newest_first).time:%Y-%m-%d %H:%M}"


SHAPES = [
    ("Friday, October 4, 2013 at 10:05pm PDT", "2013-10-04 22:05", "PDT"),
    ("Friday, October 4, 2013 at 22:05 UTC+05:30", "2013-10-04 22:05", "UTC+05:30"),
    ("Friday, 4 October 2013 at 22:05 UTC+02", "2013-10-04 22:05", "UTC+02"),
    ("Friday, 4 October 2013 at 22:05 UTC", "2013-10-04 22:05", "UTC"),
    ("Friday, October 4, 2013 at 10:05pm UTC-07", "2013-10-04 22:05", "UTC-07"),
    ("Friday, October 4, 2013 at 10:05pm America/Los_Angeles", "2013-10-04 22:05", "America/Los_Angeles"),
    ("Freitag, 4. Oktober 2013 um 22:05 UTC+02", "2013-10-04 22:05", "UTC+02"),
    ("vendredi 4 octobre 2013, 22:05", "2013-10-04 22:05", None),
    ("vendredi 4 octobre 2013, 22 h 05", "2013-10-04 22:05", None),
    ("16 déc. 2020, 14 h 45 min 31 s", "2020-12-16 14:45:31", None),
    ("4 oktober 2013 kl. 22.05", "2013-10-04 22:05", None),
    ("4.10.2013 klo 22.05", "2013-10-04 22:05", None),
    ("2013. október 4., 22:05", "2013-10-04 22:05", None),
    ("2013 m. spalio 4 d., 22:05", "2013-10-04 22:05", None),
    ("piektdiena, 2013. gada 4. oktobris plkst. 22:05", "2013-10-04 22:05", None),
    ("4 октября 2013 г. в 22:05", "2013-10-04 22:05", None),
    ("Παρασκευή, 4 Οκτωβρίου 2013 στις 10:05 μ.μ.", "2013-10-04 22:05", None),
    ("יום שישי, 4 באוקטובר 2013 בשעה 22:05", "2013-10-04 22:05", None),
    ("2013(e)ko urriaren 4(a) 22:05", "2013-10-04 22:05", None),
    ("Friday, 4 Oct 2013 at 22:05", "2013-10-04 22:05", None),
    # Months in forms that CLDR lacks.
    ("3 Mrz 2018, 16:05", "2018-03-03 16:05", None),
    ("fév. 3, 2018 4:05 PM", "2018-02-03 16:05", None),
    ("Octob 3, 2018 4:05 PM", "2018-10-03 16:05", None),
    ("3 listopadem 2018 v 16:05", "2018-11-03 16:05", None),
    ("Fri Oct 4 22:05:01 2013", "2013-10-04 22:05:01", None),
    ("Mar 3, 2018, 4:05 PM", "2018-03-03 16:05", None),
    (f"Mar 3, 2018, 4:05{NNBSP}PM", "2018-03-03 16:05", None),
    ("Mar 03, 2023 4:05:12 pm", "2023-03-03 16:05:12", None),
    ("Oct 19, 2019 at 2:37 PM", "2019-10-19 14:37", None),
    ("3 Mar 2018, 16:05", "2018-03-03 16:05", None),
    ("3 Sept 2018, 16:05", "2018-09-03 16:05", None),
    ("03-Mar-18 16:05", "2018-03-03 16:05", None),
    ("03.03.2018, 16:05", "2018-03-03 16:05", None),
    ("ago. 29, 2026 1:09 pm", "2026-08-29 13:09", None),
    ("ago 10, 2026 4:38 da manhã", "2026-08-10 04:38", None),
    ("2018-03-03 16:05", "2018-03-03 16:05", None),
    ("2018-03-03T16:05:12.345Z", "2018-03-03 16:05:12", "Z"),
    ("2018-03-03T16:05:12+02:00", "2018-03-03 16:05:12", "+02:00"),
    ("2018年3月4日 16:05", "2018-03-04 16:05", None),
    ("18年3月4日 16:05", "2018-03-04 16:05", None),
    ("2018年3月4日星期日下午4:05", "2018-03-04 16:05", None),
    ("2018年3月4日(日) 午後4:05", "2018-03-04 16:05", None),
    ("2018年3月4日 下午4：05", "2018-03-04 16:05", None),
    ("2018년 3월 4일 일요일 오후 4:05", "2018-03-04 16:05", None),
    ("2018. 3. 4. 오후 4시 5분", "2018-03-04 16:05", None),
    ("16:05 Thứ Sáu, 4 tháng 10, 2013", "2013-10-04 16:05", None),
    ("lúc 16:05 4 thg 10, 2013", "2013-10-04 16:05", None),
    ("วันศุกร์ที่ 4 ตุลาคม 2013 เวลา 22:05", "2013-10-04 22:05", None),
    ("13/9/20, 23:55", "2020-09-13 23:55", None),
    ("12/13/20, 11:55 PM", "2020-12-13 23:55", None),
    ("13/12/2020, 11:55 pm", "2020-12-13 23:55", None),
    ("13/9/20, 23:55:01", "2020-09-13 23:55:01", None),
    ("13.9.2020, 23:55", "2020-09-13 23:55", None),
    ("13.9.20, 23.55", "2020-09-13 23:55", None),
    (f"{LRM}13{RLM}/9{RLM}/2020, 23:55", "2020-09-13 23:55", None),
    ("1/13/20 11:55 a. m.", "2020-01-13 11:55", None),
    (f"13/1/20 11:55 p.{NBSP}m.", "2020-01-13 23:55", None),
    ("١٣/٣/٢٠١٨ ١٦:٠٥", "2018-03-13 16:05", None),
    ("r3b3cc4 b14k d4y, 0c70b3r 4, 2013 @ 10:05pm", "2013-10-04 22:05", None),
]


@pytest.mark.parametrize(("text", "time", "zone"), SHAPES)
def test_shapes(text: str, time: str, zone: str | None) -> None:
    seconds = time.count(":") == 2
    wall = Wall(datetime.fromisoformat(time), zone, 1000 if seconds else 60_000)
    assert read(text) == read(text, text) == wall


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        *(("12:05 am", 0), ("12:05 pm", 12), ("1:05 AM", 1), ("11:05 P.M.", 23), ("0:05", 0), ("23:05", 23)),
        *(("8:05 da noite", 20), ("12:05 da noite", 0), ("2:05 da madrugada", 2), ("12:05 da tarde", 12)),
        *(("11:05 da tarde", 23), ("12:05 da manhã", 0), ("4:05 da manhã", 4)),
        *(("8:05 de la noche", 20), ("8:05 de la tarde", 20), ("11:05 de la mañana", 11), ("1:05 de la madrugada", 1)),
        *(("上午12:05", 0), ("下午12:05", 12), ("凌晨1:05", 1), ("中午1:05", 13), ("中午11:05", 11), ("晚上8:05", 20)),
        *(("오전 12:05", 0), ("오후 12:05", 12), ("밤 1:05", 1), ("午後0:05", 12)),
        *(("10:05 du soir", 22), ("1:05 de l’après-midi", 13), ("de. 10:05", 10), ("du. 10:05", 22)),
        *(("10:05 e paradites", 10), ("10:05 m.d.", 22), ("3:05 ϳ", 3), ("16:05 PM", 16), ("3:05 noon", 15)),
    ],
)
def test_hours_of_a_part_of_the_day(written: str, hour: int) -> None:
    assert read(f"2018-03-04 {written}").time == datetime(2018, 3, 4, hour, 5)


@pytest.mark.parametrize(
    ("text", "observed", "time"),
    [
        # A weekday that is March elsewhere; the first has a wrong weekday.
        ("mar. 3 mars 2018 16:05", [], "2018-03-03 16:05"),
        ("mar. 3 avr. 2018 16:05", [], "2018-04-03 16:05"),
        ("mar 3 apr 2018 16:05", ["gio 5 apr 2018 16:05"], "2018-04-03 16:05"),
        ("mar, 3 abr 2018 16:05", [], "2018-04-03 16:05"),
        ("mar 17 set. 2019, 11:54", ["mié 18 dic. 2019, 11:54", "dom 4 ene. 2019, 11:54"], "2019-09-17 11:54"),
        ("mar. 3/4/2018 16:05", ["mar. 13/4/2018 16:05"], "2018-04-03 16:05"),
        # One word, two months.
        ("4 listopada 2013 22:05", ["3 stycznia 2013 22:05"], "2013-11-04 22:05"),
        ("4 listopada 2013 22:05", ["3 studenoga 2013 22:05"], "2013-10-04 22:05"),
        ("4 listopada 2013 22:05", ["3. kolovoza 2013 u 22:05"], "2013-10-04 22:05"),
        ("petak, 4. listopada 2013. 22:05", [], "2013-10-04 22:05"),
        ("piątek, 4 listopada 2013 22:05", [], "2013-11-04 22:05"),
        ("4 lis 2013 22:05", [], "2013-11-04 22:05"),
        ("4 srp 2013 22:05", ["4 říj 2013 22:05"], "2013-08-04 22:05"),
        ("4 srp 2013 22:05", ["4 svi 2013 22:05"], "2013-07-04 22:05"),
    ],
)
def test_words_with_several_meanings(text: str, observed: list[str], time: str) -> None:
    assert minute(text, text, *observed) == time


@pytest.mark.parametrize(
    ("text", "observed", "newest_first", "time"),
    [
        ("3/4/18, 16:05", ["13/4/18, 16:05"], None, "2018-04-03"),
        ("3/4/18, 16:05", ["4/13/18, 16:05"], None, "2018-03-04"),
        ("3/4/18, 16:05", ["1/4/18, 16:05", "2/4/18, 16:05", "1/5/18, 16:05"], False, "2018-04-03"),
        ("3/4/18, 16:05", ["4/1/18, 16:05", "4/2/18, 16:05", "5/1/18, 16:05"], False, "2018-03-04"),
        ("3/4/18, 16:05", ["1/5/18, 16:05", "2/4/18, 16:05", "1/4/18, 16:05"], True, "2018-04-03"),
        ("3/4/18, 16:05", ["1/5/18, 16:05", "2/4/18, 16:05", "1/4/18, 16:05"], None, "2018-04-03"),
        # Two lines of a file are out of order.
        (
            "3/4/18, 16:05",
            [f"{day}/{month}/18, 16:05" for month in (1, 2, 3) for day in (3, 2, 5, 7)],
            False,
            "2018-04-03",
        ),
        ("Tue 3/4/18, 16:05", ["Tue 3/4/18, 16:05"], None, "2018-04-03"),
        ("Sun 3/4/18, 16:05", ["Sun 3/4/18, 16:05"], None, "2018-03-04"),
        ("18-03-04 16:05", ["18-03-14 16:05", "18-03-30 16:05", "18-04-02 16:05"], False, "2018-03-04"),
        ("18/03/04 16:05", ["18/03/14 16:05", "18/03/30 16:05", "18/04/02 16:05"], False, "2018-03-04"),
        ("3/4/2018 16:05", ["2018-04-05 16:05", "14/4/2018 16:05"], None, "2018-04-03"),
        # A date pasted by a person stands against many.
        ("3/4/18, 16:05", ["13/4/18, 16:05", "14/4/18, 16:05", "12/31/18, 16:05"], None, "2018-04-03"),
    ],
)
def test_order_of_numbers(text: str, observed: list[str], newest_first: bool | None, time: str) -> None:
    calendar = Calendar()
    calendar.observe(observed, newest_first=newest_first)
    assert f"{calendar.read(text).time:%Y-%m-%d}" == time
    assert not calendar.guessed


@pytest.mark.parametrize(
    ("text", "time", "guessed"),
    [
        ("03/04/2018, 16:05", "2018-04-03", True),
        ("03/04/2018, 4:05 pm", "2018-03-04", True),
        ("03/03/2018, 16:05", "2018-03-03", True),
        ("3/4/18 4:05 p. m.", "2018-04-03", True),
        ("3/4/18 à 4:05 PM", "2018-04-03", True),
        ("18. 03. 04. 오후 4:05", "2018-03-04", True),
        ("03-04-18 16:05", "2018-04-03", True),
        ("03.04.2018, 16:05", "2018-04-03", False),
        ("03.04.2018, 4:05 pm", "2018-04-03", False),
        ("2018-04-03 16:05", "2018-04-03", False),
        ("3 Apr 2018 16:05", "2018-04-03", False),
    ],
)
def test_order_that_nothing_decides(text: str, time: str, guessed: bool) -> None:
    for observed in ([], [text]):
        calendar = Calendar()
        assert not calendar.guessed
        calendar.observe(observed)
        assert f"{calendar.read(text).time:%Y-%m-%d}" == time
        assert calendar.guessed == guessed


def test_files_are_evidence_together() -> None:
    calendar = Calendar()
    calendar.observe(["3/4/18, 16:05"], newest_first=True)
    assert calendar.read("3/4/18, 16:05").time.month == 4
    assert calendar.guessed
    calendar.observe(["1/2/18, 16:05", "2/1/18, 16:05"], newest_first=False)
    assert calendar.read("3/4/18, 16:05").time.month == 3
    assert not calendar.guessed
    calendar.observe(["30/2/18, 16:05", "14/2/18, 16:05", "15/2/18, 16:05"])
    assert calendar.read("3/4/18, 16:05").time.month == 4


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "hello", "16:05", "Mar 3, 2018", "March 3 at 16:05", "3 2018 16:05", "Mar 2018 16:05"),
        *("Feb 30, 2018 4:05 pm", "30/02/2018 16:05", "30/02/18 16:05", "13/13/2018 16:05", "2018-13-03 16:05"),
        *("Mar 3, 2018 25:05", "Mar 3, 2018 24:00", "Mar 3, 2018 16:60", "Mar 3, 2018 16:05:61", "Mar 3, 2018 1605"),
        *("Mar 3, 1989 16:05", "Mar 3, 2101 16:05", "Mar 0, 2018 16:05", "Mar 3, 12018 16:05", "Mar 3, 218 16:05"),
        *("3/4/2018/5 16:05", "33/44/55 16:05", "Mar 3, 20181 6:05", "Mar 3, 2018 " + "1" * 50 + ":05"),
        *("Mar Apr 3, 2018 4 16:05", "Quux 3, 2018 16:05", "Mar 3, 2018 16:05 " + "上" * 10**6),
    ],
)
def test_what_is_no_time(text: str) -> None:
    for observed in ([], [text], ["Mar 3, 2018 16:05"]):
        with pytest.raises(UnknownDate) as caught:
            read(text, *observed)
        assert isinstance(caught.value, ArchiveError)
        assert str(caught.value) == f"the time '{text.strip()[:60]}' has a shape or language that is not known"


def test_the_error_is_one_line() -> None:
    with pytest.raises(UnknownDate) as caught:
        read("a\nb\t\u2028c" + "d" * 100)
    assert "'a b c" + "d" * 55 + "'" in str(caught.value)


PIECES = st.sampled_from(
    [
        *(
            "3",
            "13",
            "31",
            "99",
            "2018",
            "18",
            "04",
            "٣",
            "½",
            "²",
            " ",
            " ",
            ", ",
            "/",
            "-",
            ".",
            ":",
            "16:05",
            "4:05:12",
        ),
        *(
            "Mar",
            "mar.",
            "mars",
            "maj",
            "lis",
            "月",
            "日",
            "年",
            "3月",
            "at",
            "pm",
            "AM",
            "p. m.",
            "下午",
            "da noite",
            "UTC",
        ),
        *("+02", "PDT", "GMT+", "Z", "\u200e", "\u202f", "h", "16.05", "İ", "ß", "\ud800", "\0", "4pr!1", "thg 10"),
    ]
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.lists(st.text() | st.lists(PIECES, max_size=12).map("".join), max_size=4))
def test_any_text_is_a_time_or_an_unknown_date(texts: list[str]) -> None:
    calendar = Calendar()
    fresh = Calendar()
    for learner in (calendar, fresh):
        learner.observe(texts)
    for text in [*texts, *texts]:
        try:
            wall = calendar.read(text)
        except UnknownDate:
            pass
        else:
            assert 1990 <= wall.time.year <= 2100
            assert wall.time.microsecond == 0
            assert wall.step == 1000 or wall.time.second == 0
            assert wall == fresh.read(text)


def stamps(start: datetime, gaps: Sequence[float]) -> list[datetime]:
    """Moments with so many days between them."""
    found = [start]
    for gap in gaps:
        found.append((found[-1] + timedelta(days=gap)).replace(microsecond=0))
    return found


FILES = st.builds(
    stamps,
    st.datetimes(datetime(2005, 1, 1), datetime(2024, 1, 1)).map(lambda time: time.replace(microsecond=0)),
    st.lists(st.floats(0.01, 20), min_size=29, max_size=29),
)
LOCALES = ["en", "en_GB", "de", "fr", "es", "pt", "pt_PT", "it", "nl", "pl", "sv", "ja", "ru", "vi", "fr_CA", "es_MX"]
PAGES = [
    "MMM dd, y h:mm:ss a",
    "MMM d, y h:mm B",
    "MMM d, y, h:mm a",
    "d MMM y, HH:mm",
    "EEE d MMM y, HH:mm:ss",
    "EEEE, d MMMM y HH:mm 'UTC'+02",
    "MMMM d, y h:mma",
]


@pytest.mark.parametrize("locale", LOCALES)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(times=FILES, newest_first=st.booleans(), known=st.booleans())
def test_what_cldr_writes_is_read_back(locale: str, times: list[datetime], newest_first: bool, known: bool) -> None:
    if newest_first:
        times = times[::-1]
    for form in ("short", "medium", "long", "full", *PAGES):
        texts = [format_datetime(time.replace(tzinfo=UTC), form, locale=locale) for time in times]
        calendar = Calendar()
        calendar.observe(texts, newest_first=newest_first if known else None)
        for time, text in zip(times, texts, strict=True):
            wall = calendar.read(text)
            assert wall.time == (time if wall.step == 1000 else time.replace(second=0)), text
            assert (wall.step == 1000) == (form in ("medium", "long", "full") or "ss" in form), text


def test_every_language_of_cldr() -> None:
    """Two dates of each month, as the language writes them in a middling width."""
    rng = random.Random(7)
    failed = []
    # Toki Pona and Dzongkha number their months in ways that other languages' dates look like.
    for identifier in sorted({name for name in locale_identifiers() if "_" not in name} - {"tok", "dz"}):
        days = [(month, day) for month in range(1, 13) for day in (2, 25)]
        times = [datetime(2017, month, day, rng.randrange(24), 7, tzinfo=UTC) for month, day in days]
        texts = [format_datetime(time, "medium", locale=identifier) for time in times]
        calendar = Calendar()
        calendar.observe(texts, newest_first=False)
        try:
            found = [calendar.read(text).time.replace(tzinfo=UTC) for text in texts]
        except UnknownDate as error:
            failed.append((identifier, str(error)))
        else:
            failed += [
                (identifier, text) for time, text, other in zip(times, texts, found, strict=True) if time != other
            ]
    assert not failed


def test_a_language_has_only_its_own_words() -> None:
    """babel's Locale gives Chinese months to most languages once it was asked for Chinese."""
    for identifier in ("fi", "zh", "es"):
        assert Locale.parse(identifier).months["stand-alone"]["wide"]
    assert lexicon.every().months["一月"] == {1: {"zh", "yue_Hans"}}
    assert "zh" not in lexicon.every().languages("tammikuu")


def test_reading_does_not_depend_on_what_was_read_before() -> None:
    rng = random.Random(3)
    shapes: list[Callable[[datetime], str]] = [
        lambda time: f"{time:%b %d, %Y} {time.hour % 12 or 12}:{time:%M:%S} {'am' if time.hour < 12 else 'pm'}",
        lambda time: f"{time:%b %d, %Y}, {time.hour % 12 or 12}:{time:%M}{NNBSP}{'AM' if time.hour < 12 else 'PM'}",
        lambda time: f"{time:%Y年%m月%d日} {'上午' if time.hour < 12 else '下午'}{time.hour % 12}:{time:%M}",
        lambda time: f"{time:%H:%M}, {time:%d/%m/%Y}",
        lambda time: f"{time.day}.{time.month}.{time.year} klo {time:%H.%M}",
        lambda time: f"{time.day}/{time.month}/{time:%y}, {time:%H:%M}",
        lambda time: f"4. Oktober {time.year} um {time:%H:%M} UTC{rng.choice(['+02', '-07', '+05:30'])}",
    ]
    for shape in shapes:
        times = [datetime(2016, 1, 1) + timedelta(seconds=rng.randrange(10**8)) for _ in range(150)]
        texts = [shape(time) for time in sorted(times)]
        rest = rng.sample(texts, len(texts))
        calendar = Calendar()
        calendar.observe(texts, newest_first=False)
        found = {text: calendar.read(text) for text in rest}
        for text in rest[:20]:
            fresh = Calendar()
            fresh.observe(texts, newest_first=False)
            assert fresh.read(text) == found[text] == calendar.read(text), text
        # Nor do halves of known texts make a time out of one that is none.
        with pytest.raises(UnknownDate):
            calendar.read(texts[0].replace(":", "::").replace(".", ".."))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="fbchat-archive-parser needs Python 3.11")
def test_all_that_fbchat_archive_parser_reads() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fbchat_archive_parser import time as package
    rng = random.Random(5)
    for language, form, *hints in list(package.FACEBOOK_TIMESTAMP_FORMATS):
        names = {(number, "d4y" in name.lower()): name for name, number in (hints[0] if hints else {}).items()}
        times = [datetime(2009, 1, 1) + timedelta(minutes=rng.randrange(8 * 365 * 1440)) for _ in range(30)]
        texts = [legacy(time, Locale(language[:2]), form, names) for time in times]
        # The package's own parsers go on differently once one has failed.
        parser = package.LocalizedDateParser(language, form, *hints)
        calendar = Calendar()
        calendar.observe(f"{text} UTC+00" for text in texts)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = [parser.parse(text).replace(tzinfo=None) for text in texts]
        assert theirs == times
        assert [calendar.read(f"{text} UTC+00") for text in texts] == [Wall(time, "UTC+00", 60_000) for time in times]


def legacy(time: datetime, locale: Locale, form: str, names: dict[tuple[int, bool], str]) -> str:
    """A time in one of the forms of fbchat-archive-parser."""
    fields = {
        "dddd": names.get((time.isoweekday(), True)) or locale.days["format"]["wide"][time.weekday()],
        "MMMM": names.get((time.month, False)) or locale.months["format"]["wide"][time.month],
        "YYYY": str(time.year),
        "HH": f"{time:%H}",
        "mm": f"{time:%M}",
        "D": str(time.day),
        "H": str(time.hour),
        "h": str(time.hour % 12 or 12),
        "A": "am" if time.hour < 12 else "pm",
    }
    pattern = rf"\[([^]]*)\]|({'|'.join(fields)})"
    return re.sub(pattern, lambda found: fields[found[2]] if found[2] else found[1].replace("?", ""), form)
