"""Chat archives: whatever its formats, an archive becomes one stream of messages.

`tree` lists the files, `detect` gives each to a reader of `formats`, and readers list the threads as copies (`reader`).
`assembly` makes threads of these: `owner` tells whose they are, `identity` which belong together, `copies` merges them.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from friendbot.archives import absence, detect, profile
from friendbot.archives.assembly import Threads
from friendbot.archives.formats import READERS
from friendbot.archives.reader import Copy, Job
from friendbot.archives.sources import Download
from friendbot.archives.tree import Tree
from friendbot.errors import ArchiveError

_BREAKS = re.compile(r"[\0-\x20\x7f-\x9f\u2028\u2029]+")
"""What is not for a line of a terminal, and names may have."""


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
    lines = [f"warning: {line}; left out" for line in job.damaged]
    if len(lines) > 1:
        lines.append(f"warning: {len(lines):,} damaged places were left out in all")
    for line in [*lines, *(f"note: {line}" for line in job.notes)]:
        print(_BREAKS.sub(" ", line), file=sys.stderr)
