"""The words of dates and of times of day in one language of CLDR, from babel's data."""

import pickle
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from babel.dates import tokenize_pattern
from babel.localedata import resolve_locale_filename

from friendbot.archives.dates.spelling import beginning, ending, phrase

Hours = tuple[int, ...]
"""The hour from 0 to 23 that is meant by each hour from 0 to 23 that is written."""

Spans = tuple[tuple[int, int], ...]
"""When parts of the day begin and end, in seconds of the day."""


_MONTH, _WEEKDAY = ("MMM", "MMMM", "LLL", "LLLL"), ("E", "EEE", "EEEE", "ccc", "cccc")


class Locale(NamedTuple):
    """What a language, or the region that it is spoken in, has of its own."""

    months: dict[tuple[str, int], None]
    """Phrases with their months from 1."""
    weekdays: dict[tuple[str, int], None]
    """Phrases with their weekdays from 0 for Monday."""
    periods: dict[str, Hours]
    """Parts of the day by phrase."""
    fillers: dict[str, None]
    """Words that stand between the others."""
    order: str
    """In which dates in numbers are written with years of two digits: 'dmy', 'mdy' or 'ymd'."""


def read(identifier: str) -> Locale:
    """The words of a locale; a regional variant has only those that differ from its language."""
    own = _data(identifier)
    language = _data(identifier.partition("_")[0])
    dates, times = (_forms(own.get(kind) or language.get(kind) or {}) for kind in ("date_formats", "time_formats"))
    literals = [
        value for form in (*dates.values(), *times.values()) for kind, value in _tokens(form) if kind == "chars"
    ]
    literals += [form.replace("{0}", "").replace("{1}", "") for form in own.get("datetime_formats", {}).values()]
    words = [word for literal in literals for word in phrase(literal).split() if not word.isdecimal()]
    rules = own.get("day_period_rules") or language.get("day_period_rules") or {}
    return Locale(
        months=_names(own.get("months", {}), ("wide", "abbreviated"), dates.values(), _MONTH),
        weekdays=_names(own.get("days", {}), ("wide", "abbreviated", "short"), dates.values(), _WEEKDAY),
        periods=_periods(own.get("day_periods", {}), rules.get(None, {})),
        fillers=dict.fromkeys(words),
        order=_order(dates.get("short", "")),
    )


@lru_cache(maxsize=4)
def _data(identifier: str) -> dict[str, Any]:
    # babel's Locale mixes into one language what it inherits from all, by the order in which they were used: what
    # aliases stand for is stored in dictionaries that locales share.
    return pickle.loads(Path(resolve_locale_filename(identifier)).read_bytes())


def _forms(formats: Mapping[str, Any]) -> dict[str, str]:
    return {width: form.pattern for width, form in formats.items()}


def _names(
    contexts: Mapping[str, Any], widths: Iterable[str], forms: Iterable[str], fields: tuple[str, ...]
) -> dict[tuple[str, int], None]:
    """Names by themselves, and with the letters that date formats put around them."""
    affixes = dict.fromkeys([("", ""), *(affix for form in forms for affix in _affixes(form, fields))])
    found: dict[tuple[str, int], None] = {}
    for context in contexts.values():
        for width in widths:
            names = context.get(width)
            for value, name in names.items() if isinstance(names, dict) else ():
                for before, after in affixes:
                    found[phrase(f"{before}{name}{after}"), value] = None
    return found


@lru_cache(maxsize=1 << 12)
def _tokens(form: str) -> list[tuple[str, str]]:
    """The parts of a format: 'chars' and a literal, or 'field' and its letters."""
    parts = tokenize_pattern(form)
    return [(kind, str(value) if kind == "chars" else str(value[0]) * int(value[1])) for kind, value in parts]


@lru_cache(maxsize=1 << 12)
def _affixes(form: str, fields: tuple[str, ...]) -> dict[tuple[str, str], None]:
    """Letters right before and after a field, such as a preposition or the ending of a case."""
    tokens = [("chars", ""), *_tokens(form), ("chars", "")]
    found: dict[tuple[str, str], None] = {}
    for place, (kind, value) in enumerate(tokens):
        if kind == "field" and value in fields:
            before, after = (text if kind == "chars" else "" for kind, text in (tokens[place - 1], tokens[place + 1]))
            found[ending(before), beginning(after)] = None
    return found


def _periods(contexts: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Hours]:
    """Parts of the day by name: all those that have it together, but for am and pm, which are half of a day each."""
    kinds: dict[str, dict[str, None]] = {}
    for context in contexts.values():
        for width in ("wide", "abbreviated"):
            names = context.get(width)
            for kind, name in names.items() if isinstance(names, dict) else ():
                kinds.setdefault(phrase(name), {})[kind] = None
    return {name: _hours(tuple(found), _spans(found, rules)) for name, found in kinds.items()}


def _spans(kinds: Iterable[str], rules: Mapping[str, Any]) -> Spans:
    spans = [rule for kind in kinds for rule in rules.get(kind, ())]
    return tuple((rule.get("from", rule.get("at", 0)), rule.get("before", rule.get("at", 0))) for rule in spans)


@lru_cache(maxsize=1 << 10)
def _hours(kinds: tuple[str, ...], spans: Spans) -> Hours:
    """What the hours from 0 to 12 mean in a part of the day; later ones are of a clock that goes to 24."""
    return tuple(hour if hour > 12 else _hour(hour % 12, kinds, spans) for hour in range(24))


def _hour(hour: int, kinds: tuple[str, ...], spans: Spans) -> int:
    """`hour` or 12 more, whichever lies in the part of the day, or nearer to it."""
    if "am" in kinds or "pm" in kinds:
        return hour if "am" in kinds else hour + 12
    early, late = (min((_distance(choice, *span) for span in spans), default=24) for choice in (hour, hour + 12))
    # Some pages put all of am into the morning and all of pm into the afternoon, but not into noon.
    if late and all(kind.startswith("morning") for kind in kinds):
        return hour
    if early and all(kind.startswith("afternoon") for kind in kinds) and max(map(_length, spans)) > 2:
        return hour + 12
    return hour if early <= late else hour + 12


def _distance(hour: int, start: int, end: int) -> int:
    """Hours from one of the day to the nearest one in a span."""
    first, length = start // 3600, max(_length((start, end)), 1)
    return 0 if (hour - first) % 24 < length else min((first - hour) % 24, (hour - first - length + 1) % 24)


def _length(span: tuple[int, int]) -> int:
    return (span[1] - span[0]) % 86_400 // 3600


def _order(form: str) -> str:
    order = "".join(value[0].lower() for kind, value in _tokens(form) if kind == "field" and value[0] in "dMy")
    # Where a year has four digits, a date with two comes from elsewhere.
    return "dmy" if order == "ymd" and "yy" not in form else order
