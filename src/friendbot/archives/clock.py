"""Times in the words of a legacy page, and the zone they are in."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from friendbot.errors import ArchiveError

YEARS = range(2004, 2020)
"""When legacy downloads were made, and what is in them was said."""

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

_BARE = re.compile(r"\d{1,2}[:.]\d{2}(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)


class Clock:
    """Turns times into milliseconds, in the zone a person gave where the page itself leaves it open."""

    def __init__(self, timezone: str | None) -> None:
        """`timezone` is an IANA name; raises ArchiveError where there is no such zone."""
        self._zone = _zone(timezone) if timezone else None
        self._names = _names(self._zone) if self._zone else frozenset()

    def is_local(self, when: str) -> bool:
        """Whether a time is to be read by the clock of the given zone; ArchiveError where it needs one."""
        zone = when.rpartition(" ")[2]
        if _BARE.fullmatch(zone) or zone.lower() in ("am", "pm"):
            if self._zone is None:
                raise ArchiveError(
                    f"the time '{when}' names no zone: set parse.timezone to yours, such as Europe/Berlin"
                )
            return True
        return zone in self._names

    def in_utc(self, when: str) -> str:
        """The words of a local time as if it were UTC."""
        words, _, zone = when.rpartition(" ")
        return f"{words if zone in self._names else when} UTC+00"

    def moment(self, when: str, wall: datetime) -> int:
        """Milliseconds since 1970 UTC of a local time, which was read as UTC into `wall`."""
        zone = when.rpartition(" ")[2]
        naive = wall.replace(tzinfo=None)
        choices = [naive.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1)]
        # An hour that comes twice in autumn is told apart by the abbreviation, if any.
        chosen = next((choice for choice in choices if choice.tzname() == zone), choices[0])
        return milliseconds(chosen)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC of a time with a zone."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def ambiguous(name: str, options: dict[tuple[int, int, str], set[str]]) -> str:
    """The error of an abbreviation that several zones use; `options` are zone names by offset."""
    if "/" in name:
        return f"times in the zone '{name}' depend on the season: set parse.timezone to {name}"
    zones = []
    for offset in sorted(options):
        named = [city for city in CITIES if city in options[offset]] or sorted(options[offset])
        zones += named[:1]
    examples = f", such as {' or '.join(zones)}" if zones else ""
    return f"times in the zone '{name}' can mean several: set parse.timezone to yours{examples}"


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ArchiveError(f"parse.timezone '{timezone}' is no known zone: use a name such as Europe/Berlin") from error


@lru_cache
def _names(zone: ZoneInfo) -> frozenset[str]:
    """Abbreviations a zone has used."""
    noons = [datetime(year, month, 1, 12, tzinfo=zone) for year in YEARS for month in range(1, 13)]
    return frozenset({name for noon in noons if (name := noon.tzname())} | {zone.key})
