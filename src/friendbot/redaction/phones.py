"""Phone numbers in a text: by the numbering plans of all countries, and by how digits are grouped."""

import re
import sys
from collections.abc import Iterator

import phonenumbers

from friendbot.redaction.identifiers import Span

# Every repetition below is bounded, possessive, or begins only where a word does: time is linear in the text's length.

# Digits that are surely no phone number: dates and years, times, amounts, decimals, coordinates, IP addresses.
_YEAR = r"(?:19|20)\d\d"
_DATE = (
    r"(?<![\d+])(?<!\d[./-])(?:"
    rf"[0-3]?\d([./-])[0-3]?\d\1(?:{_YEAR}|\d\d)|[0-3]?\d[ ][01]?\d[ ]{_YEAR}"
    rf"|{_YEAR}([./ -])[01]?\d\2[0-3]?\d|{_YEAR}[01]\d[0-3]\d"
    rf"|{_YEAR}(?:[ ]?[-–/,&+][ ]?(?:19|20)?\d\d|[ ]{_YEAR}){{1,9}}"
    r")(?![./-]?\d)"
)
_TIME = (
    r"(?<!\d)\d{1,3}(?::\d\d){1,3}(?:[.,]\d{1,6})?(?!\d)"
    r"|(?<!\d)(?<!\d[-–./ ])[0-2]\d[0-5][05][ ]?[-–][ ]?[0-2]\d[0-5][05](?![\d-])"
)
_AMOUNT = (
    r"(?<![\d+.,])(?:\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,9})?|[1-9]\d?(?:[.'’]\d{3}){1,5}(?:,\d{1,9})?"
    r"|[1-9]\d{0,2}(?:[ ]\d{3}){1,4}(?<=000))(?![.,' -]?\d)"
    r"|[€$£¥][ ]?\d{1,12}(?:[.,]\d{1,3}){0,5}(?!\d)"
    r"|(?<![\d+.,])[1-9]\d{0,11}(?:[.,]\d{1,3}){0,5}"
    r"(?:[ ]?(?:€|\$|£|%|eur|euros?|usd|gbp|chf|dollars?|pounds?)|k|m|km|kg|mb|gb|ms|x)(?!\w)"
)
_POINT = (
    r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d]|\.\d)|(?<![\d.+])(?:\d\d?|[1-9]\d\d)[.,]\d{5,15}(?![\d-]|\.\d)"
    r"|(?<![\d.])\d{1,3}\.\d{2,9}[ ]?[,;/ ][ ]?-?\d{1,3}\.\d{2,9}(?![\d]|\.\d)"
)
_NO_PHONE = re.compile(f"{_DATE}|{_TIME}|{_AMOUNT}|{_POINT}", re.IGNORECASE)

_BLANK = r"[ \t\u00a0\u2009\u202f]"
_GAP = rf"(?:{_BLANK}{{0,2}}[-‐-―][ ]?|[ ]?\([ ]?|[ ]?\)[ ]?[-./]?[ ]?|{_BLANK}{{1,2}}|[./])"
_DIGITS = re.compile(rf"(?:\+[ ]?|(?<![\w#]))(?:\((?=[\d -]{{1,6}}\)))?\d(?:{_GAP}?\d)*+")

# How long the groups of digits are in numbering plans where no zero leads.
_SHAPES = re.compile(
    "2-2-2-2|2-2-4|2-3-2-2|2-3-3|2-3-4|2-4-4|2-5-4|2-[678]|3-2-2-2|3-3-3|3-3-4|3-4-4|3-[45678]|4-3-3|4-[46]|5-[56]"
    "|1-2-2-2-2|1-3-3-2-2|1-3-3-4|1-7"
)


class Phones:
    """Phone numbers by a country's numbering plan, and digits that are written as phone numbers are."""

    def __init__(self, region: str | None) -> None:
        self.region = region

    def __call__(self, text: str) -> Iterator[Span]:
        """Where phone numbers stand; some may overlap."""
        if sum(map(str.isdigit, text)) < 5:
            return
        if self.region or "+" in text:
            matches = phonenumbers.PhoneNumberMatcher(
                text, self.region, leniency=phonenumbers.Leniency.VALID, max_tries=sys.maxsize
            )
            for match in matches:
                yield match.start, match.end
        masked = _NO_PHONE.sub(lambda match: "|" * len(match.group()), text)
        for run in _DIGITS.finditer(masked):
            glued = masked[run.end() : run.end() + 1].isalpha() and not re.search(r"[^\d]", run.group())
            if not glued:
                yield from ((run.start() + start, run.start() + end) for start, end in _phones_in(run.group()))


def _phones_in(run: str) -> Iterator[Span]:
    """Phone numbers in digits between which there are only gaps: the whole, or else parts between blanks."""
    if _is_phone(run):
        yield 0, len(run)
        return
    words = [match.span() for match in re.finditer(r"\S+", run)]
    first = 0
    while first < len(words):
        for last in range(min(len(words), first + 8), first, -1):
            part = run[words[first][0] : words[last - 1][1]]
            alone = last - first == 1 or part[0] in "+0(" or re.fullmatch(r"\d{3}\s\d{3}\s\d{4}", part)
            if alone and _is_phone(part):
                yield words[first][0], words[last - 1][1]
                first = last - 1
                break
        first += 1


def _is_phone(run: str) -> bool:
    groups = re.findall(r"\d+", run)
    digits = "".join(groups)
    if not 7 <= len(digits) <= 17 or len(set(digits)) < 3:  # 5555555 is a laugh in Thai
        return False
    if run.startswith("+"):
        return len(digits) <= 15
    if digits.startswith("00"):
        return _is_abroad(digits[2:])
    gaps = re.findall(r"(?<=\d)\D+(?=\d)", run)
    pairs = all(len(group) == 2 for group in groups) and len(set(gaps)) == 1
    if digits.startswith("0") and not pairs:
        return len(groups[0]) > 1 and len(digits) <= 13
    if run.startswith("("):
        return len(digits) > 7
    if len(groups) == 1:
        return len(digits) <= 15 and not digits.endswith("0000")
    if digits.startswith("0") and len(groups) == 5:
        return True
    shape = "-".join(str(len(group)) for group in groups)
    written = pairs if shape == "2-2-2-2" else bool(_SHAPES.fullmatch(shape))
    return written and "/" not in run and any(int(group) % 10 for group in groups)


def _is_abroad(digits: str) -> bool:
    """Whether digits, country code first, have a length that is in use in that country."""
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:  # no such country
        return False
