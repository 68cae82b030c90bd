"""What every archive reader is, what one is handed, and what it gives."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from friendbot.archives.tree import DamagedError, Entry, Tree
from friendbot.errors import ArchiveError
from friendbot.messages import KINDS, UNSENT

EARLIEST, LATEST = -62_135_596_800_000, 253_402_300_799_999
"""Milliseconds since 1970 of the years 1 and 9999: what a date can be."""

SAID = pa.schema([("sent_at", pa.int64()), ("sender", pa.string()), ("kind", pa.string()), ("text", pa.string())])
"""Columns of a copy's messages: milliseconds since 1970 UTC, a name, one of `messages.KINDS`, what was typed."""


class Part(NamedTuple):
    """One file of a thread."""

    first: int
    """Milliseconds since 1970 UTC of its oldest message; `last` of the newest."""
    last: int
    batches: Callable[[], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Copy:
    """One thread as one download has it. Its messages are read when asked for, and not kept."""

    key: str
    """What the download knows the thread by; becomes the `thread_id`. Sorts and prints well."""
    title: str
    participants: tuple[str, ...]
    """Names as the download lists them, usually with the owner; empty where it lists none."""
    entries: tuple[Entry, ...]
    """The files it is in."""
    batches: Callable[[], Iterator[pa.RecordBatch]]
    """Reads the messages: batches of `SAID`, oldest first as well as the download lets one know, ties in its order."""
    identity: str | None = None
    """Two copies of one identity (and family) are the same thread. None where only names tell threads apart."""
    family: str = "facebook"
    """Where names mean the same people: facebook, instagram, whatsapp, telegram."""
    step: int = 1
    """Milliseconds to which times are known."""
    held: bool = False
    """Whether its files are kept in memory, so that nothing is won by reading them ahead."""
    parts: Callable[[], Iterator[Part]] | None = None
    """The same messages file by file, for threads too long to be held at once."""
    late_title: Callable[[], str] | None = None
    """Gives the title where it stands behind the messages; cheap once they were read."""

    def name(self) -> str:
        """The title, wherever it stands; empty where there is none."""
        return self.title or (self.late_title() if self.late_title else "")


@dataclass
class Job:
    """One reading of one archive: the files a reader claimed, and what the person asked for."""

    tree: Tree
    entries: Sequence[Entry]
    """Sorted by path."""
    owner: str | None
    timezone: str | None
    """IANA name of the zone in which an archive without zones, or with ambiguous ones, was made."""
    strict: bool
    advance: Callable[[int], None] = field(default=lambda size: None)
    """Told the bytes of each file or part of a file that is done with."""
    legacy_reader: str = "lxml"
    """`fbcap` lets fbchat-archive-parser read the times of legacy pages."""
    owners: list[str] = field(default_factory=list)
    """Names that downloads state as their owner's, the surest first; `state` adds to it."""
    damaged: list[str] = field(default_factory=list)
    """One line for each file or message that was left out."""
    notes: list[str] = field(default_factory=list)
    """One line for each thing worth knowing that is not damage, such as a zone that had to be assumed."""
    _unreadable: set[str] = field(default_factory=set)

    def read(self, entry: Entry, size: int = -1) -> bytes:
        """The first `size` bytes of a file, or all; nothing, and a report, where it is damaged inside its zip.

        Raises ArchiveError where it is damaged and `strict`, or cannot be read at all.
        """
        try:
            return self.tree.read(entry, size)
        except DamagedError as error:
            if entry.path not in self._unreadable:
                self.damage(entry.path, str(error.__cause__) or "it ends too early")
                self._unreadable.add(entry.path)
            return b""

    def damage(self, path: str, why: str) -> None:
        """Report something unreadable: ArchiveError where `strict`, otherwise a warning once all is read."""
        if path not in self._unreadable:  # else named before
            again = "download the archive again, or set parse.strict: false to go on without it"
            self.leave_out(" ".join(f"{path} is damaged: {why}".split()), again)

    def leave_out(self, line: str, what_to_do: str) -> None:
        """Report what is not read: ArchiveError where `strict`, otherwise a warning once all is read."""
        if self.strict:
            raise ArchiveError(f"{line}; {what_to_do}")
        if line not in self.damaged:
            self.damaged.append(line)

    def lose(self, place: str, lost: int, count: int, why: str = "cannot be read", what: str = "messages") -> None:
        """Report that so many of the messages of a file, or of a thread in it, are damaged, if any are."""
        if lost:
            self.damage(place, f"{lost:,} of its {count:,} {what} {why}")

    def state(self, names: Iterable[str | None]) -> None:
        """Take in names that a download states as its owner's, the surest first."""
        self.owners += [name for name in dict.fromkeys(names) if name and name not in self.owners]

    def note(self, line: str) -> None:
        """Say something once, on stderr, when all is read."""
        if line not in self.notes:
            self.notes.append(line)

    def note_utc(self, place: str) -> None:
        """Say that times were taken as UTC since nothing tells their zone."""
        self.note(
            f"the times in {place} name no zone and were taken as UTC: "
            "set parse.timezone to yours, such as Europe/Berlin"
        )

    def note_order(self, place: str, when: str, day: date) -> None:
        """Say that the order of day and month was guessed; `when` is a date of which this made `day`."""
        self.note(
            f"nothing in {place} tells whether days or months come first in its dates: "
            f"'{when}' was read as {day.day} {day:%B} {day.year}"
        )


@dataclass(frozen=True)
class Reader:
    """A format that can be read. `formats.READERS` lists them all."""

    name: str
    layout: str
    """What a person would see in such a download; completes 'looked for ...'."""
    suffixes: tuple[str, ...]
    """Endings of file names worth a look, lower case with the dot."""
    claims: Callable[[Entry, bytes], bool]
    """Whether a file, seen by its first `tree.HEAD` bytes, is of this format; judged by the shape of its content."""
    copies: Callable[[Job], list[Copy]]
    """Lists the threads without reading more than that takes. Reports damage, and owners that are stated."""


def said(
    sent_at: Sequence[int], sender: Sequence[str], text: Sequence[str], kinds: Mapping[int, str] = MappingProxyType({})
) -> pa.RecordBatch:
    """Columns as a batch of `SAID`; every message is typed text but those at the positions that `kinds` has.

    The text of a message that was unsent is dropped.
    """
    codes = np.zeros(len(text), dtype=np.int8)
    if kinds:
        codes[list(kinds)] = [KINDS.index(kind) for kind in kinds.values()]
    if gone := [position for position, kind in kinds.items() if kind == UNSENT]:
        text = [*text]
        for position in gone:
            text[position] = ""
    kind = _KINDS.take(pa.array(codes))
    columns = [pa.array(sent_at, pa.int64()), pa.array(sender, pa.string()), kind, pa.array(text, pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=SAID)


_KINDS = pa.array(KINDS)


Item = TypeVar("Item")


def usable(job: Job, place: str, times: list[Any], messages: list[Item]) -> tuple[list[int], list[Item]]:
    """Times in milliseconds since 1970 UTC, and the messages that have one; reports the others as damage of `place`."""
    if {*map(type, times)} <= {int} and (not times or (min(times) >= EARLIEST and max(times) <= LATEST)):
        return times, messages
    timed = [(int(time), message) for time, message in zip(times, messages, strict=True) if is_time(time)]
    job.lose(place, len(messages) - len(timed), len(messages), "have no usable time")
    return [time for time, _ in timed], [message for _, message in timed]


def is_time(value: Any) -> bool:
    """Whether a value of a file can be milliseconds since 1970."""
    return isinstance(value, int | float) and not isinstance(value, bool) and EARLIEST <= value <= LATEST
