import re
from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from friendbot import progress
from friendbot.progress import Progress, duration

PARTS = ["epoch 1/2", "5/9", "left 0:01, all <0:07", "train 1.234"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time, in its only item."""
    now = [0.0]
    with monkeypatch.context() as patch:
        patch.setattr(progress.time, "monotonic", lambda: now[0])
        yield now


@pytest.mark.parametrize("seconds", [(0, "0:00"), (59.6, "1:00"), (754, "12:34"), (3723, "1:02:03")])
def test_times_are_as_on_clocks(seconds: tuple[float, str]) -> None:
    assert duration(seconds[0]) == seconds[1]


def test_without_a_terminal_there_is_a_line_every_ten_seconds_at_most(
    clock: list[float], capfd: pytest.CaptureFixture[str]
) -> None:
    with Progress("reading", unit="bytes", total=40) as bar:
        for second in range(1, 36):
            clock[0] = second
            bar.advance(1)
            if second == 15:
                bar.say("half-way")
    assert capfd.readouterr().err.splitlines() == [
        "reading: 11 of 40 (28%) bytes",
        "half-way",
        "reading: 26 of 40 (65%) bytes",
    ]


def test_a_status_takes_the_place_of_the_count(clock: list[float], capfd: pytest.CaptureFixture[str]) -> None:
    with Progress("training", unit="steps", total=9, status=lambda: PARTS) as bar:
        clock[0] = 11
        bar.update(5)
    assert capfd.readouterr().err == "epoch 1/2  5/9  left 0:01, all <0:07  train 1.234\n"


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (80, "epoch 1/2  5/9  left 0:01, all <0:07  train 1.234"),
        (40, "epoch 1/2  5/9  left 0:01, all <0:07"),
        (7, "epoch …"),
    ],
)
def test_on_a_terminal_one_line_changes_and_never_wraps(
    columns: int, shown: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    with Progress("training", unit="steps", total=9, status=lambda: PARTS) as bar:
        bar.say("    Are you coming on Saturday? -> i have climbing till eight", cut=True)
        bar.update(5)
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", capfd.readouterr().err).replace("\r", "\n").splitlines()
    assert shown in lines
    assert max(map(cell_len, lines)) <= columns
    (said,) = {line for line in lines if line.startswith("    ")}
    assert said.endswith("…") == (columns < 80)
