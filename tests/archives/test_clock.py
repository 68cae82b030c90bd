"""What clocks on the wall showed, as moments in time."""

import random
import sys
import warnings
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from friendbot.archives.dates import Wall
from friendbot.archives.dates.clock import EPOCH, OFFSETS, Clock
from friendbot.errors import ArchiveError

HOUR = 3_600_000


def wall(time: str, zone: str | None = None) -> Wall:
    return Wall(datetime.fromisoformat(time), zone, 60_000)


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH.replace(tzinfo=UTC)) // timedelta(milliseconds=1)


def utc(time: str) -> int:
    return milliseconds(datetime.fromisoformat(time).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "timezone", "time"),
    [
        ("UTC", None, "22:05"),
        ("UTC", "Europe/Berlin", "22:05"),
        ("GMT", "Europe/London", "22:05"),
        ("gmt", None, "22:05"),
        ("Z", None, "22:05"),
        ("UTC+02", "America/Los_Angeles", "20:05"),
        ("UTC+2", None, "20:05"),
        ("UTC+05:30", None, "16:35"),
        ("UTC-09:30", None, "31:35"),
        ("GMT−07:00", None, "29:05"),
        ("+0530", None, "16:35"),
        ("-0330", None, "25:35"),
        ("PDT", None, "29:05"),
        ("PDT", "Europe/Berlin", "29:05"),
        ("AEST", None, "12:05"),
        ("ChST", None, "12:05"),
        ("EST", "America/New_York", "26:05"),
        ("CST", "America/Chicago", "27:05"),
        ("CST", "Asia/Shanghai", "14:05"),
        ("IST", "Asia/Kolkata", "16:35"),
        ("Europe/Berlin", None, "20:05"),
        ("America/Los_Angeles", "Europe/Berlin", "29:05"),
        ("Cuba", None, "26:05"),
        (None, "Europe/Berlin", "20:05"),
        (None, "Asia/Kolkata", "16:35"),
        ("UHR", "Europe/Berlin", "20:05"),
    ],
)
def test_zones(zone: str | None, timezone: str | None, time: str) -> None:
    hour, minute = map(int, time.split(":"))
    clock = Clock(timezone)
    for _ in range(2):
        assert clock.instant(wall("2013-10-04 22:05", zone)) == utc("2013-10-04") + hour * HOUR + minute * 60_000
    assert not clock.assumed


@pytest.mark.parametrize(
    ("zone", "timezone", "message"),
    [
        (
            "PST",
            None,
            r"'PST' can mean several: set parse\.timezone to yours, such as America/Los_Angeles or Asia/M",
        ),
        ("PST", "Europe/Berlin", r"'PST' can mean several: set parse\.timezone .*America/Los_Angeles"),
        ("CST", None, r"America/Chicago or America/Havana or Asia/Shanghai"),
        ("CDT", None, r"'CDT' can mean several"),
        ("IST", "America/Chicago", r"Europe/Dublin or Asia/Jerusalem or Asia/Kolkata"),
        ("CET", None, r"such as Europe/Berlin"),
        ("XYZ", None, r"the zone 'XYZ' is not known: set parse\.timezone"),
        ("UTC+25", None, r"the zone 'UTC\+25' is not known"),
        ("Mars/Base", None, r"the zone 'Mars/Base' is not known"),
    ],
)
def test_zones_that_must_be_given(zone: str, timezone: str | None, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        Clock(timezone).instant(wall("2013-10-04 22:05", zone))


def test_a_zone_that_there_is_not() -> None:
    for name in ("Mars/Base", "../etc/passwd", "Europe", "\0"):
        with pytest.raises(ArchiveError, match="is no known zone: use a name such as Europe/Berlin"):
            Clock(name)


def test_a_time_without_a_zone() -> None:
    clock = Clock(None)
    clock.instant(wall("2013-10-04 22:05", "UTC+02"))
    assert not clock.assumed
    assert clock.instant(wall("2013-10-04 22:05")) == utc("2013-10-04 22:05")
    assert clock.assumed
    clock = Clock(None)
    clock.place(330)
    assert clock.instant(wall("2013-10-04 22:05")) == utc("2013-10-04 16:35")
    assert clock.instant(wall("2013-10-04 22:05", "UTC")) == utc("2013-10-04 22:05")
    clock.place(-60)
    assert clock.instant(wall("2013-10-04 22:05")) == utc("2013-10-04 23:05")
    assert not clock.assumed
    clock = Clock("Europe/Berlin")
    clock.place(330)
    assert clock.instant(wall("2013-10-04 22:05")) == utc("2013-10-04 20:05")


@pytest.mark.parametrize(
    ("timezone", "time", "zone", "expected"),
    [
        ("America/Los_Angeles", "2013-11-03 01:30", "PDT", "2013-11-03 08:30"),
        ("America/Los_Angeles", "2013-11-03 01:30", "PST", "2013-11-03 09:30"),
        ("America/Los_Angeles", "2013-11-03 01:30", None, "2013-11-03 08:30"),
        ("America/Los_Angeles", "2013-07-03 01:30", "PST", "2013-07-03 08:30"),
        ("Europe/Berlin", "2013-03-31 02:30", None, "2013-03-31 01:30"),
        ("Europe/Berlin", "2013-03-31 01:59", None, "2013-03-31 00:59"),
        ("Europe/Berlin", "2013-03-31 03:00", None, "2013-03-31 01:00"),
        ("Europe/London", "2013-10-27 01:30", "BST", "2013-10-27 00:30"),
        ("Europe/London", "2013-10-27 01:30", "GMT", "2013-10-27 01:30"),
        ("America/St_Johns", "2010-03-14 00:00", None, "2010-03-14 03:30"),
        ("America/St_Johns", "2010-03-14 01:30", None, "2010-03-14 04:00"),
        ("Australia/Lord_Howe", "2013-04-07 01:45", None, "2013-04-06 14:45"),
        ("Australia/Lord_Howe", "2013-04-07 02:00", None, "2013-04-06 15:30"),
    ],
)
def test_hours_that_come_twice_or_never(timezone: str, time: str, zone: str | None, expected: str) -> None:
    clock = Clock(timezone)
    for around in ("00:00", "00:59", "01:00", "01:59", "02:59"):
        clock.instant(wall(f"{time[:10]} {around}", zone))
    assert clock.instant(wall(time, zone)) == utc(expected)


@pytest.mark.parametrize(
    ("timezone", "shown", "expected"),
    [
        ("Europe/Berlin", "1:58 2:10 2:50 2:05 2:55 3:01", "23:58 0:10 0:50 1:05 1:55 2:01"),
        ("Europe/Berlin", "5:30 5:10 5:40", "4:30 4:10 4:40"),
        ("Europe/Berlin", "2:50 ? 2:10", "0:50 ? 1:10"),
        (None, "2:30 2:50 2:10 2:40 3:05", "2:30 2:50 2:50 2:50 3:05"),
        (None, "4:30 3:10 4:40", "4:30 3:10 4:40"),
        (None, "3:05 2:40 2:10", "3:05 2:40 2:10"),
        (None, "?", "?"),
        (None, "", ""),
    ],
)
def test_the_hour_that_comes_twice_keeps_its_order(timezone: str | None, shown: str, expected: str) -> None:
    clock = Clock(timezone)
    times = [None if time == "?" else clock.instant(wall(f"2021-10-31 {time:0>5}")) for time in shown.split()]
    clock.unfold(times)
    assert [
        "?" if time is None else f"{datetime.fromtimestamp(time / 1000, UTC):%-H:%M}" for time in times
    ] == expected.split()


def test_half_an_hour_that_comes_twice() -> None:
    clock = Clock("Australia/Lord_Howe")
    times: list[int | None] = [clock.instant(wall(f"2021-04-04 01:{minute}")) for minute in (35, 50, 40)]
    clock.unfold(times)
    assert times == [utc("2021-04-03 14:35"), utc("2021-04-03 14:50"), utc("2021-04-03 15:10")]


ZONES = (
    *("Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"),
    *("Asia/Gaza", "Pacific/Apia", "Africa/Casablanca", "Asia/Tehran", "Antarctica/Troll", "America/Caracas"),
)


@pytest.mark.parametrize("timezone", ZONES)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2100, 12, 31)), min_size=1, max_size=8))
def test_a_remembered_hour_is_as_if_it_were_new(timezone: str, times: list[datetime]) -> None:
    zone = ZoneInfo(timezone)
    clock = Clock(timezone)
    around = [
        (time + timedelta(minutes=minutes)).replace(microsecond=0) for time in times for minutes in (0, 1, 30, -1)
    ]
    for time in around:
        expected = time.replace(tzinfo=zone).astimezone(UTC)
        assert clock.instant(Wall(time, None, 1000)) == milliseconds(expected)


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/Los_Angeles", "Europe/London", "Asia/Kolkata"])
def test_a_moment_in_words_of_its_zone_comes_back(timezone: str) -> None:
    rng = random.Random(5)
    clock = Clock(timezone)
    nights = [datetime(2013, 11, 3, tzinfo=UTC), datetime(2013, 10, 27, tzinfo=UTC), datetime(2013, 3, 31, tzinfo=UTC)]
    moments = [night + timedelta(minutes=rng.randrange(-600, 1200)) for night in nights for _ in range(300)]
    for moment in moments:
        local = moment.astimezone(ZoneInfo(timezone))
        assert clock.instant(Wall(local.replace(tzinfo=None), local.tzname(), 60_000)) == milliseconds(moment)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 12, 31)), st.integers(-14 * 60, 14 * 60))
def test_an_offset_is_taken_off(time: datetime, minutes: int) -> None:
    zone = f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    expected = milliseconds(time.replace(tzinfo=UTC) - timedelta(minutes=minutes))
    assert Clock(None).instant(Wall(time, zone, 1000)) == expected


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="fbchat-archive-parser needs Python 3.11")
def test_abbreviations_are_those_of_fbchat_archive_parser() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fbchat_archive_parser import time as package
    known = {name: list(offsets) for name, offsets in package.TIMEZONE_MAP.items() if name.isalpha()}
    single = {name: offsets[0][0] * 60 + offsets[0][1] for name, offsets in known.items() if len(offsets) == 1}
    assert {name: single.get(name) for name in OFFSETS} == OFFSETS
    for name in ("PST", "CST", "CDT", "IST", "CET"):
        assert len(known[name]) > 1
        with pytest.raises(ArchiveError, match="can mean several"):
            Clock(None).instant(wall("2013-10-04 22:05", name))
