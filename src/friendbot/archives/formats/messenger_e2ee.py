"""Messenger's download of end-to-end encrypted chats, December 2023 until today: one JSON file per thread."""

import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from friendbot.archives.mojibake import repair, whole
from friendbot.archives.names import called
from friendbot.archives.raw_json import BrokenJson, check, decode, is_utf8, items
from friendbot.archives.reader import Copy, Job, Reader, is_time, said, usable
from friendbot.archives.sentences import Sentences
from friendbot.archives.sources import END_TO_END
from friendbot.archives.tree import Entry
from friendbot.messages import EMPTY, MEDIA, SHARE, TEXT, UNSENT

_SHAPE = re.compile(rb'"senderName"\s*:|"threadName"\s*:|"participants"\s*:\s*\[\s*"')
_BYTES = re.compile(rb"\\u00[89a-f]", re.IGNORECASE)


class Fields(msgspec.Struct, gc=False):
    """What is read of a message; types are checked afterwards."""

    senderName: Any = None  # noqa: N815
    timestamp: Any = None
    text: Any = None
    type: Any = None
    media: Any = None
    isUnsent: Any = None  # noqa: N815


class Thread(msgspec.Struct, gc=False):
    """A file, whose messages were not looked at yet."""

    participants: list[Any]
    messages: msgspec.Raw
    threadName: Any = None  # noqa: N815


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file looks like an encrypted thread."""
    return bool(_SHAPE.search(head)) and b'"sender_name"' not in head


def copies(job: Job) -> list[Copy]:
    """List the threads; the file's name is all that tells two of the same people apart."""
    found = []
    for entry in job.entries:
        data = job.read(entry)
        thread = _thread(job, entry, data)
        if thread:
            spell = _spelling(data, thread)
            people = tuple(dict.fromkeys(spell(name) for name in thread.participants if isinstance(name, str) and name))
            title = spell(thread.threadName) if isinstance(thread.threadName, str) else ""
            stem = entry.name.rpartition(".")[0]
            number = stem.rpartition("_")[2]
            # Some downloads repeat the file's running number at the end of the name.
            if number.isdigit() and not stem.endswith(f"_{number}_{number}"):
                title = title.removesuffix(f"_{number}")
            found.append(Copy(f"e2ee:{stem}", title, people, (entry,), partial(_batches, job, entry, people)))
    return found


def _batches(job: Job, entry: Entry, people: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    data = job.read(entry)
    thread = _thread(job, entry, data)
    job.advance(entry.size)
    if not thread:
        return
    messages, lost = items(thread.messages, Fields)
    job.lose(entry.path, lost, lost + len(messages))
    if not lost:
        check(job, entry, data)
    wordless = sum(message.type == "text" and not isinstance(message.text, str) for message in messages)
    job.lose(entry.path, wordless, len(messages), "lack their text")
    if np.sign(np.diff([message.timestamp for message in messages if is_time(message.timestamp)])).sum() < 0:
        messages.reverse()  # newest first
    times, messages = usable(job, entry.path, [message.timestamp for message in messages], messages)
    spell = _spelling(data, thread)
    texts = [spell(message.text) if isinstance(message.text, str) else "" for message in messages]
    senders = [spell(called(message.senderName)) for message in messages]
    kinds = Sentences({*people, *senders}).kinds(texts)
    for position, message in enumerate(messages):
        kinds[position] = _kind(message, texts[position], kinds.get(position))
    yield said(times, senders, texts, kinds)


def _kind(message: Fields, text: str, sentence: str | None) -> str:
    if message.isUnsent or message.type == "placeholder":
        return UNSENT
    if message.type == "link":
        return SHARE
    if not text.strip():
        return MEDIA if message.media or message.type == "media" else EMPTY
    return sentence or TEXT


def _thread(job: Job, entry: Entry, data: bytes) -> Thread | None:
    """A file; None, and a report of damage, where it is no thread."""
    try:
        thread = decode(data, Thread)
    except BrokenJson as error:
        job.damage(entry.path, f"not a thread ({error})")
        return None
    if memoryview(thread.messages)[:1] != b"[":
        job.damage(entry.path, "not a thread (no list of messages)")
        return None
    return thread


def _spelling(data: bytes, thread: Thread) -> Callable[[str], str]:
    """How to read the strings of a file.

    Most files hold real text. In some, as in Facebook's other JSON, each byte of it is a character: then every
    character is escaped, none is above U+00FF, and most strings are bytes of UTF-8: all but one that was cut, say.
    """
    if not data.removeprefix(BOM_UTF8).isascii() or not _BYTES.search(data):
        return whole
    messages, _ = items(thread.messages, Fields)
    values = [*thread.participants, thread.threadName]
    values += [value for message in messages for value in (message.senderName, message.text)]
    strings = {value for value in values if isinstance(value, str) and not value.isascii()}
    return repair if sum(map(_is_bytes, strings)) * 2 > len(strings) else whole


def _is_bytes(text: str) -> bool:
    """Whether characters are bytes of UTF-8."""
    try:
        return is_utf8(text.encode("latin-1"))
    except UnicodeError:
        return False


READER = Reader(
    END_TO_END,
    "<Name>_<N>.json (Messenger's download of end-to-end encrypted chats)",
    (".json",),
    claims,
    copies,
)
