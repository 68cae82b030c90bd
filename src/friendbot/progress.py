"""How far a long job is: a bar with the time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterable
from types import TracebackType

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Column
from rich.text import Text

SECONDS_BETWEEN_LINES = 10.0
BETWEEN = "  "

Status = Callable[[], Iterable[str]]
"""What a line about the job says, in parts, the most important first."""


class Progress:
    """Progress of one job on stderr; a context manager."""

    def __init__(self, label: str, unit: str, total: int | None = None, status: Status | None = None) -> None:
        """Progress of `total` units. With `status`, its parts take the bar's place, as many as fit on the line."""
        self.label, self.unit, self.total, self.count, self.status = label, unit, total, 0, status
        console = Console(stderr=True)
        self._bar: Bar | None = None
        if console.is_terminal:
            columns: tuple[ProgressColumn, ...] = (
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
                MofNCompleteColumn(),
                TextColumn(unit),
            )
            if status:
                columns = (_Line(status, console),)
            self._bar = Bar(*columns, console=console, transient=True, refresh_per_second=5)
            self._task = self._bar.add_task(label, total=total)
        self._last_line = time.monotonic()

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def restart(self, label: str, total: int) -> None:
        """Begin the next part of the job, of `total` units."""
        self.label, self.count, self.total = label, 0, total
        if self._bar:
            self._bar.reset(self._task, description=label, total=total)

    def advance(self, count: int) -> None:
        """So many units more are done."""
        self.update(self.count + count)

    def update(self, count: int, total: int | None = None) -> None:
        """So many units are done in all."""
        self.count = count
        self.total = total or self.total
        if self._bar:
            self._bar.update(self._task, completed=count, total=self.total)
        elif time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            share = f" of {self.total:,} ({count / self.total:.0%})" if self.total else ""
            self.say(BETWEEN.join(self.status()) if self.status else f"{self.label}: {count:,}{share} {self.unit}")

    def say(self, line: str, cut: bool = False) -> None:
        """Print a line that stays, above the bar where there is one; a terminal wraps it at words, or has it `cut`."""
        if self._bar:
            self._bar.console.print(Text(line), no_wrap=cut, overflow="ellipsis" if cut else None)
        else:
            print(line, file=sys.stderr, flush=True)
            self._last_line = time.monotonic()


class _Line(ProgressColumn):
    """As many parts of a status as fit on one line of the terminal."""

    def __init__(self, status: Status, console: Console) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis"))
        self._status, self._console = status, console

    def render(self, task: Task) -> Text:
        """The line as it is now."""
        first, *rest = self._status()
        for part in rest:
            if cell_len(longer := first + BETWEEN + part) > self._console.width:
                break
            first = longer
        return Text(first)


def duration(seconds: float) -> str:
    """A time as clocks show it: `0:07`, `12:30`, `1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
