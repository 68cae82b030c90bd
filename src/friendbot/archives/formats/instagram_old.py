"""Instagram's one `messages.json` with every thread in it, until 2020; newest message first."""

import re
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa

from friendbot.archives.names import called
from friendbot.archives.raw_json import START, STRING, BrokenJson, decode, items, moment, size
from friendbot.archives.reader import Copy, Job, Reader, said, usable
from friendbot.archives.tree import Entry
from friendbot.messages import CALL, EMPTY, MEDIA, SHARE, SYSTEM, TEXT

_SHAPE = re.compile(
    START + rb'\[\s*\{\s*(?:"participants"\s*:\s*\[\s*(?:%b\s*,\s*)*(?:%b\s*)?\]\s*,\s*"conversation"\s*:\s*\['
    rb'|"conversation"\s*:\s*\[\s*(?:\]|\{))' % (STRING, STRING)
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
        job.state([owner])
        try:
            threads, lost = items(decode(job.read(entry), msgspec.Raw), Thread)
        except BrokenJson as error:
            job.damage(entry.path, f"not a list of conversations ({error})")
            continue
        job.lose(entry.path, lost, lost + len(threads), what="threads")
        for thread in threads:
            people = tuple(dict.fromkeys(name for name in thread.participants if name.strip()))
            title = ", ".join(sorted(name for name in people if name != owner)) or owner or "nobody"
            read = partial(_batches, job, entry, thread.conversation, title)
            found.append(Copy(f"instagram:{title}", title, people, (entry,), read, None, "instagram", held=True))
    return found


def _owner(job: Job, entry: Entry) -> str | None:
    """The user name in the `profile.json` beside it."""
    other = job.tree.at(f"{entry.folder}/profile.json")
    try:
        name = decode(job.read(other), dict[str, Any]).get("username") if other else None
    except BrokenJson:
        return None
    return name if isinstance(name, str) and name.strip() else None


def _batches(job: Job, entry: Entry, raw: msgspec.Raw, title: str) -> Iterator[pa.RecordBatch]:
    messages, lost = items(raw, Fields)
    job.advance(size(raw))
    place = f"{entry.path} ({title})"
    job.lose(place, lost, lost + len(messages))
    messages.reverse()
    # The first downloads had no offset.
    times, messages = usable(job, place, [moment(message.created_at, UTC) for message in messages], messages)
    texts = [message.text or "" for message in messages]
    kinds = {position: _kind(message) for position, message in enumerate(messages)}
    yield said(times, [called(message.sender) for message in messages], texts, kinds)


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
