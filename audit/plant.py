"""Plant the canaries in a copy of the dialogue."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import canaries, dialogue, errors


def main() -> None:
    planted = canaries.canaries()
    lines = dialogue.read(Path("data/thread.parquet"))
    dialogue.write(canaries.plant(lines, planted), Path("audit/data/thread.parquet"))
    print(f"{len(planted)} canaries, {sum(canary.copies for canary in planted)} messages, planted among {len(lines):,}")


if __name__ == "__main__":
    errors.run(main)
