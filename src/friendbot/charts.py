"""Small charts out of characters. The `plain` ones are for terminals that know ASCII alone."""

from collections.abc import Mapping, Sequence

UPWARD, ACROSS = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
"""From nothing to a full cell, in eighths."""

NOTHING = "·"
"""Stands for 0, which is not the same as few."""

GAP = 2


def spark(values: Sequence[int], each: int = 1, *, plain: bool = False) -> str:
    """A line of upright bars, `each` columns wide. Plain: digits, 9 for the highest."""
    top, marks = max(values, default=0), "0123456789" if plain else UPWARD
    nothing = "." if plain else NOTHING
    return "".join((marks[_scaled(value, top, len(marks) - 1)] if value else nothing) * each for value in values)


def bar(value: int, top: int, width: int, *, plain: bool = False) -> str:
    """A bar from left to right, `width` columns long for `top`; short ones are padded."""
    if plain:
        return ("#" * (_scaled(value, top, width) if value else 0)).ljust(width)
    full, rest = divmod(_scaled(value, top, width * 8), 8) if value else (0, 0)
    return (ACROSS[8] * full + (ACROSS[rest] if rest else "")).ljust(width)


def years(counts: Mapping[int, int], width: int, height: int = 3, *, plain: bool = False) -> list[str]:
    """Upright bars over years without a gap between them, at least one: `height` lines and two more.

    Each bar has its number on top where `width` has room for all of them, otherwise the highest alone.
    """
    numbers = {year: f"{count:,}" if count else "" for year, count in counts.items()}
    each = max(4, *map(len, numbers.values())) + GAP
    label = 4
    if each * len(counts) - GAP > width:
        each, label = (6, 4) if 6 * len(counts) - GAP <= width else (3, 2)
        highest = max(counts, key=lambda year: counts[year])
        numbers = {year: number if year == highest else "" for year, number in numbers.items()}
    top, steps = max(counts.values()), 1 if plain else 8
    lines = [[" "] * (each * len(counts) + max(map(len, numbers.values()))) for _ in range(height + 2)]
    for column, (year, count) in enumerate(counts.items()):
        full, rest = divmod(_scaled(count, top, height * steps) if count else 0, steps)
        marks = [("#" if plain else UPWARD[8]) * label] * full + ([UPWARD[rest] * label] if rest else [])
        marks = [str(year)[-label:], *(marks or [("." if plain else NOTHING) * label]), numbers[year]]
        for level, mark in enumerate(marks):
            lines[-1 - level][column * each : column * each + len(mark)] = mark
    return ["".join(line).rstrip() for line in lines]


def _scaled(value: int, top: int, steps: int) -> int:
    """The height of a value above 0, from 1 to `steps`."""
    return max(1, round(value * steps / top))
