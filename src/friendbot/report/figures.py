"""Small charts as inline SVG. What a colour says, a shape or a dash says too; colours are the style sheet's."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

WIDTH, HEIGHT = 400, 250
"""Of a chart, in units of which a phone shows about one a pixel."""
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 44
STRIP_WIDTH, STRIP_HEIGHT = 120, 18
TICKS = 5
AROUND = ((13, 0), (-13, 0), (0, -13), (0, 13))
"""Where a point's label may stand: the first that is free."""


class Series(NamedTuple):
    """A line."""

    kind: str
    """Whose, which is the CSS class."""
    points: Sequence[tuple[float, float]]


class Spot(NamedTuple):
    """A labelled point."""

    kind: str
    x: float
    y: float
    label: str


def lines(series: Sequence[Series], title: str, x_label: str, y_label: str) -> Markup:
    """A chart of lines; each has at least one point."""
    points = [point for each in series for point in each.points]
    axes = _Axes([x for x, _ in points], [y for _, y in points], whole=True)
    drawn = []
    for each in series:
        places = [axes.place(x, y) for x, y in each.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        drawn.append(_tag("polyline", class_=f"line {each.kind}", points=path))
        drawn += [_tag("circle", class_=f"dot {each.kind}", cx=x, cy=y, r=2.5) for x, y in places]
    return _chart(title, axes.drawn(x_label, y_label), *drawn)


def scatter(spots: Sequence[Spot], title: str, x_label: str, y_label: str, limit: float | None = None) -> Markup:
    """A chart of labelled points, at least one; x begins at 0, and an upright line stands at `limit`."""
    axes = _Axes([0.0, *(spot.x for spot in spots), limit or 0.0], [spot.y for spot in spots])
    drawn = []
    if limit is not None:
        x, _ = axes.place(limit, 0)
        drawn.append(_tag("line", class_="limit", x1=x, y1=TOP, x2=x, y2=HEIGHT - BOTTOM))
    places = [axes.place(spot.x, spot.y) for spot in spots]
    taken = list(places)
    for spot, (x, y) in zip(spots, places, strict=True):
        room = [min(math.dist((x + dx, y + dy), other) for other in taken) for dx, dy in AROUND]
        dx, dy = AROUND[next((side for side, free in enumerate(room) if free > 11), room.index(max(room)))]
        taken.append((x + dx, y + dy))
        drawn += [mark(spot.kind, x, y), _text(spot.label, x + dx, y + dy + 4, "label middle")]
    return _chart(title, axes.drawn(x_label, y_label), *drawn)


def strip(
    spots: Sequence[tuple[str, float]], interval: tuple[float, float], low: float, high: float, title: str
) -> Markup:
    """Marks on one line from `low` to `high`, and the interval of the last; what lies outside is drawn at the end."""

    def place(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.0
        return 7 + min(1.0, max(0.0, share)) * (STRIP_WIDTH - 14)

    middle = STRIP_HEIGHT / 2
    axis = _tag("line", class_="axis", x1=7, y1=middle, x2=STRIP_WIDTH - 7, y2=middle)
    ends = [place(end) for end in interval]
    whisker = _tag("line", class_=f"whisker {spots[-1][0]}", x1=ends[0], y1=middle, x2=ends[1], y2=middle)
    drawn = [mark(kind, place(value), middle) for kind, value in spots]
    return _svg(STRIP_WIDTH, STRIP_HEIGHT, "strip", title, axis, whisker, *drawn)


def bar(value: float, top: float, kind: str) -> Markup:
    """A bar from left to right, for a table that has the number too."""
    width = 100 * value / top if top else 0.0
    return _tag(
        "svg",
        _tag("rect", class_=f"fill {kind}", width=width, height=8),
        class_="bar",
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def key(kind: str, line: bool = False) -> Markup:
    """A mark for a legend, or a piece of a line."""
    drawn = _tag("polyline", class_=f"line {kind}", points="1,8 23,8") if line else mark(kind, 12, 8)
    return _tag("svg", drawn, class_="key", viewBox="0 0 24 16", aria_hidden="true")


def mark(kind: str, x: float, y: float) -> Markup:
    """The shape that stands for a kind."""
    match kind:
        case "earlier":
            return _tag("line", class_="mark earlier", x1=x, y1=y - 7, x2=x, y2=y + 7)
        case "me":
            return _tag("rect", class_="mark me", x=x - 4, y=y - 4, width=8, height=8)
        case "friend":
            points = f"{x:.1f},{y - 6:.1f} {x + 6:.1f},{y:.1f} {x:.1f},{y + 6:.1f} {x - 6:.1f},{y:.1f}"
            return _tag("polygon", class_="mark friend", points=points)
        case "tried":
            return _tag("circle", class_="mark tried", cx=x, cy=y, r=4)
        case _:
            return _tag("circle", class_=f"mark {kind}", cx=x, cy=y, r=5)


def ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Round numbers at equal steps, about `TICKS` of them, the first at or below `low`, the last at or above `high`.

    Args:
        low: the least value.
        high: the largest value, not below it.
        whole: whether the numbers count something.
    """
    step = _step((high - low or abs(high) or 1.0) / (TICKS - 1))
    if whole:
        step = max(1.0, step)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [round(index * step, 10) for index in range(first, last + 1)]


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(factor for factor in (1, 2, 5, 10) if rough <= factor * power * (1 + 1e-9))


class _Axes:
    """Where values lie in a chart."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], whole: bool = False) -> None:
        self._whole = whole
        self._x, self._y = ticks(min(xs), max(xs), whole), ticks(min(ys), max(ys))
        # Epochs and sessions need no room before the first and after the last.
        self._xs = (min(xs), max(max(xs), min(xs) + 1)) if whole else (self._x[0], self._x[-1])

    def place(self, x: float, y: float) -> tuple[float, float]:
        """In units of the chart."""
        across = (x - self._xs[0]) / (self._xs[1] - self._xs[0])
        up = (y - self._y[0]) / (self._y[-1] - self._y[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def drawn(self, x_label: str, y_label: str) -> Markup:
        parts = []
        for value in self._y:
            _, y = self.place(self._xs[0], value)
            parts.append(_tag("line", class_="grid", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y))
            parts.append(_text(f"{value:g}", LEFT - 6, y + 4, "tick end"))
        xs = [self._xs[0], *self._x[1:]] if self._whole else self._x
        for value in xs:
            if self._xs[0] <= value <= self._xs[1]:
                x, _ = self.place(value, self._y[0])
                parts.append(_tag("line", class_="axis", x1=x, y1=HEIGHT - BOTTOM, x2=x, y2=HEIGHT - BOTTOM + 4))
                parts.append(_text(f"{value:g}", x, HEIGHT - BOTTOM + 18, "tick middle"))
        base = HEIGHT - BOTTOM
        parts.append(_tag("line", class_="axis", x1=LEFT, y1=base, x2=WIDTH - RIGHT, y2=base))
        parts.append(_text(x_label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "tick middle"))
        middle = (TOP + base) / 2
        parts.append(_text(y_label, 11, middle, "tick middle", transform=f"rotate(-90 11 {middle:.1f})"))
        return Markup("").join(parts)


def _chart(title: str, *drawn: Markup) -> Markup:
    return _svg(WIDTH, HEIGHT, "chart", title, *drawn)


def _svg(width: int, height: int, kind: str, title: str, *drawn: Markup) -> Markup:
    return _tag("svg", _tag("title", title), *drawn, class_=kind, viewBox=f"0 0 {width} {height}", role="img")


def _text(text: str, x: float, y: float, kind: str, **attributes: str) -> Markup:
    return _tag("text", text, class_=kind, x=x, y=y, **attributes)


def _tag(name: str, *children: str, **attributes: str | float) -> Markup:
    """An element; children that are not markup are escaped, as are attributes, of which `_` is a hyphen."""
    written = Markup("").join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"), f"{value:.1f}" if isinstance(value, float) else value
        )
        for key, value in attributes.items()
    )
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, Markup("").join(children))
