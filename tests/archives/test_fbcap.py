"""Our reading of legacy pages against fbchat-archive-parser's."""

import contextlib
import importlib.util
import re
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from archive_writers import FRIEND, ME, legacy, legacy_block, legacy_message, read
from babel import Locale

from friendbot.archives.dates import Calendar, UnknownDate
from friendbot.archives.dates.clock import Clock
from friendbot.archives.formats import fbcap
from friendbot.errors import ArchiveError

if importlib.util.find_spec("fbchat_archive_parser") is None:
    pytest.skip("fbchat-archive-parser needs Python 3.11", allow_module_level=True)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fbchat_archive_parser import parser
    from fbchat_archive_parser.time import FACEBOOK_TIMESTAMP_FORMATS as FORMATS

AMERICAN = ("en_us", "dddd, MMMM D, YYYY [at] h:mmA")
ZONES = ["UTC", "UTC-07", "UTC+05:30", "PDT", "EST", "EDT", "MST", "BST", "GMT", "CEST", "EEST", "MSK", "JST", "AEST"]
MOMENTS = [datetime(2013, month, month + 3, month * 5 % 24, month * 4) for month in range(1, 13)]


def spelled(moment: datetime, locale: str, form: str, names: dict[str, int]) -> str:
    """A time as the library's format of a language has it; `names` are months and then weekdays, if not CLDR's."""
    language = Locale(locale.partition("_")[0])
    months = [*names][:12] if names else [language.months["format"]["wide"][number] for number in range(1, 13)]
    days = [*names][-7:] if len(names) > 12 else [language.days["format"]["wide"][number] for number in range(7)]
    values: dict[str, Any] = {
        **{"dddd": days[moment.weekday()], "MMMM": months[moment.month - 1], "YYYY": moment.year, "D": moment.day},
        **{"HH": f"{moment:%H}", "H": moment.hour, "mm": f"{moment:%M}"},
        **{"h": moment.hour % 12 or 12, "A": "am" if moment.hour < 12 else "pm"},
    }
    token = re.compile(r"\[([^\]]*)\]|dddd|MMMM|YYYY|HH|mm|D|H|h|A")
    return token.sub(lambda found: str(values.get(found[0], (found[1] or "").replace("?", ""))), form)


@pytest.mark.parametrize(
    ("locale", "form", "names"), [(*form, {})[:3] for form in FORMATS], ids=[f"{form[0]} {form[1]}" for form in FORMATS]
)
def test_times_mean_the_same_in_every_language_of_the_library(locale: str, form: str, names: dict[str, int]) -> None:
    whens = [f"{spelled(moment, locale, form, names)} UTC+02" for moment in MOMENTS]
    calendar, clock = Calendar(), Clock(None)
    calendar.observe(whens)
    theirs = fbcap.Moments(clock)
    expected = [(moment - datetime(1970, 1, 1, 2)).total_seconds() * 1000 for moment in MOMENTS]
    assert [theirs(when) for when in whens] == expected
    assert [clock.instant(calendar.read(when)) for when in whens] == expected


@pytest.mark.parametrize("zone", ["UTC+99", "UTC-99999999999", "UTC+", "UTC+1:2:3"])
def test_zones_that_there_are_not(zone: str) -> None:
    when = f"{spelled(MOMENTS[0], *AMERICAN, {})} {zone}"
    with contextlib.suppress(UnknownDate):
        fbcap.Moments(Clock(None))(when)


def page(tmp_path: Path) -> Path:
    """Threads in the ways that the library gets right."""
    moments = [datetime(2013, 10, 4, 22, minute) for minute in (5, 5, 6, 7)]
    whens = [f"{spelled(moment, *AMERICAN, {})} {zone}" for zone in ZONES for moment in moments]
    bodies = ["a", "é 🚀 &lt;b&gt;", "", "<p>nested</p>", " two\nlines ", "&#039;x&quot;"]
    senders = [FRIEND, ME, "Éva", ""]
    rows = [
        legacy_message(senders[number % 4], bodies[number % 6], when, raw=True) for number, when in enumerate(whens)
    ]
    blocks = [legacy_block(rows[:20], f"{FRIEND}, {ME}"), legacy_block(rows[20:], f"{ME}, Éva, {FRIEND}")]
    return legacy(tmp_path, *blocks, legacy_block(rows[:5], "Éva, Ada"))


def test_a_page_says_the_same_to_the_library_itself(tmp_path: Path) -> None:
    """But for what FORMATS.md tells of it: here are no elements in texts, and no block is on the edge of a read."""
    root = page(tmp_path)
    with warnings.catch_warnings(), (root / "html/messages.htm").open(encoding="utf-8") as file:
        warnings.simplefilter("ignore")
        history = parser.parse(file)
    theirs = {}
    for names, thread in history.threads.items():
        messages = sorted(thread.messages)
        theirs[f"legacy:{names}"] = [(int(m.timestamp.timestamp() * 1000), m.sender, m.content) for m in messages]
    ours: dict[str, list[tuple[int, str, str]]] = {name: [] for name in theirs}
    for m in read(root):
        ours[m.thread_id].append((m.sent_at, m.sender, m.text))
    assert history.user == ME
    assert ours == theirs


def test_the_library_reads_the_times_of_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = page(tmp_path)
    assert read(root, legacy_reader="fbcap") == read(root)
    unknown = legacy_message(FRIEND, "lost", "the 13th of Fructidor at noon UTC")
    bare = legacy_message(FRIEND, "found", "Friday, October 4, 2013 at 10:05pm")
    root = legacy(tmp_path / "bare", legacy_block([unknown, bare]))
    for options in ({}, {"timezone": "Europe/Berlin"}):
        assert read(root, legacy_reader="fbcap", **options) == read(root, **options)
    assert capsys.readouterr().err.count("such as 'the 13th of Fructidor at noon UTC'") == 4
    ambiguous = legacy(
        tmp_path / "pst", legacy_block([legacy_message(FRIEND, "a", "Friday, October 4, 2013 at 09:05 PST")])
    )
    with pytest.raises(ArchiveError, match=r"messages\.htm.*PST.*parse\.timezone"):
        read(ambiguous, legacy_reader="fbcap")
    los_angeles = {"timezone": "America/Los_Angeles"}
    assert read(ambiguous, legacy_reader="fbcap", **los_angeles) == read(ambiguous, **los_angeles)


def test_a_date_that_the_library_misreads_is_unknown() -> None:
    moments = fbcap.Moments(Clock(None))
    with pytest.raises(ArchiveError, match="has a shape or language that is not known"):
        moments("Friday, October 4, 20133 at 10:05pm UTC")
