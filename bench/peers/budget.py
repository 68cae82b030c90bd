"""The clock that every neural peer runs by: only its own training steps count, and it keeps what validates best."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from bench.peers.corpus import Corpus, bits, characters

from friendbot.progress import Progress

TRIED = 10
EVERY = 30.0
"""Seconds of training between looks at the validation part, whose time is nobody's."""


class Learner(Protocol):
    """A peer in training."""

    @property
    def done(self) -> bool:
        """Whether its recipe ends here."""

    def step(self, share: float) -> float:
        """Make one update when `share` of the time is gone; the nats of each of its characters, on average."""

    def nats(self, text: str, exact: bool) -> np.ndarray:
        """Nats of each character but the first, float64; exact: in order, all that came before it read."""

    def weights(self) -> Any:
        """A copy of what is learned."""

    def restore(self, weights: Any) -> None:
        """Take up what `weights` gave."""


class Check(NamedTuple):
    """One look at the validation part."""

    seconds: float
    """Of training, so far."""
    valid: float
    """Bits per character."""
    train: float
    """Nats per character of what was read since the last look."""


class Kept(NamedTuple):
    """The best at some moment."""

    check: Check
    """Where that was."""
    weights: Any


class Run(NamedTuple):
    """What came of a training."""

    curve: list[Check]
    seconds: float
    """Of training; less than was given where the recipe ended."""
    best: dict[float, Kept]
    """At each moment asked for."""


def quickest(build: Callable[[int], Learner], threads: int) -> int:
    """With how many threads, up to some, the fastest of a few updates is fastest: small models lose by a second one."""

    def fastest(count: int) -> float:
        learner, took = build(count), []
        for _ in range(TRIED):
            started = time.perf_counter()
            learner.step(0.0)
            took.append(time.perf_counter() - started)
        return min(took)

    return min(range(1, threads + 1), key=fastest)


def fit(learner: Learner, corpus: Corpus, moments: Sequence[float]) -> Run:
    """Train until the last of some moments.

    Args:
        learner: anew; whatever it traces or compiles is done already.
        corpus: what it learns from.
        moments: seconds, rising, at which the best so far is kept.
    """
    end = moments[-1]
    due = sorted({*moments, *np.arange(EVERY, end, EVERY).tolist()})
    marked = len(corpus.train) / characters(corpus.train)
    curve: list[Check] = []
    best: dict[float, Kept] = {}
    kept, spent, losses = None, 0.0, list[float]()
    with Progress("training", unit="seconds", total=round(end)) as progress:
        while due:
            started = time.perf_counter()
            losses.append(learner.step(min(spent / end, 1.0)))
            spent += time.perf_counter() - started
            progress.update(round(spent))
            if spent < due[0] and not learner.done:
                continue
            valid = bits(float(learner.nats(corpus.valid, exact=False).sum()), corpus.valid[1:])
            curve.append(Check(round(spent, 2), round(valid, 4), round(float(np.mean(losses)) * marked, 4)))
            losses = []
            if kept is None or valid < kept.check.valid:
                kept = Kept(curve[-1], learner.weights())
            for moment in moments:
                if moment in due and (learner.done or spent >= moment):
                    best[moment] = kept
            due = [] if learner.done else [moment for moment in due if moment > spent]
    return Run(curve, round(spent, 2), best)
