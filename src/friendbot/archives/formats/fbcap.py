"""The bridge to fbchat-archive-parser, which knows the dates of some twenty languages: a second opinion on ours."""

import re
import warnings
from datetime import UTC, datetime

from friendbot.archives.dates import MINUTE, UnknownDate, Wall
from friendbot.archives.dates.clock import Clock
from friendbot.errors import ArchiveError


class Moments:
    """Times in words as milliseconds since 1970 UTC."""

    def __init__(self, clock: Clock) -> None:
        """Raises ArchiveError where the package is not there."""
        self._clock = clock
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                from fbchat_archive_parser import time
            except ImportError as error:
                raise ArchiveError(
                    "fbchat-archive-parser needs Python 3.11: make .venv with it, or set parse.legacy_reader: lxml"
                ) from error
        self._library = time

    def __call__(self, when: str) -> int:
        """Read one. Raises UnknownDate where it cannot be understood, ArchiveError where a zone must be given."""
        when = " ".join(when.split())
        words, _, zone = when.rpartition(" ")
        try:
            moment = self._parse(when)
        except self._library.AmbiguousTimeZoneError:
            return self._local(f"{words} UTC+00", when, zone)
        except self._library.UnexpectedTimeFormatError:
            return self._local(f"{when} UTC+00", when, None)
        _refuse_misread(when, moment)
        try:
            utc = moment.astimezone(UTC)
        except ValueError as error:  # a day or more from UTC
            raise UnknownDate(when) from error
        return self._clock.instant(Wall(utc.replace(tzinfo=None), "UTC", MINUTE))

    def _local(self, utc: str, when: str, zone: str | None) -> int:
        """A time whose zone the library does not know, read as if it were in UTC."""
        try:
            moment = self._parse(utc)
        except self._library.UnexpectedTimeFormatError as error:
            raise UnknownDate(when) from error
        _refuse_misread(when, moment)
        return self._clock.instant(Wall(moment.replace(tzinfo=None), zone, MINUTE))

    def _parse(self, when: str) -> datetime:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return self._library.parse_timestamp(when, use_utc=False, hints={})
            except (ValueError, IndexError, OverflowError) as error:
                raise self._library.UnexpectedTimeFormatError(when) from error


def _refuse_misread(when: str, moment: datetime) -> None:
    """Guard against a date taken for one of another language: its numbers must be those of the words."""
    numbers = {int(number) for number in re.findall(r"\d+", when)}
    if not {moment.year, moment.day, moment.minute} <= numbers:
        raise UnknownDate(when)
