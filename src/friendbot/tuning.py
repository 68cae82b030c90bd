"""The decoding with which the bot is most like the friend and copies little: tried out on turns of the valid part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from friendbot import authorship, likeness
from friendbot.dialogue import Line
from friendbot.evaluation import Turn
from friendbot.habits import NEW_WORDS, Burst
from friendbot.likeness import Samples
from friendbot.progress import Progress
from friendbot.sampling import Decoding

LEAST = 100
"""Turns below which chance would choose."""
MARGIN = 0.05
"""How much larger than the friend's own verbatim share the bot's may be: about what chance does to a hundred messages.
A margin, not a factor, since the share is a third in some threads and nearly nothing in others."""

INVENTED = 0.02
"""How much larger than the friend's own share of new words the bot's may be. To a classifier a garbled word is as good
as a rare one; to a reader it is not (LOG.md, 2026-11-23)."""


@dataclass(frozen=True)
class Trial:
    """What came of one decoding."""

    decoding: Decoding
    auc: float
    """How well a classifier tells the bot's turns from the friend's, as in `authorship`: 0.5 is guessing."""
    low: float
    """Of `auc`, with `high` its 95 % interval over turns."""
    high: float
    summary: float
    """How many times as far from the friend the bot is as the friend earlier, as in `likeness`."""
    verbatim: float
    """Share of the bot's messages that stand in the training text."""
    invented: float = 0.0
    """By how much the bot's share of words that nobody used before is larger than the friend's."""
    chosen: bool = False

    @property
    def unlike(self) -> float:
        """The classifier's odds of being right, 1 or more, times `summary`; 1 is as like as the friend themself.

        Each sees what the other does not: at a temperature above 1 the classifier may be as unsure as at 1, while the
        counts are far off. Together they rank decodings more steadily than either alone.
        """
        auc = min(max(self.auc, 0.5), 0.99)
        return auc / (1 - auc) * self.summary


@dataclass(frozen=True)
class Tuning:
    """A decoding, and what it was chosen from."""

    decoding: Decoding
    trials: tuple[Trial, ...] = ()
    """In the order they were made; none where there was nothing to choose, or too little to choose by."""


def choose(
    answer: Callable[[Decoding], list[Turn]],
    train: Sequence[Line],
    valid: Sequence[Line],
    candidates: Mapping[str, Sequence[float]],
    fixed: Decoding,
    verbatim: Callable[[list[Burst]], float],
    bound: float,
    seed: int,
) -> Tuning:
    """Choose one value after another, each with the best of those before it (coordinate descent).

    So the candidates' number of trials is nearly their sum, not their product. The search starts from the first of each
    and leaves it only for what is better: the least `Trial.unlike` of the decodings that neither copy more than `bound`
    nor invent more than `INVENTED`; if all do, what exceeds least. With fewer than `LEAST` turns the first of each are
    taken untried.

    Args:
        answer: what the bot answers at turns of the valid part: for every decoding the same turns and seeds, so that
            decodings differ by less chance than their intervals.
        train: the training part.
        valid: the part that the turns are from.
        candidates: values by name of a field of `Decoding`, at least one each, in the order to be chosen.
        fixed: all other values.
        verbatim: share of messages that stand in the training text.
        bound: the largest such share that is allowed.
        seed: of the intervals.
    """
    best = _with(fixed, {name: values[0] for name, values in candidates.items()})
    total = 1 + sum(len(values) - 1 for values in candidates.values())
    if total == 1:
        return Tuning(best)
    trials: dict[Decoding, Trial] = {}
    with Progress("choosing the decoding", unit="decodings", total=total) as progress:
        for name, values in candidates.items():
            decodings = [_with(best, {name: value}) for value in values]
            for decoding in decodings:
                if decoding in trials:
                    continue
                trial = _try(decoding, answer(decoding), train, valid, verbatim, seed)
                if trial is None:
                    return Tuning(best)
                trials[decoding] = trial
                progress.advance(1)
            best = min(decodings, key=lambda decoding: _rank(trials[decoding], bound))
    return Tuning(best, tuple(replace(trial, chosen=trial.decoding == best) for trial in trials.values()))


def _with(decoding: Decoding, values: Mapping[str, Any]) -> Decoding:
    return replace(decoding, **values)


def _try(
    decoding: Decoding,
    answered: list[Turn],
    train: Sequence[Line],
    valid: Sequence[Line],
    verbatim: Callable[[list[Burst]], float],
    seed: int,
) -> Trial | None:
    """Measure one decoding; None if there are too few turns."""
    samples = Samples.of(answered, train, valid)
    if len(answered) < LEAST or (compared := likeness.measure(samples, train, seed)) is None:
        return None
    area = authorship.told_apart(samples.bot, samples.real, seed)
    (words,) = (feature for feature in compared.features if feature.name == NEW_WORDS)
    invented = words.bot - words.friend
    return Trial(decoding, area.value, area.low, area.high, compared.summary, verbatim(samples.bot), invented)


def _rank(trial: Trial, bound: float) -> tuple[float, float]:
    """Lower is better: first by how much the bounds are exceeded, then how unlike the friend."""
    return max(0.0, trial.verbatim - bound) + max(0.0, trial.invented - INVENTED), trial.unlike
