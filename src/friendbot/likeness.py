"""How like the friend the bot writes: what can be counted in messages, beside how like themself the friend is."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from friendbot.answers import looped
from friendbot.dialogue import FRIEND, ME, Line
from friendbot.evaluation import Turn
from friendbot.habits import Burst, Habit, bursts, clean, habits, words

LEAST = 10
"""Turns of each sample below which nothing is compared."""
RESAMPLES = 1000


class Samples(NamedTuple):
    """Turns to compare, equally many of each where there are so many; all but the bot's are what people wrote."""

    bot: list[Burst]
    """What the bot answers at held-out turns."""
    real: list[Burst]
    """What the friend wrote at the very same turns."""
    earlier: list[Burst]
    """What the friend wrote in the newest stretch of the training part, as long as the held-out part: the yardstick,
    since a friend is not always like themself."""
    me: list[Burst]
    """What the other person wrote at held-out turns."""

    @classmethod
    def of(cls, answered: Sequence[Turn], train: Sequence[Line], held_out: Sequence[Line]) -> "Samples":
        """The samples around held-out turns that the bot answered, with as many turns each, if there are so many.

        Args:
            answered: the turns.
            train: the training part.
            held_out: the part that the turns are from.
        """
        count, theirs = len(answered), bursts(train, FRIEND)
        real = [[clean(line.text) for line in turn.real] for turn in answered]
        as_long = max(0, len(theirs) - len(bursts(held_out, FRIEND)))
        earlier, me = thinned(theirs[as_long:], count), thinned(bursts(held_out, ME), count)
        return cls([turn.bot for turn in answered], real, earlier, me)


def thinned(sample: Sequence[Burst], count: int) -> list[Burst]:
    """At most `count` turns, evenly spread."""
    if len(sample) <= count:
        return [*sample]
    return [sample[round(place)] for place in np.linspace(0, len(sample) - 1, count)]


@dataclass(frozen=True)
class Feature:
    """One thing counted. A number's distance is Wasserstein's, in standard deviations of the friend's; a kind's is the
    Jensen-Shannon divergence (Lin 1991), 0 to 1 bit. Samples of one source differ too, by `distance_earlier`.
    """

    name: str
    unit: str
    bot: float
    """The mean, in `unit`; so are `friend` (at the same turns) and `me`."""
    friend: float
    me: float
    distance_bot: float
    """Between bot and friend."""
    low: float
    """Of `distance_bot`, with `high` its 95 % interval over turns."""
    high: float
    distance_earlier: float
    """Between the friend earlier and the friend."""
    distance_me: float
    """Between me and the friend."""


@dataclass(frozen=True)
class Repetition:
    """How often one source says the same again, as shares of its turns where not said otherwise."""

    distinct_1: float
    """Different words by words (Li et al. 2016); falls with the length of the text."""
    distinct_2: float
    """The same of pairs of words in a message."""
    looped: float
    """Turns with a message that goes round in circles, or that comes twice."""
    repeated: float
    """Turns that come elsewhere in the sample too, word for word."""
    empty: float
    """Turns without text."""


@dataclass(frozen=True)
class Likeness:
    """The comparison."""

    features: tuple[Feature, ...]
    summary: float
    """How many times as far from the friend the bot is as the friend earlier: the geometric mean over the features.
    1: no further. In this mean of ratios the yardstick is one common factor, so that its luck does not change which of
    two bots is nearer (Fleming and Wallace 1986)."""
    low: float
    """Of `summary`, with `high` its 95 % interval over turns, the yardstick taken as given."""
    high: float
    summary_me: float
    """The same of me in the bot's place."""
    repetition: dict[str, Repetition]
    """By the names of `Samples`."""


def measure(samples: Samples, train: Sequence[Line], seed: int) -> Likeness | None:
    """Compare the samples; None if one of them has fewer than `LEAST` turns.

    Args:
        samples: as many turns of each as possible: the fewer, the larger all distances.
        train: the training part, which says what words are known.
        seed: of the resampling.

    Raises:
        ValueError: bot and real do not have the same turns.
    """
    if len(samples.bot) != len(samples.real):
        raise ValueError(f"{len(samples.bot)} answers of the bot, {len(samples.real)} of the friend")
    count = len(samples.real)
    if min(map(len, samples)) < LEAST:
        return None
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(float)
    features, resampled = [], []
    for habit in habits(train, samples.earlier):
        feature, distances = _compare(habit, samples, weights)
        features.append(feature)
        resampled.append(distances)
    earlier = np.array([feature.distance_earlier for feature in features])
    summary = _times(np.array([feature.distance_bot for feature in features]), earlier, count)
    low, high = _interval(summary, _times(np.array(resampled).T, earlier, count))
    summary_me = _times(np.array([feature.distance_me for feature in features]), earlier, count)
    repetition = {name: _repetition(sample) for name, sample in samples._asdict().items()}
    return Likeness(tuple(features), float(summary), low, high, float(summary_me), repetition)


def _times(distances: np.ndarray, yardstick: np.ndarray, count: int) -> np.ndarray:
    """Geometric mean over the last axis of distance by yardstick, neither below what one turn of `count` can make."""
    return np.exp(np.log(np.maximum(distances, 1 / count) / np.maximum(yardstick, 1 / count)).mean(-1))


def _compare(habit: Habit, samples: Samples, weights: np.ndarray) -> tuple[Feature, np.ndarray]:
    """One feature, and its `distance_bot` for each row of `weights`, `(resamples, turns)`: how often a turn counts."""
    counters = [[habit.count(burst) for burst in sample] for sample in samples]
    if habit.count_known:
        counters[2] = [habit.count_known(burst) for burst in samples.earlier]
    values = sorted({value for sample in counters for turn in sample for value in turn})
    columns = {value: column for column, value in enumerate(values)}
    tables = [np.zeros((len(sample), len(values))) for sample in counters]
    for table, sample in zip(tables, counters, strict=True):
        for row, turn in enumerate(sample):
            for value, times in turn.items():
                table[row, columns[value]] = times
    bot, real, earlier, me = (_shares(table.sum(0)) for table in tables)
    worth = np.array([float(value) if habit.shown is None else habit.shown(value) for value in values], float)
    spread = math.sqrt(real @ (worth - real @ worth) ** 2) if (real > 0).sum() > 1 else 1.0

    def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return _wasserstein(one, other, worth) / spread if habit.shown is None else _divergence(one, other)

    resampled = distance(_shares(weights @ tables[0]), _shares(weights @ tables[1]))
    apart = float(distance(bot, real))
    low, high = _interval(apart, resampled)
    feature = Feature(
        name=habit.name,
        unit=habit.unit,
        bot=float(bot @ worth),
        friend=float(real @ worth),
        me=float(me @ worth),
        distance_bot=apart,
        low=low,
        high=high,
        distance_earlier=float(distance(earlier, real)),
        distance_me=float(distance(me, real)),
    )
    return feature, resampled


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(-1, keepdims=True)


def _wasserstein(one: np.ndarray, other: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distance of distributions `(..., values)` over ascending numbers."""
    return np.abs(np.cumsum(one - other, -1))[..., :-1] @ np.diff(values)


def _divergence(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of distributions `(..., kinds)`, in bits."""
    return np.maximum(0, _entropy((one + other) / 2) - (_entropy(one) + _entropy(other)) / 2)


def _entropy(shares: np.ndarray) -> np.ndarray:
    return -(shares * np.log2(shares, out=np.zeros_like(shares), where=shares > 0)).sum(-1)


def _interval(value: float | np.ndarray, resampled: np.ndarray) -> tuple[float, float]:
    """95 %. Resampling makes distances larger, as drawing a sample does; so the resampled are moved to the value."""
    low, high = np.quantile(resampled, [0.025, 0.975]) - resampled.mean() + value
    return max(0.0, float(low)), float(high)


def _repetition(sample: list[Burst]) -> Repetition:
    said = [[words(text) for text in burst] for burst in sample]
    single = Counter(word for burst in said for message in burst for word in message)
    pairs = Counter(pair for burst in said for message in burst for pair in pairwise(message))
    turns = Counter(map(tuple, sample))
    return Repetition(
        distinct_1=len(single) / max(1, single.total()),
        distinct_2=len(pairs) / max(1, pairs.total()),
        looped=_share(len(set(burst)) < len(burst) or any(looped(text.encode()) for text in burst) for burst in sample),
        repeated=_share(turns[tuple(burst)] > 1 for burst in sample),
        empty=_share(not any(map(str.strip, burst)) for burst in sample),
    )


def _share(flags: Iterable[bool]) -> float:
    return float(np.mean([*flags]))
