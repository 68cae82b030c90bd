"""Who is in an archive: `python src/stats.py ARCHIVE` lists the threads, and the command that learns from each."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from friendbot import archives, cli, errors, messages, threads
from friendbot.messages import KINDS, TEXT, date
from friendbot.progress import Progress
from friendbot.threads import Thread

PEOPLE, KINDS_SHOWN = 3, 3
"""How many names, and kinds of messages, a row has room for."""


def main() -> None:
    parser = cli.Parser(description="List the threads of an archive, and the command that learns from each.")
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="file, folder or zip of a download")
    parser.add_argument("--json", action="store_true", help="print JSON, for other programs")
    parser.add_argument(
        "--top", type=cli.number("top", int, 1), default=20, metavar="N", help="how many threads to show (default: 20)"
    )
    parser.add_argument("--owner", metavar="NAME", help="whose archive it is, where it does not say so itself")
    parser.add_argument("--timezone", metavar="ZONE", help="such as Europe/Berlin, where its dates need one")
    arguments = parser.parse_args()

    path = arguments.archive
    with Progress("reading", unit="bytes") as progress:
        found = archives.read(path, owner=arguments.owner, timezone=arguments.timezone, progress=progress.update)
        listed = threads.summarise(messages.batches(found))
    names = [threads.fold(thread.others[0]) for thread in listed if thread.refusal() is None]
    given = {"parse.owner": arguments.owner, "parse.timezone": arguments.timezone}
    told = {key: value for key, value in given.items() if value}
    rows = []
    for thread in listed:
        ambiguous = bool(thread.others) and names.count(threads.fold(thread.others[0])) > 1
        rows.append(describe(thread, path, told, thread.thread_id if ambiguous else None))
    if arguments.json:
        print(json.dumps({"owner": listed[0].owner, "threads": rows}, indent=1, ensure_ascii=False))
    else:
        show(listed[0].owner, rows, arguments.top, told)


def describe(thread: Thread, path: Path, told: dict[str, str], friend: str | None) -> dict[str, Any]:
    """One thread as JSON has it; `friend` is what it must be called where another one is with the same name."""
    senders = sorted(thread.people, key=lambda name: (-thread.typed(name), name))
    typed = sum(thread.typed(name) for name in senders)
    refusal, kinds = thread.refusal(), thread.kinds()
    return {
        "thread_id": thread.thread_id,
        "title": thread.title,
        "participants": senders,
        "typed": {name: thread.typed(name) for name in senders},
        "share": {name: round(thread.typed(name) / typed, 3) if typed else 0 for name in senders},
        "kinds": {kind: kinds[kind] for kind in KINDS if kinds[kind]},
        "first": date(thread.first),
        "last": date(thread.last),
        "two_party": len(thread.others) == 1,
        "refusal": refusal,
        "commands": None if refusal else commands(path, friend or thread.others[0], told),
    }


def commands(path: Path, friend: str, told: dict[str, str]) -> dict[str, str]:
    """How to learn from a thread: the pipeline itself, or an experiment beside it; `told` are other params to set."""
    archive = str(path.resolve())
    settings = {"parse.archive": archive, "filter.friend": friend, **told}
    return {
        "repro": f"make repro {cli.assignment('ARCHIVE', archive)} {cli.assignment('FRIEND', friend)}",
        "experiment": "dvc exp run " + " ".join(cli.override(key, value) for key, value in settings.items()),
    }


def show(owner: str, rows: list[dict[str, Any]], top: int, told: dict[str, str]) -> None:
    """The same on a terminal: a table, and the commands below it."""
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False, emoji=False)
    with console.capture() as text:
        draw(console, owner, rows, top, told)
    print(text.get(), end="")


def draw(console: Console, owner: str, rows: list[dict[str, Any]], top: int, told: dict[str, str]) -> None:
    """Fill the console."""
    total = sum(sum(row["kinds"].values()) for row in rows)
    period = f"{min(row['first'] for row in rows)} to {max(row['last'] for row in rows)}"
    console.print(f"Archive of {owner}: {total:,} messages in {len(rows):,} threads, {period}\n", markup=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("thread", "typed", "by whom", "not typed", "from", "to", "to learn from"):
        table.add_column(heading, justify="right" if heading == "typed" else "left", overflow="fold")
    for row in rows[:top]:
        counts, shares = row["typed"], row["share"]
        shown = [f"{_you(name, owner)} {counts[name]:,} ({shares[name]:.0%})" for name in row["participants"][:PEOPLE]]
        rest = len(row["participants"]) - PEOPLE
        by = ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
        others = sorted((-count, kind) for kind, count in row["kinds"].items() if kind != TEXT)
        kinds = ", ".join(f"{-count:,} {kind}" for count, kind in others[:KINDS_SHOWN])
        name = next((name for name in row["participants"] if name != owner), owner)
        label = name if row["two_party"] else row["title"] or name
        fit = f"no: {row['refusal']}" if row["refusal"] else "yes"
        cells = (label, f"{row['kinds'].get(TEXT, 0):,}", by, kinds, row["first"], row["last"], fit)
        table.add_row(*(Text(cli.printable(cell)) for cell in cells))
    console.print(table)
    usable = [row for row in rows[:top] if row["commands"]]
    if len(rows) > top:
        console.print(f"\n{len(rows) - top} more: --top {len(rows)} shows all")
    if usable:
        first = "".join(f", with {key}: {value} in params.yaml" for key, value in told.items())
        console.print(f"\nTo learn from one of them{first}:", markup=False)
        for row in usable:
            console.print(f"  {row['commands']['repro']}", markup=False, soft_wrap=True)
        console.print("Or as an experiment, to compare with others in `dvc exp show`:")
        console.print(f"  {usable[0]['commands']['experiment']}", markup=False, soft_wrap=True)


def _you(name: str, owner: str) -> str:
    return "you" if name == owner else name


if __name__ == "__main__":
    errors.run(main)
