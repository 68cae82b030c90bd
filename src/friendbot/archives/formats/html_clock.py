"""The times of one HTML download: in the words of its account's language, by the clock of a zone that it may state."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from friendbot.archives.dates import MINUTE, Calendar, UnknownDate
from friendbot.archives.dates.clock import Clock
from friendbot.archives.formats.html_markup import Page, page
from friendbot.archives.reader import Job
from friendbot.archives.tree import HEAD, Entry
from friendbot.errors import ArchiveError

QUARTER = timedelta(minutes=15)
"""By how much zones differ."""

FARTHEST = timedelta(hours=14)
"""How far a zone can be from UTC."""

PACIFIC = timedelta(hours=-8)
"""Where the clock of Instagram's pages stands, in summer as in winter and wherever the account is."""


class PageClock:
    """Reads times, once it has learned from the beginnings of all pages and was settled."""

    def __init__(self, job: Job, path: str, family: str, noted: set[tuple[str, ...]]) -> None:
        """`path` is that of the download, `family` as in `reader.Copy`; clocks share what was `noted`."""
        self._job, self._path, self._family, self._noted = job, path, family, noted
        self._calendar = Calendar()
        self._clock = Clock(job.timezone)
        self._offset: timedelta | None = None
        self._pages: list[Entry] = []
        self._example: str | None = None
        self._made: list[tuple[str, str]] = []

    def learn(self, entry: Entry, head: Page) -> None:
        """Take in the language of a page, and when it was made."""
        self._observe(head)
        self._made += [head.made] if head.made else []
        self._pages += [entry] if entry.size > HEAD else []

    def settle(self) -> None:
        """Decide on the order of day and month, for which pages are read whole if need be, and on the zone."""
        for entry in self._pages:
            if not self._calendar.guessed:
                break
            self._observe(page(self._job.read(entry)))
        if self._job.timezone:
            return
        self._offset = next((offset for offset in map(self._stated, self._made) if offset is not None), None)
        offset = PACIFIC if self._offset is None and self._family == "instagram" else self._offset
        if offset is not None:
            self._clock.place(offset // timedelta(minutes=1))

    def step(self, times: Iterable[str]) -> int:
        """Milliseconds to which times are known."""
        steps = []
        for when in times:
            with suppress(UnknownDate):
                steps.append(self._calendar.read(when).step)
        return max(steps, default=MINUTE)

    def instants(self, times: Iterable[str]) -> list[int | None]:
        """Milliseconds since 1970 UTC of the times of a page, the newest first; None for those that are no times."""
        found: list[int | None] = []
        for when in times:
            try:
                wall = self._calendar.read(when)
            except UnknownDate:
                found.append(None)
                continue
            if self._example is None and wall.time.day != wall.time.month:
                self._example = when
            try:
                found.append(self._clock.instant(wall))
            except ArchiveError as error:
                raise ArchiveError(f"{self._path}: {error}") from error
        if self._job.timezone:  # else moments stay as they were shown, for they are matched with those of other formats
            found.reverse()
            self._clock.unfold(found)
            found.reverse()
        return found

    def report(self) -> None:
        """Say what had to be assumed, of one download in several zips once."""
        if self._clock.assumed and self._is_new("assumed"):
            self._job.note_utc(self._path)
        if self._clock.placed and self._is_new("placed"):
            self._job.note(f"the times in {self._path} were read as {self._placed()}")
        if self._calendar.guessed and self._example:
            self._job.note_order(self._path, self._example, self._calendar.read(self._example).time)

    def _observe(self, found: Page) -> None:
        self._calendar.observe((row.when for row in found.rows), newest_first=True)

    def _is_new(self, what: str) -> bool:
        """Whether this was not noted yet of a download whose name differs by no more than digits."""
        key = (what, self._family, re.sub(r"\d", "", self._path))
        new = key not in self._noted
        self._noted.add(key)
        return new

    def _placed(self) -> str:
        """The offset of times, and what to do where it is not that of the whole year."""
        if self._offset is None:
            return (
                "UTC-08, by which Instagram tells them all year: if those of summer are off by an hour, "
                "set parse.timezone to America/Los_Angeles"
            )
        minutes = self._offset // timedelta(minutes=1)
        hours, rest = divmod(abs(minutes), 60)
        return (
            f"UTC{'-' if minutes < 0 else '+'}{hours:02}{f':{rest:02}' if rest else ''}, as on the day it was made: "
            "where clocks change, set parse.timezone to your zone, such as Europe/Berlin"
        )

    def _stated(self, made: tuple[str, str]) -> timedelta | None:
        """How far what a clock of the account showed at a moment is from UTC."""
        with suppress(ValueError, OverflowError, UnknownDate):
            moment = datetime.fromisoformat(made[0])
            if moment.tzinfo is not None:
                shown = self._calendar.read(made[1])
                if shown.zone is None:
                    offset = QUARTER * round((shown.time - moment.astimezone(UTC).replace(tzinfo=None)) / QUARTER)
                    return offset if abs(offset) <= FARTHEST else None
        return None
