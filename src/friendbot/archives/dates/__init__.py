"""Times in the words of an account's language, read as what a clock on the wall showed."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple, TypeVar

from friendbot.archives.dates import stamp
from friendbot.archives.dates.cldr import Hours
from friendbot.archives.dates.dayorder import DayOrder, Numbers, is_open
from friendbot.archives.dates.language import Language, Words
from friendbot.errors import ArchiveError

DAYS, HOURS, MINUTES = 1 << 16, 1 << 18, 1 << 14
"""How much to remember: halves of days of ninety years, hours of thirty, and minutes with their seconds, am or pm."""

SECOND, MINUTE = 1000, 60_000
"""Steps of clocks, in milliseconds."""

SHOWN = 60
"""Characters to show of a time that cannot be read."""

Memory = TypeVar("Memory", dict, set)


class Wall(NamedTuple):
    """What a clock on the wall showed."""

    time: datetime
    """Naive, of a year from 1990 to 2100 where it was read from words."""
    zone: str | None
    """As it is written, such as 'PDT' or 'UTC+05:30', if it is."""
    step: int
    """Milliseconds to which it is known: `SECOND` where seconds are written, else `MINUTE`."""


class UnknownDate(ArchiveError):  # noqa: N818
    """A text is no date with a time of day in a shape and language that are known, or one that there never was."""

    def __init__(self, text: str) -> None:
        super().__init__(f"the time '{' '.join(text.split())[:SHOWN]}' has a shape or language that is not known")


class _Frame(NamedTuple):
    """What the words around the digits of a time of day say."""

    day: date
    zone: str | None
    early: Hours
    """What the hours written mean by the words before them."""
    late: Hours
    """What those hours mean by the words after them."""
    halves: bool
    """Whether what is before the digits tells the date, and what is after them only the rest."""


class Calendar:
    """The language, and the order of day and month, of the times of one download, learned from all of them.

    A word that is one month in one language and another in another is read in the language that has most of the words
    observed, then in one whose weekday fits, then in the most common one. Dates in numbers are in the order that
    `DayOrder` finds. Where nothing decides it, a part of the day such as 'pm' means the order of its language (for 'pm'
    itself that of the United States, month first), and else the day is first; `guessed` is True then.
    """

    def __init__(self) -> None:
        self._language = Language()
        self._order = DayOrder()
        self._unsure = False
        """Whether a date was read in an order that nothing decides."""
        self._observed: dict[tuple[str, str], tuple[Words, Numbers | None]] = {}
        """Words, and their date if it is open, by what is before and after the digits of the time."""
        self._learned: dict[str, Numbers | None] = {}
        """The date, if it is open, by all before the first colon, where that is enough to tell."""
        self._minutes: set[str] = set()
        """What was observed after that colon."""
        self._frames: dict[tuple[str, str], _Frame] = {}
        """By what is before and after the digits of the time."""
        self._heads: dict[str, tuple[date, int]] = {}
        """Dates and hours by all before the first colon."""
        self._tails: dict[str, tuple[tuple[time, ...], str | None, int]] = {}
        """Times by that hour, the zone and the step, by what is after it."""

    @property
    def guessed(self) -> bool:
        """Whether dates in numbers were observed or read whose order nothing decides."""
        return self._unsure or (bool(self._order) and not self._order.choose(self._language.order())[1])

    def observe(self, texts: Iterable[str], *, newest_first: bool | None = None) -> None:
        """Learn from the times of one file, in its order; texts that are no times teach nothing.

        `newest_first` says which way the file is sorted, None that it is not known.
        """
        dates: list[Numbers] = []
        for text in texts:
            head, _, tail = text.partition(":")
            if head in self._learned and tail in self._minutes:
                numbers = self._learned[head]
            elif parts := stamp.cut(text):
                words, numbers = self._learn(parts[0], parts[2])
                if words.apart and head == _head(parts):
                    _bound(self._learned, HOURS)[head] = numbers
                    _bound(self._minutes, MINUTES).add(tail)
            else:
                continue
            if numbers and (not dates or numbers != dates[-1]):
                dates.append(numbers)
        self._order.follow(dates, newest_first)
        for memory in (self._frames, self._heads, self._tails):
            memory.clear()
        self._unsure = False

    def read(self, text: str) -> Wall:
        """What the clock showed; raises UnknownDate."""
        head, _, tail = text.partition(":")
        try:
            day, hour = self._heads[head]
            times, zone, step = self._tails[tail]
        except KeyError:
            return self._read(text, head, tail)
        return Wall(datetime.combine(day, times[hour]), zone, step)

    def _read(self, text: str, head: str, tail: str) -> Wall:
        """Read what is not remembered in halves."""
        parts = stamp.cut(text)
        frame = self._frame(parts[0], parts[2]) if parts else None
        clock = _clock(parts[1]) if parts else None
        if parts is None or frame is None or clock is None:
            raise UnknownDate(text)
        hour, minute, second, step = clock
        if frame.halves and head == _head(parts):
            _bound(self._heads, HOURS)[head] = frame.day, frame.early[hour]
            if tail not in self._tails:
                times = tuple(time(hour, minute, second) for hour in frame.late)
                _bound(self._tails, MINUTES)[tail] = times, frame.zone, step
        moment = time(frame.late[frame.early[hour]], minute, second)
        return Wall(datetime.combine(frame.day, moment), frame.zone, step)

    def _frame(self, before: str, after: str) -> _Frame | None:
        if found := self._frames.get((before, after)):
            return found
        observed = self._observed.get((before, after))
        words = observed[0] if observed else self._language.words(before, after)
        day, sure = self._day(words)
        if day is None:
            if not self._language.widen():
                return None
            self._observed.clear()
            return self._frame(before, after)
        self._unsure |= not sure
        halves = words.apart and sure and self._language.noted(words)
        _bound(self._frames, DAYS)[before, after] = found = _Frame(day, words.zone, words.early, words.late, halves)
        return found

    def _day(self, words: Words) -> tuple[date | None, bool]:
        """The date, and whether its order is more than a guess."""
        if found := self._language.day(words):
            return found, True
        if not self._language.numeric(words):
            return None, True
        fallback = self._language.order(words)
        sure = not is_open(words.numbers) or self._order.choose(fallback, words.separator)[1]
        return self._order.read(words.numbers, fallback, words.separator), sure

    def _learn(self, before: str, after: str) -> tuple[Words, Numbers | None]:
        """Observe what is before and after the digits of a time; its words, and their date if that is open."""
        if found := self._observed.get((before, after)):
            return found
        words = self._language.words(before, after)
        self._language.note(words)
        numbers = words.numbers if is_open(words.numbers) and self._language.numeric(words) else None
        if numbers:
            self._order.add(numbers, words.separator, self._language.weekdays(words.names))
        _bound(self._observed, DAYS)[before, after] = found = words, numbers
        return found


def _head(parts: tuple[str, str, str]) -> str | None:
    """All before the first colon, if that is in the digits."""
    hour, colon, _ = parts[1].partition(":")
    return parts[0] + hour if colon else None


@lru_cache(maxsize=1 << 17)
def _clock(digits: str) -> tuple[int, int, int, int] | None:
    """The hour, the minute, the second and the step of the digits of a time, if there is such a time."""
    hour, minute, *seconds = (int(number) for number in re.findall(r"\d+", digits))
    second = seconds[0] if seconds else 0
    return (hour, minute, second, SECOND if seconds else MINUTE) if hour < 24 and max(minute, second) < 60 else None


def _bound(memory: Memory, most: int) -> Memory:
    """A memory with room for one more: it starts anew when it is full."""
    if len(memory) >= most:
        memory.clear()
    return memory
