"""What a training shows while it runs. It decides nothing, so the train stage does not depend on it."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from friendbot import preview
from friendbot.dataset import Encoded
from friendbot.progress import Progress, duration


class Monitor:
    """The terminal during one training; a context manager."""

    def __init__(self, data: Encoded, epochs: int, seed: int) -> None:
        """A training of at most so many epochs; `seed` chooses the messages that the bot answers."""
        self._data, self._epochs, self._seed = data, epochs, seed
        self._characters = data.about["characters"]["train"]
        self._epoch = self._steps = self._valid_steps = 0
        self._bits = self._best = self._pace = math.nan
        self._timed: tuple[int, float] | None = None
        self._progress = Progress("training", unit="steps", status=self._status)

    def __enter__(self) -> "Monitor":
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def begin(self, epoch: int, steps: int, valid_steps: int, best: float) -> None:
        """An epoch, counted from 1, of so many steps of training and then of validation.

        `best` is the lowest bits per character of the validation so far, nan if there is none.
        """
        self._epoch, self._steps, self._valid_steps, self._best, self._timed = epoch, steps, valid_steps, best, None
        self._progress.restart(f"epoch {epoch}/{self._epochs}", steps + valid_steps)

    def trained(self, steps: int, bits_per_char: float) -> None:
        """So many steps of the epoch are through; the first, which may be traced, says nothing about the pace."""
        now = time.monotonic()
        if self._timed is None:
            self._timed = steps, now
        else:
            self._pace = (now - self._timed[1]) / (steps - self._timed[0])
        self._bits = bits_per_char
        self._progress.update(steps)

    def validated(self, steps: int) -> None:
        """So many steps of the validation are through."""
        self._progress.update(self._steps + steps)

    def end(self, history: Sequence[Mapping[str, float]], best: int, seconds: float, done: bool) -> None:
        """An epoch is through, in so many seconds; `history` has a row for each, `best` is the number of one."""
        row = history[-1]
        minutes = math.ceil((self._epochs - len(history)) * seconds / 60)
        self.say(
            f"epoch {len(history)}/{self._epochs}  "
            f"train {row['train_bits_per_char']:.3f}  valid {row['valid_bits_per_char']:.3f} bits per character "
            f"(best {history[best - 1]['valid_bits_per_char']:.3f}, epoch {best})  "
            f"{self._characters / seconds:,.0f} characters/s{'' if done else f', at most {minutes} min left'}"
        )

    def answer(self, checkpoint: Path) -> None:
        """Tell what the bot would say now."""
        for line in preview.lines(checkpoint, self._data, self._seed):
            self._progress.say(f"    {line}", cut=True)

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self._progress.say(line)

    def _status(self) -> Iterator[str]:
        """The line that changes. Steps of the validation, which take less, count as any: so "all <"."""
        steps, done = self._steps, self._progress.count
        if not self._epoch:
            yield "preparing"
            return
        yield f"epoch {self._epoch}/{self._epochs}"
        yield f"{min(done, steps):,}/{steps:,}"
        if math.isfinite(self._pace):
            each = self._pace * (steps + self._valid_steps)
            left = each - self._pace * done
            yield f"left {duration(left)}, all <{duration(left + each * (self._epochs - self._epoch))}"
        if math.isfinite(self._bits):
            yield f"train {self._bits:.3f}"
        if math.isfinite(self._best):
            yield f"best {self._best:.3f}"
        if math.isfinite(self._pace):
            yield f"{self._characters / steps / self._pace:,.0f} char/s"
