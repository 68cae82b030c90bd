"""Chat archives: whatever its format, an archive becomes one stream of messages."""

import heapq
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from friendbot.archives import absence, legacy_htm, messenger_json
from friendbot.archives.reader import Job, Reader
from friendbot.archives.tree import HEAD, Entry, Tree
from friendbot.errors import ArchiveError
from friendbot.messages import Message

READERS: tuple[Reader, ...] = (messenger_json.READER, legacy_htm.READER)
"""Every format that can be read. The first reader that claims a file gets it."""


def read(
    path: Path,
    *,
    owner: str | None = None,
    timezone: str | None = None,
    strict: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Message]:
    """Yield every message of the archive at `path`: a folder, a zip, a folder of zips, or one file.

    Messages of a thread come together, oldest first, and threads come sorted by `thread_id`. `owner` and
    `timezone` (an IANA name) are for archives that do not say. Something damaged is named in a warning on
    stderr and left out, or is an error where `strict`. `progress` is told (bytes done, bytes in all).

    Raises ArchiveError, one line that says what to do next: nothing at `path`, nothing readable in it,
    no messages, a broken or unsafe zip, an owner or a zone that must be given.
    """
    with Tree(path) as tree:
        claimed = _claimed(tree)
        total = sum(entry.size for entries in claimed.values() for entry in entries)
        done = 0

        def advance(size: int) -> None:
            nonlocal done
            done += size
            if progress:
                progress(done, total)

        jobs = [
            (reader, Job(tree, claimed[reader.name], owner, timezone, strict, advance))
            for reader in READERS
            if claimed[reader.name]
        ]
        count = 0
        streams = [reader.threads(job) for reader, job in jobs]
        for thread in heapq.merge(*streams, key=lambda thread: thread[0].thread_id):
            count += len(thread)
            yield from thread
        damaged = [line for _, job in jobs for line in job.damaged]
        if not count:
            raise ArchiveError(absence.explain(tree, READERS, len(jobs), damaged))
        for line in damaged:
            print(f"warning: {line}; left out", file=sys.stderr)
        if len(damaged) > 1:
            print(f"warning: {len(damaged)} damaged places were left out in all", file=sys.stderr)


def _claimed(tree: Tree) -> dict[str, list[Entry]]:
    """Files by the name of the reader that claims them."""
    claimed: dict[str, list[Entry]] = {reader.name: [] for reader in READERS}
    for entry in tree.entries:
        readers = [reader for reader in READERS if entry.suffix in reader.suffixes]
        if readers:
            head = tree.read(entry, HEAD)
            taker = next((reader for reader in readers if reader.claims(entry, head)), None)
            if taker:
                claimed[taker.name].append(entry)
    return claimed
