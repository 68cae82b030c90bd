"""Which reader takes which file of an archive, judged by the shape of its content."""

import re
from collections.abc import Sequence
from operator import ne

import msgspec

from friendbot.archives.raw_json import BrokenJson, decode
from friendbot.archives.reader import Job, Reader
from friendbot.archives.tree import HEAD, Entry

_ROOT = re.compile(r"(^|/)messages/")
_NUMBERED = re.compile(r".+_\d+\.json", re.IGNORECASE)


def claim(job: Job, readers: Sequence[Reader]) -> dict[str, list[Entry]]:
    """Files by the name of the reader that takes them; reports files among them that must be damaged threads."""
    claimed: dict[str, list[Entry]] = {reader.name: [] for reader in readers}
    suffixes = {suffix for reader in readers for suffix in reader.suffixes}
    left = []
    for entry in job.tree.entries:
        suffix = entry.suffix
        if suffix in suffixes:
            taker = _claimant(entry, job.read(entry, HEAD), readers)
            if taker:
                claimed[taker.name].append(entry)
            elif suffix == ".json":
                left.append(entry)
        elif entry.info and any(_nearly(entry.path, known) for known in suffixes):
            # A wrong bit in the zip's list of names would hide a file; to open it compares them with what is inside.
            job.read(entry, 1)
    threads = {entry.folder for entries in claimed.values() for entry in entries if entry.suffix == ".json"}
    for entry in left:
        near = entry.folder in threads or bool(_ROOT.search(entry.path))
        if near or _NUMBERED.fullmatch(entry.name):
            taker = _taker(job, entry, readers, near)
            if taker:
                claimed[taker.name].append(entry)
                claimed[taker.name].sort(key=lambda one: (one.path, one.size))
    return claimed


def _claimant(entry: Entry, content: bytes, readers: Sequence[Reader]) -> Reader | None:
    """The first reader that takes a file, seen by its content or the beginning of that."""
    return next((one for one in readers if entry.suffix in one.suffixes and one.claims(entry, content)), None)


def _nearly(path: str, suffix: str) -> bool:
    """Whether a path ends in `suffix` but for one character."""
    end = path[-len(suffix) :].lower()
    return len(end) == len(suffix) and sum(map(ne, end, suffix)) == 1


def _taker(job: Job, entry: Entry, readers: Sequence[Reader], near: bool) -> Reader | None:
    """Who takes a file whose head tells nothing: settings of the chats, or a thread that is odd or damaged.

    `near` threads, half of one is damage.
    """
    content = job.read(entry)
    keys: set[str] = set()
    try:
        value = decode(content, msgspec.Raw)
        opening = bytes(memoryview(value)[:1])
        if opening == b"{":
            keys = {"messages", "participants"} & decode(value, dict[str, msgspec.Raw]).keys()
        elif near and opening != b"[":
            job.damage(entry.path, "no thread, nor anything else (a bare value)")
    except BrokenJson as error:
        job.damage(entry.path, f"not JSON ({error})")
    if len(keys) == 2:
        if taker := _claimant(entry, content, readers):
            return taker
        job.damage(entry.path, "a thread that fits no format")
    elif keys and near:
        job.damage(entry.path, "half a thread (messages without participants, or participants without messages)")
    return None
