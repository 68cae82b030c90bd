"""Chat archives: whatever its formats, an archive becomes one stream of messages.

`tree` lists the files, `detect` gives each to a reader of `formats`, and readers list the threads as copies (`reader`).
`assembly` makes threads of these: `owner` tells whose they are, `identity` which belong together, `copies` merges them.
"""

import re
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa

from friendbot.archives import absence, detect, profile
from friendbot.archives.assembly import Threads
from friendbot.archives.dates.clock import Clock
from friendbot.archives.formats import READERS
from friendbot.archives.reader import Copy, Job
from friendbot.archives.sources import Download
from friendbot.archives.tree import Tree
from friendbot.errors import ArchiveError

_BREAKS = re.compile(r"[\0-\x20\x7f-\x9f\u2028\u2029]+")
"""What is not for a line of a terminal, and names may have."""

_VARIES = re.compile(r"""(?<!\w)'.*'(?!\w)|".*"|«.*»|\(.*\)|\S*/\S*|\d[\d,.]*""")
"""What differs between lines of one shape, beside paths."""

ALIKE = 2
"""How many lines of one shape are printed."""


class Reading:
    """The messages of an archive, as record batches of `messages.SCHEMA`: iterate over it once.

    Messages of a thread come together, oldest first, and threads come sorted by `thread_id`.
    """

    def __init__(self, path: Path, job: Callable[[Tree], Job], progress: Callable[[int, int], None] | None) -> None:
        self.path = path
        self.downloads: list[Download] = []
        """What was found, once all is read."""
        self._job = job
        self._progress = progress

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        with Tree(self.path) as tree:
            yield from self._read(tree)

    def _read(self, tree: Tree) -> Iterator[pa.RecordBatch]:
        job = self._job(tree)
        Clock(job.timezone)  # a misspelt zone is an error even where no time needs it
        for path, why in tree.broken:
            job.damage(path, why)
        claimed = detect.claim(job, READERS)
        total = sum(entry.size for entries in claimed.values() for entry in entries)
        done = 0

        def advance(size: int) -> None:
            nonlocal done
            done = min(done + size, total)
            if self._progress:
                self._progress(done, total)

        job.advance = advance
        job.owners += profile.names(job)
        found: list[tuple[Copy, str]] = []
        for reader in READERS:
            if claimed[reader.name]:
                job.entries = claimed[reader.name]
                found += [(copy, reader.name) for copy in reader.copies(job)]
        threads = Threads(job, found)
        empty = True
        for batch in threads:
            empty = False
            yield batch
        advance(total)
        if empty:
            formats = sum(bool(entries) for entries in claimed.values())
            raise ArchiveError(absence.explain(tree, READERS, formats, job.damaged))
        self.downloads = threads.downloads()
        threads.report()
        _warn(job)


def read(
    path: Path,
    *,
    owner: str | None = None,
    timezone: str | None = None,
    strict: bool = False,
    legacy_reader: str = "lxml",
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Every message of the archive at `path`: a file, a folder, a zip, or a folder with any mix of them.

    `owner` and `timezone` (an IANA name) are for archives that do not say. Something damaged is named in a warning
    on stderr and left out, or is an error where `strict`. `progress` is told (bytes done, bytes in all).

    Raises (while iterating) ArchiveError, one line that says what to do next: nothing at `path`, nothing readable in
    it, no messages, a broken or unsafe zip, an owner or a zone that must be given.
    """
    return Reading(path, lambda tree: Job(tree, (), owner, timezone, strict, legacy_reader=legacy_reader), progress)


def _warn(job: Job) -> None:
    lines = [f"warning: {line}" for line in _few([f"{line}; left out" for line in job.damaged], job.tree)]
    if len(job.damaged) > 1:
        lines.append(f"warning: {len(job.damaged):,} damaged places were left out in all")
    for line in [*lines, *(f"note: {line}" for line in _few(job.notes, job.tree))]:
        print(_BREAKS.sub(" ", line), file=sys.stderr)


def _few(lines: Sequence[str], tree: Tree) -> Iterator[str]:
    """The lines, of those that say the same of different things no more than the first ones."""
    if len(lines) <= ALIKE:
        yield from lines
        return
    paths = {entry.path for entry in tree.entries}
    paths |= {str(folder) for path in [*paths] for folder in PurePosixPath(path).parents}
    alike: dict[str, list[str]] = {}
    for line in lines:
        alike.setdefault(_shape(line, f"{tree.path.resolve().name}/", paths), []).append(line)
    for group in alike.values():
        yield from group[:ALIKE]
        if len(group) > ALIKE:
            yield f"and {len(group) - ALIKE:,} more like that"


def _shape(line: str, root: str, paths: Container[str]) -> str:
    """A line without the path in it, what is quoted or in brackets, and numbers."""
    line = line.rpartition(" is damaged: ")[2]
    start = line.find(root)
    if start >= 0:
        end = next((end for end in range(len(line), start, -1) if line[start:end] in paths), start)
        line = line[:start] + line[end:]
    return _VARIES.sub("", line)
