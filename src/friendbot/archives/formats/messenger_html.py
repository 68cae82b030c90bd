"""Messenger's and Instagram's HTML download, 2018 until today: a folder per thread, `message_1.html` its newest."""

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from friendbot.archives.dates import SHOWN
from friendbot.archives.formats import folder, roster
from friendbot.archives.formats.folder import Folder
from friendbot.archives.formats.html_body import Row
from friendbot.archives.formats.html_clock import PageClock
from friendbot.archives.formats.html_markup import Page, page
from friendbot.archives.names import UNKNOWN
from friendbot.archives.reader import Copy, Job, Reader, said
from friendbot.archives.sentences import Sentences, kind_beside
from friendbot.archives.sources import root
from friendbot.archives.tree import HEAD, Entry
from friendbot.messages import CALL

_CLASS = rb"class\s*=\s*[\"'][^\"'<>]*"
_MESSAGE = re.compile(_CLASS + rb"(?:_2let|_a6-p)[^\"'<>]*[\"'][^<>]*>\s*<div>\s*<div>\s*</div>\s*<div\b")
_DATE = re.compile(_CLASS + rb"(?:_2lem|_a72d|_a6-o)")
_LEGACY = re.compile(rb"class\s*=\s*[\"'](?:thread|message_header|meta)[\"']")


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file looks like a thread, or bears a thread's name and so must be a damaged one.

    Other pages of a download have the same blocks and dates, but not what messages have in them.
    """
    if _LEGACY.search(head):
        return False
    return folder.is_part(entry) or bool(_MESSAGE.search(head) and _DATE.search(head))


def copies(job: Job) -> list[Copy]:
    """List the threads of every section and every download, by the name of their folder."""
    clocks: dict[tuple[str, str], PageClock] = {}
    noted: set[tuple[str, ...]] = set()
    threads = []
    for thread in folder.threads(job.entries):
        path = root(thread.entries[0])
        clock = clocks.setdefault((path, thread.family), PageClock(job, path, thread.family, noted))
        threads.append(_Thread(job, thread, clock))
    for clock in clocks.values():
        clock.settle()
    return [thread.copy() for thread in threads]


class _Thread:
    """The pages of one thread, the oldest messages first."""

    def __init__(self, job: Job, thread: Folder, clock: PageClock) -> None:
        self._job, self._folder, self._clock = job, thread, clock
        heads = [self._head(entry) for entry in thread.entries]
        self._times = [row.when for head in heads for row in head.rows[:1]]
        self._title = next((head.title for head in reversed(heads) if head.title), "")
        senders = list(dict.fromkeys(row.sender for head in heads for row in reversed(head.rows) if row.sender))
        self._people = _people(next((head.lines for head in reversed(heads) if head.lines), ()), self._title, senders)

    def copy(self) -> Copy:
        """The thread as others see it."""
        key, entries, identity, family = self._folder
        step = self._clock.step(self._times)
        return Copy(key, self._title, self._people, entries, self.batches, identity, family, step)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Messages, oldest first, a batch a page."""
        for entry in self._folder.entries:
            found = page(self._job.read(entry))
            self._job.advance(entry.size)
            times, rows = self._timed(entry, found)
            if rows:
                yield _batch(times[::-1], rows[::-1], self._people)
        self._clock.report()

    def _head(self, entry: Entry) -> Page:
        """The beginning of a page that shows what there is to know before its messages are read."""
        head = page(self._job.read(entry, HEAD))
        if not head.rows and entry.size > HEAD:
            head = page(self._job.read(entry))
        self._clock.learn(entry, head)
        return head

    def _timed(self, entry: Entry, found: Page) -> tuple[list[int], list[Row]]:
        """Times in milliseconds since 1970 UTC, and the messages that have one; reports all that is missing."""
        times = self._clock.instants(row.when for row in found.rows)
        unread = [row.when for row, time in zip(found.rows, times, strict=True) if time is None]
        count = len(found.rows) + found.lost
        faults = []
        if not count and not found.empty:
            faults.append("holds no message that could be read")
        if found.lost:
            faults.append(f"{found.lost:,} of its {count:,} messages are not whole")
        if unread:
            example = unread[0][:SHOWN]
            faults.append(f"{len(unread):,} of its {count:,} messages have no usable time, such as '{example}'")
        if not found.closed:
            faults.append("it breaks off before its end")
        if faults:
            self._job.damage(entry.path, ", and ".join(faults))
        timed = [(time, row) for time, row in zip(times, found.rows, strict=True) if time is not None]
        return [time for time, _ in timed], [row for _, row in timed]


def _people(lines: Sequence[str], title: str, senders: Sequence[str]) -> tuple[str, ...]:
    """Participants: as the page lists them, else the senders and, between two people, whom the title names."""
    names = {title, *senders} - {""}
    best = max(lines, key=lambda line: sum(name in line for name in names), default="")
    if any(name in best for name in names):
        known = [*senders, title] if _is_person(title, senders) else senders
        return tuple(roster.names(best, known))
    if title and (title in senders or len(senders) < 2):
        return (title, *(name for name in senders if name != title))
    return tuple(senders)


def _is_person(title: str, senders: Sequence[str]) -> bool:
    """Whether a title is a friend's name; groups without a name of their own are called 'Ann, Bob and Carl'."""
    pieces = roster.names(f":{title}", ())
    return len(pieces) < 2 or (len(senders) < 2 and not {*pieces} & {*senders})


def _batch(times: Sequence[int], rows: Sequence[Row], people: Sequence[str]) -> pa.RecordBatch:
    """Columns of one page."""
    senders = [row.sender or UNKNOWN for row in rows]
    texts = [row.body.text for row in rows]
    kinds = Sentences({*people, *senders}).kinds(texts)
    for position, row in enumerate(rows):
        text, media, share, call = row.body
        if media or share or call or not text or text.isspace():
            beside = kind_beside(text, kinds.get(position), media=media, share=share)
            kinds[position] = CALL if call else beside
    return said(times, senders, texts, kinds)


READER = Reader(
    "Messenger HTML",
    "folders with message_1.html (Facebook or Instagram download in the format HTML)",
    (".html", ".htm"),
    claims,
    copies,
)
