"""Peak memory of the train stage with much text, against a limit.

python bench/training_memory.py [--megabytes 10] [--size large] [--limit 2000] [--set model.units=768] [--json FILE]

The text is of made-up words, some far more frequent than others, nine tenths to learn from. One epoch is trained to its
end, validation and checkpoint included, and a little of the next, whose text is laid out while the first is still held.
"""

import argparse
import json
import resource
import string
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import numpy as np
from bench.peers import corpus, ours
from bench.quality import assignment

from friendbot import errors

WORDS, LONGEST = 20_000, 9
"""Made-up words, and letters of one at most."""
SENTENCE = 12
"""Words of one."""
NEXT = 20.0
"""Seconds of the second epoch."""


def made_up(characters: int, seed: int = 1) -> str:
    """A text of so many characters, about; the same for the same seed."""
    random = np.random.default_rng(seed)
    letters = np.array([*string.ascii_lowercase])
    words = ["".join(random.choice(letters, size)) for size in random.integers(1, LONGEST + 1, WORDS)]
    ranks = np.minimum(random.zipf(1.2, characters // 3), WORDS) - 1
    sentences = (" ".join(words[rank] for rank in ranks[at : at + SENTENCE]) for at in range(0, len(ranks), SENTENCE))
    return ".\n".join(sentences)[:characters]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=10.0)
    parser.add_argument("--size", default="large")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=float, default=2000.0, help="megabytes; above it the exit status is 1")
    parser.add_argument("--set", type=assignment, nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    params = ours.settings({"model.size": arguments.size, **dict(arguments.set)}, arguments.threads, seed=1)
    text = corpus.of_text(made_up(round(arguments.megabytes * 1e6)), "made up")

    def enough(rows: list[ours.Row], now: float) -> bool:
        return bool(rows) and now > rows[0].seconds + NEXT

    with tempfile.TemporaryDirectory() as folder:
        rows = ours.train(text, params, Path(folder), enough)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    found = {name: getattr(arguments, name) for name in ("megabytes", "size", "limit")}
    found |= {"peak_megabytes": round(peak), "epoch": rows[0].values}
    print(json.dumps(found, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    sys.exit(peak > arguments.limit)


if __name__ == "__main__":
    errors.run(main)
