"""What an archive was put together from, and what is missing beside it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from friendbot.archives.reader import Copy
from friendbot.archives.tree import Entry
from friendbot.messages import date

DAY = 86_400_000
QUIET = 60 * DAY
"""Milliseconds without a message, before a download was asked for, that are odd."""

ENCRYPTED = 1_701_820_800_000
"""Milliseconds since 1970 of 6 December 2023: from then on, Messenger moved chats to end-to-end encryption."""

END_TO_END = "Messenger end-to-end encrypted"
"""Name of the format that holds what was said since."""

HOW = (
    "On a computer, messenger.com/secure_storage/dyi has it, or messenger.com > your picture > Privacy & safety > "
    "End-to-end encrypted chats > Message storage > Download secure storage data (newer: Chat history > Last backup > "
    "Download chat backup); it asks for your PIN. "
    "Put what comes into one folder with this download, and give that folder."
)
"""How to get Messenger's encrypted download."""

CUT_OVER = "/e2ee_cutover/"
"""In paths of threads that went on end-to-end encrypted."""

SECTIONS = frozenset(
    {"messages", "html", "inbox", "archived_threads", "filtered_threads", "message_requests", "e2ee_cutover", "groups"}
)
"""Folders that lie inside a download; `your_...` are others."""

_NAMED = re.compile(
    r"(?:facebook|instagram)-.*?(?<!\d)(?:(20\d\d)-(\d\d?)-(\d\d?)|(\d\d?)_(\d\d?)_(20\d\d))(?!\d)", re.IGNORECASE
)


@dataclass
class Download:
    """What one folder or zip held in one format, before copies were put together."""

    path: str
    """Where it is, beginning with the name of the archive."""
    format: str
    family: str
    """As of `reader.Copy`."""
    messages: int = 0
    first: int = 0
    """Milliseconds since 1970 UTC of the oldest message; `last` of the newest."""
    last: int = 0
    requested: int | None = None
    """The day it was asked for, in milliseconds since 1970 UTC, where that can be told."""
    cut_over: int = 0
    """Threads in it that went on end-to-end encrypted: Messenger's encrypted download has what followed."""


def root(entry: Entry) -> str:
    """Path of the folder or zip whose download a file belongs to."""
    parts = entry.path.split("/")
    if entry.info:
        return "/".join(parts[: -len(entry.info.filename.replace("\\", "/").split("/"))])
    inner = (index for index, part in enumerate(parts) if part.lower() in SECTIONS or part.startswith("your_"))
    return "/".join(parts[: max(1, next(inner, len(parts) - 1))])


def packed(entries: Iterable[Entry]) -> dict[Path, int]:
    """When the newest file of each zip was put into it, in milliseconds since 1970; not of zips that keep no dates."""
    newest: dict[Path, tuple[int, ...]] = {}
    for entry in entries:
        if entry.info and 1980 < entry.info.date_time[0] < 2100:
            newest[entry.disk] = max(newest.get(entry.disk, (0,)), entry.info.date_time)
    times = {path: _time(*stamp[:3]) for path, stamp in newest.items()}
    return {path: time for path, time in times.items() if time is not None}


def named(path: str) -> int | None:
    """The date in the name that Facebook and Instagram give a download, in milliseconds since 1970."""
    for part in reversed(path.split("/")):
        if match := _NAMED.match(part):
            year, month, day, one, two, late = (int(group or 0) for group in match.groups())
            return _time(year, month, day) if year else _time(late, one, two) or _time(late, two, one)
    return None


def _time(year: int, month: int, day: int) -> int | None:
    try:
        return int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def is_cut_over(copy: Copy) -> bool:
    """Whether a thread went on end-to-end encrypted."""
    return any(CUT_OVER in f"/{entry.path}" for entry in copy.entries)


def missing(downloads: Sequence[Download]) -> str | None:
    """What an archive of Messenger's lacks, as far as its downloads tell; None where nothing hints at it."""
    ours = [download for download in downloads if download.family == "facebook"]
    if any(download.format == END_TO_END for download in ours):
        return None
    if count := sum(download.cut_over for download in ours):
        went = "1 thread went on" if count == 1 else f"{count:,} threads went on"
        return f"{went} end-to-end encrypted, and this archive lacks all that followed."
    dated = [(download.requested, download.path) for download in ours if download.requested is not None]
    if not dated:
        return None
    requested, path = max(dated)
    newest = max(download.last for download in ours)
    if requested < ENCRYPTED or requested - newest <= QUIET:
        return None
    return (
        f"{path} was asked for on {date(requested)}, yet the newest message is of {date(newest)}: "
        "what followed is probably in Messenger's download of end-to-end encrypted chats."
    )
