"""Compressors, which go on learning while they read: the test part costs what it adds to the output.

All read UTF-8, the training and validation part first. Outputs are whole bytes.
"""

import lzma
import math
import shutil
import subprocess
import tempfile
from itertools import groupby
from pathlib import Path

import numpy as np
import pyppmd
from bench.peers.corpus import Corpus, CorpusError

from friendbot.baselines import PPMD_MEMORY, PPMD_ORDER

ZPAQ_BLOCK = 4095
"""Bytes that zpaq adds to its input before it takes the power of two."""


def xz(corpus: Corpus) -> float:
    """Nats of the test part by LZMA, at its strongest."""

    def size(text: str) -> int:
        return len(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))

    return _nats(size(_before(corpus) + corpus.test) - size(_before(corpus)))


def ppmd(corpus: Corpus) -> np.ndarray:
    """Nats of each character of the test part but the first by PPMd variant H (Shkarin 2002), float64.

    What a run of the friend's, or of the other's, adds to the output is spread evenly over it.
    """
    encoder = pyppmd.Ppmd7Encoder(PPMD_ORDER, PPMD_MEMORY)
    encoder.encode((_before(corpus) + corpus.test[0]).encode())
    costs = []
    for _, run in groupby(zip(corpus.test[1:], corpus.friend[1:], strict=True), lambda each: bool(each[1])):
        text = "".join(letter for letter, _ in run)
        costs.append(np.full(len(text), _nats(len(encoder.encode(text.encode()))) / len(text)))
    return np.concatenate(costs)


def zpaq(corpus: Corpus) -> float:
    """Nats of the test part by `zpaq -m5`.

    It sizes its tables by its input, in powers of two, so where the test part crosses one, spaces go before both texts.

    Raises:
        CorpusError: there is no zpaq.
    """
    if shutil.which("zpaq") is None:
        raise CorpusError("zpaq is not installed; `apt install zpaq` has it, or leave the row out")

    def size(text: bytes) -> int:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "text").write_bytes(text)
            command = ["zpaq", "add", "out.zpaq", "text", "-m5", "-t1"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            return (Path(folder) / "out.zpaq").stat().st_size

    before, test = _before(corpus).encode(), corpus.test.encode()
    before = b" " * padding(len(before), len(before + test)) + before
    return _nats(size(before + test) - size(before))


def padding(before: int, whole: int) -> int:
    """How many bytes more put two sizes between the same powers of two, as zpaq reckons them."""
    power = 1 << (whole + ZPAQ_BLOCK).bit_length() - 1
    return max(0, power - before)


def _before(corpus: Corpus) -> str:
    return corpus.train if corpus.valid == corpus.test else corpus.train + corpus.valid


def _nats(size: int) -> float:
    return size * 8 * math.log(2)
