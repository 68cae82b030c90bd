"""Telegram Desktop's `result.json`: one chat, or every chat of an account."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa

from friendbot.archives.dates import SECOND, Wall
from friendbot.archives.dates.clock import Clock
from friendbot.archives.formats.telegram_people import PAIRS, SAVED, Owner, People
from friendbot.archives.raw_json import NONE, START, BrokenJson, decode, items, size
from friendbot.archives.reader import EARLIEST, LATEST, Copy, Job, Reader, said, usable
from friendbot.archives.tree import Entry
from friendbot.errors import ArchiveError
from friendbot.messages import BATCH, CALL, EMPTY, MEDIA, SHARE, SYSTEM, TEXT

CALLS = frozenset({"phone_call", "group_call", "invite_to_group_call", "group_call_scheduled", "conference_call"})
"""What service messages say of calls; all others are of other events."""

_TYPES = (
    rb"(?:personal_chat|bot_chat|saved_messages|replies|verify_codes"
    rb"|private_group|private_supergroup|public_supergroup|private_channel|public_channel)"
)
_SHAPE = re.compile(
    rb'(?<!\\)"(?:date_unixtime"\s*:\s*"\d|from_id"\s*:\s*(?:"(?:user|chat|channel))?\d'
    rb'|type"\s*:\s*"%b"\s*,\s*"id"\s*:\s*-?\d'
    rb'|(?:chats|left_chats)"\s*:\s*\{\s*(?:"about"\s*:\s*"(?:[^"\\]|\\.)*"\s*,\s*)?"list"\s*:\s*\[)'
    rb'|%b\{\s*"about"\s*:\s*"(?:[^"\\]|\\.)*[Tt]elegram' % (_TYPES, START)
)
_OTHERS = re.compile(rb'(?<!\\)"(?:sender_name|senderName)"\s*:')


class Part(msgspec.Struct, gc=False):
    """A piece of text in bold, a link and the like."""

    text: str


class Who(msgspec.Struct, gc=False, rename={"name": "from", "account": "from_id"}):
    """Who sent a message, or did what a service message tells of."""

    type: str | None = None
    name: str | None = None
    account: str | int | None = None
    actor: str | None = None
    actor_id: str | int | None = None


class Fields(Who, gc=False):
    """What is read of a message; anything else in it is skipped."""

    date: str | None = None
    date_unixtime: str | int | None = None
    text: str | list[str | Part] | None = None
    action: Any = None
    # A message forwarded from someone who left has the key, with null.
    forwarded_from: Any = msgspec.UNSET
    via_bot: Any = None
    photo: Any = None
    file: Any = None
    media_type: Any = None
    contact_information: Any = None
    location_information: Any = None
    place_name: Any = None
    poll: Any = None
    game_title: Any = None
    invoice_information: Any = None


class Spelled(Fields, gc=False):
    """A message without `text`, which has its parts all the same."""

    text_entities: list[Part] | None = None


MEDIA_KEYS = Fields.__struct_fields__[Fields.__struct_fields__.index("photo") :]


class Chat(msgspec.Struct):
    """A chat whose messages were not looked at yet."""

    name: Any = None
    type: Any = None
    id: Any = None
    messages: msgspec.Raw = NONE


class Export(Chat):
    """A file: one chat, or an account's."""

    personal_information: Any = None
    chats: msgspec.Raw = NONE
    left_chats: msgspec.Raw = NONE


class Chats(msgspec.Struct):
    """A section of an account."""

    list: msgspec.Raw


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file looks like an export of Telegram Desktop, whatever its name."""
    return bool(_SHAPE.search(head)) and not _OTHERS.search(head)


def copies(job: Job) -> list[Copy]:
    """List the chats. Files stay in memory, as bytes; of messages, those of one chat at a time."""
    found = []
    for entry in job.entries:
        if export := _opened(job, entry):
            owner = Owner.of(export.personal_information)
            found += [_listed(job, entry, chat, owner) for chat in _chats(job, entry, export)]
            job.state([*owner.names, *owner.stated])
    return found


def _opened(job: Job, entry: Entry) -> Export | None:
    """A file whose chats were not looked at yet; None and a report of damage where it is none."""
    try:
        return decode(job.read(entry), Export)
    except BrokenJson as error:
        job.damage(entry.path, f"not an export of Telegram ({error})")
        return None


def _chats(job: Job, entry: Entry, export: Export) -> Iterator[Chat]:
    if size(export.messages):
        yield export
    for name, section in (("chats", export.chats), ("left_chats", export.left_chats)):
        if not size(section):
            continue
        try:
            chats, lost = items(decode(section, Chats).list, Chat)
        except BrokenJson as error:
            job.damage(entry.path, f"its {name} cannot be read ({error})")
            continue
        there = [chat for chat in chats if size(chat.messages)]
        job.lose(entry.path, lost + len(chats) - len(there), lost + len(chats), what=name)
        yield from there


def _listed(job: Job, entry: Entry, chat: Chat, owner: Owner) -> Copy:
    messages, _ = items(chat.messages, Who)
    written = dict.fromkeys((message.name, message.account) for message in messages if message.type != "service")
    acted = dict.fromkeys((message.actor, message.actor_id) for message in messages if message.type == "service")
    title = chat.name if isinstance(chat.name, str) else ""
    kind = chat.type if isinstance(chat.type, str) else ""
    people = People(kind, chat.id, title, written, acted, owner)
    number = str(chat.id) if isinstance(chat.id, int) else None
    # Accounts, groups and channels are each numbered for themselves.
    series = "user" if kind in PAIRS or kind == SAVED else "chat" if kind == "private_group" else "channel"
    key = f"telegram:{number or title or ', '.join(sorted(people.participants)) or entry.name}"
    identity = f"{series} {number}" if number else None
    read = partial(_batches, job, entry, title, chat.messages, people)
    return Copy(key, title, people.participants, (entry,), read, identity, "telegram", SECOND, held=True)


def _batches(job: Job, entry: Entry, title: str, raw: msgspec.Raw, people: People) -> Iterator[pa.RecordBatch]:
    messages, lost = items(raw, Fields)
    if any(message.text is None and message.type != "unsupported" for message in messages):
        messages, lost = _spelled(raw)
    job.advance(size(raw))
    place = f"{entry.path} ({title or 'a chat without a name'})"
    job.lose(place, lost, lost + len(messages))
    known = [message for message in messages if message.type != "unsupported"]
    if left := len(messages) - len(known):
        job.note(f"{place}: {left} messages are of kinds that this Telegram could not export")
    times, known = _times(job, entry, place, known)
    for start in range(0, len(known), BATCH):
        yield _batch(times[start : start + BATCH], known[start : start + BATCH], people)


def _spelled(raw: msgspec.Raw) -> tuple[list[Fields], int]:
    """The same where messages lack `text`."""
    messages, lost = items(raw, Spelled)
    for message in messages:
        if message.text is None and message.text_entities:
            message.text = [*message.text_entities]
    return [*messages], lost


def _batch(times: list[int], messages: list[Fields], people: People) -> pa.RecordBatch:
    """Columns of some messages of a chat."""
    texts: list[str] = []
    kinds: dict[int, str] = {}
    accounts = [message.account for message in messages]
    names = {account: people.name((None, account)) for account in set(accounts)}
    senders = [names[account] for account in accounts]
    for position, message in enumerate(messages):
        if message.account is None:
            senders[position] = people.name((message.name, None))
        text = message.text
        if type(text) is not str:
            text = "".join(part if isinstance(part, str) else part.text for part in text or ())
        texts.append(text)
        if (
            not text
            or message.type != "message"
            or message.forwarded_from is not msgspec.UNSET
            or message.via_bot
            or text.isspace()
        ):
            kinds[position] = _kind(message, text)
            if message.type == "service":
                senders[position] = people.name((message.actor, message.actor_id))
    if foreign := {account for account in names if people.is_foreign(account)}:
        kinds |= {position: SHARE for position, account in enumerate(accounts) if account in foreign}
    return said(times, senders, texts, kinds)


def _kind(message: Fields, text: str) -> str:
    if message.type == "service":
        return CALL if str(message.action) in CALLS else SYSTEM
    if message.forwarded_from is not msgspec.UNSET or message.via_bot:
        return SHARE
    if text.strip():
        return TEXT
    return MEDIA if any(getattr(message, key) is not None for key in MEDIA_KEYS) else EMPTY


def _times(job: Job, entry: Entry, place: str, messages: list[Fields]) -> tuple[list[int], list[Fields]]:
    """Times in milliseconds since 1970 UTC, and the messages that have one; reports the others."""
    try:
        times = [int(message.date_unixtime) * SECOND for message in messages]  # type: ignore[arg-type]
        if not times or (min(times) >= EARLIEST and max(times) <= LATEST):
            return times, messages
    except (TypeError, ValueError):
        pass
    clock = Clock(job.timezone)
    found = [_time(message, clock) for message in messages]
    if clock.assumed:
        job.note_utc(entry.path)
    return usable(job, place, found, messages)


def _time(message: Fields, clock: Clock) -> int | None:
    """Exports before 2021 have `date` alone, by the clock of the computer that made them."""
    try:
        if message.date_unixtime is not None:
            return int(message.date_unixtime) * SECOND
        local = datetime.fromisoformat(message.date or "")
        return clock.instant(Wall(local.replace(tzinfo=None), str(local.tzinfo or "") or None, SECOND))
    except (ValueError, OverflowError, ArchiveError):
        return None


READER = Reader(
    "Telegram",
    "result.json (Telegram Desktop's export in the format JSON)",
    (".json",),
    claims,
    copies,
)
