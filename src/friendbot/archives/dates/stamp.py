"""Where a text has the digits of a time of day, and its zone."""

import re
from collections.abc import Container

from friendbot.archives.dates.spelling import clean

LONGEST = 200
"""More characters than any time has."""

_COLON = re.compile(r"\d\d?:\d\d?(?::\d\d?)?")
_HOUR = r"(?:u|\s?(?:[hHч]|[Uu]hr|時|时|點|点|시|นาฬิกา|ໂມງ|སྐར་མ་)\.?\s?)"
_MINUTE = r"\s?(?:min|m|мин|分|분|นาที|ນາທີ)\.?"
_SECOND = r"\s?(?:sek|sec|s|сек|秒|초|วินาที|ວິນາທີ)?\.?"
_SPELT = re.compile(rf"(?<!\d)\d\d?{_HOUR}\d\d?(?!\d)(?:{_MINUTE}(?:\s?\d\d?(?!\d){_SECOND})?)?")
_DOT = re.compile(r"(?<![\d.])\d\d?\.\d\d(?:[.:]\d\d)?(?!\d|[.:]\d)")
_BEFORE = re.compile(r"\d[.:]?$|(?:UTC|GMT)\s?[+\-−]$")
_AFTER = re.compile(r":?\d")

_OFFSET = r"[+\-−](?:0?\d|1[0-4])(?::?[0-5]\d)?(?![\d/.:-])"
_UTC = re.compile(rf"(?<!/)(?<![^\W\d_])(?:UTC|GMT)(?:\s?{_OFFSET})?(?![^\W\d_])", re.IGNORECASE)
_OTHER = re.compile(
    rf"(?<!\w)[^\W\d_]*{_OFFSET}"
    r"|(?<!\w)[A-Z][A-Za-z]+(?:/[A-Za-z_]+)+(?:[+-]\d+)?"
    r"|(?<![^\W\d_])(?<!\.)(?:[A-Z]{2,5}|[A-Z]{3}\d[A-Z]{3}|ChST|Z)(?=\W*$)"
)


def cut(text: str) -> tuple[str, str, str] | None:
    """What is before the digits of the time, the digits, and what is after them; None where there is no time."""
    if len(text) > LONGEST:
        return None
    for shape in (text, clean(text)):
        for found in _COLON.finditer(shape) if ":" in shape else ():
            before, after = shape[: found.start()], shape[found.end() :]
            if not _BEFORE.search(before[-8:]) and not _AFTER.match(after):
                return before, found[0], after
    # Dates can have dots as well, and come first.
    if match := _SPELT.search(shape) or next(reversed(list(_DOT.finditer(shape))), None):
        return shape[: match.start()], match[0], shape[match.end() :]
    return None


def zone(before: str, after: str, words: Container[str]) -> tuple[str | None, str, str]:
    """The zone, as it is written, and the `clean` texts before and after a time without it.

    `words` are those in lower case that are no zone in spite of their capitals, such as 'pm'.
    """
    for text in (after, before):
        if found := _UTC.search(text):
            return found[0], before.replace(found[0], " "), after.replace(found[0], " ")
    # After a time are words of the date unless that comes before.
    if any(letter.isdecimal() for letter in before):
        found = _OTHER.search(after)
        if found and found[0].casefold() not in words:
            return found[0], before, after[: found.start()] + after[found.end() :]
    return None, before, after
