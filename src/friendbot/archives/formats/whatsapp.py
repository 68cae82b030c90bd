"""WhatsApp's exported chats: `WhatsApp Chat with NAME.txt` (Android), `_chat.txt` in a zip (iPhone)."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

import pyarrow as pa

from friendbot.archives.dates import MINUTE, Calendar, UnknownDate, Wall
from friendbot.archives.dates.clock import Clock
from friendbot.archives.formats.whatsapp_lines import Lines, is_chat, parse
from friendbot.archives.formats.whatsapp_notices import MARKS, notices
from friendbot.archives.names import UNKNOWN, folded
from friendbot.archives.reader import Copy, Job, Reader, said
from friendbot.archives.tree import Entry
from friendbot.errors import ArchiveError
from friendbot.messages import SYSTEM, TEXT

_COPIED = re.compile(r"\s?\(\d+\)$")
"""What computers put at the end of the name of a second file."""


def claims(entry: Entry, head: bytes) -> bool:
    """Whether the first lines have the shape of a chat's."""
    return is_chat(head.decode("utf-8-sig", "replace").replace("\r\n", "\n"))


def copies(job: Job) -> list[Copy]:
    """List the chats. Each is read whole here, since only its messages tell who takes part, and kept as columns."""
    found = []
    assumed: list[str] = []
    guessed: dict[str, tuple[str, datetime]] = {}
    for entry in job.entries:
        clock = Clock(job.timezone)
        found.append(_copy(job, entry, clock, guessed))
        if clock.assumed:
            assumed.append(entry.path)
    if assumed:
        job.note_utc(_first(assumed))
    if guessed:
        job.note_order(_first([*guessed]), *next(iter(guessed.values())))
    return found


def _first(paths: Sequence[str]) -> str:
    """Files that a note is about."""
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else paths[0]


def _copy(job: Job, entry: Entry, clock: Clock, guessed: dict[str, tuple[str, datetime]]) -> Copy:
    """The chat of a file; enters a date into `guessed` where the order of day and month had to be."""
    lines = parse(_text(job, entry))
    if lines.before:
        job.damage(entry.path, f"{lines.before:,} lines before the first message")
    times, step = _times(entry, lines, clock, guessed)
    if bad := [head for head, time in zip(lines.heads, times, strict=True) if time is None] + lines.broken:
        why = f"have no usable time, such as {bad[0]!r}"
        job.lose(entry.path, len(bad), len(times) + len(lines.broken), why)
    texts, kinds = _said(lines)
    senders = lines.senders
    everyone = dict.fromkeys(sender for sender in senders if sender)
    people = tuple(dict.fromkeys(one for one, kind in zip(senders, kinds, strict=True) if one and kind != SYSTEM))
    title = _title(entry, people, [name for name in everyone if name not in people])
    if len(people) == 2 and title in people:
        # The file is named after the other one.
        job.state(name for name in people if name != title)
    elif len(people) == 1 and title not in ("", *people):
        people = (*people, title)
    senders = _attributed(senders, texts, kinds, people, title, job.owner)
    kept = [place for place, time in enumerate(times) if time is not None]
    batch = said(
        [time for time in times if time is not None],
        [senders[place] or UNKNOWN for place in kept],
        [texts[place] for place in kept],
        {number: kinds[place] for number, place in enumerate(kept)},
    )
    names = ", ".join(sorted(name for name in people if name not in (job.owner, *job.owners))) or ", ".join(people)
    read = partial(_batches, job, entry, batch)
    key = f"whatsapp:{title or names or entry.name}"
    return Copy(key, title, people, (entry,), read, None, "whatsapp", step, held=True)


def _batches(job: Job, entry: Entry, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    job.advance(entry.size)
    yield batch


def _text(job: Job, entry: Entry) -> str:
    data = job.read(entry)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "replace")
        lost = text.count("\ufffd") - data.count("\ufffd".encode())
        job.damage(entry.path, f"{lost:,} characters are not UTF-8")
        return text


def _times(
    entry: Entry, lines: Lines, clock: Clock, guessed: dict[str, tuple[str, datetime]]
) -> tuple[list[int | None], int]:
    """Times in milliseconds since 1970 UTC, None where one cannot be read; and to how many they are known."""
    calendar = Calendar()
    calendar.observe(lines.days.values(), newest_first=False)
    walls: dict[str, Wall | None] = {}
    for head in lines.heads:
        if head not in walls:
            try:
                walls[head] = calendar.read(head)
            except UnknownDate:
                walls[head] = None
    unlike = ((head, wall.time) for head, wall in walls.items() if wall and wall.time.day != wall.time.month)
    if calendar.guessed and (example := next(unlike, None)):
        guessed[entry.path] = example
    try:
        known = {head: wall and clock.instant(wall) for head, wall in walls.items()}
    except ArchiveError as error:
        raise ArchiveError(f"{entry.path}: {error}") from error
    times = [known[head] for head in lines.heads]
    clock.unfold(times)
    return times, max((wall.step for wall in walls.values() if wall), default=MINUTE)


def _said(lines: Lines) -> tuple[list[str], list[str]]:
    """Texts and kinds."""
    table = notices()
    typed, read = table.typed, table.read
    texts, kinds = [], []
    for sender, body in zip(lines.senders, lines.bodies, strict=True):
        if sender is None:
            kind, text = SYSTEM, MARKS.sub("", body)
        elif typed(body):
            kind, text = TEXT, body
        else:
            kind, text = read(body)
        texts.append(text)
        kinds.append(kind)
    return texts, kinds


def _title(entry: Entry, people: Sequence[str], others: Sequence[str]) -> str:
    """What the chat is called: by the name of the file or of its zip; iPhones also let it tell what happened in it."""
    stem = entry.name.rpartition(".")[0]
    if "whatsapp" not in stem.casefold():
        folder = entry.folder.rpartition("/")[2]
        stem = folder.removesuffix(".zip") if "whatsapp" in folder.casefold() else ""
    stem = _COPIED.sub("", stem).strip()
    if " " not in stem:
        stem = stem.replace("_", " ")
    between = "|".join(map(re.escape, notices().between))
    if found := re.search(rf"whatsapp\b.*?(?:\s-|\s(?:{between}))\s+(\S.*)", stem, re.IGNORECASE):
        return next((name for name in people if _filed(name) == _filed(found[1])), found[1])
    # In other languages the name comes first or last as well.
    words = f" {_filed(stem)} "
    ends = [name for name in people if words.startswith(f" {_filed(name)} ") or words.endswith(f" {_filed(name)} ")]
    return max(ends, key=len) if ends else others[0] if others else ""


def _filed(name: str) -> str:
    """A name as it is in the name of a file, which lacks some characters."""
    return " ".join(re.sub(r'[\\/:*?"<>|_]', " ", folded(name)).split())


def _attributed(
    senders: Sequence[str | None],
    texts: Sequence[str],
    kinds: Sequence[str],
    people: Sequence[str],
    title: str,
    owner: str | None,
) -> list[str | None]:
    """Senders of notices: who is named first in one, else the other of a pair; a chat's own name is nobody's."""
    if title in people:
        default = title
    elif 0 < len(people) <= 2:
        default = next((name for name in people if name != owner), people[0])
    else:
        default = title or UNKNOWN
    names = sorted(people, key=len, reverse=True)
    return [
        next((name for name in names if text.startswith(f"{name} ")), default)
        if kind == SYSTEM and (sender is None or sender not in people)
        else sender
        for sender, text, kind in zip(senders, texts, kinds, strict=True)
    ]


READER = Reader(
    "WhatsApp",
    "WhatsApp Chat with NAME.txt or _chat.txt (a chat exported from the app)",
    (".txt",),
    claims,
    copies,
)
