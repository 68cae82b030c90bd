"""How far a long job is: a bar with the time left on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Progress of one job on stderr; a context manager."""

    def __init__(self, label: str, unit: str, total: int | None = None) -> None:
        self.label, self.unit, self.total, self.count = label, unit, total, 0
        console = Console(stderr=True)
        self._bar: Bar | None = None
        if console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            self._bar = Bar(*columns, MofNCompleteColumn(), TextColumn(unit), console=console, transient=True)
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

    def restart(self, label: str) -> None:
        """Begin the next part of the job, of the same length."""
        self.label, self.count = label, 0
        if self._bar:
            self._bar.reset(self._task, description=label)

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
            self.say(f"{self.label}: {count:,}{share} {self.unit}")

    def say(self, line: str) -> None:
        """Print a line that stays, above the bar where there is one."""
        if self._bar:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)
            self._last_line = time.monotonic()
