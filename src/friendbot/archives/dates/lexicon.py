"""Words of dates and of times of day in every language: CLDR's, and what else Facebook writes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TypeVar

from babel.localedata import locale_identifiers

from friendbot.archives.dates import cldr, spelling
from friendbot.archives.dates.cldr import Hours
from friendbot.archives.dates.spelling import phrase

COMMON = (
    *("en", "es", "pt", "fr", "de", "it", "pl", "nl", "sv", "id", "tr", "vi", "ru", "ar", "zh", "ja", "ko", "th"),
    *("cs", "da", "nb", "nn", "fi", "hu", "ro", "el", "he", "uk", "bg", "hr", "sr", "sk", "sl", "lt", "lv", "et", "ms"),
    *("ca", "fil", "hi", "fa", "sq", "bs", "mk", "az", "ka", "is", "af", "gl", "eu"),
    *("en_GB", "en_CA", "es_MX", "pt_PT", "fr_CA", "de_AT", "zh_Hant", "sr_Latn"),
)
"""Locales to look in first. Of two languages that fit a word equally well the earlier is taken."""

ROOT = "root"
"""What languages that have no am and pm of their own inherit them from."""

MONTHS = {
    "en": {"sept": 9},
    "de": {"mrz": 3},
    # Facebook's English (Leet Speak).
    "en_leet": {
        **{"j4nu4ry": 1, "f3bru4ry": 2, "m4rch": 3, "4pr!1": 4, "m4y": 5, "j00n": 6, "j00lai": 7, "4ugu57": 8},
        **{"53p73mb3r": 9, "0c70b3r": 10, "n0v3mb3r": 11, "d3c3mb3r": 12},
    },
}
"""Months that CLDR lacks."""

WEEKDAYS = {
    "en_leet": {
        **{"m0nd4y": 0, "2u5d4y": 1, "w3dn3sd4y": 2, "7hur5d4y": 3, "r3b3cc4 b14k d4y": 4, "547rd4y": 5, "5und4y": 6},
    },
}
"""Weekdays that CLDR lacks, from 0 for Monday."""

FILLERS = {
    **{"en": "at", "de": "um uhr den", "fr": "à h", "es": "a la las de del", "pt": "às as à de", "it": "alle ore"},
    **{"nl": "om", "pl": "o r godz", "sv": "kl den", "da": "kl den", "nb": "kl", "fi": "kello klo", "cs": "v"},
    **{"sk": "o", "sl": "ob", "hr": "u", "sr": "у", "sr_Latn": "u", "ro": "la", "ru": "в г", "uk": "о р", "bg": "в г"},
    **{"lt": "m d", "lv": "plkst gada", "et": "kell", "id": "pukul jam", "ms": "pukul", "vi": "lúc", "tr": "saat"},
    **{"el": "στις", "ca": "a les", "he": "בשעה", "ar": "الساعة", "th": "เวลา"},
}
"""Words besides the names, which say nothing but what language it is, where CLDR lacks them."""

YEAR_MARKS = ("年", "년")
MARKS = (*YEAR_MARKS, "月", "月份", "日", "号", "號", "월", "일")
"""What follows a number of a date in Chinese, Japanese and Korean; some are names of weekdays elsewhere."""

LONGEST = 30
"""More letters than a name has in a script without spaces."""

AS_WRITTEN: Hours = tuple(range(24))

K = TypeVar("K")
Senses = dict[str, dict[K, set[str]]]
"""What phrases mean, each with the languages in which they mean it."""

_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")


class Lexicon:
    """What words mean in some locales. A phrase is words in lower case without punctuation, joined by spaces."""

    def __init__(self, locales: Iterable[str]) -> None:
        """`locales` are identifiers of CLDR, a language before its regional variants."""
        self.months: Senses[int] = {}
        """Months from 1."""
        self.weekdays: Senses[int] = {}
        """Weekdays from 0 for Monday."""
        self.periods: Senses[Hours] = {}
        """Parts of the day, such as pm."""
        self.fillers: Senses[None] = {}
        """Words that only connect."""
        self.orders: dict[str, str] = {}
        """The order of dates in numbers, with years of two digits, by language: 'dmy', 'mdy' or 'ymd'."""
        self.ranks: dict[str, int] = {}
        """Languages by how common they are, from 0 for the most common."""
        for identifier in locales:
            self._add(identifier)
        for language, months in MONTHS.items():
            _note(self.months, {(phrase(name), month): None for name, month in months.items()}, language)
        for language, weekdays in WEEKDAYS.items():
            _note(self.weekdays, {(phrase(name), day): None for name, day in weekdays.items()}, language)
        for language, words in FILLERS.items():
            _note(self.fillers, dict.fromkeys((word, None) for word in words.split()), language)
        self.beside = {*self.periods, *self.fillers}
        """What can stand beside a time and is no zone."""
        self._longest: dict[str, int] = {}
        """Most words of the phrases that begin with a word."""
        for name in (*self.months, *self.weekdays, *self.periods):
            first, *rest = name.split(" ")
            self._longest[first] = max(self._longest.get(first, 1), 1 + len(rest))

    def items(self, text: str) -> list[str]:
        """Known phrases, other words, and numbers with their leading zeros, in order, of `clean` text."""
        words = [part for word in spelling.split(text) for part in self._parts(word)]
        keys = [spelling.key(word) for word in words]
        items: list[str] = []
        place = 0
        while place < len(words):
            longest = min(self._longest.get(keys[place], 1), len(words) - place)
            sizes = (size for size in range(longest, 1, -1) if " ".join(keys[place : place + size]) in self)
            size = next(sizes, 1)
            if size > 1:
                items.append(" ".join(keys[place : place + size]))
            elif words[place] not in MARKS or not items or not items[-1].isdecimal():
                items.append(words[place])
            elif words[place] in YEAR_MARKS and len(items[-1]) == 2:
                items[-1] = f"20{items[-1]}"
            place += size
        return items

    def __contains__(self, name: str) -> bool:
        return name in self.months or name in self.weekdays or name in self.periods or name in self.fillers

    def like(self, name: str) -> list[tuple[int, set[str]]]:
        """Months, with their languages, that begin like an unknown word: it may be cut short, or in another case."""
        stems = [name[: len(name) - cut] for cut in range(4) if len(name) - cut > (2 if cut == 0 else 3)]
        for stem in stems:
            alike = [senses for phrase, senses in self.months.items() if phrase.startswith(stem)]
            if alike:
                return [sense for senses in alike for sense in senses.items()]
        return []

    def languages(self, name: str) -> set[str]:
        """Those that have a phrase, in any sense; none for an am or pm that any may have."""
        tables: tuple[Mapping[str, Mapping[object, set[str]]], ...]
        tables = (self.months, self.weekdays, self.periods, self.fillers)  # type: ignore[assignment]
        found = {language for table in tables for each in table.get(name, {}).values() for language in each}
        return set() if ROOT in found else found

    def _parts(self, word: str) -> Iterator[str]:
        """Words of a run of letters in a script that has no spaces; any other word is one."""
        while word:
            size = len(word)
            if _UNSPACED.match(word):
                known = (end for end in range(min(size, LONGEST), 0, -1) if word[:end] in self or word[:end] in MARKS)
                size = next(known, size)
            yield word[:size]
            word = word[size:]

    def _add(self, identifier: str) -> None:
        locale = cldr.read(identifier)
        language = identifier.partition("_")[0]
        self.ranks[identifier] = len(self.ranks)
        if identifier == language:
            self.orders[language] = locale.order
        _note(self.periods, locale.periods.items(), identifier, language)
        if identifier == ROOT:
            return
        most = 1 if identifier in COMMON else 99
        for table, names in ((self.months, locale.months), (self.weekdays, locale.weekdays)):
            _note(table, (name for name in names if not _numbered(name[0], most)), identifier, language)
        _note(self.fillers, dict.fromkeys((word, None) for word in locale.fillers), identifier, language)


@cache
def common() -> Lexicon:
    """The words of `COMMON`, in some hundred milliseconds at the first call."""
    return Lexicon((*COMMON, ROOT))


@cache
def every() -> Lexicon:
    """The words of all locales, in a second or so at the first call."""
    rest = sorted(set(locale_identifiers()) - set(COMMON))
    return Lexicon((*COMMON, ROOT, *rest))


def _note(senses: Senses[K], found: Iterable[tuple[str, K]], identifier: str, language: str = "") -> None:
    """Note what phrases mean, unless a regional variant means the same as its language."""
    for name, meaning in found:
        languages = senses.setdefault(name, {}).setdefault(meaning, set())
        if language not in languages:
            languages.add(identifier)


def _numbered(name: str, most: int) -> bool:
    """Whether a name is a number and `most` letters or fewer, or words in other languages, such as Toki Pona's 'mun 1'.

    It would take the numbers of other languages' dates.
    """
    letters = "".join(word for word in name.split(" ") if not word.isdecimal())
    return any(word.isdecimal() for word in name.split(" ")) and letters.isascii() and len(letters) <= most
