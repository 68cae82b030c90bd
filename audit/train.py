"""Train on the copy with the canaries, as the train stage does on the dialogue."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from friendbot import errors, params


def main() -> None:
    settings = params.load()
    from friendbot import training  # takes seconds: here, Ctrl-C and a mistake in the params end quietly

    training.train(
        encoded=Path("audit/data/encoded"),
        published=Path("audit/model"),
        history=Path("audit/reports/history.csv"),
        timing=Path("audit/reports/timing.json"),
        checkpoints=Path("checkpoints/audit"),  # a level deeper than a chat looks for the newest
        model_params=settings.model,
        train_params=settings.train,
    )


if __name__ == "__main__":
    errors.run(main)
