"""Instagram's one `messages.json` with every thread in it, until 2020; newest message first."""

import re
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa

from friendbot.archives.raw_json import BrokenJson, decode, items, moment, size
from friendbot.archives.reader import UNKNOWN, Copy, Job, Reader, said
from friendbot.archives.tree import Entry
from friendbot.messages import CALL, EMPTY, MEDIA, SHARE, SYSTEM, TEXT

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SHAPE = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*(?:"participants"\s*:\s*\[\s*(?:%b\s*,\s*)*(?:%b\s*)?\]\s*,\s*"conversation"\s*:\s*\['
    rb'|"conversation"\s*:\s*\[\s*(?:\]|\{))' % (_STRING, _STRING)
)


class Fields(msgspec.Struct, gc=False):
    """What is read of a message."""

    sender: str | None = None
    created_at: str | None = None
    text: str | None = None
    media: Any = None
    media_url: Any = None
    voice_media: Any = None
    animated_media_images: Any = None
    heart: Any = None
    story_share: Any = None
    media_share_url: Any = None
    media_owner: Any = None
    profile_share_username: Any = None
    live_video_share: Any = None
    link: Any = None
    video_call_action: Any = None
    action: Any = None


MEDIA_KEYS = ("media", "media_url", "voice_media", "animated_media_images", "heart")
SHARE_KEYS = ("story_share", "media_share_url", "media_owner", "profile_share_username", "live_video_share", "link")


class Thread(msgspec.Struct):
    """One thread, whose messages were not looked at yet."""

    participants: list[str]
    conversation: msgspec.Raw


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file is a list of conversations."""
    return bool(_SHAPE.match(head))


def copies(job: Job) -> list[Copy]:
    """List the threads by the user names in them, which are all that tells them apart."""
    found: list[Copy] = []
    for entry in job.entries:
        owner = _owner(job, entry)
        if owner and owner not in job.owners:
            job.owners.append(owner)
        try:
            threads, lost = items(decode(job.read(entry), msgspec.Raw), Thread)
        except BrokenJson as error:
            job.damage(entry.path, f"not a list of conversations ({error})")
            continue
        if lost:
            job.damage(entry.path, f"{lost} of its {lost + len(threads)} threads cannot be read")
        for thread in threads:
            people = tuple(dict.fromkeys(name for name in thread.participants if name.strip()))
            title = ", ".join(sorted(name for name in people if name != owner)) or owner or "nobody"
            read = partial(_batches, job, entry, thread.conversation, title)
            found.append(Copy(f"instagram:{title}", title, people, (entry,), read, None, "instagram"))
    return found


def _owner(job: Job, entry: Entry) -> str | None:
    """The user name in the `profile.json` beside it."""
    for other in job.tree.entries:
        if other.name == "profile.json" and other.folder == entry.folder:
            try:
                profile = decode(job.read(other), dict[str, Any])
            except BrokenJson:
                return None
            name = profile.get("username")
            return name if isinstance(name, str) and name.strip() else None
    return None


def _batches(job: Job, entry: Entry, raw: msgspec.Raw, title: str) -> Iterator[pa.RecordBatch]:
    messages, lost = items(raw, Fields)
    job.advance(size(raw))
    place = f"{entry.path} ({title})"
    if lost:
        count = f"{lost} of {lost + len(messages)}" if messages else "all"
        job.damage(place, f"{count} messages cannot be read")
    # The first downloads had no offset.
    timed = [(time, message) for message in messages[::-1] if (time := moment(message.created_at, UTC)) is not None]
    if lost := len(messages) - len(timed):
        job.damage(place, f"{lost} of {len(messages)} messages have no usable time")
    texts = [message.text or "" for _, message in timed]
    kinds = [(position, _kind(message)) for position, (_, message) in enumerate(timed)]
    senders = [message.sender if message.sender and message.sender.strip() else UNKNOWN for _, message in timed]
    yield said([time for time, _ in timed], senders, texts, kinds)


def _kind(message: Fields) -> str:
    if message.video_call_action:
        return CALL
    if message.action:
        return SYSTEM
    # What stands beside a share was typed by the person who shares.
    if message.text and message.text.strip():
        return TEXT
    if any(getattr(message, key) is not None for key in SHARE_KEYS):
        return SHARE
    return MEDIA if any(getattr(message, key) is not None for key in MEDIA_KEYS) else EMPTY


READER = Reader(
    "Instagram JSON until 2020",
    "messages.json (one file with all threads)",
    (".json",),
    claims,
    copies,
)
