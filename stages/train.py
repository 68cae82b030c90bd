"""Train the LSTM and publish the best epoch as models/friend."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import errors, params


def main() -> None:
    settings = params.load()
    from friendbot import training  # takes seconds: here, Ctrl-C and a mistake in the params end quietly

    training.train(
        encoded=Path("data/encoded"),
        published=Path("models/friend"),
        history=Path("reports/history.csv"),
        timing=Path("reports/timing.json"),
        checkpoints=Path("checkpoints"),
        model_params=settings.model,
        train_params=settings.train,
    )


if __name__ == "__main__":
    errors.run(main)
