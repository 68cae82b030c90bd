"""Turn the copy with the canaries into token ids, as the encode stage does the dialogue."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import dataset, dialogue, encoding, errors, params


def main() -> None:
    settings = params.load().encode
    lines = dialogue.read(Path("audit/data/thread.parquet"))
    dataset.save(Path("audit/data/encoded"), encoding.encode(lines, settings.tokenizer, settings.vocabulary_size))


if __name__ == "__main__":
    errors.run(main)
