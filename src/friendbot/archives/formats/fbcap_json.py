"""What `fbcap messages FILE -f json` (or `pretty-json`) of fbchat-archive-parser writes: `train-NAME.json`."""

import re
from collections.abc import Iterator
from functools import partial

import msgspec
import pyarrow as pa

from friendbot.archives.dates import MINUTE
from friendbot.archives.formats.legacy_people import Keys, named
from friendbot.archives.names import UNKNOWN, called
from friendbot.archives.raw_json import NONE, START, STRING, BrokenJson, decode, items, moment, size
from friendbot.archives.reader import Copy, Job, Reader, said, usable
from friendbot.archives.sentences import Sentences
from friendbot.archives.tree import Entry
from friendbot.messages import EMPTY, MEDIA

_PEOPLE = rb'"participants"\s*:\s*\[\s*(?:%b\s*,\s*)*(?:%b\s*)?\]' % (STRING, STRING)
_SENDER = rb'"sender"\s*:\s*(?:%b|null)\s*,\s*' % STRING
_MESSAGE = rb'\{\s*(?:%b)?"date"\s*:\s*"\d{4}-\d\d-\d\dT[^"]*"\s*,\s*"message"\s*:' % _SENDER
_MESSAGES = rb'"messages"\s*:\s*\[\s*(?:\]|%b)' % _MESSAGE
_SHAPE = re.compile(
    START + rb'\{\s*(?:"user"\s*:\s*(?:%b|null)\s*,\s*"threads"\s*:\s*\[\s*(?:\]|\{\s*%b)'
    rb'|"threads"\s*:\s*\[\s*(?:\]\s*,\s*"user"\s*:|\{\s*%b)'
    rb'|%b\s*,\s*"messages"\s*:\s*\[\s*%b|"messages"\s*:\s*\[\s*%b)'
    % (STRING, _PEOPLE, _MESSAGES, _PEOPLE, _MESSAGE, _MESSAGE)
)
_PICTURE = re.compile(r"\(image reference: .+\)", re.DOTALL)
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
    keys = Keys()
    for entry in job.entries:
        owner, threads = _opened(job, entry)
        job.state([owner])
        found += [_copy(job, entry, thread, owner, keys) for thread in threads]
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
    job.lose(entry.path, lost, lost + len(threads), what="threads")
    return file.user or None, threads


def _manifest(job: Job, entry: Entry) -> str | None:
    """The owner as `manifest.txt` states it, which `fbcap -d` writes beside one file for each thread."""
    other = job.tree.at(f"{entry.folder}/manifest.txt")
    match = _MANIFEST.match(job.read(other).decode("utf-8-sig", "replace")) if other else None
    return match[1].strip() if match else None


def _copy(job: Job, entry: Entry, thread: Thread, owner: str | None, keys: Keys) -> Copy:
    messages, _ = items(thread.messages, Fields)
    names = [name for name in thread.participants if name.strip()]
    senders = [*dict.fromkeys(called(message.sender) for message in messages)]
    # Its participants lack the owner, so a note to oneself has none.
    key = keys.key(names, owner if senders == [owner] else None)
    others = named(names, sorted({*senders} - {owner, UNKNOWN, *names}))
    title = ", ".join(others) or key
    people = tuple(dict.fromkeys([*others, owner] if owner else others))
    read = partial(_batches, job, entry, thread.messages, title, people)
    return Copy(f"legacy:{key}", title, people, (entry,), read, step=MINUTE, held=True)


def _batches(job: Job, entry: Entry, raw: msgspec.Raw, title: str, people: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    messages, lost = items(raw, Fields)
    job.advance(size(raw))
    place = f"{entry.path} ({title})"
    job.lose(place, lost, lost + len(messages))
    moments = {date: moment(date) for date in {message.date for message in messages}}
    times, messages = usable(job, place, [moments[message.date] for message in messages], messages)
    senders = [called(message.sender) for message in messages]
    texts = [message.message or "" for message in messages]
    kinds = Sentences({*people, *senders}).kinds(texts)
    for position, text in enumerate(texts):
        if not text or text.isspace():
            kinds[position] = EMPTY
        elif text[0] == "(" and _PICTURE.fullmatch(text):
            kinds[position] = MEDIA
            texts[position] = ""
    yield said(times, senders, texts, kinds)


READER = Reader(
    "fbchat-archive-parser JSON",
    'train-NAME.json (what `fbcap messages -f json` writes: {"user": ..., "threads": [...]})',
    (".json",),
    claims,
    copies,
)
