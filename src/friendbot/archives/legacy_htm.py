"""Facebook's download before May 2018: `messages.htm`, and later `messages/<n>.html` beside a list of them."""

import html
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from friendbot.archives import fbcap, owner, phrases
from friendbot.archives.clock import Clock
from friendbot.archives.fbcap import Said
from friendbot.archives.legacy_markup import block
from friendbot.archives.mojibake import whole
from friendbot.archives.reader import UNKNOWN, Job, Reader
from friendbot.archives.tree import HEAD, Entry
from friendbot.errors import ArchiveError
from friendbot.messages import EMPTY, MEDIA, TEXT, Message

NOBODY = "Facebook User"
"""What deleted accounts are called; many people share it, so their threads are never put together."""

_CLASS = rb"<%s\b[^>]*\bclass\s*=\s*[\"'](?:[^\"'>]*\s)?%s[\s\"']"
_THREAD = re.compile(_CLASS % (b"div", b"thread"))
_MESSAGE = re.compile(_CLASS % (b"div", b"message"))
_META = re.compile(_CLASS % (b"span", b"meta"))
_LINK = re.compile(rb"<a\b[^>]*\bhref\s*=\s*[\"'](?:\.\./)?(messages/\d+\.html?)[\"']")
_HEADING = re.compile(r"<h1[^>]*>([^<]+)</h1>")
_TITLE = re.compile(r"<title>([^<]+) - [^<]*</title>")
_FILLER = re.compile(r"\d+@facebook\.com")


class Place(NamedTuple):
    """Where a block is: a file, the bytes it spans, and its line of participants."""

    entry: Entry
    start: int
    end: int
    people: str


class _Pages:
    """Bytes of the page that was asked for last: blocks of one page are mostly asked for in a row."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._last: tuple[Entry, bytes] | None = None

    def __getitem__(self, entry: Entry) -> bytes:
        if self._last is None or self._last[0] != entry:
            self._last = (entry, self._job.tree.read(entry))
        return self._last[1]


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a page holds a thread of messages, or lists pages that do."""
    return bool(_THREAD.search(head) and _META.search(head)) or (bool(_LINK.search(head)) and b"contents" in head)


def threads(job: Job) -> Iterator[list[Message]]:
    """Yield threads sorted by participants, which are all that a legacy archive knows a thread by.

    Two threads with people of the same names are one here; those of deleted accounts, who all have one name, are not.
    """
    pages = _Pages(job)
    places = _survey(job, pages)
    stated = _stated(job)
    groups = _groups(places, stated)
    people = [_split(place.people, stated) for place in places]
    me = owner.choose(job.owner, stated, [[*names, stated] if stated else names for names in people])
    clock = Clock(job.timezone)
    for key in sorted(groups):
        blocks = [_read(job, pages, place, clock) for place in groups[key]]
        if any(blocks):
            yield _thread(key, [place.people for place in groups[key]], blocks, me)


def _survey(job: Job, pages: _Pages) -> list[Place]:
    """Find every block once, in the order of files and bytes; report listed pages that are missing."""
    places: list[Place] = []
    seen: set[bytes] = set()
    for entry in job.entries:
        page = pages[entry]
        starts = [match.start() for match in _THREAD.finditer(page)]
        if not starts:
            _check_links(job, entry, page)
        job.advance(starts[0] if starts else len(page))
        for start, end in pairwise([*starts, len(page)]):
            digest = sha256(page[start:end]).digest()
            if digest in seen:
                job.advance(end - start)  # the same download once more, say beside its own zip
                continue
            seen.add(digest)
            first = _MESSAGE.search(page, start, end)
            people = block(_text(page[start : first.start() if first else end])).people
            places.append(Place(entry, start, end, people))
        if outside := len(_META.findall(page, 0, starts[0] if starts else len(page))):
            raise _loss(entry, outside, 0)
    return places


def _check_links(job: Job, entry: Entry, page: bytes) -> None:
    """Report what a list of pages names and the archive lacks."""
    here = {entry.path for entry in job.tree.entries}
    roots = (entry.folder, entry.folder.rpartition("/")[0])
    links = dict.fromkeys(match[1].decode() for match in _LINK.finditer(page))
    missing = [link for link in links if not any(f"{root}/{link}".lstrip("/") in here for root in roots)]
    if missing:
        job.damage(
            entry.path, f"{len(missing)} pages it lists are not there, such as {missing[0]} (give the whole folder)"
        )


def _stated(job: Job) -> str | None:
    """The owner's name: the heading of the one page or of the list of pages, else the title of any."""
    tops = []
    for entry in job.entries:
        page = job.tree.read(entry, HEAD)
        first = _THREAD.search(page)
        tops.append(_text(page[: first.start() if first else len(page)]))
    for pattern in (_HEADING, _TITLE):
        for top in tops:
            if match := pattern.search(top):
                return " ".join(html.unescape(match[1]).split())
    return None


def _groups(places: Sequence[Place], stated: str | None) -> dict[str, list[Place]]:
    """Blocks by their participants without the owner: a long thread comes in several blocks."""
    groups: dict[str, list[Place]] = {}
    nobodies = 0
    for place in places:
        others = sorted(name for name in _split(place.people, stated) if name != stated)
        key = ", ".join(others) or (stated if place.people else "") or ""
        if key in ("", NOBODY):
            nobodies += 1
            key = f"{NOBODY} #{nobodies:03d}"
        groups.setdefault(key, []).append(place)
    return groups


def _split(people: str, *known: str | None) -> list[str]:
    """Names of a line of participants; `known` are names to keep whole, since some have a comma in them."""
    commas = sorted({name for name in known if name and ", " in name}, key=lambda name: (-len(name), name))
    name = "|".join([*map(re.escape, commas), ".+?"])
    return re.findall(rf"({name})(?:, |$)", people)


def _read(job: Job, pages: _Pages, place: Place, clock: Clock) -> tuple[Said, ...]:
    """Messages of a block, oldest first. Raises ArchiveError where any would be lost."""
    entry, start, end, _ = place
    page = pages[entry]
    rows = block(_text(page[start:end])).rows
    timed = [row for row in rows if row.when]
    if len(timed) < len(rows):
        job.damage(entry.path, f"{len(rows) - len(timed)} messages of a thread have no time")
    there = len(_META.findall(page, start, end))
    stamped = sum(row.when is not None for row in rows)
    if there != stamped:
        raise _loss(entry, there, stamped)
    try:
        said = fbcap.parse(timed, clock)
    except ArchiveError as error:
        raise ArchiveError(f"{entry.path}: {error}") from error
    job.advance(end - start)
    return tuple(reversed(said))


def _thread(key: str, lines: Sequence[str], blocks: Sequence[tuple[Said, ...]], me: str) -> list[Message]:
    """Put a thread's blocks together, oldest message first, each block once."""
    # Blocks meet inside a minute, so their order decides there; of two equal ones the later in the page is older.
    unique = [found for found in dict.fromkeys(blocks) if found][::-1]
    unique.sort(key=lambda found: (found[0].sent_at, found[-1].sent_at))
    said = sorted((one for found in unique for one in found), key=lambda one: one.sent_at)
    senders = {one.sender for one in said} - {UNKNOWN}
    people = dict.fromkeys(name for line in lines for name in _split(line, me, *senders))
    others = _named([name for name in people if name != me], senders - {me})
    participants = (*others, me)
    sentence = phrases.recogniser({*participants, *senders})
    title = ", ".join(others) or (key if key.startswith(NOBODY) else me)
    messages = []
    for seq, one in enumerate(said):
        kind = (sentence(one.text) or TEXT) if one.text else (MEDIA if one.picture else EMPTY)
        messages.append(Message(f"legacy:{key}", title, participants, me, one.sender, one.sent_at, seq, kind, one.text))
    return messages


def _named(people: list[str], senders: set[str]) -> list[str]:
    """Participants by the names that messages bear, where the line says nothing or `<digits>@facebook.com`."""
    strangers = sorted(senders - set(people))
    fillers = [name for name in people if _FILLER.fullmatch(name)]
    if not people:
        return strangers
    if len(fillers) == len(strangers) == 1:
        return [strangers[0] if name == fillers[0] else name for name in people]
    return people


def _text(data: bytes) -> str:
    return whole(data.decode("utf-8-sig", "replace"))


def _loss(entry: Entry, there: int, read: int) -> ArchiveError:
    return ArchiveError(f"{entry.path} holds {there} messages but {read} could be read: download the archive again")


READER = Reader(
    "legacy HTML",
    "html/messages.htm (Facebook download before May 2018)",
    (".htm", ".html"),
    claims,
    threads,
)
