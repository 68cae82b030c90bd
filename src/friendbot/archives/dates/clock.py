"""What a clock on the wall showed, as a moment in time."""

import re
from collections.abc import Mapping, MutableSequence, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from friendbot.archives.dates import Wall
from friendbot.errors import ArchiveError

YEARS = range(2004, 2020)
"""When pages that abbreviate zones were made, and what is in them was said."""

EVERYWHERE = ("UTC", "GMT", "UCT", "Z")
"""Names of UTC, which are no place's own."""

OFFSETS = {
    **{"BST": 60, "WEST": 60, "CEST": 120, "EEST": 180, "MSK": 180},
    **{"WAT": 60, "CAT": 120, "SAST": 120, "EAT": 180, "IDT": 180, "PKT": 300, "WIB": 420, "WITA": 480, "WIT": 540},
    **{"HKT": 480, "KST": 540, "JST": 540, "AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660},
    **{"NZST": 720, "NZDT": 780, "ChST": 600, "SST": -660, "HST": -600, "HDT": -540, "AKST": -540, "AKDT": -480},
    **{"PDT": -420, "MST": -420, "MDT": -360, "EST": -300, "EDT": -240, "AST": -240, "ADT": -180},
    **{"NST": -210, "NDT": -150},
}
"""Minutes east of UTC of the abbreviations that fbchat-archive-parser takes for one zone."""

CITIES = (
    "America/Los_Angeles",
    "America/Chicago",
    "America/New_York",
    "America/Havana",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Algiers",
    "Asia/Kolkata",
    "Asia/Jerusalem",
    "Asia/Shanghai",
    "Asia/Manila",
    "Australia/Sydney",
)
"""Zones to name as examples, since the first by alphabet say little."""

EPOCH = datetime(1970, 1, 1)

HOUR = 3_600_000
"""Milliseconds by which clocks are set back in autumn, at most."""

_OFFSET = re.compile(r"[^\W\d_]*\s?([+\-−])(0?\d|1[0-4])(?::?([0-5]\d))?")


class Clock:
    """Turns what a clock showed into milliseconds, by what is known of the zone it stood in.

    A zone beside the time rules, unless it is an abbreviation of `timezone`, which tells the two halves of the year
    apart better. Without one it is `timezone`, else the offset that the page states, else UTC, and `assumed` is True.
    """

    def __init__(self, timezone: str | None) -> None:
        """`timezone` is an IANA name; raises ArchiveError where there is no such zone."""
        self._zone = _zone(timezone) if timezone else None
        self._names: frozenset[str] = _names(self._zone) if self._zone else frozenset()
        self._stated: int | None = None
        """Seconds east of UTC."""
        self._offsets: dict[tuple[str | None, int], int] = {}
        """Seconds east of UTC by the zone and the day since 1970 that clocks showed."""
        self.assumed = False
        """Whether a time was taken to be in UTC since nothing was known."""
        self.placed = False
        """Whether a time was taken to be at the offset that the page states."""

    def place(self, utc_offset_minutes: int) -> None:
        """Take times without a zone to be these minutes east of UTC, as a page states, where no zone was given."""
        self._stated = utc_offset_minutes * 60
        self._offsets.clear()

    def instant(self, wall: Wall) -> int:
        """Milliseconds since 1970 UTC; raises ArchiveError where the zone must be given.

        An hour that comes twice is the first unless the abbreviation says otherwise; one that is skipped is put off.
        """
        since = wall.time - EPOCH
        seconds = since.days * 86_400 + since.seconds
        offset = self._offsets.get((wall.zone, since.days))
        if offset is None:
            offset = self._offset(wall, since.days)
        return (seconds - offset) * 1000 + since.microseconds // 1000

    def unfold(self, times: MutableSequence[int | None]) -> None:
        """Keep the order of moments without zones, the oldest first, in the hour that comes twice.

        What runs backwards there is of the second hour. Where no zone tells which hour that is, all that runs
        backwards by up to an hour is put at the moment of what came before it.
        """
        known = [time for time in times if time is not None]
        if not known or (self._zone is None and known[0] > known[-1]):  # not the oldest first after all
            return
        last = known[0]
        for index, time in enumerate(times):
            if time is None:
                continue
            if last - HOUR <= time < last:
                times[index] = time = _second(time, self._zone) if self._zone else last
            last = max(last, time)

    def _offset(self, wall: Wall, day: int) -> int:
        """Seconds east of UTC, remembered if they are those of the whole day."""
        offset = self._seconds(wall.time, wall.zone)
        first = EPOCH + timedelta(days=day)
        if all(self._seconds(first + timedelta(seconds=second), wall.zone) == offset for second in (0, 86_399)):
            self._offsets[wall.zone, day] = offset
        return offset

    def _seconds(self, time: datetime, zone: str | None) -> int:
        """Seconds east of UTC at a time."""
        if zone is None:
            if self._zone:
                return _local(time, self._zone)
            self.assumed |= self._stated is None
            self.placed |= self._stated is not None
            return self._stated or 0
        if zone.upper() in EVERYWHERE:
            return 0
        if self._zone and zone in self._names:
            return _local(time, self._zone, zone)
        if zone in OFFSETS:
            return OFFSETS[zone] * 60
        if match := _OFFSET.fullmatch(zone):
            return (int(match[2]) * 3600 + int(match[3] or 0) * 60) * (1 if match[1] == "+" else -1)
        return self._named(time, zone)

    def _named(self, time: datetime, zone: str) -> int:
        """Seconds east of UTC of a zone by its IANA name, or of an abbreviation that says less than `timezone`."""
        # Abbreviations such as CET are names as well, though not of the places that use them.
        if not (zone.isalpha() and zone.isupper()) and zone in available_timezones():
            return _local(time, ZoneInfo(zone))
        options = _options(zone)
        if self._zone is None or options:
            raise ArchiveError(_question(zone, options))
        return _local(time, self._zone)


def _local(time: datetime, zone: ZoneInfo, name: str | None = None) -> int:
    """Seconds east of UTC of a zone; `name` is its abbreviation at that time, if known."""
    choices = [time.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    chosen = next((choice for choice in choices if choice.tzname() == name), choices[0])
    return int((chosen.utcoffset() or timedelta()).total_seconds())


def _second(time: int, zone: ZoneInfo) -> int:
    """The second of two moments at which clocks show the same; the same moment where there is but one."""
    shown = datetime.fromtimestamp(time // 1000, zone).replace(fold=1)
    return int(shown.timestamp()) * 1000 + time % 1000


def _question(name: str, options: Mapping[timedelta, Sequence[str]]) -> str:
    """The error of an abbreviation that several zones use; `options` are zones by their distance from UTC."""
    if not options:
        return f"the zone '{name}' is not known: set parse.timezone to yours, such as Europe/Berlin"
    known = [options[offset] for offset in sorted(options)]
    zones = [next((city for city in CITIES if city in keys), keys[0]) for keys in known]
    return f"times in the zone '{name}' can mean several: set parse.timezone to yours, such as {' or '.join(zones)}"


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ArchiveError(f"parse.timezone '{timezone}' is no known zone: use a name such as Europe/Berlin") from error


@lru_cache
def _names(zone: ZoneInfo) -> frozenset[str]:
    """Abbreviations a zone has used, and its name."""
    noons = [datetime(year, month, 1, 12, tzinfo=zone) for year in YEARS for month in range(1, 13)]
    return frozenset({name for noon in noons if (name := noon.tzname())} | {zone.key})


@lru_cache
def _options(name: str) -> dict[timedelta, list[str]]:
    """Places that have used an abbreviation, in the order of the alphabet, by their distance from UTC then."""
    options: dict[timedelta, list[str]] = {}
    for key in sorted(key for key in available_timezones() if "/" in key):
        for noon in (datetime(2018, month, 1, 12, tzinfo=ZoneInfo(key)) for month in (1, 7)):
            if noon.tzname() == name and (offset := noon.utcoffset()) is not None:
                options.setdefault(offset, []).append(key)
    return options
