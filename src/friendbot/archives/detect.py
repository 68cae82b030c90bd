"""Which reader takes which file of an archive, judged by the shape of its content."""

import re
from collections.abc import Iterator, Sequence, Set
from operator import ne

import msgspec

from friendbot.archives.formats import folder
from friendbot.archives.raw_json import BrokenJson, decode
from friendbot.archives.reader import Job, Reader
from friendbot.archives.sources import SECTIONS
from friendbot.archives.tree import HEAD, PACKED, Entry

SENT = frozenset({"files", "media", "photos", "videos", "audio", "gifs", "stickers_used"}) | frozenset(
    {"video_files", "voice_messages", "round_video_messages"}
)
"""Folders of a download that hold what people sent each other."""

_OPENING = re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"(parti|messages"|thread)')
_TELEGRAM = re.compile(r"(Chat|Data)Export_")
_NUMBERED = re.compile(r".+_\d+\.json", re.IGNORECASE)


def claim(job: Job, readers: Sequence[Reader]) -> dict[str, list[Entry]]:
    """Files by the name of the reader that takes them; reports files among them that must be damaged threads."""
    claimed: dict[str, list[Entry]] = {reader.name: [] for reader in readers}
    suffixes = {suffix for reader in readers for suffix in reader.suffixes}
    left, packed = [], []
    holders = {entry.folder for entry in job.tree.entries if folder.is_part(entry)}
    for entry in job.tree.entries:
        suffix = entry.suffix
        below = _below(entry, holders)
        if not SENT.isdisjoint(below):
            continue
        if suffix in PACKED and not below and entry.folder:
            packed.append(entry.path)
        if suffix in suffixes:
            taker = _claimant(entry, job.read(entry, HEAD), readers)
            if taker:
                claimed[taker.name].append(entry)
            elif suffix == ".json":
                left.append(entry)
        elif entry.info and any(_nearly(entry.path, known) for known in suffixes):
            # A wrong bit in the zip's list of names would hide a file; to open it compares them with what is inside.
            job.read(entry, 1)
    if packed:
        more = f" (and {len(packed) - 1:,} more)" if len(packed) > 1 else ""
        job.note(f"{packed[0]}{more} is packed once more and was not looked into: unpack it into the folder")
    taken = [entry for entries in claimed.values() for entry in entries]
    threads = {entry.folder for entry in taken if entry.suffix == ".json"}
    roots = _roots(job.tree.entries, taken or left) if left else set()
    for entry in left:
        near = entry.folder in threads or not roots.isdisjoint(_above(entry.folder))
        if near or _NUMBERED.fullmatch(entry.name):
            taker = _taker(job, entry, readers, near)
            if taker:
                claimed[taker.name].append(entry)
                claimed[taker.name].sort(key=lambda one: (one.path, one.size))
    return claimed


def _below(entry: Entry, holders: Set[str]) -> list[str]:
    """Names of the folders that a file is in, below the innermost that only downloads have; none outside of these.

    `holders` are folders with parts of threads, where no name tells. The given path and folders around a zip may have
    any name.
    """
    parts = entry.path.split("/")
    own = len(parts) - len(entry.info.filename.replace("\\", "/").split("/")) if entry.info else 1
    for place in range(len(parts) - 2, -1, -1):
        name = parts[place]
        if (place >= own and (name.lower() in SECTIONS or name.startswith("your_"))) or _TELEGRAM.match(name):
            return [part.lower() for part in parts[place + 1 : -1]]
    holder = next((path for path in _above(entry.folder) if path in holders), entry.folder)
    return [part.lower() for part in parts[holder.count("/") + 1 : -1]]


def _above(path: str) -> Iterator[str]:
    """A folder, and those it is in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _roots(entries: Sequence[Entry], taken: Sequence[Entry]) -> set[str]:
    """Folders called `messages` that hold a section of a download, or a thread."""
    sections = {
        path.rpartition("/")[0]
        for place in {entry.folder for entry in entries}
        for path in _above(place)
        if path.rpartition("/")[2].lower() in SECTIONS
    }
    every = sections.union(*(_above(place) for place in {entry.folder for entry in taken}))
    return {path for path in every if path.rpartition("/")[2] == "messages"}


def _claimant(entry: Entry, content: bytes, readers: Sequence[Reader]) -> Reader | None:
    """The first reader that takes a file, seen by its content or the beginning of that."""
    return next((one for one in readers if entry.suffix in one.suffixes and one.claims(entry, content)), None)


def _nearly(path: str, suffix: str) -> bool:
    """Whether a path ends in `suffix` but for one character."""
    end = path[-len(suffix) :].lower()
    return len(end) == len(suffix) and sum(map(ne, end, suffix)) == 1


def _taker(job: Job, entry: Entry, readers: Sequence[Reader], near: bool) -> Reader | None:
    """Who takes a file whose head tells nothing: settings of the chats, or a thread that is odd or damaged.

    `near` threads, half of one is damage, as is what is no JSON; elsewhere that is only where it begins like a thread.
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
        if near or _OPENING.match(content):
            job.damage(entry.path, f"not JSON ({error})")
    if len(keys) == 2:
        if taker := _claimant(entry, content, readers):
            return taker
        job.damage(entry.path, "a thread that fits no format")
    elif keys and near:
        job.damage(entry.path, "half a thread (messages without participants, or participants without messages)")
    return None
