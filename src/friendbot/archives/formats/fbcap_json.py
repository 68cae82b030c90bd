"""What `fbcap messages FILE -f json` (or `pretty-json`) of fbchat-archive-parser writes: `train-NAME.json`."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial

import msgspec
import pyarrow as pa

from friendbot.archives.phrases import Sentences
from friendbot.archives.raw_json import NONE, BrokenJson, decode, items, moment, size
from friendbot.archives.reader import UNKNOWN, Copy, Job, Reader, said
from friendbot.archives.tree import Entry
from friendbot.messages import EMPTY, MEDIA

NOBODY = "Facebook User"
"""What deleted accounts are called; many people share it, so their threads are never put together."""

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PEOPLE = rb'"participants"\s*:\s*\[\s*(?:%b\s*,\s*)*(?:%b\s*)?\]' % (_STRING, _STRING)
_SENDER = rb'"sender"\s*:\s*(?:%b|null)\s*,\s*' % _STRING
_MESSAGE = rb'\{\s*(?:%b)?"date"\s*:\s*"\d{4}-\d\d-\d\dT[^"]*"\s*,\s*"message"\s*:' % _SENDER
_MESSAGES = rb'"messages"\s*:\s*\[\s*(?:\]|%b)' % _MESSAGE
_SHAPE = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*(?:"user"\s*:\s*(?:%b|null)\s*,\s*"threads"\s*:\s*\[\s*(?:\]|\{\s*%b)'
    rb'|"threads"\s*:\s*\[\s*(?:\]\s*,\s*"user"\s*:|\{\s*%b)'
    rb'|%b\s*,\s*"messages"\s*:\s*\[\s*%b|"messages"\s*:\s*\[\s*%b)'
    % (_STRING, _PEOPLE, _MESSAGES, _PEOPLE, _MESSAGE, _MESSAGE)
)
_PICTURE = re.compile(r"\(image reference: .+\)", re.DOTALL)
_FILLER = re.compile(r"\d+@facebook\.com")
_MANIFEST = re.compile(r"Chat history manifest for: (.+)")


class Fields(msgspec.Struct, gc=False):
    """One message."""

    sender: str | None = None
    date: str | None = None
    message: str | None = None


class Thread(msgspec.Struct):
    """One thread, oldest message first; its participants are without the owner."""

    participants: list[str]
    messages: msgspec.Raw


class File(msgspec.Struct):
    """All threads of a download, or one."""

    user: str | None = None
    threads: msgspec.Raw = NONE


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file has the shape that fbchat-archive-parser gives to a download or to one thread."""
    return bool(_SHAPE.match(head))


def copies(job: Job) -> list[Copy]:
    """List the threads by their participants, which are all that a legacy download knows a thread by."""
    found: list[Copy] = []
    nobodies: Counter[str] = Counter()
    for entry in job.entries:
        owner, threads = _opened(job, entry)
        if owner and owner not in job.owners:
            job.owners.append(owner)
        found += [_copy(job, entry, thread, owner, nobodies) for thread in threads]
    return found


def _opened(job: Job, entry: Entry) -> tuple[str | None, list[Thread]]:
    """The owner, and the threads, whose messages were not looked at yet; reports what cannot be read."""
    data = job.read(entry)
    try:
        file = decode(data, File)
        if not size(file.threads):
            return _manifest(job, entry), [decode(data, Thread)]
    except BrokenJson as error:
        job.damage(entry.path, f"not what fbchat-archive-parser writes ({error})")
        return None, []
    threads, lost = items(file.threads, Thread)
    if lost:
        job.damage(entry.path, f"{lost} of its {lost + len(threads)} threads cannot be read")
    return file.user or None, threads


def _manifest(job: Job, entry: Entry) -> str | None:
    """The owner as `manifest.txt` states it, which `fbcap -d` writes beside one file for each thread."""
    for other in job.tree.entries:
        if other.name == "manifest.txt" and other.folder == entry.folder:
            match = _MANIFEST.match(job.read(other).decode("utf-8-sig", "replace"))
            return match[1].strip() if match else None
    return None


def _copy(job: Job, entry: Entry, thread: Thread, owner: str | None, nobodies: Counter[str]) -> Copy:
    messages, _ = items(thread.messages, Fields)
    names = [name for name in thread.participants if name.strip()]
    senders = [*dict.fromkeys(_sender(message) for message in messages)]
    # Its participants lack the owner, so a note to oneself has none.
    key = ", ".join(sorted(names)) or (owner if senders == [owner] else None) or NOBODY
    if key == NOBODY:
        nobodies[NOBODY] += 1
        key = f"{NOBODY} #{nobodies[NOBODY]:03d}"
    others = _named(names, sorted({*senders} - {owner, UNKNOWN}))
    title = ", ".join(others) or key
    people = (*others, owner) if owner else tuple(others)
    read = partial(_batches, job, entry, thread.messages, title, people)
    return Copy(f"legacy:{key}", title, tuple(dict.fromkeys(people)), (entry,), read, None, "facebook", 60_000)


def _named(names: list[str], senders: list[str]) -> list[str]:
    """Participants by the names that messages bear, where the list says nothing or `<digits>@facebook.com`."""
    strangers = [name for name in senders if name not in names]
    fillers = [name for name in names if _FILLER.fullmatch(name)]
    if not names:
        return strangers
    if len(fillers) == len(strangers) == 1:
        return [strangers[0] if name == fillers[0] else name for name in names]
    return names


def _batches(job: Job, entry: Entry, raw: msgspec.Raw, title: str, people: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    messages, lost = items(raw, Fields)
    job.advance(size(raw))
    place = f"{entry.path} ({title})"
    if lost:
        count = f"{lost} of {lost + len(messages)}" if messages else "all"
        job.damage(place, f"{count} messages cannot be read")
    moments = {date: moment(date) for date in {message.date for message in messages}}
    timed = [message for message in messages if moments[message.date] is not None]
    if lost := len(messages) - len(timed):
        job.damage(place, f"{lost} of {len(messages)} messages have no usable time")
    senders = [_sender(message) for message in timed]
    texts = [message.message or "" for message in timed]
    kinds = dict(Sentences({*people, *senders}).kinds(texts))
    for position, text in enumerate(texts):
        if not text or text.isspace():
            kinds[position] = EMPTY
        elif text[0] == "(" and _PICTURE.fullmatch(text):
            kinds[position] = MEDIA
            texts[position] = ""
    times = [time for message in timed if (time := moments[message.date]) is not None]
    yield said(times, senders, texts, [*kinds.items()])


def _sender(message: Fields) -> str:
    return message.sender if message.sender and message.sender.strip() else UNKNOWN


READER = Reader(
    "fbchat-archive-parser JSON",
    'train-NAME.json (what `fbcap messages -f json` writes: {"user": ..., "threads": [...]})',
    (".json",),
    claims,
    copies,
)
