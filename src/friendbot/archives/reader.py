"""What every archive reader is, and what one is handed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from friendbot.archives.tree import Entry, Tree
from friendbot.errors import ArchiveError
from friendbot.messages import Message

UNKNOWN = "Unknown"
"""Sender of a message whose sender the archive left out."""


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
    damaged: list[str] = field(default_factory=list)
    """One line for each file or message that was left out."""

    def damage(self, path: str, why: str) -> None:
        """Report something unreadable: ArchiveError where `strict`, otherwise a warning once all is read."""
        line = " ".join(f"{path} is damaged: {why}".split())
        if self.strict:
            raise ArchiveError(f"{line}; download the archive again, or set parse.strict: false to go on without it")
        self.damaged.append(line)


@dataclass(frozen=True)
class Reader:
    """A format that can be read. `archives.READERS` lists them all."""

    name: str
    layout: str
    """What a person would see in such a download; completes 'looked for ...'."""
    suffixes: tuple[str, ...]
    """Endings of file names worth a look, lower case with the dot."""
    claims: Callable[[Entry, bytes], bool]
    """Whether a file, seen by its first `tree.HEAD` bytes, is of this format; judged by the shape of its content."""
    threads: Callable[[Job], Iterator[list[Message]]]
    """Yields one thread at a time, sorted by thread_id, each oldest first with `seq` from 0."""
