"""The order of day, month and year in dates that are written in numbers."""

from collections.abc import Collection, Sequence
from datetime import date
from itertools import pairwise

YEARS = range(1990, 2101)
"""The years that a date may have."""

ORDERS = ("dmy", "mdy", "ymd")

Numbers = tuple[str, ...]
"""The numbers of a date in the digits that are written."""


def is_open(numbers: Numbers) -> bool:
    """Whether a date can be read in several orders: one with its year in four digits first cannot."""
    return len(numbers) == 3 and max(map(len, numbers[:2])) <= 2 and len(numbers[2]) in (1, 2, 4)


def day(numbers: Numbers, order: str) -> date | None:
    """The date that three numbers mean in an order, if there is such a date."""
    written = dict(zip(order, numbers, strict=True))
    return dated(written["y"], int(written["m"]), written["d"]) if len(written["m"]) <= 2 else None


def dated(year: str, month: int, day: str) -> date | None:
    """The date of a year in four digits, or in two of this century, if there is such a date."""
    if len(year) not in (2, 4) or len(day) > 2:
        return None
    full = int(year) + (2000 if len(year) == 2 else 0)
    try:
        return date(full, month, int(day)) if full in YEARS else None
    except ValueError:
        return None


class DayOrder:
    """The order of open dates, by evidence from all of a download.

    It is the order in which fewest dates are impossible, then fewest contradict a weekday beside them, then fewest lie
    against the order of their file.
    """

    def __init__(self) -> None:
        self._against = {order: [0, 0, 0] for order in ORDERS}
        """Dates that are impossible, of another weekday, and out of place."""
        self._dates: set[Numbers] = set()
        self._separators: set[str] = set()

    def __bool__(self) -> bool:
        """Whether there was any open date."""
        return bool(self._dates)

    def add(self, numbers: Numbers, separator: str, weekdays: Collection[int]) -> None:
        """Note an open date, what stands between its numbers, and the weekdays beside it, from 0 for Monday."""
        self._separators.add(separator)
        if numbers not in self._dates:
            self._dates.add(numbers)
            for order, against in self._against.items():
                found = day(numbers, order)
                against[0] += found is None
                against[1] += found is not None and bool(weekdays) and found.weekday() not in weekdays

    def follow(self, dates: Sequence[Numbers], newest_first: bool | None) -> None:
        """Note the open dates of one file in its order; None where it is not known which way the file is sorted."""
        for order, against in self._against.items():
            keys = [_key(numbers, order) for numbers in dates]
            rises = sum(new > old for old, new in pairwise(keys))
            falls = sum(new < old for old, new in pairwise(keys))
            against[2] += {True: rises, False: falls, None: min(rises, falls)}[newest_first]

    def choose(self, fallback: str, separator: str | None = None) -> tuple[str, bool]:
        """The order, and whether it is more than a guess; `fallback` is taken where the evidence is for several."""
        separators = self._separators | ({separator} if separator else set())
        least = min(self._against.values())
        tied = [order for order in ORDERS if self._against[order] == least]
        # Dots are in no language between a month and the day after it.
        if separators == {"."} and fallback != "ymd" and "mdy" in tied and len(tied) > 1:
            tied.remove("mdy")
        # Nor is a year of two digits first, but with dashes and in few languages.
        if "-" not in separators and fallback != "ymd" and "ymd" in tied and (len(tied) > 1 or not self._years_first()):
            tied.remove("ymd")
            tied = tied or ["dmy"]
        return fallback if fallback in tied else tied[0], len(tied) == 1

    def _years_first(self) -> bool:
        """Whether there is more than a date or two, which may be wrong, to say that the year is first."""
        return len(self._dates) > 2 or any(int(numbers[0]) > 31 for numbers in self._dates)

    def read(self, numbers: Numbers, fallback: str, separator: str) -> date | None:
        """The date of three numbers: in the order chosen, or in another where that has no such date."""
        if not is_open(numbers):
            return day(numbers, "ymd")
        order = self.choose(fallback, separator)[0]
        choices = [order]
        if order != "ymd" or len(numbers[2]) == 4:
            choices += [other for other in ("dmy", "mdy") if other != order]
        if int(numbers[0]) > 31:
            choices.append("ymd")
        return next((found for choice in choices if (found := day(numbers, choice))), None)


def _key(numbers: Numbers, order: str) -> list[int]:
    written = dict(zip(order, map(int, numbers), strict=True))
    return [written["y"] % 2000, written["m"], written["d"]]
