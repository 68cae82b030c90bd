"""Train the LSTM and publish the best epoch as models/friend."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import errors, params

CHECKPOINTS = Path("checkpoints")


def main() -> None:
    settings = params.load()
    try:
        from friendbot import training  # takes seconds: here, a mistake in the params ends quietly

        training.train(
            encoded=Path("data/encoded"),
            published=Path("models/friend"),
            history=Path("reports/history.csv"),
            timing=Path("reports/timing.json"),
            checkpoints=CHECKPOINTS,
            model_params=settings.model,
            train_params=settings.train,
        )
    except KeyboardInterrupt:
        print("stopped; `dvc repro` goes on after the last finished epoch", file=sys.stderr)
        if any(CHECKPOINTS.glob("*/epoch-*")):
            print(f"meanwhile `python src/chat.py --save-dir {CHECKPOINTS}` talks to the newest", file=sys.stderr)
        raise


if __name__ == "__main__":
    errors.run(main)
