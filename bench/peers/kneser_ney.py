"""The Kneser-Ney character 10-gram of `friendbot.ngrams`, which the pipeline reports as a baseline."""

import numpy as np
from bench.peers.corpus import Alphabet, Corpus

from friendbot.baselines import ORDER
from friendbot.ngrams import KneserNey
from friendbot.progress import Progress


def nats(corpus: Corpus) -> np.ndarray:
    """Of each character of the test part but the first, float64, after learning the training part."""
    alphabet = Alphabet(corpus.train, least=1)
    train, test = alphabet.encode(corpus.train), alphabet.encode(corpus.test)
    with Progress("counting", unit="characters", total=ORDER * (len(train) + len(test))) as progress:
        model = KneserNey(train, len(alphabet) - 1, ORDER, progress)
        return (model.nats(test, progress) + alphabet.escapes(corpus.test))[1:]
