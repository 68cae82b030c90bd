"""Folders of threads: Messenger's and Instagram's downloads put each into `<name>_<id>`, its newest part first."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from friendbot.archives.tree import Entry

_PART = re.compile(
    r"message(?:_(\d+)(?:(?: -)? [^\W\d_]+)?)?"  # `message_1 - Copy`, in any language
    r"(?: ?\(\d+\)| \d+)?\.(?:json|html?)",  # `message_1 (1)`, `message_1 2`
    re.IGNORECASE,
)
_INSTAGRAM = re.compile(r"(^|/)(your_instagram_activity|instagram-[^/]*)/", re.IGNORECASE)
_ACCOUNT = re.compile(r"\d{10,}")


class Folder(NamedTuple):
    """One thread as one download has it."""

    key: str
    """Its name, which ends in the thread's id."""
    entries: tuple[Entry, ...]
    """Its files, the oldest messages first."""
    identity: str
    """Equal for two folders of one thread, in whatever format and whatever its people are called by then."""
    family: str
    """`facebook` or `instagram`, as in `reader.Copy`."""


def is_part(entry: Entry) -> bool:
    """Whether a file is named as the files of threads are, or as a computer names a second one of them."""
    return bool(_PART.fullmatch(entry.name))


def threads(entries: Iterable[Entry]) -> list[Folder]:
    """Put files of one format together by their folders, sorted by key and path."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((_key(entry), entry.folder), []).append(entry)
    # `groups/your_group_messages/<id>.json` repeats the thread whose folder is `<name>_<id>`.
    folders = {key.rpartition("_")[2]: key for key, _ in sorted(groups) if not key.isdigit()}
    found = []
    for name, parts in _spread(groups):
        key = folders.get(name, name) if name.isdigit() else name
        # Of ten parts the oldest is message_10, after message_9.
        oldest = tuple(sorted(parts, key=_number, reverse=True))
        account = key.rpartition("_")[2]
        identity = account if _ACCOUNT.fullmatch(account) else key
        found.append(Folder(key, oldest, identity, "instagram" if _INSTAGRAM.search(oldest[0].path) else "facebook"))
    return found


def _spread(groups: dict[tuple[str, str], list[Entry]]) -> Iterator[tuple[str, list[Entry]]]:
    """Files of each thread and download: the zips of one download share out a thread's files, one has the newest."""
    by_key: dict[str, list[list[Entry]]] = {}
    for (key, _), files in sorted(groups.items()):
        wholes = by_key.setdefault(key, [])
        for parts in _apart(files):
            numbers = {_number(part)[0] for part in parts}
            rest = next((whole for whole in wholes if parts[0].info and whole[0].info and _fit(numbers, whole)), None)
            if rest is None:
                wholes.append([*parts])
            else:
                rest += parts
    return ((key, whole) for key, wholes in by_key.items() for whole in wholes)


def _apart(files: list[Entry]) -> list[list[Entry]]:
    """Files of one folder such that no number is there twice: who keeps both files of a name merged two downloads."""
    apart: list[list[Entry]] = []
    taken: Counter[int] = Counter()
    for file in sorted(files, key=lambda file: (len(file.name), file.path)):
        number, _ = _number(file)
        if taken[number] == len(apart):
            apart.append([])
        apart[taken[number]].append(file)
        taken[number] += 1
    return apart


def _fit(numbers: set[int], whole: list[Entry]) -> bool:
    """Whether files can be of the download that other files are of: no number is there twice."""
    return numbers.isdisjoint(_number(part)[0] for part in whole)


def _key(entry: Entry) -> str:
    if is_part(entry) and entry.folder:
        return entry.folder.rpartition("/")[2]
    return entry.name.rpartition(".")[0]


def _number(entry: Entry) -> tuple[int, str]:
    match = _PART.fullmatch(entry.name)
    return (int(match[1] or 0) if match else 0, entry.name)
