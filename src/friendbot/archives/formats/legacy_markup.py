"""The markup of Facebook's legacy message pages, read as loosely as it was written."""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from lxml import etree

_CLASS = rb"<%s\b[^>]*\bclass\s*=\s*[\"'](?:[^\"'>]*\s)?%s[\s\"']"
# Nearly every div is a message's: seeing that at once makes the search four times as fast.
THREAD = re.compile(_CLASS.replace(rb"\b", rb"(?! class=\"message(?:_header)?\")\b", 1) % (b"div", b"thread"))
MESSAGE = re.compile(_CLASS % (b"div", b"message"))
META = re.compile(_CLASS % (b"span", b"meta"))
"""Openings of a thread, of a message, and of its time, in the bytes of a page."""

_TEXT = rb"(?:[^>]*>([^<]*))?"
_USERS = re.compile(_CLASS % (b"span", b"user") + _TEXT)
_TIMES = re.compile(META.pattern + _TEXT)

_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\n\r"})
"""What no text holds, though pages do; `_LATE` are those of two bytes, `_REFERENCE` is how markup spells them."""
_LATE = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01]|127)(?!\d)|[xX]0*(?:[0-8bBcCeEfF]|1[\da-fA-F]|7[fF])(?![\da-fA-F]));?"
)

OPENING = b'<div class="message">'
"""How nearly every message opens."""

_USUAL = re.compile(
    OPENING
    + rb'<div class="message_header"><span class="user">([^<]*)</span><span class="meta">([^<]*)</span></div></div>'
    rb'<p>([^<]*)</p>(?=<div class="message">|</div>)'
)
"""A message as nearly all are written. A tree would say the same of it, and take five times as long."""

_END = re.compile(rb"</(?:body|html)\b[^>]*>", re.IGNORECASE)
"""What a tree would end with, wherever it stands."""

DEEPEST = 50
"""Elements in one another to look into for text that no paragraph holds."""

_READ = ("div", "span", "p", "img")
_PARTS = {"div": ("message", "footer"), "span": ("user", "meta")}


class Rows(NamedTuple):
    """Messages as the page has them, newest first: equally long columns, still without meaning."""

    senders: list[str]
    whens: list[str | None]
    """Times in words; None where the page has no place for one."""
    texts: list[str]
    """With their line breaks."""
    pictures: list[bool]

    def stamped(self) -> int:
        """How many have a place for their time."""
        return len(self.whens) - self.whens.count(None)

    def extend(self, senders: Sequence[str], whens: Sequence[str], texts: Sequence[str]) -> None:
        """Append messages without pictures."""
        self.senders.extend(senders)
        self.whens.extend(whens)
        self.texts.extend(text.strip() for text in texts)
        self.pictures.extend([False] * len(texts))


def people(head: bytes) -> str:
    """The line of participants, from the opening of a `div.thread` until its first message."""
    line: list[str | None] = []
    headed = False
    for thread in _body(_clean(head)).iterchildren("div"):
        line = [thread.text]
        for element in thread:
            if element.tag == "div":
                break
            if element.tag == "h3":  # `<h3>Conversation with X</h3>Participants: X`, in the account's language
                headed = True
                line = []
            else:
                line += element.itertext()
            line.append(element.tail)
        break
    names = words("".join(filter(None, line)))
    return names.partition(": ")[2] if headed and ": " in names else names


def senders(block: bytes) -> set[str]:
    """Names in the headers of messages, without reading the messages."""
    return {name for found in set(_USERS.findall(block)) if (name := words(plain(found)))}


def times(block: bytes) -> list[bytes]:
    """Times in the headers of messages, without reading the messages: `words(plain(time))` is one in words."""
    return _TIMES.findall(block)


def rows(block: bytes) -> Rows | None:
    """The messages of a `div.thread`; what follows its end is passed over.

    None where elements do not close where they should, so that it is not sure what belongs to what.
    """
    # What is between messages in the usual shape: the opening, messages in another shape, the end.
    parts = _USUAL.split(_clean(block))
    between = parts[::4]
    senders, whens, texts = (_texts(parts[column::4]) for column in (1, 2, 3))
    found = Rows([], [], [], [])
    done = 0
    for place, odd in enumerate(between):
        if odd:
            body = _body(b"<div>" + odd if place else odd)
            if not _closed(body, last=place == len(between) - 1):
                return None
            found.extend(senders[done:place], whens[done:place], texts[done:place])
            _collect(body, found)
            done = place
    return found


def salvaged(block: bytes) -> Rows:
    """The same, each message read by itself: for a block whose elements do not close where they should."""
    data = _clean(block)
    found = Rows([], [], [], [])
    starts = [match.start() for match in MESSAGE.finditer(data)]
    for start, end in pairwise([*starts, len(data)]):
        _collect(_body(data[start:end]), found)
    return found


def words(text: str) -> str:
    """Text on one line, with single spaces."""
    return " ".join(text.split())


def plain(markup: bytes) -> str:
    """Text between two tags."""
    return html.unescape(markup.decode("utf-8", "replace"))


def _clean(data: bytes) -> bytes:
    """A piece of a page without control characters, with plain line feeds."""
    data = data.translate(None, _CONTROLS).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _REFERENCE.sub(b"", _LATE.sub(b"", data))


def _texts(column: list[bytes]) -> list[str]:
    texts = b"\0".join(column).decode("utf-8", "replace").split("\0") if column else []
    return [html.unescape(text) if "&" in text else text for text in texts]


def _body(data: bytes) -> Any:
    """The `body` of a piece of a page, which is `_clean`."""
    data = _END.sub(b"", data).decode("utf-8", "replace").encode()
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    return etree.fromstring(b"<body>" + data, parser)[0]


def _closed(body: Any, last: bool) -> bool:
    """Whether a piece is all in its first `div`; of the last piece, whether all its messages are."""
    if not last:
        return len(body) == 1 and not (body[0].tail or "").strip()
    return not any(_part("span", span.get("class")) for element in body[1:] for span in element.iter("span"))


def _collect(body: Any, found: Rows) -> None:
    """Append the messages; one begins with its `div` or, where that is damaged, with a second name or time."""
    begun = picture = False
    message = sender = when = None
    texts: list[str] = []
    inside = 0

    def end() -> None:
        said = texts if texts or picture or message is None else _beside(message)
        found.senders.append(sender or "")
        found.whens.append(when)
        found.texts.append(said[0] if len(said) == 1 else "\n".join(filter(None, said)))
        found.pictures.append(picture)

    for element in body.iter(*_READ):
        tag = element.tag
        if inside:  # a paragraph, whose text was taken as a whole
            inside -= 1
            picture = picture or tag == "img"
        elif tag == "p":
            if begun:
                text = element.text
                if len(element):
                    text = _inline(element)
                    inside = sum(1 for _ in element.iterdescendants(*_READ))
                texts.append(text.strip() if text else "")
        elif tag == "img":
            picture = begun
        elif part := _part(tag, element.get("class")):
            if part == "footer":
                break
            if part == "message" or texts or when is not None or (part == "user" and sender is not None):
                if begun:
                    end()
                message = element if part == "message" else None
                sender = when = None
                texts = []
                picture = False
            begun = True
            if part == "user":
                sender = _inline(element) if len(element) else element.text or ""
            elif part == "meta":
                when = _inline(element) if len(element) else element.text or ""
    if begun:
        end()


@lru_cache(maxsize=64)
def _part(tag: str, classes: str | None) -> str | None:
    """What an element is of a message."""
    return next((name for name in (classes or "").split() if name in _PARTS.get(tag, ())), None)


def _beside(message: Any) -> list[str]:
    """Text between a message and the next, where no paragraph holds it."""
    parts = [message.tail]

    def ends(element: Any, depth: int = 0) -> bool:
        """Add the text of an element, and what follows it; whether the next message begins in it."""
        if depth == DEEPEST or _part(element.tag, element.get("class")):
            return True
        parts.append(element.text)
        if any(ends(inner, depth + 1) for inner in element):
            return True
        parts.append(element.tail)
        return False

    any(ends(element) for element in message.itersiblings())
    return ["".join(filter(None, parts)).strip()]


def _inline(paragraph: Any) -> str:
    """Text of an element with others in it."""
    for line in paragraph.iterdescendants("br"):
        line.tail = f"\n{line.tail or ''}"
    return "".join(paragraph.itertext())
