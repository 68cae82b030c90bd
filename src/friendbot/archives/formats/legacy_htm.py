"""Facebook's download before May 2018: `messages.htm`, and later `messages/<n>.html` beside a list of them."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pyarrow as pa

from friendbot.archives.dates import MINUTE, SHOWN, Calendar, UnknownDate
from friendbot.archives.dates.clock import Clock
from friendbot.archives.formats import fbcap, legacy_pages
from friendbot.archives.formats import legacy_markup as markup
from friendbot.archives.formats.legacy_markup import META, THREAD, Rows
from friendbot.archives.formats.legacy_pages import LINK, Block, Pages
from friendbot.archives.formats.legacy_people import FILLER, Keys, named, others, split
from friendbot.archives.names import DELETED, UNKNOWN, folded
from friendbot.archives.reader import Copy, Job, Reader, said
from friendbot.archives.sentences import Sentences
from friendbot.archives.tree import Entry
from friendbot.errors import ArchiveError
from friendbot.messages import EMPTY, MEDIA, SYSTEM, UNSENT

_HOUR = re.compile(rb"(?<![\d:+-])\d\d?:[0-5]\d(?![\d:])")


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a page holds a thread of messages, or lists pages that do."""
    return bool(THREAD.search(head) and META.search(head)) or (bool(LINK.search(head)) and b"contents" in head)


def copies(job: Job) -> list[Copy]:
    """List the threads by their participants, which are all that a legacy download knows a thread by.

    Two threads with people of the same names are one here; those of deleted accounts, who all have one name, are not.
    """
    pages = Pages(job)
    times = _Times(job)
    blocks, tops = legacy_pages.survey(job, pages, times.observe)
    times.check(pages, blocks)
    downloads = {legacy_pages.download(top.entry): top.entry for top in reversed(tops)}
    stated = {download: legacy_pages.owner(tops, entry) for download, entry in sorted(downloads.items())}
    job.state(stated.values())
    groups: dict[tuple[str, str], list[Block]] = {}
    keys = Keys()
    for block in blocks:
        download = legacy_pages.download(block.entry)
        mine = stated[download] or job.owner
        key = keys.key(others(split(block.people, mine), mine), mine if block.people else None)
        groups.setdefault((download, key), []).append(block)
    found = []
    for (download, key), group in groups.items():
        people = _participants(job, pages, group, stated[download])
        title = "" if others(people, stated[download]) or not key.startswith(DELETED) else key
        entries = tuple(dict.fromkeys(block.entry for block in group))
        read = partial(_batches, job, pages, times, group, people, key)
        found.append(Copy(f"legacy:{key}", title, people, entries, read, step=MINUTE, held=True))
    return found


def _participants(job: Job, pages: Pages, blocks: Sequence[Block], stated: str | None) -> tuple[str, ...]:
    """The others, by the names that messages bear where the line of participants does not tell, and the owner."""
    mine = stated or job.owner
    lines = dict.fromkeys(block.people for block in blocks)
    people = [name for line in lines for name in split(line, mine)]
    found = others(people, mine)
    if not stated or len(found) != 1 or FILLER.fullmatch(found[0]):
        senders = {name for block in blocks for name in markup.senders(pages.part(block))} - {UNKNOWN}
        people = [name for line in lines for name in split(line, mine, *senders)]
        found = others(people, mine)
        strangers = others(sorted(senders - {*people}), mine)
        if not mine and len(found) == 1:
            found += strangers
        elif found or not people:
            found = named(found, strangers)
        people += senders
    me = next((name for name in people if mine and folded(name) == folded(mine)), stated)
    return (*found, me) if me else tuple(found)


def _batches(
    job: Job, pages: Pages, times: "_Times", blocks: Sequence[Block], people: Sequence[str], key: str
) -> Iterator[pa.RecordBatch]:
    """The messages of a thread, a batch for each of its blocks; of equal ones, one."""
    found: list[pa.RecordBatch] = []
    for block in blocks:
        batch = _batch(job, times, block, _rows(job, pages, block, key), people, key)
        job.advance(block.end - block.start)
        if len(batch) and not any(batch.equals(other) for other in found):
            found.append(batch)
    # Blocks meet inside a minute, so their order decides there; of two equally old ones the later in the page is older.
    found.reverse()
    found.sort(key=lambda batch: (batch["sent_at"][0].as_py(), batch["sent_at"][-1].as_py()))
    yield from found


def _rows(job: Job, pages: Pages, block: Block, key: str) -> Rows:
    """Messages of a block, newest first; reports those that cannot be read."""
    part = pages.part(block)
    openings = part.count(markup.OPENING)
    rows = markup.rows(part)
    if rows is None or rows.stamped() < block.times or len(rows.texts) < openings:
        rows = markup.salvaged(part)
        if lost := max(block.times - rows.stamped(), openings - len(rows.texts), 0):
            job.lose(_place(block, key), lost, max(block.times, openings))
        else:
            job.note(f"{_place(block, key)} has broken markup, so its messages were read one by one")
    return rows


def _batch(job: Job, times: "_Times", block: Block, rows: Rows, people: Sequence[str], key: str) -> pa.RecordBatch:
    """Columns of a block, oldest message first; reports messages without a time."""
    read = times.read(block.entry, rows.whens)
    # Newest first in the page.
    places = [place for place in reversed(range(len(read))) if read[place] is not None]
    if lost := len(read) - len(places):
        unknown = next((when for when, time in zip(rows.whens, read, strict=True) if when and time is None), "")
        example = f", such as '{markup.words(unknown)[:SHOWN]}'" if unknown else ""
        job.lose(_place(block, key), lost, len(read), f"have no usable time{example}")
    sent_at = [time for time in reversed(read) if time is not None]
    names = {name: markup.words(name) or UNKNOWN for name in set(rows.senders)}
    senders = [names[rows.senders[place]] for place in places]
    texts = [rows.texts[place] for place in places]
    # The format has no stubs of unsent messages.
    sentences = Sentences({*people, *names.values()}).kinds(texts)
    kinds = {index: SYSTEM if kind == UNSENT else kind for index, kind in sentences.items()}
    kinds |= {index: MEDIA if rows.pictures[place] else EMPTY for index, place in enumerate(places) if not texts[index]}
    return said(sent_at, senders, texts, kinds)


def _place(block: Block, key: str) -> str:
    return f"{block.entry.path} (the thread with {key}, at byte {block.start:,})"


class _Times:
    """What times in words mean, by the calendar and the clock of one archive."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._clock = Clock(job.timezone)
        self._calendar = Calendar()
        self._noted = False
        self._moment: Callable[[str], int] = fbcap.Moments(self._clock) if job.legacy_reader == "fbcap" else self._own

    def observe(self, times: Sequence[bytes]) -> None:
        """Learn from the times of a block, newest first."""
        days = dict.fromkeys(_HOUR.sub(b"1:00", b"\0".join(times)).split(b"\0"))
        self._calendar.observe(map(_words, days), newest_first=True)

    def check(self, pages: Pages, blocks: Sequence[Block]) -> None:
        """Raise ArchiveError where there are times and none can be read."""
        first = None
        for block in blocks:
            for when in map(_words, dict.fromkeys(markup.times(pages.part(block)))):
                if when and self.read(block.entry, [when]) != [None]:
                    return
                first = first or (when and (block.entry, when))
        if first:
            entry, when = first
            other = "lxml" if self._job.legacy_reader == "fbcap" else "fbcap"
            raise ArchiveError(f"{entry.path}: {UnknownDate(when)}: try parse.legacy_reader: {other}")

    def read(self, entry: Entry, whens: Sequence[str | None]) -> list[int | None]:
        """Milliseconds since 1970 UTC of a block's times; None where there is none, or none that can be read."""
        known: dict[str | None, int | None] = {None: None}
        try:
            for when in set(whens):
                try:
                    if when is not None:
                        known[when] = self._moment(when)
                except UnknownDate:
                    known[when] = None
        except ArchiveError as error:
            raise ArchiveError(f"{entry.path}: {error}") from error
        if self._clock.assumed and not self._noted:
            self._noted = True
            self._job.note_utc(entry.path)
        return [known[when] for when in whens]

    def _own(self, when: str) -> int:
        return self._clock.instant(self._calendar.read(when))


def _words(time: bytes) -> str:
    return markup.words(markup.plain(time))


READER = Reader(
    "legacy HTML",
    "html/messages.htm (Facebook download before May 2018)",
    (".htm", ".html"),
    claims,
    copies,
)
