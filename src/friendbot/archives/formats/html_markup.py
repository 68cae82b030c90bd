"""The markup of Messenger's and Instagram's HTML pages, read as loosely as it is written."""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from lxml import etree

from friendbot.archives.formats.html_body import Element, Row, ink, line, read
from friendbot.archives.formats.html_plain import AFTER, taken
from friendbot.archives.mojibake import whole

TAIL = 1024
"""Bytes at the end of a page in which it must say that it ends."""

TOP = 500
"""Elements of a page without messages in which its title is looked for."""

LONGEST = 80
"""Characters of a date; what is longer was typed."""

# Class names are generated, and these fragments are what lasted longest: of 2018 first, of 2021 second.
_DATES = ((b"_2lem", b"_a6-o"), (b"_a72d",))
_INNER = re.compile(r"_a72d")
_STAMP = re.compile(r"_2lem|_a6-o|_a72d")
_SENDER = re.compile(r"_2lel|_a6-h")
_BODY = re.compile(r"_2let|_a6-p")
_BLOCK = re.compile(r"uiBoxWhite|_a6-g")
_PEOPLE = re.compile(r"_2lek|_a6-h")
_TITLE = re.compile(r"_3b0d")
_CLASSES = re.compile(rb"class=[\"']([^\"'<>]*)")
_TIME = re.compile(r"\d\s?[:.hH時时點点시]\s?\d\d")

_LEAF = re.compile(r">([^<>]+)</(?!time\b)")
_COLON = re.compile(r"[:：]")

_MARK = rb"class\s*=\s*[\"'][^\"'<>]*(?:%s)"
_SURROGATES = re.compile(rb"(?:&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|5[5-7][0-9]{3});?)+")
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")


class Message(NamedTuple):
    """Where in a page a message is that is more than text."""

    sender: Element | None
    body: Element
    date: Element
    after: int
    """How many plain messages come before it."""


class Page(NamedTuple):
    """One file of a thread, or the beginning of one."""

    title: str = ""
    lines: tuple[str, ...] = ()
    """What stands before the messages and has a colon; one is the list of participants, if there is one."""
    made: tuple[str, str] | None = None
    """When the download was asked for: in UTC as ISO 8601 has it, and in the account's words and zone."""
    rows: Sequence[Row] = ()
    """Messages in the order of the page, the newest first."""
    lost: int = 0
    """Messages that are there but cannot be told whole."""
    empty: bool = False
    """Whether it is a thread that never had a message."""
    closed: bool = False
    """Whether it ends as a page does."""


def page(data: bytes) -> Page:
    """Read the bytes of a file; there is nothing that this raises an error on."""
    closed = data[-TAIL:].rstrip().lower().endswith(b"</html>")
    plain, rest = taken(_clean(data))
    root = _tree(rest)
    if root is None:
        return Page(rows=plain, closed=closed)
    messages, lost = _messages(rest, root, guess=not plain)
    rows: list[Row] = []
    count = 0
    for sender, body, date, after in messages:
        rows += plain[count:after]
        count = max(count, after)
        rows.append(Row(line(sender), _words(date), read(body)))
    rows += plain[count:]
    first = messages[0] if messages else None
    start = None if first is None else first.body if first.sender is None else first.sender
    title, lines, made = _head(root, start)
    empty = bool(title) and not rows and not lost and not _has_remnants(rest)
    return Page(title, lines, made, rows, lost, empty, closed)


def _clean(data: bytes) -> bytes:
    """A file in UTF-8 without its mark; characters that were written as references to their halves are whole."""
    data = data.removeprefix(BOM_UTF8)
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode(errors="replace").encode()
    if any(start in data for start in (b"&#x", b"&#X", b"&#5")):
        data = _SURROGATES.sub(_joined, data)
    return data


def _tree(data: bytes) -> Element | None:
    parser = etree.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        # The mark says that it is UTF-8, whatever the page says itself.
        return etree.fromstring(BOM_UTF8 + data, parser)
    except etree.XMLSyntaxError:
        return None  # there is no element in it


def _joined(match: re.Match[bytes]) -> bytes:
    """A run of such references as characters."""
    codes = (
        int(hexadecimal, 16) if hexadecimal else int(decimal) for hexadecimal, decimal in _REFERENCE.findall(match[0])
    )
    return whole("".join(map(chr, codes))).encode()


def _messages(data: bytes, root: Element, *, guess: bool) -> tuple[list[Message], int]:
    """The messages of a page in its order, and how many more there must have been.

    Where no class is known, the places of messages are a `guess`.
    """
    # In a class, not anywhere: people may write such a thing, or be called it.
    classes = b" ".join(_CLASSES.findall(data))
    marks = next((marks for marks in _DATES if any(mark in classes for mark in marks)), None)
    if marks is None:
        found = [place for date in (_dated(root) if guess else []) if (place := _guessed(date))]
        return found, _undated(root, found)
    pattern = re.compile(b"|".join(marks).decode())
    dates: list[tuple[Element, int]] = []
    after = 0
    for element in root.iter():
        if (given := element.get("class")) is not None and pattern.search(given):
            dates.append((element, after))
        elif (count := element.get(AFTER)) is not None and count.isdecimal():
            after = int(count)
    found = [message for date, after in dates if not _is_quoted(date) and (message := _place(date, after))]
    surely = len(found) == sum(map(data.count, marks)) == sum(map(data.count, (b"_2lel", b"_a6-i")))
    return found, 0 if surely else max(_expected(data, root, pattern) - len(found), 0)


def _has(element: Element | None, mark: re.Pattern[str]) -> bool:
    return element is not None and bool(mark.search(element.get("class") or ""))


def _dated(root: Element) -> list[Element]:
    """Dates of a page whose classes are new: the elements of that kind of which most hold a date and nothing else."""
    kinds: dict[tuple[str | None, ...], list[Element]] = {}
    leaves: Counter[tuple[str | None, ...]] = Counter()
    for element in root.iter():
        if len(element) or not ink(element.text):
            continue
        parent = element.getparent()
        above = () if parent is None else (str(parent.tag), parent.get("class"))
        last = None if element.getnext() is None else "not last"
        kind = (str(element.tag), element.get("class"), last, *above)
        leaves[kind] += 1
        if _is_moment(element):
            kinds.setdefault(kind, []).append(element)
    likely = [kind for kind, dates in kinds.items() if len(dates) > leaves[kind] / 2]
    return kinds[max(likely, key=lambda kind: len(kinds[kind]))] if likely else []


def _is_moment(element: Element) -> bool:
    """Whether an element holds a date with a time, other than that of the download."""
    return len(element) == 0 and element.tag != "time" and _is_date(element.text or "")


def _is_date(text: str) -> bool:
    return len(text) <= LONGEST and bool(_TIME.search(text)) and len(re.findall(r"\d+", text)) >= 4


def _has_remnants(data: bytes) -> bool:
    """Whether there is anything in a page that only messages have, however broken its markup is."""
    return any(mark in data for mark in (b"_2let", b"_a6-p")) or any(map(_is_date, _LEAF.findall(data.decode())))


def _is_quoted(element: Element) -> bool:
    """Whether an element is in the body of a message, such as the date of a post that was shared."""
    return any(_has(above, _BODY) and _has(above.getnext(), _STAMP) for above in element.iterancestors())


def _place(date: Element, after: int) -> Message | None:
    """The message that a date ends; None where the markup of its sender or body is broken."""
    body = _before(date)
    if body is None:
        return None
    sender = body.getprevious()
    if _has(sender, _SENDER):
        return Message(sender, body, date, after)
    # In some pages the two are in an element of their own.
    if len(body) == 2 and _has(body[0], _SENDER) and _has(body[1], _BODY):
        return Message(body[0], body[1], date, after)
    alone = sender is None and _has(body, _BODY) and _has(body.getparent(), _BLOCK)
    return Message(None, body, date, after) if alone else None


def _guessed(date: Element) -> Message | None:
    """The same where the classes are new: a message is a sender, a body and a date."""
    body = _before(date)
    sender = None if body is None else body.getprevious()
    if body is not None and sender is None and len(body) == 2:
        sender, body = body[0], body[1]
    return None if body is None or sender is None else Message(sender, body, date, 0)


def _undated(root: Element, found: Sequence[Message]) -> int:
    """How many elements are of the kind that messages are in and hold several texts, but none of the messages found."""
    blocks = [block for message in found if (block := _top(message.date).getparent()) is not None]
    kind, _ = Counter((block.tag, block.get("class")) for block in blocks).most_common(1)[0] if blocks else (None, 0)
    if kind is None or kind[1] is None:
        return 0
    there = {*blocks}
    others = [one for one in root.iter(str(kind[0])) if one.get("class") == kind[1] and one not in there]
    return sum(sum(ink(leaf.text) for leaf in one.iter()) > 1 for one in others)


def _before(date: Element) -> Element | None:
    """What stands before a date, which may be in elements of its own."""
    return _top(date).getprevious()


def _top(date: Element) -> Element:
    """The outermost element that holds a date alone."""
    while date.getprevious() is None and (parent := date.getparent()) is not None and len(parent) == 1:
        date = parent
    return date


def _expected(data: bytes, root: Element, pattern: re.Pattern[str]) -> int:
    """How many messages the marks of a page say there are, but for those in bodies and in its head."""
    dates = len(re.findall(_MARK % pattern.pattern.encode(), data))
    senders = len(re.findall(_MARK % b"_2lel|_a6-i", data))
    for element in root.iter():
        given = element.get("class") or ""
        if "_2lel" in given or "_a6-i" in given:
            listing = element.getnext() is None and element.getprevious() is None and ":" in line(element)
            senders -= listing or _is_quoted(element)
        elif pattern.search(given):
            dates -= _is_quoted(element)
    return max(dates, senders)


def _words(date: Element) -> str:
    """The words of a date, without what else may stand in its footer."""
    while len(date) == 1 and not ink(date.text):
        date = date[0]
    inner = next((one for one in date.iterdescendants() if _has(one, _INNER)), date) if len(date) else date
    return line(inner)


def _head(root: Element, start: Element | None) -> tuple[str, tuple[str, ...], tuple[str, str] | None]:
    """Title, lines with a colon, and time of the download: all that stands before the first message."""
    titles = {"block": "", "h1": "", "title": ""}
    people: list[str] = []
    others: list[str] = []
    made = None
    for count, element in enumerate(root.iter()):
        if element is start or element.get(AFTER) or (start is None and count == TOP):
            break
        tag = str(element.tag)
        if tag in ("style", "script"):
            continue
        if tag == "time" and made is None and element.get("datetime"):
            made = (str(element.get("datetime")), line(element))
        kind = "block" if _has(element, _TITLE) else tag
        listing = _has(element, _PEOPLE)
        if kind in titles:
            titles[kind] = titles[kind] or line(element)
        elif (listing or len(element) == 0) and _COLON.search(text := line(element)):
            (people if listing else others).append(text)
    return next(filter(None, titles.values()), ""), tuple(dict.fromkeys(people or others)), made
