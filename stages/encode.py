"""Turn the dialogue into token ids; the vocabulary comes from the training part alone."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import dataset, dialogue, encoding, errors, params


def main() -> None:
    settings = params.load().encode
    encoded = encoding.encode(dialogue.read(Path("data/thread.parquet")), settings.tokenizer, settings.vocabulary_size)
    dataset.save(Path("data/encoded"), encoded)
    print(f"{len(encoded.train):,} tokens to learn from, a vocabulary of {len(encoded.vocabulary)}")


if __name__ == "__main__":
    errors.run(main)
