"""How a census looks: on a terminal coloured and as wide as that is, elsewhere plain, and the same for every width."""

import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from friendbot import charts, cli
from friendbot.census import shown
from friendbot.messages import KINDS, TEXT

Row = dict[str, Any]
"""A thread of `census.take`."""

SOURCES, NAMES, KINDS_SHOWN = 6, 4, 3
"""How many downloads, people of a group, and kinds of messages are listed at most."""

YEARS = 20
"""How many years a chart has at most."""

NARROW, ENDLESS = 80, 10_000
"""Columns, where there is no terminal, of charts and of anything else: nothing is cut or wrapped there."""

LONGEST_NAME, TIGHT = 28, 66
"""Columns of a name, before it is folded, and of a terminal that has room for all that tells friends apart."""

LEGEND = (
    "typed: how many messages they typed, and when; share: of all that you two typed; "
    "length: characters of their median message; emoji: messages with one"
)


class Screen:
    """Draws what `census.take` returns, as text to print."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._console = Console(width=None if self._terminal else ENDLESS, highlight=False, emoji=False)
        self._width = self._console.width if self._terminal else NARROW
        self._plain = self._console.options.ascii_only
        self._most = max(1, min(YEARS, self._width // 3 - 2))

    def overview(self, found: Row, top: int) -> str:
        """The whole archive, and the `top` friends to choose from."""
        friends = sorted(
            (row for row in found["threads"] if row["commands"]), key=lambda row: -row["typed"][_friend(row)]
        )
        others = [row for row in found["threads"] if not row["commands"]]
        with self._console.capture() as captured:
            self._archive(found)
            if friends:
                self._friends(friends[:top], len(friends), found)
            if others:
                self._others(others, -(-top // 2), bool(friends))
            if friends:
                self._commands(friends[:top], found)
        return self._text(captured.get())

    def details(self, found: Row) -> str:
        """Everything about some threads."""
        with self._console.capture() as captured:
            for row in found["threads"]:
                self._thread(row)
        return self._text(captured.get())

    def _text(self, drawn: str) -> str:
        lines = drawn.splitlines()
        while lines and not lines[-1].strip():
            lines.pop()
        return "".join(line.rstrip() + "\n" for line in lines)

    def _archive(self, found: Row) -> None:
        count = found["thread_count"]
        self._print(
            Text(f"Archive of {shown(found['owner'])}", "bold"),
            f": {sum(found['years'].values()):,} typed of {found['messages']:,} messages"
            f" in {count:,} thread{'s' if count > 1 else ''}",
        )
        for source in found["downloads"][:SOURCES]:
            said = f"{source['messages']:,} messages, {source['first']} to {source['last']}"
            self._print(shown(f"{source['path']}: {source['format']}, {said}"), indent=2)
        if (more := len(found["downloads"]) - SOURCES) > 0:
            self._print(f"and {more:,} more", indent=2)
        self._print()
        for warning in found["warnings"]:
            self._print(Text("warning: ", "bold red"), shown(warning))
            self._print()
        if axis := _axis(found["years"], self._most):
            counts = {year: found["years"].get(str(year), 0) for year in axis}
            rest = sum(found["years"].values()) - sum(counts.values())
            self._print(
                Text("typed a year", "bold"),
                f" (and {rest:,} in other years)" if rest else "",
                Text(f"   letters: {_scripts(found['scripts'])}" if found["scripts"] else "", "dim"),
            )
            bars = charts.years(counts, self._width, plain=self._plain)
            for line in bars if len(axis) > 1 else [f"{counts[axis[0]]:,} in {axis[0]}"]:
                self._print(_barred(line))
            self._print()

    def _friends(self, rows: Sequence[Row], count: int, found: Row) -> None:
        axis = _axis(found["years"], self._most)
        for extras in _extras(rows):
            table = self._table(rows, axis, extras)
            needed = self._console.measure(table, options=self._console.options.update(width=ENDLESS)).maximum
            if needed <= self._console.width or not extras:
                self._console.print(table)
                break
        if count > len(rows):
            self._print(Text(f"{count - len(rows):,} more; --top {count} shows all", "dim"))
        self._print(Text(LEGEND, "dim"))
        self._print()

    def _table(self, rows: Sequence[Row], axis: Sequence[int], extras: Sequence[str]) -> Table:
        each = 4 if len(axis) == 1 else -(-9 // len(axis))
        years = str(axis[0]) + (str(axis[-1]).rjust(each * len(axis) - 4) if len(axis) > 1 else "")
        table = Table(box=None, pad_edge=False, header_style="bold")
        tight = self._width < TIGHT
        widest = LONGEST_NAME if self._terminal else None
        table.add_column("friend", overflow="fold", min_width=12 if tight else None, max_width=widest)
        headings = ["typed", years, "share", *([] if tight else ["length", "emoji"]), *extras]
        for heading in headings:
            right = heading in ("typed", "share", "length", "emoji", "you typed")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        for row in rows:
            friend, me = _friend(row), row["owner"]
            counts = [row["years"][friend].get(str(year), 0) for year in axis]
            cells = {
                "typed": f"{row['typed'][friend]:,}",
                years: _barred(charts.spark(counts, each, plain=self._plain)),
                "share": f"{row['share'][friend]:.0%}",
                "length": f"{row['median_length'][friend]:,}",
                "emoji": f"{row['emoji_share'][friend]:.0%}",
                "you typed": f"{row['typed'][me]:,}",
                "first": row["first"],
                "last": row["last"],
                "letters": _scripts(row["scripts"][friend]),
                "not typed": _not_typed(row["kinds"]),
            }
            table.add_row(self._name(friend, "bold"), *(cells[heading] for heading in headings))
        return table

    def _others(self, rows: Sequence[Row], top: int, friends: bool) -> None:
        self._print(Text("cannot be learned from" if friends else "no thread can be learned from", "bold"))
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        table.add_column(overflow="fold")
        for row in rows[:top]:
            table.add_row(self._name(_label(row)), f"{row['kinds'].get(TEXT, 0):,} typed", Text(shown(row["refusal"])))
        self._console.print(table)
        if len(rows) > top:
            self._print(Text(f"{len(rows) - top:,} more; --thread NAME says why", "dim"))
        self._print()

    def _commands(self, friends: Sequence[Row], found: Row) -> None:
        first, settings = friends[0], found["settings"]
        told = "".join(f", with {key}: {value} in params.yaml" for key, value in settings.items())
        self._print(Text(shown(f"To learn from {_friend(first)}{told}:"), "bold"))
        self._command(first["commands"]["repro"])
        self._print("Or as an experiment, to compare with others in `dvc exp show`:")
        self._command(first["commands"]["experiment"])
        odd = [row for row in friends[1:] if not _plainly_called(row)]
        if usual := next((row for row in friends[1:] if _plainly_called(row)), None):
            self._print(f"For another friend put {_word(usual)}, and so on{'; but for these:' if odd else '.'}")
        elif odd:
            self._print("For another friend put:")
        for row in odd:
            typed = f"{row['typed'][_friend(row)]:,} typed"
            self._command(f"{_word(row)}   ({shown(_friend(row))}, {typed})")
        self._print("All about one of them:")
        options = {"thread": first["friend"], **{key.removeprefix("parse."): value for key, value in settings.items()}}
        given = " ".join(f"--{name} {cli.quote(value)}" for name, value in options.items())
        self._command(f"python src/stats.py {cli.quote(found['archive'])} {given}")

    def _thread(self, row: Row) -> None:
        self._print(Text(shown(_label(row)), "bold"), Text("  " + shown(row["thread_id"]), "dim"))
        self._print(f"{sum(row['kinds'].values()):,} messages, {row['first']} to {row['last']}")
        if row["refusal"]:
            self._print(shown(f"cannot be learned from: {row['refusal']}"))
        self._print()
        people = row["participants"][:NAMES]
        table = self._by_person("", row, people, "right")
        for heading, cells in _facts(row, people):
            table.add_row(heading, *map(Text, cells))
        self._console.print(table)
        if (more := len(row["participants"]) - NAMES) > 0:
            self._print(Text(f"and {more:,} more", "dim"))
        self._print()
        self._years(row, people)
        if row["commands"]:
            self._print(Text("To learn from this thread:", "bold"))
            self._command(row["commands"]["repro"])
            self._print("Or as an experiment, to compare with others in `dvc exp show`:")
            self._command(row["commands"]["experiment"])
            self._print()

    def _years(self, row: Row, people: Sequence[str]) -> None:
        axis = _axis({year: 1 for name in people for year in row["years"][name]})
        if not axis:
            return
        top = max(count for name in people for count in row["years"][name].values())
        wide = max(4, min(24, (self._width - 6) // len(people) - 10))
        table = self._by_person("typed a year", row, people, "left")
        for year in axis:
            cells = []
            for name in people:
                count = row["years"][name].get(str(year), 0)
                cells.append(_barred(charts.bar(count, top, wide, plain=self._plain)).append(f" {count:,}"))
            table.add_row(str(year), *cells)
        self._console.print(table)
        self._print()

    def _by_person(self, heading: str, row: Row, people: Sequence[str], justify: Any) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(heading)
        for name in people:
            table.add_column(self._name("you" if name == row["owner"] else name), justify=justify, overflow="fold")
        return table

    def _name(self, name: str, style: str = "") -> Text:
        name = shown(name)
        # On a terminal, a mark keeps what stands behind a name that is written from right to left in its column.
        leftward = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in name)
        return Text(name + ("\u200e" if self._terminal and leftward else ""), style)

    def _print(self, *parts: Text | str, indent: int = 0) -> None:
        text = Text.assemble(*parts)
        self._console.print(Padding(text, (0, 0, 0, indent), expand=False) if indent else text)

    def _command(self, line: str) -> None:
        self._console.print(Text("  " + line), soft_wrap=True)


def _friend(row: Row) -> str:
    return next(name for name in row["participants"] if name != row["owner"])


def _label(row: Row) -> str:
    """What a thread is called here."""
    return _friend(row) if row["two_party"] else row["title"] or row["owner"]


def _word(row: Row) -> str:
    return cli.assignment("FRIEND", row["friend"])


def _plainly_called(row: Row) -> bool:
    """Whether a friend is called by the name in the table, in the usual quotes."""
    return row["friend"] == _friend(row) and "'" not in row["friend"]


def _axis(years: Mapping[str, int], most: int = YEARS) -> range:
    """The years to draw: all from the first to the last, or as many as may be, without the emptier end."""
    if not years:
        return range(0)
    first, last = min(map(int, years)), max(map(int, years))
    while last - first >= most:
        if years.get(str(first), 0) <= years.get(str(last), 0):
            first += 1
        else:
            last -= 1
    return range(first, last + 1)


def _extras(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """Further columns, where there is room: as many as possible first, none in the end."""
    several = any([*row["scripts"][_friend(row)]] != ["Latin"] for row in rows)
    untyped = any(_not_typed(row["kinds"]) for row in rows)
    wanted = [*(["letters"] if several else []), "last", "first", "you typed", *(["not typed"] if untyped else [])]
    order = ("letters", "first", "last", "you typed", "not typed")
    for count in range(len(wanted), -1, -1):
        yield tuple(heading for heading in order if heading in wanted[:count])


def _facts(row: Row, people: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Headings and a cell for each of some people."""
    yield "typed", [f"{row['typed'][name]:,} ({row['share'][name]:.0%})" for name in people]
    yield "median characters", [f"{row['median_length'][name]:,}" for name in people]
    yield "nine of ten have up to", [f"{row['long_length'][name]:,}" for name in people]
    yield "with emoji", [f"{row['emoji_share'][name]:.0%}" for name in people]
    yield "letters", [_scripts(row["scripts"][name]) for name in people]
    for kind in KINDS:
        if kind != TEXT and row["kinds"].get(kind):
            yield kind, [f"{row['kinds_by'][name].get(kind, 0):,}" for name in people]


def _scripts(shares: Mapping[str, float]) -> str:
    if len(shares) == 1:
        return next(iter(shares))
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items())


def _not_typed(kinds: Mapping[str, int]) -> str:
    counts = sorted((-count, kind) for kind, count in kinds.items() if kind != TEXT)
    return ", ".join(f"{-count:,} {kind}" for count, kind in counts[:KINDS_SHOWN])


def _barred(line: str) -> Text:
    """A line of a chart, its bars coloured."""
    text = Text(line)
    text.highlight_regex(r"[▁-▏#]+", "cyan")
    return text
