"""Where threads are in the pages of a legacy download, whose they are, and what is missing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from friendbot.archives.formats import legacy_markup as markup
from friendbot.archives.formats.legacy_markup import MESSAGE, META, THREAD
from friendbot.archives.reader import Job
from friendbot.archives.tree import HEAD, Entry

HELD = 1 << 28
"""Bytes of pages to keep, though never less than one page."""

TAIL = 1 << 12
"""Bytes at the end of a page among which it says that it ends."""

LINK = re.compile(rb"<a\b[^>]*\bhref\s*=\s*[\"'](?:\.\./)?(messages/\d+\.html?)[\"']")
"""A link to a page with a thread, in the list of them."""

_HEADING = re.compile(rb"<h1[^>]*>([^<]+)</h1>")
_TITLE = re.compile(rb"<title>([^<]+) - [^<]*</title>")
_NUMBERED = re.compile(r"\d+\.html?")


@dataclass(frozen=True)
class Block:
    """A part of a thread, up to some ten thousand messages: the bytes of a page that hold it."""

    entry: Entry
    start: int
    end: int
    people: str
    """Its line of participants."""
    times: int
    """How many messages have a place for their time."""


class Top(NamedTuple):
    """What a page says of its owner: the heading is the name, the title begins with it."""

    entry: Entry
    heading: str
    title: str


class Pages:
    """Bytes of the pages that were asked for last."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._held: dict[Entry, bytes] = {}

    def __getitem__(self, entry: Entry) -> bytes:
        page = self._held.pop(entry, None)
        if page is None:
            while self._held and sum(map(len, self._held.values())) + entry.size > HELD:
                del self._held[next(iter(self._held))]
            page = self._job.read(entry)
        self._held[entry] = page
        return page

    def part(self, block: Block) -> bytes:
        """The bytes of a block."""
        return self[block.entry][block.start : block.end]


def survey(job: Job, pages: Pages, observe: Callable[[list[bytes]], None]) -> tuple[list[Block], list[Top]]:
    """Find every block once, in the order of files and bytes, and let `observe` see its times, newest first.

    Reports pages that are missing or cut short, and messages outside of any thread.
    """
    blocks: list[Block] = []
    tops = []
    seen: set[bytes] = set()
    for entry in job.entries:
        page = pages[entry]
        starts = [match.start() for match in THREAD.finditer(page)]
        first = starts[0] if starts else len(page)
        tops.append(Top(entry, *(_named(pattern, page[: min(first, HEAD)]) for pattern in (_HEADING, _TITLE))))
        if not starts:
            _check_links(job, entry, page)
        if outside := len(META.findall(page, 0, first)):
            job.damage(entry.path, f"{outside:,} messages are outside of any thread")
        if b"</html" not in page[-TAIL:].lower():
            job.damage(entry.path, "its end is missing, and what may have come before that")
        job.advance(first)
        for start, end in pairwise([*starts, len(page)]):
            part = page[start:end]
            digest = sha256(part).digest()
            if digest in seen:
                job.advance(end - start)  # the same download once more, say beside its own zip
                continue
            seen.add(digest)
            times = markup.times(part)
            observe([*dict.fromkeys(times)])
            message = MESSAGE.search(part)
            people = markup.people(part[: message.start()] if message else part)
            blocks.append(Block(entry, start, end, people, len(times)))
    return blocks, tops


def download(entry: Entry) -> str:
    """What tells downloads apart: pages with a number belong together, any other is one by itself."""
    return _root(entry) if _NUMBERED.fullmatch(entry.name) else entry.path


def owner(tops: Sequence[Top], entry: Entry) -> str | None:
    """The name that the download of a page states as its owner's, else what any other in the archive does."""
    near = sorted((top for top in tops if _root(top.entry) == _root(entry)), key=lambda top: top.entry != entry)
    names = (name for some in (near, tops) for name in (*(top.heading for top in some), *(top.title for top in some)))
    return next(filter(None, names), None)


def _root(entry: Entry) -> str:
    """The folder of a download, in which its pages are in others."""
    parts = entry.path.split("/")[:-1]
    while parts and parts[-1].lower() in ("html", "messages"):
        del parts[-1]
    return "/".join(parts)


def _named(pattern: re.Pattern[bytes], top: bytes) -> str:
    match = pattern.search(top)
    return markup.words(markup.plain(match[1])) if match else ""


def _check_links(job: Job, entry: Entry, page: bytes) -> None:
    """Report what a list of pages names and the archive lacks."""
    roots = (entry.folder, entry.folder.rpartition("/")[0])
    links = dict.fromkeys(match[1].decode() for match in LINK.finditer(page))
    missing = [link for link in links if not any(job.tree.at(f"{root}/{link}".lstrip("/")) for root in roots)]
    if missing:
        job.damage(
            entry.path, f"{len(missing)} pages it lists are not there, such as {missing[0]} (give the whole folder)"
        )
