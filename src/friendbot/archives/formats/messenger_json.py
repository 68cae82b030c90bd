"""Messenger's and Instagram's JSON download, May 2018 until today: a folder per thread, `message_1.json` its newest."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from friendbot.archives import raw_json
from friendbot.archives.formats import folder
from friendbot.archives.mojibake import repair
from friendbot.archives.names import UNKNOWN
from friendbot.archives.reader import Copy, Job, Part, Reader, is_time, said, usable
from friendbot.archives.sentences import Sentences, kind_beside
from friendbot.archives.tree import HEAD, Entry
from friendbot.messages import CALL, SYSTEM, UNSENT

MEDIA_KEYS = ("photos", "videos", "gifs", "files", "audio_files", "sticker")

_SHAPE = re.compile(rb'"sender_name"\s*:|"participants"\s*:\s*\[\s*\{|"participants"\s*:\s*\[\s*\]\s*,\s*"messages"')
_PEOPLE = re.compile(r'(?<!\\)"participants"\s*:\s*(?=\[)')
_media = attrgetter(*MEDIA_KEYS)
_name = lru_cache(maxsize=4096)(repair)


class Fields(msgspec.Struct, gc=False):
    """What is read of a message; anything else in it is skipped. Types are checked afterwards: files are not clean."""

    sender_name: Any = None
    timestamp_ms: Any = None
    content: Any = None
    type: Any = None
    photos: Any = None
    videos: Any = None
    gifs: Any = None
    files: Any = None
    audio_files: Any = None
    sticker: Any = None
    share: Any = None
    call_duration: Any = None
    missed: Any = None
    users: Any = None
    is_unsent: Any = None
    timestamp: Any = None


class Content(msgspec.Struct, gc=False):
    """One file of a thread, newest message first."""

    messages: list[Fields]
    participants: list[dict[str, Any]]
    title: Any = None


class RawContent(msgspec.Struct, gc=False):
    """The same, before its parts were looked at."""

    messages: msgspec.Raw
    participants: msgspec.Raw
    title: Any = None


class Time(msgspec.Struct, gc=False):
    """When a message was sent."""

    timestamp_ms: Any = None
    timestamp: Any = None


class Times(msgspec.Struct, gc=False):
    """One file of a thread without words."""

    messages: list[Time]


class Title(msgspec.Struct, gc=False):
    """One file of a thread without its messages."""

    title: Any = None


Sent = TypeVar("Sent", Time, Fields, Time | Fields)

_decoder = msgspec.json.Decoder(Content)


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file looks like a thread, or bears a thread's name and so must be a damaged one."""
    return bool(_SHAPE.search(head) or folder.is_part(entry))


def copies(job: Job) -> list[Copy]:
    """List the threads of every section and every download, by the name of their folder."""
    found = []
    for key, parts, identity, family in folder.threads(job.entries):
        people = _people(job, parts)
        thread = _Thread(job, parts, people)
        # Between two people the title says nothing new.
        late = thread.title if len(people) != 2 else None
        found.append(
            Copy(key, "", people, parts, thread.batches, identity, family, parts=thread.parts, late_title=late)
        )
    return found


def _people(job: Job, entries: Sequence[Entry]) -> tuple[str, ...]:
    """Participants of a thread, without reading all of a file where they come first, as Facebook writes them."""
    for entry in entries[::-1]:
        for size in (HEAD, -1):
            text = job.read(entry, size).decode("utf-8-sig", "replace")
            for match in _PEOPLE.finditer(text):
                try:
                    found, _ = json.JSONDecoder().raw_decode(text, match.end())
                except (ValueError, RecursionError):
                    continue  # cut off by the end of the head; or damage, which reading the thread reports
                return tuple(dict.fromkeys(_names(found)))
            if entry.size <= HEAD:
                break
    return ()


def _names(people: Any) -> list[str]:
    """Repaired names of a list of `{"name": ...}`; anything else in it is passed over."""
    listed = people if isinstance(people, list) else []
    return [_name(p["name"]) for p in listed if isinstance(p, dict) and isinstance(p.get("name"), str) and p["name"]]


class _Thread:
    """The files of one thread in one folder, oldest part first."""

    def __init__(self, job: Job, entries: Sequence[Entry], people: Sequence[str]) -> None:
        self._job, self._entries, self._people = job, entries, people
        self._title: str | None = None

    def title(self) -> str:
        """The title, which stands behind the messages."""
        if self._title is None:
            self._title = ""
            for entry in self._entries:
                with suppress(msgspec.MsgspecError, ValueError, RecursionError):
                    self._keep(msgspec.json.decode(self._job.read(entry), type=Title).title)
                if self._title:
                    break
        return self._title

    def batches(self, entries: Sequence[Entry] | None = None) -> Iterator[pa.RecordBatch]:
        """Messages of some files, or all, oldest first, a batch a file."""
        for entry in self._entries if entries is None else entries:
            content = _content(self._job, entry)
            self._job.advance(entry.size)
            if content:
                self._keep(content.title)
            if content and content.messages:
                yield _batch(self._job, entry, content.messages[::-1], self._people)

    def parts(self) -> Iterator[Part]:
        """The files one by one, with the times that each holds."""
        for entry in self._entries:
            times = _times(self._job, entry)
            if times:
                yield Part(min(times), max(times), partial(self.batches, [entry]))

    def _keep(self, title: Any) -> None:
        if isinstance(title, str):
            self._title = self._title or repair(title)


def _content(job: Job, entry: Entry) -> Content | None:
    """One file; None, and a report of damage, where it is not a thread."""
    data = job.read(entry)
    content: Content | None
    try:
        content = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        content = _mended(job, entry, data)
    if content:
        raw_json.check(job, entry, data)
    return content


def _mended(job: Job, entry: Entry, data: bytes) -> Content | None:
    """What can be read of a file with a byte order mark, half surrogates, or a message of another shape."""
    try:
        thread = raw_json.decode(data, RawContent)
        people = raw_json.decode(thread.participants, list[dict[str, Any]])
    except raw_json.BrokenJson as error:
        job.damage(entry.path, f"not a thread ({error})")
        return None
    messages, lost = raw_json.items(thread.messages, Fields)
    job.lose(entry.path, lost, lost + len(messages))
    return Content(messages, people, thread.title)


def _times(job: Job, entry: Entry) -> list[int]:
    """Milliseconds since 1970 UTC of the messages of one file, in its order."""
    messages: Sequence[Time | Fields]
    try:
        messages = msgspec.json.decode(job.read(entry), type=Times).messages
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        content = _content(job, entry)
        messages = content.messages if content else []
    return _timed(job, entry, [*messages])[0]


def _timed(job: Job, entry: Entry, messages: list[Sent]) -> tuple[list[int], list[Sent]]:
    """Messages that have a time, and their times; the very first downloads had seconds, in `timestamp`."""
    times: list[Any] = [message.timestamp_ms for message in messages]
    if None in times:
        times = [_time(message) for message in messages]
    return usable(job, entry.path, times, messages)


def _batch(job: Job, entry: Entry, messages: list[Fields], people: Sequence[str]) -> pa.RecordBatch:
    """Columns of one file, oldest message first."""
    times, messages = _timed(job, entry, messages)
    contents = [message.content for message in messages]
    if not {*map(type, contents)} <= {str, NoneType}:
        contents = [content if isinstance(content, str) else "" for content in contents]
    texts = [(content if content.isascii() else repair(content)) if content else "" for content in contents]
    senders = [message.sender_name for message in messages]
    if not {*map(type, senders)} <= {str}:
        senders = [sender if isinstance(sender, str) else "" for sender in senders]
    names = {name: _name(name) or UNKNOWN for name in set(senders)}
    senders = list(map(names.__getitem__, senders))
    kinds = Sentences({*people, *names.values()}).kinds(texts)
    for position in _special(messages):
        message = messages[position]
        kinds[position] = _kind(message, texts[position], kinds.get(position))
    return said(times, senders, texts, kinds)


def _special(messages: list[Fields]) -> list[int]:
    """Positions of messages that are more, or less, than typed text."""
    return [
        position
        for position, message in enumerate(messages)
        if not message.content
        or message.photos
        or message.videos
        or message.gifs
        or message.files
        or message.audio_files
        or message.sticker
        or message.share
        or message.call_duration is not None
        or message.missed
        or message.users
        or message.is_unsent
        or message.type not in (None, "Generic")
    ]


def _time(message: Time | Fields) -> Any:
    """Milliseconds since 1970 UTC; some of the first downloads had both."""
    time = message.timestamp_ms
    if time is None and is_time(message.timestamp):
        return message.timestamp * 1000
    return time


def _kind(message: Fields, text: str, sentence: str | None) -> str:
    """Flags decide first, since they are the same in every language; then what Messenger's own sentences say."""
    if message.is_unsent:
        return UNSENT
    if message.call_duration is not None or message.missed or message.type == "Call":
        return CALL
    if message.users or message.type in ("Subscribe", "Unsubscribe"):
        return SYSTEM
    share = bool(message.share) or message.type == "Share"
    return kind_beside(text, sentence, media=any(_media(message)), share=share)


READER = Reader(
    "Messenger JSON",
    "folders with message_1.json (Facebook or Instagram download in the format JSON)",
    (".json",),
    claims,
    copies,
)
