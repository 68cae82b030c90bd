"""The language of a download's times, and what words mean in it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from friendbot.archives.dates import lexicon, stamp
from friendbot.archives.dates.cldr import Hours
from friendbot.archives.dates.dayorder import Numbers, dated
from friendbot.archives.dates.lexicon import AS_WRITTEN, ROOT
from friendbot.archives.dates.spelling import clean

_FRACTION = re.compile(r"^[.,]\d{3,}")
_OFFSET = re.compile(r"UTC|GMT|\d", re.IGNORECASE)
_BETWEEN = re.compile(r"\d\s*([^\s\d])\s*\d")

Weigh = Callable[[str], tuple[int, int]]
"""How many of the words a language has, and how common it is."""


class Words(NamedTuple):
    """What stands around the digits of a time of day."""

    names: tuple[str, ...]
    """Known phrases and other words, without the part of the day."""
    numbers: Numbers
    separator: str
    """The mark between the first two numbers, if any."""
    period: str | None
    """The phrase of the part of the day."""
    early: Hours
    """What the hours written mean by a part of the day before them."""
    late: Hours
    """What those hours mean by a part of the day after them."""
    zone: str | None
    apart: bool
    """Whether the date is before the time, and all after that but the zone is the part of the day and fillers."""


class Language:
    """Reads words by the language that has most of those observed; where several have, by the most common of them."""

    def __init__(self) -> None:
        self._lexicon = lexicon.common()
        self._complete = False
        """Whether the lexicon has all languages."""
        self._phrases: set[str] = set()
        self._counts = Counter[str]()
        """How many of the phrases observed each language has."""
        self._period: str | None = None
        """A part of the day that was observed."""
        self._default: str | None = None
        """The order of dates in numbers by that, once it was asked for."""

    def note(self, words: Words) -> None:
        """Observe words."""
        if not self.noted(words):
            self._default = None
        self._period = self._period or words.period
        self._count(_phrases(words))

    def noted(self, words: Words) -> bool:
        """Whether all words were observed, so that nothing depends on what they stand beside."""
        return self._phrases.issuperset(_phrases(words))

    def words(self, before: str, after: str) -> Words:
        """Take apart what stands before and after the digits of a time of day."""
        zone, head, tail = stamp.zone(clean(before), _FRACTION.sub("", clean(after)), self._lexicon.beside)
        found = _BETWEEN.search(head) or _BETWEEN.search(tail)
        early, late = self._lexicon.items(head), self._lexicon.items(tail)
        # Capitals that look like a zone may be a part of the day in a language that is not loaded.
        known = zone is None or bool(_OFFSET.search(zone))
        known = known and all(item.isdecimal() or item in self._lexicon for item in [*early, *late])
        phrases, dated = {*early, *late}, any(item.isdecimal() for item in early)
        period, late_hours = self._part_of_day(late, phrases, after_date=dated)
        early_hours = AS_WRITTEN
        if period is None:
            early.reverse()
            period, early_hours = self._part_of_day(early, phrases)
            early.reverse()
        # What is left right after the time may be a part of the day there as well.
        if not (known and (period or not late or not dated)) and self.widen():
            return self.words(before, after)
        items = [*early, *late]
        return Words(
            names=tuple(item for item in items if not item.isdecimal()),
            numbers=tuple(item for item in items if item.isdecimal()),
            separator=found[1] if found else "",
            period=period,
            early=early_hours,
            late=late_hours,
            zone=zone,
            apart=dated and self._lexicon.fillers.keys() >= {*late} and (zone is None or zone in clean(after)),
        )

    def widen(self) -> bool:
        """Go on with the words of all languages; whether they are more."""
        if self._complete:
            return False
        self._complete, self._lexicon = True, lexicon.every()
        phrases, self._phrases = self._phrases, set()
        self._counts.clear()
        self._default = None
        self._count(phrases)
        return True

    def weekdays(self, names: Iterable[str]) -> set[int]:
        """The weekdays, from 0 for Monday, that words can mean."""
        return {day for name in names for day in self._lexicon.weekdays.get(name, ())}

    def numeric(self, words: Words) -> bool:
        """Whether a date is all numbers: there are three, and no word is a month and no weekday."""
        months = (name in self._lexicon.months and name not in self._lexicon.weekdays for name in words.names)
        return len(words.numbers) == 3 and not any(months)

    def day(self, words: Words) -> date | None:
        """The date of a month in words and two numbers, if it is one."""
        months = [
            (place, month, languages)
            for place, name in enumerate(words.names)
            for month, languages in self._lexicon.months.get(name, {}).items()
        ]
        if not months and self._complete and len(words.numbers) == 2:
            unknown = [(place, name) for place, name in enumerate(words.names) if name not in self._lexicon]
            months = [(place, *like) for place, name in unknown for like in self._lexicon.like(name)]
        readings = [
            (place, found, languages)
            for place, month, languages in months
            if (found := _of_month(words.numbers, month))
        ]
        if len({found for _, found, _ in readings}) < 2:
            return readings[0][1] if readings else None
        weigh = self._weigher(words.names)

        def fit(reading: tuple[int, date, set[str]]) -> tuple[int, int, int, int, int]:
            place, found, languages = reading
            others = words.names[:place] + words.names[place + 1 :]
            weekdays = self.weekdays(others)
            fits = (1 if found.weekday() in weekdays else -1) if weekdays else 0
            # A date has one month, so another word that is rather a month than a weekday tells against this one.
            months = -sum(self._is_month(name, weigh) for name in others)
            weights = [(language, *weigh(language)) for language in languages]
            return max((months, known, self._explained(others, name), fits, rank) for name, known, rank in weights)

        return max(readings, key=fit)[1]

    def order(self, words: Words | None = None) -> str:
        """The order of dates in numbers in the language of a part of the day that was observed, or else of `words`."""
        if words and not self.noted(words):
            return self._order_of(self._period or words.period, _phrases(words))
        self._default = self._default or self._order_of(self._period, ())
        return self._default

    def _order_of(self, period: str | None, phrases: tuple[str, ...]) -> str:
        """The order in the likeliest language that has a part of the day; day first where there is none."""
        languages = {language for found in self._lexicon.periods.get(period or "", {}).values() for language in found}
        if ROOT in languages:
            languages |= self._counts.keys() | {name for phrase in phrases for name in self._lexicon.languages(phrase)}
        return self._lexicon.orders.get(max(languages, key=self._weigher(phrases), default=""), "dmy")

    def _part_of_day(
        self, items: list[str], phrases: set[str], *, after_date: bool = False
    ) -> tuple[str | None, Hours]:
        """Take the part of the day out of the words from a time outward: the first, or the one after a filler."""
        for place, phrase in enumerate(items[:2]):
            if hours := self._meaning(phrase, phrases, after_date=after_date):
                del items[place]
                return phrase, hours
            if phrase not in self._lexicon.fillers:
                break
        return None, AS_WRITTEN

    def _meaning(self, phrase: str, phrases: set[str], *, after_date: bool) -> Hours | None:
        """The hours of a phrase among others, None where it is no part of the day in the language they are in."""
        senses: list[tuple[Hours | None, set[str]]] = [*self._lexicon.periods.get(phrase, {}).items()]
        if senses:
            words = self._lexicon
            tables = (words.fillers,) if after_date else (words.fillers, words.weekdays, words.months)
            senses += [(None, languages) for table in tables for languages in table.get(phrase, {}).values()]
        if len(senses) < 2:
            return senses[0][0] if senses else None
        weigh = self._weigher(phrases)
        return max(senses, key=lambda sense: max(map(weigh, sense[1])))[0]

    def _weigher(self, phrases: Iterable[str]) -> Weigh:
        """A measure of languages by the phrases that they have, of those observed and these, then by how common."""
        counts = Counter(self._counts)
        for phrase in set(phrases) - self._phrases:
            counts.update(self._lexicon.languages(phrase))
        ranks = self._lexicon.ranks

        def weigh(language: str) -> tuple[int, int]:
            # A regional variant has the words of its language as well.
            return sum(counts[name] for name in {language, _base(language)}), -ranks.get(language, len(ranks))

        return weigh

    def _is_month(self, name: str, weigh: Weigh) -> bool:
        """Whether a phrase is a month, in another language than the likeliest in which it is something else."""
        tables = (self._lexicon.months, self._lexicon.weekdays, self._lexicon.fillers)
        month, *others = (
            max((language for found in table.get(name, {}).values() for language in found), key=weigh, default="")
            for table in tables
        )
        other = max(others, key=weigh)
        return _base(month) != _base(other) and weigh(month) > weigh(other)

    def _explained(self, names: Iterable[str], language: str) -> int:
        """How many phrases a language has as weekdays or fillers."""
        tables = (self._lexicon.weekdays, self._lexicon.fillers)
        senses = ([found for table in tables for found in table.get(name, {}).values()] for name in names)
        known = {language, _base(language)}
        return sum(any(not found.isdisjoint(known) for found in each) for each in senses)

    def _count(self, phrases: Iterable[str]) -> None:
        for phrase in set(phrases) - self._phrases:
            self._phrases.add(phrase)
            self._counts.update(self._lexicon.languages(phrase))


def _base(language: str) -> str:
    return language.partition("_")[0]


def _phrases(words: Words) -> tuple[str, ...]:
    return (*words.names, words.period) if words.period else words.names


def _of_month(numbers: Numbers, month: int) -> date | None:
    """The date of a day and a year, of which the one in four digits or above 31 is the year, else the second."""
    if len(numbers) != 2:
        return None
    first, second = numbers
    if len(first) == 4 or (len(first) == 2 and (len(second) == 1 or (len(second) == 2 and int(first) > 31))):
        return dated(first, month, second)
    return dated(second, month, first)
