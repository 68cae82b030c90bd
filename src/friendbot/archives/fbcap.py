"""The bridge to fbchat-archive-parser, which knows the dates of some twenty languages.

It is handed one block of one thread at a time, well-formed, in one read: from a page as Facebook wrote it, it would
lose threads whose participants lie on the edge of a read, cut text at the first element inside, double repeated
threads, and mix up the minute in which two blocks of a long thread meet.
"""

import html
import re
import warnings
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from friendbot.archives.clock import Clock, ambiguous, milliseconds
from friendbot.archives.legacy_markup import Row
from friendbot.archives.reader import UNKNOWN
from friendbot.errors import ArchiveError


class Said(NamedTuple):
    """One message with its time in milliseconds since 1970 UTC, a whole minute."""

    sent_at: int
    sender: str
    text: str
    picture: bool


class Page:
    """A page in memory, handed over whole in one read, and only to the parser of the layout that it has."""

    name = "messages.htm"

    def __init__(self, page: str) -> None:
        # The library tries its parsers of two newer layouts first, and rewinds after each.
        self._rounds = ["<html/>", "<html/>", page]

    def read(self, size: int = -1) -> str:
        """Everything that is left, whatever `size` asks for."""
        text, self._rounds[0] = self._rounds[0], ""
        return text

    def seek(self, offset: int) -> None:
        """Go on to the next parser."""
        del self._rounds[0]


def parse(rows: Sequence[Row], clock: Clock) -> list[Said]:
    """Read the rows of a block, each with its time in words, in their order.

    Raises ArchiveError where a time cannot be understood, a zone must be given, or Python is not 3.11.
    """
    if not rows:
        return []
    whens = [row.when or "" for row in rows]
    local = [clock.is_local(when) for when in whens]
    handed = [clock.in_utc(when) if own else when for when, own in zip(whens, local, strict=True)]
    read = _messages(_page(rows, handed), whens[0])
    if len(read) != len(rows):
        raise ArchiveError(f"fbchat-archive-parser was given {len(rows)} messages and returned {len(read)}")
    said = []
    for row, when, own, message in zip(rows, whens, local, read, strict=True):
        _refuse_misread(when, message.timestamp)
        sent_at = clock.moment(when, message.timestamp) if own else milliseconds(message.timestamp)
        said.append(Said(sent_at, message.sender, message.content, row.picture))
    return said


def _page(rows: Sequence[Row], whens: Sequence[str]) -> str:
    """A well-formed page of one thread."""
    messages = []
    for row, when in zip(rows, whens, strict=True):
        sender, time, text = (html.escape(part, quote=False) for part in (row.sender or UNKNOWN, when, row.text))
        spans = f'<span class="user">{sender}</span><span class="meta">{time}</span>'
        messages.append(f'<div class="message">{spans}</div><p>{text}</p>')
    return f'<html><h1>owner</h1><div class="thread">thread{"".join(messages)}</div></html>'


def _messages(page: str, when: str) -> list[Any]:
    """What fbchat-archive-parser makes of a page whose first time is `when`; its errors become ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from fbchat_archive_parser import parser, time
        except ImportError as error:
            raise ArchiveError(
                "the legacy reader (fbchat-archive-parser) needs Python 3.11: make .venv with it"
            ) from error
        try:
            history = parser.parse(Page(page), use_utc=False)
        except time.AmbiguousTimeZoneError as error:
            raise ArchiveError(ambiguous(error.tz_name, error.tz_options)) from error
        except time.UnexpectedTimeFormatError as error:
            raise ArchiveError(f"the time '{error.time_string}' has a shape or language that is not known") from error
        except (parser.UnsuitableParserError, ParseError, ValueError) as error:
            raise ArchiveError(f"the times of a thread, such as '{when}', cannot be read: {error}") from error
    return [message for thread in history.threads.values() for message in thread.messages]


def _refuse_misread(when: str, moment: datetime) -> None:
    """Guard against a date taken for one of another language: its numbers must be those of the words."""
    numbers = {int(number) for number in re.findall(r"\d+", when)}
    if not {moment.year, moment.day, moment.minute} <= numbers:
        raise ArchiveError(f"the time '{when}' was misread as {moment:%Y-%m-%d %H:%M}")
