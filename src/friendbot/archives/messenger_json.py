"""Messenger's JSON download, May 2018 until today: one folder per thread, `message_1.json` the newest part."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from friendbot.archives import owner, phrases
from friendbot.archives.mojibake import repair
from friendbot.archives.reader import UNKNOWN, Job, Reader
from friendbot.archives.tree import HEAD, Entry, Tree
from friendbot.errors import ArchiveError
from friendbot.messages import CALL, EMPTY, MEDIA, SHARE, SYSTEM, TEXT, UNSENT, Message

MEDIA_KEYS = ("photos", "videos", "gifs", "files", "audio_files", "sticker")

EARLIEST, LATEST = -62_135_596_800_000, 253_402_300_799_999
"""Milliseconds since 1970 of the years 1 and 9999: what a date can be."""

_PART = re.compile(r"message(?:_(\d+))?\.json", re.IGNORECASE)
_SHAPE = re.compile(rb'"sender_name"\s*:|"participants"\s*:\s*\[\s*[{\]]')
_PEOPLE = re.compile(r'(?<!\\)"participants"\s*:\s*(?=\[)')
_name = lru_cache(maxsize=4096)(repair)


class Said(NamedTuple):
    """A message before its thread is known as a whole."""

    sent_at: int
    sender: str
    text: str
    facts: dict[str, Any]


class Part(NamedTuple):
    """What one file of a thread holds; `said` is newest first, as in the file."""

    thread: str
    title: str
    participants: tuple[str, ...]
    said: list[Said]


def claims(entry: Entry, head: bytes) -> bool:
    """Whether a file looks like a thread, or bears a thread's name and so must be a damaged one."""
    return bool(_SHAPE.search(head) or _PART.fullmatch(entry.name))


def threads(job: Job) -> Iterator[list[Message]]:
    """Yield the threads of an archive, sorted by the name of their folder, whatever section they are in."""
    groups = _groups(job.entries)
    me = owner.choose(job.owner, _profile(job.tree), [_people(job.tree, files) for files in groups.values()])
    for key, entries in groups.items():
        parts: dict[tuple[str, str], list[Part]] = {}
        for entry in entries:
            part = _part(job, entry)
            job.advance(entry.size)
            if part:
                parts.setdefault((part.thread, entry.folder), []).append(part)
        ids = sorted({thread for thread, _ in parts})
        for number, thread in enumerate(ids):
            copies = [copy for (name, _), copy in parts.items() if name == thread]
            if not any(part.said for copy in copies for part in copy):
                continue
            if not me:
                raise ArchiveError("the archive names no participants: set parse.owner to your name")
            yield _thread(f"{key}#{number}" if number else key, copies, me)


def _groups(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Files by thread: sorted by folder name, and within one by folder, then newest part first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_key(entry), []).append(entry)
    # `groups/your_group_messages/<id>.json` repeats the thread whose folder is `<name>_<id>`.
    folders = {_id(key): key for key in sorted(groups) if key != _id(key)}
    for key in [key for key in groups if key.isdigit() and key in folders]:
        groups[folders[key]] += groups.pop(key)
    return {key: sorted(groups[key], key=lambda entry: (entry.folder, _number(entry))) for key in sorted(groups)}


def _key(entry: Entry) -> str:
    if _PART.fullmatch(entry.name) and entry.folder:
        return entry.folder.rpartition("/")[2]
    return entry.name.rpartition(".")[0]


def _id(key: str) -> str:
    return key.rpartition("_")[2]


def _number(entry: Entry) -> tuple[int, str]:
    match = re.search(r"_(\d+)\.json$", entry.name, re.IGNORECASE)
    return (int(match[1]) if match else 0, entry.name)


def _people(tree: Tree, entries: Sequence[Entry]) -> set[str]:
    """Participants of a thread without reading all of it where they come first, as Facebook writes them."""
    for entry in entries:
        for size in (HEAD, -1):
            text = tree.read(entry, size).decode("utf-8-sig", "replace")
            for match in _PEOPLE.finditer(text):
                try:
                    found, _ = json.JSONDecoder().raw_decode(text, match.end())
                except ValueError:
                    continue  # cut off by the end of the head; or damage, which reading the thread reports
                return set(_names(found))
            if entry.size <= HEAD:
                break
    return set()


def _names(people: Any) -> list[str]:
    """Repaired names of a list of `{"name": ...}`; anything else in it is passed over."""
    listed = people if isinstance(people, list) else []
    return [_name(p["name"]) for p in listed if isinstance(p, dict) and isinstance(p.get("name"), str) and p["name"]]


def _profile(tree: Tree) -> str | None:
    """The owner's name as the download's own profile states it."""
    for entry in tree.entries:
        if entry.name != "profile_information.json":
            continue
        try:
            data = json.loads(tree.read(entry).decode("utf-8-sig"))
        except ValueError:
            continue  # the owner is then found among the participants, or asked for
        for key in ("profile_v2", "profile"):
            profile = data.get(key) if isinstance(data, dict) else None
            name = profile.get("name") if isinstance(profile, dict) else None
            full = name.get("full_name") if isinstance(name, dict) else name
            if isinstance(full, str) and full:
                return repair(full)
    return None


def _part(job: Job, entry: Entry) -> Part | None:
    """Read one file; None, and a report of damage, where it is not a thread."""
    try:
        data = json.loads(job.tree.read(entry).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        job.damage(entry.path, f"not JSON ({error})")
        return None
    if not isinstance(data, dict):
        job.damage(entry.path, "not a thread (the file is not one JSON object)")
        return None
    for key in ("participants", "messages"):
        if not isinstance(data.get(key), list):
            job.damage(entry.path, f"a thread without a list of {key}")
            return None
    if not all(isinstance(person, dict) for person in data["participants"]):
        job.damage(entry.path, "its participants are not those of a Facebook or Instagram thread")
        return None
    said = [_said(item) for item in data["messages"]]
    if lost := said.count(None):
        job.damage(entry.path, f"{lost} of its {len(said)} messages have no usable time")
    path = data.get("thread_path")
    return Part(
        _id(path.rpartition("/")[2]) if isinstance(path, str) and path else _id(_key(entry)),
        _string(data, "title"),
        tuple(dict.fromkeys(_names(data["participants"]))),
        [one for one in said if one],
    )


def _said(item: Any) -> Said | None:
    if not isinstance(item, dict):
        return None
    # The very first downloads had seconds in `timestamp`; some had both.
    for key, unit in (("timestamp_ms", 1), ("timestamp", 1000)):
        time = item.get(key)
        if isinstance(time, int | float) and not isinstance(time, bool) and EARLIEST <= time * unit <= LATEST:
            return Said(int(time * unit), _name(_raw(item, "sender_name")) or UNKNOWN, _string(item, "content"), item)
    return None


def _raw(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _string(item: dict[str, Any], key: str) -> str:
    return repair(_raw(item, key))


def _thread(thread_id: str, copies: Sequence[Sequence[Part]], me: str) -> list[Message]:
    """Merge the files of a thread, and its copies in other sections or zips, oldest message first."""
    parts = [part for copy in copies for part in copy]
    participants = tuple(dict.fromkeys([name for part in parts for name in part.participants]))
    if me not in participants:
        participants = (*participants, me)
    others = ", ".join(name for name in participants if name != me) or me
    title = next((part.title for part in parts if part.title), others)
    said = _united([[one for part in copy for one in part.said][::-1] for copy in copies])
    said.sort(key=lambda one: one.sent_at)
    sentence = phrases.recogniser({*participants, *(one.sender for one in said)})
    return [
        Message(thread_id, title, participants, me, one.sender, one.sent_at, seq, _kind(one, sentence), one.text)
        for seq, one in enumerate(said)
    ]


def _united(copies: Sequence[list[Said]]) -> list[Said]:
    """Every message as often as the copy that has it most often, so that copies double nothing and lose nothing."""
    if len(copies) == 1:
        return copies[0]
    kept: Counter[tuple[int, str, str]] = Counter()
    united = []
    for copy in copies:
        here: Counter[tuple[int, str, str]] = Counter()
        for one in copy:
            here[one[:3]] += 1
            if here[one[:3]] > kept[one[:3]]:
                kept[one[:3]] += 1
                united.append(one)
    return united


def _kind(one: Said, sentence: Callable[[str], str | None]) -> str:
    """Flags decide first, since they are the same in every language; then what Messenger's own sentences say."""
    facts = one.facts
    if facts.get("is_unsent"):
        return UNSENT
    if "call_duration" in facts or facts.get("missed") or facts.get("type") == "Call":
        return CALL
    if facts.get("users") or facts.get("type") in ("Subscribe", "Unsubscribe"):
        return SYSTEM
    media = any(facts.get(key) for key in MEDIA_KEYS)
    share = bool(facts.get("share")) or facts.get("type") == "Share"
    written = bool(one.text.strip())
    # Beside a share stands a sentence of Messenger's, in any language, unless the person typed the link.
    if share and not (written and re.search(r"https?://", one.text)):
        return SHARE
    if not written:
        return MEDIA if media else EMPTY
    if kind := sentence(one.text):
        return MEDIA if media and kind == SHARE else kind
    return TEXT


READER = Reader(
    "Messenger JSON",
    "folders with message_1.json (Facebook download in the format JSON)",
    (".json",),
    claims,
    threads,
)
