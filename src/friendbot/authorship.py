"""Who wrote this? Classifiers of character n-grams try to tell the bot from the friend, and the friend from me."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline

from friendbot.dialogue import FRIEND, ME, Line
from friendbot.habits import Burst, bursts
from friendbot.likeness import LEAST, Samples, thinned
from friendbot.progress import Progress

FOLDS = 5
RESAMPLES = 1000
Z = 1.96
"""Standard deviations on each side that hold 95 %."""
MOST = 2000
"""Turns of each person that the speaker test learns from at most; more take longer and tell hardly better."""


@dataclass(frozen=True)
class Estimate:
    """A number between 0 and 1, and its 95 % interval over turns."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Authorship:
    """What classifiers can tell."""

    bot: Estimate
    """Area under the ROC curve of a classifier between the bot and the friend at the same turns: how often it is right
    when shown one turn of each. 0.5: it can only guess; 1: it always knows."""
    earlier: Estimate
    """The same between the friend earlier and the friend: the yardstick."""
    me: Estimate
    """The same between me and the friend."""
    bot_as_friend: Estimate
    """Share of the bot's turns that a classifier which learned the friend and me takes for the friend's."""
    friend_as_friend: Estimate
    """The same of what the friend wrote at the same turns."""
    me_as_friend: Estimate
    """The same of my turns."""


def measure(samples: Samples, train: Sequence[Line], seed: int) -> Authorship | None:
    """Run all tests; None if there are fewer than `likeness.LEAST` turns in a sample, or of a person in `train`.

    Args:
        samples: what to tell apart.
        train: the training part, from which the speaker test learns.
        seed: of the resampling.
    """
    friend, me = (thinned(bursts(train, speaker), MOST) for speaker in (FRIEND, ME))
    if min(map(len, (*samples, friend, me))) < LEAST:
        return None
    with Progress("telling apart", unit="classifiers", total=3 * FOLDS + 1) as progress:
        areas = [told_apart(one, samples.real, seed, progress) for one in (samples.bot, samples.earlier, samples.me)]
        shares = taken_for_first(friend, me, (samples.bot, samples.real, samples.me))
        progress.advance(1)
    return Authorship(*areas, *shares)


def told_apart(one: Sequence[Burst], other: Sequence[Burst], seed: int, progress: Progress | None = None) -> Estimate:
    """Classifier two-sample test (Lopez-Paz and Oquab 2017) between turns of two sources, oldest first.

    A fold is a stretch of time, the same one in both sources if these answer the same turns: so the talk of one day is
    never in two folds, and a subject that both write about tells nothing. Areas are averaged over folds, since scores
    of different classifiers do not compare (Forman and Scholz 2010). The interval takes the classifiers as given.
    """
    count = min(len(one), len(other))
    texts = [_text(burst) for sample in (one, other) for burst in thinned(sample, count)]
    source = np.repeat([1, 0], count)
    random = np.random.default_rng(seed)
    areas, resampled = [], np.zeros(RESAMPLES)
    for known, asked in StratifiedKFold(FOLDS).split(texts, source):
        classifier = _classifier().fit([texts[place] for place in known], source[known])
        scores = classifier.decision_function([texts[place] for place in asked])
        first, second = scores[source[asked] == 1], scores[source[asked] == 0]
        right = (first[:, None] > second) + (first[:, None] == second) / 2
        areas.append(right.mean())
        weights = [random.multinomial(size, np.full(size, 1 / size), RESAMPLES) / size for size in right.shape]
        resampled += ((weights[0] @ right) * weights[1]).sum(1) / FOLDS
        if progress:
            progress.advance(1)
    return Estimate(float(np.mean(areas)), *map(float, np.quantile(resampled, [0.025, 0.975])))


def taken_for_first(
    first: Sequence[Burst], second: Sequence[Burst], samples: Sequence[Sequence[Burst]]
) -> list[Estimate]:
    """Of each sample the share of turns that a classifier which learned two people's turns takes for the first's."""
    count = min(len(first), len(second))
    texts = [_text(burst) for person in (first, second) for burst in thinned(person, count)]
    classifier = _classifier().fit(texts, np.repeat([1, 0], count))
    return [_share(classifier.predict([_text(burst) for burst in sample]) == 1) for sample in samples]


def _share(flags: np.ndarray) -> Estimate:
    """With Wilson's interval (1927), which has a width also where all are alike."""
    count, share = len(flags), float(flags.mean())
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return Estimate(share, max(0.0, centre - half), min(1.0, centre + half))


def _text(burst: Burst) -> str:
    """A turn as one text: a message alone is often too short to tell anything, how they are dealt out is part of the
    voice, and turns depend less on each other. The frame lets an n-gram see where it begins and ends.
    """
    return "\n".join(["", *burst, ""])


def _classifier() -> Pipeline:
    """Logistic regression, by a solver of one thread and without chance, on n-grams of one to four characters."""
    grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False, sublinear_tf=True)
    return make_pipeline(grams, LogisticRegression(C=10, solver="liblinear", random_state=0))
