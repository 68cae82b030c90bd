"""What can be told of an archive before a friend is chosen, as plain data: what `src/stats.py` shows and prints."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from friendbot import archives, cli, messages, threads
from friendbot.archives import sources
from friendbot.archives.sources import Download
from friendbot.messages import KINDS, date
from friendbot.portraits import Portrait, Portraits
from friendbot.threads import Thread

LONG = 0.9
"""Share of the messages that are not longer than what is called long."""

TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that change the direction of all that follows."""


def take(
    path: Path,
    owner: str | None = None,
    timezone: str | None = None,
    only: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Read an archive once and describe it; `only` names the threads to describe (see `threads.named`).

    Raises:
        ArchiveError: it cannot be read.
        ThreadError: there is no thread that `only` could mean.
    """
    drawn = Portraits()
    reading = archives.read(path, owner=owner, timezone=timezone, progress=progress)
    found = threads.summarise(drawn.watching(messages.joined(reading)))
    portraits = drawn.all()
    told = {key: value for key, value in {"parse.owner": owner, "parse.timezone": timezone}.items() if value}
    called = callings(found)
    wanted = threads.named(found, only) if only else found
    lacking = sources.missing(reading.downloads)
    return {
        "archive": str(path.resolve()),
        "settings": told,
        "owner": ", ".join(name for name, _ in Counter(thread.owner for thread in found).most_common()),
        "messages": sum(thread.kinds().total() for thread in found),
        "downloads": [_download(download) for download in reading.downloads],
        "warnings": [f"{lacking} {sources.HOW}"] if lacking else [],
        "years": _years(portraits.values()),
        "scripts": _rounded(_together(portraits.values()).scripts()),
        "thread_count": len(found),
        "threads": [_thread(thread, portraits, path, told, called.get(thread.thread_id)) for thread in wanted],
    }


def shown(text: str) -> str:
    """Text as one line that leaves a terminal as it is: nothing in it rings, moves the cursor or turns what follows."""
    return cli.printable(text).translate(TURNING)


def callings(found: Iterable[Thread]) -> dict[str, str]:
    """What `filter.friend` must be, by the id of each thread that can be learned from: a name, or else the id."""
    usable = [thread for thread in found if thread.refusal() is None]
    names = Counter(threads.fold(thread.others[0]) for thread in usable)
    return {
        # A name that another has too, or that no terminal shows as it is, cannot be typed.
        thread.thread_id: name
        if names[threads.fold(name := thread.others[0])] == 1 and shown(name) == name
        else thread.thread_id
        for thread in usable
    }


def commands(path: Path, friend: str, told: dict[str, str]) -> dict[str, str]:
    """How to learn from a thread: the pipeline itself, or an experiment beside it; `told` are other params to set."""
    archive = str(path.resolve())
    settings = {"parse.archive": archive, "filter.friend": friend, **told}
    return {
        "repro": f"make repro {cli.assignment('ARCHIVE', archive)} {cli.assignment('FRIEND', friend)}",
        "experiment": "dvc exp run " + " ".join(cli.override(key, value) for key, value in settings.items()),
    }


def _thread(
    thread: Thread, portraits: dict[tuple[str, str], Portrait], path: Path, told: dict[str, str], friend: str | None
) -> dict[str, Any]:
    senders = sorted(thread.people, key=lambda name: (-thread.typed(name), name))
    typed = sum(thread.typed(name) for name in senders)
    drawn = {name: portraits.get((thread.thread_id, name), Portrait()) for name in senders}
    kinds = thread.kinds()
    return {
        "thread_id": thread.thread_id,
        "title": thread.title,
        "owner": thread.owner,
        "participants": senders,
        "two_party": len(thread.others) == 1,
        "first": date(thread.first),
        "last": date(thread.last),
        "kinds": {kind: kinds[kind] for kind in KINDS if kinds[kind]},
        "kinds_by": {name: _kinds(thread, name) for name in senders},
        "typed": {name: thread.typed(name) for name in senders},
        "share": {name: round(thread.typed(name) / typed, 3) if typed else 0 for name in senders},
        "median_length": {name: one.length() for name, one in drawn.items()},
        "long_length": {name: one.length(LONG) for name, one in drawn.items()},
        "emoji_share": {name: round(one.emoji(), 3) for name, one in drawn.items()},
        "scripts": {name: _rounded(one.scripts()) for name, one in drawn.items()},
        "years": {name: {str(year): one.years[year] for year in sorted(one.years)} for name, one in drawn.items()},
        "refusal": thread.refusal(),
        "friend": friend,
        "commands": commands(path, friend, told) if friend else None,
    }


def _kinds(thread: Thread, name: str) -> dict[str, int]:
    return {kind: thread.counts[name, kind] for kind in KINDS if thread.counts[name, kind]}


def _download(download: Download) -> dict[str, Any]:
    requested = None if download.requested is None else date(download.requested)
    return {**asdict(download), "first": date(download.first), "last": date(download.last), "requested": requested}


def _together(portraits: Iterable[Portrait]) -> Portrait:
    everyone = Portrait()
    for one in portraits:
        everyone.years += one.years
        everyone.letters += one.letters
    return everyone


def _years(portraits: Iterable[Portrait]) -> dict[str, int]:
    return {str(year): count for year, count in sorted(_together(portraits).years.items())}


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    return {name: round(share, 3) for name, share in shares.items()}
